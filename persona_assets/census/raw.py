"""The raw table: one official table as its publisher gives it, whatever door it came through.

The API, the downloads that people have on disk and the conformance server all speak of the same
thing: axes with members (code, name, level), and cells. What a cell means to the model is the
registry's business (`registry.py`).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from persona_assets.census.tables import TableError

# What e-Stat's own attributes are called; every other column of the cells is an axis.
CELL_COLUMNS = ("text", "unit", "annotation")

# Marks that stand for a figure in e-Stat's tables, beside those that a table declares in its NOTE.
STANDARD_MARKS = frozenset({"-", "***", "…", "...", "X", "x", "*", ""})


class RawTableError(TableError):
    """A table that contradicts itself: a cell given twice, a mark that nobody declared."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an axis, such as code `1`, name `男`."""

    code: str
    name: str
    level: str | None = None
    unit: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: `id` is e-Stat's role (tab, cat01 ... cat15, area, time), `name` what it shows."""

    id: str
    name: str
    members: tuple[Member, ...]

    @property
    def codes(self) -> list[str]:
        """The members' codes, in the publisher's order."""
        return [member.code for member in self.members]


@dataclass(frozen=True, slots=True)
class TableInfo:
    """What e-Stat says of a table: the parts of TABLE_INF that we use, as text."""

    id: str
    title: str
    number: str = ""
    statistics: str = ""
    survey_code: str = ""
    survey: str = ""
    survey_date: str = ""
    open_date: str = ""
    updated_date: str = ""
    collect_area: str = ""
    cells: int | None = None


@dataclass(frozen=True, slots=True)
class RawTable:
    """One table: its axes and one row per cell.

    `cells` has a column per axis id (Enum of the codes, sorted), then `text` as published,
    `unit` and `annotation`; `marks` are the characters that the table declares to stand for a
    missing figure, with what they mean.
    """

    info: TableInfo
    axes: tuple[Axis, ...]
    cells: pl.DataFrame
    marks: Mapping[str, str] = field(default_factory=dict)

    def axis(self, axis_id: str) -> Axis:
        """Return the axis with this role."""
        return next(axis for axis in self.axes if axis.id == axis_id)

    @property
    def content_hash(self) -> str:
        """SHA-256 of axes and cells, whatever their order; dates and parameters do not count."""
        return content_hash(self.axes, self.cells)


def make_table(
    info: TableInfo,
    axes: Sequence[Axis],
    pages: Iterable[pl.DataFrame],
    marks: Mapping[str, str] | None = None,
) -> RawTable:
    """Put pages of cells together.

    Args:
        info: What the publisher says of the table.
        axes: The axes, each member once.
        pages: Frames with a column of codes per axis id and those of CELL_COLUMNS.
        marks: Declared marks and their meaning.

    Raises:
        RawTableError: an axis has a member twice, or a cell is given twice.
    """
    axes = tuple(axes)
    for axis in axes:
        if len(set(axis.codes)) < len(axis.members):
            twice = next(code for code in axis.codes if axis.codes.count(code) > 1)
            raise RawTableError(f"table {info.id}: axis '{axis.name}' has the code {twice} twice")
    coded = [encode_page(page, axes) for page in pages]
    axes = with_undeclared(axes, coded)
    cells = pl.concat([encode_page(page, axes) for page in coded]) if coded else _no_cells(axes)
    repeated = cells.height - cell_index(axes, cells).n_unique()
    if repeated:
        raise RawTableError(
            f"table {info.id}: {repeated:,} of {cells.height:,} cells are given twice; the table "
            "was changed while it was read, or pages overlap: fetch it again"
        )
    return RawTable(info, axes, cells, dict(marks or {}))


def encode_page(page: pl.DataFrame, axes: Sequence[Axis]) -> pl.DataFrame:
    """Return a page with one small integer per code instead of text: a million cells stay small.

    A page with a code that its axis does not declare keeps that column as text.
    """
    columns: list[pl.Expr | pl.Series] = []
    for axis in axes:
        codes = sorted(axis.codes)
        if axis.id not in page.columns:
            # e-Stat may leave out an axis of one member.
            only = codes[0] if len(codes) == 1 else None
            columns.append(pl.lit(only, pl.Enum(codes)).alias(axis.id))
            continue
        if page[axis.id].dtype == pl.Enum(codes):
            columns.append(page[axis.id])
            continue
        column = page[axis.id].cast(pl.String)
        if len(codes) == 1:
            column = column.fill_null(codes[0])
        known = column.is_in(codes) | column.is_null()
        columns.append(column.cast(pl.Enum(codes)) if known.all() else column)
    texts = [
        pl.col(name).cast(pl.String)
        if name in page.columns
        else pl.lit(None, pl.String).alias(name)
        for name in CELL_COLUMNS
    ]
    return page.select(*columns, *texts)


