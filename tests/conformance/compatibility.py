"""`docs/compatibility.md`, as a table that a test run fills: framework x server x group.

A pair is written when all its cases ran, passed or not; what a run did not measure stays as it was. Nothing in it
changes from run to run, so that a run that finds the same leaves the file alone.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from data_store.object_store.testing import ObjectStoreConformance
from data_store.object_store.testing.exceptions import TABLE

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"
NOT_RUN = "not run"
ALL = "**all**"

# The module of a pair's tests -> its column, in this order.
PAIRS = {
    "test_local": "`local`",
    "test_memory": "`memory`",
    "test_minio_on_minio": "`minio` on MinIO",
    "test_boto3_on_minio": "`boto3` on MinIO",
    "test_minio_on_ceph": "`minio` on Ceph RGW",
    "test_boto3_on_ceph": "`boto3` on Ceph RGW",
    "test_minio_on_versitygw": "`minio` on versitygw",
    "test_boto3_on_versitygw": "`boto3` on versitygw",
    "test_minio_on_garage": "`minio` on Garage",
    "test_boto3_on_garage": "`boto3` on Garage",
}

GROUPS = {group.__name__: (group.__doc__ or "").rstrip(".") for group in ObjectStoreConformance.__bases__}

INTRODUCTION = """\
# Compatibility

Written by the test run: the conformance suite ([its promises](conformance.md)) on each framework and server. A number
counts the cases that passed; where some did not, they are named.
"""

EXCEPTIONS = """\
## Exceptions

What a server or framework cannot do, and why. Nothing is skipped for it: the suite's case asserts what happens instead,
and that no other object is touched.
"""

Cells = dict[str, dict[str, str]]
"""column -> row -> text."""


@dataclass
class Outcomes:
    """What a run found for one pair: group -> test -> whether each of its cases passed."""

    cases: dict[str, dict[str, list[bool]]] = field(default_factory=dict)

    def add(self, group: str, test: str, passed: bool) -> None:
        """Add the outcome of one case."""
        self.cases.setdefault(group, {}).setdefault(test, []).append(passed)

    @property
    def complete(self) -> bool:
        """Whether every case of the suite ran."""
        ran = {group: {test: len(found) for test, found in tests.items()} for group, tests in self.cases.items()}
        return ran == expected_cases()

    def cells(self) -> dict[str, str]:
        """Row -> text."""
        return {GROUPS[group]: _cell(tests) for group, tests in self.cases.items()}


def expected_cases() -> dict[str, dict[str, int]]:
    """Group -> test -> number of its cases."""
    return {group.__name__: dict(_tests(group)) for group in ObjectStoreConformance.__bases__}


def read(page: str) -> tuple[Cells, dict[str, str]]:
    """Return the cells and the versions of the servers that a page has."""
    tables = [_rows(part) for part in re.split(r"^#+ .*$", page, flags=re.MULTILINE)]
    cells: Cells = {}
    versions: dict[str, str] = {}
    for header, *rows in filter(None, tables):
        if header[0] == "group":
            groups = [row for row in rows if row[0] != ALL]
            cells = {column: {row[0]: row[number] for row in groups} for number, column in enumerate(header) if number}
        elif header == ["server", "version"]:
            versions = dict(rows)  # type: ignore[arg-type]  # rows of two cells
    return cells, versions


def write(cells: Cells, versions: dict[str, str]) -> str:
    """Return the page."""
    header = ["group", *PAIRS.values()]
    rows = [
        [title, *(cells.get(column, {}).get(title, NOT_RUN) for column in PAIRS.values())] for title in GROUPS.values()
    ]
    rows.append([ALL, *(_sum(cells.get(column, {})) for column in PAIRS.values())])
    return "\n".join(
        [
            INTRODUCTION,
            *_table(header, rows),
            "",
            *_servers(versions),
            EXCEPTIONS,
            *_table(["where", "what", "why"], _exceptions()),
            "",
        ]
    )


def update(outcomes: dict[str, Outcomes], versions: dict[str, str]) -> bool:
    """Write what a run found for the pairs that ran whole; return whether the page changed."""
    whole = {PAIRS[pair]: found.cells() for pair, found in outcomes.items() if found.complete}
    before = PAGE.read_text("utf-8") if PAGE.exists() else ""
    cells, known_versions = read(before)
    after = write({**cells, **whole}, {**known_versions, **versions})
    if not whole or after == before:
        return False
    PAGE.write_text(after, "utf-8")
    return True


def _tests(group: type) -> Iterator[tuple[str, int]]:
    for name, test in vars(group).items():
        if name.startswith("test_"):
            cases = 1
            for mark in getattr(test, "pytestmark", []):
                cases *= len(mark.args[1]) if mark.name == "parametrize" else 1
            yield name, cases


def _cell(tests: dict[str, list[bool]]) -> str:
    counts = Counter(passed for found in tests.values() for passed in found)
    failed = [f"`{name}`" for name, found in sorted(tests.items()) if not all(found)]
    return f"{counts[True]} of {counts.total()}; not: {', '.join(failed)}" if failed else f"{counts[True]}"


def _sum(column: dict[str, str]) -> str:
    counts = [int(count[0]) for text in column.values() if (count := re.match(r"\d+", text))]
    return str(sum(counts)) if counts else NOT_RUN


def _servers(versions: dict[str, str]) -> list[str]:
    if not versions:
        return []
    return ["## Servers", "", *_table(["server", "version"], sorted(versions.items())), ""]


def _exceptions() -> Iterator[Iterable[str]]:
    return (row for limits in TABLE for row in limits.rows())


def _table(header: list[str], rows: Iterable[Iterable[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _rows(part: str) -> list[list[str]]:
    lines = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return [line for line in lines if line[0] != "---"]


def pair_of(item: pytest.Item) -> str | None:
    """Return the pair that an item is a case of; None for other tests."""
    ours = item.path.parent == Path(__file__).parent and item.path.stem in PAIRS
    return item.path.stem if ours and isinstance(item, pytest.Function) and item.cls is not None else None


def group_of(item: pytest.Item) -> str:
    """Return the group in which an item's test is written."""
    assert isinstance(item, pytest.Function)
    return item.function.__qualname__.split(".")[0]
