"""A joint as integer arrays, ready to be drawn from.

Each factor becomes cells sorted by group: a group is what a person already is (`given`), its cells
are what may be drawn next. A person of a factor's cell is in one group of each factor below it, so
a whole prefecture is drawn with look-ups alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from persona_assets.joint.distribution import FACTORS, SPECS, Joint
from persona_assets.joint.domain import OPEN_AXES, Cells, Domain, Level
from persona_assets.joint.model import FactorSpec, Measured
from persona_assets.raking import FloatArray, IntArray

# Sums of fitted tables that are looked at before the table itself can be: who studies and does
# nothing else must be at school.
FORESEEN: Mapping[str, tuple[Measured, ...]] = {
    "people": (Measured("students", {"sex": "sex", "in_school": "in_school"}),)
}

# What is drawn first is a cell of the root factor, given these; the quotas fix them.
QUOTA_AXES = ("sex", "age_group")


@dataclass(frozen=True)
class Table:
    """A table that the joint was fitted to, as its adults have it.

    Attributes:
        name: Name of the margin.
        domain: Its axes.
        looks_at: The axes by which it tells people apart.
        cell_of: Row of the table of each cell of the factor; -1 outside the table.
        shares: Share of all adults in each row.
    """

    name: str
    domain: Domain
    looks_at: frozenset[str]
    cell_of: IntArray
    shares: FloatArray


@dataclass(frozen=True)
class Branch:
    """One factor, its cells sorted by group.

    Attributes:
        spec: The factor's declaration.
        cells: What each cell is.
        weights: Weight of each cell; what counts is its share of its group.
        group: Group of each cell, ascending from 0.
        sizes: Cells of each group.
        group_of_parent: Group of each cell of the parent factor; -1 for those who do not have what
            this factor brings in. Empty for the root.
        shares: Share of all adults in each cell.
        tables: What the factor was fitted to.
    """

    spec: FactorSpec
    cells: Cells
    weights: FloatArray
    group: IntArray
    sizes: IntArray
    group_of_parent: IntArray
    shares: FloatArray
    tables: tuple[Table, ...]

    def expected(self, counts: IntArray) -> FloatArray:
        """Return the expected people of each cell, if each group has so many."""
        totals = np.bincount(self.group, self.weights, len(self.sizes))
        return np.asarray(self.weights * (counts / totals)[self.group])


@dataclass(frozen=True)
class Network:
    """All factors of a prefecture's joint from the root down.

    Attributes:
        prefecture: Its key.
        figures: Version of the margins that the joint was fitted to.
        quota_groups: `QUOTA_AXES` of each group of the root.
        branches: By name of the factor, parents first.
    """

    prefecture: str
    figures: str
    quota_groups: pl.DataFrame
    branches: Mapping[str, Branch]


def network_of(joint: Joint) -> Network:
    """Return a joint's adults as arrays.

    Raises:
        ValueError: people of a factor are in no group of one below it.
    """
    open_axes = {
        axis: sorted(
            {value for name, frame in joint.factors.items() if axis in frame.columns
             for value in frame[axis].unique() if value is not None}
        )
        for axis in OPEN_AXES
    }  # fmt: skip
    branches: dict[str, Branch] = {}
    for name in FACTORS:
        spec = SPECS[name]
        frame = joint.adults if spec.parent is None else joint.factors[name]
        branches[name] = _branch(
            spec, frame, branches[spec.parent] if spec.parent else None, open_axes
        )
    root = branches[FACTORS[0]]
    first = np.cumsum(root.sizes) - root.sizes
    return Network(
        joint.prefecture,
        joint.figures,
        root.cells.to_frame(QUOTA_AXES)[first],
        branches,
    )


def _branch(
    spec: FactorSpec,
    frame: pl.DataFrame,
    parent: Branch | None,
    open_axes: Mapping[str, Sequence[Level]],
) -> Branch:
    if not (frame["weight"] > 0).all():
        frame = frame.filter(pl.col("weight") > 0)
    cells = Cells.from_frame(
        frame.drop("weight"), **{a: v for a, v in open_axes.items() if a in frame.columns}
    )
    weights = frame["weight"].to_numpy()
    key, _ = cells.index(spec.given if parent else QUOTA_AXES)
    order = np.argsort(key, kind="stable")
    cells, weights = Cells(cells.domain, cells.codes[order]), weights[order]
    key = key[order]
    begins = np.flatnonzero(np.diff(key, prepend=-1))
    known, sizes = key[begins], np.diff(begins, append=len(key))
    group = np.repeat(np.arange(len(known)), sizes)
    if parent is None:
        of_parent = np.zeros(0, dtype=np.int64)
        shares = weights / weights.sum()
    else:
        of_parent = _groups_of(spec, parent, known)
        totals = np.bincount(group, weights, len(known))
        have = of_parent >= 0
        adults = np.bincount(of_parent[have], parent.shares[have], len(known))
        shares = weights * (adults / totals)[group]
    measured = (*spec.measured, *FORESEEN.get(spec.name, ()))
    tables = tuple(_table(one, cells, shares) for one in measured)
    return Branch(spec, cells, weights, group, sizes, of_parent, shares, tables)


def _groups_of(spec: FactorSpec, parent: Branch, known: IntArray) -> IntArray:
    """Return the group of each cell of the parent, -1 for those who do not have the variable."""
    key, _ = parent.cells.index(spec.given)
    place = np.minimum(np.searchsorted(known, key), len(known) - 1)
    have = np.ones(len(key), dtype=bool)
    if spec.who is not None:
        axes = spec.who.meta.root_names()
        have = parent.cells.to_frame(axes).select(spec.who.alias("who"))["who"].to_numpy()
    lost = np.flatnonzero(have & (known[place] != key))
    if lost.size:
        who = parent.cells.to_frame().row(int(lost[0]), named=True)
        raise ValueError(f"nothing to draw {', '.join(spec.adds)} from for {who}")
    return np.where(have, place, -1)


def _table(measured: Measured, cells: Cells, shares: FloatArray) -> Table:
    index, domain = cells.index(tuple(measured.axes))
    inside = np.ones(len(cells), dtype=bool)
    for axis, only in (*measured.covers.items(), *((a, (v,)) for a, v in measured.where.items())):
        wanted = [i for i, level in enumerate(cells.domain.levels_of(axis)) if level in only]
        inside &= np.isin(cells.column(axis), wanted)
    # Those who cannot have a level of an axis (no occupation without work) are outside.
    for axis in measured.axes:
        levels = cells.domain.levels_of(axis)
        if None in levels:
            inside &= cells.column(axis) != levels.index(None)
    looks_at = {*measured.axes, *measured.covers, *measured.where}
    return Table(
        measured.margin,
        domain,
        frozenset(looks_at),
        np.where(inside, index, -1),
        np.bincount(index[inside], shares[inside], domain.size).astype(np.float64, copy=False),
    )
