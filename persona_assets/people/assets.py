"""People asset: one prefecture's sampled people, and the checks of them."""

import dagster as dg
import polars as pl

from persona_assets.joint.distribution import Joint
from persona_assets.people.build import build, read_earlier
from persona_assets.people.fidelity import (
    MOST_TIMES_FLOOR_OF_PART,
    SLACK,
    Scope,
    distances,
    drawn_margins,
    fitted_margins,
    impossible,
    misplaced,
)
from persona_assets.people.names import count_known
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
    deps=[
        ["words", folder] for folder in ("geography", "names", "occupations", "lifestyle", "nation")
    ],
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
    earlier = chosen.earlier_people
    built = [
        build(
            Joint.from_frame(joint_distribution.filter(pl.col("prefecture") == key)),
            population, chosen, folders.reference_dir,
            None if earlier is None else read_earlier(earlier, key),
        )
        for key in context.partition_keys
    ]  # fmt: skip
    frame = pl.concat(one.people for one in built)
    edition = {} if earlier is None else {
        "kept_of_earlier_edition": sum(one.kept for one in built),
        "gone_of_earlier_edition": sum(one.gone for one in built),
        "least_that_had_to_go": sum(one.least_gone for one in built),
    }  # fmt: skip
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
            "names_drawn_again": sum(one.redrawn for one in built),
            "names_of_known_people": count_known(frame, chosen.names.lists, folders.reference_dir),
            **edition,
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


@dg.asset_check(
    asset=people,
    blocking=True,
    partitions_def=PREFECTURES,
    additional_ins={"joint_distribution": dg.AssetIn("joint_distribution")},
)
def people_are_possible(
    people: pl.DataFrame, joint_distribution: pl.DataFrame
) -> dg.AssetCheckResult:
    """Nobody is what nobody can be, nor lives in a place of another prefecture."""
    factors = impossible(people, _joints(joint_distribution))
    elsewhere = misplaced(people)
    wrong = factors["people"].sum()
    return dg.AssetCheckResult(
        passed=not wrong and not elsewhere,
        description=f"{wrong} people are in a cell of weight zero, {elsewhere} in another "
        "prefecture",
        metadata={"by_factor": dg.MetadataValue.md(markdown_table(factors))},
    )


@dg.asset_check(
    asset=people,
    partitions_def=PREFECTURES,
    additional_ins={"joint_distribution": dg.AssetIn("joint_distribution")},
)
def people_stand_for_their_margins(
    people: pl.DataFrame, joint_distribution: pl.DataFrame
) -> dg.AssetCheckResult:
    """No margin is much further off than whole people must be."""
    found = distances(drawn_margins(people), fitted_margins(_joints(joint_distribution)))
    held = found.filter(pl.col("scope") == Scope.PREFECTURES)
    far = held.filter(
        pl.col("times_floor") > MOST_TIMES_FLOOR_OF_PART, pl.col("tvd") * pl.col("people") > SLACK
    )
    return dg.AssetCheckResult(
        passed=far.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{far.height} of {held.height} margins are further off than "
        f"{MOST_TIMES_FLOOR_OF_PART:g} times the least that whole people allow and {SLACK} people",
        metadata={
            "furthest": float(held["times_floor"].to_numpy().max(initial=0)),
            "distances": dg.MetadataValue.md(markdown_table(found)),
        },
    )


def _joints(frame: pl.DataFrame) -> list[Joint]:
    return [Joint.from_frame(part) for _, part in frame.group_by("prefecture", maintain_order=True)]
