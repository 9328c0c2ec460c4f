"""The release's figures: age pyramid, a bar chart per margin, distances; as SVG or PNG."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from persona_assets.drawing import (
    COLOURS,
    SMALL,
    TEXT,
    WIDTH,
    ems,
    full_canvas,
    signed,
    to_png,
    to_svg,
)
from persona_assets.people.fidelity import MOST_TIMES_FLOOR
from persona_assets.release.fit import as_shares

# From so many released people on, single years say more than they flicker.
_SINGLE_YEARS_FROM = 50_000

# Longer labels (in full-width characters) go above their bar, not beside it.
_LONGEST_LABEL_BESIDE = 7.5


def age_pyramid(pyramid: pl.DataFrame) -> str:
    """Draw the age pyramid as an SVG element.

    Bars are the released people, in five-year groups (single years in large releases); the line
    is the official population by single year. Both are percent of all adults per year of age, so
    that groups of any width compare.

    Args:
        pyramid: `sex` (male, female), `age` (years), `official` (float), `released` (int).

    Raises:
        FitTableError: nobody official or nobody released.
    """
    return to_svg(lambda: _pyramid_figure(pyramid), "人口ピラミッド Age pyramid")


def age_pyramid_png(pyramid: pl.DataFrame) -> bytes:
    """Draw the age pyramid of `age_pyramid` as a PNG picture."""
    return to_png(lambda: _pyramid_figure(pyramid))


def margin_bars(fit: pl.DataFrame, title: str = "公的統計との比較") -> str:
    """Draw one margin as an SVG element: a bar per level, a mark where the official share is.

    Args:
        fit: `label`, `official`, `released`, counts or shares in any unit, in the order to show.
        title: What the figure is called for those who cannot see it.

    Raises:
        FitTableError: nobody official or nobody released.
    """
    return to_svg(lambda: _bars_figure(fit), title)


def margin_distances(distances: pl.DataFrame, labels: Mapping[str, str], title: str) -> str:
    """Draw how far the released people are from every fitted margin as an SVG element.

    A row per margin, logarithmic: a mark at the least that whole people allow, a band from there to
    what the draw is held to, a dot for the released people, a ring for a random draw of as many.

    Args:
        distances: margin, tvd, floor, iid (shares), of one scope; `people.fidelity.distances`.
        labels: What each margin is called.
        title: What the figure is called for those who cannot see it.
    """
    return to_svg(lambda: _distances_figure(distances, labels), title)


def _pyramid_figure(pyramid: pl.DataFrame) -> Figure:
    shares = as_shares(pyramid, "pyramid").sort("age")
    single = pyramid["released"].sum() >= _SINGLE_YEARS_FROM
    youngest, oldest = shares["age"].min(), shares["age"].max()
    assert isinstance(youngest, int)  # noqa: S101 - as_shares refuses an empty frame
    assert isinstance(oldest, int)  # noqa: S101
    ages = range(youngest, oldest + 1)
    step = 1 if single else 5
    starts = sorted({youngest, *(age for age in ages if age % step == 0)})
    ends = [*starts[1:], oldest + 1]

    height = 372.0
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0.1, 0.105, 0.885, 0.81))
    peak = 0.0
    for sex, sign, colour in (("male", -1, "male"), ("female", 1, "female")):
        rows = shares.filter(pl.col("sex") == sex)
        official = dict(rows.select("age", "official").iter_rows())
        released = dict(rows.select("age", "released").iter_rows())
        density = [
            sum(released.get(age, 0.0) for age in range(start, end)) / (end - start)
            for start, end in zip(starts, ends, strict=True)
        ]
        outline = [official.get(age, 0.0) for age in ages]
        peak = max(peak, *density, *outline)
        axes.barh(
            starts,
            [sign * value for value in density],
            height=[
                (end - start) * (1 if single else 0.94)
                for start, end in zip(starts, ends, strict=True)
            ],
            align="edge",
            color=COLOURS[colour],
            clip_on=False,
        )
        axes.stairs(
            [sign * value for value in outline],
            [*ages, oldest + 1],
            orientation="horizontal",
            baseline=None,
            color=COLOURS["official"],
            linewidth=1.3,
            clip_on=False,
        )
    limit = peak * 1.06
    axes.set_xlim(-limit, limit)
    axes.set_ylim(youngest, oldest + 1)
    unit = 0.5 if limit > 0.5 else 0.1
    count = int(limit / unit)
    ticks = [unit * k for k in range(-count, count + 1)]
    axes.set_xticks(ticks, [f"{abs(tick):.1f}" for tick in ticks])
    decades = [age for age in ages if age % 10 == 0]
    axes.set_yticks(decades, [f"{age}歳" for age in decades])
    axes.tick_params(left=False, bottom=False, labelsize=SMALL, labelcolor=COLOURS["muted"], pad=3)
    axes.grid(axis="x", color=COLOURS["grid"], linewidth=0.7, clip_on=False)
    axes.axvline(0, color=COLOURS["muted"], linewidth=0.7, clip_on=False)
    axes.set_axisbelow(True)
    axes.set_frame_on(False)

    canvas = full_canvas(figure, height)
    canvas.text(WIDTH * 0.115, 14, "男 Male", color=COLOURS["ink"], fontsize=TEXT, va="center")
    canvas.text(
        WIDTH * 0.985,
        14,
        "女 Female",
        color=COLOURS["ink"],
        fontsize=TEXT,
        va="center",
        ha="right",
    )
    canvas.plot([WIDTH * 0.37, WIDTH * 0.42], [14, 14], color=COLOURS["official"], linewidth=1.3)
    canvas.text(
        WIDTH * 0.435,
        14,
        "公的統計 official",
        color=COLOURS["muted"],
        fontsize=SMALL,
        va="center",
    )
    canvas.text(
        WIDTH * 0.5425,
        height - 7,
        "成人に占める割合（年齢1歳あたり％） % of adults per year of age",
        color=COLOURS["muted"],
        fontsize=SMALL,
        va="center",
        ha="center",
    )
    return figure


def _bars_figure(fit: pl.DataFrame) -> Figure:
    shares = as_shares(fit)
    labels: list[str] = shares["label"].to_list()
    above = max(map(ems, labels)) > _LONGEST_LABEL_BESIDE
    row_height, bar_height = (36.0, 9.0) if above else (17.0, 9.0)
    top = 30.0
    left = 1.0 if above else (max(map(ems, labels)) + 0.8) * TEXT
    right = WIDTH - 96
    height = top + row_height * len(labels) + 4
    largest = max(*shares["official"].to_list(), *shares["released"].to_list())
    scale = (right - left) / largest

    figure = Figure(figsize=(WIDTH / 72, height / 72))
    canvas = full_canvas(figure, height)
    canvas.barh(9, 16, left=1, height=bar_height, color=COLOURS["bar"])
    canvas.text(22, 9, "本データ released", fontsize=SMALL, color=COLOURS["muted"], va="center")
    canvas.plot([118, 118], [3, 15], color=COLOURS["official"], linewidth=2)
    canvas.text(124, 9, "公的統計 official", fontsize=SMALL, color=COLOURS["muted"], va="center")
    for x, text in ((WIDTH - 46, "％"), (WIDTH - 1, "差 pt")):
        canvas.text(x, 9, text, fontsize=SMALL, color=COLOURS["muted"], va="center", ha="right")

    for row, (label, official, released) in enumerate(
        shares.select("label", "official", "released").iter_rows()
    ):
        line = top + row_height * row
        bar = line + (23 if above else row_height / 2)
        text_line = line + 8 if above else bar
        canvas.text(
            left if above else left - 0.6 * TEXT,
            text_line,
            label,
            fontsize=TEXT,
            color=COLOURS["ink"],
            va="center",
            ha="left" if above else "right",
        )
        canvas.barh(bar, released * scale, left=left, height=bar_height, color=COLOURS["bar"])
        mark = left + official * scale
        canvas.plot([mark, mark], [bar - 6, bar + 6], color=COLOURS["official"], linewidth=2)
        canvas.text(
            WIDTH - 46, bar, f"{released:.2f}", fontsize=TEXT, color=COLOURS["ink"],
            va="center", ha="right",
        )  # fmt: skip
        canvas.text(
            WIDTH - 1, bar, signed(released - official), fontsize=SMALL, color=COLOURS["muted"],
            va="center", ha="right",
        )  # fmt: skip
    return figure


def _distances_figure(distances: pl.DataFrame, labels: Mapping[str, str]) -> Figure:
    step, top, radius = 17.0, 46.0, 3.4
    height = top + step * distances.height + 22
    names = [labels[margin] for margin in distances["margin"]]
    left = (max(map(ems, names)) + 0.8) * TEXT
    right = WIDTH - 10
    percent = distances.select(pl.col("tvd", "floor", "iid") * 100)
    seen = percent.to_numpy()
    # A floor of nothing, of a margin that whole people can meet, is at the left edge.
    least = np.floor(np.log10(seen[seen > 0].min(initial=1.0)))
    most = np.log10(max(seen.max(initial=0), MOST_TIMES_FLOOR * percent["floor"].to_numpy().max()))
    most = max(most + 0.05, least + 1)

    def place(value: float) -> float:
        share = (np.log10(max(value, 10**least)) - least) / (most - least)
        return float(left + (right - left) * share)

    figure = Figure(figsize=(WIDTH / 72, height / 72))
    canvas = full_canvas(figure, height)
    _distances_legend(canvas, radius)
    exponents = range(int(least), int(np.floor(most)) + 1)
    for exponent in exponents:
        x = place(10.0**exponent)
        canvas.plot([x, x], [top, height - 20], color=COLOURS["grid"], linewidth=0.7, zorder=0)
        text = f"{10.0**exponent:g}" if exponent >= -4 else f"1e{exponent}"
        canvas.text(
            x, height - 10, text + ("％" if exponent == exponents[-1] else ""), fontsize=SMALL,
            color=COLOURS["muted"], ha="center", va="center",
        )  # fmt: skip
    for row, (name, values) in enumerate(zip(names, percent.iter_rows(named=True), strict=True)):
        middle = top + step * (row + 0.5)
        canvas.text(
            left - 0.6 * TEXT, middle, name, fontsize=TEXT, color=COLOURS["ink"], va="center",
            ha="right",
        )  # fmt: skip
        floor = place(values["floor"])
        canvas.barh(
            middle, place(MOST_TIMES_FLOOR * values["floor"]) - floor, left=floor, height=9,
            color=COLOURS["bar"], linewidth=0,
        )  # fmt: skip
        canvas.plot(
            [floor, floor], [middle - 6, middle + 6], color=COLOURS["official"], linewidth=2
        )
        _ring(canvas, place(values["iid"]), middle, radius)
        _dot(canvas, place(values["tvd"]), middle, radius)
    return figure


def _distances_legend(canvas: Axes, radius: float) -> None:
    def text(x: float, y: float, words: str) -> None:
        canvas.text(x, y, words, fontsize=SMALL, color=COLOURS["muted"], va="center")

    _dot(canvas, 6, 9, radius)
    text(14, 9, "本データ released")
    _ring(canvas, 118, 9, radius)
    text(126, 9, "無作為抽出 random draw")
    canvas.barh(26, 16, left=6, height=9, color=COLOURS["bar"], linewidth=0)
    canvas.plot([6, 6], [20, 32], color=COLOURS["official"], linewidth=2)
    text(28, 26, f"整数の下限から{MOST_TIMES_FLOOR:g}倍まで  least of whole people, to twice it")


def _dot(canvas: Axes, x: float, y: float, radius: float) -> None:
    canvas.add_patch(Circle((x, y), radius, facecolor=COLOURS["ink"], linewidth=0, zorder=4))


def _ring(canvas: Axes, x: float, y: float, radius: float) -> None:
    canvas.add_patch(
        Circle((x, y), radius, fill=False, edgecolor=COLOURS["muted"], linewidth=1.3, zorder=3)
    )
