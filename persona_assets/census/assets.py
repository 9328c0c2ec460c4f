"""Census assets: one per table that ships, then one per margin."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from persona_assets.census.margins import MARGIN_NAMES, build_margins
from persona_assets.census.tables import (
    TABLE_FOLDERS,
    content_hash,
    inventory,
    load_sources,
    load_table,
    table_summary,
)
from persona_assets.storage.io_manager import data_version, markdown_table
from persona_assets.storage.paths import reference_dir
from persona_assets.storage.resources import Folders

GROUP = "census"
WORD_FOLDERS = ("geography", "names", "occupations", "lifestyle")

TABLE_KEYS = tuple(
    key for key in load_sources(reference_dir()) if key.split("/")[0] in TABLE_FOLDERS
)


def _table_asset(key: str) -> dg.AssetsDefinition:
    source = load_sources(reference_dir())[key]

    @dg.asset(
        key=key.split("/"),
        group_name=GROUP,
        kinds={"csv", "polars"},
        code_version="1",
        description=f"{source.title} ({source.survey}, {source.year}). {source.processing}",
    )
    def table(folders: Folders) -> dg.MaterializeResult[pl.DataFrame]:
        frame = load_table(key, folders.reference_dir)
        return dg.MaterializeResult(
            value=frame,
            metadata={
                **table_summary(key, frame, folders.reference_dir),
                "preview": dg.MetadataValue.md(markdown_table(frame, 10)),
            },
            data_version=dg.DataVersion(content_hash(key, folders.reference_dir)),
        )

    return table


def _words_asset(folder: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=["words", folder],
        group_name=GROUP,
        kinds={"csv"},
        code_version="1",
        description=f"Inventory of the word lists of {folder} that ship: file, rows, hash, source.",
    )
    def words(folders: Folders) -> dg.MaterializeResult[pl.DataFrame]:
        frame = inventory(folder, folders.reference_dir)
        return dg.MaterializeResult(
            value=frame,
            metadata={"lists": dg.MetadataValue.md(markdown_table(frame))},
            data_version=data_version(frame),
        )

    return words


@dg.multi_asset(
    outs={
        name: dg.AssetOut(
            key=["margin", name], group_name=GROUP, kinds={"polars"}, code_version="1"
        )
        for name in MARGIN_NAMES
    },
    ins={
        key.split("/")[1]: dg.AssetIn(key=key.split("/"))
        for key in TABLE_KEYS
        if key.startswith("census/")
    },
)
def margins(**tables: pl.DataFrame) -> Iterator[dg.Output[pl.DataFrame]]:
    """Tables made consistent: one authority, unknowns spread in their cell, no series mixed."""
    for name, frame in build_margins(tables).items():
        yield dg.Output(
            frame,
            output_name=name,
            metadata={
                "rows": frame.height,
                "people": float(frame["count"].sum()),
                "preview": dg.MetadataValue.md(markdown_table(frame, 10)),
            },
            data_version=data_version(frame),
        )


census_assets = [
    *(_table_asset(key) for key in TABLE_KEYS),
    *(_words_asset(folder) for folder in WORD_FOLDERS),
    margins,
]
