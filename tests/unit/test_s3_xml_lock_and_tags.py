"""Object lock and tags as XML and as headers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.adapters.s3 import xml
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.xml_lock import (
    default_retention,
    legal_hold,
    legal_hold_request,
    lock_request,
    retention,
    retention_request,
)
from data_store.object_store.adapters.s3.xml_tags import tagging_request, tags
from data_store.object_store.models import DefaultRetention, Retention, RetentionMode
from data_store.object_store.signing.sigv4 import encode_query

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn"]), max_size=20)


@given(st.dictionaries(TEXT.filter(bool), TEXT))
def test_tags_come_back_as_they_were_sent(given_tags):
    """In a body, and in the header, which is a URL query."""
    assert tags(xml.parse(tagging_request(given_tags))) == given_tags
    assert dict(parse_qsl(encode_query(given_tags), keep_blank_values=True)) == given_tags


def test_tags_are_sorted_by_their_keys():
    """Versitygw gives them in any order."""
    assert list(tags(xml.parse(tagging_request({"b": "1", "a": "2"})))) == ["a", "b"]


def test_a_retention_travels_in_whole_seconds_of_utc():
    """Whatever zone it was given in."""
    until = datetime(2030, 1, 2, 3, 4, 5, 999, tzinfo=timezone(timedelta(hours=2)))
    sent = retention_request(Retention(RetentionMode.COMPLIANCE, until))
    assert b"<RetainUntilDate>2030-01-02T01:04:05Z<" in sent
    expected = Retention(RetentionMode.COMPLIANCE, datetime(2030, 1, 2, 1, 4, 5, tzinfo=UTC))
    assert retention(xml.parse(sent)) == expected


def test_no_retention_is_an_empty_body():
    """Which takes it away, and reads as none."""
    assert retention(xml.parse(retention_request(None))) is None


@pytest.mark.parametrize("default", [DefaultRetention(RetentionMode.GOVERNANCE, days=3), None])
def test_a_default_retention_comes_back_as_it_was_sent(default):
    """None too."""
    assert default_retention(xml.parse(lock_request(default))) == default


def test_an_empty_rule_is_no_default_retention():
    """Versitygw has one where there is none."""
    assert default_retention(xml.parse(b"<L><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule/></L>")) is None


@pytest.mark.parametrize("mode", ["", "<Mode>FOREVER</Mode>"])
def test_a_retention_of_a_mode_that_is_none_is_refused(mode):
    """Rather than taken for a weaker one."""
    with pytest.raises(InvalidAnswer):
        retention(xml.parse(f"<R>{mode}<RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate></R>".encode()))


@pytest.mark.parametrize("hold", [True, False])
def test_a_legal_hold_comes_back_as_it_was_sent(hold):
    """On or off."""
    assert legal_hold(xml.parse(legal_hold_request(hold))) is hold
