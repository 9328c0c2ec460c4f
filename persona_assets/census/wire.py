"""e-Stat API 3.0 answers (JSON), read into raw tables.

The rules of the format, all seen in recorded answers: an attribute is `@name`, text beside
attributes is `$`; what occurs once is an object, what occurs several times a list; a table's title
is an object or plain text; VALUE is absent where there is nothing; figures are strings.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl

from persona_assets.census.raw import (
    CELL_COLUMNS,
    Axis,
    Member,
    RawTable,
    TableInfo,
    encode_page,
    make_table,
)
from persona_assets.errors import PersonaAssetsError

OK: Final = 0
NO_DATA: Final = 1
PARTIAL: Final = 2
REFUSED: Final = 100

# The API's functions and the root of each one's answer.
ROOTS: Final[Mapping[str, str]] = {
    "getStatsList": "GET_STATS_LIST",
    "getMetaInfo": "GET_META_INFO",
    "getStatsData": "GET_STATS_DATA",
    "getDataCatalog": "GET_DATA_CATALOG",
}


class EStatError(PersonaAssetsError):
    """e-Stat did not give what was asked for; says what was asked, what came and what to do."""


class AnswerError(EStatError):
    """An answer that is no answer: HTML of a maintenance page, or JSON of another shape."""


class StatusError(EStatError):
    """An answer whose STATUS says that the request failed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"e-Stat answers status {status}: {message}")
        self.status = status
        self.message = message

    @property
    def is_refused(self) -> bool:
        """Whether e-Stat does not accept the application id, so that no request will succeed."""
        return self.status == REFUSED

    @property
    def can_heal(self) -> bool:
        """Whether the same request may succeed later: errors of the server, 200 to 299."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class DataPage:
    """One page of getStatsData.

    `total` counts all cells of the request; `first` and `last` are this page's, from 1;
    `next_key` is where the next page starts, if there is one. `axes` is None if the classes were
    not asked for.
    """

    info: TableInfo
    axes: tuple[Axis, ...] | None
    cells: pl.DataFrame
    marks: Mapping[str, str]
    total: int
    first: int
    last: int
    next_key: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of getStatsList: `number` counts the hits, a table once per area that it covers."""

    number: int
    tables: tuple[TableInfo, ...]
    next_key: int | None


@dataclass(frozen=True, slots=True)
class Resource:
    """One file of getDataCatalog, such as an Excel book."""

    id: str
    title: str
    url: str
    format: str
    modified: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """One page of getDataCatalog."""

    number: int
    resources: tuple[Resource, ...] = field(default_factory=tuple)
    next_key: int | None = None


class _DataInf(msgspec.Struct):
    NOTE: Any = None
    # Left as bytes: polars reads a hundred thousand cells faster than Python makes objects of them.
    VALUE: msgspec.Raw = msgspec.Raw(b"null")


class _Statistics(msgspec.Struct):
    RESULT_INF: Any = None
    TABLE_INF: Any = None
    CLASS_INF: Any = None
    DATA_INF: _DataInf | str | None = None


class _StatsData(msgspec.Struct):
    RESULT: Any = None
    STATISTICAL_DATA: _Statistics | str | None = None


def parse_stats_data(body: bytes, axes: Sequence[Axis] | None = None) -> DataPage:
    """Read an answer of getStatsData.

    Args:
        body: The answer as it came.
        axes: The table's axes, if the answer was asked for without its classes.

    Raises:
        AnswerError: it is not such an answer.
        StatusError: its STATUS is an error.
    """
    answer = _decode(body, "getStatsData", _StatsData)
    status = _check(answer.RESULT)
    data = answer.STATISTICAL_DATA
    if not isinstance(data, _Statistics):
        if status == NO_DATA:
            data = _Statistics()
        else:
            raise AnswerError("e-Stat's getStatsData answer has no STATISTICAL_DATA")
    classes = _axes(data.CLASS_INF) if data.CLASS_INF else None
    known = tuple(axes) if axes is not None else classes
    values = data.DATA_INF.VALUE if isinstance(data.DATA_INF, _DataInf) else None
    notes = data.DATA_INF.NOTE if isinstance(data.DATA_INF, _DataInf) else None
    cells = parse_values(bytes(values) if values is not None else b"null", known)
    result = data.RESULT_INF if isinstance(data.RESULT_INF, dict) else {}
    return DataPage(
        info=_table_info(data.TABLE_INF or {}),
        axes=classes,
        cells=cells,
        marks=parse_marks(notes),
        total=_int(result.get("TOTAL_NUMBER"), cells.height),
        first=_int(result.get("FROM_NUMBER"), 1 if cells.height else 0),
        last=_int(result.get("TO_NUMBER"), cells.height),
        next_key=_next(result),
    )


