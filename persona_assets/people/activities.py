"""What people do in their free time, at the rates of their prefecture, sex and age.

Belongs here: rates by age for each activity, and the draw of what a person names. The survey has
rates by prefecture and sex for people of 10 or more (`lifestyle/activities`). How they fall over
ages is assumed (`lifestyle/age_shapes`), scaled so that the ages together have the survey's rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import polars as pl
from scipy.stats import binom

from persona_assets import levels
from persona_assets.people.even import even
from persona_assets.people.picks import inclusion, pick, to_lists
from persona_assets.people.reference import life_table
from persona_assets.raking import FloatArray, IntArray

KINDS: Final = ("sports", "hobbies", "learning", "volunteering", "travel")
ANY: Final = "any"

# ASSUMED: how many activities of a kind a person names at most, as many as a text can tell.
MOST: Final = MappingProxyType(
    {"sports": 4, "hobbies": 4, "learning": 2, "volunteering": 2, "travel": 3}
)
# ASSUMED: who does many names this many on average; who does fewer names as many as are done.
_MEAN_SHARE: Final = 0.75
# ASSUMED: a text needs something to say, so people who report no hobby still get one.
_EVERYBODY: Final = ("hobbies",)
# ASSUMED: people of an institution from this age on are in care; the survey leaves them out. They
# do a kind this often as others of their age, and only what can be done there.
_IN_CARE_FROM: Final = 30
_IN_CARE_SHARE: Final = 0.5

# Ages of the survey's people, 10 or more, with the middles at which shapes are read.
AGES: Final = MappingProxyType(
    {
        "10-14": 12.5,
        "15-17": 16.5,
        "18-19": 19.0,
        **{f"{age}-{age + 4}": age + 2.5 for age in range(20, 95, 5)},
        "95+": 97.0,
    }
)
# The first two are no adults; those begin at 18 and at every fifth year from 20 to 95.
_CHILDREN: Final = 2
_BEGIN: Final = (20, *range(25, 100, 5))
_ADULTS: Final = len(_BEGIN) + 1
_SEXES: Final = tuple(levels.SEX)


@dataclass(frozen=True)
class Rates:
    """Shares of people by sex (`levels.SEX`) and age (10-14, 15-17, then adults), of one kind.

    Attributes:
        people: Residents, sexes by ages.
        any: Who does anything of the kind, sexes by ages.
        items: Who does each activity, sexes by ages by activities.
        phrases: The activities as texts name them.
        in_care: Which of them people in care can do.
    """

    people: FloatArray
    any: FloatArray
    items: FloatArray
    phrases: Sequence[str]
    in_care: FloatArray


@cache
def rates(reference: Path, prefecture: str, kind: str) -> Rates:
    """Return the rates of one prefecture and kind by sex and age.

    Each shape is scaled, nothing above one, until its mean over the people of 10 or more is the
    survey's rate of the sex; an activity is nowhere more frequent than its kind.
    """
    phrases = life_table(reference, "activity_phrases").filter(pl.col("kind") == kind)
    found = {
        (sex, item): rate
        for sex, item, rate in life_table(reference, "activities")
        .filter((pl.col("prefecture") == prefecture) & (pl.col("kind") == kind))
        .select("sex", "item", "rate")
        .iter_rows()
    }
    shapes = _shapes(reference)
    people = _people(reference, prefecture)
    wanted = np.array([[found[sex, item] for item in (ANY, *phrases["item"])] for sex in _SEXES])
    middles = np.array(list(AGES.values()))[:, None]
    plausible = (phrases["min_age"].to_numpy() <= middles) & (
        middles <= phrases["max_age"].to_numpy()
    )
    any_ = _scaled(shapes[kind][:, None], wanted[:, :1], people, np.ones((2, len(AGES), 1)))
    curves = np.column_stack([shapes[shape] for shape in phrases["ages"]]) * plausible
    items = _scaled(curves, wanted[:, 1:], people, any_)
    in_care = phrases["in_care"].to_numpy().astype(np.float64)
    return Rates(people, any_[:, :, 0], items, phrases["phrase"].to_list(), in_care)


def _scaled(
    curves: FloatArray, wanted: FloatArray, people: FloatArray, highest: FloatArray
) -> FloatArray:
    """Return sexes by ages by things: curves scaled to the wanted mean over all ages."""
    weights = people / people.sum(axis=1, keepdims=True)
    scale = np.ones_like(wanted)
    for _ in range(30):
        scaled = np.minimum(curves[None] * scale[:, None, :], highest)
        mean = np.einsum("sa,sai->si", weights, scaled)
        scale *= np.divide(wanted, mean, out=np.zeros_like(mean), where=mean > 0)
    return np.minimum(curves[None] * scale[:, None, :], highest)


@cache
def _shapes(reference: Path) -> dict[str, FloatArray]:
    table = life_table(reference, "age_shapes")
    return {
        str(shape): np.interp(list(AGES.values()), rows["age"], rows["relative"])
        for (shape,), rows in table.group_by("shape", maintain_order=True)
    }


@cache
def _people(reference: Path, prefecture: str) -> FloatArray:
    """Return residents of one prefecture, sexes by ages from 10 on."""
    counts = (
        life_table(reference, "residents")
        .filter(pl.col("prefecture") == prefecture)
        .pivot(on="sex", index="age_group", values="count")
    )
    ages = pl.DataFrame({"age_group": list(AGES)})
    own = ages.join(counts, on="age_group", how="left", maintain_order="left")
    return own.select(_SEXES).to_numpy().T.astype(np.float64)


@dataclass(frozen=True)
class _Plan:
    """What is drawn in each group of one prefecture: sexes by adult ages by (at home, in care).

    Attributes:
        does: Share who do anything.
        counts: Shares of at most 1, 2, ... activities among those.
        chances: Groups times numbers by activities; see `picks.pick`.
    """

    does: FloatArray
    counts: FloatArray
    chances: FloatArray
    phrases: Sequence[str]


@cache
def _plan(reference: Path, prefecture: str, kind: str) -> _Plan:
    most = MOST[kind]
    own = rates(reference, prefecture, kind)
    any_ = own.any[:, _CHILDREN:, None]
    given = np.divide(own.items[:, _CHILDREN:], any_)
    both = np.stack([given, given * own.in_care], axis=2).reshape(-1, len(own.phrases))
    does = np.repeat(any_, 2, axis=2).reshape(-1)
    does[1::2] *= _IN_CARE_SHARE * own.in_care.any()
    mean = np.clip(both.sum(axis=1), 1, 1 + (most - 1) * _MEAN_SHARE)
    counts = binom.pmf(np.arange(most), most - 1, (mean[:, None] - 1) / (most - 1))
    chances = inclusion(both, counts).reshape(-1, len(own.phrases))
    return _Plan(does, np.cumsum(counts, axis=1), chances, own.phrases)


def draw_activities(
    people: pl.DataFrame, kind: str, rng: np.random.Generator, reference: Path
) -> pl.Series:
    """Draw what each person names of one kind.

    Args:
        people: One row per person: prefecture, sex, household (codes), age (years).
        kind: One of `KINDS`.
        rng: Generator of this kind alone.
        reference: The folder `data/reference`.

    Returns:
        Lists of phrases, in the order of `people`.
    """
    age = people["age"].to_numpy()
    care = (people["household"] == "institution").to_numpy() & (age >= _IN_CARE_FROM)
    female = (people["sex"] == _SEXES[1]).to_numpy()
    group = (female * _ADULTS + np.searchsorted(_BEGIN, age, side="right")) * 2 + care
    lists = []
    rows = people.select("prefecture").with_row_index("row")
    for (prefecture,), those in rows.group_by("prefecture", maintain_order=True):
        own = those["row"].to_numpy()
        plan = _plan(reference, str(prefecture), kind)
        least = int(kind in _EVERYBODY)
        named = _named(plan, group[own], least, rng)
        lists.append(pl.DataFrame({"row": own, kind: to_lists(named, plan.phrases, kind)}))
    return pl.concat(lists).sort("row")[kind]


def _named(plan: _Plan, group: IntArray, least: int, rng: np.random.Generator) -> IntArray:
    """Return positions of phrases, people by the most of the kind, -1 where there is none."""
    size = len(group)
    chance = even(np.lexsort((rng.random(size), group)), rng)
    more = (rng.random(size)[:, None] >= plan.counts[group][:, :-1]).sum(axis=1)
    number = np.where(chance < plan.does[group], 1 + more, least)
    most = plan.counts.shape[1]
    named: IntArray = np.full((size, most), -1)
    those = np.flatnonzero(number)
    picked = pick(plan.chances, group[those] * most + number[those] - 1, rng)
    named[those, : picked.shape[1]] = picked
    return named
