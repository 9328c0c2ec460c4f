"""The registry: how each official table is found, read and turned into the model's levels.

`tables.yaml` says it per table; this module reads that file and applies it to a raw table. What a
table no longer is - a renamed axis, a new member, another number of rows, a total that does not
hold - is an error that shows what was expected and what came.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import polars as pl
import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from persona_assets.census.raw import Axis, Member, RawTable, TableInfo, figures
from persona_assets.census.tables import PublishedTotal, TableError, check_totals
from persona_assets.partitions import prefectures

REGISTRY_PATH = Path(__file__).with_name("tables.yaml")

# What a member is if it is no level of the model.
TOTAL: Final = "TOTAL"
SKIP: Final = "SKIP"

NATION_CODE: Final = "00000"

# Between the labels of a path, as in "卒業者／小学校".
PATH_MARK: Final = "／"


class DriftError(TableError):
    """A table that is not what the registry expects; shows what was expected and what came."""


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"'{text}' is no pattern: {error}") from None
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
# Labels and what they mean, by name.
Maps = Mapping[str, Sequence[tuple[Pattern, str]]]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Survey(_Entry):
    """A survey: its code in e-Stat, and what all its tables have in common."""

    code: str
    name: str
    year: int
    dash: Literal["nobody", "unavailable"]
    source: str


class AxisRule(_Entry):
    """How one axis is found by name, and what its members mean.

    Exactly one of: `only` keeps one member; `as` turns the axis into a column by a map (of the
    same name unless `map` says another); `pattern` turns each member's label into several columns
    by named groups, each with a map.
    """

    name: Pattern
    only: Pattern | None = None
    column: str | None = Field(None, alias="as")
    map: str | None = None
    pattern: Pattern | None = None
    maps: dict[str, str] = Field(default_factory=dict)
    path: bool = False
    others: Literal["error", "skip"] = "error"

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(kind is not None for kind in (self.only, self.column, self.pattern)) != 1:
            raise ValueError(f"axis '{self.name}' needs exactly one of only, as, pattern")
        if self.pattern is not None and set(re.compile(self.pattern).groupindex) != set(self.maps):
            raise ValueError(f"axis '{self.name}': groups of the pattern and maps differ")
        return self


class Book(_Entry):
    """The same table as a sheet of an Excel book; `words` find the book in the catalogue."""

    evidence: Literal["recorded", "documented", "expected"]
    file: str
    words: str
    sheet: Pattern
    axes: list[AxisRule]


class Find(_Entry):
    """How a table without a known id is searched for with getStatsList."""

    words: str
    title: Pattern


class Remainder(_Entry):
    """Cells that are not published but are what a whole leaves, by level of another axis."""

    axis: str
    whole: str
    of: str
    into: dict[str, str]


class TableEntry(_Entry):
    """One table of the registry. `columns` are those of the tidy table, without `count`."""

    id: str | None
    find: Find | None = None
    number: str = ""
    title: Pattern
    survey: str
    evidence: Literal["recorded", "documented", "expected"]
    optional: bool = False
    series: str
    universe: str
    unknown: str
    adds_up: bool = True
    axes: list[AxisRule]
    columns: list[str]
    rows: int | None = None
    remainder: Remainder | None = None
    totals: list[PublishedTotal] = Field(default_factory=list)
    books: list[Book] = Field(default_factory=list)

    @model_validator(mode="after")
    def _findable(self) -> Self:
        if (self.id is None) == (self.find is None):
            raise ValueError("a table needs either an id or a way to find it")
        return self


class Registry(_Entry):
    """All of `tables.yaml`."""

    surveys: dict[str, Survey]
    maps: dict[str, list[tuple[Pattern, str]]]
    axes: dict[str, Any]
    tables: dict[str, TableEntry]

    @model_validator(mode="after")
    def _refers_to_what_is_there(self) -> Self:
        for name, entry in self.tables.items():
            if entry.survey not in self.surveys:
                raise ValueError(f"table '{name}' names the unknown survey '{entry.survey}'")
            wanted = {*entry.columns} - ({"basis"} if entry.remainder else set())
            for rules in [entry.axes, *(book.axes for book in entry.books)]:
                maps = [pair for rule in rules for pair in _maps_of(rule).items()]
                for column, used in maps:
                    if used not in self.maps:
                        raise ValueError(f"table '{name}' names the unknown map '{used}'")
                    if column not in entry.columns:
                        raise ValueError(f"table '{name}' has no column '{column}'")
                lacking = wanted - {column for column, _ in maps}
                if lacking:
                    raise ValueError(f"table '{name}' has no axis for {sorted(lacking)}")
        return self

    def survey(self, name: str) -> Survey:
        """Return the survey of a table."""
        return self.surveys[self.tables[name].survey]


@cache
def load_registry(path: Path = REGISTRY_PATH) -> Registry:
    """Read and check the registry.

    Raises:
        TableError: the file contradicts itself; says where.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        return Registry.model_validate(content)
    except (ValueError, yaml.YAMLError) as error:
        raise TableError(f"{path}: {error}") from None


