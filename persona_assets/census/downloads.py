"""The other doors to official tables: files that people downloaded from e-Stat.

A file is recognised by its content, whatever its name: the "long" and the cross-tab CSV of e-Stat's
database, the Excel book of main results, and a saved answer of getStatsData; also one of them in a
zip or gzip. All become the same raw tables that the API gives, with figures as text without
thousands commas, so that the doors can be compared.
"""

import codecs
import csv
import gzip
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import fastexcel
import polars as pl

from persona_assets.census import wire
from persona_assets.census.raw import Axis, Member, RawTable, TableInfo, make_table
from persona_assets.census.tables import TableError
from persona_assets.errors import PersonaAssetsError

# Titles, legend and header are above this row; what has no header by then is no such file.
HEAD_ROWS: Final = 60

# A cross-tab names its axes but not their roles; those that are not here are cat01, cat02 ...
ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "tab": ("表章", "観測値"),
    "time": ("時間軸", "調査年"),
    "area": ("全国", "地域", "都道府県", "市区町村"),
}

PATH_MARK: Final = "／"
IMPUTED: Final = "※"

_AREA_COLUMN: Final = "都道府県・市区町村名"

_LONG_CODE = re.compile(r"(tab|cat\d\d|area|time)_code")
_LONG_CELLS = {"value": "text", "unit": "unit", "annotation": "annotation"}
_CODE = re.compile(r"(?:(.+)\s)?コード")
_SUB_CODE = re.compile(r"(?:(.+)\s)?補助コード")
_MARK = re.compile(r"\W{1,3}|[A-Za-z]")

_AGAIN = "download it again from e-Stat"
_WITH_CODES = f"{_AGAIN} with its codes (コードの出力: する)"


class DownloadError(TableError):
    """A file that is no download of e-Stat, or a damaged one; says where, what and what to do."""


