"""The release's figures: the age pyramid and one bar chart per margin, as SVG or PNG."""

import polars as pl
from matplotlib.figure import Figure

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