def assemble(pages: Iterable[DataPage]) -> RawTable:
    """Put the pages of one table together, with every member that a part of them names.

    Pages may come in parts, each with classes of its own on its first page: a request takes at most
    a hundred codes of an axis. A page is held as small integers as soon as it is read.

    Raises:
        AnswerError: there is no page, or the first has no classes.
        RawTableError: a cell is given twice.
    """
    axes: dict[str, Axis] = {}
    marks: dict[str, str] = {}
    coded: list[pl.DataFrame] = []
    info: TableInfo | None = None
    part: tuple[Axis, ...] = ()
    for page in pages:
        info = info or page.info
        marks |= page.marks
        part = page.axes or part
        for axis in page.axes or ():
            known = axes.get(axis.id, Axis(axis.id, axis.name, ()))
            codes = set(known.codes)
            new = tuple(member for member in axis.members if member.code not in codes)
            axes[axis.id] = Axis(axis.id, axis.name, known.members + new)
        coded.append(encode_page(page.cells, part))
    if info is None or not axes:
        raise AnswerError("e-Stat's getStatsData answers have no page with classes (CLASS_INF)")
    return make_table(info, tuple(axes.values()), coded, marks)


def parse_meta(body: bytes) -> tuple[TableInfo, tuple[Axis, ...]]:
    """Read an answer of getMetaInfo: the table and its axes.

    Raises:
        AnswerError: it is not such an answer.
        StatusError: its STATUS is an error, or it has no data.
    """
    answer = _decode(body, "getMetaInfo", dict[str, Any])
    status = _check(answer.get("RESULT"))
    meta = answer.get("METADATA_INF")
    if not isinstance(meta, dict) or "CLASS_INF" not in meta:
        if status == NO_DATA:
            raise StatusError(NO_DATA, _message(answer.get("RESULT")))
        raise AnswerError("e-Stat's getMetaInfo answer has no METADATA_INF")
    return _table_info(meta.get("TABLE_INF") or {}), _axes(meta["CLASS_INF"])


def parse_list(body: bytes) -> Listing:
    """Read an answer of getStatsList. A table comes once, though e-Stat repeats it per area.

    Raises:
        AnswerError: it is not such an answer.
        StatusError: its STATUS is an error.
    """
    answer = _decode(body, "getStatsList", dict[str, Any])
    _check(answer.get("RESULT"))
    found = answer.get("DATALIST_INF")
    if not isinstance(found, dict):
        return Listing(0, (), None)
    tables = [_table_info(table) for table in as_list(found.get("TABLE_INF"))]
    result = found.get("RESULT_INF")
    return Listing(
        number=_int(found.get("NUMBER"), len(tables)),
        tables=tuple({table.id: table for table in tables}.values()),
        next_key=_next(result if isinstance(result, dict) else {}),
    )


def parse_catalog(body: bytes) -> Catalog:
    """Read an answer of getDataCatalog: the files of each dataset.

    Raises:
        AnswerError: it is not such an answer.
        StatusError: its STATUS is an error.
    """
    answer = _decode(body, "getDataCatalog", dict[str, Any])
    _check(answer.get("RESULT"))
    found = answer.get("DATA_CATALOG_LIST_INF")
    if not isinstance(found, dict):
        return Catalog(0)
    resources = []
    for dataset in as_list(found.get("DATA_CATALOG_INF")):
        for resource in as_list((dataset.get("RESOURCES") or {}).get("RESOURCE")):
            title = resource.get("TITLE") or {}
            # Not every file has a name beside its table's.
            if isinstance(title, dict):
                title = title.get("NAME") or title.get("TABLE_NAME")
            resources.append(
                Resource(
                    id=str(resource.get("@id", "")),
                    title=_text(title),
                    url=_text(resource.get("URL")),
                    format=_text(resource.get("FORMAT")),
                    modified=_text(resource.get("LAST_MODIFIED_DATE")),
                )
            )
    result = found.get("RESULT_INF")
    return Catalog(
        number=_int(found.get("NUMBER"), len(resources)),
        resources=tuple(resources),
        next_key=_next(result if isinstance(result, dict) else {}),
    )