def read_download(path: Path, *, table_id: str = "") -> tuple[RawTable, ...]:
    """Read a file that was downloaded from e-Stat: one table, or one per sheet of a book.

    Codes, names, figures and units are the file's; a CSV of the database gives no levels but those
    that area codes show (1 the nation, 2 prefectures), and a cross-tab gives no cell where it is
    blank. In a book the members of the axis 事項 are the columns, by letter, with level `imputed`
    (marked ※: unknowns are distributed) or `published`; areas below prefectures have the book's
    地域識別コード as level, such as 識別2 for a city.

    Args:
        path: The file, as it came or in a zip or gzip.
        table_id: The table's id, which only a saved answer knows itself.

    Raises:
        DownloadError: the file cannot be read as any of these; says where, what and what to do.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DownloadError(f"{path} cannot be read: {error.strerror}") from None
    return read_bytes(content, str(path), table_id=table_id)


def read_bytes(content: bytes, name: str, *, table_id: str = "") -> tuple[RawTable, ...]:
    """Read the content of such a file; `name` is what an error calls it. See `read_download`."""
    try:
        return _read(content, table_id)
    except PersonaAssetsError as error:
        raise DownloadError(f"{name}: {error}") from None


def _read(content: bytes, table_id: str) -> tuple[RawTable, ...]:
    content = _unpacked(content)
    if content.startswith(b"PK\x03\x04"):
        return _read_book(content, table_id)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise DownloadError("an Excel book of the old kind (.xls): save it as .xlsx")
    content = _as_utf8(content)
    if not content.strip():
        raise DownloadError(f"the file is empty: {_AGAIN}")
    if content.lstrip().startswith(b"{"):
        return (_read_answer(content, table_id),)
    return (_read_csv(content, table_id),)


def _unpacked(content: bytes) -> bytes:
    """Return the one file of a gzip or zip; an Excel book is a zip too, and stays as it is."""
    try:
        if content.startswith(b"\x1f\x8b"):
            return gzip.decompress(content)
        if not content.startswith(b"PK\x03\x04"):
            return content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [name for name in archive.namelist() if not name.endswith("/")]
            if "xl/workbook.xml" in files:
                return content
            if len(files) != 1:
                raise DownloadError(
                    f"the zip holds {len(files)} files ({', '.join(files[:3])} ...): unpack it and "
                    "give them one by one"
                )
            return archive.read(files[0])
    # RuntimeError is what an encrypted zip gives.
    except (gzip.BadGzipFile, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        raise DownloadError(f"the archive cannot be unpacked ({error}): {_AGAIN}") from None


def _as_utf8(content: bytes) -> bytes:
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return content
    # Shift_JIS does not have these bytes, but Python reads them as private characters.
    foreign = re.search(rb"[\xfd-\xff]", content)
    try:
        if foreign is None:
            return content.decode("cp932").encode("utf-8")
        at = foreign.start()
    except UnicodeDecodeError as error:
        at = error.start
    line = content.count(b"\n", 0, at) + 1
    raise DownloadError(
        f"line {line} is neither UTF-8 nor Shift_JIS (cp932), it has the byte 0x{content[at]:02x}: "
        f"{_AGAIN}, and do not save it with another program"
    )


# ---- a saved answer -----------------------------------------------------------------------------


def _read_answer(content: bytes, table_id: str) -> RawTable:
    page = wire.parse_stats_data(content)
    if page.axes is None:
        raise DownloadError("the answer was saved without its classes: save it with metaGetFlg=Y")
    if page.cells.height < page.total:
        raise DownloadError(
            f"the answer holds cells {page.first:,} to {page.last:,} of {page.total:,}: one file "
            "must hold them all, ask for fewer codes"
        )
    if table_id and page.info.id != table_id:
        raise DownloadError(f"the answer is of table {page.info.id}, not of {table_id}")
    return make_table(page.info, page.axes, [page.cells], page.marks)


# ---- CSV of the database ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Head:
    """The rows above the figures, and how many lines they take; the last one heads the columns."""

    rows: list[list[str]]
    lines: int

    @property
    def columns(self) -> list[str]:
        return self.rows[-1]


@dataclass(frozen=True, slots=True)
class _Place:
    """An axis's name, and the columns that hold its members' codes and, if there are any, names."""

    name: str
    codes: int
    labels: int | None


# By axis across: code and name of each column of figures.
_Across = dict[str, list[tuple[str, str]]]


def _read_csv(content: bytes, table_id: str) -> RawTable:
    head = _find_head(content)
    rows = _body(content, head)
    read = _read_long if _is_long(head.columns) else _read_cross
    axes, cells = read(head, rows)
    # With commas, the same figure from two doors would be two texts.
    text = pl.col("text").str.replace_all(",", "", literal=True).str.strip_chars()
    info, marks = _titles(head.rows, table_id)
    if any(row[0] == "NEXT_KEY" and any(row[1:]) for row in head.rows if row):
        raise DownloadError(
            "the CSV is one page of a longer answer (it has a NEXT_KEY): one file must hold all "
            "cells, ask for fewer codes"
        )
    return make_table(info, axes, [cells.with_columns(text)], marks)


def _find_head(content: bytes) -> _Head:
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline=""))
    rows: list[list[str]] = []
    try:
        for row in islice(reader, HEAD_ROWS):
            rows.append([cell.strip() for cell in row])
            if _is_long(rows[-1]) or any(_CODE.fullmatch(c) and c[0] != "/" for c in rows[-1]):
                return _Head(rows, reader.line_num)
    except csv.Error as error:
        raise DownloadError(f"line {reader.line_num}: {error}; {_AGAIN}") from None
    cells = [cell for row in rows for cell in row]
    if any(cell.startswith("/") or cell in ("統計名：", "表番号：", "unit") for cell in cells):
        raise DownloadError(f"the header has no code columns: {_WITH_CODES}")
    raise DownloadError(
        f"not a download of e-Stat, it begins with '{', '.join(cells)[:60]}': give a CSV of the "
        "database with codes, the book of main results, or a saved answer of getStatsData"
    )


def _is_long(row: Sequence[str]) -> bool:
    return "value" in row and any(_LONG_CODE.fullmatch(cell) for cell in row)


def _body(content: bytes, head: _Head) -> pl.DataFrame:
    """Return the rows below the header, columns named by their place, all text."""
    body = b"".join(content.split(b"\n", head.lines)[head.lines :]).rstrip()
    if not body:
        raise DownloadError(f"there are no figures below the header in line {head.lines}: {_AGAIN}")
    places = [str(place) for place in range(len(head.columns))]
    try:
        _check_widths(_text_columns(body, ["line"], separator="\x1f", quote=None)["line"], head)
        return _text_columns(body, places, separator=",", quote='"')
    except pl.exceptions.PolarsError as error:
        message = " ".join(str(error).split())[:120]
        raise DownloadError(f"the CSV cannot be read ({message}): {_AGAIN}") from None


def _text_columns(
    body: bytes, columns: Sequence[str], *, separator: str, quote: str | None
) -> pl.DataFrame:
    return pl.read_csv(
        body,
        has_header=False,
        separator=separator,
        quote_char=quote,
        schema=dict.fromkeys(columns, pl.String),
        empty_string_is_null=False,
    )


def _check_widths(lines: pl.Series, head: _Head) -> None:
    """Raise DownloadError for a row with fewer or more cells; polars would fill it up."""
    width = len(head.columns)
    # What is quoted may hold commas; a quote that nothing closes stays, and is found here too.
    bare = lines.str.replace_all(r'"[^"]*"', "")
    commas = bare.str.count_matches(",", literal=True)
    ragged = ((commas != width - 1) | bare.str.contains('"', literal=True)).arg_true()
    if ragged.len():
        row = ragged[0]
        raise DownloadError(
            f"line {head.lines + row + 1} has {commas[row] + 1} cells, the header has {width}: "
            f"'{lines[row][:60]}'; {_AGAIN}, or take the row out if it is a note"
        )


def _read_long(head: _Head, rows: pl.DataFrame) -> tuple[list[Axis], pl.DataFrame]:
    header = head.columns
    places = {}
    for n, cell in enumerate(header):
        match = _LONG_CODE.fullmatch(cell)
        if match:
            following = header[n + 1] if n + 1 < len(header) else "value"
            named = following not in _LONG_CELLS and not _LONG_CODE.fullmatch(following)
            place = _Place(following, n, n + 1) if named else _Place("", n, None)
            places[match[1]] = place
    axes = [_axis(axis_id, place, rows, head) for axis_id, place in places.items()]
    columns = {axis_id: place.codes for axis_id, place in places.items()}
    columns |= {_LONG_CELLS[cell]: n for n, cell in enumerate(header) if cell in _LONG_CELLS}
    cells = rows.select(pl.col(str(n)).alias(name) for name, n in columns.items())
    # The API leaves out what a cell does not have.
    return axes, cells.with_columns(pl.col("^(unit|annotation)$").replace("", None))


def _read_cross(head: _Head, rows: pl.DataFrame) -> tuple[list[Axis], pl.DataFrame]:
    down, across, first = _cross_header(head)
    ids = _axis_ids([*(place.name for place in down), *across])
    places = dict(zip(ids, down, strict=False))
    axes = [_axis(axis_id, place, rows, head) for axis_id, place in places.items()]
    figures = [str(n) for n in range(first, rows.width)]
    columns = {"column": figures}
    for axis_id, (name, members) in zip(ids[len(down) :], across.items(), strict=True):
        columns[axis_id] = [code for code, _ in members]
        axes.append(Axis(axis_id, name, _members(axis_id, dict.fromkeys(members))))
    cells = (
        rows.select(
            *(pl.col(str(place.codes)).alias(axis_id) for axis_id, place in places.items()),
            *figures,
        )
        .unpivot(on=figures, index=list(places), variable_name="column", value_name="text")
        # A cross-tab has room for cells that the table does not have.
        .filter(pl.col("text").str.strip_chars() != "")
        .join(pl.DataFrame(columns), on="column", how="left", maintain_order="left")
    )
    return _with_units(axes, cells)


def _cross_header(head: _Head) -> tuple[list[_Place], _Across, int]:
    """Return a cross-tab's axes down the rows and across the columns, and the first of these."""
    header = head.columns
    down = []
    n = 0
    while n < len(header) and _CODE.fullmatch(header[n]):
        labels = n + 1
        if labels < len(header) and _SUB_CODE.fullmatch(header[labels]):
            labels += 1
        if labels >= len(header):
            raise DownloadError(
                f"line {head.lines}: '{header[n]}' has no column of names: {_AGAIN}"
            )
        down.append(_Place(header[labels], n, labels))
        n = labels + 1
    if n >= len(header):
        raise DownloadError(f"line {head.lines}: the header has no columns of figures: {_AGAIN}")
    if header[n].startswith("/"):
        return down, _across(head, n), n + 1
    if not down or any(_CODE.fullmatch(cell) for cell in header[n:]):
        raise DownloadError(f"line {head.lines}: '{header[n]}' has no codes: {_WITH_CODES}")
    if not all(header[n:]):
        raise DownloadError(f"line {head.lines}: a column of figures has no label: {_AGAIN}")
    # The simplest form: one axis across, of which only the labels are given.
    return down, {"": [(label, label) for label in header[n:]]}, n


