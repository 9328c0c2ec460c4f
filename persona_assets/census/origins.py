"""Where each table's figures come from: what ships with the project, or a snapshot of e-Stat.

Both ways meet here and are one from here on: the same frame, checked against the same totals.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from persona_assets.census.registry import load_registry, needed_tables, sorted_table, tidy
from persona_assets.census.snapshots import Snapshot, SnapshotStore
from persona_assets.census.tables import (
    TableError,
    content_hash,
    load_sources,
    load_table,
    table_path,
)
from persona_assets.recipe import Figures

SHIPPED: Final = "shipped"

# Shown wherever figures of the API are, as its terms of use ask.
API_CREDIT: Final = (
    "このサービスは、政府統計総合窓口(e-Stat)のAPI機能を使用していますが、"
    "サービスの内容は国によって保証されたものではありません。"
)

ORIGIN_SCHEMA: Final = {
    "table": pl.String,
    "door": pl.String,
    "table_id": pl.String,
    "title": pl.String,
    "updated_date": pl.String,
    "fetched": pl.String,
    "content_hash": pl.String,
    "rows": pl.Int64,
    "credit": pl.String,
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one table's figures come from.

    `door` is `shipped`, `api` or `download`; `content_hash` that of the shipped file or of the
    snapshot; `fetched` and `updated_date` are empty for what ships.
    """

    table: str
    door: str
    table_id: str
    title: str
    updated_date: str
    fetched: str
    content_hash: str
    credit: str
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A table in the model's levels, where it came from, and the sums that were checked."""

    frame: pl.DataFrame
    origin: Origin
    sums: pl.DataFrame | None = None


def find_origin(
    table: str, reference_dir: Path, store: SnapshotStore, choice: Figures
) -> Origin | None:
    """Say where a table's figures come from under a recipe's choice; None if it has none.

    Args:
        table: Its name in the registry.
        reference_dir: The figures that ship.
        store: The snapshots.
        choice: What the recipe says.

    Raises:
        SnapshotError: a pinned snapshot is not there.
        TableError: the recipe wants snapshots only, and a table that is needed has none.
    """
    ships = table_path(f"census/{table}", reference_dir).exists()
    pin = choice.pinned.get(table)
    if pin is not None and pin.split(":")[0] == SHIPPED:
        return _as_pinned(_shipped(table, reference_dir), pin) if ships else None
    if pin is None and choice.source == "shipped":
        return _shipped(table, reference_dir) if ships else None
    newest = None if pin else store.newest(table)
    key = newest.key if newest is not None else pin
    if key:
        # With the date of its first fetch, which does not move while the content stays.
        return _kept(store.find(table, key))
    if choice.source == "snapshots":
        if load_registry().tables[table].optional:
            return None
        raise TableError(
            f"census/{table}: the recipe wants snapshots only (figures.source), and there is none "
            f"under {store.root}; fetch it with `persona-assets estat fetch`"
        )
    return _shipped(table, reference_dir) if ships else None


def load_figures(
    table: str, reference_dir: Path, store: SnapshotStore, choice: Figures
) -> Loaded | None:
    """Read one table in the model's levels; None if it neither ships nor was fetched.

    Raises:
        TableError: what is there is not what the registry expects.
    """
    origin = find_origin(table, reference_dir, store, choice)
    if origin is None:
        return None
    if origin.snapshot is None:
        return Loaded(sorted_table(load_table(f"census/{table}", reference_dir)), origin)
    read = tidy(store.load(origin.snapshot), table)
    return Loaded(read.frame, origin, read.sums)


def needed_figures(
    reference_dir: Path, store: SnapshotStore, choice: Figures
) -> dict[str, pl.DataFrame]:
    """Return every table that margins are made from, by name.

    Raises:
        TableError: a table is missing or is not what the registry expects.
    """
    found = {name: load_figures(name, reference_dir, store, choice) for name in needed_tables()}
    for name, loaded in found.items():
        if loaded is None:
            raise TableError(
                f"census/{name} neither ships nor was fetched; restore data/reference with git"
            )
    return {name: loaded.frame for name, loaded in found.items() if loaded is not None}


def origins_frame(loaded: Iterable[tuple[Origin, int]]) -> pl.DataFrame:
    """Return origins with their number of rows, as ORIGIN_SCHEMA says."""
    rows = [
        {**{name: getattr(origin, name) for name in ORIGIN_SCHEMA if name != "rows"}, "rows": rows}
        for origin, rows in loaded
    ]
    return pl.DataFrame(rows, schema=ORIGIN_SCHEMA)


def pin_of(door: str, content_hash: str) -> str:
    """Return what a recipe says to hold a table at this state."""
    return f"{SHIPPED}:{content_hash}" if door == SHIPPED else content_hash


def _as_pinned(origin: Origin, pin: str) -> Origin:
    wanted = pin.partition(":")[2]
    if not origin.content_hash.startswith(wanted):
        raise TableError(
            f"census/{origin.table}: the figures that ship here are "
            f"{origin.content_hash[:12]}, the recipe pins {wanted[:12]}; use the version of "
            "persona-assets that the release was made with"
        )
    return origin


def _shipped(table: str, reference_dir: Path) -> Origin:
    key = f"census/{table}"
    source = load_sources(reference_dir)[key]
    ids = source.table_id if isinstance(source.table_id, list) else [source.table_id or ""]
    return Origin(
        table=table,
        door=SHIPPED,
        table_id=", ".join(ids),
        title=source.title,
        updated_date="",
        fetched="",
        content_hash=content_hash(key, reference_dir),
        credit=source.licence,
    )


def _kept(snapshot: Snapshot) -> Origin:
    survey = load_registry().survey(snapshot.table)
    return Origin(
        table=snapshot.table,
        door=snapshot.door,
        table_id=snapshot.table_id,
        title=snapshot.title,
        updated_date=snapshot.updated_date,
        fetched=snapshot.fetched,
        content_hash=snapshot.content_hash,
        credit=f"{survey.source}; {API_CREDIT}" if snapshot.door == "api" else survey.source,
        snapshot=snapshot,
    )
