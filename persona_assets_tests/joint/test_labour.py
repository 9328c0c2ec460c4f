import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.joint import labour
from persona_assets.joint.inputs import Inputs


@pytest.fixture(scope="module")
def nation(shapes):
    return Inputs(shapes, {})


@pytest.fixture(scope="module")
def by_age(nation):
    return {row[:3]: row[3] for row in labour.employment_status_by_age(nation).rows()}


def test_statuses_of_an_age_add_up_to_one(by_age):
    for sex in levels.SEX:
        for group in levels.AGE_GROUPS:
            shares = [by_age[sex, group, status] for status in levels.EMPLOYMENT_STATUS]
            assert sum(shares) == pytest.approx(1), (sex, group)
            assert min(shares) >= 1e-4


def test_men_are_the_census_and_women_in_regular_work_too(by_age):
    assert by_age["female", "25-29", "regular"] == 0.712
    assert by_age["male", "25-29", "regular"] == pytest.approx(0.803)
    assert by_age["male", "60-64", "executive"] == pytest.approx(0.119)
    # 15-19 stand for both groups.
    assert by_age["male", "15-17", "part_time"] == by_age["male", "18-19", "part_time"] == 0.572
    # Beyond 69 the oldest known stands, but regular work fades.
    regular = {
        group: by_age["male", group, "regular"] / by_age["male", group, "part_time"]
        for group in ("65-69", "70-74", "85+")
    }
    assert regular["70-74"] == pytest.approx(0.6 * regular["65-69"])
    assert regular["85+"] == pytest.approx(0.6**4 * regular["65-69"])
    # Own business at 65-69 is not given: as at 60-64, and all scaled to one.
    assert by_age["male", "65-69", "regular"] == pytest.approx(0.258 / 0.884)


def test_self_employed_and_family_workers_share_by_the_totals_of_their_sex(by_age):
    # Of men 11.4 % are self-employed and 1.0 % family workers, of women 4.9 and 4.7 %.
    assert by_age["male", "60-64", "employer"] == pytest.approx(0.161 * 0.114 / 0.124 / 2)
    assert by_age["male", "60-64", "family_worker"] == pytest.approx(0.161 * 0.010 / 0.124)
    assert by_age["female", "60-64", "family_worker"] == pytest.approx(
        0.161 * (0.096 / 0.124) * 0.047 / 0.096
    )
    for sex in levels.SEX:
        for group in levels.AGE_GROUPS:
            assert by_age[sex, group, "employer"] == by_age[sex, group, "own_account"]


def test_women_whose_share_is_unknown_leave_regular_work_as_men_do(by_age):
    assert by_age["female", "60-64", "regular"] == pytest.approx(0.3549 * 0.512 / 0.707)
    assert by_age["female", "18-19", "regular"] == pytest.approx(0.6387 * 0.377 / 0.616)


def test_status_by_occupation_is_relative_and_family_workers_are_as_the_self_employed(
    nation, shapes
):
    table = labour.employment_status_by_occupation(nation)
    found = {row[:2]: row[2] for row in table.rows()}
    assert len(found) == 11 * 7
    shares = shapes["employment_form_by_occupation"].filter(employment_status="executive")["share"]
    assert found["A", "executive"] == pytest.approx(0.3864 / shares.mean())
    for occupation in levels.OCCUPATION:
        assert len({found[occupation, status] for status in labour.OWN}) == 1
    assert found["F", "own_account"] < 0.2 < 1 < found["G", "own_account"]


def test_status_by_education_is_relative_to_all_of_the_sex(nation, shapes):
    table = labour.employment_status_by_education(nation)
    survey = shapes["education_by_status_25_34"].filter(pl.col("education") != "in_school")
    men = survey.filter(sex="male")
    overall = men.filter(employment_status="regular")["workers"].sum() / men["workers"].sum()
    # Unmarried men of university, vocational schools of four years included.
    here = men.filter(pl.col("education").is_in(["university", "vocational_4"]))
    unmarried = here.filter(marital="never_married").group_by("employment_status").agg(
        pl.col("workers").sum() + 1
    )  # fmt: skip
    counts = dict(unmarried.iter_rows())
    row = table.filter(
        sex="male", ever_married="no", education="university", employment_status="regular"
    )
    assert row["value"].item() == pytest.approx(counts["regular"] / sum(counts.values()) / overall)
    assert table["value"].is_between(0.05, 20).all()
    two = table.filter(employment_status="dispatched")["value"]
    assert two.equals(table.filter(employment_status="part_time")["value"])


def test_students_work_part_time(nation):
    rows = labour.students_work_part_time(nation).rows()
    assert {row[1] for row in rows} == set(levels.EMPLOYMENT_STATUS) - {"part_time"}
    assert {(row[0], row[2]) for row in rows} == {("yes", 0.01)}


def test_ways_of_working_add_up_to_one(nation):
    table = labour.work_mode_by_marriage(nation)
    sums = table.group_by("sex", "ever_married", "in_school", "employment_status").agg(
        pl.col("value").sum()
    )
    assert sums.height == 2 * 2 * 2 * 7
    assert sums["value"].to_numpy() == pytest.approx(np.ones(56), abs=2e-4)

    def share(mode, **where):
        return table.filter(work_mode=mode, **where)["value"].item()

    wives = {"sex": "female", "ever_married": "yes", "employment_status": "part_time"}
    assert share("working_beside_housework", **wives, in_school="no") == 0.55
    assert share("working_beside_study", **wives, in_school="yes") == 0.9
    assert table.filter(in_school="no", work_mode="working_beside_study").is_empty()


@pytest.fixture(scope="module")
def classes(nation):
    return labour.classes(nation)


