import polars as pl
import pytest

from persona_assets.joint.distribution import REPORTED_AXES
from persona_assets.quality.fidelity import GUARANTEED, age_pyramid, margin_fits


@pytest.fixture(scope="module")
def fits(chain):
    return margin_fits(chain.people, chain.population, chain.joints, 0.1)


def test_shares_of_every_margin_add_to_one(fits):
    sums = fits.group_by("margin").agg(pl.col("official", "released").sum())
    assert set(sums["margin"]) == {"prefecture", "sex", *REPORTED_AXES}
    for column in ("official", "released"):
        assert sums[column].to_list() == pytest.approx([1.0] * sums.height, abs=1e-9)


def test_difference_is_released_minus_official_in_points(fits):
    assert fits["difference_pp"].to_list() == pytest.approx(
        ((fits["released"] - fits["official"]) * 100).to_list()
    )
    sums = fits.group_by("margin").agg(pl.col("difference_pp").sum())
    assert sums["difference_pp"].abs().max() < 1e-9


def test_only_guaranteed_margins_have_a_limit(fits):
    limited = fits.filter(pl.col("allowed_pp").is_not_null())
    assert set(limited["margin"]) == set(GUARANTEED)
    assert set(limited["allowed_pp"]) == {0.1}


def test_official_shares_are_those_of_the_adults(fits, chain):
    adults = chain.population.filter(
        (pl.col("age") >= 18) & pl.col("prefecture").is_in(["tottori", "tokyo"])
    )
    for axis in ("prefecture", "sex"):
        official = dict(fits.filter(pl.col("margin") == axis).select("level", "official").rows())
        shares = adults.group_by(axis).agg(pl.col("count").sum() / adults["count"].sum())
        assert official == pytest.approx(dict(shares.rows()))
    over_85 = fits.filter((pl.col("margin") == "age_group") & (pl.col("level") == "85+"))
    old = adults.filter(pl.col("age") >= 85)["count"].sum()
    assert over_85["official"].item() == pytest.approx(old / adults["count"].sum())
    assert over_85["label"].item() == "85歳以上"


def test_released_shares_are_those_of_the_people(fits, chain):
    for axis in ("prefecture", "marital", "occupation"):
        have = chain.people.filter(pl.col(axis).is_not_null())
        counted = dict(have.group_by(axis).agg(pl.len() / have.height).rows())
        released = dict(fits.filter(pl.col("margin") == axis).select("level", "released").rows())
        assert {level: share for level, share in released.items() if share} == pytest.approx(
            counted
        )


def test_drawn_people_are_close_to_the_joint(tottori, margins, people):
    near = margin_fits(people, margins["population"], [tottori], 0.1)
    largest = dict(near.group_by("margin").agg(pl.col("difference_pp").abs().max()).rows())
    # Some 400 people: one person is a quarter of a point.
    one = 100 / people.height
    assert largest["prefecture"] == 0
    assert largest["sex"] < 2 * one
    assert largest["age_group"] < 2 * one
    for axis in ("marital", "education", "labour_status"):
        assert largest[axis] < 12 * one, axis


def test_margin_of_which_nobody_is_released_is_left_out(chain):
    workers = chain.people.filter(pl.col("school").is_null())
    few = margin_fits(workers.head(5), chain.population, chain.joints, 0.1)
    assert "school" not in set(few["margin"])
    assert {"prefecture", "sex", "age_group"} <= set(few["margin"])


def test_one_person_is_a_whole_release(chain):
    fits = margin_fits(chain.people.head(1), chain.population, chain.joints[:1], 0.1)
    sex = fits.filter(pl.col("margin") == "sex")
    assert sorted(sex["released"]) == [0.0, 1.0]
    assert 0.4 < sex["official"].min() < 0.5 < sex["official"].max() < 0.6


def test_level_that_nobody_released_has_still_its_official_share(chain):
    men = chain.people.filter(pl.col("sex") == "male")
    fits = margin_fits(men, chain.population, chain.joints, 0.1)
    women = fits.filter((pl.col("margin") == "sex") & (pl.col("level") == "female"))
    assert women["released"].item() == 0
    assert women["difference_pp"].item() == pytest.approx(-100 * women["official"].item())
    assert women["official"].item() > 0.5


def test_age_pyramid_counts_every_adult_of_the_released_prefectures(chain):
    pyramid = age_pyramid(chain.people, chain.population)
    assert pyramid["released"].sum() == chain.people.height
    adults = chain.population.filter(
        (pl.col("age") >= 18) & pl.col("prefecture").is_in(["tottori", "tokyo"])
    )
    assert pyramid["official"].sum() == pytest.approx(adults["count"].sum())
    assert pyramid["age"].min() == 18
    # Every single year has a row, whether somebody of that age was drawn or not.
    assert pyramid.filter(pl.col("released") == 0).height > 0
    assert (
        pyramid.height
        == pyramid.unique(["sex", "age"]).height
        == adults.unique(["sex", "age"]).height
    )
    some = chain.people.row(0, named=True)
    counted = chain.people.filter(sex=some["sex"], age=some["age"]).height
    assert pyramid.filter(sex=some["sex"], age=some["age"])["released"].item() == counted
    only = age_pyramid(chain.part("people", "tottori"), chain.population)
    assert only["official"].sum() < pyramid["official"].sum() / 10
