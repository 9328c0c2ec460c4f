"""The tables: reading the figures that ship, and proving that they are what was published.

Each table is one CSV under `data/reference/` with an entry in the `sources.yaml` beside it.
Turning tables into margins belongs in `margins.py`.
"""

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field

from persona_assets.errors import PersonaAssetsError

# The folders whose tables become assets; names, occupations and lifestyle are word lists.
TABLE_FOLDERS = ("census", "shapes")


class TableError(PersonaAssetsError):
    """A reference table that is not what its source says; names the file and the figure."""


class PublishedTotal(BaseModel):
    """A total that was published: the rows it covers and what they add up to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    where: dict[str, str | int]
    equals: int
    column: str = "count"


class TableSource(BaseModel):
    """Where one reference table comes from, and what it must add up to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    table_id: str | list[str] | None
    survey: str
    year: int | str
    publisher: str
    licence: str
    url: str | list[str] | None
    kind: Literal["official", "derived", "modelled", "assumed"]
    series: str | None
    universe: str | None
    processing: str
    columns: list[str]
    rows: int
    totals: list[PublishedTotal] = Field(default_factory=list)


@cache
def load_sources(reference_dir: Path) -> dict[str, TableSource]:
    """Return every source entry by key, such as `census/population_by_age`.

    Raises:
        TableError: an entry lacks a field or has one too many.
    """
    sources = {}
    for path in sorted(reference_dir.glob("*/sources.yaml")):
        # libyaml is ten times faster, and every run of the pipeline reads the sources.
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for key, entry in entries.items():
            try:
                sources[key] = TableSource.model_validate(entry)
            except ValueError as error:
                raise TableError(f"{path}, entry '{key}': {error}") from None
    return sources


def table_path(key: str, reference_dir: Path) -> Path:
    """Return the file of one table."""
    return reference_dir / f"{key}.csv"


def content_hash(key: str, reference_dir: Path) -> str:
    """Return the SHA-256 of one table's bytes, the table's data version."""
    return hashlib.sha256(table_path(key, reference_dir).read_bytes()).hexdigest()


def load_table(key: str, reference_dir: Path) -> pl.DataFrame:
    """Read one reference table and check it against its source entry.

    Args:
        key: Folder and name, such as `census/marital_status`.
        reference_dir: The folder `data/reference`.

    Returns:
        The table as it ships: axis columns as text, figures as numbers.

    Raises:
        TableError: the file is missing, a column or row is missing or too many, a figure is
            negative or not a number, or a published total does not hold.
    """
    source = load_sources(reference_dir).get(key)
    path = table_path(key, reference_dir)
    if source is None:
        raise TableError(f"{path} has no entry '{key}' in {path.parent / 'sources.yaml'}: add one")
    if not path.exists():
        raise TableError(f"the table {path} is missing: restore it with `git checkout -- {path}`")
    # Codes such as prefecture or class numbers keep their leading zeros as text.
    figures = {name: pl.Float64 for name in source.columns if _is_figure(name)}
    try:
        table = pl.read_csv(path, schema_overrides=figures, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise TableError(f"{path}: {' '.join(str(error).split())[:300]}") from None
    return check_table(table, source, path)


def _is_figure(column: str) -> bool:
    return column in FIGURE_COLUMNS or WIDE_COLUMN.fullmatch(column) is not None


FIGURE_COLUMNS = frozenset(
    {
        "count",
        "graduates",
        "in_school",
        "population",
        "employed_10k",
        "participation",
        "unemployment",
        "employment_rate",
        "share",
        "employed",
        "workers",
        "weight",
        "rate",
        "spending_ratio",
        "male",
        "female",
        "age_0_14",
        "age_15_64",
        "age_65_plus",
        "labour_force_male",
        "labour_force_female",
        "people",
        "people_thousand",
        "never_married",
        "households_10k",
        "ratio",
        "snow_days",
    }
)
# Wide tables have a column of figures for each age group, industry or occupation.
WIDE_COLUMN = re.compile(r"\d+-\d+|\d+\+|(industry|occupation)_[A-Z]")


def check_table(table: pl.DataFrame, source: TableSource, path: Path) -> pl.DataFrame:
    """Return the table if it has the source's columns, rows and totals; else raise TableError."""
    if table.columns != source.columns:
        raise TableError(f"{path}: columns are {table.columns}, expected {source.columns}")
    if table.height != source.rows:
        raise TableError(f"{path}: {table.height} rows, expected {source.rows}; restore the file")
    for column in table.columns:
        if table[column].dtype != pl.Float64:
            continue
        bad = table.filter(~(pl.col(column) >= 0) | pl.col(column).is_null())
        if bad.height:
            raise TableError(
                f"{path}: '{column}' must be a number of 0 or more, found {bad.row(0, named=True)}"
            )
    check_totals(table, source.totals, str(path))
    return table


def check_totals(table: pl.DataFrame, totals: Sequence[PublishedTotal], where: str) -> None:
    """Raise TableError unless every published total holds.

    Args:
        table: The table in the model's levels.
        totals: What was published of it.
        where: The file or table that an error names.
    """
    for total in totals:
        found = _sum(table, total, where)
        if found != total.equals:
            rows = ", ".join(f"{k}={v}" for k, v in total.where.items()) or "all rows"
            raise TableError(
                f"{where}: {rows} add up to {found:,.0f}, published is {total.equals:,} "
                f"(difference {found - total.equals:+,.0f}); a figure was changed, restore it"
            )


def published_totals(table: pl.DataFrame, totals: Sequence[PublishedTotal]) -> pl.DataFrame:
    """Return each published total beside the sum of the table's rows."""
    rows = [
        (
            ", ".join(f"{k}={v}" for k, v in total.where.items()) or "all",
            float(total.equals),
            _sum(table, total, "table"),
        )
        for total in totals
    ]
    return pl.DataFrame(rows, schema=["rows", "published", "found"], orient="row")


def _sum(table: pl.DataFrame, total: PublishedTotal, where: str) -> float:
    rows = table
    for column, value in total.where.items():
        if column not in table.columns:
            raise TableError(f"{where}: a published total names the unknown column '{column}'")
        rows = rows.filter(pl.col(column) == str(value))
    return float(rows[total.column].sum())


def inventory(folder: str, reference_dir: Path) -> pl.DataFrame:
    """Return the word lists of one folder: list, rows, sha256, source, licence."""
    rows = [
        (key, source.rows, content_hash(key, reference_dir), source.survey, source.licence)
        for key, source in load_sources(reference_dir).items()
        if key.split("/")[0] == folder
    ]
    return pl.DataFrame(rows, schema=["list", "rows", "sha256", "source", "licence"], orient="row")


def table_summary(key: str, table: pl.DataFrame, reference_dir: Path) -> dict[str, Any]:
    """Return what the UI shows of one table, as plain values."""
    source = load_sources(reference_dir)[key]
    totals = [
        f"{', '.join(f'{k}={v}' for k, v in t.where.items()) or 'all'}: {t.equals:,}"
        for t in source.totals
    ]
    return {
        "rows": table.height,
        "title": source.title,
        "table_id": str(source.table_id or "not known"),
        "survey": f"{source.survey}, {source.year}",
        "kind": source.kind,
        "series": source.series or "-",
        "licence": source.licence,
        "processing": source.processing,
        "published_totals_checked": totals or ["none published"],
        "sha256": content_hash(key, reference_dir),
    }
