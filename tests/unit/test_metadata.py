"""User metadata on the wire: RFC 2047 words, made and read."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data_store.object_store.metadata import decode_metadata, encode_metadata, wire_size

CONTROL = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=CONTROL))
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.", min_size=1)


@given(TEXTS)
@example("")
@example(" ")
@example(" spaces at the ends ")
@example("two  spaces")
@example("=?UTF-8?B?Y2Fmw6k=?=")
@example("=?UTF-8?Q?caf=C3=A9?=")
@example("=?")
@example("a?= =?b")
@example("=?UTF-8?B?")
@example("é")
@example("\U0001f600" * 100)
@example("\u2028\u2029\u00a0\ufeff")
@example("x" * 2000)
def test_any_text_round_trips(text: str) -> None:
    """What goes in comes out: spaces at the ends and words that look encoded included."""
    assert decode_metadata(encode_metadata({"name": text})) == {"name": text}


@given(TEXTS)
@example(" a ")
@example("\U0001f600" * 100)
@example("é" * 300)
def test_what_is_sent_survives_http(text: str) -> None:
    """Visible ASCII with single spaces inside and none at the ends: nothing that a proxy would trim or fold."""
    sent = encode_metadata({"name": text})["name"]
    assert re.fullmatch(r"(?:[!-~]+(?: [!-~]+)*)?", sent)


@given(TEXTS)
@example("\U0001f600" * 100)
@example("é" * 300)
@example("aé" * 100)
def test_each_encoded_word_is_valid_on_its_own(text: str) -> None:
    """At most 75 characters, and no character cut in two (RFC 2047, sections 2 and 5)."""
    sent = encode_metadata({"name": text})["name"]
    if sent == text:
        return
    for word in sent.split(" "):
        assert len(word) <= 75
        found = re.fullmatch(r"=\?UTF-8\?B\?([A-Za-z0-9+/=]+)\?=", word)
        assert found
        base64.b64decode(found[1], validate=True).decode()


@pytest.mark.parametrize("text", ["", "plain", "a b c", "semi;colon, and=equals?", "https://host/?a=b", "x" * 1000])
def test_plain_text_travels_as_it_is(text: str) -> None:
    """Other clients read it without knowing of encoded words."""
    assert encode_metadata({"name": text}) == {"name": text}


def test_the_form_is_the_one_of_s3() -> None:
    """S3 itself sends ``=?UTF-8?B?...?=`` for what is not ASCII."""
    assert encode_metadata({"name": "café"}) == {"name": "=?UTF-8?B?Y2Fmw6k=?="}


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("=?UTF-8?Q?caf=C3=A9?=", "café"),
        ("=?utf-8?q?a_b?=", "a b"),
        ("=?ISO-8859-1?Q?caf=E9?=", "café"),
        ("=?utf-8?b?Y2Fmw6k=?=", "café"),
        ("before =?UTF-8?Q?=C3=A9?= after", "before é after"),
        ("=?UTF-8?Q?a?= =?UTF-8?Q?b?=", "ab"),
        ("=?UTF-8?Q?a?=  \t =?UTF-8?B?Yg==?=", "ab"),
        ("=?UTF-8?Q??=", ""),
        ("=?UTF-8?Q?=3D=3F?=", "=?"),
    ],
)
def test_words_of_other_servers_are_read(sent: str, text: str) -> None:
    """Q encoding, other charsets, words between plain text; spaces between two words do not count."""
    assert decode_metadata({"name": sent}) == {"name": text}


@pytest.mark.parametrize(
    "sent",
    [
        "=?",
        "=?UTF-8?B?",
        "=?UTF-8?X?abc?=",
        "=?UTF-8?B?!!!?=",
        "=?UTF-8?B?Y2Fm?",
        "=?UTF-8?B?/w==?=",
        "=?no-such-charset?Q?abc?=",
        "=?hex?Q?6162?=",
        "=?idna?Q?xn--=FF?=",
        "=?undefined?Q?abc?=",
        "=?UTF-8?B?é?=",
        "=?UTF-8?B?Y2Fm é?=",
        "=?UTF-8?B?a?b?=",
        "a?= =?b",
        "what?=  =?is this",
        "=?UTF-8?B?!!!?=  =?UTF-8?B?!!!?=",
    ],
)
def test_broken_words_stay_as_they_are(sent: str) -> None:
    """What cannot be decoded is text like any other."""
    assert decode_metadata({"name": sent}) == {"name": sent}


def test_a_broken_word_keeps_its_distance() -> None:
    """Space counts unless it stands between two words that are both read."""
    sent = "=?UTF-8?B?!!!?=  =?UTF-8?Q?b?=  =?UTF-8?Q?c?="
    assert decode_metadata({"name": sent}) == {"name": "=?UTF-8?B?!!!?=  bc"}


@given(st.text())
def test_any_header_value_can_be_read(sent: str) -> None:
    """A server's answer never ends in an exception."""
    assert isinstance(decode_metadata({"name": sent})["name"], str)


@given(st.from_regex(r"\A=\?[^?\s]{0,12}\?[bBqQ]\?[^?\s]*\?=\Z"))
def test_any_encoded_word_can_be_read(sent: str) -> None:
    """Nor does a word with an odd charset or odd characters."""
    assert isinstance(decode_metadata({"name": sent})["name"], str)


def test_names_come_back_in_lower_case() -> None:
    """HTTP header names have no case."""
    assert decode_metadata({"X-Name": "Value"}) == {"x-name": "Value"}


@given(st.dictionaries(NAMES, TEXTS, max_size=4))
def test_the_size_is_that_of_names_and_encoded_values(metadata: dict[str, str]) -> None:
    """S3 counts the bytes that travel."""
    sent = encode_metadata(metadata)
    assert wire_size(metadata) == len("".join([*sent, *sent.values()]).encode())
