"""The release's figures: the age pyramid and one bar chart per margin, as SVG or PNG.

Each figure is drawn once and saved in two ways. SVG keeps its text as text and its colours as CSS
variables, so that a page can set both; PNG is for places that show only pictures.
"""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from html import escape
from importlib import import_module
from typing import Final
from unicodedata import east_asian_width

import matplotlib as mpl
import polars as pl
from matplotlib.figure import Figure

from persona_assets.release.fit import as_shares

# Colour of each role: CSS variable and the colour where nothing sets it (PNG, a lone SVG file).
COLOURS: Final = {
    "ink": "#23272f",
    "muted": "#6f7580",
    "grid": "#dcdad4",
    "bar": "#8fb0c9",
    "male": "#8fb0c8",
    "female": "#e0b3a2",
    "official": "#a63d2f",
}

# Text is measured with the font that ships with matplotlib-fontja and shown with the reader's.
_DRAWING_FONT = "IPAexGothic"
_READER_FONTS = (
    "'Noto Sans JP', 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic', 'Meiryo', sans-serif"
)

# One SVG unit is one point. 360 wide fills a phone without shrinking the text.
_WIDTH = 360.0
_TEXT = 10.5
_SMALL = 9.0
_PNG_DPI = 160

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
    return _svg(lambda: _pyramid_figure(pyramid), "人口ピラミッド Age pyramid")


def age_pyramid_png(pyramid: pl.DataFrame) -> bytes:
    """Draw the age pyramid of `age_pyramid` as a PNG picture."""
    return _png(lambda: _pyramid_figure(pyramid))


def margin_bars(fit: pl.DataFrame, title: str = "公的統計との比較") -> str:
    """Draw one margin as an SVG element: a bar per level, a mark where the official share is.

    Args:
        fit: `label`, `official`, `released`, counts or shares in any unit, in the order to show.
        title: What the figure is called for those who cannot see it.

    Raises:
        FitTableError: nobody official or nobody released.
    """
    return _svg(lambda: _bars_figure(fit), title)


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
    figure = Figure(figsize=(_WIDTH / 72, height / 72))
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
    axes.tick_params(left=False, bottom=False, labelsize=_SMALL, labelcolor=COLOURS["muted"], pad=3)
    axes.grid(axis="x", color=COLOURS["grid"], linewidth=0.7, clip_on=False)
    axes.axvline(0, color=COLOURS["muted"], linewidth=0.7, clip_on=False)
    axes.set_axisbelow(True)
    axes.set_frame_on(False)

    canvas = _canvas(figure, height)
    canvas.text(_WIDTH * 0.115, 14, "男 Male", color=COLOURS["ink"], fontsize=_TEXT, va="center")
    canvas.text(
        _WIDTH * 0.985,
        14,
        "女 Female",
        color=COLOURS["ink"],
        fontsize=_TEXT,
        va="center",
        ha="right",
    )
    canvas.plot([_WIDTH * 0.37, _WIDTH * 0.42], [14, 14], color=COLOURS["official"], linewidth=1.3)
    canvas.text(
        _WIDTH * 0.435,
        14,
        "公的統計 official",
        color=COLOURS["muted"],
        fontsize=_SMALL,
        va="center",
    )
    canvas.text(
        _WIDTH * 0.5425,
        height - 7,
        "成人に占める割合（年齢1歳あたり％） % of adults per year of age",
        color=COLOURS["muted"],
        fontsize=_SMALL,
        va="center",
        ha="center",
    )
    return figure


