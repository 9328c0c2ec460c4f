"""The shipped figures behind the conformance server, and editions of them that hold together."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from persona_assets.census.client import EStatClient
from persona_assets.census.editions import collect_areas, shipped_tables
from persona_assets.census.estat_server import Content, EStatServer
from persona_assets.census.raw import RawTable
from persona_assets.storage.paths import reference_dir

RECORDED = Path(__file__).with_name("recorded")
APP_ID = "0123456789abcdef0123456789abcdef01234567"


def shipped_content() -> Content:
    tables = shipped_tables(reference_dir())
    return Content(tables=tables, areas=collect_areas(tables))


def connect(server: EStatServer, **options) -> EStatClient:
    return EStatClient(
        APP_ID, base_url=server.url, file_url=server.file_url,
        **{"pause": 0, "backoff": 0.01, "timeout": 10, "attempts": 3, **options},
    )  # fmt: skip


def with_table(content: Content, table: RawTable) -> Content:
    return replace(content, tables={**content.tables, table.info.id: table})


def dated(table: RawTable, date: str) -> RawTable:
    return replace(table, info=replace(table.info, updated_date=date))


def with_moved(
    table: RawTable, moves: Mapping[tuple[str, ...], int], *axes: str, date: str = "2026-11-01"
) -> RawTable:
    """Return the table with people added to the cells that have these codes on these axes."""
    change = pl.lit(0)
    for codes, amount in moves.items():
        here = pl.all_horizontal(
            pl.col(axis).cast(pl.String) == code for axis, code in zip(axes, codes, strict=True)
        )
        change = pl.when(here).then(amount).otherwise(change)
    text = (pl.col("text").cast(pl.Int64, strict=False) + change).cast(pl.String)
    cells = table.cells.with_columns(
        pl.when(change != 0).then(text).otherwise("text").alias("text")
    )
    assert not cells.equals(table.cells)
    return dated(replace(table, cells=cells), date)


def one_at_home_more(content: Content) -> RawTable:
    """Return the labour table with one of Tottori's students doing housework instead."""
    places = ("31000", "00000")
    moves = {("F1109", place): 1 for place in places} | {("F1110", place): -1 for place in places}
    return with_moved(content.tables["0000010106"], moves, "cat01", "area")
