"""Job titles as the joint reads them: how likely each is for a person of given sex, age, schooling.

The joint adds these chances up to the small classes of occupation; people draw their titles within
the class (`people/occupations.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from persona_assets.levels import EDUCATION
from persona_assets.raking import FloatArray

# Schooling that a person has finished, in order; someone at school has finished the step before.
_LADDER: Final = ("lower_secondary", "upper_secondary", "junior_college", "university")
SCHOOLING_RANK: Final[Mapping[str, int]] = MappingProxyType(
    {level: rank for rank, level in enumerate((*_LADDER, "graduate_school"))}
    | {"in_school": _LADDER.index("upper_secondary"), "": 0}
)

# What may be given up when no title fits, in this order; sex and the schooling that a profession
# requires by law are never given up.
CONDITIONS: Final = ("education", "employment", "age")


@dataclass(frozen=True)
class Titles:
    """The titles of one major group as arrays of equal length."""

    classes: npt.NDArray[np.str_]
    weight: FloatArray
    education: Mapping[str, FloatArray]
    female_share: FloatArray
    self_employed_share: FloatArray
    min_age: npt.NDArray[np.int64]
    max_age: npt.NDArray[np.int64]
    sex: npt.NDArray[np.str_]
    employment: npt.NDArray[np.str_]
    min_education: npt.NDArray[np.int64]

    def chances(
        self, sex: str, education: str, worker_kind: str, ages: tuple[int, int]
    ) -> FloatArray:
        """Return the chance of each title, up to a factor.

        Proportional to the title's workers times P(sex | title), P(education | title) and the share
        of self-employed (or not) in the job, among the titles that age, employment status, sex and
        schooling allow. If no title is left, the education factor is given up, then the employment
        status and the age window; never sex and the schooling that a licence requires.

        Args:
            sex: Of the person.
            education: Level of the census.
            worker_kind: employee, executive or own_business.
            ages: The youngest and the oldest of those who ask; a title counts by the share of these
                years that its age window holds.

        Returns:
            One number per title; all 0 if sex or licence forbids every one.
        """
        female = self.female_share
        chances = self.weight * (female if sex == "female" else 1 - female)
        chances = chances * np.isin(self.sex, ("", sex))
        chances = chances * (self.min_education <= SCHOOLING_RANK[education])

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
        for given_up in range(len(CONDITIONS) + 1):
            kept = chances
            for condition in CONDITIONS[given_up:]:
                kept = kept * factors[condition]
            if kept.sum() > 0:
                return kept
        return np.zeros(self.weight.size)


@cache
def load_titles(reference: Path) -> pl.DataFrame:
    """Return the job titles: workers, frequency, factors, limits, skills, certifications."""
    path = reference / "occupations" / "titles.csv"
    text = pl.read_csv(path, infer_schema_length=None)
    return text.with_columns(pl.col(pl.String).fill_null(""))


def titles_by_major(titles: pl.DataFrame) -> dict[str, Titles]:
    """Return the titles of each major group, from the frame of `load_titles`."""
    return {
        str(key[0]): _arrays(part)
        for key, part in titles.group_by("occupation", maintain_order=True)
    }


def _arrays(part: pl.DataFrame) -> Titles:
    part = part.sort("occupation_class", "title")
    return Titles(
        classes=np.array(part["occupation_class"].to_list(), dtype=np.str_),
        weight=part["weight"].to_numpy(),
        education={level: part[f"edu_{level}"].to_numpy() for level in EDUCATION},
        female_share=part["female_share"].to_numpy(),
        self_employed_share=part["self_employed_share"].to_numpy(),
        min_age=part["min_age"].to_numpy(),
        max_age=part["max_age"].to_numpy(),
        sex=np.array(part["sex"].to_list(), dtype=np.str_),
        employment=np.array(part["employment"].to_list(), dtype=np.str_),
        min_education=np.array([SCHOOLING_RANK[level] for level in part["min_education"]]),
    )