# What the columns of a cell that are no axes are called in an answer.
_CELL_KEYS: Final = {"text": "$", "unit": "@unit", "annotation": "@annotation"}


def parse_values(values: bytes, axes: Sequence[Axis] | None = None) -> pl.DataFrame:
    """Read VALUE: a list of cells, one cell, or nothing.

    Args:
        values: Its JSON.
        axes: The axes whose codes to read; by default those that the cells name.

    Returns:
        A column of codes per axis id (text, or an Enum of the axis's codes), and those of
        CELL_COLUMNS, which are text.
    """
    values = values.strip()
    plain = _parse_plain(values, axes) if axes else None
    if plain is not None:
        return plain
    if values.startswith(b"{"):
        values = b"[" + values + b"]"
    if values in (b"null", b"[]", b'""', b""):
        return pl.DataFrame(schema=[*(a.id for a in axes or ()), *CELL_COLUMNS]).cast(pl.String)
    if axes is None:
        # The cells of a table name the same axes, so a few hundred tell them all.
        ids = _attributes(values[:100_000]) - {"unit", "annotation"}
        columns = {f"@{axis_id}": axis_id for axis_id in sorted(ids)}
    else:
        columns = {f"@{axis.id}": axis.id for axis in axes}
    source = {**columns, **{key: name for name, key in _CELL_KEYS.items()}}
    try:
        frame = pl.read_json(BytesIO(values), schema=dict.fromkeys(source, pl.String))
    except pl.exceptions.PolarsError as error:
        raise AnswerError(f"e-Stat's VALUE cannot be read: {str(error)[:200]}") from None
    return frame.select(pl.col(name).alias(source[name]) for name in source)


# Turns the JSON of plain cells into lines of fields: `}` ends a line, quotes and `{` go.
_TO_LINES: Final = bytes.maketrans(b"}", b"\n")


def _parse_plain(values: bytes, axes: Sequence[Axis]) -> pl.DataFrame | None:
    """Read cells in the plain form, which is most of the time of a large table.

    That form is compact, with every value a text and the same keys in the same order in each cell.
    Answers of e-Stat are quoted so; recorded ones were reformatted when they were kept. Whatever is
    not exactly so - counted, not hoped - is None, and read as JSON.
    """
    named = {f"@{axis.id}": axis for axis in axes}
    rows, names = _plain_form(values)
    if not rows or "$" not in names or not {*named, *_CELL_KEYS.values()} >= set(names):
        return None
    schema: dict[str, Any] = {"": pl.String}
    for name in names:
        axis = named.get(name)
        codes = [f"{name}:{code}" for code in sorted(axis.codes)] if axis else []
        schema[name] = pl.Enum(codes) if axis else pl.String
    lines = b"," + values[1:-1].translate(_TO_LINES, b'"{')
    try:
        frame = pl.read_csv(
            BytesIO(lines), has_header=False, schema=schema, quote_char=None, separator=","
        )
    except pl.exceptions.PolarsError:
        # A code that no class declares, or a comma within a text.
        return None
    if frame.height != rows or any(frame[name].null_count() for name in names):
        return None
    # The names of the fields are the same in front of every code, so the order of codes is theirs.
    columns = [
        frame[f"@{axis.id}"].to_physical().cat.to(pl.Enum(sorted(axis.codes))).alias(axis.id)
        for axis in axes
        if f"@{axis.id}" in names
    ]
    for name, key in _CELL_KEYS.items():
        if key not in names:
            columns.append(pl.Series(name, [None], pl.String).new_from_index(0, rows))
        elif not frame[key].str.starts_with(f"{key}:").all():
            return None
        else:
            columns.append(_unescaped(frame[key].str.slice(len(key) + 1)).alias(name))
    return pl.DataFrame(columns)


def _plain_form(values: bytes) -> tuple[int, list[str]]:
    """Return how many cells there are, and their keys; none if they are not of the plain form."""
    if not values.startswith(b"[{") or not values.endswith(b"}]"):
        return 0, []
    keys = re.findall(rb'"([^"\\]+)":"', values[: values.index(b"}")])
    names = [key.decode("utf-8", "replace") for key in keys]
    marks = np.frombuffer(values, np.uint8)
    # Nothing is escaped but letters by number, and quotes and braces are those of the form.
    escaped = marks[np.flatnonzero(marks == ord("\\")) + 1]
    rows, opened, quotes = (int(np.count_nonzero(marks == ord(mark))) for mark in '}{"')
    plain = (
        len(set(names)) == len(names)
        and not (escaped != ord("u")).any()
        and opened == rows
        and quotes == rows * len(names) * 4
    )
    return (rows, names) if plain else (0, [])


