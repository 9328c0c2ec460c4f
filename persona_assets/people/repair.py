"""Repair: the fewest people who must be somebody else for every fitted table to be rounded.

A systematic draw rounds every group well, but the roundings of many groups add up in the tables
across them. Here the cells of a factor's tables are brought to whole numbers next to their
expectation: a linear programme finds the fewest moves between what alike people may be, then each
move takes somebody who may well be the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array

from persona_assets.joint.domain import COARSE
from persona_assets.people.network import Branch, Table
from persona_assets.people.rounding import divided
from persona_assets.raking import BoolArray, FloatArray, IntArray

# What the first person too many or too few in a cell of a table costs, in moves.
TABLE_COST = 20.0
# A further one costs so much more.
FURTHER = 3.0
# What it costs to move somebody who should stay if others can go, in moves.
FIRM_COST = 4.0
# Nobody is moved where the odds for people like them are so small a part of the row's: what hardly
# occurs must not become a way to round a table.
LEAST_ODDS = 0.01
# Passes over rows of tables that cross; a handful leaves hardly a move that helps.
PASSES = 4

# What each cell of a table should have, given the people of each pair of row and outcome and the
# cell of each pair.
Aims = Callable[[Table, IntArray, IntArray], FloatArray]
# Cell of each pair (-1: none), and what each cell should have.
AimedTable = tuple[IntArray, FloatArray]


@dataclass(frozen=True)
class Step:
    """One variable (or several that are one choice) of a factor that is repaired at once.

    Attributes:
        adds: The axes whose levels people are moved between.
        rows: The axes within which they are moved; all that tables and zeros look at.
        keeps: Axes of the same factor that have been repaired before.
        crossing: Whether several tables have the finest outcomes by different rows, so that no
            programme of nested sets describes them.
    """

    adds: tuple[str, ...]
    rows: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    crossing: bool = False


def repair(
    branch: Branch,
    drawn: IntArray,
    counts: IntArray,
    steps: Sequence[Step],
    aims: Aims,
    firm: IntArray,
    rng: np.random.Generator,
) -> IntArray:
    """Move people between the cells of a factor until its tables are rounded.

    Args:
        branch: The factor.
        drawn: People of each cell as they were drawn.
        counts: People of each group; stays as it is.
        steps: What to repair, in order.
        aims: What each cell of a table should have.
        firm: Of the people of each cell, how many should stay if others can go.
        rng: Decides who of the alike moves.

    Returns:
        People of each cell. Where the cells do not allow a rounded table, it is as close as moves
        between alike people bring it.

    Raises:
        ArithmeticError: the solver found no moves.
    """
    people = drawn.copy()
    expected = branch.expected(counts)
    for step in steps:
        tables = [t for t in branch.tables if _told(branch, t, step)]
        _repair_step(branch, people, expected, counts, step, tables, aims, firm, rng)
    return people


def _told(branch: Branch, table: Table, step: Step) -> bool:
    """Whether all that a table tells apart in this factor can be read off what a step moves."""

    def fine(axis: str) -> str:
        return COARSE[axis].of if axis in COARSE else axis

    def read_off(axis: str, axes: Sequence[str]) -> bool:
        return axis in axes or fine(axis) in axes

    here = [
        axis
        for axis in table.looks_at
        if fine(axis) in branch.spec.adds and not read_off(axis, step.rows)
    ]
    return bool(here) and all(read_off(axis, step.adds) for axis in here)


def _repair_step(
    branch: Branch,
    people: IntArray,
    expected: FloatArray,
    counts: IntArray,
    step: Step,
    tables: Sequence[Table],
    aims: Aims,
    firm: IntArray,
    rng: np.random.Generator,
) -> None:
    cells = branch.cells
    rows, _ = cells.index(step.rows)
    outcomes, outcome_domain = cells.index(step.adds)
    # Only pairs of row and outcome that somebody could be in.
    able = np.flatnonzero(counts[branch.group] > 0)
    any_pair = (rows * outcome_domain.size + outcomes)[able]
    first_of = np.full((rows.max() + 1) * outcome_domain.size, -1)
    first_of[any_pair[::-1]] = able[::-1]
    known = np.flatnonzero(first_of >= 0)
    number = np.cumsum(first_of >= 0) - 1
    pair_of_able, first = number[any_pair], first_of[known]
    pair = np.full(len(cells), -1)
    pair[able] = pair_of_able
    row, outcome = rows[first], outcomes[first]
    start = np.bincount(pair_of_able, people[able], len(known)).astype(np.int64)
    held = np.bincount(pair_of_able, np.minimum(firm, people)[able], len(known)).astype(np.int64)
    aimed = [(t.cell_of[first], aims(t, start, t.cell_of[first])) for t in tables]
    if step.crossing:
        wanted = full_to_empty(start, held, row, outcome, aimed)
    else:
        hoped = np.bincount(pair_of_able, expected[able], len(known)).astype(np.float64)
        wanted = fewest_moves(start, held, hoped, row, aimed)
    if (wanted == start).all():
        return
    # First between cells that are alike in all else, then in what has been repaired before.
    size = len(branch.sizes)
    others = tuple(axis for axis in branch.spec.adds if axis not in step.adds)
    keys = [cells.index(axes)[0] * size + branch.group for axes in (others, step.keeps)]
    moves = _Moves(people, expected, firm, pair, rng)
    for one in np.unique(row[wanted != start]):
        # Pairs are in the order of rows.
        pairs = np.arange(np.searchsorted(row, one), np.searchsorted(row, one, side="right"))
        change = (wanted - start)[pairs]
        if not others:
            moves.apply_at_once(pairs, change, keys[0])
        if not change.any():
            continue
        for key in keys:
            moves.apply(pairs, change, key)
        moves.apply_by_way_of_others(pairs, change, keys[-1])


def fewest_moves(
    start: IntArray,
    firm: IntArray,
    expected: FloatArray,
    row: IntArray,
    tables: Sequence[AimedTable],
) -> IntArray:
    """Return how many people each pair of row and outcome should have.

    Args:
        start: People of each pair now.
        firm: Of them, those who should stay if others can go.
        expected: Their expectation; of equal numbers of moves those towards it are taken.
        row: Row of each pair; rows keep their people.
        tables: What the pairs should add up to; as close to it as the rows allow.

    Raises:
        ArithmeticError: the solver gave up.
    """
    simple = _each_its_own(start, row, tables)
    if simple is not None:
        return simple
    size, pairs = len(start), np.arange(len(start))
    row = np.unique(row, return_inverse=True)[1]
    # Variables: so many come to a pair, so many leave it, so many of the firm leave it; then four
    # for each cell of a table.
    crowded = np.clip(start - expected, -2, 2) / 10
    signs, costs = [1.0, -1.0], [1 + crowded, 1 - crowded]
    upper = [np.full(size, np.inf), (start - firm).astype(float)]
    if firm.any():
        signs.append(-1.0)
        costs.append(FIRM_COST - crowded)
        upper.append(firm.astype(float))
    moves = [(place * size, sign) for place, sign in enumerate(signs)]
    entries = [(row, pairs + place, sign) for place, sign in moves]
    right = [np.zeros(row.max() + 1)]
    line, column = int(row.max()) + 1, len(moves) * size
    for cell_of, wanted in tables:
        inside = np.flatnonzero(cell_of >= 0)
        used, cell = np.unique(cell_of[inside], return_inverse=True)
        target = np.rint(wanted[used])
        lines = line + np.arange(len(used))
        entries += [(lines[cell], inside + place, sign) for place, sign in moves]
        # The first above, further ones above, the first below, further ones below the target.
        nearer = 2 * (target - wanted[used])
        for sign, cost, most in (
            (-1.0, 1 + nearer, 1.0), (-1.0, FURTHER, np.inf),
            (1.0, 1 - nearer, 1.0), (1.0, FURTHER, np.inf),
        ):  # fmt: skip
            entries.append((lines, column + np.arange(len(used)), sign))
            costs.append(np.broadcast_to(TABLE_COST * cost, len(used)))
            upper.append(np.full(len(used), most))
            column += len(used)
        right.append(target - np.bincount(cell, start[inside], len(used)))
        line += len(used)
    lines, columns, values = (
        np.concatenate([np.broadcast_to(entry[i], entry[1].shape) for entry in entries])
        for i in range(3)
    )
    solution = linprog(
        np.concatenate(costs),
        A_eq=csr_array(coo_array((values, (lines, columns)), shape=(line, column))),
        b_eq=np.concatenate(right),
        bounds=np.column_stack([np.zeros(column), np.concatenate(upper)]),
        method="highs-ds",
    )  # type: ignore[call-overload]  # the stubs do not know sparse constraints
    if solution.x is None:
        raise ArithmeticError(f"no rounding of the tables: {solution.message}")
    come, *leave = solution.x[: len(moves) * size].reshape(len(moves), size)
    exact = start + come - np.sum(leave, axis=0)
    # Whole but where tables are no nested sets (schooling by cohort and by sex).
    totals = np.bincount(row, start).astype(np.int64)
    return divided(exact, row, totals)


def _each_its_own(start: IntArray, row: IntArray, tables: Sequence[AimedTable]) -> IntArray | None:
    """Return the one table's numbers, if each cell is a single pair and rows keep their people."""
    if len(tables) > 1:
        return None
    cell_of, wanted = tables[0]
    inside = np.flatnonzero(cell_of >= 0)
    if len(np.unique(cell_of[inside])) < len(inside):
        return None
    result = start.copy()
    result[inside] = np.rint(wanted[cell_of[inside]])
    changed = np.bincount(row, result - start).any()
    return None if changed or (result < 0).any() else result


