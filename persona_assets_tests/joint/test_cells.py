import polars as pl
import pytest

from persona_assets import levels
from persona_assets.joint import cells as cell_sets
from persona_assets.joint.cells import (
    INDUSTRY_ZEROS,
    SCHOOL_AGES,
    STRUCTURAL_ZEROS,
    WORK_ZEROS,
    schooling_at,
)


@pytest.fixture(scope="module")
def cells():
    return cell_sets.people_cells()


def all_combinations():
    activities = cell_sets.ACTIVITIES
    frame = pl.DataFrame({"sex": list(levels.SEX)})
    for axis, codes in (
        ("age_group", levels.AGE_GROUPS), ("education", levels.EDUCATION),
        ("marital", levels.MARITAL),
    ):  # fmt: skip
        frame = frame.join(pl.DataFrame({axis: list(codes)}), how="cross")
    return frame.join(activities, how="cross")


def test_nobody_works_without_an_occupation_or_has_one_without_work():
    activities = cell_sets.ACTIVITIES
    works = activities["labour_status"] == "employed"
    assert (activities["occupation"].is_not_null() == works).all()
    assert activities["occupation"].drop_nulls().to_list() == list(levels.OCCUPATION)
    assert set(activities["labour_status"]) == set(levels.LABOUR_STATUS)


def test_cells_are_all_combinations_but_the_structural_zeros(cells):
    full = all_combinations()
    axes = ["sex", "age_group", "education", "marital", "labour_status", "occupation"]
    assert cells.select(axes).is_duplicated().sum() == 0
    excluded = full.select(axes).join(cells.select(axes), on=axes, how="anti", nulls_equal=True)
    assert cells.height + excluded.height == full.height
    for zero in STRUCTURAL_ZEROS:
        assert cells.filter(zero.condition).is_empty(), zero.reason
    impossible = pl.any_horizontal(zero.condition for zero in STRUCTURAL_ZEROS)
    assert excluded.filter(~impossible).is_empty()


@pytest.mark.parametrize("zero", STRUCTURAL_ZEROS, ids=lambda zero: zero.reason)
def test_each_structural_zero_excludes_something_that_no_other_does(zero):
    others = pl.any_horizontal(z.condition for z in STRUCTURAL_ZEROS if z is not zero)
    assert all_combinations().filter(zero.condition & ~others).height > 0


@pytest.mark.parametrize("axis", ["sex", "age_group", "education", "marital", "labour_status"])
def test_every_level_can_occur(cells, axis):
    known = {
        "sex": levels.SEX, "age_group": levels.AGE_GROUPS, "education": levels.EDUCATION,
        "marital": levels.MARITAL, "labour_status": levels.LABOUR_STATUS,
    }  # fmt: skip
    assert set(cells[axis]) == set(known[axis])


def test_what_cannot_be_is_no_cell(cells):
    def some(**wanted):
        return cells.filter(**wanted).height > 0

    assert not some(age_group="15-17", marital="married")
    assert some(age_group="18-19", marital="married")
    assert not some(age_group="18-19", education="university")
    assert some(age_group="20-24", education="university")
    assert not some(age_group="35-39", education="in_school")
    assert some(age_group="30-34", education="in_school")
    assert not some(education="university", labour_status="studying")
    assert some(education="in_school", labour_status="employed")
    assert not some(education="in_school", labour_status="housework")


def test_kinds_of_school_are_attended_at_their_ages_only():
    school = cell_sets.school_cells()
    assert set(school["age_group"]) == {"15-17", "18-19", "20-24", "25-29", "30-34"}
    for kind, ages in SCHOOL_AGES.items():
        assert set(school.filter(school=kind)["age_group"]) == set(ages)
    assert (school["seed"] > 0).all()
    seed = {row[1:3]: row[3] for row in school.rows()}
    # The curve over the ages of the group: 18 counts half, 19 fully.
    assert seed["18-19", "university"] == 1.5
    assert seed["20-24", "university"] > seed["25-29", "university"]
    assert school.group_by("school").agg(pl.col("sex").n_unique())["sex"].to_list() == [2] * 5


def test_curve_is_zero_below_its_first_age_and_goes_on_as_at_its_last():
    assert [schooling_at("university", age) for age in (21, 22, 23, 60)] == [0, 0.5, 1, 1]
    assert [schooling_at("in_school/upper_secondary", age) for age in (14, 17, 18)] == [0, 1, 0.5]
    assert schooling_at("lower_secondary", 18) == 1


def test_single_years_lie_in_their_group_and_fit_their_schooling():
    ages = cell_sets.age_cells()
    assert sorted(ages["age"].unique()) == list(cell_sets.ADULT_AGES)
    assert cell_sets.ADULT_AGES[0] == 18
    for age, group in ages.select("age", "age_group").unique().iter_rows():
        low, _, high = group.partition("-")
        assert int(low.rstrip("+")) <= age
        assert not high or age <= int(high)
    assert (ages["seed"] > 0).all()
    assert ((ages["education"] == "in_school") == ages["school"].is_not_null()).all()
    youngest = dict(
        ages.with_columns(pl.coalesce("school", "education").alias("kind"))
        .group_by("education", "kind").agg(pl.col("age").min())
        .select(pl.concat_str("education", "kind", separator="/"), "age").rows()
    )  # fmt: skip
    assert youngest["upper_secondary/upper_secondary"] == 18
    assert youngest["junior_college/junior_college"] == 20
    assert youngest["university/university"] == 22
    assert youngest["graduate_school/graduate_school"] == 24
    assert youngest["in_school/graduate_school"] == 22
    assert ages.filter(school="upper_secondary")["age"].max() == 19
    # Half of those aged 18 are still in upper secondary school on census day.
    assert set(ages.filter(age=18, education="upper_secondary")["seed"]) == {0.5}
    assert set(ages.filter(age=40, education="upper_secondary")["seed"]) == {1.0}


def test_factors_of_the_employed_lack_only_their_structural_zeros():
    status = cell_sets.employment_status_cells()
    industry = cell_sets.industry_cells()
    groups, occupations, industries = (
        len(codes) for codes in (levels.AGE_GROUPS, levels.OCCUPATION, levels.INDUSTRY)
    )
    # Of 3 statuses guards have 1 and managers 2; in public service only employees are left.
    assert status.height == status.unique().height == 2 * groups * (3 * occupations - 3)
    assert (
        industry.height
        == industry.unique().height
        == 2 * ((3 * occupations - 3) * (industries - 1) + occupations)
    )
    for zero in WORK_ZEROS:
        assert status.filter(zero.condition).is_empty(), zero.reason
    for zero in INDUSTRY_ZEROS:
        assert industry.filter(zero.condition).is_empty(), zero.reason
    assert set(industry.filter(occupation="F")["employment_status"]) == {"employee"}
    assert set(industry.filter(industry="S")["employment_status"]) == {"employee"}
    assert set(industry.filter(occupation="A")["employment_status"]) == {
        "employee",
        "self_employed",
    }


def test_whoever_can_have_a_status_can_have_an_industry():
    keys = ["sex", "occupation", "employment_status"]
    status = cell_sets.employment_status_cells().select(keys).unique()
    assert status.join(cell_sets.industry_cells(), on=keys, how="anti").is_empty()
