"""The fit: one prefecture's joint distribution, of maximum entropy given margins and seeds.

The margins and seeds link few variables at once, so the joint factorises exactly: given what two
factors share, the rest of the one tells nothing about the rest of the other, because no table and
no seed links them. It is therefore kept as the factors of that junction tree, a hundred thousand
cells instead of their product of billions; every figure taken from it is the same.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from persona_assets.joint.distribution import Joint, add_coarse
from persona_assets.joint.domain import OPEN_AXES, Cells, Domain, Factor, Level
from persona_assets.joint.inputs import Frames, Inputs
from persona_assets.joint.model import MODEL, FactorSpec, Interaction, Measured, Model
from persona_assets.raking import (
    Block,
    FloatArray,
    IntArray,
    Link,
    MarginConflictError,
    RakedTree,
    Target,
    check_counts,
    rake_tree,
)

# Largest error of a hard margin, of its total.
TOLERANCE = 1e-8
# What a factor above fixes carries its own error; a factor below it and a margin can come no closer
# to both than that, cell by cell.
CHAIN_TOLERANCE = 1e-7

# No combination that can occur may start at exactly nothing, or its margin could not be met.
FLOOR = 1e-4


@dataclass(frozen=True)
class Assembled:
    """One factor ready to be fitted.

    Attributes:
        spec: Its declaration.
        cells: Its possible combinations.
        seed: The nation's part of the seed, one weight per cell.
        link: How it hangs on its parent; None for the root.
    """

    spec: FactorSpec
    cells: Cells
    seed: FloatArray
    link: Link | None


@dataclass(frozen=True)
class Structure:
    """The cells and national seeds of a model: the same for every prefecture.

    Attributes:
        factors: By name, parents first; those whose levels are a prefecture's own are missing.
        model: What they were assembled from.
        inputs: The shapes.
    """

    factors: Mapping[str, Assembled]
    model: Model
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class FitReport:
    """How a fit went.

    Attributes:
        sweeps: How many times all margins above the chains were gone through.
        errors: Per margin, the largest difference from a count over the margin's total.
        distances: Per margin, half the sum of the differences over the total: the share of people
            that would have to change their cell.
        gaps: Per soft margin, the largest distance of a row from where its weight puts it, as a
            ratio's logarithm: 0 in the optimum.
        entropy: Of the whole joint, in nats.
        effective_cells: Its exponential.
    """

    sweeps: int
    errors: Mapping[str, float]
    distances: Mapping[str, float]
    gaps: Mapping[str, float]
    entropy: float
    effective_cells: float

    @property
    def largest_error(self) -> float:
        """The largest error of a hard margin, over its total."""
        return max(error for name, error in self.errors.items() if name not in self.gaps)


def figures_version(prefecture: str, margins: Frames) -> str:
    """Return twelve hex digits of every figure that a prefecture's fit reads: its own margins."""
    digest = hashlib.sha256()
    for name in sorted(margins):
        here = margins[name].filter(pl.col("prefecture") == prefecture)
        digest.update(f"{name}\n{here.write_csv()}".encode())
    return digest.hexdigest()[:12]


def assemble(shapes: Frames, model: Model = MODEL) -> Structure:
    """Return the cells and national seeds of a model; a second's work, once for all prefectures.

    Args:
        shapes: `inputs.load_shapes`.
        model: The factors, parents first.
    """
    inputs = Inputs(shapes, {})
    factors: dict[str, Assembled] = {}
    for spec in model:
        if not _is_local(spec):
            parent = factors[spec.parent] if spec.parent else None
            factors[spec.name] = _assemble(spec, parent, inputs)
    return Structure(factors, model, inputs)


# The structure assembled last, by the content of its shapes: a process fits many prefectures.
_KEPT: dict[str, Structure] = {}


