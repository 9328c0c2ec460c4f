"""Fidelity: how far people are from every margin that their joints are fitted to.

The margins are those of `joint.model.MODEL`, over adults as the joint has them. A distance means
nothing by itself: whole people cannot have fractional shares, and chance alone moves a random draw.
So it stands beside the least that any whole numbers can reach and what a random draw would give.

Belongs here: counting, distances, and people who cannot exist. What is shown of them belongs to the
assets and to `release`.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import reduce
from operator import and_
from typing import Final

import numpy as np
import polars as pl
from scipy.special import gammaln

from persona_assets.joint.distribution import SPECS, Joint, add_coarse
from persona_assets.joint.domain import COARSE
from persona_assets.joint.model import MODEL, Measured
from persona_assets.partitions import prefectures
from persona_assets.people.network import network_of
from persona_assets.raking import FloatArray, IntArray

# Every margin that the joint is fitted to, hard or soft, by its name.
FITTED: Final[Mapping[str, Measured]] = {m.margin: m for spec in MODEL for m in spec.measured}

# What the draw is held to: no margin of the prefectures further off than so many times its floor.
MOST_TIMES_FLOOR: Final = 2.0
# A table of one prefecture has few cells, so chance weighs more: it is further off than it should
# be beyond so many times its floor, if that is more than so many people.
MOST_TIMES_FLOOR_OF_PART: Final = 2.5
SLACK: Final = 4


class Scope(StrEnum):
    """Whether each prefecture is compared with its own margin, or all of them added up."""

    PREFECTURES = "prefectures"
    NATION = "nation"


# Per margin: prefecture, the margin's axes, `count`.
Counts = Mapping[str, pl.DataFrame]

# Expectations are float sums of a joint's cells: so few people are rounding.
_ROUNDING = 1e-6

# Where a person's value of an axis stands, if not in the column of its name.
_COLUMN: Final = {"municipality": "municipality_code"}


def fitted_margins(joints: Iterable[Joint]) -> Counts:
    """Return every margin as the joints have it: adults, as floats."""
    return together(_of_joint(joint) for joint in joints)


def drawn_margins(people: pl.DataFrame) -> Counts:
    """Return every margin as people have it.

    Args:
        people: One row per person: prefecture and the columns of the joint.
    """
    people = _by_axis(people)
    return {name: _of_people(people, measured) for name, measured in FITTED.items()}


def together(parts: Iterable[Counts]) -> Counts:
    """Return the margins of several prefectures as one; so not all people need be at hand."""
    parts = list(parts)
    return {name: pl.concat(part[name] for part in parts) for name in FITTED}


def distances(drawn: Counts, fitted: Counts) -> pl.DataFrame:
    """Return how far people are from every margin, beside what is possible and what is chance.

    The distance is the total variation: half the sum of |share of the people - share of the joint|,
    the part of the people who would have to change their cell. Shares are of the people in the
    margin's universe (the employed, those in school) as drawn; how many those are is a cell of
    another margin. In scope `prefectures` each prefecture has a margin of its own and the distance
    is the mean over people; in scope `nation` the prefectures are added up first.

    The floor is the least distance of any whole numbers with as many people: rounding by largest
    remainder, prefecture by prefecture in the first scope. `iid` is the exact expectation for as
    many people drawn at random one by one, in the first scope from each prefecture
    (`mean_deviation`).

    Args:
        drawn: `drawn_margins`.
        fitted: `fitted_margins` of the same prefectures.

    Returns:
        margin, scope, cells (that have people in either), people (of the universe, as drawn), tvd,
        floor, iid, times_floor (1 where the floor is reached, infinite where it is 0 and missed).
        Margins in whose universe is nobody are left out; `nation` if there is but one prefecture.
    """
    rows: list[tuple[object, ...]] = []
    for name, expected in fitted.items():
        axes = [column for column in expected.columns if column != "count"]
        both = (
            expected.rename({"count": "expected"})
            .join(drawn[name], on=axes, how="full", coalesce=True, maintain_order="left_right")
            .with_columns(pl.col("expected", "count").fill_null(0))
        )
        if not both["count"].sum():
            continue
        rows.append((name, Scope.PREFECTURES, *_distance(both)))
        if both["prefecture"].n_unique() > 1:
            nation = both.group_by(axes[1:], maintain_order=True).agg(
                pl.lit("all").alias("prefecture"), pl.col("expected", "count").sum()
            )
            rows.append((name, Scope.NATION, *_distance(nation)))
    return pl.DataFrame(
        rows,
        schema={
            "margin": pl.String, "scope": pl.String, "cells": pl.Int64, "people": pl.Int64,
            "tvd": pl.Float64, "floor": pl.Float64, "iid": pl.Float64, "times_floor": pl.Float64,
        },
        orient="row",
    )  # fmt: skip


def _distance(cells: pl.DataFrame) -> tuple[int, int, float, float, float, float]:
    """Return cells, people, distance, floor, random draw and times the floor of one margin.

    Args:
        cells: prefecture, expected, count; the shares of each prefecture are its own.
    """
    cells = cells.filter((pl.col("expected") > 0) | (pl.col("count") > 0))
    group = (cells["prefecture"].rank("dense") - 1).to_numpy().astype(np.intp)
    expected = cells["expected"].to_numpy()
    count = cells["count"].to_numpy().astype(np.float64)
    totals, sizes = _sums(group, expected), _sums(group, count)
    share = np.divide(expected, totals[group], out=np.zeros_like(expected), where=expected > 0)
    off = np.abs(count - sizes[group] * share).sum() / 2
    least = rounding_error(share, group, sizes).sum() / 2
    chance = mean_deviation(share, sizes[group]).sum() / 2
    times = off / least if least > _ROUNDING else np.inf
    times = 1.0 if off <= least + _ROUNDING else times
    people = sizes.sum()
    return cells.height, int(people), off / people, least / people, chance / people, times


def _sums(group: IntArray, values: FloatArray) -> FloatArray:
    return np.bincount(group, values).astype(np.float64, copy=False)


def rounding_error(share: FloatArray, group: IntArray, sizes: FloatArray) -> FloatArray:
    """Return how far cells are from their expectations when rounded by largest remainder.

    Of all whole numbers that add up to a group's size these have the least sum of differences.

    Args:
        share: Of each cell in its group.
        group: Of each cell, 0, 1, ...
        sizes: Of each group, whole people.

    Returns:
        One absolute difference per cell, in people; group after group, in no other order.
    """
    remainder = np.mod(share * sizes[group], 1)
    # What is a whole number but for the rounding of floats has no remainder.
    remainder[remainder > 1 - _ROUNDING] = 0
    order = np.lexsort((-remainder, group))
    remainder, group = remainder[order], group[order]
    place = np.arange(len(group)) - np.searchsorted(group, group)
    rounded_up = place < np.rint(_sums(group, remainder))[group]
    return np.where(rounded_up, 1 - remainder, remainder)


def mean_deviation(share: FloatArray, size: FloatArray) -> FloatArray:
    """Return the mean absolute deviations of binomial counts, in people.

    De Moivre's formula (1730): E|X - np| = 2 k (1 - p) P(X = k) with k = floor(np) + 1.

    Args:
        share: p of each cell.
        size: n of each cell.
    """
    found = np.zeros_like(share)
    inside = (share > 0) & (share < 1)
    p, n = share[inside], size[inside]
    k = np.floor(n * p) + 1
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    found[inside] = 2 * k * (1 - p) * np.exp(ways + k * np.log(p) + (n - k) * np.log1p(-p))
    return found


def impossible(people: pl.DataFrame, joints: Iterable[Joint]) -> pl.DataFrame:
    """Return how many people are in a cell in which nobody can be: of weight zero in a factor.

    Args:
        people: One row per person: prefecture and the columns of the joint.
        joints: The joints of their prefectures.

    Returns:
        factor, people; all of them 0 unless the draw is wrong.
    """
    people = _by_axis(people)
    rows = []
    for joint in joints:
        here = people.filter(pl.col("prefecture") == joint.prefecture)
        for name, spec in SPECS.items():
            who = _who(name)
            axes = [*_fine(spec.given), *spec.adds]
            axes += [axis for axis in who.meta.root_names() if axis not in axes]
            cells = here.group_by(axes, maintain_order=True).agg(pl.len().alias("people"))
            cells = add_coarse(cells, spec.given)
            factor = joint.adults if spec.parent is None else joint.factors[name]
            wrong = cells.filter(who).join(
                factor.filter(pl.col("weight") > 0), on=[*spec.given, *spec.adds], how="anti",
                nulls_equal=True, maintain_order="left",
            )  # fmt: skip
            # Who cannot have the variables has none.
            others = cells.filter(~who, pl.any_horizontal(pl.col(spec.adds).is_not_null()))
            rows += [(name, part) for part in (*wrong["people"], *others["people"])]
    found = pl.DataFrame(rows, schema={"factor": pl.String, "people": pl.Int64}, orient="row")
    return (
        pl.DataFrame({"factor": list(SPECS)})
        .join(found, on="factor", how="left", maintain_order="left")
        .group_by("factor", maintain_order=True)
        .agg(pl.col("people").sum())
    )


def misplaced(people: pl.DataFrame) -> int:
    """Return how many people live in a municipality of another prefecture than theirs."""
    codes = {key: one.code for key, one in prefectures().items()}
    own = people["prefecture"].replace_strict(codes, return_dtype=pl.String)
    return int((people["municipality_code"].str.head(2) != own).sum())


def _who(name: str) -> pl.Expr:
    """Return which adults have the variables of a factor: those of all factors above it too."""
    conditions = []
    above: str | None = name
    while above is not None:
        spec = SPECS[above]
        if spec.who is not None:
            conditions.append(spec.who)
        above = spec.parent
    return reduce(and_, conditions, pl.lit(value=True))


def _of_joint(joint: Joint) -> Counts:
    # `Joint.margin` gives the same (a test holds it) in four times the time.
    branches = network_of(joint).branches.values()
    adults = float(joint.adults["weight"].to_numpy().sum())
    found = {}
    for table in (table for branch in branches for table in branch.tables if table.name in FITTED):
        cells = np.flatnonzero(table.shares)
        codes = np.unravel_index(cells, table.domain.shape)
        levels = zip(table.domain.axes, table.domain.levels, codes, strict=True)
        found[table.name] = pl.DataFrame(
            {
                "prefecture": pl.Series([joint.prefecture]).new_from_index(0, len(cells)),
                **{axis: pl.Series(names, strict=False)[code] for axis, names, code in levels},
                "count": table.shares[cells] * adults,
            }
        )
    return found


def _of_people(people: pl.DataFrame, measured: Measured) -> pl.DataFrame:
    axes = ["prefecture", *_fine([*measured.axes, *measured.where])]
    counts = people.group_by(axes, maintain_order=True).agg(pl.len().cast(pl.Int64).alias("count"))
    return _summed(counts, measured)


def _summed(counts: pl.DataFrame, measured: Measured) -> pl.DataFrame:
    """Return the counts of a margin's universe, summed over its axes."""
    universe = {**measured.covers, **{axis: (level,) for axis, level in measured.where.items()}}
    return (
        add_coarse(counts, [*measured.axes, *measured.where])
        .filter(*(pl.col(axis).is_in(list(levels)) for axis, levels in universe.items()))
        .drop_nulls(list(measured.axes))
        .group_by("prefecture", *measured.axes, maintain_order=True)
        .agg(pl.col("count").sum())
    )


def _fine(axes: Iterable[str]) -> list[str]:
    """Return the axes that people have, of which the given ones are read off."""
    return list(dict.fromkeys(COARSE[axis].of if axis in COARSE else axis for axis in axes))


def _by_axis(people: pl.DataFrame) -> pl.DataFrame:
    """Return people by the axes' names."""
    axes = dict.fromkeys(axis for spec in MODEL for axis in spec.adds)
    return people.select("prefecture", *(pl.col(_COLUMN.get(a, a)).alias(a) for a in axes))
