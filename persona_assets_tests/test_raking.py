import numpy as np
import pytest

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
