import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_assets.people.rounding import controlled_rounding, divided


@st.composite
def divisions(draw):
    """Numbers in groups and the whole totals that the groups add up to."""
    sizes = draw(st.lists(st.integers(1, 8), min_size=1, max_size=5))
    group = np.repeat(np.arange(len(sizes)), sizes)
    wanted = np.array(
        draw(st.lists(st.floats(0, 50), min_size=len(group), max_size=len(group)))
    )  # fmt: skip
    totals = np.rint(np.bincount(group, wanted)).astype(int)
    sums = np.bincount(group, wanted)
    wanted = wanted * (totals / np.where(sums > 0, sums, 1))[group]
    return wanted, group, np.where(sums > 0, totals, 0)


@given(divisions())
def test_numbers_are_rounded_down_or_up_and_groups_add_up(parts):
    wanted, group, totals = parts
    rounded = divided(wanted, group, totals)
    assert (np.bincount(group, rounded, len(totals)) == totals).all()
    assert (np.abs(rounded - wanted) < 1 + 1e-5).all()


def test_what_is_wanted_below_nothing_gets_nothing_and_others_give_it():
    """Wanted -1, 1.6 and 1.4 of 2: the rest of two people goes to those nearest to one more."""
    rounded = divided(np.array([-1.0, 1.6, 1.4]), np.zeros(3, int), np.array([2]))
    assert rounded.tolist() == [0, 1, 1]


def test_nobody_gets_more_than_the_most():
    most = np.array([1, 0, 9])
    rounded = divided(np.array([3.0, 2.0, 1.0]), np.zeros(3, int), np.array([6]), most)
    assert rounded.tolist() == [1, 0, 5]


def test_controlled_rounding_keeps_both_totals_and_moves_far_if_it_must():
    exact = np.array([[2.4, 0.6], [1.6, 0.4]])
    rounded = controlled_rounding(exact, np.array([3, 2]), np.array([4, 1]))
    assert rounded.sum(axis=0).tolist() == [4, 1]
    assert rounded.sum(axis=1).tolist() == [3, 2]
    assert np.abs(rounded - exact).max() < 1
    # These totals are far from what the cells say; they hold all the same.
    far = controlled_rounding(exact, np.array([20, 0]), np.array([10, 10]))
    assert far.tolist() == [[10, 10], [0, 0]]


def test_totals_that_do_not_agree_are_an_error():
    with pytest.raises(ArithmeticError, match="no controlled rounding of 5"):
        controlled_rounding(np.array([[2.4, 2.6]]), np.array([5]), np.array([4, 2]))
