"""What web pages of other origins may do."""

from __future__ import annotations

from collections.abc import Iterable

from data_store.object_store import validation
from data_store.object_store.capabilities import SupportsCors
from data_store.object_store.facade.base import Facade
from data_store.object_store.models import CorsRule

__all__ = ["Cors"]


class Cors(Facade):
    """Rules of cross-origin resource sharing, bucket by bucket: ``SupportsCors``."""

    def get_cors(self, bucket: str | None = None) -> list[CorsRule]:
        """Return the rules of a bucket, in their order; ``[]`` if none. Servers may sort what is in a rule."""
        client = self._capable(SupportsCors, "get_cors", bucket)
        return client.get_cors(self._bucket(bucket))

    def set_cors(self, rules: Iterable[CorsRule], bucket: str | None = None) -> None:
        """Replace all rules of a bucket: 1 to 100, of which the first counts that matches a request.

        Raises:
            UnsupportedOperation: the server has no rules for single buckets, or does not keep one of these as it is.
        """
        checked = validation.cors_rules(rules)
        client = self._capable(SupportsCors, "set_cors", bucket)
        client.set_cors(self._bucket(bucket), checked)

    def delete_cors(self, bucket: str | None = None) -> None:
        """Remove all rules of a bucket."""
        client = self._capable(SupportsCors, "delete_cors", bucket)
        client.delete_cors(self._bucket(bucket))
