"""Times as HTTP has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from data_store.object_store.http_dates import http_date, http_time

MOMENT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize("moment", [MOMENT, MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30)))])
def test_a_date_is_that_of_greenwich(moment: datetime) -> None:
    """In the one form that is to be written (RFC 9110, 5.6.7)."""
    assert http_date(moment) == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_a_date_has_whole_seconds() -> None:
    """What is less is left out, not rounded."""
    assert http_date(MOMENT.replace(microsecond=999_999)) == http_date(MOMENT)


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 09:49:37 +0100",
        "Sun, 06 Nov 1994 08:49:37 -0000",
    ],
)
def test_a_date_in_any_form_is_the_same_time_in_utc(text: str) -> None:
    """The two obsolete ones, and those of mail, too."""
    found = http_time(text)
    assert found == MOMENT
    assert found is not None
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "yesterday",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Fri, 31 Dec 9999 23:59:59 -0100",
        "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
    ],
)
def test_what_is_no_date_has_no_time(text: str) -> None:
    """Whoever sent it, nothing is raised."""
    assert http_time(text) is None