def with_undeclared(axes: tuple[Axis, ...], pages: Sequence[pl.DataFrame]) -> tuple[Axis, ...]:
    """Return the axes, with codes that only cells mention as members without a name.

    There are tables whose classes and cells disagree; the cells are the truth (seen by others in
    live tables). A nameless member matches no level, so the registry reports it if it matters.
    """
    complete = []
    for axis in axes:
        known = set(axis.codes)
        found = {
            code
            for page in pages
            if page[axis.id].dtype == pl.String
            for code in page[axis.id].unique()
            if code is not None and code not in known
        }
        extra = tuple(Member(code, "") for code in sorted(found))
        complete.append(Axis(axis.id, axis.name, axis.members + extra))
    return tuple(complete)


def _no_cells(axes: Sequence[Axis]) -> pl.DataFrame:
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        axis.id: pl.Enum(sorted(axis.codes)) for axis in axes
    }
    return pl.DataFrame(schema={**schema, **dict.fromkeys(CELL_COLUMNS, pl.String)})


def cell_index(axes: Sequence[Axis], cells: pl.DataFrame) -> pl.Series:
    """Return each cell's place in the full grid of the axes, a number of its own per cell."""
    index = np.zeros(cells.height, dtype=np.uint64)
    for axis in axes:
        # A cell without a code on an axis stands before the first member.
        place = cells[axis.id].to_physical().cast(pl.Int64).fill_null(-1).to_numpy() + 1
        index = index * np.uint64(len(axis.members) + 1) + place.astype(np.uint64)
    return pl.Series("index", index)


def content_hash(axes: Sequence[Axis], cells: pl.DataFrame) -> str:
    """Return the SHA-256 of axes and cells, whatever order they came in."""
    axes = sorted(axes, key=lambda axis: axis.id)
    digest = hashlib.sha256()
    for axis in axes:
        members = sorted((m.code, m.name, m.level, m.unit, m.parent) for m in _texts(axis.members))
        digest.update(
            json.dumps([axis.id, axis.name, members], ensure_ascii=False).encode() + b"\n"
        )
    index = cell_index(axes, cells)
    order = index.arg_sort()
    digest.update(index.gather(order).to_numpy().tobytes())
    for name in CELL_COLUMNS:
        # A text never holds these two, so they can stand for 'none' and 'next'.
        texts = cells[name].fill_null("\x00")
        if len(texts) and (texts == texts[0]).all():
            # A unit is the same in every cell; no need to write it a million times.
            joined = f"{texts[0]}\x01all"
        else:
            joined = str(texts.gather(order).str.join("\x01").item())
        digest.update(b"\n" + joined.encode())
    return digest.hexdigest()


def _texts(members: Sequence[Member]) -> list[Member]:
    return [Member(m.code, m.name, m.level or "", m.unit or "", m.parent or "") for m in members]


def figures(table: RawTable, *, dash_is_zero: bool) -> pl.DataFrame:
    """Return the cells with `value` (Float64, null where there is no figure) and `value_note`.

    Args:
        table: The raw table.
        dash_is_zero: Whether `-` means "nobody", as in the census's tables of counts, or
            "not available", as in the System of Social and Demographic Statistics.

    Raises:
        RawTableError: a cell is neither a number nor a mark that is declared or usual.
    """
    text = table.cells["text"]
    number = text.cast(pl.Float64, strict=False)
    if number.null_count():
        # Few are no plain numbers: marks, and figures with thousands commas.
        text = text.fill_null("").str.replace_all(",", "").str.strip_chars()
        number = text.cast(pl.Float64, strict=False)
    note = pl.select(pl.when(number.is_null()).then(text)).to_series()
    cells = table.cells.with_columns(number.alias("value"), note.alias("value_note"))
    known = [*STANDARD_MARKS, *table.marks]
    strange = cells.filter(pl.col("value_note").is_not_null() & ~pl.col("value_note").is_in(known))
    if strange.height:
        row = strange.select(*(axis.id for axis in table.axes), "text").row(0, named=True)
        raise RawTableError(
            f"table {table.info.id}: {strange.height:,} cells are neither a number nor a declared "
            f"mark, the first is {row}"
        )
    if dash_is_zero:
        cells = cells.with_columns(
            pl.when(pl.col("value_note") == "-").then(0.0).otherwise("value").alias("value")
        )
    return cells