def structure_of(shapes: Frames) -> Structure:
    """Return `assemble(shapes)`, from memory where it was asked for the same shapes before."""
    digest = hashlib.sha256()
    for name in sorted(shapes):
        digest.update(f"{name}\n{shapes[name].write_csv()}".encode())
    content = digest.hexdigest()
    if content not in _KEPT:
        _KEPT.clear()
        _KEPT[content] = assemble(shapes)
    return _KEPT[content]


def _is_local(spec: FactorSpec) -> bool:
    """Whether the levels of a factor are a prefecture's own."""
    return any(term.local and term.complete for term in spec.seed)


def _assemble(spec: FactorSpec, parent: Assembled | None, inputs: Inputs) -> Assembled:
    terms = [(term, term.table(inputs)) for term in spec.seed if _is_local(spec) or not term.local]
    open_axes: dict[str, tuple[Level, ...]] = {}
    for axis in OPEN_AXES:
        if axis in spec.adds:
            # The levels that are data are those that the seed names.
            table = next(table for term, table in terms if term.complete)
            open_axes[axis] = tuple(table[axis].unique(maintain_order=True))
        elif parent is not None and axis in spec.given:
            open_axes[axis] = parent.cells.domain.levels_of(axis)
    frame = _combinations(spec, parent, open_axes)
    if spec.zeros:
        frame = frame.filter(
            ~pl.any_horizontal(zero.condition.fill_null(value=False) for zero in spec.zeros)
        )
    for term, table in terms:
        if term.complete:
            frame = frame.filter(_value(frame, term, table) > 0)
    cells = Cells.from_frame(frame, **open_axes)
    seed = np.ones(len(cells))
    for term, table in terms:
        seed *= _factor(frame, term, table)
    return Assembled(spec, cells, seed, _link(spec, cells, parent) if parent else None)


def combinations(name: str, structure: Structure) -> pl.DataFrame:
    """Return every combination of a factor's axes, those that cannot occur included."""
    factor = structure.factors[name]
    domain = factor.cells.domain
    open_axes = {
        axis: levels
        for axis, levels in zip(domain.axes, domain.levels, strict=True)
        if axis in OPEN_AXES and axis in factor.spec.adds
    }
    parent = factor.spec.parent
    return _combinations(factor.spec, structure.factors[parent] if parent else None, open_axes)


def _combinations(
    spec: FactorSpec, parent: Assembled | None, open_axes: Mapping[str, Sequence[Level]]
) -> pl.DataFrame:
    own = Domain.of(*spec.adds, **{a: n for a, n in open_axes.items() if a in spec.adds})
    frame = _product(own)
    if parent is None:
        return frame
    return _given(spec, parent).join(frame, how="cross", maintain_order="left")


def _product(domain: Domain) -> pl.DataFrame:
    positions = np.stack(np.unravel_index(np.arange(domain.size), domain.shape), axis=1)
    return Cells(domain, positions).to_frame()


def _given(spec: FactorSpec, parent: Assembled) -> pl.DataFrame:
    """Return what a factor shares with its parent: each combination that the parent has, once."""
    frame = add_coarse(parent.cells.to_frame(), spec.given)
    if spec.who is not None:
        frame = frame.filter(spec.who)
    return frame.select(spec.given).unique(maintain_order=True)


def _link(spec: FactorSpec, cells: Cells, parent: Assembled) -> Link:
    own, domain = cells.index(spec.given)
    theirs, _ = parent.cells.index(spec.given)
    if spec.who is not None:
        has = parent.cells.to_frame().select(spec.who.alias("has"))["has"].to_numpy()
        theirs = np.where(has, theirs, -1)
    return Link(parent.spec.name, own, theirs, domain.row_labels())


def _value(frame: pl.DataFrame, term: Interaction, table: pl.DataFrame) -> pl.Series:
    """Return a term's value of each row; null where its table has none."""
    joined = add_coarse(frame, term.axes).join(
        table.select(*term.axes, "value"), on=list(term.axes), how="left", nulls_equal=True,
        maintain_order="left",
    )  # fmt: skip
    return joined["value"].cast(pl.Float64)


