"""What all drawn figures share: size, fonts, colours by role, and how one becomes SVG or PNG.

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
from matplotlib.figure import Figure

# Colour of each role: CSS variable and the colour where nothing sets it (PNG, a lone SVG file).
COLOURS: Final = {
    "ink": "#23272f",
    "muted": "#6f7580",
    "grid": "#dcdad4",
    "bar": "#8fb0c9",
    "male": "#8fb0c8",
    "female": "#e0b3a2",
    "official": "#a63d2f",
    # Levels that are told apart by nothing but their colour, at most eight.
    "level-1": "#5b84a6",
    "level-2": "#e0a35a",
    "level-3": "#7fa87a",
    "level-4": "#b56a6a",
    "level-5": "#8d7fb0",
    "level-6": "#c9b458",
    "level-7": "#6fb0ad",
    "level-8": "#b08f7a",
}

# Text is measured with the font that ships with matplotlib-fontja and shown with the reader's.
_DRAWING_FONT = "IPAexGothic"
_READER_FONTS = (
    "'Noto Sans JP', 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic', 'Meiryo', sans-serif"
)

# One SVG unit is one point. 360 wide fills a phone without shrinking the text.
WIDTH = 360.0
TEXT = 10.5
SMALL = 9.0
_PNG_DPI = 160


def signed(value: float, decimals: int = 2) -> str:
    """Format a difference with its sign; what rounds to nothing is ±0."""
    text = f"{abs(value):.{decimals}f}"
    sign = "±" if not float(text) else "+" if value > 0 else "−"
    return sign + text


def ems(text: str) -> float:
    """Return the width of a text in full-width characters."""
    return sum(1.0 if east_asian_width(c) in "WFA" else 0.55 for c in text)


def full_canvas(figure: Figure, height: float) -> mpl.axes.Axes:
    """Cover the figure with axes whose unit is one point, y downwards from the top."""
    canvas = figure.add_axes((0, 0, 1, 1))
    canvas.set_xlim(0, WIDTH)
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


def to_svg(draw: Callable[[], Figure], title: str) -> str:
    """Draw a figure as an SVG element, named for those who cannot see it."""
    text = io.StringIO()
    with _style():
        draw().savefig(
            text,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
        )
    return _tidy(text.getvalue(), title)


def to_png(draw: Callable[[], Figure]) -> bytes:
    """Draw a figure as a PNG picture."""
    content = io.BytesIO()
    with _style():
        draw().savefig(content, format="png", dpi=_PNG_DPI, metadata={"Software": None})
    return content.getvalue()


def _tidy(svg: str, title: str) -> str:
    """Make matplotlib's SVG file an element that can stand in a page beside others.

    Goes: the prolog with its address, ids (the same in every figure) and what refers to them, style
    rules that would reach the whole page, the fixed size. Comes: a name, the reader's fonts,
    colours by role.
    """
    view_box = re.search(r'viewBox="([^"]+)"', svg)
    assert view_box is not None  # noqa: S101 - matplotlib always writes one
    body = svg[svg.index(">", view_box.end()) + 1 :]
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r' id="[^"]*"', "", body)
    body = re.sub(r' clip-path="url\([^"]*\)"', "", body)
    body = body.replace(f"'{_DRAWING_FONT}'", _READER_FONTS)
    for role, colour in COLOURS.items():
        body = body.replace(colour, f"var(--plot-{role}, {colour})")
    body = re.sub(r"\n\s*", "\n", body).strip()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view_box[1]}" role="img" '
        f'aria-label="{escape(title)}" stroke-linejoin="round">\n{body}'
    )
