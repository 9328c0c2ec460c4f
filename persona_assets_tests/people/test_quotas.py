import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from persona_assets.people.quotas import adult_population, draw_quotas
from persona_assets.people.rounding import largest_remainder
from persona_assets.people.systematic import systematic


@st.composite
def parts(draw):
    """Shares of a total, and how much each part has at least."""
    weights = draw(st.lists(st.floats(0.01, 1_000), min_size=1, max_size=30))
    least = draw(st.integers(0, 1))
    total = draw(st.integers(least * len(weights), 500))
    exact = np.array(weights) / sum(weights) * total
    return exact, total, least


@given(parts())
def test_largest_remainder_adds_up_and_rounds_down_or_up(given_parts):
    exact, total, least = given_parts
    rounded = largest_remainder(exact, total, least)
    assert rounded.sum() == total
    assert rounded.min() >= least
    if least == 0 or exact.min() >= 1:
        assert np.abs(rounded - exact).max() < 1 + 1e-9
    # A larger share never gets less by more than the one person of rounding.
    order = np.argsort(exact)
    assert (np.diff(rounded[order]) >= -1).all()


@settings(max_examples=12, deadline=None)
@given(size=st.integers(47, 20_000))
@example(size=47)
@example(size=94)
def test_quotas_of_any_size_add_up_over_every_prefecture_sex_and_age(margins, size):
    quotas = draw_quotas(margins["population"], size)
    exact = adult_population(margins["population"]).with_columns(
        pl.col("count") * size / pl.col("count").sum()
    )
    both = quotas.join(exact, on=["prefecture", "sex", "age_group"])
    assert both.height == quotas.height == 47 * 2 * 15
    assert both["quota"].min() >= 0
    assert both["quota"].sum() == size
    prefectures = both.group_by("prefecture").agg(pl.col("quota", "count").sum())
    assert prefectures["quota"].min() >= 1
    full = prefectures.filter(pl.col("count") >= 1)
    assert (full["quota"] - full["count"]).max() < 1
    for axes in (["sex"], ["sex", "age_group"]):
        totals = both.group_by(axes).agg(pl.col("quota", "count").sum())
        assert (totals["quota"] - totals["count"]).abs().max() < len(axes) + 1e-6


@st.composite
def groups(draw):
    """Groups of outcomes, with draws only where there is weight."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=8))
    weight = st.one_of(st.just(0.0), st.floats(0.01, 100))
    weights = [draw(st.lists(weight, min_size=n, max_size=n)) for n in sizes]
    counts = [draw(st.integers(0, 40)) if sum(part) else 0 for part in weights]
    return weights, counts, draw(st.floats(0, 0.999))


@given(groups())
def test_systematic_draw_gives_each_outcome_its_expected_number_rounded(drawn_groups):
    weights, counts, phase = drawn_groups
    sizes = np.array([len(part) for part in weights])
    flat = np.concatenate(weights)
    if not flat.any():
        return
    drawn = systematic(flat, sizes, np.array(counts), phase)
    assert len(drawn) == sum(counts)
    found = np.bincount(drawn, minlength=len(flat))
    start = 0
    for part, count in zip(weights, counts, strict=True):
        here = found[start : start + len(part)]
        assert here.sum() == count
        if count:
            expected = np.array(part) / sum(part) * count
            assert (np.abs(here - expected) < 1 + 1e-6).all()
            assert (here[np.array(part) == 0] == 0).all()
        start += len(part)


def test_group_without_weight_cannot_be_drawn_from():
    with pytest.raises(ValueError, match="group 1 is empty"):
        systematic(np.array([1.0, 0.0]), np.array([1, 1]), np.array([1, 1]), 0.5)
