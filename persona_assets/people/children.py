"""How many children of their own people have, wherever these live.

Belongs here: the draw of `children`. How many couples have follows national surveys
(`lifestyle/children_by_age`) and the size of families in the prefecture
(`lifestyle/children_by_prefecture`); who has any follows the household, which the joint knows,
and where that does not tell, the assumptions below.
"""

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from persona_assets.people.even import even
from persona_assets.people.reference import life_table
from persona_assets.raking import FloatArray, IntArray
from persona_assets.storage.paths import reference_dir

# ASSUMED: husbands are two years older than their wives.
HUSBANDS_OLDER: Final = 2

_AGES: Final = (20, 30, 40, 45, 50, 60, 70)
# ASSUMED: shares of people without children by marital status, household and age (_AGES).
# Married people with children at home have some. Couples who live as two are, while young,
# nearly all without; later most have grown children: the shares are such that all married people
# of 50 or more come near the surveys' share of couples without children. A divorced or widowed
# person of a household of parents and children may be the child as well as the parent; widowed
# men and women and divorced women are the parent more often, and the older the surer.
_CHILDLESS: Final = MappingProxyType(
    {
        ("married", "couple_with_children"): (0.0,) * 7,
        ("married", "couple_only"): (0.99, 0.98, 0.93, 0.75, 0.28, 0.09, 0.06),
        ("married", "single_parent"): (0.2, 0.1, 0.05, 0.04, 0.03, 0.02, 0.02),
        ("married", "other_relatives"): (0.35, 0.25, 0.1, 0.075, 0.05, 0.02, 0.01),
        ("married", "one_person"): (0.8, 0.45, 0.15, 0.115, 0.08, 0.06, 0.06),
        ("married", "non_relatives"): (0.7, 0.4, 0.2, 0.15, 0.1, 0.08, 0.08),
        ("married", "institution"): (0.8, 0.5, 0.2, 0.16, 0.12, 0.1, 0.07),
        ("widowed", "single_parent"): (0.1, 0.08, 0.06, 0.05, 0.04, 0.01, 0.0),
        ("widowed", "one_person"): (0.8, 0.6, 0.3, 0.22, 0.14, 0.08, 0.07),
        ("widowed", "other_relatives"): (0.3, 0.2, 0.1, 0.075, 0.05, 0.02, 0.01),
        ("divorced", "single_parent"): (0.1, 0.1, 0.12, 0.12, 0.12, 0.06, 0.02),
        ("divorced", "one_person"): (0.8, 0.65, 0.45, 0.375, 0.3, 0.22, 0.18),
        ("divorced", "other_relatives"): (0.45, 0.35, 0.25, 0.225, 0.2, 0.15, 0.1),
    }
)
_OTHERWISE: Final = MappingProxyType(
    {
        "married": (0.7, 0.4, 0.2, 0.15, 0.1, 0.08, 0.07),
        "widowed": (0.6, 0.4, 0.2, 0.16, 0.12, 0.09, 0.08),
        "divorced": (0.6, 0.5, 0.35, 0.3, 0.25, 0.2, 0.15),
    }
)
# ASSUMED: added for divorced men whose household has one parent: half of them are its child.
_DIVORCED_SON: Final = (0.5, 0.45, 0.4, 0.35, 0.3, 0.15, 0.02)
# ASSUMED: never-married women with a child, by household; of all births 2.4 % are out of wedlock
# (vital statistics of 2020) and many of those mothers marry. Never-married fathers are not known.
_UNMARRIED_MOTHERS: Final = MappingProxyType(
    {"single_parent": 0.04, "other_relatives": 0.03, "non_relatives": 0.02}
)
_UNMARRIED_MOTHER_AGES: Final = (20, 54)


def draw_children(
    people: pl.DataFrame, rng: np.random.Generator, reference: Path | None = None
) -> pl.DataFrame:
    """Draw how many living children of their own people have; four stands for four or more.

    Args:
        people: One row per person: prefecture, sex, marital, household (codes), age (years).
        rng: Decides who has how many.
        reference: The folder `data/reference`; by default the one that ships.

    Returns:
        `children`, Int64, in the order of `people`.
    """
    reference = reference or reference_dir()
    here = people["prefecture"].unique(maintain_order=True)
    upto = np.stack([_numbers(reference, prefecture) for prefecture in here])
    age = people["age"].to_numpy()
    male = (people["sex"] == "male").to_numpy()
    order = np.lexsort(
        (
            rng.random(people.height),
            age,
            male,
            *(_codes(people[c]) for c in ("household", "marital")),
        )
    )
    chance = even(order, rng)
    childless = _childless(people, age, male)
    # What is left of the number decides how many, among those who have any.
    left = (chance - childless) / np.maximum(1 - childless, 1e-9)
    wife = np.clip(age - HUSBANDS_OLDER * male, 0, upto.shape[1] - 1)
    own = people["prefecture"].replace_strict(
        here, np.arange(len(here)), return_dtype=pl.Int64
    )  # fmt: skip
    children: IntArray = 1 + (left[:, None] >= upto[own.to_numpy(), wife]).sum(axis=1)
    children[left < 0] = 0
    return pl.DataFrame({"children": children})


def _codes(texts: pl.Series) -> IntArray:
    codes: IntArray = texts.rank("dense").to_numpy().astype(np.int64)
    return codes


def _childless(people: pl.DataFrame, age: IntArray, male: npt.NDArray[np.bool_]) -> FloatArray:
    """Return each person's chance of having no child."""
    chances = np.ones(people.height)
    kinds = people.select("marital", "household").with_row_index("row")
    for (marital, household), rows in kinds.group_by("marital", "household", maintain_order=True):
        those = rows["row"].to_numpy()
        if marital == "never_married":
            low, high = _UNMARRIED_MOTHER_AGES
            mothers = ~male[those] & (low <= age[those]) & (age[those] <= high)
            chances[those] -= mothers * _UNMARRIED_MOTHERS.get(str(household), 0.0)
            continue
        shares = _CHILDLESS.get((str(marital), str(household)), _OTHERWISE[str(marital)])
        chances[those] = np.interp(age[those], _AGES, shares)
        if (marital, household) == ("divorced", "single_parent"):
            chances[those] += male[those] * np.interp(age[those], _AGES, _DIVORCED_SON)
    return chances


@cache
def _numbers(reference: Path, prefecture: str) -> FloatArray:
    """Return, by the wife's age from 0, the shares of at most 1, 2, 3 among those who have any."""
    table = life_table(reference, "children_by_age").pivot(
        on="children", index="wife_age", values="share"
    )
    families = life_table(reference, "children_by_prefecture")
    factor = families.filter(pl.col("prefecture") == prefecture)["factor"].item()
    shares = table.select("1", "2", "3", "4").to_numpy() * factor ** np.arange(4)
    upto = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)[:, :3]
    youngest = int(table["wife_age"][0])
    return np.concatenate([np.repeat(upto[:1], youngest, axis=0), upto])
