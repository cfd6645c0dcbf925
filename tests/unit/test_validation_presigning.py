"""What may be presigned: refused before anything is signed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.message import Message
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store import InvalidArgument, PresignGetOptions, SseCustomer, validation

NO_OVERRIDES: dict[str, Any] = dict.fromkeys(
    ("response_content_type", "response_content_disposition", "response_cache_control", "response_expires")
)
WEEK = 7 * 24 * 3600


def get_options(**changed: Any) -> PresignGetOptions:
    """Return the options of a GET, checked."""
    named = {"expires": 60, "method": "GET", "version": None, "download_name": None} | changed
    overrides = NO_OVERRIDES | {name: named.pop(name) for name in list(named) if name.startswith("response_")}
    return validation.presign_get_options(
        named["expires"], named["method"], named["version"], named["download_name"], overrides
    )


@pytest.mark.parametrize(("given", "seconds"), [(1, 1), (WEEK, WEEK), (timedelta(days=7), WEEK)])
def test_a_life_is_given_in_seconds_or_as_a_timedelta(given: Any, seconds: int) -> None:
    """Both ends of the range are in it."""
    assert validation.expires_in(given) == seconds


@pytest.mark.parametrize(
    "wrong",
    [0, -1, WEEK + 1, 1.5, True, "60", None, timedelta(0), timedelta(days=7, seconds=1), timedelta(milliseconds=1500)],
)
def test_any_other_life_is_refused(wrong: Any) -> None:
    """Too short, too long, not whole, or no number."""
    with pytest.raises(InvalidArgument, match="expires"):
        validation.expires_in(wrong)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "get", "", None])
def test_a_url_that_reads_is_for_get_or_head(method: Any) -> None:
    """Everything else has a method of its own, or none at all."""
    with pytest.raises(InvalidArgument, match="method must be GET or HEAD"):
        get_options(method=method)


@pytest.mark.parametrize(
    "overrides",
    [
        {"response_content_type": "text/plain\r\nSet-Cookie: a=b"},
        {"response_cache_control": ""},
        {"response_content_disposition": "attachment; filename=ü"},
        {"response_expires": datetime(2026, 1, 1)},
        {"response_expires": "Fri, 17 May 2030 12:30:00 GMT"},
        {"response_content_type": datetime(2026, 1, 1, tzinfo=UTC)},
        {"response_content_disposition": "inline", "download_name": "a.txt"},
        {"download_name": ""},
        {"download_name": "a\nb"},
        {"download_name": "a\ud800b"},
    ],
)
def test_an_answer_gets_headers_that_can_be_headers(overrides: dict[str, Any]) -> None:
    """A line end in one would be a header of the attacker's."""
    with pytest.raises(InvalidArgument):
        get_options(**overrides)


def test_a_time_is_signed_in_utc() -> None:
    """Whatever time zone it came in."""
    given = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert get_options(response_expires=given).response_expires == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_download_name_of_plain_letters_stays_plain() -> None:
    """RFC 6266 wants the extended form only where it is needed."""
    assert get_options(download_name="a b.pdf").response_content_disposition == 'attachment; filename="a b.pdf"'


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Zs", "Cn", "Co")), min_size=1))
def test_a_download_name_comes_out_as_it_went_in(name: str) -> None:
    """A parser of RFC 2231 parameters, which RFC 8187 is a profile of, reads the name that was given."""
    disposition = get_options(download_name=name).response_content_disposition
    assert disposition is not None
    assert disposition.isascii()
    message = Message()
    message["Content-Disposition"] = disposition
    extended = disposition.partition("filename*=UTF-8''")[2]
    assert (unquote(extended, errors="strict") if extended else message.get_filename()) == name


@pytest.mark.parametrize(
    "options",
    [
        {"content_type": "text/plain\n"},
        {"content_type": "image/*"},
        {"content_length": -1},
        {"content_length": 5 * 1024**3 + 1},
        {"content_length": "5"},
        {"content_md5": "not base64"},
        {"checksum_sha256": "YQ=="},
        {"metadata": {"a b": "c"}},
        {"tags": {"": "value"}},
        {"if_none_match": "abc"},
    ],
)
def test_what_cannot_be_bound_is_refused(options: Any) -> None:
    """With the words that an upload has for it."""
    with pytest.raises(InvalidArgument):
        validation.presign_put_options(60, options)


def test_an_unknown_option_of_an_upload_is_a_type_error() -> None:
    """As of every function of Python."""
    with pytest.raises(TypeError, match="content_typ"):
        validation.presign_put_options(60, {"content_typ": "text/plain"})  # type: ignore[typeddict-unknown-key]


