"""The whole chain in memory for a few prefectures, as the assets run it, for tests of what follows.

A dataset of these people takes half a second; tests that change something change a copy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from persona_assets.joint.distribution import Joint
from persona_assets.joint.fit import Structure, fit_prefecture
from persona_assets.people.build import build_people
from persona_assets.personas.backends import OfflineBackend
from persona_assets.personas.engine import run_step
from persona_assets.personas.facts import accepted_attributes, person_facts
from persona_assets.quality.records import check_records
from persona_assets.recipe import Recipe


@dataclass(frozen=True)
class Chain:
    """What each stage made, over all prefectures of the chain."""

    recipe: Recipe
    joints: tuple[Joint, ...]
    population: pl.DataFrame
    people: pl.DataFrame
    attributes: pl.DataFrame
    personas: pl.DataFrame
    checked: pl.DataFrame
    quarantine: pl.DataFrame
    findings: pl.DataFrame

    @property
    def joint_frames(self) -> pl.DataFrame:
        return pl.concat([joint.to_frame() for joint in self.joints])

    def part(self, name: str, prefecture: str) -> pl.DataFrame:
        """Return one stage's rows of one prefecture."""
        frame: pl.DataFrame = getattr(self, name)
        return frame.filter(pl.col("prefecture") == prefecture)


def run_chain(
    keys: Sequence[str],
    recipe: Recipe,
    margins: Mapping[str, pl.DataFrame],
    structure: Structure,
    reference: Path,
) -> Chain:
    """Fit, draw, write and check some prefectures."""
    joints, stages = [], []
    for key in keys:
        joint, _ = fit_prefecture(key, margins, structure)
        people = build_people(joint, margins["population"], recipe, reference)
        facts = person_facts(people, reference)
        attributes, _ = run_step("attributes", facts, OfflineBackend(recipe.seed))
        known = accepted_attributes(attributes)
        personas, _ = run_step(
            "personas",
            [person for person in facts if person["person_id"] in known],
            OfflineBackend(recipe.seed),
            attributes=known,
        )
        joints.append(joint)
        stages.append(
            (people, attributes, personas,
             *check_records(people, attributes, personas, recipe.fingerprint))
        )  # fmt: skip
    return Chain(
        recipe,
        tuple(joints),
        margins["population"],
        *(pl.concat(parts) for parts in zip(*stages, strict=True)),
    )
