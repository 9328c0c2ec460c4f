"""Joint asset: one prefecture's maximum-entropy joint distribution."""

import dagster as dg
import polars as pl

from persona_assets.census.assets import SHAPES
from persona_assets.census.margins import MARGIN_NAMES
from persona_assets.joint.fit import fit_prefecture
from persona_assets.joint.seeds import occupation_shapes
from persona_assets.storage.conditions import when_inputs_changed
from persona_assets.storage.io_manager import data_version, markdown_table
from persona_assets.storage.resources import PREFECTURES, Folders

# National frames of which a fit reads its own prefecture's rows. Of industries it reads the
# nation's sizes too, so a change of one anywhere is a change for all.
AGREEMENTS = dg.AssetKey("table_agreements")
NATIONAL = [
    AGREEMENTS,
    *(dg.AssetKey(["margin", name]) for name in MARGIN_NAMES if name != "industry"),
]


@dg.asset(
    group_name="joint",
    partitions_def=PREFECTURES,
    kinds={"scipy", "polars"},
    code_version="1",
    ins={
        **{f"margin_{name}": dg.AssetIn(key=["margin", name]) for name in MARGIN_NAMES},
        **{f"shape_{name}": dg.AssetIn(key=["shapes", name]) for name in SHAPES},
    },
    # Tables that cannot both hold are no ground for a fit.
    deps=[["words", "occupations"], AGREEMENTS],
    automation_condition=when_inputs_changed(by_prefecture=NATIONAL),
)
def joint_distribution(
    context: dg.AssetExecutionContext, folders: Folders, **inputs: pl.DataFrame
) -> dg.MaterializeResult[pl.DataFrame]:
    """A weight for every possible combination of the model's variables, per prefecture."""
    margins = {name: inputs[f"margin_{name}"] for name in MARGIN_NAMES}
    shapes = {
        **{name: inputs[f"shape_{name}"] for name in SHAPES},
        **occupation_shapes(folders.reference_dir),
    }
    fitted = [fit_prefecture(key, margins, shapes) for key in context.partition_keys]
    _, report = fitted[-1]
    errors = pl.DataFrame(
        {"margin": list(report.errors), "largest_error_of_total": list(report.errors.values())}
    )
    frame = pl.concat([joint.to_frame() for joint, _ in fitted])
    return dg.MaterializeResult(
        value=frame,
        data_version=data_version(frame),
        metadata={
            "sweeps": report.sweeps,
            "largest_error": max(max(r.errors.values()) for _, r in fitted),
            "entropy_nats": report.entropy,
            "effective_cells": report.effective_cells,
            "errors": dg.MetadataValue.md(markdown_table(errors)),
        },
    )
