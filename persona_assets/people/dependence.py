"""Dependence: what each column of a person hangs on, declared, and whether it does, measured.

A column that hangs on nothing is a mistake unless it is meant: the declarations say which are, and
why. Measured is conditional mutual information, beside that of the same people after the one
column was shuffled among people alike in what is given; so levels may be many and people few.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import polars as pl

from persona_assets.joint.distribution import add_coarse
from persona_assets.raking import IntArray

# So often is a column shuffled; the largest of so many is what chance gives.
SHUFFLES: Final = 19

# Counting every possible combination is faster than sorting up to so many a row.
_DENSE = 20


@dataclass(frozen=True, slots=True)
class HangsOn:
    """What a column must be seen to hang on.

    Attributes:
        on: Columns or coarse axes of them, each of which must tell something of it.
        given: Columns whose own share in that is taken out.
        source: What makes it so: a margin or shape, a list, or an assumption.
    """

    on: tuple[str, ...]
    given: tuple[str, ...]
    source: str


_RATES = (
    "`lifestyle/activities` (rates by prefecture and sex), ages of `lifestyle/activity_phrases`"
)

_TRAITS: Final = {
    "openness": ("age_group", "extraversion"),
    "conscientiousness": ("age_group", "agreeableness"),
    "extraversion": ("openness", "neuroticism"),
    "agreeableness": ("sex", "age_group", "conscientiousness"),
    "neuroticism": ("sex", "conscientiousness"),
}

HANGS_ON: Final[Mapping[str, HangsOn]] = MappingProxyType(
    {
        "municipality_code": HangsOn(
            ("age_band", "occupation"), ("prefecture",),
            "margins `municipality_ages`, `municipality_occupations`",
        ),
        "municipality": HangsOn(
            ("municipality_code",), ("prefecture",), "name of the code, `geography/municipalities`"
        ),
        "sex": HangsOn(("age_group",), ("prefecture",), "margin `population`"),
        "age": HangsOn(
            ("marital",), ("age_group",), "splines through margin `marital_status`",
        ),
        "age_group": HangsOn(("prefecture", "sex"), (), "margin `population`"),
        "marital": HangsOn(("age_group",), ("prefecture", "sex"), "margin `marital_status`"),
        "children": HangsOn(
            ("marital", "household", "age_group"), ("sex",),
            "`lifestyle/children_by_age` and `_by_prefecture`; `_CHILDLESS` (ASSUMED)",
        ),
        "household": HangsOn(
            ("marital", "age_group"), ("prefecture", "sex"),
            "`PROPENSITIES` (ASSUMED), margin `living_alone`",
        ),
        "education": HangsOn(
            ("age_group",), ("prefecture", "sex"),
            "shapes/education_by_age, margin `education_of_cohorts`",
        ),
        "education_detail": HangsOn(
            ("education", "occupation"), ("sex",),
            "shapes/after_upper_secondary, shapes/education_detail_by_occupation",
        ),
        "school": HangsOn(("age_group",), ("sex",), "`SCHOOLING_AT_AGE` (ASSUMED)"),
        "labour_status": HangsOn(
            ("age_group", "marital"), ("prefecture", "sex"),
            "margin `employment`, shapes/labour_rates; `HOUSEWORK_SHARE` (ASSUMED)",
        ),
        "work_mode": HangsOn(
            ("marital", "employment_status"), ("sex",),
            "`BESIDE_HOUSEWORK`, `ABSENT`, `STUDENTS_BESIDE_STUDY` (ASSUMED)",
        ),
        "employment_status": HangsOn(
            ("age_group", "education", "occupation"), ("sex",),
            "shapes/employment_status_by_age, shapes/education_by_status_25_34, "
            "shapes/employment_form_by_occupation",
        ),
        "occupation": HangsOn(
            ("education", "age_group"), ("sex",),
            "`occupations/titles` (weak), shapes/occupation_by_age",
        ),
        "occupation_class": HangsOn(
            ("education", "sex", "age_group"), ("occupation",),
            "`occupations/titles`, shapes/occupation_middle_by_age",
        ),
        "occupation_title": HangsOn(
            ("industry", "sex"), ("occupation_class",),
            "`occupations/titles`, `occupations/title_rules`",
        ),
        "industry": HangsOn(
            ("occupation_class",), ("occupation",), "`occupations/class_industries` (ASSUMED)"
        ),
        "former_occupation": HangsOn(
            ("education", "sex"), ("age_group",),
            "`occupations/former_work`, `occupations/careers`",
        ),
        "former_occupation_class": HangsOn(
            ("education", "sex"), ("former_occupation",),
            "factor `occupation_class` of the joint at 55-59 (ASSUMED)",
        ),
        "former_occupation_title": HangsOn(
            ("sex",), ("former_occupation_class",),
            "`occupations/titles`, `occupations/title_rules`",
        ),
        "surname": HangsOn(("prefecture",), (), "`names/surnames_by_prefecture` (ASSUMED tilts)"),
        "surname_reading": HangsOn(("surname",), (), "reading of the name, `names/surnames`"),
        "given_name": HangsOn(
            ("age_group",), ("sex",), "births of each decade by name, `names/given_names`"
        ),
        "given_name_reading": HangsOn(
            ("given_name",), ("sex",), "reading of the name, `names/given_names`"
        ),
        **{
            trait: HangsOn(on, (), "`lifestyle/trait_means`, `lifestyle/trait_correlations`")
            for trait, on in _TRAITS.items()
        },
        "digital_skill": HangsOn(
            ("age_group", "education"), ("prefecture",),
            "`lifestyle/internet_use`, `lifestyle/skill_of_users`, `lifestyle/skill_by_schooling`",
        ),
        "sports": HangsOn(("prefecture", "sex"), ("age_group",), _RATES),
        "hobbies": HangsOn(("prefecture", "sex"), ("age_group",), _RATES),
        "learning": HangsOn(("prefecture", "sex"), ("age_group",), _RATES),
        "volunteering": HangsOn(("prefecture", "sex"), ("age_group",), _RATES),
        "travel": HangsOn(("prefecture",), ("age_group",), _RATES),
        "dish": HangsOn(("municipality_code",), ("prefecture",), "`lifestyle/dishes`"),
        "dish_area": HangsOn(("dish",), ("prefecture",), "`lifestyle/dishes`"),
        "dish_ingredients": HangsOn(("dish",), ("prefecture",), "`lifestyle/dishes`"),
        "foods": HangsOn(("prefecture",), (), "`lifestyle/foods`"),
        "craft": HangsOn(("prefecture",), (), "`lifestyle/crafts`"),
        "craft_category": HangsOn(("craft",), ("prefecture",), "`lifestyle/crafts`"),
        "festival": HangsOn(("municipality_code",), ("prefecture",), "`lifestyle/festivals`"),
        "festival_city": HangsOn(("festival",), ("prefecture",), "`lifestyle/festivals`"),
        "figures": HangsOn(("prefecture",), (), "version of the prefecture's margins"),
    }
)  # fmt: skip

# Columns that hang on no other, and why.
INDEPENDENT: Final[Mapping[str, str]] = MappingProxyType({})

# Columns that name a person or say where the draw was made: there is nothing to hang on.
IDS: Final = ("person_id", "prefecture")

# What an independent column must not hang on.
EVERYTHING: Final = ("prefecture", "sex", "age_group", "education", "labour_status", "household")


@dataclass(frozen=True, slots=True)
class Dependence:
    """How much two columns of people hang together, and how much they would by chance.

    Attributes:
        nats: Conditional mutual information of the people; biased upwards, as is chance's.
        chance: The mean of the shuffled people.
        largest: The largest of the shuffled people.
        spread: The standard deviation of the shuffled people.
    """

    nats: float
    chance: float
    largest: float
    spread: float

    @property
    def is_seen(self) -> bool:
        """Whether it is more than chance: above every shuffle, by five of their deviations."""
        return self.nats > max(self.largest, self.chance + 5 * self.spread) + 1e-12


def dependence(
    people: pl.DataFrame,
    column: str,
    on: str,
    given: Sequence[str],
    rng: np.random.Generator,
) -> Dependence:
    """Measure how much a column hangs on another one within what is given.

    Args:
        people: One row per person.
        column: A column; of lists, each item counts by itself, and so does having none.
        on: The other column, no lists, or a coarse axis (`joint.domain.COARSE`).
        given: Columns within whose levels the other one is shuffled.
        rng: Shuffles.

    Returns:
        The dependence among people who have both columns and all that is given.
    """
    have = add_coarse(people, [on]).select(column, on, *given).drop_nulls()
    group = _codes(have.select(given)) if given else np.zeros(have.height, np.intp)
    other = _codes(have.select(on))
    person = np.arange(have.height)
    values = have.select(column)
    if isinstance(have.schema[column], pl.List):
        items = values.with_columns(person=pl.Series(person)).explode(column, empty_as_null=True)
        person, values = items["person"].to_numpy(), items.select(column)
    own = _codes(values)
    by_group = np.argsort(group, kind="stable")

    def shuffled() -> IntArray:
        found = np.empty_like(other)
        found[by_group] = other[np.lexsort((rng.random(len(other)), group))]
        return found

    alone = _entropy(own, group[person]) - _entropy(group[person])

    def nats(others: IntArray) -> float:
        with_other = others[person]
        return (
            alone + _entropy(with_other, group[person]) - _entropy(own, with_other, group[person])
        )

    chance = np.array([nats(shuffled()) for _ in range(SHUFFLES)])
    return Dependence(
        nats(other), float(chance.mean()), float(chance.max()), float(chance.std(ddof=1))
    )


def _codes(frame: pl.DataFrame) -> IntArray:
    """Return a number for each row, the same for equal rows."""
    return frame.select(pl.struct(frame.columns).rank("dense") - 1).to_series().to_numpy()


def _entropy(*codes: IntArray) -> float:
    """Return the entropy in nats of rows of codes."""
    number, size = np.zeros(len(codes[0]), np.int64), 1
    for code in codes:
        levels = int(code.max(initial=0)) + 1
        number, size = number * levels + code, size * levels
    # Sorting is for combinations that are mostly empty.
    dense = size <= _DENSE * len(number)
    counts = np.bincount(number) if dense else np.unique(number, return_counts=True)[1]
    counts = counts[counts > 0]
    return float(np.log(len(number)) - (counts * np.log(counts)).sum() / len(number))
