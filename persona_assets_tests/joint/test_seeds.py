import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.joint import seeds
from persona_assets.joint.inputs import Inputs
from persona_assets.joint.titles import load_titles


@pytest.fixture(scope="module")
def nation(shapes):
    return Inputs(shapes, {})


def value(table, **where):
    return table.filter(**where)["value"].item()


def test_schooling_of_an_age_is_the_census_and_everybody_has_one(nation):
    table = seeds.education_by_age(nation)
    assert table.height == 2 * 16 * 6
    assert table.group_by("sex", "age_group").agg(pl.col("value").sum())["value"].to_list() == (
        pytest.approx([1.0] * 32)
    )
    # 870,236 of 4,787,304 women of 45-49 who left school left a university.
    here = {"sex": "female", "age_group": "45-49"}
    assert value(table, **here, education="university") == pytest.approx(0.181780)
    assert value(table, **here, education="in_school") == 0
    # 1,029,231 of 3,017,869 men of 20-24 are in school.
    assert value(table, sex="male", age_group="20-24", education="in_school") == pytest.approx(
        0.341046, abs=1e-6
    )
    assert value(table, sex="male", age_group="15-17", education="in_school") == 0.97
    # 90.86 % of men of 15-19 are, so of 18-19 the rest.
    assert value(table, sex="male", age_group="18-19", education="in_school") == pytest.approx(
        (5 * 0.908649 - 3 * 0.97) / 2, abs=1e-5
    )


def test_modelled_schooling_does_not_tell_kinds_of_tertiary_schools_apart(nation):
    table = seeds.education_modelled(nation).filter(sex="male", age_group="45-49")
    shares = dict(table.select("education", "value").iter_rows())
    assert shares["junior_college"] == shares["university"] == shares["graduate_school"] > 0
    assert shares["in_school"] == 0
    assert sum(shares.values()) == pytest.approx(1)


def test_activity_is_that_of_the_survey(nation):
    table = seeds.activity_by_age(nation).filter(sex="male", age_group="60-64")
    assert set(table["in_school"]) == {"no"}
    found = dict(table.select("labour_status", "value").iter_rows())
    # 85.3 % take part, of whom 3.5 % are out of work.
    assert found == pytest.approx(
        {"employed": 0.8231, "unemployed": 0.853 * 0.035, "housework": 0.147, "studying": 0.147,
         "other": 0.147}, abs=1e-4,
    )  # fmt: skip


def test_students_work_less_than_the_others_of_their_age_and_all_as_the_survey(nation):
    table = seeds.activity_by_age(nation)
    there = 1_029_231 / 3_017_869
    rates = {}
    for in_school in ("yes", "no"):
        here = {"sex": "male", "age_group": "20-24", "in_school": in_school}
        rates[in_school] = 1 - value(table, **here, labour_status="other")
    assert there * rates["yes"] + (1 - there) * rates["no"] == pytest.approx(0.746)
    odds = {in_school: rate / (1 - rate) for in_school, rate in rates.items()}
    assert odds["yes"] / odds["no"] == pytest.approx(seeds.STUDENTS_TAKE_PART_ODDS)
    # One student in five works, as 1.3 million of 7.6 million do beside school.
    students = nation.shapes["in_school_by_age"].select("sex", "age_group", "in_school")
    works = (
        table.filter(pl.col("age_group") != "15-17", in_school="yes", labour_status="employed")
        .with_columns(pl.col("age_group").replace({"18-19": "15-19"}))
        .join(students, on=["sex", "age_group"])
    )
    working = (works["value"] * works["in_school_right"]).sum()
    assert working / works["in_school_right"].sum() == pytest.approx(0.2, abs=0.02)


def test_occupations_of_an_age_add_up_and_none_is_without_anybody(nation, shapes):
    table = seeds.occupation_by_age(nation)
    sums = table.group_by("sex", "age_group").agg(pl.col("value").sum())
    assert sums["value"].to_numpy() == pytest.approx(np.ones(32))
    here = shapes["occupation_by_age"].filter(sex="male", age_group="15-19")["employed_10k"]
    assert here[0] == 0
    managers = value(table, sex="male", age_group="18-19", occupation="A")
    assert managers == pytest.approx(0.02 / here.clip(0.02).sum())


def test_occupations_need_the_schooling_that_they_need(nation):
    table = seeds.education_by_occupation(nation)
    relative = {row[:2]: row[2] for row in table.rows()}
    assert len(relative) == len(levels.OCCUPATION) * 5
    assert min(relative.values()) >= 0.01
    assert relative["B", "graduate_school"] > 1 > relative["K", "graduate_school"]
    assert relative["K", "lower_secondary"] > 1 > relative["B", "lower_secondary"]


def test_relative_frequency_is_against_the_average_occupation(shapes):
    names = [name for name in levels.EDUCATION if name != "in_school"]
    titles = pl.DataFrame(
        [
            {"occupation": job, "weight": weight}
            | {f"edu_{name}": float(name == only) for name in names}
            for job, weight, only in (("A", 1.0, "university"), ("B", 3.0, "lower_secondary"))
        ]
    )
    table = seeds.education_by_occupation(Inputs({**shapes, "titles": titles}, {}))
    relative = {row[:2]: row[2] for row in table.rows()}
    assert relative["A", "university"] == pytest.approx(4)
    assert relative["B", "lower_secondary"] == pytest.approx(4 / 3)
    assert relative["A", "lower_secondary"] == 0.01


