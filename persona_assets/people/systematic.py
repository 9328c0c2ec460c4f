"""Systematic sampling: points one apart along the cumulative weights (Madow 1949).

Each outcome gets its expected number rounded down or up. Groups are drawn one after the other with
phases that follow the golden ratio, so that their roundings cancel instead of adding up.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from persona_assets.raking import FloatArray, IntArray

# Fractional part of the golden ratio: multiples of it modulo 1 are the most evenly spread.
GOLDEN = (5**0.5 - 1) / 2


def systematic(weights: FloatArray, sizes: IntArray, counts: IntArray, phase: float) -> IntArray:
    """Draw outcomes of several groups systematically.

    Args:
        weights: Weights of the outcomes, group after group, >= 0.
        sizes: How many outcomes each group has.
        counts: How many draws each group gets.
        phase: In [0, 1); where the first group starts.

    Returns:
        Positions in `weights`, group after group, `counts.sum()` in all. An outcome of expected
        number e is drawn floor(e) or ceil(e) times.

    Raises:
        ValueError: a group has draws but no weight.
    """
    groups = np.arange(len(sizes))
    ends = np.cumsum(sizes)
    group_of_outcome = np.repeat(groups, sizes)
    totals = np.bincount(group_of_outcome, weights, len(sizes))
    if ((totals <= 0) & (counts > 0)).any():
        raise ValueError(f"group {int(np.flatnonzero((totals <= 0) & (counts > 0))[0])} is empty")
    scale = np.divide(counts, totals, out=np.zeros(len(sizes)), where=totals > 0)
    cumulative = np.cumsum(weights * scale[group_of_outcome])
    # Group boundaries are whole numbers; keep them so against rounding errors.
    offsets = np.concatenate([[0], np.cumsum(counts)])
    # Most groups of a small prefecture have no draw: only those that do step the phase, or the
    # phases met in turn would be scattered as chance does it.
    phases = (phase + np.cumsum(counts > 0) * GOLDEN) % 1.0
    group_of_draw = np.repeat(groups, counts)
    within = np.arange(offsets[-1]) - offsets[group_of_draw]
    points = offsets[group_of_draw] + within + phases[group_of_draw]
    drawn = np.searchsorted(cumulative, points, side="right")
    # A point may only take an outcome of its own group that has weight.
    positive = np.flatnonzero(weights > 0)
    last = positive[np.searchsorted(positive, ends - 1, side="right") - 1]
    first = positive[np.minimum(np.searchsorted(positive, ends - sizes), len(positive) - 1)]
    clipped: IntArray = np.clip(drawn, first[group_of_draw], last[group_of_draw])
    return clipped


def draw_given(
    people: pl.DataFrame,
    outcomes: pl.DataFrame,
    given: Sequence[str],
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Draw one outcome for each person from those of the person's group.

    Args:
        people: One row per person; nulls in `given` match nulls.
        outcomes: The columns `given`, the drawn columns, and `weight`.
        given: What makes a group.
        rng: Decides the phase and who in a group gets which outcome.

    Returns:
        The drawn columns, one row per person in the order of `people`.

    Raises:
        ValueError: people of a group that has no outcome.
    """
    given = list(given)
    drawn_columns = [c for c in outcomes.columns if c not in (*given, "weight")]
    outcomes = outcomes.sort(given, maintain_order=True)
    groups = outcomes.group_by(given, maintain_order=True).agg(pl.len().alias("size"))
    groups = groups.with_row_index("group")
    group = people.select(given).join(
        groups, on=given, how="left", maintain_order="left", nulls_equal=True
    )["group"]
    if group.null_count():
        nobody = people.select(given).filter(group.is_null()).row(0, named=True)
        raise ValueError(f"nothing to draw {', '.join(drawn_columns)} from for {nobody}")
    group_of_person = group.to_numpy().astype(np.int64)
    counts = np.bincount(group_of_person, minlength=len(groups))
    rows = systematic(
        outcomes["weight"].to_numpy(), groups["size"].to_numpy().astype(np.int64), counts,
        float(rng.random()),
    )  # fmt: skip
    # People of a group in random order take the group's draws one by one.
    order = np.lexsort((rng.random(len(people)), group_of_person))
    assigned = np.empty(len(people), dtype=np.int64)
    assigned[order] = rows
    return outcomes.select(drawn_columns)[assigned]
