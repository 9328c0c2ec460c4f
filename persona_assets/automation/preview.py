"""The preview: a few people and their texts, made in memory by what the assets call."""

from functools import partial
from pathlib import Path

import polars as pl

from persona_assets.census.margins import build_margins
from persona_assets.census.origins import needed_figures
from persona_assets.census.snapshots import SnapshotStore
from persona_assets.joint.fit import assemble, fit_prefecture
from persona_assets.joint.inputs import load_shapes
from persona_assets.people.build import build_people
from persona_assets.personas.backends import make_backend
from persona_assets.personas.engine import run_step
from persona_assets.personas.facts import accepted_attributes, person_facts
from persona_assets.quality.records import check_records
from persona_assets.recipe import Recipe


def preview(
    key: str, count: int, recipe: Recipe, reference_dir: Path, snapshots: Path
) -> pl.DataFrame:
    """Return the first checked records of one prefecture, as a build would make them.

    Args:
        key: Prefecture.
        count: How many people.
        recipe: The recipe; the people are those of its full size.
        reference_dir: The figures that ship.
        snapshots: The folder of what was fetched from e-Stat.
    """
    margins = build_margins(needed_figures(reference_dir, SnapshotStore(snapshots), recipe.figures))
    joint, _ = fit_prefecture(key, margins, assemble(load_shapes(reference_dir)))
    people = build_people(joint, margins["population"], recipe, reference_dir).head(count)
    facts = person_facts(people, reference_dir)
    run = partial(
        run_step,
        concurrency=recipe.writer.concurrency,
        max_attempts=recipe.writer.max_attempts,
    )
    first, _ = run("attributes", facts, make_backend(recipe.writer, recipe.seed))
    known = accepted_attributes(first)
    second, _ = run(
        "personas",
        [fact for fact in facts if fact["person_id"] in known],
        make_backend(recipe.writer, recipe.seed),
        attributes=known,
    )
    return check_records(people, first, second, recipe.fingerprint)[0]
