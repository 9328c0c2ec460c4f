import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_assets.people.network import network_of
from persona_assets.people.repair import Step, fewest_moves, full_to_empty, repair


@st.composite
def crowds(draw):
    """People by row and outcome, and another crowd with the same rows."""
    rows, outcomes = draw(st.integers(1, 5)), draw(st.integers(2, 6))
    numbers = st.lists(st.integers(0, 6), min_size=rows * outcomes, max_size=rows * outcomes)
    start = np.array(draw(numbers)).reshape(rows, outcomes)
    other = np.array([draw(st.permutations(line.tolist())) for line in start])
    return start, other


@settings(deadline=None)
@given(crowds())
def test_fewest_moves_meet_tables_that_can_be_met(crowd):
    """Outcomes and, by row, the first outcome: nested sets of pairs, so whole numbers result."""
    start, other = crowd
    row, outcome = (part.ravel() for part in np.indices(start.shape))
    first = np.where(outcome == 0, row, -1)
    tables = [(outcome, other.sum(axis=0).astype(float)), (first, other[:, 0].astype(float))]
    found = fewest_moves(
        start.ravel(), np.zeros(start.size, int), other.ravel().astype(float), row, tables
    )
    found = found.reshape(start.shape)
    assert (found >= 0).all()
    assert (found.sum(axis=1) == start.sum(axis=1)).all()
    assert (found.sum(axis=0) == other.sum(axis=0)).all()
    assert (found[:, 0] == other[:, 0]).all()
    # The other crowd is one way to meet them; nothing longer was taken.
    assert np.abs(found - start).sum() <= np.abs(other - start).sum()


def test_a_table_that_cannot_be_met_is_come_close_to():
    start = np.array([3, 0, 2, 0])
    row, outcome = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    wanted = [(outcome, np.array([1.0, 9.0]))]
    found = fewest_moves(start, np.zeros(4, int), start.astype(float), row, wanted)
    assert found.sum() == 5
    assert np.bincount(row, found).tolist() == [3, 2]
    # Five people are all there are: both cells are four off, however they are divided.
    assert np.bincount(outcome, found)[1] >= 4


@settings(deadline=None)
@given(crowds())
def test_full_outcomes_give_to_empty_ones_of_their_row(crowd):
    start, other = crowd
    row, outcome = (part.ravel() for part in np.indices(start.shape))
    tables = [(outcome, other.sum(axis=0).astype(float))]
    found = full_to_empty(start.ravel(), np.zeros(start.size, int), row, outcome, tables).reshape(
        start.shape
    )
    assert (found >= 0).all()
    assert (found.sum(axis=1) == start.sum(axis=1)).all()

    def distance(crowd):
        return ((crowd.sum(axis=0) - other.sum(axis=0)) ** 2).sum()

    assert distance(found) <= distance(start)


@pytest.fixture(scope="module")
def branch(tottori):
    return network_of(tottori).branches["employment_status"]


def test_repair_moves_nobody_out_of_the_group_nor_into_the_impossible(branch):
    rng = np.random.default_rng(4)
    adults = np.bincount(branch.group, branch.shares)
    counts = np.rint(adults / adults.sum() * 5_000).astype(int)
    # Drawn one by one at random: far off, as a systematic draw never is.
    ends = np.cumsum(branch.sizes)
    drawn = np.zeros(len(branch.cells), dtype=int)
    for group, count in enumerate(counts):
        here = slice(ends[group] - branch.sizes[group], ends[group])
        share = branch.weights[here] / branch.weights[here].sum()
        drawn[here] = rng.multinomial(count, share)
    people = counts.sum()
    employed = branch.shares.sum()

    def aims(table, now, cell_of):
        return table.shares / employed * people

    firm = np.zeros_like(drawn)
    steps = (Step(("employment_status",), ("sex",)),)
    found = repair(branch, drawn, counts, steps, aims, firm, rng)
    assert (np.bincount(branch.group, found) == counts).all()
    assert found.min() >= 0
    for table in branch.tables:
        inside = table.cell_of >= 0
        wanted = table.shares / employed * people

        def off(crowd, cells=table.cell_of[inside], inside=inside, wanted=wanted):
            return np.abs(np.bincount(cells, crowd[inside], len(wanted)) - wanted)

        used = wanted > 0
        assert off(found)[used].max() < 5 < off(drawn)[used].max()


def test_who_is_firm_goes_last(branch):
    counts = np.full(len(branch.sizes), 3)
    rng = np.random.default_rng(5)
    drawn = np.zeros(len(branch.cells), dtype=int)
    first = np.cumsum(branch.sizes) - branch.sizes
    drawn[first] = 3

    def aims(table, now, cell_of):
        # One in three of each cell's people should be something else.
        found = np.bincount(cell_of[cell_of >= 0], now[cell_of >= 0], len(table.shares))
        spare = table.shares * found.sum() / branch.shares.sum()
        return found * 2 / 3 + spare / 3

    firm = np.where(drawn > 0, 2, 0)
    steps = (Step(("employment_status",), ("sex",)),)
    found = repair(branch, drawn, counts, steps, aims, firm, rng)
    assert not (found == drawn).all()
    assert (found >= firm).mean() > 0.99
