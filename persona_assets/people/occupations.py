"""Job titles of employed people, drawn from the titles of their small class of occupation.

Belongs here: which job title fits a person whose class, industry and schooling are known. How many
people work in each class and industry is the joint's business.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from persona_assets import levels
from persona_assets.joint.titles import OccupationError, Titles, load_titles, titles_by_major
from persona_assets.raking import FloatArray
from persona_assets.storage.paths import reference_dir

GROUP: Final = (
    "occupation", "occupation_class", "industry", "education", "sex", "employment_status",
)  # fmt: skip


@cache
def load_industry_sizes(reference: Path) -> dict[str, int]:
    """Return the employed people of each industry letter, nationwide in 2020."""
    sizes = pl.read_csv(reference / "occupations" / "industry_sizes.csv")
    return dict(sizes.select("industry", "employed").iter_rows())


@cache
def _by_major(reference: Path) -> dict[str, Titles]:
    return titles_by_major(load_titles(reference), load_industry_sizes(reference))


def draw_titles(
    people: pl.DataFrame, rng: np.random.Generator, reference: Path | None = None
) -> pl.DataFrame:
    """Draw a job title for each employed person, by the chances of `Titles.chances`.

    Args:
        people: One row per person: sex, age (years), education, employment_status, industry
            (JSIC letter), occupation (JSOC letter), occupation_class; the last four are null for
            those without work.
        rng: Generator; one number is drawn per row, employed or not.
        reference: The folder `data/reference`; by default the one that ships.

    Returns:
        `occupation_title`, in the order of `people`; null without work.

    Raises:
        OccupationError: an unknown major group or class, or a person whom no title fits.
    """
    majors = _by_major(reference or reference_dir())
    uniform = rng.random(people.height)
    titles: list[str | None] = [None] * people.height
    # Ages between two limits are alike, so people are grouped by the stretch they are in.
    limits = np.unique(np.concatenate([np.r_[t.min_age, t.max_age + 1] for t in majors.values()]))
    keyed = people.select(*GROUP, "age").with_columns(
        stretch=pl.Series(np.searchsorted(limits, people["age"].to_numpy(), side="right")),
        row=pl.int_range(pl.len()),
    )
    employed = keyed.filter(pl.col("occupation").is_not_null())
    for key, group in employed.group_by(*GROUP, "stretch", maintain_order=True):
        person = dict(zip(GROUP, map(str, key), strict=False))
        known = majors.get(person["occupation"])
        if known is None:
            raise OccupationError(
                f"drawing job titles: occupation '{person['occupation']}' has none; "
                f"use one of {sorted(majors)}"
            )
        cumulative = np.cumsum(_chances(known, person, int(group["age"][0])))
        rows = group["row"].to_numpy()
        chosen = np.searchsorted(cumulative, uniform[rows] * cumulative[-1], side="right")
        for row, index in zip(rows.tolist(), chosen.tolist(), strict=True):
            titles[row] = known.titles[index]
    return pl.DataFrame({"occupation_title": titles}, schema={"occupation_title": pl.String})


def _chances(known: Titles, person: Mapping[str, str], age: int) -> FloatArray:
    among = known.classes == person["occupation_class"]
    if not among.any():
        raise OccupationError(
            f"drawing job titles: occupation class '{person['occupation_class']}' has none among "
            f"those of '{person['occupation']}'; add one to titles.csv"
        )
    kind = levels.WORKER_KIND_OF[person["employment_status"]]
    chances = known.chances(
        person["sex"], person["education"], kind, (age, age), person["industry"], among
    )
    if not chances.any():
        raise OccupationError(
            f"drawing a job title: none of occupation class '{person['occupation_class']}' allows "
            f"sex={person['sex']}, education={person['education']}; widen title_rules.csv"
        )
    return chances


def title_details(reference: Path) -> pl.DataFrame:
    """Return what is known of each job title.

    Returns:
        occupation_class, occupation_title, skills and certifications (lists of noun phrases, may
        be empty); one row per class and title.
    """
    return (
        load_titles(reference)
        .unique(["occupation_class", "title"], maintain_order=True)
        .select(
            "occupation_class",
            pl.col("title").alias("occupation_title"),
            *(
                pl.col(name).str.split("|").list.filter(pl.element() != "").alias(name)
                for name in ("skills", "certifications")
            ),
        )
    )
