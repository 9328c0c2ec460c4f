"""Raking (iterative proportional fitting): the smallest change of a seed that meets all targets.

Used for a prefecture's joint and for making tables consistent. Deming and Stephan (1940); from a
uniform seed the limit is the distribution of maximum entropy among those that meet the targets,
from any other seed the one of least relative entropy to it (Csiszár 1975).

Cells may lie in several blocks that hang together as a tree: a block and its parent have the same
sums over what they share, so together they stand for one distribution over all their variables, of
which only the blocks are ever stored (Jiroušek and Přeučil 1995). A target moves its own block; the
change reaches the others as ratios of shared sums.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from persona_assets.errors import PersonaAssetsError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]

# Sweeps without a tenth off the error before two targets are called contradictory.
STALL_SWEEPS = 50

# In a sweep a block with others below it repeats its own targets until they move less than this
# share of their first movement, at most so many times.
INNER_SHARE, INNER_TURNS = 0.1, 3

# Adding up runs of neighbouring cells pays from so many cells a run.
LONG_RUN = 8


class MarginConflictError(PersonaAssetsError):
    """Targets that no distribution over the given cells can meet together."""


@dataclass(frozen=True, slots=True)
class Target:
    """Sums that cells must have, or come near to.

    Attributes:
        name: What the target is called in messages and reports.
        index: For each cell the row of `counts` it belongs to, or -1 where not constrained.
        counts: The sums to meet, >= 0.
        labels: What each row of `counts` is called in messages.
        weight: 1 for sums that must be met (hard). Below 1, above 0: a soft target, the share of
            the distance to its counts, as a ratio's logarithm, that it closes where nothing else
            pulls. It is the minimiser of relative entropy to the seed plus w / (1 - w) times that
            of the sums to the counts (the scaling step of unbalanced transport, Chizat and others
            2018).
    """

    name: str
    index: IntArray
    counts: FloatArray
    labels: Sequence[str]
    weight: float = 1.0

    @property
    def hard(self) -> bool:
        """Whether the counts must be met."""
        return self.weight == 1


class Link(NamedTuple):
    """What a block shares with its parent.

    Attributes:
        parent: Name of the parent, which comes before the block.
        own: For each cell of the block the row of what is shared.
        parents: For each cell of the parent likewise; -1 where the block has no cell.
        labels: What each shared row is called in messages.
    """

    parent: str
    own: IntArray
    parents: IntArray
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class Block:
    """Cells that are raked together.

    Attributes:
        name: What the block is called in messages.
        seed: Weight per cell, >= 0; a zero stays zero (a structural zero).
        targets: What to meet.
        link: How it hangs on another block; None for the root.
    """

    name: str
    seed: FloatArray
    targets: Sequence[Target]
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Raked:
    """The result of raking one block.

    Attributes:
        weights: One weight per cell, same order as the seed.
        sweeps: How many times all targets were gone through.
        errors: Per target, the largest absolute difference from a count over the target's total.
    """

    weights: FloatArray
    sweeps: int
    errors: dict[str, float]


@dataclass(frozen=True, slots=True)
class RakedTree:
    """The result of raking a tree of blocks.

    Attributes:
        weights: Per block, one weight per cell.
        sweeps: How many times all targets were gone through.
        errors: Per target, the largest absolute difference from a count over the target's total;
            of a soft target too.
        pulls: Per soft target, the factor that it holds each of its rows at. In the optimum it is
            (count / sum) to the power w / (1 - w).
    """

    weights: Mapping[str, FloatArray]
    sweeps: int
    errors: Mapping[str, float]
    pulls: Mapping[str, FloatArray]


def rake(
    seed: FloatArray, targets: Sequence[Target], *, tolerance: float = 1e-9, max_sweeps: int = 2000
) -> Raked:
    """Scale the seed to each target in turn until all are met.

    Args:
        seed: Weight per cell, >= 0; a zero stays zero (a structural zero).
        targets: What to meet; together they must be possible.
        tolerance: Largest allowed error, relative to each target's total.
        max_sweeps: Give up after so many.

    Raises:
        MarginConflictError: a count is negative or not finite, a target wants people where every
            cell is zero, or two targets contradict each other; the message names them.
    """
    tree = rake_tree([Block("cells", seed, targets)], tolerance=tolerance, max_sweeps=max_sweeps)
    return Raked(tree.weights["cells"], tree.sweeps, dict(tree.errors))


def rake_tree(
    blocks: Sequence[Block], *, tolerance: float = 1e-9, max_sweeps: int = 2000
) -> RakedTree:
    """Scale the seeds of a tree of blocks to each target in turn until all are met.

    Args:
        blocks: The root, then each block after its parent.
        tolerance: Largest allowed change by a target in a whole sweep, relative to its total.
        max_sweeps: Give up after so many.

    Raises:
        MarginConflictError: as `rake`, and where a block has no cell for people of its parent.
    """
    states = {block.name: _State(block) for block in blocks}
    root = _hang_together(states)
    best, stalled = np.inf, 0
    for sweep in range(1, max_sweeps + 1):
        moved = root.sweep()
        worst = _largest(moved)
        # Nothing moved in the whole sweep; now bring all blocks to the same sums and look again.
        if worst <= tolerance:
            root.hand_down()
            if max((s.error() for s in states.values()), default=0.0) <= tolerance:
                return RakedTree(
                    {name: state.weights for name, state in states.items()},
                    sweep,
                    {p.target.name: p.off(s.weights) for s in states.values() for p in s.pulls},
                    {
                        p.target.name: p.factor
                        for s in states.values()
                        for p in s.pulls
                        if not p.target.hard
                    },
                )
        if worst < 0.9 * best:
            best, stalled = worst, 0
        else:
            stalled += 1
        if stalled >= STALL_SWEEPS:
            break
    raise MarginConflictError(_conflict(states, moved))


class _Rows:
    """Rows of sums that cells belong to, each cell to one or, with index -1, to none.

    Nearly all the time of a fit is spent here, so what can be is made once. Rows are moved up by
    one: row 0 takes the cells of none, and its ratio stays 1. Where neighbours share a row, whole
    runs of cells are added up first.
    """

    __slots__ = ("index", "ratios", "run_rows", "run_starts", "size")

    def __init__(self, index: IntArray, size: int) -> None:
        self.index = index + 1
        self.size = size + 1
        self.ratios = np.ones(self.size)
        starts = np.flatnonzero(np.diff(self.index, prepend=-1))
        self.run_starts = starts if len(starts) * LONG_RUN <= len(index) else None
        self.run_rows = self.index[starts]

    def sums(self, weights: FloatArray) -> FloatArray:
        """Return the sum of each row."""
        index = self.index
        if self.run_starts is not None:
            index, weights = self.run_rows, np.add.reduceat(weights, self.run_starts)
        return np.bincount(index, weights, self.size)[1:].astype(np.float64, copy=False)

    def ratio(self, wanted: FloatArray, sums: FloatArray) -> FloatArray:
        """Return what to multiply each row by; of a row without weights it does not matter."""
        return np.divide(wanted, sums, out=self.ratios[1:], where=sums > 0)

    def multiply(self, weights: FloatArray) -> None:
        """Multiply each cell by the ratio of its row."""
        weights *= self.ratios.take(self.index)


@dataclass(slots=True)
class _Pull:
    """A target at work."""

    target: Target
    rows: _Rows
    factor: FloatArray
    total: float

    @classmethod
    def of(cls, target: Target) -> "_Pull":
        size = len(target.counts)
        total = float(target.counts.sum()) or 1.0
        return cls(target, _Rows(target.index, size), np.ones(size), total)

    def sums(self, weights: FloatArray) -> FloatArray:
        return self.rows.sums(weights)

    def off(self, weights: FloatArray) -> float:
        """Return the largest difference from a count over the total."""
        return float(np.abs(self.sums(weights) - self.target.counts).max() / self.total)

    def scale(self, weights: FloatArray) -> FloatArray:
        """Scale to the target and return how it moved each row, over its total."""
        counts, before = self.target.counts, self.factor
        sums = self.sums(weights)
        ratio = self.rows.ratio(counts, sums)
        if not self.target.hard:
            has = sums > 0
            self.factor = np.where(has, (ratio * before) ** self.target.weight, before)
            np.divide(self.factor, before, out=ratio, where=has)
        self.rows.multiply(weights)
        return np.asarray(sums * (ratio - 1) / self.total)


@dataclass(slots=True)
class _State:
    """A block at work."""

    block: Block
    weights: FloatArray = field(init=False)
    pulls: list[_Pull] = field(init=False)
    children: "list[_State]" = field(default_factory=list)
    own: _Rows = field(init=False)
    parents: _Rows = field(init=False)

    def __post_init__(self) -> None:
        for target in self.block.targets:
            _check(self.block.seed, target)
        self.weights = self.block.seed.astype(np.float64, copy=True)
        self.pulls = [_Pull.of(target) for target in self.block.targets]
        if self.block.link is not None:
            link, size = self.block.link, len(self.block.link.labels)
            self.own, self.parents = _Rows(link.own, size), _Rows(link.parents, size)

    def sweep(self) -> dict[str, FloatArray]:
        """Scale to each target of this block and of those below; return how far each moved."""
        moved = self.scale()
        if self.children:
            # The slowest part is often between the targets of one block, where a turn is cheapest.
            first = _largest(moved)
            for _ in range(INNER_TURNS):
                if _largest(self.scale()) <= INNER_SHARE * first:
                    break
        for child in self.children:
            child.take_from(self)
            moved |= child.sweep()
            child.give_to(self)
        return moved

    def scale(self) -> dict[str, FloatArray]:
        """Scale to each target of this block; return how each moved its rows, over its total."""
        return {pull.target.name: pull.scale(self.weights) for pull in self.pulls}

    def take_from(self, parent: "_State") -> None:
        """Scale to the parent's sums over what is shared."""
        theirs, ours = self.parents.sums(parent.weights), self.own.sums(self.weights)
        missing = (theirs > 0) & (ours <= 0)
        if missing.any() and self.block.link is not None:
            row = int(np.flatnonzero(missing)[0])
            raise MarginConflictError(
                f"factor '{self.block.name}' has no cell for {self.block.link.labels[row]}, where "
                f"'{parent.block.name}' has {theirs[row]:,.1f} people"
            )
        self.own.ratio(theirs, ours)
        self.own.multiply(self.weights)

    def give_to(self, parent: "_State") -> None:
        """Scale the parent to this block's sums over what is shared."""
        theirs, ours = self.parents.sums(parent.weights), self.own.sums(self.weights)
        self.parents.ratio(ours, theirs)
        self.parents.multiply(parent.weights)

    def hand_down(self) -> None:
        """Bring every block below to this block's sums."""
        for child in self.children:
            child.take_from(self)
            child.hand_down()

    def error(self) -> float:
        """Return the largest error of a hard target, as a share of its total."""
        return max((p.off(self.weights) for p in self.pulls if p.target.hard), default=0.0)


