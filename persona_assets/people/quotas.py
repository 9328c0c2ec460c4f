"""Quotas: how many people of each prefecture, sex and age group a dataset of a given size holds.

Runs are independent per prefecture, so the quotas are worked out for the nation at once: otherwise
the rounding of 47 prefectures would add up. Controlled rounding (Cox 1987): every cell is rounded
down or up, and so are each prefecture's and each national group's totals.
"""

from functools import cache

import numpy as np
import polars as pl
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, vstack

from persona_assets import levels
from persona_assets.census.margins import age_group_of
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
    quotas = _controlled_rounding(counts.tobytes(), counts.shape, size)
    return cells.select("prefecture", "sex", "age_group").with_columns(
        pl.Series("quota", quotas.ravel())
    )


# How far a cell may move from its exact value, in whole people down and up. One is enough for
# nearly every size; two leave room where the totals of tiny datasets pull hard.
ROOM = 2


@cache
def _controlled_rounding(buffer: bytes, shape: tuple[int, int], size: int) -> IntArray:
    """Round counts x size / total so that row, column and sex totals are rounded shares too.

    A transport problem with the squared distance to the exact cells as its (convex, piecewise
    linear) cost: each cell is a floor and a few unit steps of rising cost. The constraint matrix is
    totally unimodular, so the linear programme's optimal corner is whole numbers.
    """
    counts: FloatArray = np.frombuffer(buffer).reshape(shape)
    rows, columns = shape
    row_totals = _largest_remainder(counts.sum(axis=1) * size / counts.sum(), size, least=1)
    by_sex = (counts.sum(axis=0) * size / counts.sum()).reshape(len(levels.SEX), -1)
    sex_totals = _largest_remainder(by_sex.sum(axis=1), size)
    column_totals = np.concatenate(
        [
            _largest_remainder(part, int(total))
            for part, total in zip(by_sex, sex_totals, strict=True)
        ]
    )
    exact = (counts * (row_totals / counts.sum(axis=1))[:, None]).ravel()
    lowest = np.maximum(np.floor(exact) - ROOM, 0)
    steps = np.arange(1, 2 * ROOM + 2)
    cost = (lowest[:, None] + steps - exact[:, None]) ** 2
    cost -= (lowest[:, None] + steps - 1 - exact[:, None]) ** 2
    cell = np.repeat(np.arange(rows * columns), steps.size)
    variable = np.arange(cell.size)
    totals = vstack(
        [
            coo_array((np.ones(cell.size), (cell // columns, variable)), shape=(rows, cell.size)),
            coo_array((np.ones(cell.size), (cell % columns, variable)), shape=(columns, cell.size)),
        ]
    )
    short = np.concatenate([row_totals, column_totals]) - np.concatenate(
        [lowest.reshape(shape).sum(axis=1), lowest.reshape(shape).sum(axis=0)]
    )
    solution = linprog(
        cost.ravel(), A_eq=csr_array(totals), b_eq=short, bounds=(0, 1), method="highs-ds"
    )  # type: ignore[call-overload]  # the stubs do not know sparse constraints
    if solution.x is None:
        raise ArithmeticError(f"no controlled rounding of {size} people: {solution.message}")
    taken = np.rint(solution.x).reshape(-1, steps.size).sum(axis=1)
    rounded: IntArray = (lowest + taken).astype(np.int64).reshape(shape)
    return rounded


def _largest_remainder(exact: FloatArray, total: int, least: int = 0) -> IntArray:
    """Round so that the parts add up to `total`, each at least `least` (Hamilton's method)."""
    parts = np.maximum(np.floor(exact), least).astype(np.int64)
    order = np.argsort(-(exact - parts), kind="stable")
    short = total - int(parts.sum())
    if short >= 0:
        parts[order[:short]] += 1
    else:
        # What the guaranteed ones took is given back by those who have more than that.
        for _ in range(-short):
            excess = np.where(parts > least, parts - exact, -np.inf)
            parts[int(np.argmax(excess))] -= 1
    return parts