def _unescaped(texts: pl.Series) -> pl.Series:
    """Return texts with letters for their numbers: JSON writes 人 as u4eba after a backslash."""
    escaped = texts.filter(texts.str.contains("\\", literal=True)).unique()
    plain = {text: msgspec.json.decode(f'"{text}"'.encode()) for text in escaped}
    return texts.replace(plain) if plain else texts


def _attributes(start: bytes) -> set[str]:
    return {match.decode() for match in re.findall(rb'"@([a-z0-9]+)"\s*:', start)}


def parse_marks(notes: Any) -> dict[str, str]:
    """Read NOTE: the marks that stand for a missing figure, and their meaning."""
    return {
        str(note.get("@char", "")): _text(note)
        for note in as_list(notes)
        if isinstance(note, dict) and "@char" in note
    }


def as_list(value: Any) -> list[Any]:
    """Return one or many or nothing as a list."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def _decode(body: bytes, function: str, type_: type[Any]) -> Any:
    root = ROOTS[function]
    try:
        parts = msgspec.json.decode(body, type=_document(type_))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        start = body[:60].decode("utf-8", "replace").strip()
        raise AnswerError(
            f"e-Stat's answer to {function} is not the JSON that was asked for ({error}); it "
            f"begins with: {start!r}"
        ) from None
    if root not in parts:
        raise AnswerError(
            f"e-Stat's answer to {function} has no {root}; it has {', '.join(parts)[:100]}"
        )
    return parts[root]


def _document(type_: type[Any]) -> Any:
    """Return the type of a whole answer: one root, then what is in it."""
    return dict[str, type_]  # type: ignore[valid-type]


def _check(result: Any) -> int:
    """Return the STATUS if it is no error."""
    if not isinstance(result, dict) or "STATUS" not in result:
        raise AnswerError("e-Stat's answer has no RESULT with a STATUS")
    status = _int(result["STATUS"], -1)
    if status not in (OK, NO_DATA, PARTIAL):
        raise StatusError(status, _message(result))
    return status


def _message(result: Any) -> str:
    return _text(result.get("ERROR_MSG")) if isinstance(result, dict) else ""


def _axes(class_inf: Any) -> tuple[Axis, ...]:
    objects = as_list(class_inf.get("CLASS_OBJ") if isinstance(class_inf, dict) else None)
    try:
        return tuple(
            Axis(
                id=str(obj["@id"]),
                name=str(obj.get("@name", "")),
                members=tuple(_member(member) for member in as_list(obj.get("CLASS"))),
            )
            for obj in objects
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise AnswerError(f"e-Stat's CLASS_INF has a class without {error}") from None


def _member(member: Mapping[str, Any]) -> Member:
    return Member(
        code=str(member["@code"]),
        name=str(member.get("@name", "")),
        level=_optional(member.get("@level")),
        unit=_optional(member.get("@unit")),
        parent=_optional(member.get("@parentCode")),
    )


def _table_info(table: Any) -> TableInfo:
    if not isinstance(table, dict):
        return TableInfo("", "")
    title, survey = table.get("TITLE"), table.get("STAT_NAME")
    return TableInfo(
        id=str(table.get("@id", "")),
        title=_text(title),
        number=str(title.get("@no", "")) if isinstance(title, dict) else "",
        statistics=_text(table.get("STATISTICS_NAME")),
        survey_code=str(survey.get("@code", "")) if isinstance(survey, dict) else "",
        survey=_text(survey),
        survey_date=_text(table.get("SURVEY_DATE")),
        open_date=_text(table.get("OPEN_DATE")),
        updated_date=_text(table.get("UPDATED_DATE")),
        collect_area=_text(table.get("COLLECT_AREA")),
        cells=_int(table.get("OVERALL_TOTAL_NUMBER"), -1) if "OVERALL_TOTAL_NUMBER" in table
        else None,
    )  # fmt: skip


def _text(value: Any) -> str:
    """Return the text of an element, with attributes or without."""
    if isinstance(value, dict):
        value = value.get("$")
    return "" if value is None else str(value)


def _optional(value: Any) -> str | None:
    return None if value is None else str(value)


def _int(value: Any, default: int) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return default


def _next(result: Mapping[str, Any]) -> int | None:
    key = result.get("NEXT_KEY")
    return int(key) if key not in (None, "") else None