def _maps_of(rule: AxisRule) -> dict[str, str]:
    """Return the map of each column that the axis gives."""
    return {rule.column: rule.map or rule.column} if rule.column else dict(rule.maps)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An axis and what its members mean: columns `code`, then one per column of the model."""

    axis: Axis
    members: pl.DataFrame
    rule: AxisRule

    @property
    def codes(self) -> list[str]:
        """The members that the model uses."""
        return self.members["code"].to_list()


@dataclass(frozen=True, slots=True)
class TidyTable:
    """A table in the model's levels, with the sums that were checked on the way.

    `frame` has the entry's columns, then `count`; `sums` one row per column with a published
    total: `column`, `sums_checked`, `people`. `missing` counts cells without a figure.
    """

    frame: pl.DataFrame
    sums: pl.DataFrame
    missing: int


def canonical(label: str, code: str = "") -> str:
    """Return a label in the one spelling that patterns are written in."""
    text = unicodedata.normalize("NFKC", label)
    text = re.sub(r"\s+", "", text).translate(str.maketrans("()~〜,/", "（）～～，／"))
    if code:
        start = unicodedata.normalize("NFKC", code)
        text = re.sub(rf"^(?:{re.escape(start)}_|【{re.escape(start)}】)", "", text)
    return text


def confirm(info: TableInfo, entry: TableEntry, name: str) -> None:
    """Raise DriftError unless the table has the title that the registry expects."""
    title = canonical(info.title)
    if not re.fullmatch(entry.title, title):
        raise DriftError(
            f"census/{name}: table {info.id} was expected to be titled like '{entry.title}', "
            f"it is '{title}'; the id now means another table, correct it in tables.yaml"
        )


def claim(
    axes: Sequence[Axis],
    rules: Sequence[AxisRule],
    name: str,
    registry: Registry | None = None,
) -> list[Claimed]:
    """Find each rule's axis by its name, and say what its members mean.

    Args:
        axes: The table's axes.
        rules: Those that are expected.
        name: The table's name in the registry.
        registry: The registry whose maps the rules name; by default the project's.

    Raises:
        DriftError: an axis is missing, twice there or not expected, or has a member that no map
            knows.
    """
    maps = (registry or load_registry()).maps
    free = list(axes)
    claimed = []
    for rule in rules:
        found = [axis for axis in free if re.fullmatch(rule.name, canonical(axis.name))]
        if len(found) != 1:
            came = ", ".join(f"'{axis.name}'" for axis in axes)
            raise DriftError(
                f"census/{name}: {'no' if not found else 'more than one'} axis is named like "
                f"'{rule.name}'; the table has {came}"
            )
        free.remove(found[0])
        claimed.append(Claimed(found[0], _meanings(found[0], rule, maps, name), rule))
    if free:
        extra = ", ".join(f"'{axis.name}' of {len(axis.members)} members" for axis in free)
        raise DriftError(f"census/{name}: axes that nobody expects: {extra}")
    return claimed


def _meanings(axis: Axis, rule: AxisRule, maps: Maps, name: str) -> pl.DataFrame:
    columns = _maps_of(rule)
    rows: list[dict[str, str]] = []
    strange: list[str] = []
    for member, label in zip(axis.members, _labels(axis, path=rule.path), strict=True):
        meaning = _meaning(member, label, rule, maps)
        if meaning is None:
            strange.append(f"{member.code} '{label}'")
        elif SKIP not in meaning.values():
            rows.append({"code": member.code, **meaning})
    if strange and rule.others == "error" and rule.only is None:
        raise DriftError(
            f"census/{name}: axis '{axis.name}' has members that no map of tables.yaml knows: "
            f"{', '.join(strange[:5])}{' ...' if len(strange) > 5 else ''}; add each with its "
            "level, or with SKIP"
        )
    if not rows or (rule.only is not None and len(rows) != 1):
        wanted = rule.only or rule.pattern or ", ".join(columns.values())
        came = ", ".join(_labels(axis, path=rule.path)[:8])
        raise DriftError(
            f"census/{name}: axis '{axis.name}' has {len(rows)} members like '{wanted}'; "
            f"it has {came}"
        )
    return pl.DataFrame(rows, schema=dict.fromkeys(["code", *columns], pl.String))


def _meaning(member: Member, label: str, rule: AxisRule, maps: Maps) -> dict[str, str] | None:
    """Return the member's level per column; SKIP if it is not used; None if nobody knows it."""
    if rule.only is not None:
        return {} if re.fullmatch(rule.only, label) else None
    if rule.column is not None:
        level = _level(member, label, rule.map or rule.column, maps)
        return None if level is None else {rule.column: level}
    assert rule.pattern is not None  # noqa: S101 - AxisRule allows one of three
    match = re.fullmatch(rule.pattern, label)
    if match is None:
        return None
    levels = {
        column: _level(member, match[column], used, maps) for column, used in rule.maps.items()
    }
    known = {column: level for column, level in levels.items() if level is not None}
    return known if len(known) == len(levels) else None


