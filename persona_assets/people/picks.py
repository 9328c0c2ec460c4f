"""Picking a few of many things per person, each with a chance that is given.

Belongs here: how often each thing must be included for people who name one, two or three of them,
the draw, and the list column of what was drawn. What the things are belongs to the callers.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from persona_assets.raking import FloatArray, IntArray

# Orders in which the things are laid out: neighbours in one are far apart in others, so that
# every two things can be picked together.
_LAYOUTS: Final = 32
_ROUNDS: Final = 12


def inclusion(targets: FloatArray, counts: FloatArray) -> FloatArray:
    """Return how often each thing is to be included for each number of things picked.

    Args:
        targets: Groups by things, >= 0: shares of the group's people, up to a factor.
        counts: Groups by numbers: share of the people who pick 1, 2, ... things.

    Returns:
        Groups by numbers by things, each row adding up to the number (or to as many things as
        have a target), such that over all numbers things are included in proportion to their
        targets, as far as nobody can name one twice.
    """
    most = counts.shape[1]
    possible = (targets > 0).sum(axis=1)
    sums = np.minimum(np.arange(1, most + 1), possible[:, None]).astype(np.float64)
    total = targets.sum(axis=1)
    wanted = targets * np.divide(
        (counts * sums).sum(axis=1), total, out=np.zeros_like(total), where=total > 0
    )[:, None]  # fmt: skip
    weights = np.minimum(wanted, 1.0)
    for _ in range(_ROUNDS):
        rows = _filled(weights, sums)
        found = np.einsum("gn,gni->gi", counts, rows)
        weights = weights * np.divide(wanted, found, out=np.ones_like(found), where=found > 0)
    return _filled(weights, sums)


def _filled(weights: FloatArray, sums: FloatArray) -> FloatArray:
    """Scale the weights so that each row has its sum and nothing is above one."""
    rows = np.repeat(weights[:, None, :], sums.shape[1], axis=1)
    full = np.zeros(rows.shape, dtype=bool)
    for _ in range(sums.shape[1] + 1):
        rest = np.where(full, 0.0, rows)
        left = sums - full.sum(axis=2)
        amount = rest.sum(axis=2)
        scale = np.divide(left, amount, out=np.zeros_like(amount), where=amount > 0)
        rows = np.where(full, 1.0, rest * scale[:, :, None])
        full |= rows >= 1.0 - 1e-12
    return np.minimum(rows, 1.0)


def pick(chances: FloatArray, row: IntArray, rng: np.random.Generator) -> IntArray:
    """Pick things for each person, each with its chance and none twice.

    Randomised systematic sampling (Goodman & Kish 1950): the chances are laid end to end in one
    of many random orders, and points one apart from a random start take what they fall on.

    Args:
        chances: Rows by things, within 0-1; each row adds up to a whole number.
        row: The row of each person.
        rng: Gives the orders, and two numbers per person.

    Returns:
        People by the most that anybody picks: positions of the things, -1 where there is none.
    """
    used, own = np.unique(row, return_inverse=True)
    things = chances.shape[1]
    numbers = np.rint(chances[used].sum(axis=1)).astype(np.int64)
    most = int(numbers.max(initial=0))
    layouts = np.argsort(rng.random((_LAYOUTS, things)), axis=1, kind="stable")
    ends = np.cumsum(chances[used][:, layouts], axis=2)
    ends = np.where(ends > numbers[:, None, None] - 1e-9, numbers[:, None, None], ends)
    # All rows and layouts behind one another on one line, so that one search finds all.
    length = most + 1
    line = ends.reshape(-1, things) + length * np.arange(len(used) * _LAYOUTS)[:, None]
    layout = rng.integers(_LAYOUTS, size=len(row))
    start = rng.random(len(row)) * (1 - 1e-9)
    place = own * _LAYOUTS + layout
    picked: IntArray = np.full((len(row), most), -1)
    for number in range(most):
        those = np.flatnonzero(numbers[own] > number)
        points = length * place[those] + start[those] + number
        found = np.searchsorted(line.ravel(), points, side="right") - things * place[those]
        picked[those, number] = layouts[layout[those], np.minimum(found, things - 1)]
    return picked


def to_lists(picked: IntArray, names: Sequence[str], column: str) -> pl.Series:
    """Return what was picked as a list of names per person."""
    there = picked >= 0
    rows = np.arange(len(picked))
    # One flat gather and a group-by: nested Python lists are slow to turn into a column.
    lists = (
        pl.DataFrame(
            {
                "row": np.repeat(rows, there.sum(axis=1)),
                column: pl.Series(names, dtype=pl.String)[picked[there]],
            }
        )
        .group_by("row", maintain_order=True)
        .agg(column)
    )
    return (
        pl.DataFrame({"row": rows})
        .join(lists, on="row", how="left", maintain_order="left")[column]
        .fill_null(pl.lit([], dtype=pl.List(pl.String)))
    )
