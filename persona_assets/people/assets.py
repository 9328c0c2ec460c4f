"""People asset: one prefecture's sampled people, and the checks of them."""

import dagster as dg
import polars as pl

from persona_assets.joint.distribution import Joint
from persona_assets.people.build import build_people
from persona_assets.people.quotas import draw_quotas
from persona_assets.people.schema import PEOPLE_SCHEMA
from persona_assets.storage.checks import schema_check
from persona_assets.storage.conditions import when_inputs_changed
from persona_assets.storage.io_manager import data_version, markdown_table
from persona_assets.storage.resources import PREFECTURES, Folders, RecipeResource


@dg.asset(
    group_name="people",
    partitions_def=PREFECTURES,
    kinds={"polars"},
    code_version="1",
    ins={"population": dg.AssetIn(key=["margin", "population"])},
    deps=[["words", folder] for folder in ("geography", "names", "occupations", "lifestyle")],
    # The quotas are a rounding of the whole nation, so people depend on every prefecture's
    # residents, but on their own prefecture's joint alone.
    automation_condition=when_inputs_changed(),
)
def people(
    context: dg.AssetExecutionContext,
    joint_distribution: pl.DataFrame,
    population: pl.DataFrame,
    folders: Folders,
    recipe: RecipeResource,
) -> dg.MaterializeResult[pl.DataFrame]:
    """Adults drawn from the joint: who they are, where they live, what they do and like."""
    chosen = recipe.load()
    frame = pl.concat(
        build_people(
            Joint.from_frame(joint_distribution.filter(pl.col("prefecture") == key)),
            population, chosen, folders.reference_dir,
        )
        for key in context.partition_keys
    )  # fmt: skip
    preview = frame.select(
        "surname", "given_name", "sex", "age", "municipality", "marital", "education",
        "occupation_title",
    )  # fmt: skip
    return dg.MaterializeResult(
        value=frame,
        data_version=data_version(frame),
        metadata={
            "people": frame.height,
            "mean_age": float(frame["age"].to_numpy().mean()),
            "recipe": chosen.fingerprint,
            "seed": chosen.seed,
            "preview": dg.MetadataValue.md(markdown_table(preview, 10)),
        },
    )


@dg.asset_check(
    asset=people,
    blocking=True,
    partitions_def=PREFECTURES,
    additional_ins={"population": dg.AssetIn(key=["margin", "population"])},
)
def people_fill_their_quotas(
    people: pl.DataFrame, population: pl.DataFrame, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """Every sex and age group has exactly as many people as the nation's rounding gives it."""
    wanted = draw_quotas(population, recipe.load().size).filter(
        pl.col("prefecture").is_in(people["prefecture"].unique().implode())
    )
    found = people.group_by("prefecture", "sex", "age_group", maintain_order=True).agg(
        pl.len().alias("found")
    )
    wrong = (
        wanted.join(
            found,
            on=["prefecture", "sex", "age_group"],
            how="full",
            coalesce=True,
            maintain_order="left",
        )
        .with_columns(pl.col("found", "quota").fill_null(0))
        .filter(pl.col("found") != pl.col("quota"))
    )
    return dg.AssetCheckResult(
        passed=wrong.is_empty(),
        description=f"{wrong.height} of {wanted.height} cells differ from their quota",
        metadata={"differences": dg.MetadataValue.md(markdown_table(wrong))},
    )


@dg.asset_check(asset=people, blocking=True, partitions_def=PREFECTURES)
def people_meet_schema(people: pl.DataFrame) -> dg.AssetCheckResult:
    """Stored people still have the declared columns, types and levels."""
    return schema_check(people, PEOPLE_SCHEMA)
