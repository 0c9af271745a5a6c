# SPDX-License-Identifier: MIT
"""Pictures, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape

from figures import Results, number

BAR = 18  # height of a row
LABELS = 150  # width of the names
WIDTH = 400  # of the plot
VALUES = 170
MARGIN = 16
TITLE = 34

COLOURS = {"raw": "#8a8a8a", "libmw": "#1565c0", "peer": "#ef9a5a"}


class Svg:
    """Shapes, in the order in which they are drawn."""

    def __init__(self) -> None:
        self.shapes: list[str] = []

    def text(self, x: float, y: float, text: str, style: str = "") -> None:
        self.shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str) -> None:
        self.shapes.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'
        )

    def bar(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        self.shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" '
            f'height="{height:.1f}" fill="{fill}"/>'
        )

    def path(self, points: Iterable[tuple[float, float]], colour: str) -> None:
        at = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.shapes.append(
            f'<polyline points="{at}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )

    def dot(self, x: float, y: float, colour: str) -> None:
        self.shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')

    def document(self, width: float, height: float) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
            f'height="{height:.0f}" font-family="sans-serif" font-size="12">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n'
            + "\n".join(self.shapes)
            + "\n</svg>\n"
        )


def colour_of(label: str) -> str:
    return COLOURS.get(label.split("-")[0], COLOURS["peer"])


def draw_workload(svg: Svg, results: Results, x: float, y: float) -> float:
    """A panel: a bar for each entry, with its spread; gives its height."""
    workload = results.workload
    labels = [label for label in results.rounds if results.values(label)]
    if not labels:
        return 0
    better = "less" if workload.lower_is_better else "more"
    svg.text(x, y + 14, workload.title, 'font-weight="bold"')
    svg.text(x, y + 28, f"{workload.unit}; {better} is better", 'fill="#666"')
    most = max(max(results.values(label)) for label in labels)
    top = y + TITLE
    for i, label in enumerate(labels):
        at = top + i * BAR
        values = results.values(label)
        median = results.median(label)
        ratio = results.ratio(label, workload.base)
        start = x + LABELS
        svg.text(start - 6, at + 13, label, 'text-anchor="end"')
        svg.bar(start, at + 3, median / most * WIDTH, BAR - 6, colour_of(label))
        low, high = (start + v / most * WIDTH for v in (min(values), max(values)))
        svg.line(low, at + BAR / 2, high, at + BAR / 2, 'stroke="#333"')
        svg.text(
            start + WIDTH + 8, at + 13, f"{number(median)}   ({number(ratio)} ×)"
        )
    return TITLE + len(labels) * BAR + MARGIN


def draw_comparison(all_results: list[Results]) -> str:
    """All workloads, in two columns."""
    svg = Svg()
    column = MARGIN + LABELS + WIDTH + VALUES
    heights = [float(MARGIN), float(MARGIN)]
    for results in all_results:
        i = heights.index(min(heights))
        heights[i] += draw_workload(svg, results, MARGIN + i * column, heights[i])
    return svg.document(2 * column + MARGIN, max(heights))


# ---- curves --------------------------------------------------------------

PLOT_WIDTH = 420
PLOT_HEIGHT = 240
AXIS = 70
NAMES = 90  # right of the lines

Line = tuple[str, list[tuple[float, float]]]


class Axis:
    """A logarithmic one."""

    def __init__(self, values: Iterable[float], start: float, length: float) -> None:
        logs = [math.log10(v) for v in values]
        self.low, self.high = min(logs), max(logs)
        if self.high - self.low < 0.3:
            self.low, self.high = self.low - 0.15, self.high + 0.15
        self.start, self.length = start, length

    def at(self, value: float) -> float:
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + part * self.length

    def ticks(self) -> list[float]:
        """Powers of ten; with few of those, 2 and 5 times them as well."""
        steps = (1, 2, 5) if self.high - self.low < 2.5 else (1,)
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        ticks = (step * 10.0**power for power in powers for step in steps)
        return [t for t in ticks if self.low <= math.log10(t) <= self.high]


def short(value: float) -> str:
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{suffix}"
    return f"{value:g}"


def draw_plot(
    svg: Svg, x: float, y: float, title: str, axis: str, lines: list[Line]
) -> None:
    points = [p for _, line in lines for p in line if p[0] > 0 and p[1] > 0]
    if not points:
        return
    across = Axis((p[0] for p in points), x + AXIS, PLOT_WIDTH)
    up = Axis((p[1] for p in points), y + TITLE + PLOT_HEIGHT, -PLOT_HEIGHT)
    bottom = y + TITLE + PLOT_HEIGHT
    svg.text(x + AXIS, y + 18, title, 'font-weight="bold"')
    for tick in across.ticks():
        at = across.at(tick)
        svg.line(at, y + TITLE, at, bottom, 'stroke="#ddd"')
        svg.text(at, bottom + 16, short(tick), 'text-anchor="middle"')
    for tick in up.ticks():
        at = up.at(tick)
        svg.line(x + AXIS, at, x + AXIS + PLOT_WIDTH, at, 'stroke="#ddd"')
        svg.text(x + AXIS - 6, at + 4, short(tick), 'text-anchor="end"')
    svg.text(
        x + AXIS + PLOT_WIDTH / 2, bottom + 32, axis, 'text-anchor="middle" fill="#666"'
    )
    for label, line in lines:
        colour = colour_of(label)
        at = [(across.at(a), up.at(b)) for a, b in line if a > 0 and b > 0]
        svg.path(at, colour)
        for point in at:
            svg.dot(*point, colour)
        if at:
            svg.text(at[-1][0] + 8, at[-1][1] + 4, label, f'fill="{colour}"')


def draw_plots(rows: list[list[tuple[str, str, list[Line]]]]) -> str:
    """A grid of plots: (title, what is across, lines)."""
    svg = Svg()
    width = AXIS + PLOT_WIDTH + NAMES
    height = TITLE + PLOT_HEIGHT + 44
    for j, row in enumerate(rows):
        for i, (title, axis, lines) in enumerate(row):
            draw_plot(svg, i * width, j * height, title, axis, lines)
    columns = max((len(row) for row in rows), default=1)
    return svg.document(columns * width + MARGIN, len(rows) * height + MARGIN)
