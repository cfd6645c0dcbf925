"""OpenTelemetry spans, where the API is installed and a tracer provider is set; nothing else where not."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

__all__ = ["span"]

_NO_SPAN: AbstractContextManager[Any] = nullcontext()


def span(operation: str, framework: str, bucket: str | None) -> AbstractContextManager[Any]:
    """Return a context that is a client span of one operation; OpenTelemetry records an exception in it."""
    trace = sys.modules.get("opentelemetry.trace")  # who has set a tracer provider has imported it
    if trace is None or isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return _NO_SPAN
    tracer: Any = trace.get_tracer("data_store.object_store")
    attributes = {"data_store.framework": str(framework)}
    if bucket is not None:
        attributes["aws.s3.bucket"] = bucket
    started: AbstractContextManager[Any] = tracer.start_as_current_span(
        f"object_store.{operation}", kind=trace.SpanKind.CLIENT, attributes=attributes
    )
    return started
