"""What people do in their free time and what their region offers, drawn from reference tables.

Belongs here: drawing activities, foods, a dish, a craft and a festival for each person. The rates
come from surveys; the ages at which an activity is plausible and how many of each a person has
are assumptions.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from persona_assets.errors import PersonaAssetsError
from persona_assets.storage.paths import reference_dir

KINDS: Final = ("sports", "hobbies", "learning", "volunteering", "travel")
FOODS_PER_PERSON: Final = 2

# ASSUMED: how many activities of a kind people name who do any, as shares of 1, 2, 3, ...
_COUNT_SHARES: Final = {
    "sports": (0.55, 0.45),
    "hobbies": (0.0, 0.3, 0.4, 0.3),
    "learning": (1.0,),
    "volunteering": (1.0,),
    "travel": (0.5, 0.5),
}
# ASSUMED: a text needs something to say, so people who report no hobby still get one.
_LEAST: Final = {"hobbies": 1}

# ASSUMED: how often a festival or dish of the person's own municipality is taken where there is
# one; the others know those of the wider prefecture.
_LOCAL_SHARE: Final = 0.7

_ANY: Final = "any"
_LIST: Final = pl.List(pl.String)


class LifestyleError(PersonaAssetsError):
    """People for whom nothing can be drawn; names the column and the value."""


@cache
def _table(reference: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(reference / "lifestyle" / f"{name}.csv").with_columns(
        pl.col(pl.String).fill_null("")
    )


def draw_lifestyle(
    people: pl.DataFrame, rng: np.random.Generator, reference: Path | None = None
) -> pl.DataFrame:
    """Draw activities and regional culture for each person.

    Whether a person does any activity of a kind follows the rate of the prefecture and sex; which
    ones is drawn without replacement by their rates there, among those plausible at the age.

    Args:
        people: One row per person: prefecture (key), sex, age (years), municipality (name).
        rng: Generator; the same generator and people give the same rows.
        reference: The folder `data/reference`; by default the one that ships.

    Returns:
        In the order of `people`: sports, hobbies, learning, volunteering, travel (lists of
        phrases), dish, dish_area, dish_ingredients, foods (two), craft, craft_category, festival,
        festival_city.

    Raises:
        LifestyleError: a prefecture or sex that the tables do not have.
    """
    reference = reference or reference_dir()
    _check(people, _table(reference, "activities"))
    columns: dict[str, pl.Series] = {}
    for kind in KINDS:
        columns[kind] = _activities(people, kind, rng, reference)
    dishes = _place_draw(people, _table(reference, "dishes"), "area", rng)
    foods = _foods(people, _table(reference, "foods"), rng)
    crafts = _place_draw(people, _table(reference, "crafts"), None, rng)
    festivals = _place_draw(people, _table(reference, "festivals"), "city", rng)
    return pl.DataFrame(columns).with_columns(
        dish=dishes["dish"],
        dish_area=dishes["area"],
        dish_ingredients=dishes["ingredients"].str.split("|"),
        foods=foods,
        craft=crafts["craft"],
        craft_category=crafts["category"],
        festival=festivals["festival"],
        festival_city=festivals["city"],
    )


def _check(people: pl.DataFrame, activities: pl.DataFrame) -> None:
    for column in ("prefecture", "sex"):
        unknown = set(people[column]) - set(activities[column])
        if unknown:
            raise LifestyleError(
                f"drawing the lifestyle: {column} {sorted(map(str, unknown))} is not in "
                "lifestyle/activities.csv; use the codes of persona_assets.levels"
            )


def _activities(
    people: pl.DataFrame, kind: str, rng: np.random.Generator, reference: Path
) -> pl.Series:
    rates = _table(reference, "activities").filter(pl.col("kind") == kind)
    phrases = _table(reference, "activity_phrases").filter(pl.col("kind") == kind)
    wide = (
        rates.filter(pl.col("item").is_in([_ANY, *phrases["item"]]))
        .pivot(on="item", index=["prefecture", "sex"], values="rate")
        .select("prefecture", "sex", _ANY, *phrases["item"])
    )
    own = people.select("prefecture", "sex").join(
        wide, on=["prefecture", "sex"], how="left", maintain_order="left"
    )
    does = rng.random(people.height) < own[_ANY].to_numpy()
    shares = _COUNT_SHARES[kind]
    counts = rng.choice(np.arange(1, len(shares) + 1), people.height, p=shares)
    counts = np.where(does, counts, _LEAST.get(kind, 0))

    age = people["age"].to_numpy()[:, None]
    plausible = (phrases["min_age"].to_numpy() <= age) & (age <= phrases["max_age"].to_numpy())
    weights = own.select(*phrases["item"]).to_numpy() * plausible
    return _pick(phrases["phrase"].to_list(), weights, counts, kind, rng)


def _pick(
    names: Sequence[str],
    weights: npt.NDArray[np.float64],
    counts: npt.NDArray[np.int64],
    column: str,
    rng: np.random.Generator,
) -> pl.Series:
    """Draw `counts` names per row without replacement, by weight.

    Each name waits an exponential time of rate `weight`; the first to come are drawn.


    Args:
        names: What can be drawn.
        weights: Rows by names, >= 0; a weight of 0 is never drawn.
        counts: How many per row; a row with fewer positive weights gets those.
        column: Name of the result.
        rng: One number is drawn per weight.
    """
    with np.errstate(divide="ignore"):
        waits = rng.standard_exponential(weights.shape) / weights
    order = np.argsort(waits, axis=1)[:, : int(counts.max(initial=0))]
    available = np.minimum(counts, (weights > 0).sum(axis=1))
    # One flat gather and a group-by; nested Python lists are slow to turn into a column.
    kept = np.arange(order.shape[1]) < available[:, None]
    drawn = pl.DataFrame(
        {
            "row": np.repeat(np.arange(len(counts)), available),
            column: pl.Series(names, dtype=pl.String)[order[kept]],
        }
    )
    lists = drawn.group_by("row", maintain_order=True).agg(column)
    return (
        pl.DataFrame({"row": np.arange(len(counts))})
        .join(lists, on="row", how="left", maintain_order="left")[column]
        .fill_null(pl.lit([], dtype=_LIST))
    )


def _foods(people: pl.DataFrame, foods: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    """Draw foods by how far spending lies above the nation's, drinks only for adults."""
    parts = []
    for (prefecture,), rows in _rows_by(people, ["prefecture"]):
        own = foods.filter(pl.col("prefecture") == prefecture)
        ages = people["age"].to_numpy()[rows][:, None]
        weights = (own["spending_ratio"].to_numpy() - 1) * (own["min_age"].to_numpy() <= ages)
        counts = np.full(rows.size, FOODS_PER_PERSON)
        drawn = _pick(own["item"].to_list(), weights, counts, "foods", rng)
        parts.append(pl.DataFrame({"row": rows, "foods": drawn}))
    return pl.concat(parts).sort("row")["foods"]