def _across(head: _Head, at: int) -> _Across:
    """Read the rows that head the axes across; column `at` has their titles."""
    codes: dict[str, list[str]] = {}
    labels: dict[str, list[str]] = {}
    for row in head.rows:
        if len(row) <= at or not row[at].startswith("/") or _SUB_CODE.fullmatch(row[at]):
            continue
        if len(row) != len(head.columns):
            raise DownloadError(
                f"the header row '{row[at]}' has {len(row)} cells, the last one has "
                f"{len(head.columns)}: {_AGAIN}"
            )
        title = row[at].removeprefix("/")
        match = _CODE.fullmatch(title)
        if match and match[1]:
            codes[match[1]] = row[at + 1 :]
        else:
            labels[title] = row[at + 1 :]
    # Many downloads have codes for the rows only; labels tell the columns apart as well.
    return {
        name: list(zip(codes.get(name, texts), texts, strict=True))
        for name, texts in labels.items()
    }


def _axis_ids(names: Iterable[str]) -> list[str]:
    ids: list[str] = []
    for name in names:
        role = next((role for role, starts in ROLES.items() if name.startswith(starts)), None)
        if role is None or role in ids:
            role = f"cat{1 + sum(taken.startswith('cat') for taken in ids):02d}"
        ids.append(role)
    return ids


