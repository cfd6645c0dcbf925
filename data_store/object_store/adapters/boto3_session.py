"""The session of a store's own: botocore's, which is boto3's without resources and transfers, a third of its import."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.credentials import Credentials, create_credential_resolver
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from data_store.object_store.adapters.boto3_answers import AnswerParsers
from data_store.object_store.adapters.boto3_logging import mask_secrets
from data_store.object_store.configurations import ObjectStoreConnectionConfiguration

if TYPE_CHECKING:
    from botocore.hooks import BaseEventHooks

__all__ = ["BotocoreSession", "drop_request"]


class BotocoreSession:
    """What ``boto3.session.Session`` is to a store; profiles and files of AWS are read at once.

    Args:
        connection: the credentials or the profile; what it leaves open botocore's own chain finds.

    Raises:
        BotoCoreError: a profile or a file cannot be used.
    """

    def __init__(self, connection: ObjectStoreConnectionConfiguration) -> None:
        mask_secrets()
        self._session = Session()
        self._session.register_component("response_parser_factory", AnswerParsers())
        self._session.register("needs-retry", drop_request)
        if connection.access_key is not None and connection.secret_key is not None:
            self._session.set_credentials(
                connection.access_key,
                connection.secret_key.get_secret_value(),
                None if connection.session_token is None else connection.session_token.get_secret_value(),
            )
        if connection.profile is not None:
            self._session.set_config_variable("profile", connection.profile)
        data_path = self._session.get_config_variable("data_path")
        self._session.lazy_register_component("data_loader", lambda: _loader(data_path))

    @property
    def events(self) -> BaseEventHooks:
        """The events of the session; each client begins with the handlers that they have by then."""
        found: BaseEventHooks = self._session.get_component("event_emitter")
        return found

    @property
    def region_name(self) -> str | None:
        """The region that the environment or the profile sets."""
        found: str | None = self._session.get_config_variable("region")
        return found

    def find_credentials(self, region: str | None) -> None:
        """Look for the credentials now, those of roles with the STS of a region, which botocore takes from a client."""
        self._session.lazy_register_component(
            "credential_provider", lambda: create_credential_resolver(self._session, region_name=region)
        )
        self._session.get_credentials()

    def get_credentials(self) -> Credentials | None:
        """Return what gives the credentials; None: there are none."""
        found: Credentials | None = self._session.get_credentials()
        return found

    def client(self, service_name: str, **settings: Any) -> Any:
        """Return a new client, as ``boto3.session.Session.client`` does."""
        return self._session.create_client(service_name, **settings)


def drop_request(**event: Any) -> None:
    """Take the request out of botocore's exception before anybody has it: headers hold keys of SSE-C and tokens.

    Of every service, so also of those that credentials come from.
    """
    caught = event["caught_exception"]
    if hasattr(caught, "request"):
        caught.request = None


@cache
def _loader(data_path: str | None) -> Loader:
    """Return what holds botocore's models of services, 12 MiB and 80 ms of parsing, once for all clients.

    The model of S3 is the one that botocore puts together from several files: that is done before threads share it.
    """
    loader = create_loader(data_path)
    loader.load_service_model("s3", "service-2", api_version=None)
    return loader
