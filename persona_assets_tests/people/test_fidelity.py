from itertools import product

import dagster as dg
import numpy as np
import polars as pl
import pytest
from scipy.stats import binom

from persona_assets.joint.distribution import add_coarse
from persona_assets.joint.domain import COARSE
from persona_assets.joint.model import MODEL
from persona_assets.joint.report import MARGIN_NAMES
from persona_assets.people.assets import people_are_possible, people_stand_for_their_margins
from persona_assets.people.fidelity import (
    FITTED,
    MOST_TIMES_FLOOR,
    MOST_TIMES_FLOOR_OF_PART,
    SLACK,
    Scope,
    distances,
    drawn_margins,
    fitted_margins,
    impossible,
    mean_deviation,
    misplaced,
    rounding_error,
    together,
)


def margin(counts):
    """A margin of one axis: prefecture, level, people."""
    return {
        "m": pl.DataFrame(counts, schema=["prefecture", "level", "count"], orient="row")
    }  # fmt: skip


def row(drawn, fitted, scope=Scope.PREFECTURES):
    return distances(margin(drawn), margin(fitted)).row(
        by_predicate=pl.col("scope") == scope, named=True
    )


def test_distance_is_the_share_of_people_in_the_wrong_cell():
    """Expected of 10: 5, 3, 2. Drawn 6, 3, 1: one person of ten would have to move."""
    fitted = [("x", "a", 50.0), ("x", "b", 30.0), ("x", "c", 20.0)]
    found = row([("x", "a", 6), ("x", "b", 3), ("x", "c", 1)], fitted)
    assert (found["cells"], found["people"]) == (3, 10)
    assert found["tvd"] == pytest.approx(0.1)
    # Whole people can meet these shares: any distance is infinitely more than needed.
    assert (found["floor"], found["times_floor"]) == (0, np.inf)
    met = row([("x", "a", 5), ("x", "b", 3), ("x", "c", 2)], fitted)
    assert (met["tvd"], met["times_floor"]) == (pytest.approx(0), 1)


def test_floor_is_that_of_the_largest_remainders():
    """Expected of 3: 1.5, 0.9, 0.6. Nearest whole numbers 1, 1, 1: off by 0.5 + 0.1 + 0.4 = 1."""
    fitted = [("x", "a", 0.5), ("x", "b", 0.3), ("x", "c", 0.2)]
    found = row([("x", "a", 1), ("x", "b", 1), ("x", "c", 1)], fitted)
    assert found["floor"] == found["tvd"] == pytest.approx(1 / 2 / 3)
    assert found["times_floor"] == 1
    worse = row([("x", "a", 2), ("x", "b", 1)], fitted)
    assert (worse["tvd"], worse["times_floor"]) == (pytest.approx(0.6 / 3), pytest.approx(1.2))


def test_no_whole_numbers_are_nearer_than_the_floor():
    rng = np.random.default_rng(2)
    for _ in range(30):
        share = rng.dirichlet(np.ones(4))
        size = int(rng.integers(1, 8))
        every = [c for c in product(range(size + 1), repeat=4) if sum(c) == size]
        least = np.abs(np.array(every) - size * share).sum(axis=1).min()
        floor = rounding_error(share, np.zeros(4, np.intp), np.array([float(size)])).sum()
        assert floor == pytest.approx(least)


def test_random_draw_is_the_mean_deviation_of_the_binomial():
    share = np.array([0.5, 0.3, 0.001, 0.0, 1.0, 0.25, 0.7])
    size = np.array([1.0, 10.0, 100.0, 5.0, 5.0, 4.0, 1e6])
    counts = [np.arange(int(n) + 1) for n in size]
    wanted = [
        (np.abs(k - n * p) * binom.pmf(k, n, p)).sum()
        for k, n, p in zip(counts, size, share, strict=True)
    ]
    assert mean_deviation(share, size) == pytest.approx(wanted, rel=1e-6)
    # Two people of two equal cells: both in one in half of the draws, 1 of 2 misplaced then.
    found = row([("x", "a", 2)], [("x", "a", 1.0), ("x", "b", 1.0)])
    assert found["iid"] == pytest.approx(0.25)


