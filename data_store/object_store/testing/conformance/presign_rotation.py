"""Keys that a store without a server keeps to sign with: rotated without harm, and revoked at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsPresignKeys
from data_store.object_store.errors import AccessDenied, InvalidArgument
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.http_clients import CLIENTS, assert_refused

__all__ = ["PresignRotation"]


class PresignRotation(ConformanceGroup):
    """Keys of presigned URLs."""

    capability: ClassVar[type | None] = SupportsPresignKeys

    @pytest.fixture
    def another_signer(self, served: ObjectStore) -> Iterator[ObjectStore]:
        """A second store of the same configuration, as in another process, whose URLs are answered too."""
        with ObjectStore(served.config) as another:
            yield another

    def test_a_rotated_key_signs_what_is_presigned_from_now_on(
        self, served: ObjectStore, another_signer: ObjectStore, bucket: str
    ) -> None:
        """Former URLs and forms stay good; new ones name another key, by whichever store they are signed."""
        served.put_object(b"content", "key", bucket)
        former, form = served.get_presigned_url("key", bucket), served.get_presigned_post("posted", bucket)
        keys = {_key_of(former)}
        for _ in range(2):
            served.rotate_presign_key()
            for signer in (served, another_signer):
                url = signer.get_presigned_url("key", bucket)
                assert CLIENTS["requests"].send("GET", url).body == b"content"
                assert another_signer.verify_presigned(url).verified is True
            keys.add(_key_of(url))
        assert len(keys) == 3
        assert CLIENTS["httpx"].send("GET", former).body == b"content"
        assert CLIENTS["httpx"].post(form.url, form.fields, b"posted").status == 204
        assert another_signer.verify_presigned(former).verified is True

    def test_a_revoked_key_ends_what_was_presigned_with_it(
        self, served: ObjectStore, another_signer: ObjectStore, bucket: str
    ) -> None:
        """At once, wherever they are answered and verified; what is signed afterwards is good."""
        served.put_object(b"kept", "key", bucket)
        url, upload_url = (
            another_signer.get_presigned_url("key", bucket),
            served.get_presigned_upload_url("key", bucket),
        )
        form = served.get_presigned_post("key", bucket)
        assert CLIENTS["requests"].send("GET", url).status == 200
        another_signer.rotate_presign_key(revoke=True)
        assert_refused(CLIENTS["requests"].send("GET", url), "InvalidAccessKeyId", "AccessDenied")
        assert_refused(CLIENTS["requests"].send("PUT", upload_url, body=b"other"))
        assert_refused(CLIENTS["requests"].post(form.url, form.fields, b"other"))
        for store in (served, another_signer):
            with pytest.raises(AccessDenied):
                store.verify_presigned(url)
            assert CLIENTS["httpx"].send("GET", store.get_presigned_url("key", bucket)).body == b"kept"

    @pytest.mark.parametrize("revoke", [None, 1, "yes"])
    def test_a_presign_key_is_revoked_with_true_alone(self, served: ObjectStore, bucket: str, revoke: object) -> None:
        """Anything else raises InvalidArgument, and nothing changes."""
        served.put_object(b"kept", "key", bucket)
        with pytest.raises(InvalidArgument, match="revoke"):
            served.rotate_presign_key(revoke=revoke)  # type: ignore[arg-type]  # the mistake under test
        former = served.get_presigned_url("key", bucket)
        served.rotate_presign_key()
        assert CLIENTS["requests"].send("GET", former).body == b"kept"

    def test_presign_keys_are_not_shown(self, served: ObjectStore) -> None:
        """The repr of a key has its id, not what signs."""
        served.rotate_presign_key()
        assert isinstance(served.client, SupportsPresignKeys)
        for key in served.client.presign_keys():
            assert key.secret_key not in f"{key!r} {key}"


def _key_of(url: str) -> str:
    """Return the id of the key that signed a URL."""
    return url.partition("X-Amz-Credential=")[2].partition("%2F")[0]