def test_marriage_by_schooling_is_measured_at_three_ages_and_interpolated(nation):
    table = seeds.education_by_marriage(nation)
    assert set(table["ever_married"]) == {"no"}
    # Workers of 25-29: of men who left lower secondary school 42,100 never married and 33,500 did;
    # of all 2,134,300 and 709,500.
    young = (42_100 / 33_500) / (2_134_300 / 709_500)
    # Men of 45-54 in 2020, and in 2010, who are 55-64 now.
    middle = (104_817.5 / 178_286) / (983_521.5 / 2_857_847)
    older = (90_003 / 165_011.5) / (648_140.5 / 2_785_604)
    here = {"sex": "male", "education": "lower_secondary"}
    assert value(table, **here, age_group="25-29") == pytest.approx(young)
    assert value(table, **here, age_group="18-19") == pytest.approx(young)
    # 50-54 is a quarter of the way from 50 to 60, 55-59 three quarters.
    assert value(table, **here, age_group="50-54") == pytest.approx(
        middle**0.75 * older**0.25, rel=1e-5
    )
    assert value(table, **here, age_group="55-59") == pytest.approx(
        middle**0.25 * older**0.75, rel=1e-5
    )
    assert value(table, **here, age_group="85+") == pytest.approx(
        (120_789 / (1_440_406 - 120_789)) / (230_100 / 3_938_172), rel=2e-3
    )


def test_men_of_little_schooling_and_women_of_much_marry_less(nation):
    table = seeds.education_by_marriage(nation)
    at = {"age_group": "50-54"}
    assert value(table, **at, sex="male", education="lower_secondary") > 1.5
    assert value(table, **at, sex="male", education="university") < 0.8
    assert value(table, **at, sex="female", education="university") > 1.1
    # The census does not tell who left a graduate school from other university leavers.
    for sex in levels.SEX:
        both = table.filter(sex=sex, age_group="60-64").filter(
            pl.col("education").is_in(["university", "graduate_school"])
        )
        assert both["value"].n_unique() == 1


def test_students_rarely_married(nation):
    assert seeds.students_unmarried(nation).rows() == [("yes", "yes", 0.1)]


def test_housework_is_shared_out_by_sex_marital_status_and_age(nation):
    table = seeds.housework_by_marriage(nation)
    housework = table.filter(labour_status="housework")
    assert value(housework, sex="female", marital="married", age_group="40-44") == 0.85
    assert value(housework, sex="male", marital="never_married", age_group="40-44") == 0.19
    assert value(housework, sex="female", marital="married", age_group="80-84") == 0.425
    sums = table.group_by("sex", "age_group", "marital").agg(pl.col("value").sum())
    assert sums.height == 2 * 16 * 4
    assert sums["value"].to_numpy() == pytest.approx(np.ones(128))


def test_housework_of_the_unmarried_is_the_survey_of_25_to_34(shapes):
    counts = shapes["nonworkers_25_34"].filter(pl.col("kind").is_in(["housework", "other"]))
    by_sex = counts.group_by("sex", "kind").agg(pl.col("people").sum())
    for sex, share in (("male", 0.19), ("female", 0.42)):
        here = dict(by_sex.filter(sex=sex).select("kind", "people").iter_rows())
        assert seeds.HOUSEWORK_SHARE[sex, "never_married"] == share
        assert here["housework"] / sum(here.values()) == pytest.approx(share, abs=0.02)


def test_unmarried_young_women_are_rarely_out_of_the_labour_force_and_men_often(nation):
    odds = {row[:2]: row[4] for row in seeds.work_by_marriage(nation).rows()}
    assert odds["female", "25-29"] == 0.2
    assert odds["male", "25-29"] == 6
    assert ("female", "50-54") not in odds
    assert max(v for (sex, _), v in odds.items() if sex == "female") < 1
    assert min(v for (sex, _), v in odds.items() if sex == "male") > 1


def test_survey_counts_vocational_schools_by_their_years():
    survey = pl.DataFrame({"education": ["vocational_1", "vocational_2", "vocational_4"]})
    assert seeds.census_levels(survey)["education"].to_list() == [
        "upper_secondary", "junior_college", "university",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("group", "candidates", "holder"),
    [
        ("15-17", ["15-19", "20-24"], "15-19"),
        ("85+", ["65-74", "75+"], "75+"),
        ("40-44", ["35-44", "45-54"], "35-44"),
        ("40-44", ["42-50"], None),
        ("85+", ["85-89"], None),
    ],
)
def test_age_group_is_held_whole_or_not_at_all(group, candidates, holder):
    assert seeds.age_holder(group, candidates) == holder


@pytest.mark.parametrize(
    ("group", "middle"), [("15-17", 16.5), ("18-19", 19), ("20-24", 22.5), ("85+", 87.5)]
)
def test_middle_of_an_age_group(group, middle):
    assert seeds.middle_age(group) == middle


@pytest.mark.parametrize(
    "name", ["education_by_age", "labour_rates", "occupation_by_age", "living_alone_by_age"]
)
def test_every_shape_covers_every_age_group_of_the_model(shapes, name):
    groups = seeds.model_ages(shapes[name]).group_by("age_group").len()
    assert set(groups["age_group"]) == set(levels.AGE_GROUPS)
    assert groups["len"].n_unique() == 1


def test_titles_are_the_list_that_ships(shapes, reference):
    """All but those that we added, which have no workers of their own."""
    shipped = load_titles(reference)
    assert shapes["titles"].equals(shipped.filter(pl.col("weight") > 0))
    assert shapes["titles"].height < shipped.height
