"""The job that scores joints: pages and figures about what was fitted, from which nothing is built.

Not assets, so that *Materialize all* and a backfill do not wait for them; what they find is an
observation of `joint_distribution`, on that asset's page.
"""

from typing import Any

import dagster as dg
import polars as pl
from pydantic import Field

from persona_assets.joint.uncertainty import relations_markdown
from persona_assets.partitions import prefecture, prefectures
from persona_assets.storage.io_manager import markdown_table, png_metadata
from persona_assets.storage.paths import reports_dir, snapshots_dir
from persona_assets.storage.resources import Folders, RecipeResource

JOINT = dg.AssetKey("joint_distribution")


class ScoreConfig(dg.Config):
    """What to score."""

    prefectures: list[str] = Field(default=[], description="Keys; none for all 47.")
    held_out: bool = Field(
        default=False, description="Score tables that the fit has not seen too; minutes."
    )


@dg.op
def write_scores(
    context: dg.OpExecutionContext,
    config: ScoreConfig,
    folders: Folders,
    recipe: RecipeResource,
) -> None:
    """Fit prefectures, write their pages and `scores.json`, and note what was found."""
    # Half a second to import, and no other job needs it.
    from persona_assets.census.margins import build_margins
    from persona_assets.census.origins import needed_figures
    from persona_assets.census.snapshots import SnapshotStore
    from persona_assets.joint.inputs import load_shapes
    from persona_assets.joint.report import Fitted, pictures, write_reports

    keys = [prefecture(key).key for key in config.prefectures] or list(prefectures())
    store = SnapshotStore(snapshots_dir(folders.data_root))
    margins = build_margins(needed_figures(folders.reference_dir, store, recipe.load().figures))
    folder = reports_dir(folders.data_root)

    def note(fitted: Fitted, one: dict[str, Any]) -> None:
        plots = {name: png_metadata(png) for name, png in pictures(fitted).items()}
        page = str(folder / f"{one['prefecture']}.html")
        context.log_event(
            dg.AssetObservation(
                JOINT, partition=one["prefecture"], metadata=_of_prefecture(one, page) | plots
            )
        )

    found = write_reports(
        keys,
        margins,
        load_shapes(folders.reference_dir),
        folder,
        held_out=config.held_out,
        on_progress=lambda step, done, total: context.log.info("%s: %d of %d", step, done, total),
        on_fitted=note,
    )
    if found["held_out"] is not None:
        context.log_event(dg.AssetObservation(JOINT, metadata=_of_held_out(found["held_out"])))


def _of_prefecture(one: dict[str, Any], page: str) -> dict[str, Any]:
    dependence = pl.DataFrame(one["dependence"], infer_schema_length=None)
    strongest = dependence.sort("nats", descending=True, maintain_order=True).head(20)
    return {
        "page": dg.MetadataValue.path(page),
        "figures": one["figures"],
        "entropy_nats": one["entropy_nats"],
        "effective_cells": one["effective_cells"],
        "entropy_without_municipalities_nats": one["entropy_without_municipalities_nats"],
        "entropy_of_tables_alone_without_municipalities_nats": one["entropy_of_tables_alone_nats"],
        "margins": dg.MetadataValue.md(
            markdown_table(pl.DataFrame(one["margins"], infer_schema_length=None))
        ),
        "strongest_pairs": dg.MetadataValue.md(markdown_table(strongest)),
        "known": dg.MetadataValue.md(relations_markdown()),
    }


def _of_held_out(scores: dict[str, Any]) -> dict[str, Any]:
    checks = pl.DataFrame(scores["checks"], infer_schema_length=None)
    columns = [
        "check",
        *(name for name in checks.columns if name.startswith(("mean_", "largest_"))),
    ]
    return {
        "held_out": dg.MetadataValue.md(markdown_table(checks.select(columns))),
        **{
            f"mean_error_points/{row['check']}": row["mean_held_out"]
            for row in scores["checks"]
            if row["mean_held_out"] is not None
        },
    }


@dg.job(
    description="Write a page about each prefecture's joint: fit, dependence, what is known of it; "
    "with held_out, also how near it comes to tables that it has not seen.",
)
def score_joint() -> None:
    """Score joints."""
    write_scores()
