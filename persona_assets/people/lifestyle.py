"""What people do in their free time and what their region offers, drawn from reference tables.

Belongs here: foods, a dish, a craft and a festival for each person, and putting them beside the
activities (`activities.py`). Each column has a random stream of its own.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from persona_assets.errors import PersonaAssetsError
from persona_assets.people.activities import KINDS, draw_activities
from persona_assets.people.picks import inclusion, pick, to_lists
from persona_assets.people.reference import life_table
from persona_assets.raking import IntArray
from persona_assets.storage.paths import reference_dir

FOODS_PER_PERSON: Final = 2

# ASSUMED: how often a festival or dish of the person's own municipality is taken where there is
# one; the others know those of the wider prefecture.
_LOCAL_SHARE: Final = 0.9


class LifestyleError(PersonaAssetsError):
    """People for whom nothing can be drawn; names the column and the value."""


def draw_lifestyle(
    people: pl.DataFrame,
    purpose: Callable[[str], np.random.Generator],
    reference: Path | None = None,
) -> pl.DataFrame:
    """Draw activities and regional culture for each person.

    Args:
        people: One row per person: prefecture, sex, household (codes), age (years), municipality
            (name).
        purpose: Gives the generator of each column: sports, hobbies, learning, volunteering,
            travel, dish, foods, craft, festival.
        reference: The folder `data/reference`; by default the one that ships.

    Returns:
        In the order of `people`: sports, hobbies, learning, volunteering, travel (lists of
        phrases), dish, dish_area, dish_ingredients, foods (two), craft, craft_category, festival,
        festival_city.

    Raises:
        LifestyleError: a prefecture or sex that the tables do not have.
    """
    reference = reference or reference_dir()
    _check(people, life_table(reference, "activities"))
    activities = [draw_activities(people, kind, purpose(kind), reference) for kind in KINDS]
    dishes = _local(people, reference, "dishes", purpose("dish"))
    crafts = _local(people, reference, "crafts", purpose("craft"))
    festivals = _local(people, reference, "festivals", purpose("festival"))
    return pl.DataFrame(activities).with_columns(
        dish=dishes["dish"],
        dish_area=dishes["area"],
        dish_ingredients=dishes["ingredients"].str.split("|"),
        foods=_foods(people, life_table(reference, "foods"), purpose("foods")),
        craft=crafts["craft"],
        craft_category=crafts["category"],
        festival=festivals["festival"],
        festival_city=festivals["city"],
    )


def _check(people: pl.DataFrame, activities: pl.DataFrame) -> None:
    for column in ("prefecture", "sex"):
        unknown = set(people[column].unique()) - set(activities[column].unique())
        if unknown:
            raise LifestyleError(
                f"drawing the lifestyle: {column} {sorted(map(str, unknown))} is not in "
                "lifestyle/activities.csv; use the codes of persona_assets.levels"
            )


def _foods(people: pl.DataFrame, foods: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    """Draw foods by how far spending lies above the nation's, drinks only for adults."""
    lists = []
    for (prefecture,), rows in _by(people, "prefecture"):
        own = foods.filter(pl.col("prefecture") == prefecture)
        ages = np.unique(own["min_age"].to_numpy())
        above = own["spending_ratio"].to_numpy() - 1
        weights = np.stack([above * (own["min_age"].to_numpy() <= age) for age in ages])
        two = np.zeros((len(ages), FOODS_PER_PERSON))
        two[:, -1] = 1.0
        chances = inclusion(weights, two)[:, -1]
        group: IntArray = np.searchsorted(ages, people["age"].to_numpy()[rows], side="right") - 1
        drawn = to_lists(pick(chances, group, rng), own["item"].to_list(), "foods")
        lists.append(pl.DataFrame({"row": rows, "foods": drawn}))
    return pl.concat(lists).sort("row")["foods"]


def _local(
    people: pl.DataFrame, reference: Path, name: str, rng: np.random.Generator
) -> pl.DataFrame:
    """Draw one row of a regional table per person, of the person's own municipality if possible.

    Args:
        people: prefecture and municipality.
        reference: The folder `data/reference`.
        name: Table with prefecture and what is drawn.
        rng: Two numbers are drawn per person.

    Returns:
        The drawn rows in the order of `people`.
    """
    prefers_local = rng.random(people.height) < _LOCAL_SHARE
    uniform = rng.random(people.height)
    chosen = np.zeros(people.height, dtype=np.int64)
    entries = _entries(reference, name)
    for (prefecture, municipality), rows in _by(people, "prefecture", "municipality"):
        wide = np.array([entry for entry, _ in entries[str(prefecture)]])
        near = np.array(
            [
                entry
                for entry, parts in entries[str(prefecture)]
                if any(part.startswith(str(municipality)) for part in parts)
            ]
        )
        local = prefers_local[rows] & (len(near) > 0)
        if len(near):
            chosen[rows[local]] = near[(uniform[rows[local]] * len(near)).astype(np.int64)]
        chosen[rows[~local]] = wide[(uniform[rows[~local]] * len(wide)).astype(np.int64)]
    return life_table(reference, name)[chosen]


# Columns that may name municipalities.
_PLACES: Final = {"dishes": "area", "festivals": "city"}


@cache
def _entries(reference: Path, name: str) -> dict[str, list[tuple[int, list[str]]]]:
    """Return, by prefecture, the table's rows and the parts of their places.

    Each place of a list is a part, without a county (郡) before it.
    """
    table = life_table(reference, name)
    texts = table[_PLACES[name]].to_list() if name in _PLACES else [""] * table.height
    entries: dict[str, list[tuple[int, list[str]]]] = {}
    for row, (prefecture, text) in enumerate(zip(table["prefecture"], texts, strict=True)):
        parts = [re.sub("^.+郡(?=.)", "", part) for part in re.split("[、・]", text)]
        entries.setdefault(prefecture, []).append((row, parts))
    return entries


def _by(people: pl.DataFrame, *columns: str) -> Iterator[tuple[tuple[object, ...], IntArray]]:
    """Give each group of people in order of first appearance: its key and positions."""
    groups = (
        people.select(*columns)
        .with_row_index("row")
        .group_by(*columns, maintain_order=True)
        .agg(pl.col("row").cast(pl.Int64))
    )
    for *key, rows in groups.iter_rows():
        yield tuple(key), np.array(rows, dtype=np.intp)