def _bars_figure(fit: pl.DataFrame) -> Figure:
    shares = as_shares(fit)
    labels: list[str] = shares["label"].to_list()
    above = max(map(_ems, labels)) > _LONGEST_LABEL_BESIDE
    row_height, bar_height = (36.0, 9.0) if above else (17.0, 9.0)
    top = 30.0
    left = 1.0 if above else (max(map(_ems, labels)) + 0.8) * _TEXT
    right = _WIDTH - 96
    height = top + row_height * len(labels) + 4
    largest = max(*shares["official"].to_list(), *shares["released"].to_list())
    scale = (right - left) / largest

    figure = Figure(figsize=(_WIDTH / 72, height / 72))
    canvas = _canvas(figure, height)
    canvas.barh(9, 16, left=1, height=bar_height, color=COLOURS["bar"])
    canvas.text(22, 9, "本データ released", fontsize=_SMALL, color=COLOURS["muted"], va="center")
    canvas.plot([118, 118], [3, 15], color=COLOURS["official"], linewidth=2)
    canvas.text(124, 9, "公的統計 official", fontsize=_SMALL, color=COLOURS["muted"], va="center")
    for x, text in ((_WIDTH - 46, "％"), (_WIDTH - 1, "差 pt")):
        canvas.text(x, 9, text, fontsize=_SMALL, color=COLOURS["muted"], va="center", ha="right")

    for row, (label, official, released) in enumerate(
        shares.select("label", "official", "released").iter_rows()
    ):
        line = top + row_height * row
        bar = line + (23 if above else row_height / 2)
        text_line = line + 8 if above else bar
        canvas.text(
            left if above else left - 0.6 * _TEXT,
            text_line,
            label,
            fontsize=_TEXT,
            color=COLOURS["ink"],
            va="center",
            ha="left" if above else "right",
        )
        canvas.barh(bar, released * scale, left=left, height=bar_height, color=COLOURS["bar"])
        mark = left + official * scale
        canvas.plot([mark, mark], [bar - 6, bar + 6], color=COLOURS["official"], linewidth=2)
        canvas.text(
            _WIDTH - 46, bar, f"{released:.2f}", fontsize=_TEXT, color=COLOURS["ink"],
            va="center", ha="right",
        )  # fmt: skip
        canvas.text(
            _WIDTH - 1, bar, signed(released - official), fontsize=_SMALL, color=COLOURS["muted"],
            va="center", ha="right",
        )  # fmt: skip
    return figure


def signed(value: float, decimals: int = 2) -> str:
    """Format a difference with its sign; what rounds to nothing is ±0."""
    text = f"{abs(value):.{decimals}f}"
    sign = "±" if not float(text) else "+" if value > 0 else "−"
    return sign + text


def _ems(text: str) -> float:
    """Return the width of a text in full-width characters."""
    return sum(1.0 if east_asian_width(c) in "WFA" else 0.55 for c in text)


def _canvas(figure: Figure, height: float) -> mpl.axes.Axes:
    """Cover the figure with axes whose unit is one point, y downwards from the top."""
    canvas = figure.add_axes((0, 0, 1, 1))
    canvas.set_xlim(0, _WIDTH)
    canvas.set_ylim(height, 0)
    canvas.set_axis_off()
    canvas.patch.set_visible(False)
    return canvas


@cache
def _register_drawing_font() -> None:
    # importing it adds the font to matplotlib's list; there is nothing to call
    import_module("matplotlib_fontja")


@contextmanager
def _style() -> Iterator[None]:
    _register_drawing_font()
    with mpl.rc_context(
        {
            "font.family": _DRAWING_FONT,
            "axes.unicode_minus": False,
            "svg.fonttype": "none",
            "svg.hashsalt": "persona-assets",
        }
    ):
        yield


def _svg(draw: Callable[[], Figure], title: str) -> str:
    text = io.StringIO()
    with _style():
        draw().savefig(
            text,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
        )
    return _tidy(text.getvalue(), title)


def _png(draw: Callable[[], Figure]) -> bytes:
    content = io.BytesIO()
    with _style():
        draw().savefig(content, format="png", dpi=_PNG_DPI, metadata={"Software": None})
    return content.getvalue()


def _tidy(svg: str, title: str) -> str:
    """Make matplotlib's SVG file an element that can stand in a page beside others.

    Goes: the prolog with its address, ids (the same in every figure), style rules that would
    reach the whole page, the fixed size. Comes: a name, the reader's fonts, colours by role.
    """
    view_box = re.search(r'viewBox="([^"]+)"', svg)
    assert view_box is not None  # noqa: S101 - matplotlib always writes one
    body = svg[svg.index(">", view_box.end()) + 1 :]
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r' id="[^"]*"', "", body)
    body = body.replace(f"'{_DRAWING_FONT}'", _READER_FONTS)
    for role, colour in COLOURS.items():
        body = body.replace(colour, f"var(--plot-{role}, {colour})")
    body = re.sub(r"\n\s*", "\n", body).strip()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view_box[1]}" role="img" '
        f'aria-label="{escape(title)}" stroke-linejoin="round">\n{body}'
    )