def test_prefectures_are_each_held_to_their_own_shares_and_the_nation_to_the_sum():
    fitted = [("x", "a", 1.0), ("x", "b", 1.0), ("y", "a", 3.0), ("y", "b", 3.0)]
    # Each misses its halves by one person, in opposite directions; two of ten in the wrong cell.
    drawn = [("x", "a", 2), ("y", "a", 3), ("y", "b", 5)]
    apart, nation = row(drawn, fitted), row(drawn, fitted, Scope.NATION)
    assert (apart["cells"], nation["cells"]) == (4, 2)
    assert (apart["tvd"], apart["floor"]) == (pytest.approx(0.2), 0)
    assert (nation["tvd"], nation["times_floor"]) == (0, 1)
    odd = row([("x", "a", 1), ("y", "b", 1)], fitted)
    assert odd["floor"] == pytest.approx(0.5)


def test_who_is_in_a_cell_that_has_nobody_is_misplaced_and_nobody_is_no_margin():
    found = row([("x", "a", 1), ("x", "z", 1)], [("x", "a", 4.0), ("x", "b", 0.0)])
    assert (found["cells"], found["tvd"]) == (2, 0.5)
    nobody = margin([("x", "a", 0)]), margin([("x", "a", 4.0)])
    assert distances(*nobody).is_empty()


@pytest.fixture(scope="module")
def fitted(chain):
    return fitted_margins(chain.joints)


def test_every_margin_of_the_model_is_measured_and_has_a_name(chain, fitted):
    assert set(FITTED) == {m.margin for spec in MODEL for m in spec.measured} == set(MARGIN_NAMES)
    found = distances(drawn_margins(chain.people), fitted)
    assert found.select("margin", "scope").rows() == list(product(FITTED, Scope))
    assert (found["floor"] <= found["tvd"]).all()
    assert (found["times_floor"] >= 1).all()
    people = dict(found.filter(pl.col("scope") == Scope.NATION).select("margin", "people").rows())
    employed = chain.people["occupation"].count()
    assert people["marital_status"] == chain.people.height
    assert people["occupation"] == people["municipality_occupations"] == employed
    assert people["living_alone"] == chain.people.filter(household="one_person").height
    assert people["inactivity"] == chain.people.height - chain.people["labour_status"].is_in(
        ["employed", "unemployed"]
    ).sum()  # fmt: skip
    assert people["education_of_cohorts"] < chain.people.filter(pl.col("age") >= 40).height + 1


def test_joint_of_adults_is_what_its_own_margins_say(fitted, margins):
    """The table of single years speaks of adults as the census does."""
    ages = fitted["population"]
    census = margins["population"].filter(
        pl.col("age") >= 18, pl.col("prefecture").is_in(["tottori", "tokyo"])
    )
    both = ages.join(census, on=["prefecture", "sex", "age"], suffix="_census")
    assert both.height == ages.height
    assert ((both["count"] / both["count_census"]) - 1).abs().max() < 1e-4
    works = fitted["employment"].filter(works="yes").group_by("prefecture").agg(pl.sum("count"))
    by_work = fitted["occupation"].group_by("prefecture").agg(pl.sum("count"))
    assert works.sort("prefecture")["count"].to_list() == pytest.approx(
        by_work.sort("prefecture")["count"].to_list(), rel=1e-6
    )


@pytest.mark.parametrize("name", FITTED)
def test_fitted_margins_are_the_joints(tottori, fitted_tottori, name):
    """Summed from the joint's own margin over the finer axes, which the draw does not use."""
    measured = FITTED[name]
    axes = [*measured.axes, *measured.where]
    fine = dict.fromkeys(COARSE[axis].of if axis in COARSE else axis for axis in axes)
    universe = {**measured.covers, **{axis: (level,) for axis, level in measured.where.items()}}
    wanted = (
        add_coarse(tottori.margin(*fine), axes)
        .filter(*(pl.col(axis).is_in(list(levels)) for axis, levels in universe.items()))
        .drop_nulls(list(measured.axes))
        .group_by(list(measured.axes))
        .agg(pl.col("count").sum())
    )
    found = fitted_tottori[name]
    assert set(found["prefecture"]) == {"tottori"}
    both = wanted.join(found, on=list(measured.axes), how="full", coalesce=True)
    assert both.height == wanted.height == found.height
    assert (both["count"] / both["count_right"] - 1).abs().max() < 1e-9