def _hang_together(states: Mapping[str, _State]) -> _State:
    root, *others = states.values()
    for state in others:
        assert state.block.link is not None  # noqa: S101 - the root alone has none
        states[state.block.link.parent].children.append(state)
    return root


def _largest(moved: Mapping[str, FloatArray]) -> float:
    return max((float(np.abs(rows).max()) for rows in moved.values()), default=0.0)


def check_counts(target: Target) -> None:
    """Refuse a target whose weight or counts are none.

    Raises:
        MarginConflictError: as `rake`.
    """
    if not 0 < target.weight <= 1:
        raise MarginConflictError(
            f"margin '{target.name}' has weight {target.weight}; it must be above 0 and at most 1"
        )
    if not target.counts.size:
        raise MarginConflictError(f"margin '{target.name}' has no rows; the table is missing")
    bad = ~np.isfinite(target.counts) | (target.counts < 0)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise MarginConflictError(
            f"margin '{target.name}', cell {target.labels[row]}: count {target.counts[row]} is not "
            "a number of 0 or more; correct the table"
        )
    if not target.counts.sum() > 0:
        raise MarginConflictError(
            f"margin '{target.name}' adds up to zero, from {target.labels[0]} to "
            f"{target.labels[-1]}; the table is empty"
        )


def _check(seed: FloatArray, target: Target) -> None:
    check_counts(target)
    reached = _Rows(target.index, len(target.counts)).sums(seed)
    unreachable = (reached <= 0) & (target.counts > 0)
    if unreachable.any() and target.hard:
        row = int(np.flatnonzero(unreachable)[0])
        raise MarginConflictError(
            f"margin '{target.name}' wants {target.counts[row]:,.1f} people in "
            f"{target.labels[row]}, where every cell is a structural zero"
        )