def _level(member: Member, label: str, used: str, maps: Maps) -> str | None:
    if used == "prefecture":
        return _prefecture(member, label)
    for pattern, level in maps[used]:
        match = re.fullmatch(pattern, label)
        if match:
            return match.expand(level)
    return None


def _prefecture(member: Member, label: str) -> str | None:
    """Return the prefecture's key; municipalities and areas of cities are not used."""
    if member.code == NATION_CODE:
        return TOTAL
    if not re.fullmatch(r"\d\d000", member.code):
        return SKIP
    known = next((p for p in prefectures().values() if p.code == member.code[:2]), None)
    # The same code for another place would be the worst of drifts.
    return known.key if known is not None and label.endswith(known.name) else None


def _labels(axis: Axis, *, path: bool) -> list[str]:
    own = {member.code: canonical(member.name, member.code) for member in axis.members}
    if not path:
        return list(own.values())
    parents = {member.code: member.parent for member in axis.members}
    labels = []
    for member in axis.members:
        steps, code = [own[member.code]], parents[member.code]
        while code in own and len(steps) < len(own):
            steps.insert(0, own[code])
            code = parents[code]
        labels.append(PATH_MARK.join(steps))
    return labels


def selection(
    axes: Sequence[Axis], entry: TableEntry, name: str, registry: Registry | None = None
) -> dict[str, list[str]]:
    """Return the codes to ask e-Stat for, by axis id; axes that are used whole are left out."""
    return {
        claimed.axis.id: claimed.codes
        for claimed in claim(axes, entry.axes, name, registry)
        # An answer names only what was asked for, and a path needs every step.
        if len(claimed.codes) < len(claimed.axis.members) and not claimed.rule.path
    }


