"""Lifecycle rules as XML, and what servers make of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.adapters.s3 import xml
from data_store.object_store.adapters.s3.lifecycle import replace_rules
from data_store.object_store.adapters.s3.xml_lifecycle import lifecycle_request, lifecycle_rules
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import LifecycleRule, Transition

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn"]), min_size=1, max_size=20)
DAYS = st.none() | st.integers(1, 10_000)
DATE = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda t: t.replace(microsecond=0, tzinfo=UTC))
RULES = st.builds(
    LifecycleRule,
    TEXT,
    st.just("") | TEXT,
    expire_after_days=DAYS,
    noncurrent_days=st.integers(1, 99),
    noncurrent_keep=DAYS,
    abort_uploads_after_days=DAYS,
    transition=st.none() | st.builds(Transition, storage_class=TEXT, at=DATE),
    tags=st.none() | st.dictionaries(TEXT, st.just("") | TEXT, min_size=1, max_size=3),
    min_size=st.none() | st.integers(1, 2**50),
    max_size=st.none() | st.integers(0, 2**50),
    enabled=st.booleans(),
)


@given(st.lists(RULES, max_size=3))
def test_rules_come_back_as_they_were_sent(rules):
    """Every field of them."""
    assert lifecycle_rules(xml.parse(lifecycle_request(rules))) == rules


@pytest.mark.parametrize(
    "rule",
    [
        LifecycleRule("a", expire_at=datetime(2030, 1, 1, tzinfo=UTC)),
        LifecycleRule("a", expire_delete_markers=True),
        LifecycleRule("a", transition=Transition(storage_class="GLACIER", after_days=3)),
    ],
)
def test_a_rare_rule_comes_back_too(rule):
    """A date, markers, days until a transition."""
    assert lifecycle_rules(xml.parse(lifecycle_request([rule]))) == [rule]


def test_sizes_are_exclusive_on_the_wire():
    """And inclusive in the model."""
    sent = lifecycle_request([LifecycleRule("a", expire_after_days=1, min_size=10, max_size=20)]).decode()
    assert "<ObjectSizeGreaterThan>9<" in sent
    assert "<ObjectSizeLessThan>21<" in sent
    assert "<And>" in sent


def test_a_single_condition_stands_alone_in_the_filter():
    """S3 refuses an And of one; no condition at all is an empty prefix."""
    assert b"<Filter><Prefix>p</Prefix></Filter>" in lifecycle_request([LifecycleRule("a", "p", expire_after_days=1)])
    assert b"<Filter><Prefix></Prefix></Filter>" in lifecycle_request([LifecycleRule("a", expire_after_days=1)])
    assert b"<Filter><Tag>" in lifecycle_request([LifecycleRule("a", expire_after_days=1, tags={"k": "v"})])


@pytest.mark.parametrize(
    "selection",
    [
        "<Prefix>p</Prefix>",
        "<Filter><Prefix>p</Prefix></Filter>",
        "<Filter><And><Prefix>p</Prefix></And></Filter>",
        "<Prefix></Prefix><Filter><Prefix>p</Prefix><And></And></Filter>",
    ],
)
def test_a_prefix_is_found_wherever_a_server_puts_it(selection):
    """Ceph has it beside And, and older rules beside Filter."""
    document = (
        f"<L><Rule><ID>a</ID>{selection}<Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></L>"
    )
    assert lifecycle_rules(xml.parse(document.encode())) == [LifecycleRule("a", "p", expire_after_days=1)]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("<NoncurrentVersionTransition/>", "Rule/NoncurrentVersionTransition"),
        ("<Filter><And><Colour>red</Colour></And></Filter>", "And/Colour"),
        (
            "<Expiration><ExpiredObjectAllVersions>true</ExpiredObjectAllVersions></Expiration>",
            "ExpiredObjectAllVersions",
        ),
        ("<Transition/><Transition/>", "more than one Transition"),
    ],
)
def test_a_rule_that_has_no_model_is_refused_by_name(content, named):
    """Half of it would be another rule."""
    with pytest.raises(UnsupportedOperation, match=named):
        lifecycle_rules(xml.parse(f"<L><Rule><ID>a</ID>{content}</Rule></L>".encode()))


class Forgetful:
    """A server that drops an element of what it stores."""

    def __init__(self, lost: bytes = b"", before: bytes | None = None) -> None:
        self.lost = lost
        self.stored = before
        self.seen: list[bytes | None] = []

    def put(self, body: bytes) -> None:
        """Store rules."""
        self.stored = body.replace(self.lost, b"") if self.lost else body
        self.seen.append(self.stored)

    def delete(self) -> None:
        """Remove them."""
        self.stored = None
        self.seen.append(None)

    def set(self, *rules: LifecycleRule) -> None:
        """Replace the rules as the adapters do."""
        replace_rules(rules, lambda: self.stored, self.put, self.delete)


RULE = LifecycleRule("a", expire_after_days=1, min_size=10)


@pytest.mark.parametrize("before", [None, lifecycle_request([LifecycleRule("old", expire_after_days=9)])])
def test_a_rule_that_the_server_would_widen_is_never_enabled(before):
    """Without its size it would delete everything: what was there comes back."""
    server = Forgetful(b"<ObjectSizeGreaterThan>9</ObjectSizeGreaterThan>", before)
    with pytest.raises(UnsupportedOperation, match="'a': min_size"):
        server.set(RULE)
    assert server.stored == before
    assert b"Disabled" in (server.seen[0] or b"")
    assert len(server.seen) == 2


def test_rules_that_the_server_keeps_are_enabled():
    """After it has shown that it does."""
    server = Forgetful()
    server.set(RULE, LifecycleRule("b", noncurrent_days=2, enabled=False))
    assert lifecycle_rules(xml.parse(server.stored or b"")) == [
        RULE,
        LifecycleRule("b", noncurrent_days=2, enabled=False),
    ]


def test_a_rule_that_is_gone_is_missed():
    """Garage keeps what it knows of a rule, which may be nothing."""
    server = Forgetful(lifecycle_request([LifecycleRule("a", expire_after_days=1, min_size=10, enabled=False)]))
    with pytest.raises(UnsupportedOperation, match="the rule"):
        server.set(RULE)
    assert server.stored is None


def test_two_ways_to_say_no_condition_are_the_same():
    """No tags, and no least size."""
    server = Forgetful()
    server.set(LifecycleRule("a", expire_after_days=1, tags={}, min_size=0))
    assert b"Enabled" in (server.stored or b"")