def _conflict(states: Mapping[str, _State], moved: Mapping[str, FloatArray]) -> str:
    """Name the target that adds most people in a sweep, the one that takes most away, the size."""
    found = [(pull, state) for state in states.values() for pull in state.pulls]
    hard = [(pull, state) for pull, state in found if pull.target.hard]

    def people(pair: tuple[_Pull, _State], sign: int) -> float:
        pull, _ = pair
        return float((sign * moved[pull.target.name]).clip(min=0).sum() * pull.total)

    most = max(hard, key=lambda pair: people(pair, 1))
    others = [pair for pair in hard if pair is not most]
    apart = [most, *sorted(others, key=lambda pair: -people(pair, -1))[:1]]
    worst, state = max(apart, key=lambda pair: pair[0].off(pair[1].weights))
    names = [pull.target.name for pull, _ in apart]
    other = next((name for name in names if name != worst.target.name), "")
    difference = worst.sums(state.weights) - worst.target.counts
    row = int(np.abs(difference).argmax())
    against = f"margins '{worst.target.name}' and '{other}'" if other else f"'{worst.target.name}'"
    return (
        f"{against} cannot both hold: in {worst.target.labels[row]} the "
        f"fit ends {difference[row]:+,.1f} people off {worst.target.counts[row]:,.1f}"
    )
