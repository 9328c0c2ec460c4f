import numpy as np
import polars as pl
import pytest

from persona_assets.people.picks import inclusion, pick, to_lists


def test_things_are_included_in_proportion_to_their_targets():
    targets = np.array([[0.7, 0.5, 0.4, 0.3, 0.1, 0.0]])
    counts = np.array([[0.3, 0.4, 0.3]])
    rows = inclusion(targets, counts)
    assert rows.sum(axis=2) == pytest.approx(np.array([[1, 2, 3]]))
    assert rows.max() <= 1
    assert (rows[..., -1] == 0).all()
    assert np.einsum("gn,gni->gi", counts, rows) == pytest.approx(targets, abs=1e-3)


def test_nobody_is_asked_for_more_than_there_is():
    rows = inclusion(np.array([[0.4, 0.0, 0.2], [0.0, 0.0, 0.0]]), np.full((2, 3), 1 / 3))
    assert rows.sum(axis=2) == pytest.approx(np.array([[1, 2, 2], [0, 0, 0]]))
    picked = pick(rows.reshape(-1, 3), np.array([2, 5]), np.random.default_rng(1))
    assert sorted(picked[0]) == [0, 2]
    assert (picked[1] == -1).all()


def test_each_thing_is_picked_with_its_chance_and_none_twice():
    chances = np.array([[0.7, 0.2, 0.1, 0.0], [1.0, 0.5, 0.3, 0.2]])
    row = np.repeat([0, 1], 20_000)
    picked = pick(chances, row, np.random.default_rng(1))
    assert picked.shape == (40_000, 2)
    for which in (0, 1):
        own = picked[row == which]
        found = [(own == thing).any(axis=1).mean() for thing in range(4)]
        assert found == pytest.approx(chances[which], abs=0.015)
    assert (picked[row == 0, 1] == -1).all()
    assert (picked[row == 1, 0] != picked[row == 1, 1]).all()


def test_every_two_things_can_come_together():
    picked = pick(np.full((1, 6), 1 / 3), np.zeros(30_000, dtype=int), np.random.default_rng(1))
    pairs = {tuple(sorted(pair)) for pair in picked.tolist()}
    assert len(pairs) == 15


def test_lists_keep_the_order_and_the_empty():
    lists = to_lists(np.array([[1, 0], [-1, -1], [2, -1]]), ["a", "b", "c"], "x")
    assert lists.name == "x"
    assert lists.to_list() == [["b", "a"], [], ["c"]]
    assert lists.dtype == pl.List(pl.String)