def _factor(frame: pl.DataFrame, term: Interaction, table: pl.DataFrame) -> FloatArray:
    """Return what a term multiplies each cell's seed by."""
    value = _value(frame, term, table)
    return np.asarray((value if term.complete else value.clip(FLOOR)).fill_null(1.0).to_numpy())


def fit_prefecture(
    prefecture: str, margins: Frames, structure: Structure
) -> tuple[Joint, FitReport]:
    """Fit the joint distribution of one prefecture.

    Args:
        prefecture: Its key.
        margins: Every margin of `census.margins`, of all prefectures.
        structure: `assemble`.

    Returns:
        The joint and how the fit went.

    Raises:
        MarginConflictError: margins contradict each other, lack a cell, or are empty, negative or
            impossible; the message names them and the prefecture's cell.
    """
    inputs = structure.inputs.of(prefecture, margins)
    # First of all: seeds and other targets are made of the same tables.
    of_census = {
        measured.margin: _target(measured, factor.cells, inputs)
        for factor in structure.factors.values()
        for measured in factor.spec.measured
        if measured.table is None
    }
    fitted = {
        name: _local(factor, inputs)
        for name, factor in structure.factors.items()
        if not factor.spec.chain
    }
    targets = {name: _targets(factor, inputs, of_census) for name, factor in fitted.items()}
    raked = rake_tree(
        [Block(name, f.seed, targets[name], f.link) for name, f in fitted.items()],
        tolerance=TOLERANCE,
    )
    done = {name: Factor(factor.cells, raked.weights[name]) for name, factor in fitted.items()}
    assembled = dict(fitted)
    pulls = dict(raked.pulls)
    for spec in structure.model:
        if spec.chain:
            assert spec.parent is not None  # noqa: S101 - a chain hangs on something
            factor = structure.factors.get(spec.name)
            if factor is None:
                factor = _assemble(spec, assembled[spec.parent], inputs)
            else:
                factor = _local(factor, inputs)
            assembled[spec.name] = factor
            targets[spec.name] = _targets(factor, inputs, of_census)
            below = _rake_chain(factor, done[spec.parent], targets[spec.name])
            done[spec.name] = Factor(factor.cells, below.weights[spec.name])
            pulls |= below.pulls
    joint = Joint(
        prefecture,
        {spec.name: done[spec.name].to_frame() for spec in structure.model},
        figures_version(prefecture, margins),
    )
    return joint, _report(joint, done, targets, pulls, raked.sweeps)


def _local(factor: Assembled, inputs: Inputs) -> Assembled:
    """Return the factor with the terms of its seed that read the prefecture's margins."""
    terms = [term for term in factor.spec.seed if term.local]
    if not terms:
        return factor
    frame, seed = factor.cells.to_frame(), factor.seed
    for term in terms:
        seed = seed * _factor(frame, term, term.table(inputs))
    return Assembled(factor.spec, factor.cells, seed, factor.link)


def _rake_chain(factor: Assembled, parent: Factor, targets: Sequence[Target]) -> RakedTree:
    """Fit a factor below the fitted level: to its parent's sums, which stay, and to its own."""
    assert factor.link is not None  # noqa: S101 - a chain hangs on something
    link = factor.link
    sums = np.bincount(link.parents + 1, parent.weights, len(link.labels) + 1)[1:]
    counts = sums.astype(np.float64, copy=False)
    shared = Target(f"people by {', '.join(factor.spec.given)}", link.own, counts, link.labels)
    return rake_tree(
        [Block(factor.spec.name, factor.seed, [*targets, shared])], tolerance=CHAIN_TOLERANCE
    )


def _targets(factor: Assembled, inputs: Inputs, of_census: Mapping[str, Target]) -> list[Target]:
    return [
        of_census.get(measured.margin) or _target(measured, factor.cells, inputs)
        for measured in factor.spec.measured
    ]


