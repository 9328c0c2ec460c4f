"""Quotas: how many people of each prefecture, sex and age group a dataset of a given size holds.

Runs are independent per prefecture, so the quotas are worked out for the nation at once: otherwise
the rounding of 47 prefectures would add up. Controlled rounding (Cox 1987): every cell is rounded
down or up, and so are each prefecture's and each national group's totals.
"""

from functools import cache

import numpy as np
import polars as pl

from persona_assets import levels
from persona_assets.census.margins import age_group_of
from persona_assets.people.rounding import controlled_rounding, largest_remainder
from persona_assets.raking import FloatArray, IntArray


def adult_population(population: pl.DataFrame) -> pl.DataFrame:
    """Return adults by prefecture, sex and age group from the single-year margin.

    Args:
        population: prefecture, sex, age, count.
    """
    adults = population.filter(pl.col("age") >= 18)
    groups = [levels.AGE_GROUPS[i] for i in age_group_of(adults["age"].to_list())]
    return (
        adults.with_columns(pl.Series("age_group", groups))
        .group_by("prefecture", "sex", "age_group", maintain_order=True)
        .agg(pl.col("count").sum())
    )


def draw_quotas(population: pl.DataFrame, size: int) -> pl.DataFrame:
    """Return how many people to draw in each cell.

    Args:
        population: The `population` margin of all 47 prefectures.
        size: People in all, at least one for each prefecture.

    Returns:
        prefecture, sex, age_group, quota (int); the quotas add up to `size`, every prefecture has
        at least one, and every total is its share of `size` rounded down or up. In tiny datasets
        the guaranteed one of a small prefecture is taken from the largest.
    """
    cells = adult_population(population)
    prefectures = cells["prefecture"].unique(maintain_order=True).to_list()
    groups = list(levels.SEX), list(levels.ADULT_AGE_GROUPS)
    columns = len(groups[0]) * len(groups[1])
    counts = cells["count"].to_numpy().reshape(len(prefectures), columns)
    quotas = _rounded_shares(counts.tobytes(), counts.shape, size)
    return cells.select("prefecture", "sex", "age_group").with_columns(
        pl.Series("quota", quotas.ravel())
    )


@cache
def _rounded_shares(buffer: bytes, shape: tuple[int, int], size: int) -> IntArray:
    """Round counts x size / total so that row, column and sex totals are rounded shares too."""
    counts: FloatArray = np.frombuffer(buffer).reshape(shape)
    row_totals = largest_remainder(counts.sum(axis=1) * size / counts.sum(), size, least=1)
    by_sex = (counts.sum(axis=0) * size / counts.sum()).reshape(len(levels.SEX), -1)
    sex_totals = largest_remainder(by_sex.sum(axis=1), size)
    column_totals = np.concatenate(
        [
            largest_remainder(part, int(total))
            for part, total in zip(by_sex, sex_totals, strict=True)
        ]
    )
    exact = counts * (row_totals / counts.sum(axis=1))[:, None]
    return controlled_rounding(exact, row_totals, column_totals)
