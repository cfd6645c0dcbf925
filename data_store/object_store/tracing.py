"""OpenTelemetry spans, where the API is installed and a tracer provider is set; nothing else where not."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

__all__ = ["span"]

try:
    from opentelemetry import trace
except ImportError:  # the extra "tracing" is not installed
    trace = None  # type: ignore[assignment]  # a module or None is the usual optional import

_NO_SPAN: AbstractContextManager[Any] = nullcontext()


def span(operation: str, framework: str, bucket: str | None) -> AbstractContextManager[Any]:
    """Return a context that is a client span of one operation; OpenTelemetry records an exception in it."""
    if trace is None or isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return _NO_SPAN
    tracer = trace.get_tracer("data_store.object_store")
    attributes = {"data_store.framework": str(framework)}
    if bucket is not None:
        attributes["aws.s3.bucket"] = bucket
    return tracer.start_as_current_span(f"object_store.{operation}", kind=trace.SpanKind.CLIENT, attributes=attributes)