def _axis(axis_id: str, place: _Place, rows: pl.DataFrame, head: _Head) -> Axis:
    """Return the axis whose members are the rows' codes and names."""
    codes = rows[str(place.codes)].alias("code")
    blank = (codes.str.strip_chars() == "").arg_true()
    if blank.len():
        raise DownloadError(
            f"line {head.lines + blank[0] + 1}: no code in column {place.codes + 1} "
            f"'{head.columns[place.codes]}': {_AGAIN}"
        )
    labels = pl.lit("") if place.labels is None else rows[str(place.labels)].str.strip_chars()
    pairs = pl.select(codes, labels.alias("label")).unique(maintain_order=True)
    return Axis(axis_id, place.name, _members(axis_id, pairs.iter_rows()))


def _members(axis_id: str, pairs: Iterable[tuple[str, str]]) -> tuple[Member, ...]:
    members = tuple(Member(code, name) for code, name in pairs)
    if axis_id != "area":
        return members
    short = [member.code for member in members if re.fullmatch(r"\d{4}", member.code)]
    if short and any(re.fullmatch(r"\d{5}", member.code) for member in members):
        raise DownloadError(
            f"the area code '{short[0]}' has lost its leading zero, as when Excel saves a CSV: "
            f"{_AGAIN}"
        )
    return tuple(replace(member, level=area_level(member.code)) for member in members)


def area_level(code: str) -> str | None:
    """Return e-Stat's level of an area as far as its code shows it: 1 nation, 2 prefecture."""
    if code == "00000":
        return "1"
    return "2" if re.fullmatch(r"\d\d000", code) else None


def _with_units(axes: list[Axis], cells: pl.DataFrame) -> tuple[list[Axis], pl.DataFrame]:
    """Take the unit out of names such as 人口【人】, where a cross-tab has it."""
    for n, axis in enumerate(axes):
        if axis.id == "tab":
            members = tuple(_with_unit(member) for member in axis.members)
            axes[n] = replace(axis, members=members)
            units = {member.code: member.unit for member in members}
            unit = pl.col("tab").replace_strict(units, return_dtype=pl.String)
            cells = cells.with_columns(unit.alias("unit"))
    return axes, cells


def _with_unit(member: Member) -> Member:
    match = re.fullmatch(r"(.*)【(.+)】", member.name)
    return replace(member, name=match[1], unit=match[2]) if match else member


def _titles(rows: Iterable[Sequence[str]], table_id: str) -> tuple[TableInfo, dict[str, str]]:
    """Return what the title block says of the table, and the marks that the legend explains."""
    filled = [[cell for cell in row if cell] for row in rows]
    block = {row[0].rstrip("：:"): row[1:] for row in filled if row and row[0][-1] in "：:"}
    marks = {row[0]: row[1] for row in filled if len(row) == 2 and _MARK.fullmatch(row[0])}
    date = "".join(block.get("実施年月", ()))
    month = re.fullmatch(r"(\d{4})年(\d{1,2})月", date)
    info = TableInfo(
        id=table_id,
        title="".join(block.get("表題", ())),
        number="".join(block.get("表番号", ())),
        statistics="".join(block.get("統計名", ())),
        # As the API writes it.
        survey_date=f"{month[1]}{int(month[2]):02d}" if month else date,
    )
    return info, marks