@pytest.mark.parametrize(
    ("key", "prefix"),
    [("a/b", None), ("uploads/${filename}", "uploads/"), ("${filename}", ""), ("a$b{filename}", None)],
)
def test_a_form_binds_the_key_or_what_stands_before_the_name_of_the_file(key: str, prefix: str | None) -> None:
    """``${filename}`` is S3's own word."""
    assert validation.presign_post_options(key, 60, {}).key_prefix == prefix


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("uploads/${filename}.bin", {}),
        ("${filename}${filename}", {}),
        ("key", {"min_length": 2, "max_length": 1}),
        ("key", {"max_length": 5 * 1024**3 + 1}),
        ("key", {"min_length": -1}),
        ("key", {"content_type": "*/*"}),
        ("key", {"content_type": "ima*"}),
        ("key", {"content_type": "/*"}),
        ("key", {"content_type": "image/png/*"}),
        ("key", {"content_type": "an image/*"}),
        ("key", {"success_status": 302}),
        ("key", {"success_status": 200.0}),
        ("key", {"success_status": True}),
        ("key", {"success_status": "201"}),
        ("key", {"max_length": 0}),
        ("key", {"min_length": 0, "max_length": 0}),
        ("key", {"success_redirect": "https://example.com/done#part"}),
        ("key", {"success_redirect": "javascript:alert(1)"}),
        ("key", {"success_redirect": "https://example.com/done", "success_status": 201}),
        ("key", {"metadata": {"name": "a\nb"}}),
        ("", {}),
    ],
)
def test_a_form_that_no_policy_can_bind_is_refused(key: str, options: dict[str, Any]) -> None:
    """Before it is signed."""
    with pytest.raises(InvalidArgument):
        validation.presign_post_options(key, 60, options)


def test_names_of_metadata_are_signed_in_lower_case() -> None:
    """As they come back."""
    assert validation.presign_post_options("key", 60, {"metadata": {"Name": "x"}}).metadata == {"name": "x"}
    assert validation.presign_put_options(60, {"metadata": {"Name": "x"}}).metadata == {"name": "x"}


@pytest.mark.parametrize(
    ("options", "upload_id"),
    [
        ({"checksum": "sha256"}, None),
        ({"encryption": SseCustomer(bytes(32))}, None),
        ({"content_type": "text/plain"}, "an-upload"),
    ],
)
def test_an_upload_in_parts_takes_what_its_parts_can_keep(options: Any, upload_id: str | None) -> None:
    """A digest of each part, or the caller's key, cannot be in URLs that are signed beforehand."""
    with pytest.raises(InvalidArgument):
        validation.presign_multipart_options(options, upload_id)


def test_parts_grow_where_there_would_be_too_many() -> None:
    """10,000 is S3's limit."""
    assert validation.presign_part_size(100, None, 8 * 1024**2) == 8 * 1024**2
    assert validation.presign_part_size(1024**4, 5 * 1024**2, 8 * 1024**2) == 105 * 1024**2


@pytest.mark.parametrize(("size", "part_size"), [(0, None), (-1, None), (5 * 1024**4 + 1, None), (10, 1024)])
def test_sizes_that_no_upload_in_parts_has_are_refused(size: int, part_size: int | None) -> None:
    """An empty object is a PUT."""
    with pytest.raises(InvalidArgument):
        validation.presign_part_size(size, part_size, 8 * 1024**2)


def test_headers_of_a_request_are_found_by_their_names_in_lower_case() -> None:
    """As HTTP has no case in them; a value may be empty, and hold tabs and any letters."""
    headers = {"Content-Type": "image/png", "X-Amz-Meta-A": "a\tü", "x-empty": ""}
    lowered = {"content-type": "image/png", "x-amz-meta-a": "a\tü", "x-empty": ""}
    assert validation.presigned_request("https://host/key", "put", headers) == lowered
    assert validation.presigned_request("https://host/key", None, None) == {}


@pytest.mark.parametrize(
    ("named", "wrong"),
    [
        *(("url", wrong) for wrong in (None, 5, b"https://host/key", "", "https://host/\ud800")),
        *(("method", wrong) for wrong in (5, b"GET", "", "\ud800", "GET ", "GET\n", True)),
        *(("headers", wrong) for wrong in (5, "x", b"x", [("a", "b")], {5: "x"}, {b"x": "y"}, {"": "x"}, {"a b": "x"})),
        *(("headers", {"x": wrong}) for wrong in (5, None, b"x", "\ud800", "a\nb", "a\rb", "a\0b")),
        ("headers", {"a": "x", "A": "y"}),
    ],
)
def test_what_is_no_request_is_not_verified(named: str, wrong: Any) -> None:
    """The message names what is wrong, and shows no URL."""
    given: dict[str, Any] = {"url": "https://host/key?X-Amz-Signature=0", "method": None, "headers": None}
    with pytest.raises(InvalidArgument, match=named.removesuffix("s")) as refused:
        validation.presigned_request(**given | {named: wrong})
    assert "X-Amz-Signature" not in str(refused.value)