def test_prefectures_may_be_counted_one_by_one(chain, fitted):
    parts = [drawn_margins(chain.part("people", key)) for key in ("tottori", "tokyo")]
    whole = distances(drawn_margins(chain.people), fitted)
    assert distances(together(parts), fitted).equals(whole)
    one = distances(parts[0], fitted_margins(chain.joints[:1]))
    assert set(one["scope"]) == {Scope.PREFECTURES}


def test_mistake_of_the_draw_is_far_off(chain, fitted):
    """Everybody employed in one occupation."""
    wrong = chain.people.with_columns(
        pl.when(pl.col("occupation").is_not_null()).then(pl.lit("A")).alias("occupation")
    )
    found = distances(drawn_margins(wrong), fitted).filter(margin="occupation")
    assert found["times_floor"].min() > MOST_TIMES_FLOOR
    assert (found["tvd"] > found["iid"]).all()


@pytest.fixture(scope="module")
def fitted_tottori(tottori):
    return fitted_margins([tottori])


def check_of(check, chain, people):
    tottori = people.filter(pl.col("prefecture") == "tottori")
    joint = next(joint for joint in chain.joints if joint.prefecture == "tottori")
    return check(tottori, joint.to_frame())


def test_check_of_the_margins_counts_those_too_far_off(chain, fitted):
    found = check_of(people_stand_for_their_margins, chain, chain.people)
    tottori = chain.part("people", "tottori")
    table = distances(drawn_margins(tottori), fitted_margins(chain.joints[:1]))
    far = table.filter(
        pl.col("times_floor") > MOST_TIMES_FLOOR_OF_PART, pl.col("tvd") * pl.col("people") > SLACK
    ).height
    assert found.passed == (far == 0)
    assert found.description.startswith(f"{far} of {table.height} margins")
    assert found.metadata["furthest"].value == pytest.approx(table["times_floor"].max())
    women = chain.people.with_columns(sex=pl.lit("female"))
    assert not check_of(people_stand_for_their_margins, chain, women).passed


def test_check_of_what_is_possible_stops_what_is_not(chain):
    assert check_of(people_are_possible, chain, chain.people).passed
    works = pl.col("occupation").is_not_null()
    idle = chain.people.with_columns(
        labour_status=pl.when(works).then(pl.lit("other")).otherwise("labour_status")
    )
    found = check_of(people_are_possible, chain, idle)
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.ERROR
    moved = chain.people.with_columns(municipality_code=pl.lit("13101"))
    assert not check_of(people_are_possible, chain, moved).passed


def test_drawn_people_are_possible_and_in_their_prefecture(chain):
    assert impossible(chain.people, chain.joints)["people"].sum() == 0
    assert misplaced(chain.people) == 0


def test_impossible_people_are_counted_by_factor(chain):
    teens = pl.col("age_group") == "18-19"
    count = chain.people.filter(teens).height
    assert count
    widowed = chain.people.with_columns(
        marital=pl.when(teens).then(pl.lit("widowed")).otherwise("marital")
    )
    found = dict(impossible(widowed, chain.joints).rows())
    assert found["people"] == found["age"] == count
    assert found["industry"] == found["education_detail"] == 0
    # Work without working.
    idle = chain.people["labour_status"] != "employed"
    at_work = chain.people.with_columns(industry=pl.col("industry").fill_null("E"))
    assert dict(impossible(at_work, chain.joints).rows())["industry"] == idle.sum()
    moved = chain.people.with_columns(
        municipality_code=pl.when(pl.int_range(pl.len()) < 3)
        .then(pl.lit("01100"))
        .otherwise("municipality_code")
    )
    assert misplaced(moved) == 3
    assert dict(impossible(moved, chain.joints).rows())["municipality"] == 3