# ---- the book of main results -------------------------------------------------------------------


def _read_book(content: bytes, table_id: str) -> tuple[RawTable, ...]:
    try:
        sheets = pl.read_excel(
            io.BytesIO(content),
            engine="calamine",
            sheet_id=0,
            has_header=False,
            # All cells as text, and none left out: rows and columns keep their numbers.
            infer_schema_length=0,
            drop_empty_rows=False,
            drop_empty_cols=False,
            raise_if_empty=False,
            read_options={"skip_rows": 0},
        )
        ends = _group_ends(content)
    except (
        fastexcel.FastExcelError,
        zipfile.BadZipFile,
        KeyError,
        ET.ParseError,
    ) as error:
        reason = str(error).partition("\n")[0]
        raise DownloadError(f"the Excel book cannot be read ({reason}): {_AGAIN}") from None
    tables = tuple(
        _read_sheet(name, grid, ends.get(name, {}), table_id)
        for name, grid in sheets.items()
        if grid.height
    )
    if not tables:
        raise DownloadError(f"the Excel book is empty: {_AGAIN}")
    return tables


def _read_sheet(
    name: str, grid: pl.DataFrame, ends: Mapping[int, Collection[int]], table_id: str
) -> RawTable:
    head = [[_flat(cell) for cell in row] for row in grid.head(HEAD_ROWS).rows()]
    # The header runs from the row that begins with 地域 to the one that names the area columns.
    top = next((n for n, row in enumerate(head) if row[0] == "地域"), 0)
    bottom = next((n for n, row in enumerate(head) if _AREA_COLUMN in row), 0)
    kind = next((n for n, label in enumerate(head[bottom]) if "地域識別コード" in label), None)
    if bottom <= top or kind is None:
        raise DownloadError(
            f"sheet '{name}' is not one of the main results by area: it has no header from 地域 "
            f"down to {_AREA_COLUMN} and 地域識別コード; take the sheet out, or give the table as "
            "a CSV of the database"
        )
    grid.columns = [str(n) for n in range(grid.width)]
    columns = _columns(head[top:bottom], ends, top, head[bottom], kind + 1)
    body = grid.slice(bottom + 1).with_row_index("row", offset=bottom + 2)
    body = body.filter(~pl.all_horizontal(pl.exclude("row").is_null()))
    for n in range(kind + 1, grid.width):
        if n not in columns and body[str(n)].count():
            raise DownloadError(
                f"sheet '{name}': column {_letters(n)} has figures but no header: {_AGAIN}"
            )
    areas = _areas(name, body, head[bottom].index(_AREA_COLUMN), kind)
    codes = [(str(n), member.code, member.unit) for n, member in columns.items()]
    cells = (
        body.select(pl.Series("area", [m.code for m in areas], pl.String), *map(str, columns))
        .unpivot(index="area", variable_name="column", value_name="text")
        .drop_nulls("text")
        .join(
            pl.DataFrame(codes, schema=["column", "cat01", "unit"], orient="row"),
            on="column",
            how="left",
            maintain_order="left",
        )
    )
    axes = (Axis("area", "地域", areas), Axis("cat01", "事項", tuple(columns.values())))
    return make_table(TableInfo(table_id, name, statistics=head[0][0]), axes, [cells])


def _flat(cell: str | None) -> str:
    return "".join((cell or "").splitlines()).strip()


def _columns(
    header: Sequence[Sequence[str]],
    ends: Mapping[int, Collection[int]],
    top: int,
    labels: Sequence[str],
    first: int,
) -> dict[int, Member]:
    """Return the columns that the header names: texts joined from the top group to the leaf.

    Args:
        header: Its rows, without the last one, which has the units.
        ends: Where groups end, by row of the sheet.
        top: The header's first row in the sheet.
        labels: The header's last row.
        first: The first column of figures.
    """
    imputed: set[int] = set()
    steps: list[Sequence[str]] = []
    for n, cells in enumerate(header, start=top):
        row = [*[""] * first, *cells[first:]]
        if set(row) == {"", IMPUTED}:
            imputed = {place for place, mark in enumerate(row) if mark}
        elif any(row):
            leaf = row
            steps.append(_reach(row, ends.get(n, ())))
    # Groups reach to the right; a leaf is its own column's.
    steps[-1:] = [leaf] if steps else []
    return {
        n: Member(
            code=_letters(n),
            name=PATH_MARK.join(step[n] for step in steps if step[n]),
            level="imputed" if n in imputed else "published",
            unit=labels[n].strip("（）()") or None,
        )
        for n in range(first, len(labels))
        if any(step[n] for step in steps)
    }


