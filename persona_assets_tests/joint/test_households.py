import polars as pl
import pytest

from persona_assets import levels
from persona_assets.joint import households
from persona_assets.joint.inputs import Inputs


@pytest.fixture(scope="module")
def tottori_inputs(shapes, margins):
    return Inputs(shapes, {}).of("tottori", margins)


@pytest.fixture(scope="module")
def by_marriage(tottori_inputs):
    return {row[:3]: row[3] for row in households.household_by_marriage(tottori_inputs).rows()}


@pytest.mark.parametrize("marital", levels.MARITAL)
def test_propensities_name_every_household_and_start_from_living_alone(marital):
    by_age = households.PROPENSITIES[marital]
    assert list(by_age) == sorted(by_age)
    for row in by_age.values():
        assert len(row) == len(levels.HOUSEHOLD)
        assert row[0] == 1
        # A couple-only household is a married couple.
        assert (row[1] > 0) == (marital == "married")


def test_propensities_are_interpolated_between_the_ages_named(by_marriage):
    # 18-19 is 19, two thirteenths of the way from 17 to 30.
    at_17, at_30 = (households.PROPENSITIES["never_married"][age] for age in (17, 30))
    here = [a + (b - a) * 2 / 13 for a, b in zip(at_17, at_30, strict=True)]
    # Those who do not live apart add up to one: all but the first and the last.
    child = by_marriage["18-19", "never_married", "couple_with_children"]
    assert child == pytest.approx(here[2] / sum(here[1:-1]))
    # Before the first age named as at it.
    divorced = households.PROPENSITIES["divorced"][30]
    assert by_marriage["18-19", "divorced", "single_parent"] == pytest.approx(
        0.55 / sum(divorced[1:-1])
    )
    assert len(by_marriage) == 16 * 4 * 7


def test_those_who_live_apart_and_the_others_add_up_and_the_married_hardly_do(by_marriage):
    apart = ("one_person", "institution")
    for group in levels.AGE_GROUPS:
        for marital in levels.MARITAL:
            here = {h: by_marriage[group, marital, h] for h in levels.HOUSEHOLD}
            alone = sum(here[household] for household in apart)
            assert alone == pytest.approx(0.04 if marital == "married" else 1)
            assert sum(here.values()) - alone == pytest.approx(1)


def test_who_works_is_rarely_in_an_institution_and_students_in_dormitories(tottori_inputs):
    odds = {row[0]: row[2] for row in households.household_by_work(tottori_inputs).rows()}
    assert odds["employed"] < odds["unemployed"] < 1 < odds["studying"]
    assert set(odds) < set(levels.LABOUR_STATUS)


@pytest.fixture(scope="module")
def alone(tottori_inputs):
    table = households.living_alone_by_age(tottori_inputs)
    assert set(table["apart"]) == {"yes"}
    return {row[:3]: row[4] for row in table.rows()}


def test_living_alone_is_the_survey_over_the_unmarried(alone, margins):
    # 1.42 million working men of 25-34 lived alone, of 3,074,087 men of 25-29 of whom 90.06 %
    # worked and 3,297,031 of 30-34 of whom 92.06 % did.
    share = 1_420_000 / (3_074_087 * 0.9006 + 3_297_031 * 0.9206)
    men = margins["marital_status"].filter(prefecture="tottori", sex="male")
    band = men.filter(pl.col("age_group").is_in(["25-29", "30-34"]))
    married = band.filter(marital="married")["count"].sum() / band["count"].sum()
    odds = alone["male", "25-29", "employed"]
    together = (1 - married) * odds / (1 + odds) + married * 0.04 * odds / (1 + 0.04 * odds)
    assert together == pytest.approx(share, rel=1e-5)
    assert alone["male", "30-34", "employed"] == odds


def test_living_alone_has_odds_at_every_age_and_activity(alone):
    assert set(alone) == {
        (sex, group, work)
        for sex in levels.SEX
        for group in levels.AGE_GROUPS
        for work in ("employed", "unemployed", "inactive")
    }
    # Between one in 400 and 95 in 100, whatever a small cell of the survey says.
    assert 0.0024 < min(alone.values()) < max(alone.values()) < 20.1
    # Students live with their parents, and young workers more often alone.
    assert alone["male", "20-24", "employed"] > alone["male", "20-24", "inactive"]


def test_living_alone_follows_the_prefectures_own_marriages(shapes, margins, alone):
    there = households.living_alone_by_age(Inputs(shapes, {}).of("tokyo", margins))
    odds = {row[:3]: row[4] for row in there.rows()}["male", "40-44", "employed"]
    middle = pl.col("age_group").is_in(["35-39", "40-44"])
    here, tokyo = (
        margins["marital_status"]
        .filter(middle, prefecture=place, sex="male", marital="married")["count"]
        .sum()
        / margins["marital_status"].filter(middle, prefecture=place, sex="male")["count"].sum()
        for place in ("tottori", "tokyo")
    )
    # The more are married, the likelier each of the others lives alone.
    assert tokyo > here
    assert odds > alone["male", "40-44", "employed"]


def test_fitted_people_live_as_the_tables_say(tottori, margins):
    here = margins["household"].filter(prefecture="tottori")
    total = tottori.factors["household"].group_by("household").agg(pl.col("weight").sum())
    both = total.join(here, on="household", how="full")
    assert both.height == 7
    assert (both["weight"] / both["count"] - 1).abs().max() < 1e-6
    old = tottori.factors["household"].filter(
        (pl.col("household") == "one_person")
        & pl.col("age_group").is_in(["65-69", "70-74", "75-79", "80-84", "85+"])
    )
    census = margins["living_alone"].filter(prefecture="tottori", age_band="65+")["count"].item()
    assert old["weight"].sum() == pytest.approx(census, rel=1e-6)
