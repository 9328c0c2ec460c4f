"""Facts: what a writer or a prompt is given about each person."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from persona_assets.people.labels import with_labels
from persona_assets.people.life_stage import life_stage, place
from persona_assets.people.occupations import title_details
from persona_assets.personas.models import field_names


def person_facts(people: pl.DataFrame, reference_dir: Path) -> list[dict[str, Any]]:
    """Return each person's columns and labels, and what they imply.

    Beside the columns: `skills` and `certifications` that the job title asks for, `former_skills`
    of the former one, `life` (`LifeStage`) and `place` (`Place`).
    """
    details = title_details(reference_dir)
    former = details.select(
        pl.col("occupation_class", "occupation_title").name.prefix("former_"),
        pl.col("skills").alias("former_skills"),
    )
    labelled = (
        with_labels(people)
        .join(details, on=["occupation_class", "occupation_title"], how="left",
              maintain_order="left")
        .join(former, on=["former_occupation_class", "former_occupation_title"], how="left",
              maintain_order="left")
        .with_columns(pl.col("skills", "certifications", "former_skills").fill_null([]))
    )  # fmt: skip
    return [
        person
        | {
            "life": life_stage(person, reference_dir),
            "place": place(person["prefecture"], person["municipality_code"], reference_dir),
        }
        for person in labelled.iter_rows(named=True)
    ]


def accepted_attributes(attributes: pl.DataFrame) -> dict[str, Mapping[str, Any]]:
    """Return the first step's accepted texts by person."""
    accepted = attributes.filter(pl.col("accepted"))
    rows = accepted.select("person_id", *field_names("attributes")).to_dicts()
    return {row["person_id"]: row for row in rows}
