"""Building one prefecture's people: the draw, then names, work and leisure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from persona_assets.errors import PersonaAssetsError
from persona_assets.joint.distribution import Joint
from persona_assets.levels import CENSUS_YEAR
from persona_assets.people.children import draw_children
from persona_assets.people.digital_skill import draw_digital_skill
from persona_assets.people.draw import Drawn, draw_people
from persona_assets.people.former import draw_former
from persona_assets.people.ids import new_ids
from persona_assets.people.lifestyle import draw_lifestyle
from persona_assets.people.names import NameStreams, draw_names
from persona_assets.people.nation import load_nation
from persona_assets.people.network import network_of
from persona_assets.people.occupations import draw_titles
from persona_assets.people.quotas import draw_quotas
from persona_assets.people.schema import PEOPLE_SCHEMA
from persona_assets.people.streams import stream
from persona_assets.people.traits import draw_traits
from persona_assets.recipe import Recipe


class PeopleError(PersonaAssetsError):
    """People of an earlier edition that cannot be kept; names the file and what is wrong."""


@dataclass(frozen=True)
class Built:
    """One prefecture's people, and what happened on the way.

    Attributes:
        people: With every column of `PEOPLE_SCHEMA`.
        redrawn: Given names drawn again because the full name was that of a known person.
        kept: How many were there in the earlier edition, with the same id and the same facts.
        gone: How many of the earlier edition are not there any more.
        least_gone: How many of them had to go at least (`draw.Drawn`).
    """

    people: pl.DataFrame
    redrawn: int
    kept: int = 0
    gone: int = 0
    least_gone: int = 0


def build(
    joint: Joint,
    population: pl.DataFrame,
    recipe: Recipe,
    reference_dir: Path,
    earlier: pl.DataFrame | None = None,
) -> Built:
    """Draw the people of one prefecture.

    Args:
        joint: The prefecture's joint distribution.
        population: The `population` margin of all prefectures; it sets the quotas.
        recipe: Size, seed, name of the dataset, and how names are drawn.
        reference_dir: The folder of names, titles, places and local things.
        earlier: The prefecture's people of an earlier edition; who has room stays as is.
    """
    if earlier is None:
        drawn = _draw(joint, population, recipe, reference_dir)
        ids = new_ids(drawn.people.height, recipe.name, joint.prefecture)
        return Built(*_with_life(drawn.people, ids, joint, recipe, reference_dir))
    axes = earlier.rename({"municipality": "place", "municipality_code": "municipality"})
    drawn = _draw(joint, population, recipe, reference_dir, axes)
    new = drawn.people.filter(drawn.earlier < 0)
    kept = earlier[drawn.earlier[drawn.earlier >= 0]].with_columns(figures=pl.lit(joint.figures))
    people, redrawn = kept.select(list(PEOPLE_SCHEMA.columns)), 0
    if new.height:
        ids = new_ids(
            new.height, recipe.name, joint.prefecture, joint.figures, taken=earlier["person_id"]
        )
        others, redrawn = _with_life(new, ids, joint, recipe, reference_dir, joint.figures)
        people = pl.concat([people, others])
    return Built(
        PEOPLE_SCHEMA.validate(people.sort("person_id")),
        redrawn,
        kept.height,
        earlier.height - kept.height,
        drawn.least_gone,
    )


def build_people(
    joint: Joint, population: pl.DataFrame, recipe: Recipe, reference_dir: Path
) -> pl.DataFrame:
    """Return the people that `build` draws without an earlier edition."""
    return build(joint, population, recipe, reference_dir).people


def _draw(
    joint: Joint,
    population: pl.DataFrame,
    recipe: Recipe,
    reference_dir: Path,
    earlier: pl.DataFrame | None = None,
) -> Drawn:
    quotas = draw_quotas(population, recipe.size)
    return draw_people(
        network_of(joint),
        quotas.filter(pl.col("prefecture") == joint.prefecture),
        load_nation(reference_dir).offsets(joint.prefecture, quotas, recipe.seed),
        recipe.seed,
        earlier,
    )


def _with_life(
    people: pl.DataFrame,
    ids: Sequence[str],
    joint: Joint,
    recipe: Recipe,
    reference_dir: Path,
    *edition: str,
) -> tuple[pl.DataFrame, int]:
    """Add to the joint's axes what is drawn for each person alone: work, name and leisure.

    Returns:
        The people, and how many given names were drawn again.
    """

    def purpose(name: str) -> np.random.Generator:
        return stream(recipe.seed, joint.prefecture, name, *edition)

    people = people.rename({"municipality": "municipality_code"}).join(
        _municipalities(reference_dir), on="municipality_code", how="left", maintain_order="left"
    )
    people = people.hstack(draw_titles(people, purpose("title"), reference_dir))
    named = draw_names(
        people["sex"].to_numpy(),
        CENSUS_YEAR - people["age"].to_numpy(),
        joint.prefecture,
        NameStreams.of(recipe.seed, joint.prefecture, *edition),
        diversity=recipe.names.diversity,
        more_public_figures=recipe.names.lists,
        reference=reference_dir,
    )
    for part in (
        draw_former(people, joint, purpose("former"), reference_dir),
        named.names,
        draw_children(people, purpose("children"), reference_dir),
        draw_traits(people, purpose("traits"), reference_dir),
        draw_digital_skill(people, purpose("digital_skill"), reference_dir),
        draw_lifestyle(people, purpose, reference_dir),
    ):
        people = people.hstack(part)
    people = people.with_columns(
        pl.Series("person_id", ids), pl.lit(joint.figures).alias("figures")
    )
    return PEOPLE_SCHEMA.validate(people.select(list(PEOPLE_SCHEMA.columns))), named.redrawn


def read_earlier(folder: Path, prefecture: str) -> pl.DataFrame:
    """Return the people of an earlier edition.

    Args:
        folder: A copy of the `people` folder of the lake.
        prefecture: Its key.

    Raises:
        PeopleError: the file is missing or has not the columns of today's people.
    """
    path = folder / f"{prefecture}.parquet"
    if not path.exists():
        raise PeopleError(
            f"recipe field 'keep': {folder} has no {path.name}; copy the whole folder 'people' of "
            "the lake there, or leave the field out"
        )
    people = pl.read_parquet(path)
    missing = sorted({*PEOPLE_SCHEMA.columns} - {*people.columns})
    if missing:
        raise PeopleError(
            f"recipe field 'keep': {path} lacks {', '.join(missing)}; it was made by another "
            "version, so its people cannot be kept: leave the field out"
        )
    return people.select(list(PEOPLE_SCHEMA.columns))


@cache
def _municipalities(reference_dir: Path) -> pl.DataFrame:
    return pl.read_csv(
        reference_dir / "geography" / "municipalities.csv", schema_overrides={"code": pl.String}
    ).select(pl.col("code").alias("municipality_code"), pl.col("name").alias("municipality"))
