"""Occupation classes and job titles of employed people, drawn from the reference tables.

Belongs here: which job title fits a person whose major group and industry are known. How many
people work in each major group and industry is the joint's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from persona_assets.errors import PersonaAssetsError
from persona_assets.levels import EDUCATION, INDUSTRY
from persona_assets.storage.paths import reference_dir

GROUP: Final = ("occupation", "industry", "education", "sex", "employment_status")

# Schooling that a person has finished, in order; someone at school has finished the step before.
_LADDER: Final = ("lower_secondary", "upper_secondary", "junior_college", "university")
_RANK: Final = {level: rank for rank, level in enumerate((*_LADDER, "graduate_school"))} | {
    "in_school": _LADDER.index("upper_secondary"),
    "": 0,
}

# What may be given up when no title fits, in this order; sex and the schooling that a profession
# requires by law are never given up.
_CONDITIONS: Final = ("industry", "education", "employment", "age")


class OccupationError(PersonaAssetsError):
    """People for whom no title can be drawn; names the column and the value."""


@dataclass(frozen=True)
class _Titles:
    """The titles of one major group as arrays of equal length."""

    classes: list[str]
    titles: list[str]
    weight: npt.NDArray[np.float64]
    education: dict[str, npt.NDArray[np.float64]]
    female_share: npt.NDArray[np.float64]
    self_employed_share: npt.NDArray[np.float64]
    min_age: npt.NDArray[np.int64]
    max_age: npt.NDArray[np.int64]
    within_industry: dict[str, npt.NDArray[np.float64]]
    sex: npt.NDArray[np.str_]
    employment: npt.NDArray[np.str_]
    min_education: npt.NDArray[np.int64]


@cache
def load_industry_sizes(reference: Path) -> dict[str, int]:
    """Return the employed people of each industry letter, nationwide in 2020."""
    sizes = pl.read_csv(reference / "occupations" / "industry_sizes.csv")
    return dict(sizes.select("industry", "employed").iter_rows())


@cache
def load_titles(reference: Path) -> pl.DataFrame:
    """Return the job titles with weights (workers), factors, limits, skills, certifications."""
    path = reference / "occupations" / "titles.csv"
    text = pl.read_csv(path, infer_schema_length=None)
    return text.with_columns(pl.col(pl.String).fill_null(""))


@cache
def _by_major(reference: Path) -> dict[str, _Titles]:
    titles = load_titles(reference)
    sizes = load_industry_sizes(reference)
    return {
        str(key[0]): _arrays(part, sizes)
        for key, part in titles.group_by("occupation", maintain_order=True)
    }


def _arrays(part: pl.DataFrame, sizes: Mapping[str, int]) -> _Titles:
    part = part.sort("occupation_class", "title")
    letters = [text.split("|") for text in part["industries"]]
    sums = [sum(sizes[letter] for letter in allowed) for allowed in letters]
    return _Titles(
        classes=part["occupation_class"].to_list(),
        titles=part["title"].to_list(),
        weight=part["weight"].to_numpy(),
        education={level: part[f"edu_{level}"].to_numpy() for level in EDUCATION},
        female_share=part["female_share"].to_numpy(),
        self_employed_share=part["self_employed_share"].to_numpy(),
        min_age=part["min_age"].to_numpy(),
        max_age=part["max_age"].to_numpy(),
        within_industry={
            letter: np.array(
                [
                    sizes[letter] / total if letter in allowed else 0.0
                    for allowed, total in zip(letters, sums, strict=True)
                ]
            )
            for letter in INDUSTRY
        },
        sex=np.array(part["sex"].to_list(), dtype=np.str_),
        employment=np.array(part["employment"].to_list(), dtype=np.str_),
        min_education=np.array([_RANK[level] for level in part["min_education"]]),
    )


def draw_occupations(
    people: pl.DataFrame, rng: np.random.Generator, reference: Path | None = None
) -> pl.DataFrame:
    """Draw an occupation class and a job title for each employed person.

    P(title | person) is proportional to the title's workers times P(industry | title), P(education
    | title), P(sex | title) and the share of self-employed (or not) in the job, among the titles
    that the person's age, employment status, sex and schooling allow. A title's workers spread
    over its industries in proportion to their sizes. If no title is left, the industry is given
    up, then the education factor, the employment status and the age window; never sex and the
    schooling that a licence requires.

    Args:
        people: One row per person: sex, age (years), education, employment_status, industry
            (JSIC letter), occupation (JSOC letter); occupation is null for those without work.
        rng: Generator; one number is drawn per row, employed or not.
        reference: The folder `data/reference`; by default the one that ships.

    Returns:
        `occupation_class` and `occupation_title`, in the order of `people`; null without work.

    Raises:
        OccupationError: an unknown major group, or a person whom no title fits.
    """
    majors = _by_major(reference or reference_dir())
    uniform = rng.random(people.height)
    classes: list[str | None] = [None] * people.height
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
        if person["occupation"] not in majors:
            raise OccupationError(
                f"drawing job titles: occupation '{person['occupation']}' has none; "
                f"use one of {sorted(majors)}"
            )
        known = majors[person["occupation"]]
        cumulative = np.cumsum(_chances(known, person, int(group["age"][0])))
        rows = group["row"].to_numpy()
        chosen = np.searchsorted(cumulative, uniform[rows] * cumulative[-1], side="right")
        for row, index in zip(rows.tolist(), chosen.tolist(), strict=True):
            classes[row], titles[row] = known.classes[index], known.titles[index]
    return pl.DataFrame(
        {"occupation_class": classes, "occupation_title": titles},
        schema={"occupation_class": pl.String, "occupation_title": pl.String},
    )


def _chances(known: _Titles, person: Mapping[str, str], age: int) -> npt.NDArray[np.float64]:
    female = known.female_share
    chances = known.weight * (female if person["sex"] == "female" else 1 - female)
    chances = chances * np.isin(known.sex, ("", person["sex"]))
    chances = chances * (known.min_education <= _RANK[person["education"]])

    # Family workers do what the self-employed they help do.
    employee = person["employment_status"] == "employee"
    status = "employee" if employee else "self_employed"
    own = known.self_employed_share
    none = np.zeros(own.size)
    factors = {
        "industry": known.within_industry.get(person["industry"], none),
        "education": known.education[person["education"]],
        "employment": np.where(
            np.isin(known.employment, ("", status)), (1 - own) if employee else own, 0.0
        ),
        "age": (known.min_age <= age) & (age <= known.max_age),
    }
    for given_up in range(len(_CONDITIONS) + 1):
        kept = chances
        for condition in _CONDITIONS[given_up:]:
            kept = kept * factors[condition]
        if kept.sum() > 0:
            return kept
    raise OccupationError(
        f"drawing a job title: none of occupation '{person['occupation']}' allows "
        f"sex={person['sex']}, education={person['education']}; widen title_rules.csv"
    )


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
