"""The draw: people taken from a joint under control, so that few stand well for many.

Each factor of the joint is drawn systematically (`systematic.py`) within the groups of the one
above it. What the roundings of many groups add up to in the fitted tables is repaired (`repair.py`)
before the next factor is drawn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from persona_assets.joint.distribution import add_coarse
from persona_assets.people.network import QUOTA_AXES, Branch, Network, Table
from persona_assets.people.repair import Aims, Step, repair
from persona_assets.people.streams import stream
from persona_assets.people.systematic import systematic
from persona_assets.raking import FloatArray, IntArray

# What is repaired after each factor is drawn, and among whom.
_ACTIVITY = ("labour_status", "occupation")
STEPS: Mapping[str, tuple[Step, ...]] = {
    "people": (
        Step((*_ACTIVITY, "in_school"), QUOTA_AXES),
        Step(("education",), QUOTA_AXES, _ACTIVITY),
        Step(("marital",), QUOTA_AXES, (*_ACTIVITY, "education")),
    ),
    "employment_status": (Step(("employment_status",), ("sex",)),),
    "work_mode": (Step(("work_mode",)),),
    "industry": (Step(("industry",), ("sex",)),),
    "school": (Step(("school",), ("sex",)),),
    "household": (Step(("household",), ("age_band",)),),
    "age": (Step(("age",), QUOTA_AXES),),
    "municipality": (
        Step(("municipality",), ("age_band", "sex", "occupation"), crossing=True),
    ),
}  # fmt: skip

# With an earlier edition a cell this close to its expectation is left alone, so that fewer people
# change; rounded to the nearest it would be half a person off at most.
CLOSE_ENOUGH = 0.75

Purpose = Callable[[str], np.random.Generator]


@dataclass(frozen=True)
class Drawn:
    """What a draw gives.

    Attributes:
        people: One row per person: prefecture and every axis of the joint.
        earlier: Of each person the row among those of the earlier edition; -1 for the new ones.
        least_gone: Of the people of the earlier edition, how many at least had to go: what the
            table that lost most room no longer holds.
    """

    people: pl.DataFrame
    earlier: IntArray
    least_gone: int


def draw_people(
    network: Network,
    quotas: pl.DataFrame,
    offsets: Mapping[str, FloatArray],
    seed: int,
    earlier: pl.DataFrame | None = None,
) -> Drawn:
    """Draw the demographic part of one prefecture's people.

    Args:
        network: The prefecture's joint.
        quotas: sex, age_group, quota of this prefecture.
        offsets: By how much the nation rounds each cell of a table up or down (`Nation.offsets`).
        seed: The recipe's seed.
        earlier: People of an earlier edition, every axis of the joint. Who still has room stays.
    """
    edition = () if earlier is None else (network.figures,)

    def purpose(name: str) -> np.random.Generator:
        return stream(seed, network.prefecture, name, *edition)

    root = next(iter(network.branches.values()))
    quota = network.quota_groups.join(
        quotas, on=list(QUOTA_AXES), how="left", maintain_order="left"
    )["quota"].to_numpy()
    people = int(quota.sum())
    held = _with_room(root, cells_of(root, earlier), quota) if earlier is not None else _NOBODY
    row = np.flatnonzero(held >= 0)
    new = quota - np.bincount(root.group[held[row]], minlength=len(quota))
    # A place in the draw, not in the order of the cells: any part of a prefecture is a mixture.
    coming = purpose("place").permutation(np.repeat(np.arange(len(new)), new))
    group = np.concatenate([root.group[held[row]], coming])
    row = np.concatenate([row, np.full(len(coming), -1)])

    drawn: dict[str, IntArray] = {}
    for name, branch in network.branches.items():
        if branch.spec.parent is not None:
            above = drawn[branch.spec.parent]
            group = np.where(above >= 0, branch.group_of_parent[above], -1)
        before = np.full(people, -1)
        if earlier is not None:
            before[row >= 0] = cells_of(branch, earlier)[row[row >= 0]]
            # Who is what no longer occurs is another person from here on.
            lost = (row >= 0) & (before < 0) & (group >= 0)
            lost |= (row >= 0) & (before >= 0) & (branch.group[before] != group)
            row[lost], before[lost] = -1, -1
        # Every edition rounds alike, or people would go for nothing.
        phase = float(stream(seed, network.prefecture, f"rounding/{name}").random())
        close_enough = 0.0 if earlier is None else CLOSE_ENOUGH
        aims = _aims(branch, people, offsets, phase, close_enough)
        drawn[name] = _draw(branch, group, before, aims, purpose)
        row[(before >= 0) & (before != drawn[name])] = -1

    columns = {
        axis: _levels(branch, axis, drawn[name])
        for name, branch in network.branches.items()
        for axis in branch.spec.adds
    }
    place = pl.lit(network.prefecture).alias("prefecture")
    frame = pl.DataFrame(columns).select(place, *columns)
    least = 0
    if earlier is not None:
        least = max(_gone(branch, earlier, drawn[n]) for n, branch in network.branches.items())
    return Drawn(frame, row, least)


def cells_of(branch: Branch, people: pl.DataFrame) -> IntArray:
    """Return each person's cell of a factor; -1 for those in none."""
    cells = branch.cells.to_frame().with_row_index("cell")
    axes = list(branch.cells.domain.axes)
    found = add_coarse(people, axes).join(
        cells, on=axes, how="left", maintain_order="left", nulls_equal=True
    )["cell"]
    return found.cast(pl.Int64).fill_null(-1).to_numpy()


