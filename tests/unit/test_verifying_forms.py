"""Forms that come in: the policy is the signer's, and nothing is in the form that it does not name."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_store.object_store.errors import AccessDenied
from data_store.object_store.signing.policy import Policy, check_policy
from data_store.object_store.signing.sigv4 import Credentials, sign_policy, sign_post_policy
from tests.unit.verifying_support import BUCKET, KEY, code_of, form, now

DENIED = ("AccessDenied", 403)
SENT = {"key": "uploads/a.png", "Content-Type": "image/png"}
FIELDS = {
    **form(
        expires=604_800,  # made when the tests are collected
        content_type="image/*",
        metadata={"owner": "Zoë"},
        success_status=201,
        min_length=2,
        max_length=4,
    ).fields,
    **SENT,
}


def submit(fields: Mapping[str, str], bucket: str = BUCKET) -> Policy:
    """Check a form as a server does."""
    policy = check_policy(fields, [KEY], now())
    policy.check(fields, bucket)
    return policy


def refusal(fields: Mapping[str, str], bucket: str = BUCKET) -> tuple[object, object]:
    """Return code and status with which a form is refused."""
    with pytest.raises(AccessDenied) as refused:
        submit(fields, bucket)
    assert fields.get("x-amz-signature", "?") not in str(refused.value)
    return code_of(refused.value)


def is_refused(fields: Mapping[str, str]) -> bool:
    """Return whether a form is refused; anything but AccessDenied is an error."""
    try:
        submit(fields)
    except AccessDenied:
        return True
    return False


def without(name: str) -> dict[str, str]:
    """Return the fields but one."""
    return {each: value for each, value in FIELDS.items() if each != name}


def test_a_form_as_it_was_made_is_let_through() -> None:
    """With the key and the type that its sender chose, and fields that the policy need not name."""
    policy = submit(FIELDS | {"file": "ignored", "x-ignore-me": "x", "bucket": BUCKET})
    assert (policy.min_length, policy.max_length) == (2, 4)
    assert submit({name.upper(): value for name, value in FIELDS.items()}) == policy


def test_every_byte_of_every_field_counts() -> None:
    """Any one byte of any field that the form was made with, set to any other of ASCII, is refused: exhaustively."""
    passed = []
    for name in FIELDS.keys() - SENT.keys():
        for position, original in enumerate(FIELDS[name]):
            for code in range(128):
                altered = f"{FIELDS[name][:position]}{chr(code)}{FIELDS[name][position + 1 :]}"
                if chr(code) != original and not is_refused(FIELDS | {name: altered}):
                    passed.append((name, altered))
    assert passed == []


def test_every_byte_of_the_name_of_every_field_counts() -> None:
    """Case aside, which field names do not have."""
    passed = []
    for name, value in FIELDS.items():
        for position, original in enumerate(name):
            for code in range(256):
                altered = f"{name[:position]}{chr(code)}{name[position + 1 :]}"
                if altered.lower() != name.lower() and original and not is_refused(without(name) | {altered: value}):
                    passed.append(altered)
    assert passed == []


@settings(max_examples=200)
@given(st.sampled_from(sorted(FIELDS.keys() - SENT.keys())), st.text(max_size=20), st.data())
def test_a_field_altered_anywhere_is_refused(name: str, put_in: str, data: st.DataObject) -> None:
    """Characters taken away, put in or exchanged for others, of any script."""
    value = FIELDS[name]
    first, last = sorted([data.draw(st.integers(0, len(value))), data.draw(st.integers(0, len(value)))])
    altered = value[:first] + put_in + value[last:]
    assert altered == value or is_refused(FIELDS | {name: altered})


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_form_without_one_of_its_fields_is_refused(name: str) -> None:
    """Whichever it is."""
    assert refusal(without(name)) == DENIED


@pytest.mark.parametrize("added", ["acl", "submit", "x-amz-meta-other", "success_action_redirect", "tagging", ""])
def test_a_field_that_the_policy_does_not_name_is_refused(added: str) -> None:
    """Who fills in the form cannot ask for more."""
    assert refusal(FIELDS | {added: "x"}) == DENIED


@pytest.mark.parametrize("key", ["other/a.png", "upload", "Uploads/a", "", " uploads/a", "\x00uploads/a"])
def test_a_key_outside_the_prefix_is_refused(key: str) -> None:
    """The prefix is compared as it is."""
    assert refusal(FIELDS | {"key": key}) == DENIED


@pytest.mark.parametrize(
    "content_type", ["text/html", "image", "Image/png", "", "image/png,text/html", "image/png, text/html", "image/png,"]
)
def test_a_type_of_another_kind_is_refused(content_type: str) -> None:
    """In a list too, of which browsers take the last one."""
    assert refusal(FIELDS | {"Content-Type": content_type}) == DENIED


def test_a_form_is_for_its_bucket_alone() -> None:
    """Neither another bucket, nor a field that says otherwise."""
    assert refusal(FIELDS, "other") == DENIED
    assert refusal(FIELDS | {"bucket": "other"}) == DENIED
    assert refusal(FIELDS | {"bucket": "other"}, "other") == DENIED


def test_a_field_that_comes_twice_is_refused() -> None:
    """In two spellings: it is not for us to choose one."""
    assert refusal(FIELDS | {"KEY": "uploads/b.png"}) == ("InvalidArgument", 400)


def test_the_file_has_its_limits() -> None:
    """Both ends are allowed, and what is too long is so before all of it has come."""
    policy = submit(FIELDS)
    policy.check_size(2)
    policy.check_size(4)
    policy.check_at_most(0)
    for size, code in ((1, "EntityTooSmall"), (5, "EntityTooLarge")):
        with pytest.raises(AccessDenied) as refused:
            policy.check_size(size)
        assert code_of(refused.value) == (code, 400)
    with pytest.raises(AccessDenied, match="more than 4 bytes"):
        policy.check_at_most(5)


def test_a_form_is_over_when_its_seconds_are() -> None:
    """To the second."""
    end = submit(FIELDS).expires_at
    assert check_policy(FIELDS, [KEY], end - timedelta(seconds=1)).expires_at == end
    with pytest.raises(AccessDenied, match="Policy expired") as refused:
        check_policy(FIELDS, [KEY], end)
    assert code_of(refused.value) == DENIED


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("x-amz-signature", "0" * 64, ("SignatureDoesNotMatch", 403)),
        ("x-amz-algorithm", "AWS4-HMAC-SHA1", ("InvalidArgument", 400)),
        ("x-amz-credential", "AKIDEXAMPLE/local", ("InvalidArgument", 400)),
        ("x-amz-date", "today", ("InvalidArgument", 400)),
        ("policy", "", ("SignatureDoesNotMatch", 403)),
    ],
)
def test_a_form_that_was_not_signed_is_refused_as_s3_does(field: str, value: str, code: tuple[str, int]) -> None:
    """Each field that signs has its own code."""
    assert refusal(FIELDS | {field: value}) == code


def test_a_key_that_is_not_known_signs_no_form() -> None:
    """As with URLs."""
    with pytest.raises(AccessDenied) as refused:
        check_policy(FIELDS, [Credentials("OTHER", KEY.secret_key)], now())
    assert code_of(refused.value) == ("InvalidAccessKeyId", 403)


@pytest.mark.parametrize(
    "document",
    [
        "no JSON",
        "[]",
        "{}",
        '{"expiration": "tomorrow", "conditions": []}',
        '{"expiration": "2099-01-01T00:00:00Z", "conditions": [["contains", "$key", "a"]]}',
        '{"expiration": "2099-01-01T00:00:00Z", "conditions": [["eq", "$key"]]}',
        '{"expiration": "2099-01-01T00:00:00Z", "conditions": [{}]}',
        '{"expiration": "2099-01-01T00:00:00Z", "conditions": [{"a": "b", "c": "d"}]}',
        '{"expiration": "2099-01-01T00:00:00Z", "conditions": [["content-length-range", "a", "b"]]}',
        '{"expiration": "2099-01-01T00:00:00Z", "conditions": [["eq", 1, "b"]]}',
        '{"expiration": 1, "conditions": []}',
    ],
)
def test_a_policy_that_cannot_be_read_is_refused(document: str) -> None:
    """Even if it was signed."""
    fields = sign_post_policy([], now(60), KEY, "local", now=now())
    fields["policy"] = base64.b64encode(document.encode()).decode()
    fields["x-amz-signature"] = sign_policy(fields["policy"], KEY, "local", now=now())
    assert refusal(fields) == ("InvalidPolicyDocument", 400)


def test_conditions_that_others_write_are_understood() -> None:
    """``eq`` in letters of any case, and the narrowest of two ranges."""
    conditions: list[Any] = [
        {"bucket": BUCKET},
        ["EQ", "$Key", "a"],
        ["content-length-range", 1, 10],
        ["content-length-range", 0, 5],
    ]
    fields = sign_post_policy(conditions, now(60), KEY, "local", now=now())
    policy = submit(fields | {"key": "a"})
    assert (policy.min_length, policy.max_length) == (1, 5)
    assert refusal(fields | {"key": "b"}) == DENIED
    assert json.loads(base64.b64decode(fields["policy"]))["conditions"][:4] == conditions