def tidy(table: RawTable, name: str, registry: Registry | None = None) -> TidyTable:
    """Turn a raw table into the model's levels and check every sum that it publishes.

    Args:
        table: The raw table, from whatever door.
        name: Its name in the registry.
        registry: The registry; by default the project's.

    Raises:
        DriftError: it is not the table that the registry expects.
        TableError: a cell has no figure, or a published total does not hold.
    """
    registry = registry or load_registry()
    entry = registry.tables[name]
    claimed = claim(table.axes, _rules(table, entry), name, registry)
    cells = figures(table, dash_is_zero=registry.survey(name).dash == "nobody")
    cells = cells.select(*(axis.id for axis in table.axes), "value")
    for each in claimed:
        axis_id = each.axis.id
        codes = each.members["code"].cast(cells[axis_id].dtype).alias(axis_id)
        meaning = each.members.drop("code").with_columns(codes)
        cells = cells.join(meaning, on=axis_id, how="inner", maintain_order="left").drop(axis_id)
    keys = [column for column in entry.columns if column in cells.columns]
    missing = cells.filter(pl.col("value").is_null())
    if missing.height and not entry.optional:
        raise DriftError(
            f"census/{name}: {missing.height:,} cells of table {table.info.id} have no figure, the "
            f"first is {missing.select(keys).row(0, named=True)}"
        )
    # What lacks a part has no figure either: the sum of the others would pass for the whole.
    counts = cells.group_by(keys, maintain_order=True).agg(_whole("value").alias("count"))
    sums = _check_sums(counts, keys, table, name) if entry.adds_up else _no_sums()
    parts = counts.filter(~pl.any_horizontal(pl.col(key) == TOTAL for key in keys))
    parts = parts.drop_nulls("count")
    if entry.remainder is not None:
        parts = _with_remainder(parts, entry.remainder, name)
    frame = sorted_table(parts.select(*entry.columns, "count"))
    _check_rows(frame, entry, table, name)
    check_totals(frame, entry.totals, f"census/{name} (table {table.info.id})")
    return TidyTable(frame, sums, missing.height)


def _whole(column: str) -> pl.Expr:
    """Return the sum of a column; null if a part is."""
    return pl.when(pl.col(column).null_count() == 0).then(pl.col(column).sum())


def _rules(table: RawTable, entry: TableEntry) -> list[AxisRule]:
    """Return the rules of the form in which the table came: a sheet of a book, or the table."""
    for book in entry.books:
        if re.fullmatch(book.sheet, canonical(table.info.title)):
            return book.axes
    return entry.axes


