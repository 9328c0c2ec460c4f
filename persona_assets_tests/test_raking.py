import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_assets.raking import MarginConflictError, Target, rake

ROWS, COLUMNS = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])


def targets(rows, columns):
    return [
        Target("rows", ROWS, np.array(rows, float), ("a", "b")),
        Target("columns", COLUMNS, np.array(columns, float), ("x", "y")),
    ]


def test_uniform_seed_gives_independence():
    raked = rake(np.ones(4), targets([30, 70], [40, 60]))
    assert raked.weights == pytest.approx([12, 18, 28, 42])


def test_seed_keeps_its_odds_ratio():
    w = rake(np.array([4.0, 1, 1, 1]), targets([30, 70], [40, 60])).weights
    assert w[0] * w[3] / (w[1] * w[2]) == pytest.approx(4)


def test_structural_zero_stays():
    assert rake(np.array([0.0, 1, 1, 1]), targets([30, 70], [40, 60])).weights[0] == 0


def test_conflict_names_both_margins_and_the_size():
    with pytest.raises(MarginConflictError, match=r"'(rows|columns)' and '(rows|columns)' cannot"):
        rake(np.ones(4), targets([30, 70], [40, 90]))


def test_impossible_cell_is_named():
    with pytest.raises(MarginConflictError, match="structural zero"):
        rake(np.array([0.0, 0, 1, 1]), targets([30, 70], [40, 60]))


@pytest.mark.parametrize("bad", [-1.0, float("nan")])
def test_bad_count_is_named(bad):
    with pytest.raises(MarginConflictError, match="margin 'rows', cell a"):
        rake(np.ones(4), targets([bad, 70], [40, 60]))


@st.composite
def tables(draw):
    """A seed without zeros and the margins of another table of the same shape."""
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    cells = st.floats(0.05, 20)
    seed, table = (
        np.array(draw(st.lists(cells, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])))
        for _ in range(2)
    )
    rows, columns = np.indices(shape).reshape(2, -1)
    return seed, table, rows, columns


@settings(max_examples=60, deadline=None)
@given(tables())
def test_raking_meets_margins_and_keeps_every_odds_ratio(drawn):
    seed, table, rows, columns = drawn
    wanted = [
        Target(name, index, np.bincount(index, table), [str(n) for n in range(index.max() + 1)])
        for name, index in (("rows", rows), ("columns", columns))
    ]
    raked = rake(seed, wanted)
    assert max(raked.errors.values()) <= 1e-9
    for target in wanted:
        sums = np.bincount(target.index, raked.weights)
        assert sums == pytest.approx(target.counts, abs=1e-8 * table.sum())
    # The scaling has one factor per row and one per column: log ratios are a rank-one pattern.
    scale = np.log(raked.weights / seed).reshape(rows.max() + 1, columns.max() + 1)
    interaction = scale - scale.mean(0) - scale.mean(1)[:, None] + scale.mean()
    assert np.abs(interaction).max() < 1e-7


def test_target_that_leaves_cells_free_does_not_move_them():
    index = np.array([0, 0, -1, -1])
    raked = rake(np.array([1.0, 3, 5, 7]), [Target("some", index, np.array([8.0]), ("a",))])
    assert raked.weights.tolist() == [2, 6, 5, 7]


def test_empty_target_is_named():
    with pytest.raises(MarginConflictError, match="'rows' adds up to zero"):
        rake(np.ones(4), targets([0, 0], [40, 60]))
