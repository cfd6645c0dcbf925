"""What comes out: tables in Markdown, results as JSON, plots; all of it from one ``Report``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import environments
from benchmarks.interleave import Measured, Results, middle, spread
from benchmarks.machine import sentence
from benchmarks.snapshot import CHECKOUT

_PAGE = CHECKOUT / "docs" / "performance.md"
_PLOTS = CHECKOUT / "docs" / "_static"
_RESULTS = Path(__file__).parent / "results"

Goals = Mapping[str, Mapping[str, float]]
"""Title of the task, name of the candidate, the figure that the project wants."""


@dataclass(frozen=True)
class Unit:
    """How a figure is shown: multiplied, with so many digits behind the point."""

    name: str = "s"
    factor: float = 1.0
    digits: int = 2

    def show(self, value: float) -> str:
        """Return the number without its unit."""
        return f"{value * self.factor:.{self.digits}f}"


SECONDS = Unit()


@dataclass(frozen=True)
class Report:
    """One table of the page, its data and its plot.

    Attributes:
        name: of its block in the page and of its files.
        title: of its plot.
        command: what makes it.
        machine: what it was measured on.
        runs: of each candidate.
        results: what was found.
        lines: the table and what else is to be said, in Markdown.
        goals: what the plot marks.
        figure: what the plot shows: ``cpu``, ``wall``, ``memory``.
        units: of each task, where it is not seconds.
    """

    name: str
    title: str
    command: str
    machine: dict[str, str]
    runs: int
    results: Results
    lines: Sequence[str]
    goals: Goals = field(default_factory=dict)
    figure: str = "cpu"
    units: Mapping[str, Unit] = field(default_factory=dict)
    plotted: bool = True

    def markdown(self) -> str:
        """Return the block of the page."""
        made_by = f"`{self.command}`, medians of {self.runs} interleaved runs. {sentence(self.machine)}"
        plot = [f"![{self.title}](_static/{self.name}.svg)", ""] if self.plotted else []
        return "\n".join([made_by, "", *self.lines, "", *plot])

    def data(self) -> dict[str, object]:
        """Return what the file of results has."""
        return {
            "title": self.title,
            "command": self.command,
            "machine": self.machine,
            "runs": self.runs,
            "figure": self.figure,
            "goals": self.goals,
            "units": {task: [unit.name, unit.factor, unit.digits] for task, unit in self.units.items()},
            "results": self.results,
        }


def publish(report: Report, *, write: bool) -> None:
    """Print the table; with ``write``, put it into the page, and data and plot into their files."""
    print(f"\n{report.markdown()}")
    if not write:
        return
    results = _RESULTS / f"{report.name}.json"
    results.parent.mkdir(exist_ok=True)
    results.write_text(json.dumps(report.data(), indent=1) + "\n")
    _PAGE.write_text(with_block(_PAGE.read_text(), report))
    if report.plotted:
        draw(results, _PLOTS / f"{report.name}.svg")


def with_block(page: str, report: Report) -> str:
    """Return the page with the report between the two comments that mark its block; a new one stands at the end."""
    begin, end = f"<!-- benchmark: {report.name} -->\n", f"<!-- end: {report.name} -->"
    if begin not in page:
        page = f"{page.rstrip()}\n\n## {report.title}\n\n{begin}{end}\n"
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{report.markdown().strip()}\n\n{end}{rest.partition(end)[2]}"


def draw(results: Path, plot: Path) -> None:
    """Draw a file of results, in an environment that has matplotlib."""
    try:
        python = environments.python("plots")
    except environments.NotToBeHad as error:
        print(f"no plot: {error}", file=sys.stderr)
        return
    subprocess.run([python, "-m", "benchmarks.plots", results, plot], cwd=CHECKOUT, check=True)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, names: int = 1) -> list[str]:
    """Return a table; all but the first columns are numbers."""
    rule = ["---"] * names + ["---:"] * (len(head) - names)
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]


def matrix(
    results: Results, figure: str = "cpu", units: Mapping[str, Unit] | None = None, *, beside: str | None = "wall"
) -> list[list[str]]:
    """Return a row a candidate and a column a task: the median and its spread, with another figure in brackets."""
    tasks = list(results)
    return [
        [name, *(_cell(results[task].get(name), figure, (units or {}).get(task, SECONDS), beside) for task in tasks)]
        for name in names_in(results)
    ]


def names_in(results: Results) -> list[str]:
    """Return the candidates in the order in which they are measured."""
    return list(dict.fromkeys(name for found in results.values() for name in found))


def _cell(samples: list[Measured] | None, figure: str, unit: Unit, beside: str | None) -> str:
    if not samples:
        return ""
    text = f"{unit.show(middle(samples, figure))} ±{unit.show(spread(samples, figure))}"
    return f"{text} ({unit.show(middle(samples, beside))})" if beside else text


def goal_rows(goals: Goals, results: Results, names: Sequence[str], units: Mapping[str, Unit]) -> list[list[str]]:
    """Return a row for each of ours that goals are stated for, what was reached being bold where it holds."""
    rows = []
    for name in names:
        cells = [_goal(goals.get(task, {}).get(name), units.get(task, SECONDS)) for task in results]
        if any(cells):
            rows.append([f"*goal, {name}*", *cells])
    return rows


def _goal(value: float | None, unit: Unit) -> str:
    return "" if value is None else f"*{unit.show(value)}*"


def best_peer_rows(results: Results, own: Sequence[str], bounds: Sequence[str], figure: str = "cpu") -> list[list[str]]:
    """Return ours as a multiple of the best peer, for each task."""
    rows = []
    for name in own:
        cells = []
        for found in results.values():
            peers = [
                middle(s, figure) for other, s in found.items() if other not in (*own, *bounds) and "`" not in other
            ]
            mine = found.get(name)
            cells.append(f"{middle(mine, figure) / min(peers):.2f}x" if mine and peers and min(peers) else "")
        if any(cells):
            rows.append([f"{name} / best peer", *cells])
    return rows