def _place_draw(
    people: pl.DataFrame, table: pl.DataFrame, place: str | None, rng: np.random.Generator
) -> pl.DataFrame:
    """Draw one row of a regional table per person, of the person's own municipality if possible.

    Args:
        people: prefecture and municipality.
        table: prefecture and what is drawn.
        place: Column that may name municipalities, or None if the prefecture is all there is.
        rng: Two numbers are drawn per person.

    Returns:
        The drawn rows in the order of `people`.
    """
    prefers_local = rng.random(people.height) < _LOCAL_SHARE
    uniform = rng.random(people.height)
    everywhere = {
        prefecture: np.array(rows, dtype=np.int64)
        for prefecture, rows in table.with_row_index("row")
        .group_by("prefecture", maintain_order=True)
        .agg("row")
        .iter_rows()
    }
    places = table[place].to_list() if place is not None else []
    chosen = np.zeros(people.height, dtype=np.int64)
    for (prefecture, municipality), rows in _rows_by(people, ["prefecture", "municipality"]):
        own = everywhere[prefecture]
        local = np.array(
            [row for row in own if places and str(municipality) in places[row]], np.int64
        )
        near = prefers_local[rows] & (local.size > 0)
        chosen[rows[near]] = local[(uniform[rows[near]] * local.size).astype(np.int64)]
        chosen[rows[~near]] = own[(uniform[rows[~near]] * own.size).astype(np.int64)]
    return table[chosen]


def _rows_by(
    people: pl.DataFrame, columns: Sequence[str]
) -> list[tuple[tuple[object, ...], npt.NDArray[np.int64]]]:
    """Return each group's key and row numbers, in order of first appearance."""
    groups = (
        people.select(*columns)
        .with_row_index("row")
        .group_by(*columns, maintain_order=True)
        .agg(pl.col("row").cast(pl.Int64))
    )
    return [(tuple(row[:-1]), np.array(row[-1], dtype=np.int64)) for row in groups.iter_rows()]
