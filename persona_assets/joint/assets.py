"""Joint asset: one prefecture's maximum-entropy joint distribution."""

import dagster as dg
import polars as pl

from persona_assets.census.assets import SHAPES
from persona_assets.census.margins import MARGIN_NAMES
from persona_assets.joint.fit import fit_prefecture, structure_of
from persona_assets.joint.inputs import load_shapes
from persona_assets.joint.scores import margin_scores
from persona_assets.storage.conditions import when_inputs_changed
from persona_assets.storage.io_manager import data_version, markdown_table
from persona_assets.storage.resources import PREFECTURES, Folders

# National frames of which a fit reads its own prefecture's rows alone.
AGREEMENTS = dg.AssetKey("table_agreements")
NATIONAL = [AGREEMENTS, *(dg.AssetKey(["margin", name]) for name in MARGIN_NAMES)]


@dg.asset(
    group_name="joint",
    partitions_def=PREFECTURES,
    kinds={"scipy", "polars"},
    code_version="2",
    ins={f"margin_{name}": dg.AssetIn(key=["margin", name]) for name in MARGIN_NAMES},
    # Shapes and words are read from where they ship: through the lake, forty inputs would cost as
    # much as the fit. Tables that cannot both hold are no ground for one.
    deps=[
        *(dg.AssetKey(["shapes", name]) for name in SHAPES),
        ["words", "occupations"],
        ["words", "geography"],
        AGREEMENTS,
    ],
    automation_condition=when_inputs_changed(by_prefecture=NATIONAL),
)
def joint_distribution(
    context: dg.AssetExecutionContext, folders: Folders, **inputs: pl.DataFrame
) -> dg.MaterializeResult[pl.DataFrame]:
    """A weight for every possible combination of the model's variables, per prefecture."""
    margins = {name: inputs[f"margin_{name}"] for name in MARGIN_NAMES}
    structure = structure_of(load_shapes(folders.reference_dir))
    fitted = [fit_prefecture(key, margins, structure) for key in context.partition_keys]
    reports = {joint.prefecture: report for joint, report in fitted}
    worst = max(reports, key=lambda key: reports[key].largest_error)
    frame = pl.concat([joint.to_frame() for joint, _ in fitted])
    return dg.MaterializeResult(
        value=frame,
        data_version=data_version(frame),
        metadata={
            "sweeps": max(report.sweeps for report in reports.values()),
            "largest_error": reports[worst].largest_error,
            "entropy_nats": max(report.entropy for report in reports.values()),
            "effective_cells": max(report.effective_cells for report in reports.values()),
            "margins": dg.MetadataValue.md(markdown_table(margin_scores(reports[worst]))),
        },
    )
