"""Building one prefecture's people: the draw, then names, work and leisure."""

from pathlib import Path
from typing import Final

import polars as pl

from persona_assets.joint.distribution import Joint
from persona_assets.people.draw import draw_people
from persona_assets.people.lifestyle import draw_lifestyle
from persona_assets.people.names import draw_names
from persona_assets.people.occupations import draw_titles
from persona_assets.people.quotas import draw_quotas
from persona_assets.people.schema import PEOPLE_SCHEMA
from persona_assets.people.streams import stream
from persona_assets.recipe import Recipe

# The year whose census is drawn from: a person's birth year is this minus the age.
CENSUS_YEAR: Final = 2020


def build_people(
    joint: Joint, population: pl.DataFrame, recipe: Recipe, reference_dir: Path
) -> pl.DataFrame:
    """Return the people of one prefecture, with every column of `PEOPLE_SCHEMA`.

    Args:
        joint: The prefecture's joint distribution.
        population: The `population` margin of all prefectures; it sets the quotas.
        recipe: Size, seed and name.
        reference_dir: The folder of names, titles, places and local things.
    """
    key = joint.prefecture
    quotas = draw_quotas(population, recipe.size).filter(pl.col("prefecture") == key)
    people = draw_people(joint, quotas, _municipalities(reference_dir), recipe.seed, recipe.name)
    for part in (
        draw_titles(people, stream(recipe.seed, key, "title"), reference_dir),
        draw_names(
            people["sex"].to_numpy(),
            CENSUS_YEAR - people["age"].to_numpy(),
            stream(recipe.seed, key, "name"),
        ),
        draw_lifestyle(people, stream(recipe.seed, key, "lifestyle")),
    ):
        people = people.hstack(part)
    people = people.with_columns(pl.lit(joint.figures).alias("figures"))
    return PEOPLE_SCHEMA.validate(people.select(list(PEOPLE_SCHEMA.columns)))


def _municipalities(reference_dir: Path) -> pl.DataFrame:
    return pl.read_csv(
        reference_dir / "geography" / "municipalities.csv", schema_overrides={"code": pl.String}
    )