def _target(measured: Measured, cells: Cells, inputs: Inputs) -> Target:
    """Return a margin as a target over the cells.

    Raises:
        MarginConflictError: the margin has no row, a level that the model does not know, a count
            that is none, or lacks a row for a combination that has cells.
    """
    name, place = measured.margin, inputs.prefecture
    margin = measured.table(inputs) if measured.table else inputs.margins.get(name)
    if margin is None or margin.is_empty():
        raise MarginConflictError(
            f"margin '{name}' has no rows of {place}; materialize it, or correct its table"
        )
    index, domain = cells.index(tuple(measured.axes))
    rows = np.zeros(margin.height, dtype=np.intp)
    for axis, column in measured.axes.items():
        known = {level: i for i, level in enumerate(domain.levels_of(axis))}
        found = margin[column].to_list()
        unknown = [level for level in found if level not in known]
        if unknown:
            raise MarginConflictError(
                f"margin '{name}' of {place}: column '{column}' has '{unknown[0]}', which is no "
                f"level of {axis}; use one of {[str(level) for level in known]}"
            )
        rows = rows * len(known) + np.array([known[level] for level in found])
    position = np.full(domain.size, -1)
    position[rows] = np.arange(len(rows))
    labels = domain.row_labels()
    if len(set(rows.tolist())) < len(rows):
        twice = next(a for a, b in pairwise(sorted(rows.tolist())) if a == b)
        raise MarginConflictError(f"margin '{name}' of {place} has the cell {labels[twice]} twice")
    covered = _covered(measured, cells)
    missing = (position[index] < 0) & covered
    if missing.any():
        cell = labels[int(index[int(np.flatnonzero(missing)[0])])]
        raise MarginConflictError(
            f"margin '{name}' of {place} has no row for {cell}; correct the table that it is made "
            "of"
        )
    target = Target(
        name,
        np.where(covered, position[index], -1),
        margin["count"].to_numpy(),
        [f"{place} {labels[row]}" for row in rows.tolist()],
        measured.weight,
    )
    check_counts(target)
    return target


def _covered(measured: Measured, cells: Cells) -> IntArray:
    """Return which cells a margin speaks of: those whose levels it covers, None never."""
    covered = np.ones(len(cells), dtype=bool)
    for axis in measured.axes:
        names = cells.domain.levels_of(axis)
        named = measured.covers.get(axis, [name for name in names if name is not None])
        covered &= np.isin(cells.column(axis), [names.index(name) for name in named])
    for axis, level in measured.where.items():
        covered &= cells.column(axis) == cells.domain.levels_of(axis).index(level)
    return covered


def _report(
    joint: Joint,
    done: Mapping[str, Factor],
    targets: Mapping[str, Sequence[Target]],
    pulls: Mapping[str, FloatArray],
    sweeps: int,
) -> FitReport:
    """Measure the finished joint against every margin."""
    errors: dict[str, float] = {}
    distances: dict[str, float] = {}
    gaps: dict[str, float] = {}
    for name, factor in done.items():
        for target in targets[name]:
            sums = np.bincount(target.index + 1, factor.weights, len(target.counts) + 1)[1:]
            off = np.abs(sums - target.counts)
            errors[target.name] = float(off.max() / target.counts.sum())
            distances[target.name] = float(off.sum() / target.counts.sum() / 2)
            if not target.hard:
                reached = (sums > 0) & (target.counts > 0)
                pull = np.log(pulls[target.name][reached])
                wanted = np.log(target.counts[reached] / sums[reached])
                stiff = target.weight / (1 - target.weight)
                gaps[target.name] = float(np.abs(pull / stiff - wanted).max(initial=0))
    return FitReport(sweeps, errors, distances, gaps, joint.entropy, math.exp(joint.entropy))