def _reach(texts: Sequence[str], ends: Collection[int]) -> list[str]:
    """Carry each text to the right until the group ends or the next one begins."""
    reached, text = [], ""
    for place, own in enumerate(texts):
        text = own or text
        reached.append(text)
        if place in ends:
            text = ""
    return reached


def _areas(name: str, body: pl.DataFrame, at: int, kind: int) -> tuple[Member, ...]:
    """Return the areas, which are written as 01100_札幌市."""
    members = []
    for row, text, identifier in body.select("row", str(at), str(kind)).iter_rows():
        match = re.fullmatch(r"([0-9A-Z]{5})_(.+)", text or "")
        if match is None:
            raise DownloadError(
                f"sheet '{name}', row {row}, column {_letters(at)}: '{text or ''}' is no area "
                f"such as 01100_札幌市; {_AGAIN}, or take the row out if it is a note"
            )
        # The book's identifiers 1 (designated city) and 2 (city) are not e-Stat's levels 1 and 2.
        level = area_level(match[1]) or (identifier and f"識別{identifier}")
        members.append(Member(match[1], match[2], level))
    return tuple(members)


def _group_ends(content: bytes) -> dict[str, dict[int, set[int]]]:
    """Return where header groups end: by sheet and row (from 0), the columns (from 0).

    The publisher's books have no merged cells: a group is a box that is drawn around its columns.
    Carried to the next text, 女 of 第２面 would reach over industries and occupations of both
    sexes; so a visible line on the right of a cell ends a group. Where cells are merged, the merge
    says how far the group reaches.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        styles = _xml(book.read("xl/styles.xml"))
        lines = [_is_visible(b.find("{*}right")) for b in styles.iterfind("{*}borders/{*}border")]
        ruled = {
            str(n)
            for n, style in enumerate(styles.iterfind("{*}cellXfs/{*}xf"))
            if lines[int(style.get("borderId", "0"))]
        }
        parts = {
            part.get("Id"): posixpath.join("xl", part.get("Target", "")).lstrip("/")
            for part in _xml(book.read("xl/_rels/workbook.xml.rels"))
        }
        sheets = {}
        for sheet in _xml(book.read("xl/workbook.xml")).iterfind("{*}sheets/{*}sheet"):
            relation = next(value for key, value in sheet.items() if key.endswith("}id"))
            sheets[sheet.get("name", "")] = _sheet_ends(_xml(book.read(parts[relation])), ruled)
    return sheets


def _sheet_ends(sheet: ET.Element, ruled: Collection[str]) -> dict[int, set[int]]:
    ends: dict[int, set[int]] = {}
    for line in islice(sheet.iterfind("{*}sheetData/{*}row"), HEAD_ROWS):
        for cell in line:
            if cell.get("s") in ruled:
                row, column = _place(cell.get("r", ""))
                ends.setdefault(row, set()).add(column)
    for merge in sheet.iterfind("{*}mergeCells/{*}mergeCell"):
        (top, left), (bottom, right) = map(_place, merge.get("ref", "").split(":"))
        for row in range(top, bottom + 1):
            ends[row] = ends.get(row, set()) - set(range(left, right)) | {right}
    return ends


def _is_visible(line: ET.Element | None) -> bool:
    """Return whether a border is drawn, and not in the white of the paper."""
    if line is None or line.get("style") is None:
        return False
    colour = line.find("{*}color")
    return colour is None or (colour.get("theme") != "0" and colour.get("rgb") != "FFFFFFFF")


def _xml(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - expat limits what entities expand to


def _letters(column: int) -> str:
    """Return a column's letters as spreadsheets have them: 0 is A, 26 is AA."""
    letters = ""
    while column >= 0:
        column, letter = column // 26 - 1, column % 26
        letters = chr(ord("A") + letter) + letters
    return letters


def _place(reference: str) -> tuple[int, int]:
    """Return row and column, both from 0, of a reference such as AZ5."""
    letters = reference.rstrip("0123456789")
    column = reduce(lambda n, letter: n * 26 + ord(letter) - ord("A") + 1, letters, 0)
    return int(reference[len(letters) :]) - 1, column - 1