def full_to_empty(
    start: IntArray,
    firm: IntArray,
    row: IntArray,
    outcome: IntArray,
    tables: Sequence[AimedTable],
) -> IntArray:
    """Move people within each row from outcomes of which the tables have too many to too few.

    A move helps the sum of squared distances if the excess of the one over the other, added up over
    the tables, is more than the number of tables. Row by row the fullest outcome is paired with the
    emptiest, the second fullest with the second emptiest and so on. Then two rows that only one
    table tells apart exchange outcomes, which leaves the other tables as they are.

    Args:
        start: People of each pair of row and outcome now.
        firm: Of them, those who should stay if others can go.
        row: Row of each pair; rows keep their people.
        outcome: Outcome of each pair.
        tables: What the pairs should add up to. All pairs of a row or none are in a table.
    """
    order = np.lexsort((outcome, row))
    rows = np.split(order, np.flatnonzero(np.diff(row[order])) + 1)
    people = [start[pairs] for pairs in rows]
    # A place more, for pairs outside a table: it has no excess.
    places = [np.where(cell_of >= 0, cell_of, len(wanted)) for cell_of, wanted in tables]
    excess = [
        np.append(np.bincount(place, start, len(wanted) + 1)[:-1] - wanted, 0.0)
        for place, (_, wanted) in zip(places, tables, strict=True)
    ]
    cells = [[place[pairs] for place in places] for pairs in rows]
    inside = [sum(c[0] < len(e) - 1 for c, e in zip(cell, excess, strict=True)) for cell in cells]

    def move(of_row: int, full: IntArray, empty: IntArray) -> None:
        people[of_row][full] -= 1
        people[of_row][empty] += 1
        for cell, e in zip(cells[of_row], excess, strict=True):
            e[cell[full]] -= 1
            e[cell[empty]] += 1
            e[-1] = 0.0

    alone = _told_apart_by_one([outcome[pairs] for pairs in rows], cells)
    # The firm are left alone until the others have done what they can.
    for stays in (firm, np.zeros_like(firm)) if firm.any() else (firm,):
        least = [stays[pairs] for pairs in rows]
        for _ in range(PASSES):
            before = [numbers.copy() for numbers in people]
            for of_row, cell in enumerate(cells):
                over: FloatArray = np.add.reduce([e[c] for c, e in zip(cell, excess, strict=True)])
                everybody = np.ones(len(over), dtype=np.bool_)
                can_go = people[of_row] > least[of_row]
                full, empty = _extremes(over, can_go, everybody, inside[of_row])
                if full.size:
                    move(of_row, full, empty)
            for one, other, table in alone:
                e = excess[table]
                over = e[cells[one][table]] - e[cells[other][table]]
                free = people[one] > least[one], people[other] > least[other]
                full, empty = _extremes(over, *free, 2)
                if full.size:
                    move(one, full, empty)
                    move(other, empty, full)
            if all(np.array_equal(a, b) for a, b in zip(before, people, strict=True)):
                break
    result = start.copy()
    result[order] = np.concatenate(people)
    return result


