"""Raking (iterative proportional fitting): the smallest change of a seed that meets all targets.

Used for a prefecture's joint and for making tables consistent. Deming and Stephan (1940); from a
uniform seed the limit is the distribution of maximum entropy among those that meet the targets,
from any other seed the one of least relative entropy to it (Csiszár 1975).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from persona_assets.errors import PersonaAssetsError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

# Sweeps without a tenth off the error before two targets are called contradictory.
STALL_SWEEPS = 50


class MarginConflictError(PersonaAssetsError):
    """Targets that no distribution over the given cells can meet together."""


@dataclass(frozen=True, slots=True)
class Target:
    """Sums that cells must have.

    Attributes:
        name: What the target is called in messages and reports.
        index: For each cell the row of `counts` it belongs to, or -1 where not constrained.
        counts: The sums to meet, >= 0.
        labels: What each row of `counts` is called in messages.
    """

    name: str
    index: IntArray
    counts: FloatArray
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class Raked:
    """The result of raking.

    Attributes:
        weights: One weight per cell, same order as the seed.
        sweeps: How many times all targets were gone through.
        errors: Per target, the largest absolute difference from a count over the target's total.
    """

    weights: FloatArray
    sweeps: int
    errors: dict[str, float]


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
    for target in targets:
        _check(seed, target)
    weights = seed.astype(np.float64, copy=True)
    best, stalled = np.inf, 0
    errors: dict[str, float] = {}
    for sweep in range(1, max_sweeps + 1):
        for target in targets:
            weights *= _scale(weights, target)
        errors = {target.name: _error(weights, target) for target in targets}
        worst = max(errors.values(), default=0.0)
        if worst <= tolerance:
            return Raked(weights, sweep, errors)
        if worst < 0.9 * best:
            best, stalled = worst, 0
        else:
            stalled += 1
        if stalled >= STALL_SWEEPS:
            break
    raise MarginConflictError(_conflict(weights, targets, errors))


def _sums(weights: FloatArray, target: Target) -> FloatArray:
    # Row 0 collects the cells that are not constrained.
    return np.bincount(target.index + 1, weights, len(target.counts) + 1)[1:].astype(np.float64)


def _scale(weights: FloatArray, target: Target) -> FloatArray:
    sums = _sums(weights, target)
    ratio = np.divide(target.counts, sums, out=np.zeros_like(sums), where=sums > 0)
    return np.concatenate([[1.0], ratio])[target.index + 1]


def _error(weights: FloatArray, target: Target) -> float:
    total = target.counts.sum()
    return float(np.abs(_sums(weights, target) - target.counts).max() / (total or 1.0))


def _check(seed: FloatArray, target: Target) -> None:
    bad = ~np.isfinite(target.counts) | (target.counts < 0)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise MarginConflictError(
            f"margin '{target.name}', cell {target.labels[row]}: count {target.counts[row]} is not "
            "a number of 0 or more; correct the table"
        )
    if not target.counts.sum() > 0:
        raise MarginConflictError(f"margin '{target.name}' adds up to zero; the table is empty")
    unreachable = (_sums(seed, target) <= 0) & (target.counts > 0)
    if unreachable.any():
        row = int(np.flatnonzero(unreachable)[0])
        raise MarginConflictError(
            f"margin '{target.name}' wants {target.counts[row]:,.1f} people in "
            f"{target.labels[row]}, where every cell is a structural zero"
        )


def _conflict(weights: FloatArray, targets: Sequence[Target], errors: dict[str, float]) -> str:
    """Name the worst target, the one scaled last (which holds), and the size of the conflict."""
    worst = max(targets, key=lambda target: errors[target.name])
    others = [target for target in targets if target.name != worst.name]
    other = max(others, key=lambda target: (errors[target.name], target is targets[-1]))
    difference = _sums(weights, worst) - worst.counts
    row = int(np.abs(difference).argmax())
    return (
        f"margins '{worst.name}' and '{other.name}' cannot both hold: in {worst.labels[row]} the "
        f"fit ends {difference[row]:+,.1f} people off {worst.counts[row]:,.1f}"
    )
