"""Release assets: the released folder and the warehouse, over all prefectures."""

import dagster as dg
import duckdb
import polars as pl
from dagster_duckdb import DuckDBResource

from persona_assets.census.assets import TABLE_KEYS
from persona_assets.census.margins import MARGIN_NAMES
from persona_assets.quality.fidelity import age_pyramid
from persona_assets.release.writer import verify_release
from persona_assets.storage.io_manager import markdown_table, png_metadata
from persona_assets.storage.lake import written_whole
from persona_assets.storage.paths import lake_dir, releases_dir
from persona_assets.storage.resources import Folders, RecipeResource
from persona_assets.storage.warehouse import fill_warehouse

_MARGINS = {f"margin_{name}": dg.AssetIn(key=["margin", name]) for name in MARGIN_NAMES}


@dg.asset(
    group_name="release",
    kinds={"parquet", "huggingface"},
    code_version="1",
    ins=_MARGINS,
    # Tables that cannot both hold are no ground for a release.
    deps=["table_agreements"],
    io_manager_key="mem_io_manager",
)
def release(
    checked_records: pl.DataFrame,
    quarantine: pl.DataFrame,
    findings: pl.DataFrame,
    joint_distribution: pl.DataFrame,
    table_origins: pl.DataFrame,
    folders: Folders,
    recipe: RecipeResource,
    **margins: pl.DataFrame,
) -> dg.MaterializeResult[None]:
    """The released folder: data, card, report, manifest; `latest` points to it when it is whole."""
    # matplotlib takes half a second to import, and the runs of 47 prefectures never need it.
    from persona_assets.release.build import build_release
    from persona_assets.release.plots import age_pyramid_png

    population = margins["margin_population"]
    result = build_release(
        checked_records,
        quarantine=quarantine,
        findings=findings,
        joints=joint_distribution,
        origins=table_origins,
        margins={name.removeprefix("margin_"): frame for name, frame in margins.items()},
        recipe=recipe.load(),
        releases=releases_dir(folders.data_root),
        reference_dir=folders.reference_dir,
    )
    return dg.MaterializeResult(
        metadata={
            "records": result.records,
            "prefectures": result.prefectures,
            "folder": dg.MetadataValue.path(result.folder),
            "report": dg.MetadataValue.path(result.folder / "report.html"),
            "version": result.folder.name,
            "distances": dg.MetadataValue.md(
                markdown_table(result.distances, result.distances.height)
            ),
            "age_pyramid": png_metadata(age_pyramid_png(age_pyramid(checked_records, population))),
            "card": dg.MetadataValue.md((result.folder / "README.md").read_text(encoding="utf-8")),
        },
        data_version=dg.DataVersion(result.folder.name),
    )


@dg.asset_check(asset=release, blocking=True)
def latest_release_is_whole(folders: Folders) -> dg.AssetCheckResult:
    """Every file of the latest release is there and has the manifest's checksum."""
    folder = releases_dir(folders.data_root) / "latest"
    problems = verify_release(folder)
    return dg.AssetCheckResult(
        passed=not problems, description="; ".join(problems) or f"{folder.resolve().name} is whole"
    )


@dg.asset(
    group_name="release",
    kinds={"duckdb"},
    code_version="1",
    deps=[*(key.split("/") for key in TABLE_KEYS), *(["margin", m] for m in MARGIN_NAMES),
          "people", release],
    io_manager_key="mem_io_manager",
)  # fmt: skip
def warehouse(folders: Folders) -> dg.MaterializeResult[None]:
    """One DuckDB file with the tables, margins, people and released records, for SQL."""
    path = folders.data_root / "warehouse.duckdb"
    with (
        written_whole(path) as temporary,
        DuckDBResource(database=str(temporary)).get_connection() as connection,
    ):
        assert isinstance(connection, duckdb.DuckDBPyConnection)  # noqa: S101 - narrows the type
        rows = fill_warehouse(
            connection, lake_dir(folders.data_root), releases_dir(folders.data_root) / "latest"
        )
    return dg.MaterializeResult(
        metadata={"path": dg.MetadataValue.path(path), "tables": len(rows), "rows": rows}
    )
