"""Facts: what a writer or a prompt is given about each person."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from persona_assets.people.labels import with_labels
from persona_assets.people.occupations import title_details
from persona_assets.personas.models import field_names


def person_facts(people: pl.DataFrame, reference_dir: Path) -> list[dict[str, Any]]:
    """Return each person's columns and labels, with the skills that the job title asks for."""
    details = title_details(reference_dir)
    return (
        with_labels(people)
        .join(details, on=["occupation_class", "occupation_title"], how="left",
              maintain_order="left")
        .with_columns(pl.col("skills", "certifications").fill_null([]))
        .to_dicts()
    )  # fmt: skip


def accepted_attributes(attributes: pl.DataFrame) -> dict[str, Mapping[str, Any]]:
    """Return the first step's accepted texts by person."""
    accepted = attributes.filter(pl.col("accepted"))
    rows = accepted.select("person_id", *field_names("attributes")).to_dicts()
    return {row["person_id"]: row for row in rows}