_NOBODY = np.zeros(0, dtype=np.int64)


def _with_room(root: Branch, held: IntArray, quota: IntArray) -> IntArray:
    """Return the cells of earlier people, -1 for those beyond their quota: the most crowded."""
    counts = np.bincount(held[held >= 0], minlength=len(root.cells))
    crowded = counts - root.expected(quota)
    rows = np.flatnonzero(held >= 0)
    order = rows[np.lexsort((crowded[held[rows]], root.group[held[rows]]))]
    groups = root.group[held[order]]
    sizes = np.bincount(groups, minlength=len(quota))
    place = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[groups]
    kept = np.full(len(held), -1)
    stay = order[place < quota[groups]]
    kept[stay] = held[stay]
    return kept


def _draw(
    branch: Branch,
    group: IntArray,
    before: IntArray,
    aims: Aims,
    purpose: Purpose,
) -> IntArray:
    """Return the cell of each person, -1 for those without a group.

    Args:
        branch: The factor.
        group: Group of each person, -1 for none.
        before: The cell that a person of an earlier edition had, -1 for new people.
        aims: What each cell of a table should have.
        purpose: Random streams by name.
    """
    name = branch.spec.name
    rng = purpose(name)
    counts = np.bincount(group[group >= 0], minlength=len(branch.sizes))
    firm = np.bincount(before[before >= 0], minlength=len(branch.cells))
    missing = counts - np.bincount(branch.group, firm, len(counts)).astype(np.int64)
    room = np.maximum(branch.expected(counts) - firm, 0)
    rows = systematic(room, branch.sizes, missing, float(rng.random()))
    wanted = firm + np.bincount(rows, minlength=len(firm))
    steps = STEPS.get(name, ())
    if steps:
        wanted = repair(branch, wanted, counts, steps, aims, firm, purpose(f"repair/{name}"))
    cell = np.full(len(group), -1)
    held = np.flatnonzero(before >= 0)
    order = held[np.argsort(before[held], kind="stable")]
    place = np.arange(len(order)) - (np.cumsum(firm) - firm)[before[order]]
    stay = order[place < wanted[before[order]]]
    cell[stay] = before[stay]
    wanted = wanted - np.bincount(before[stay], minlength=len(wanted))
    # The others of a group, in random order, take what is left of its cells one by one.
    order = rng.permutation(len(group))
    order = order[(group[order] >= 0) & (cell[order] < 0)]
    order = order[np.argsort(group[order].astype(np.uint16), kind="stable")]
    cell[order] = np.repeat(np.arange(len(wanted)), wanted)
    return cell


def _aims(
    branch: Branch,
    people: int,
    offsets: Mapping[str, FloatArray],
    phase: float,
    close_enough: float,
) -> Aims:
    """Return what each cell of a table should have.

    A table of the nation has its expectation plus the nation's offset. A table of this prefecture
    alone is rounded systematically within the totals that the people have already. Cells that are
    close enough to their expectation as they are stay so.
    """

    def of_table(table: Table, now: IntArray, cell_of: IntArray) -> FloatArray:
        expected = table.shares * people
        inside = cell_of >= 0
        found = np.bincount(cell_of[inside], now[inside], expected.size).astype(np.float64)
        aim = (
            expected + offsets[table.name]
            if table.name in offsets
            else rounded_here(table, expected, found)
        )
        return np.where(np.abs(found - expected) <= close_enough, found, aim)

    def rounded_here(table: Table, expected: FloatArray, found: FloatArray) -> FloatArray:
        shape = table.domain.shape
        new = [i for i, axis in enumerate(table.domain.axes) if axis in branch.spec.adds]
        last = list(range(-len(new), 0))
        exact = np.moveaxis(expected.reshape(shape), new, last)
        found = np.moveaxis(found.reshape(shape), new, last)
        over = tuple(last)
        sums = np.maximum(exact.sum(axis=over, keepdims=True), 1e-12)
        exact = exact * found.sum(axis=over, keepdims=True) / sums
        # Totals are whole; keep them so against rounding errors.
        steps = np.floor(np.cumsum(exact) + phase + 1e-7)
        rounded = np.diff(steps, prepend=np.floor(phase + 1e-7)).reshape(exact.shape)
        return np.asarray(np.moveaxis(rounded, last, new).ravel())

    return of_table


def _gone(branch: Branch, earlier: pl.DataFrame, drawn: IntArray) -> int:
    """Return how many earlier people the tables of a factor no longer hold, at least."""
    before = cells_of(branch, earlier)
    most = 0
    for table in branch.tables:
        size = len(table.shares) + 1
        had = np.bincount(table.cell_of[before[before >= 0]] + 1, minlength=size)[1:]
        has = np.bincount(table.cell_of[drawn[drawn >= 0]] + 1, minlength=size)[1:]
        most = max(most, int(np.maximum(had - has, 0).sum()))
    return most


def _levels(branch: Branch, axis: str, cell: IntArray) -> pl.Series:
    position = branch.cells.domain.axes.index(axis)
    names = branch.cells.domain.levels[position]
    codes = np.append(branch.cells.codes[:, position], len(names))
    return pl.Series(axis, [*names, None], strict=False)[codes[cell]]
