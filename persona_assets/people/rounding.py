"""Rounding under control: whole numbers next to exact ones, with totals that are given."""

from typing import Final

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, vstack

from persona_assets.raking import FloatArray, IntArray

# One is enough for nearly every size; two leave room where the totals of tiny datasets pull hard.
ROOM: Final = 2


def largest_remainder(exact: FloatArray, total: int, least: int = 0) -> IntArray:
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


def divided(
    wanted: FloatArray, group: IntArray, totals: IntArray, most: IntArray | None = None
) -> IntArray:
    """Return whole numbers next to the wanted ones that add up to a total in each group.

    Args:
        wanted: Any numbers; below zero counts as none.
        group: Group of each, from 0 on.
        totals: What each group adds up to.
        most: Upper limit of each.
    """
    high = np.full(len(wanted), np.iinfo(np.int64).max) if most is None else most
    rounded = np.clip(np.floor(wanted + 1e-6).astype(np.int64), 0, high)
    while True:
        short = totals - np.bincount(group, rounded, len(totals)).astype(np.int64)
        if not short.any():
            return rounded
        rest = wanted - rounded
        add = short[group] > 0
        able = np.where(add, rounded < high, (rounded > 0) & (short[group] < 0))
        if not able.any():
            return rounded
        order = np.lexsort((np.where(add, -rest, rest), ~able, group))
        sizes = np.bincount(group, minlength=len(totals))
        place = np.arange(len(group)) - (np.cumsum(sizes) - sizes)[group[order]]
        chosen = (place < np.abs(short)[group[order]]) & able[order]
        rounded[order] += np.where(chosen, np.sign(short)[group[order]], 0)


def controlled_rounding(
    exact: FloatArray, row_totals: IntArray, column_totals: IntArray, room: int = ROOM
) -> IntArray:
    """Round a table so that its rows and columns have given whole totals (Cox 1987).

    A transport problem with the squared distance to the exact cells as its (convex, piecewise
    linear) cost: each cell is a floor and a few unit steps of rising cost. The constraint matrix is
    totally unimodular, so the linear programme's optimal corner is whole numbers.

    Args:
        exact: Rows by columns.
        row_totals: Whole numbers.
        column_totals: Whole numbers with the same sum.
        room: How far a cell may move from its exact value, in whole people down and up; more where
            these totals cannot be met.

    Raises:
        ArithmeticError: no whole cells have these totals.
    """
    rows, columns = shape = exact.shape
    flat = exact.ravel()
    most = np.minimum(row_totals[:, None], column_totals).ravel()
    lowest = np.clip(np.floor(flat) - room, 0, most)
    steps = np.arange(1, 2 * room + 2)
    cost = (lowest[:, None] + steps - flat[:, None]) ** 2
    cost -= (lowest[:, None] + steps - 1 - flat[:, None]) ** 2
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
    if solution.x is None and room < max(row_totals.max(), column_totals.max()):
        return controlled_rounding(exact, row_totals, column_totals, 2 * room)
    if solution.x is None:
        raise ArithmeticError(f"no controlled rounding of {exact.sum():.0f}: {solution.message}")
    taken = np.rint(solution.x).reshape(-1, steps.size).sum(axis=1)
    rounded: IntArray = (lowest + taken).astype(np.int64).reshape(shape)
    return rounded