def _told_apart_by_one(
    outcomes: Sequence[IntArray], cells: Sequence[Sequence[IntArray]]
) -> list[tuple[int, int, int]]:
    """Return each two rows of the same outcomes that differ in one table, and that table."""
    found = []
    for one, other in ((a, b) for a in range(len(cells)) for b in range(a)):
        differ = [t for t, cell in enumerate(cells[one]) if cell[0] != cells[other][t][0]]
        if len(differ) == 1 and np.array_equal(outcomes[one], outcomes[other]):
            found.append((one, other, differ[0]))
    return found


def _extremes(
    over: FloatArray, can_go: BoolArray, can_come: BoolArray, least: float
) -> tuple[IntArray, IntArray]:
    """Pair the fullest outcomes that can lose somebody with the emptiest that can gain."""
    if over.max() - over.min() <= least:
        return _NOTHING, _NOTHING
    order = np.argsort(-over, kind="stable")
    full, empty = order[can_go[order]], order[::-1][can_come[order[::-1]]]
    size = min(len(full), len(empty))
    full, empty = full[:size], empty[:size]
    helps = over[full] - over[empty] > least
    return full[helps], empty[helps]


_NOTHING = np.zeros(0, dtype=np.int64)


class _Moves:
    """Moves of single people between cells."""

    def __init__(
        self,
        people: IntArray,
        expected: FloatArray,
        firm: IntArray,
        pair: IntArray,
        rng: np.random.Generator,
    ) -> None:
        """Take people of each cell (changed in place), their expectation and each cell's pair."""
        self._people, self._expected, self._firm, self._rng = people, expected, firm, rng
        self._pair = pair
        # Expectation of each pair; the last is of cells that are in none.
        self._at_large = np.bincount(pair + 1, expected)[np.r_[1 : pair.max() + 2, 0]]
        # Sorting small numbers is many times as fast.
        small = pair.astype(np.int16 if pair.max() < np.iinfo(np.int16).max else np.int64)
        self._order = np.argsort(small, kind="stable")
        self._ends = np.cumsum(np.bincount(pair + 1))

    def apply(self, pairs: IntArray, change: IntArray, key: IntArray) -> None:
        """Move people among the pairs of one row, between cells of equal key.

        `change` is what is left to do and is counted down.
        """
        for source in np.flatnonzero(change < 0):
            for target in np.flatnonzero(change > 0):
                units = int(min(-change[source], change[target]))
                if units > 0:
                    moved = self._move(pairs[source], pairs[target], units, key)
                    change[source] += moved
                    change[target] -= moved

    def apply_at_once(self, pairs: IntArray, change: IntArray, key: IntArray) -> None:
        """Do most of `apply` together, where a pair has one cell at most of each key."""
        cells = self._order[self._ends[pairs[0]] : self._ends[pairs[-1] + 1]]
        if self._firm[cells].any():
            return
        keys, line = np.unique(key[cells], return_inverse=True)
        people = np.zeros((len(keys), len(pairs)))
        expected = np.full(people.shape, np.nan)
        place = line, self._pair[cells] - pairs[0]
        people[place], expected[place] = self._people[cells], self._expected[cells]
        for _ in range(3):
            source = np.repeat(np.arange(len(pairs)), np.maximum(-change, 0))
            target = np.repeat(np.arange(len(pairs)), np.maximum(change, 0))
            size = min(len(source), len(target))
            if not size:
                break
            source = self._rng.permutation(source)[:size]
            target = self._rng.permutation(target)[:size]
            crowded = people - expected
            with np.errstate(divide="ignore"):
                score = np.log(people)[:, source] + np.log(expected[:, target])
            score += crowded[:, source] - crowded[:, target] - np.log(expected[:, source])
            score += self._rng.gumbel(size=score.shape)
            at_large = self._at_large[pairs]
            odds = expected[:, target] / expected[:, source]
            odds *= at_large[source] / at_large[target]
            score = np.where(odds >= LEAST_ODDS, score, -np.inf)
            who = np.argmax(score, axis=0)
            possible = np.isfinite(score[who, np.arange(size)])
            who, source, target = who[possible], source[possible], target[possible]
            # Nobody goes twice.
            cell = who * len(pairs) + source
            order = np.argsort(cell, kind="stable")
            first = np.searchsorted(cell[order], cell[order])
            stays = np.arange(len(order)) - first >= people.ravel()[cell[order]]
            chosen = order[~stays]
            np.subtract.at(people, (who[chosen], source[chosen]), 1)
            np.add.at(people, (who[chosen], target[chosen]), 1)
            np.add.at(change, source[chosen], 1)
            np.subtract.at(change, target[chosen], 1)
        self._people[cells] = people[place].astype(np.int64)

    def apply_by_way_of_others(self, pairs: IntArray, change: IntArray, key: IntArray) -> None:
        """Do what is left through a third pair, where nobody can be both of the two."""
        for source in np.flatnonzero(change < 0):
            for target in np.flatnonzero(change > 0):
                for third in range(len(pairs)):
                    if change[source] == 0 or change[target] == 0:
                        break
                    if third in (source, target):
                        continue
                    if not self._move(pairs[third], pairs[target], 1, key):
                        continue
                    if self._move(pairs[source], pairs[third], 1, key):
                        change[source] += 1
                        change[target] -= 1
                    else:
                        self._move(pairs[target], pairs[third], 1, key)

    def _cells(self, pair: int) -> IntArray:
        return self._order[self._ends[pair] : self._ends[pair + 1]]

    def _crowded(self, cells: IntArray) -> FloatArray:
        return np.asarray(self._people[cells] - self._expected[cells])

    def _move(self, source: int, target: int, units: int, key: IntArray) -> int:
        """Move up to so many people between the cells of two pairs; return how many.

        People are taken at random, so likely that those who come are what people of the target
        usually are, and the more so the more crowded their cell and the emptier the other one is.
        """
        moved = 0
        to = self._cells(target)
        to = to[np.argsort(key[to], kind="stable")]
        while moved < units:
            here = self._cells(source)
            here = here[self._people[here] > 0]
            low, high = (np.searchsorted(key[to], key[here], side) for side in ("left", "right"))
            ways = high - low
            first = np.cumsum(ways) - ways
            here = np.repeat(here, ways)
            if not here.size:
                break
            there = to[np.arange(len(here)) - np.repeat(first - low, ways)]
            odds = self._expected[there] / self._expected[here]
            odds *= self._at_large[source] / self._at_large[target]
            here, there = here[odds >= LEAST_ODDS], there[odds >= LEAST_ODDS]
            if not here.size:
                break
            weight = np.log(self._people[here] * self._expected[there] / self._expected[here])
            weight += self._crowded(here) - self._crowded(there)
            # The largest of these is a draw by weight (Gumbel 1954).
            score = weight + self._rng.gumbel(size=len(weight))
            # Who is firm goes only if nobody else can.
            stays = (self._firm[here] > 0) & (self._people[here] <= self._firm[here])
            order = np.lexsort((-score, stays))
            _, once = np.unique(here[order], return_index=True)
            chosen = order[np.sort(once)][: units - moved]
            self._people[here[chosen]] -= 1
            np.add.at(self._people, there[chosen], 1)
            moved += len(chosen)
        return moved
