"""What a fit reads: the prefecture's margins, and the shapes that its seeds are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from persona_assets.census.tables import load_sources, load_table
from persona_assets.joint.titles import load_titles

Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Inputs:
    """Everything that seeds and targets are made of.

    Attributes:
        shapes: Every table of `shapes/`, the word lists `titles`, `classes` and `industry_sizes`
            of occupations, and `municipalities`, `municipality_ages` and `municipality_work` of
            geography, by name.
        margins: The prefecture's rows of every margin by name; none where a seed is the nation's.
        prefecture: Its key; "" for the nation.
    """

    shapes: Frames
    margins: Frames
    prefecture: str = ""

    def of(self, prefecture: str, margins: Frames) -> "Inputs":
        """Return the inputs of one prefecture from the margins of all."""
        here = {
            name: frame.filter(pl.col("prefecture") == prefecture)
            for name, frame in margins.items()
        }
        return replace(self, margins=here, prefecture=prefecture)


WORD_LISTS = ("municipalities", "municipality_ages", "municipality_work")


def load_word_lists(reference_dir: Path) -> dict[str, pl.DataFrame]:
    """Return the shapes that come from the lists of occupations and municipalities, by name."""
    occupations = reference_dir / "occupations"
    return {
        # Titles that we added have no workers of their own.
        "titles": load_titles(reference_dir).filter(pl.col("weight") > 0),
        "classes": pl.read_csv(occupations / "classes.csv"),
        "industry_sizes": pl.read_csv(occupations / "industry_sizes.csv"),
        **{name: load_table(f"geography/{name}", reference_dir) for name in WORD_LISTS},
    }


def load_shapes(reference_dir: Path) -> dict[str, pl.DataFrame]:
    """Return every shape that seeds are made of, by name."""
    tables = {
        key.split("/")[1]: load_table(key, reference_dir)
        for key in load_sources(reference_dir)
        if key.startswith("shapes/")
    }
    return {**tables, **load_word_lists(reference_dir)}
