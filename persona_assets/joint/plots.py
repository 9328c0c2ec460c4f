"""The figures of a joint's page, as SVG elements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from persona_assets import levels
from persona_assets.drawing import COLOURS, SMALL, TEXT, WIDTH, ems, full_canvas, to_png, to_svg
from persona_assets.raking import FloatArray

_LEVEL_COLOURS = tuple(COLOURS[f"level-{i}"] for i in range(1, 9))
# On a logarithmic axis nothing is smaller: an error below this is rounding.
_LEAST = 1e-16


@dataclass(frozen=True, slots=True)
class Heat:
    """A table of values shown as shades.

    Attributes:
        rows: Label of each row.
        columns: Short label of each column.
        values: One per cell, NaN where there is none.
        text: Shown in each cell.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    values: FloatArray
    text: Sequence[Sequence[str]]


def marital_pyramid(margin: pl.DataFrame, title: str) -> str:
    """Draw adults by single year of age, sex and marital status.

    Args:
        margin: sex, age, marital, count.
        title: What the figure is called for those who cannot see it.
    """
    return to_svg(lambda: _pyramid(margin), title)


def marital_pyramid_png(margin: pl.DataFrame) -> bytes:
    """Draw `marital_pyramid` for where only pictures are shown."""
    return to_png(lambda: _pyramid(margin))


def heat_map_png(heat: Heat) -> bytes:
    """Draw `heat_map` for where only pictures are shown."""
    return to_png(lambda: _heat(heat))


def stacked_bars(
    frame: pl.DataFrame, rows: str, parts: Mapping[str, str], labels: Mapping[str, str], title: str
) -> str:
    """Draw a bar of 100 % per row, divided into parts.

    Args:
        frame: The columns `rows` and `part`, and `count`.
        rows: The column that has a bar per level.
        parts: Code and label of each part, in order; at most eight.
        labels: Code and label of each row, from the top.
        title: What the figure is called for those who cannot see it.
    """
    return to_svg(lambda: _stacked(frame, rows, parts, labels), title)


def heat_map(heat: Heat, title: str) -> str:
    """Draw a table of shades, the largest value darkest."""
    return to_svg(lambda: _heat(heat), title)


def error_bars(scores: pl.DataFrame, labels: Mapping[str, str], title: str) -> str:
    """Draw the largest error of each margin on a logarithmic axis, beside what is allowed.

    Args:
        scores: margin, largest_error and allowed (of the margin's total; null where nothing is
            promised).
        labels: Of margins.
        title: What the figure is called for those who cannot see it.
    """
    return to_svg(lambda: _errors(scores, labels), title)