def sorted_table(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows in one order whatever door they came through: prefectures by JIS code first."""
    keys = [column for column in frame.columns if column != "count"]
    places = pl.Enum(list(prefectures()))
    return frame.sort(
        pl.col(key).cast(places) if key == "prefecture" else pl.col(key) for key in keys
    )


def _no_sums() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"column": pl.String, "sums_checked": pl.Int64, "people": pl.Float64}
    )


def _check_sums(
    counts: pl.DataFrame, keys: Sequence[str], table: RawTable, name: str
) -> pl.DataFrame:
    """Compare each published total with the sum of its parts; the nation with its prefectures."""
    rows = []
    for key in keys:
        others = [other for other in keys if other != key]
        totals = counts.filter(pl.col(key) == TOTAL)
        if totals.is_empty():
            continue
        below = counts.filter(pl.col(key) != TOTAL)
        sums = [pl.col("count").sum().alias("parts"), pl.col("count").null_count().alias("missing")]
        parts = (
            below.group_by(others, maintain_order=True).agg(sums) if others else below.select(sums)
        )
        both = (
            totals.join(parts, on=others, how="left", maintain_order="left")
            if others
            else pl.concat([totals, parts], how="horizontal")
        )
        # A total without any part is wrong; one of which a part has no figure cannot be checked.
        both = both.with_columns(pl.col("parts", "missing").fill_null(0))
        both = both.filter(pl.col("missing") == 0).drop_nulls("count")
        wrong = both.filter((pl.col("count") - pl.col("parts")).abs() > 0.5)
        if wrong.height:
            worst = wrong.sort((pl.col("count") - pl.col("parts")).abs(), descending=True).row(
                0, named=True
            )
            where = ", ".join(f"{other}={worst[other]}" for other in others) or "all"
            what = "prefectures and nation" if key == "prefecture" else f"parts of {key} and total"
            raise DriftError(
                f"census/{name}: {what} of table {table.info.id} differ in {wrong.height} sums; "
                f"the largest, {where}: parts add up to {worst['parts']:,.0f}, published is "
                f"{worst['count']:,.0f} ({worst['parts'] - worst['count']:+,.0f})"
            )
        rows.append((key, both.height, float(both["count"].sum())))
    return pl.DataFrame(rows, schema=_no_sums().schema, orient="row")


def _with_remainder(parts: pl.DataFrame, rule: Remainder, name: str) -> pl.DataFrame:
    """Add the cells that the whole leaves, and mark them in `basis`."""
    keys = [column for column in parts.columns if column not in (rule.axis, "count")]
    whole = parts.filter(pl.col(rule.axis) == rule.whole)
    published = parts.filter(pl.col(rule.axis) != rule.whole)
    known = published.group_by(keys, maintain_order=True).agg(pl.col("count").sum().alias("known"))
    rest = whole.join(known, on=keys, how="left", maintain_order="left").with_columns(
        (pl.col("count") - pl.col("known").fill_null(0)).alias("count")
    )
    wrong = rest.filter(
        pl.when(pl.col(rule.of).is_in(list(rule.into)))
        .then(pl.col("count") < 0)
        .otherwise(pl.col("count") != 0)
    )
    if wrong.height:
        row = wrong.select(*keys, "count").row(0, named=True)
        raise DriftError(
            f"census/{name}: {rule.axis} leaves {row.pop('count'):,.0f} of '{rule.whole}' for {row}"
        )
    added = rest.filter(pl.col(rule.of).is_in(list(rule.into))).with_columns(
        pl.col(rule.of).replace_strict(rule.into).alias(rule.axis),
        pl.lit("subtracted").alias("basis"),
    )
    columns = [*parts.columns, "basis"]
    return pl.concat(
        [published.with_columns(pl.lit("published").alias("basis")).select(columns),
         added.select(columns)]
    )  # fmt: skip


def _check_rows(frame: pl.DataFrame, entry: TableEntry, table: RawTable, name: str) -> None:
    if entry.rows is None or frame.height == entry.rows:
        return
    levels = "; ".join(
        f"{column} {frame[column].n_unique()}" for column in entry.columns if column in frame
    )
    thin = _thinnest(frame, entry.columns)
    raise DriftError(
        f"census/{name}: {frame.height:,} cells of table {table.info.id} are of the model's "
        f"levels, expected are {entry.rows:,} (levels found: {levels}{thin})"
    )


def _thinnest(frame: pl.DataFrame, columns: Iterable[str]) -> str:
    """Say which level has fewer cells than the others of its column, if one has."""
    for column in columns:
        counts = frame.group_by(column, maintain_order=True).len().sort("len", column)
        if counts.height > 1 and counts["len"][0] < counts["len"][-1]:
            return f"; {column} '{counts[column][0]}' has only {counts['len'][0]}"
    return ""


def needed_tables() -> tuple[str, ...]:
    """Return the names of the tables that margins are made from."""
    return tuple(name for name, entry in load_registry().tables.items() if not entry.optional)
