"""Replacing lifecycle rules: what was there stays if it fails."""

from __future__ import annotations

import pytest

from data_store.object_store.adapters.s3.lifecycle import replace_rules
from data_store.object_store.models import LifecycleRule

RULES = [LifecycleRule("new", expire_after_days=1)]


@pytest.mark.parametrize("before", [b"<LifecycleConfiguration/>", None], ids=["rules", "no rules"])
def test_rules_are_put_back_if_the_answer_to_the_trial_is_lost(before: bytes | None) -> None:
    """The server may have taken the rules that were tried out."""
    kept: list[bytes | None] = [before]

    def put(body: bytes) -> None:
        kept[0] = body
        if body != before:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        replace_rules(RULES, lambda: kept[0], put, lambda: kept.__setitem__(0, None))
    assert kept == [before]