def _pyramid(margin: pl.DataFrame) -> Figure:
    height = 400.0
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0.1, 0.09, 0.885, 0.80))
    total = margin["count"].sum()
    ages = sorted(margin["age"].unique().to_list())
    edges = [*ages, ages[-1] + 1]
    peak = 0.0
    for sex, sign in (("male", -1), ("female", 1)):
        base = np.zeros(len(ages))
        for status, colour in zip(levels.MARITAL, _LEVEL_COLOURS, strict=False):
            part = margin.filter((pl.col("sex") == sex) & (pl.col("marital") == status))
            counts = dict(part.select("age", "count").iter_rows())
            top = base + 100 * np.array([counts.get(age, 0.0) for age in ages]) / total
            # One outline per status: areas of matplotlib refer to ids, which pages may not.
            inner, outer = np.repeat(base, 2), np.repeat(top, 2)
            steps = np.repeat(edges, 2)[1:-1]
            axes.fill(
                sign * np.concatenate([inner, outer[::-1]]),
                np.concatenate([steps, steps[::-1]]),
                color=colour,
                linewidth=0,
            )
            base = top
        peak = max(peak, float(base.max()))
    axes.set_xlim(-peak * 1.05, peak * 1.05)
    axes.set_ylim(edges[0], edges[-1])
    unit = 0.5 if peak > 0.6 else 0.2
    ticks = [unit * k for k in range(-int(peak / unit), int(peak / unit) + 1)]
    axes.set_xticks(ticks, [f"{abs(tick):.1f}" for tick in ticks])
    decades = [age for age in ages if age % 10 == 0]
    axes.set_yticks(decades, [f"{age}歳" for age in decades])
    axes.tick_params(left=False, bottom=False, labelsize=SMALL, labelcolor=COLOURS["muted"], pad=3)
    axes.grid(axis="x", color=COLOURS["grid"], linewidth=0.7)
    axes.axvline(0, color=COLOURS["muted"], linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_frame_on(False)
    canvas = full_canvas(figure, height)
    _legend(canvas, list(levels.MARITAL.values()), 9, 36)
    for x, text, side in ((WIDTH * 0.115, "男 Male", "left"), (WIDTH - 5, "女 Female", "right")):
        canvas.text(x, 29, text, color=COLOURS["ink"], fontsize=TEXT, va="center", ha=side)
    canvas.text(
        WIDTH * 0.5425, height - 7, "成人に占める割合 ％  % of adults", color=COLOURS["muted"],
        fontsize=SMALL, va="center", ha="center",
    )  # fmt: skip
    return figure


def _stacked(
    frame: pl.DataFrame, rows: str, parts: Mapping[str, str], labels: Mapping[str, str]
) -> Figure:
    step, bar = 17.0, 12.0
    lines = _lines(list(parts.values()))
    top = 8 + 14.0 * lines + 6
    height = top + step * len(labels) + 20
    left = (max(map(ems, labels.values())) + 0.8) * TEXT
    right = WIDTH - 4
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    canvas = full_canvas(figure, height)
    _legend(canvas, list(parts.values()), 9, 4)
    counts = {(row, part): n for row, part, n in frame.select(rows, "part", "count").iter_rows()}
    for tick in (0, 25, 50, 75, 100):
        x = left + (right - left) * tick / 100
        canvas.plot(
            [x, x], [top, height - 18], color=COLOURS["grid"], linewidth=0.7, zorder=0,
        )  # fmt: skip
        canvas.text(
            x, height - 8, f"{tick}％" if tick == 100 else str(tick), fontsize=SMALL,
            color=COLOURS["muted"], va="center", ha="right" if tick == 100 else "center",
        )  # fmt: skip
    for position, (row, label) in enumerate(labels.items()):
        middle = top + step * (position + 0.5)
        canvas.text(
            left - 0.6 * TEXT, middle, label, fontsize=TEXT, color=COLOURS["ink"], va="center",
            ha="right",
        )  # fmt: skip
        sizes = np.array([counts.get((row, part), 0.0) for part in parts])
        if not sizes.sum() > 0:
            continue
        widths = sizes / sizes.sum() * (right - left)
        starts = left + np.concatenate([[0], np.cumsum(widths)[:-1]])
        canvas.barh(
            [middle] * len(parts), widths, left=starts, height=bar,
            color=_LEVEL_COLOURS[: len(parts)], linewidth=0,
        )  # fmt: skip
    return figure


def _heat(heat: Heat) -> Figure:
    left = (max(map(ems, heat.rows)) + 0.8) * SMALL
    cell = (WIDTH - left - 2) / len(heat.columns)
    row = 17.0
    widest = max(map(ems, heat.columns)) * SMALL
    upright = widest > cell
    top = widest + 8 if upright else 16.0
    height = top + row * len(heat.rows) + 2
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    canvas = full_canvas(figure, height)
    for i, column in enumerate(heat.columns):
        canvas.text(
            left + cell * (i + 0.5), top - 4, column, fontsize=SMALL, color=COLOURS["muted"],
            ha="center", va="bottom", rotation=90 if upright else 0,
        )  # fmt: skip
    most = float(np.nanmax(heat.values)) or 1.0
    for i, label in enumerate(heat.rows):
        middle = top + row * (i + 0.5)
        canvas.text(
            left - 0.5 * SMALL, middle, label, fontsize=SMALL, color=COLOURS["ink"], va="center",
            ha="right",
        )  # fmt: skip
        known = [int(k) for k in np.flatnonzero(np.isfinite(heat.values[i]))]
        canvas.barh(
            [middle] * len(known), [cell - 1] * len(known), left=[left + cell * k for k in known],
            height=row - 1, linewidth=0,
            color=[to_rgba(COLOURS["level-1"], 0.06 + 0.84 * float(heat.values[i, k]) / most)
                   for k in known],
        )  # fmt: skip
        for k in known:
            canvas.text(
                left + cell * (k + 0.5) - 0.5, middle, heat.text[i][k], fontsize=7.5,
                color=COLOURS["ink"], va="center", ha="center",
            )  # fmt: skip
    return figure


def _errors(scores: pl.DataFrame, labels: Mapping[str, str]) -> Figure:
    step, top = 17.0, 26.0
    height = top + step * scores.height + 4
    names = [labels.get(name, name) for name in scores["margin"]]
    left = (max(map(ems, names)) + 0.8) * TEXT
    right = WIDTH - 52
    decades = -np.log10(_LEAST)
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    canvas = full_canvas(figure, height)

    def place(value: float) -> float:
        share = 1 + np.log10(max(value, _LEAST)) / decades
        return float(left + (right - left) * share)

    for exponent in (-16, -12, -8, -4, 0):
        x = place(10.0**exponent)
        canvas.plot([x, x], [top, height], color=COLOURS["grid"], linewidth=0.7, zorder=0)
        canvas.text(
            x, top - 8, f"1e{exponent}" if exponent else "1", fontsize=SMALL,
            color=COLOURS["muted"], ha="center", va="center",
        )  # fmt: skip
    rows = scores.select("largest_error", "allowed").iter_rows()
    for i, (error, allowed) in enumerate(rows):
        middle = top + step * (i + 0.5)
        canvas.text(
            left - 0.6 * TEXT, middle, names[i], fontsize=TEXT, color=COLOURS["ink"], va="center",
            ha="right",
        )  # fmt: skip
        canvas.barh(
            middle, place(error) - left, left=left, height=9,
            color=COLOURS["bar"] if allowed is not None else COLOURS["level-2"],
        )  # fmt: skip
        if allowed is not None:
            x = place(allowed)
            canvas.plot(
                [x, x], [middle - 6, middle + 6], color=COLOURS["official"], linewidth=2
            )  # fmt: skip
        canvas.text(
            WIDTH - 1, middle, f"{error:.1e}", fontsize=SMALL, color=COLOURS["muted"],
            va="center", ha="right",
        )  # fmt: skip
    return figure


def _legend(canvas: mpl.axes.Axes, names: Sequence[str], y: float, x: float) -> None:
    """Write names beside a patch of their colour, in as many lines as they need."""
    at, start = x, x
    for name, colour in zip(names, _LEVEL_COLOURS, strict=False):
        wide = ems(name) * SMALL + 20
        if at + wide > WIDTH and at > start:
            at, y = start, y + 14
        canvas.barh(y, 10, left=at, height=9, color=colour, linewidth=0)
        canvas.text(at + 13, y, name, fontsize=SMALL, color=COLOURS["muted"], va="center")
        at += wide


def _lines(names: Sequence[str]) -> int:
    """Return how many lines a legend from the left edge has."""
    at, lines = 4.0, 1
    for name in names:
        wide = ems(name) * SMALL + 20
        if at + wide > WIDTH and at > 4.0:
            at, lines = 4.0, lines + 1
        at += wide
    return lines
