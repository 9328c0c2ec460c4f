"""Persona assets: the two steps of the generation engine, per prefecture."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from persona_assets.personas.backends import make_backend
from persona_assets.personas.engine import StepStats, run_step
from persona_assets.personas.facts import accepted_attributes, person_facts
from persona_assets.personas.models import field_names
from persona_assets.recipe import Recipe
from persona_assets.storage.io_manager import data_version, markdown_table
from persona_assets.storage.resources import PREFECTURES, Folders, RecipeResource

POOL = "llm_endpoint"


@dg.asset(
    group_name="personas",
    partitions_def=PREFECTURES,
    pool=POOL,
    kinds={"jinja", "openai"},
    code_version="2",
    deps=[["words", "culture"]],
)
def attributes(
    people: pl.DataFrame, folders: Folders, recipe: RecipeResource
) -> dg.MaterializeResult[pl.DataFrame]:
    """First step: cultural background, skills, hobbies and goals of each person."""
    return _step("attributes", person_facts(people, folders.reference_dir), recipe.load(), None)


@dg.asset(
    group_name="personas",
    partitions_def=PREFECTURES,
    pool=POOL,
    kinds={"jinja", "openai"},
    code_version="2",
    deps=[["words", "culture"]],
)
def personas(
    people: pl.DataFrame, attributes: pl.DataFrame, folders: Folders, recipe: RecipeResource
) -> dg.MaterializeResult[pl.DataFrame]:
    """Second step: six descriptions of each person whose first step was accepted."""
    known = accepted_attributes(attributes)
    those = people.filter(pl.col("person_id").is_in(list(known)))
    return _step("personas", person_facts(those, folders.reference_dir), recipe.load(), known)


def _step(
    step: str,
    people: list[dict[str, Any]],
    recipe: Recipe,
    attributes: Mapping[str, Mapping[str, Any]] | None,
) -> dg.MaterializeResult[pl.DataFrame]:
    writer = recipe.writer
    frame, stats = run_step(
        step,
        people,
        make_backend(writer, recipe.seed),
        attributes=attributes,
        concurrency=writer.concurrency,
        max_attempts=writer.max_attempts,
    )
    return dg.MaterializeResult(
        value=frame,
        data_version=data_version(frame),
        metadata=_metadata(step, frame, stats),
    )


def _metadata(step: str, frame: pl.DataFrame, stats: StepStats) -> dict[str, Any]:
    samples = frame.filter(pl.col("accepted")).select(field_names(step)[:3])
    return {
        "accepted": stats.accepted,
        "rejected": stats.rejected,
        "repaired": stats.repaired,
        "seconds": round(stats.seconds, 2),
        "records_per_second": round(len(frame) / max(stats.seconds, 1e-9), 1),
        "calls": stats.usage.calls,
        "prompt_tokens": stats.usage.prompt_tokens,
        "completion_tokens": stats.usage.completion_tokens,
        "backend": f"{frame['backend'][0]} ({frame['model'][0]})" if len(frame) else "-",
        "prompt_hash": frame["prompt_hash"][0] if len(frame) else "-",
        "reasons": dict(stats.reasons),
        "samples": dg.MetadataValue.md(markdown_table(samples, 3)),
    }
