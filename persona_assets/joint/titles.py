"""Job titles as arrays: how likely each is for a person of given sex, schooling, age and work.

The joint adds these chances up to the small classes of occupation; the draw takes titles by them.
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
from persona_assets.raking import FloatArray

# Schooling that a person has finished, in order; someone at school has finished the step before.
_LADDER: Final = ("lower_secondary", "upper_secondary", "junior_college", "university")
_RANK: Final = {level: rank for rank, level in enumerate((*_LADDER, "graduate_school"))} | {
    "in_school": _LADDER.index("upper_secondary"),
    "": 0,
}

# What may be given up when no title fits, in this order; sex and the schooling that a profession
# requires by law are never given up.
CONDITIONS: Final = ("industry", "education", "employment", "age")


class OccupationError(PersonaAssetsError):
    """People for whom no title can be drawn; names the column and the value."""


@dataclass(frozen=True)
class Titles:
    """The titles of one major group as arrays of equal length."""

    classes: npt.NDArray[np.str_]
    titles: list[str]
    weight: FloatArray
    education: Mapping[str, FloatArray]
    female_share: FloatArray
    self_employed_share: FloatArray
    min_age: npt.NDArray[np.int64]
    max_age: npt.NDArray[np.int64]
    within_industry: Mapping[str, FloatArray]
    sex: npt.NDArray[np.str_]
    employment: npt.NDArray[np.str_]
    min_education: npt.NDArray[np.int64]

    def chances(
        self,
        sex: str,
        education: str,
        worker_kind: str,
        ages: tuple[int, int],
        industry: str | None = None,
        among: npt.NDArray[np.bool_] | None = None,
    ) -> FloatArray:
        """Return the chance of each title, up to a factor.

        Proportional to the title's workers times P(sex | title), P(education | title), the share
        of self-employed (or not) in the job and, if an industry is given, P(industry | title),
        among the titles that age, employment status, sex and schooling allow. If no title is
        left, the industry is given up, then the education factor, the employment status and the
        age window; never sex and the schooling that a licence requires.

        Args:
            sex: Of the person.
            education: Level of the census.
            worker_kind: employee, executive or own_business.
            ages: The youngest and the oldest of those who ask; a title counts by the share of these
                years that its age window holds.
            industry: JSIC letter; None leaves it open.
            among: Which titles may be taken; None for all.

        Returns:
            One number per title; all 0 if sex or licence forbids every one.
        """
        female = self.female_share
        chances = self.weight * (female if sex == "female" else 1 - female)
        chances = chances * np.isin(self.sex, ("", sex))
        chances = chances * (self.min_education <= _RANK[education])
        if among is not None:
            chances = chances * among

        # Family workers do what the self-employed they help do; directors of small companies too,
        # and what only employees do besides.
        own = self.self_employed_share
        status = "employee" if worker_kind == "employee" else "self_employed"
        allowed = ("", status, *(("employee",) if worker_kind == "executive" else ()))
        factors = {
            "education": self.education[education],
            "employment": np.where(
                np.isin(self.employment, allowed), 1 - own if status == "employee" else own, 0.0
            ),
            "age": np.clip(
                np.minimum(self.max_age, ages[1]) - np.maximum(self.min_age, ages[0]) + 1, 0, None
            )
            / (ages[1] - ages[0] + 1),
        }
        if industry is not None:
            factors["industry"] = self.within_industry[industry]
        conditions = [condition for condition in CONDITIONS if condition in factors]
        for given_up in range(len(conditions) + 1):
            kept = chances
            for condition in conditions[given_up:]:
                kept = kept * factors[condition]
            if kept.sum() > 0:
                return kept
        return np.zeros(self.weight.size)


@cache
def load_titles(reference: Path) -> pl.DataFrame:
    """Return the job titles with weights (workers), factors, limits, skills, certifications."""
    path = reference / "occupations" / "titles.csv"
    text = pl.read_csv(path, infer_schema_length=None)
    return text.with_columns(pl.col(pl.String).fill_null(""))


def titles_by_major(titles: pl.DataFrame, sizes: Mapping[str, int]) -> dict[str, Titles]:
    """Return the titles of each major group.

    Args:
        titles: The frame of `load_titles`.
        sizes: Employed people of each industry letter: a title's workers spread over its industries
            in proportion to them.
    """
    return {
        str(key[0]): _arrays(part, sizes)
        for key, part in titles.group_by("occupation", maintain_order=True)
    }


def _arrays(part: pl.DataFrame, sizes: Mapping[str, int]) -> Titles:
    part = part.sort("occupation_class", "title")
    letters = [text.split("|") for text in part["industries"]]
    sums = [sum(sizes[letter] for letter in allowed) for allowed in letters]
    return Titles(
        classes=np.array(part["occupation_class"].to_list(), dtype=np.str_),
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