def test_professions_by_law_need_their_schooling(classes):
    for profession in ("医師", "歯科医師", "獣医師"):
        here = classes.filter(occupation_class=profession)
        assert set(here["education"]) == {"university", "graduate_school"}
        assert set(here["sex"]) == set(levels.SEX)
    assert set(classes.filter(occupation_class="助産師")["sex"]) == {"female"}


def test_every_worker_can_have_a_class(classes, structure):
    axes = ["sex", "work_age", "education", "occupation", "worker_kind"]
    status = structure.factors["employment_status"].cells
    codes = np.unique(np.stack([status.column(axis) for axis in axes], axis=1), axis=0)
    names = [status.domain.levels_of(axis) for axis in axes]
    workers = {tuple(of[i] for of, i in zip(names, row, strict=True)) for row in codes.tolist()}
    known = set(classes.filter(pl.col("value") > 0).select(axes).unique().rows())
    assert len(workers) > 1_000
    assert workers <= known


def test_classes_are_those_of_the_list(classes, shapes):
    listed = shapes["classes"].select("occupation", "occupation_class")
    here = classes.select("occupation", "occupation_class").unique()
    assert here.join(listed, on=here.columns, how="anti").is_empty()
    assert here.height == listed.height


def test_classes_have_the_chances_of_their_titles(nation, shapes):
    titles = shapes["titles"].filter(pl.col("occupation") == "F")
    found = labour.classes(Inputs({**shapes, "titles": titles}, {})).filter(
        sex="male", work_age="35-49", education="upper_secondary", worker_kind="employee"
    )
    fits = titles.filter(
        pl.col("sex").is_in(["", "male"]) & pl.col("employment").is_in(["", "employee"])
        & pl.col("min_education").is_in(["", "lower_secondary", "upper_secondary"])
    )  # fmt: skip
    expected = fits.group_by("occupation_class").agg(
        (
            pl.col("weight") * (1 - pl.col("female_share")) * pl.col("edu_upper_secondary")
            * (1 - pl.col("self_employed_share"))
            # By how many of the fifteen years its ages take.
            * (pl.min_horizontal("max_age", 49) - pl.max_horizontal("min_age", 35) + 1).clip(0) / 15
        ).sum()
    )  # fmt: skip
    both = found.join(expected, on="occupation_class", how="full")
    assert both.height == found.height > 1
    assert (both["value"] / both["weight"] - 1).abs().max() < 1e-9


def test_workers_of_a_class_are_spread_over_its_industries_by_size(shapes):
    classes = pl.DataFrame({"occupation_class": ["some", "one"], "industries": ["A|B", "C"]})
    sizes = pl.DataFrame(
        {"industry": list(levels.INDUSTRY), "employed": [300, 100, 50] + [10] * 16}
    )
    inputs = Inputs({**shapes, "classes": classes, "industry_sizes": sizes}, {})
    found = {row[:2]: row[2] for row in labour.industry_by_class(inputs).rows()}
    assert (found["some", "A"], found["some", "B"], found["one", "C"]) == (0.75, 0.25, 1)
    # It works in no other.
    assert len(found) == 3


def test_groups_of_the_survey_are_groups_of_the_classification(shapes):
    groups = labour.survey_group(shapes["classes"])
    surveyed = shapes["occupation_middle_by_age"]
    assert set(groups["group"]) == set(surveyed["occupation_middle"]) == set(labour.SURVEY_GROUPS)
    # A group of the survey lies within one major group, and its classes in the same.
    major = dict(surveyed.select("occupation_middle", "occupation").unique().rows())
    both = groups.join(shapes["classes"], on="occupation_class")
    assert both.height == groups.height > 120
    assert all(major[group] == letter for group, letter in both["group", "occupation"].rows())


def test_nurses_are_as_many_of_each_age_as_the_survey_has_health_professionals(nation, shapes):
    groups = labour.survey_group(shapes["classes"])
    value = labour.class_by_age(nation)
    made = labour._titles_by_age(nation).filter(sex="female", work_age="25-34", occupation="B")
    together = made.join(value, on=["sex", "work_age", "occupation_class"]).join(
        groups, on="occupation_class"
    )
    weighted = together.with_columns(pl.col("workers") * pl.col("value"))
    by_group = weighted.group_by("group").agg(pl.col("workers").sum())
    shares = dict(by_group.with_columns(pl.col("workers") / pl.col("workers").sum()).rows())
    survey = shapes["occupation_middle_by_age"].filter(
        (pl.col("sex") == "female")
        & (pl.col("occupation") == "B")
        & pl.col("age_group").is_in(["25-29", "30-34"])
    )
    health = survey.filter(occupation_middle="004")["employed_10k"].sum()
    assert shares["004"] == pytest.approx(health / survey["employed_10k"].sum(), rel=1e-6)


def test_directors_by_occupation_are_directors_by_status(tottori):
    here = tottori.margin("occupation_class", "employment_status").filter(
        occupation_class=labour.DIRECTORS
    )
    of_all = here["count"] / here["count"].sum()
    assert dict(zip(here["employment_status"], of_all, strict=True))["executive"] > 0.95
    assert set(here["employment_status"]) <= {"executive", "regular", "dispatched", "part_time"}


def test_directors_of_other_occupations_do_what_the_self_employed_do(tottori):
    status = tottori.margin("occupation_class", "worker_kind").filter(
        pl.col("occupation_class").is_in(["看護師(准看護師を含む)", "医師"])
    )
    share = pl.col("count") / pl.col("count").sum().over("occupation_class")
    directors = dict(
        status.with_columns(share.alias("share"))
        .filter(worker_kind="executive")
        .select("occupation_class", "share")
        .rows()
    )
    assert directors["看護師(准看護師を含む)"] < directors["医師"] / 4
