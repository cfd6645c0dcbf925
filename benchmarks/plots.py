"""``python -m benchmarks.plots RESULTS.json PLOT.svg``: a panel for each task, a bar for each candidate.

Needs matplotlib. The background is transparent and all colours are of middle brightness, so that the plot can be read
on light and on dark pages.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

_TEXT, _LINE = "#808a94", "#808a9466"
_OWN, _PEER, _BOUND, _GOAL = "#3b8eea", "#8f98a3", "#2fa66a", "#e0703c"
_WIDE, _ROW, _HEAD = 4.6, 0.27, 0.75
_COLUMNS = 2


def main(source: Path, target: Path) -> None:
    """Draw one file of results."""
    data: dict[str, Any] = json.loads(source.read_text())
    panels = {task: found for task, found in data["results"].items() if found}
    pyplot: Any = _prepared()
    rows = -(-len(panels) // _COLUMNS)
    tallest = max(len(found) for found in panels.values())
    size = (_WIDE * _COLUMNS, rows * (_HEAD + _ROW * tallest) + 0.4)
    figure, axes = pyplot.subplots(rows, _COLUMNS, figsize=size, squeeze=False, layout="constrained")
    figure.suptitle(data["title"], fontsize=10)
    for place, (task, found) in zip(axes.flat, panels.items(), strict=False):
        _panel(place, task, found, data)
    for place in axes.flat[len(panels) :]:
        place.set_visible(False)
    target.parent.mkdir(exist_ok=True)
    figure.savefig(target, transparent=True, metadata={"Date": None, "Creator": None})


def _prepared() -> Any:
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("svg")
    settings = dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), _TEXT)
    # The same data make the same file, and text stays text.
    settings |= {"axes.edgecolor": _LINE, "svg.hashsalt": "data-store", "svg.fonttype": "none"}
    matplotlib.rcParams.update(settings)
    return import_module("matplotlib.pyplot")


def _panel(place: Any, task: str, found: dict[str, list[dict[str, float]]], data: dict[str, Any]) -> None:
    name, factor, digits = data["units"].get(task, ["s", 1.0, 2])
    figures = {who: [sample[data["figure"]] * factor for sample in samples] for who, samples in found.items()}
    middles = {who: median(values) for who, values in figures.items()}
    below = [middles[who] - min(values) for who, values in figures.items()]
    above = [max(values) - middles[who] for who, values in figures.items()]
    labels = [who.replace("`", "") if "`" not in who else f"ours, {who.replace('`', '')}" for who in figures]
    error = {"ecolor": _TEXT, "elinewidth": 1}
    place.barh(labels, list(middles.values()), xerr=[below, above], color=_colours(figures), height=0.7, error_kw=error)
    widest = max(max(values) for values in figures.values()) or 1.0
    for row, value in enumerate(middles.values()):
        place.text(value + above[row] + widest * 0.02, row, f"{value:.{digits}f}", va="center", fontsize=7)
    goals = data["goals"].get(task, {})
    for row, who in enumerate(figures):
        if who in goals:
            place.vlines(goals[who] * factor, row - 0.45, row + 0.45, color=_GOAL, linewidth=2)
    place.set_title(f"{task} ({name})", fontsize=8, loc="left")
    place.set_xlim(0, widest * 1.18)
    place.invert_yaxis()
    place.tick_params(labelsize=7, length=0)
    place.spines[["top", "right"]].set_visible(False)


def _colours(names: dict[str, list[float]]) -> list[str]:
    return [_BOUND if name == "sockets" else _OWN if "`" in name else _PEER for name in names]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
