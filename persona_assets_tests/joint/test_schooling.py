import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.census.margins import SINGLE_AGES, age_group_of
from persona_assets.joint import schooling
from persona_assets.joint.inputs import Inputs
from persona_assets.joint.schooling import schooling_at

AGES = np.array(SINGLE_AGES)
GROUPS = age_group_of(SINGLE_AGES)
PLACES = [(place, sex) for place in ("tottori", "tokyo", "okinawa") for sex in levels.SEX]


@pytest.fixture(scope="module")
def nation(shapes):
    return Inputs(shapes, {})


def test_curve_is_zero_below_its_first_age_and_goes_on_as_at_its_last():
    assert [schooling_at("university", age) for age in (21, 22, 23, 60)] == [0, 0.5, 1, 1]
    assert [schooling_at("in_school/upper_secondary", age) for age in (14, 17, 18)] == [0, 1, 0.5]
    assert schooling_at("lower_secondary", 18) == 1


def test_students_of_a_school_are_spread_over_its_ages(shapes):
    students = pl.DataFrame(
        [("male", "university", 890.0), ("male", "graduate_school", 40.0),
         ("female", "lower_secondary", 7.0)],
        schema=["sex", "school", "count"], orient="row",
    )  # fmt: skip
    table = schooling.school_by_age(Inputs(shapes, {"school": students}))
    # Half at 18, all at 19 to 21, and so on: 1.5, 2.75, 0.1 and 0.1 of 4.45.
    assert {row[:3]: row[3] for row in table.rows()} == pytest.approx(
        {
            ("male", "18-19", "university"): 300,
            ("male", "20-24", "university"): 550,
            ("male", "25-29", "university"): 20,
            ("male", "30-34", "university"): 20,
            ("male", "20-24", "graduate_school"): 23,
            ("male", "25-29", "graduate_school"): 12,
            ("male", "30-34", "graduate_school"): 5,
            ("female", "15-17", "lower_secondary"): 7,
        }
    )


def test_schooling_by_single_age_names_every_curve_at_every_age(nation):
    table = schooling.schooling_by_single_age(nation)
    assert table.height == 9 * 90
    university = table.filter(pl.col("school").is_null(), education="university")
    assert university.filter(pl.col("value") == 0.5)["age"].to_list() == [22]
    students = table.filter(education="in_school", school="university", age=23)
    assert students["value"].item() == 0.15


@pytest.fixture(scope="module", params=PLACES, ids=["-".join(place) for place in PLACES])
def marriage(request, shapes, margins):
    """A place's shares of each marital status by single year, and what each group should have."""
    place, sex = request.param
    table = schooling.marital_by_single_age(Inputs(shapes, {}).of(place, margins))
    smooth = {
        status: table.filter(sex=sex, marital=status).sort("age")["value"].to_numpy()
        for status in levels.MARITAL
    }
    people = margins["population"].filter(prefecture=place, sex=sex).sort("age")["count"]
    counts = margins["marital_status"].filter(prefecture=place, sex=sex)
    shares = {
        status: counts.filter(marital=status)["count"].to_numpy()
        / np.bincount(GROUPS, people.to_numpy())
        for status in levels.MARITAL
    }
    return smooth, shares, people.to_numpy()


def test_single_years_have_the_share_of_their_group(marriage):
    smooth, shares, people = marriage
    for status, share in shares.items():
        mean = np.bincount(GROUPS, people * smooth[status]) / np.bincount(GROUPS, people)
        assert mean == pytest.approx(share, abs=1e-6), status


def test_everybody_has_one_marital_status_at_every_age(marriage):
    smooth, shares, _ = marriage
    assert sum(smooth.values()) == pytest.approx(np.ones(90))
    for status, share in smooth.items():
        # Above nothing wherever anybody of the group has it, the oldest included.
        assert (share[shares[status][GROUPS] > 1e-5] > 0).all(), status


def test_marriage_is_smooth_across_the_borders_of_age_groups(marriage):
    smooth, _, _ = marriage
    border = (np.diff(GROUPS) > 0)[1:] | (np.diff(GROUPS) > 0)[:-1]
    adults = (AGES[1:-1] >= 22) & (AGES[1:-1] <= 80)
    for status, share in smooth.items():
        bend = np.abs(np.diff(share, 2))
        assert bend[adults & border].max() < 2.5 * bend[adults & ~border].max() + 1e-3, status
        # From one year to the next nothing jumps.
        assert np.abs(np.diff(share)).max() < 0.1, status


def test_unmarried_become_fewer_with_age(marriage):
    smooth, _, _ = marriage
    between = (AGES >= 20) & (AGES <= 60)
    steps = np.diff(smooth["never_married"][between])
    assert steps.max() < 1e-3
    assert steps.sum() < -0.6
    widowed = smooth["widowed"][AGES >= 40]
    assert np.diff(widowed).min() > -1e-3


def test_share_that_is_nobodys_or_everybodys_is_no_curve():
    shares = np.where(np.arange(16) < 8, 0.0, 1.0)
    smooth = schooling.smooth_share(shares, np.ones(90), GROUPS)
    assert smooth.tolist() == shares[GROUPS].tolist()


def detail(table, **where):
    return table.filter(**where)["value"].item()


def test_kinds_of_school_within_a_level_add_up(nation):
    table = schooling.education_detail_by_age(nation)
    sums = table.group_by("sex", "age_group", "education").agg(pl.col("value").sum())
    assert sums.height == 2 * 16 * 3
    assert sums["value"].to_numpy() == pytest.approx(np.ones(96))
    for level, name in table.select("education", "education_detail").unique().iter_rows():
        assert name in levels.EDUCATION_DETAILS_OF[level]


def test_kinds_of_school_of_the_young_are_the_survey(nation):
    table = schooling.education_detail_by_age(nation)
    # Workers of 25-29: 244,500 men of vocational schools of two years, 41,300 of junior colleges,
    # 39,100 of technical colleges.
    for group in ("25-29", "20-24"):
        here = {"sex": "male", "age_group": group, "education": "junior_college"}
        found = [
            detail(table, **here, education_detail=kind)
            for kind in ("vocational_school", "junior_college", "technical_college")
        ]
        assert found == pytest.approx([244_500 / 324_900, 41_300 / 324_900, 39_100 / 324_900])


def test_older_cohorts_went_to_vocational_schools_as_their_school_leavers_did(nation, shapes):
    table = schooling.education_detail_by_age(nation)
    after = shapes["after_upper_secondary"].filter(sex="both")

    def entrants(year):
        here = dict(after.filter(year=str(year)).select("item", "people").iter_rows())
        return here["vocational"] / here["junior_college"]

    def odds(group):
        here = table.filter(sex="female", age_group=group, education="junior_college")
        shares = dict(here.select("education_detail", "value").iter_rows())
        return shares["vocational_school"] / shares["junior_college"]

    # 45-49 left school about 1991; those surveyed about 2011 and 2006.
    surveyed = (entrants(2011) + entrants(2006)) / 2
    assert odds("45-49") / odds("30-34") == pytest.approx(entrants(1991) / surveyed)
    # The figures start in 1975.
    assert odds("85+") == odds("65-69")


def test_kinds_of_school_by_occupation_are_relative_to_the_mean_occupation(nation, shapes):
    table = schooling.education_detail_by_occupation(nation)
    shares = shapes["education_detail_by_occupation"].filter(education_detail="vocational_school")
    found = detail(table, occupation="B", education_detail="vocational_school")
    assert found == pytest.approx(0.1964 / shares["share"].mean())
    assert found > 1
    assert table["value"].min() >= 0.01
