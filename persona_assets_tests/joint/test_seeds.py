import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.joint import cells as cell_sets
from persona_assets.joint import seeds


@pytest.fixture(scope="module")
def people(shapes):
    cells = cell_sets.people_cells()
    return cells.with_columns(seed=seeds.people_seed(cells, shapes))


def total(frame, **wanted):
    return frame.filter(**wanted)["seed"].sum()


def test_no_cell_that_can_occur_starts_at_nothing(people):
    assert people["seed"].is_finite().all()
    assert (people["seed"] > 0).all()


def test_seed_keeps_the_order_of_the_cells(shapes, people):
    backwards = cell_sets.people_cells().reverse()
    seed = seeds.people_seed(backwards, shapes)
    assert seed[::-1] == pytest.approx(people["seed"].to_numpy())


def test_education_of_a_generation_follows_its_table(people, shapes):
    graduates = shapes["education_by_age"].filter(sex="female", age_group="45-49")
    shares = dict(
        graduates.select("education", pl.col("graduates") / pl.col("graduates").sum()).rows()
    )
    # In one activity without occupation nothing but schooling tells educations apart.
    here = people.filter(
        sex="female", age_group="45-49", labour_status="unemployed", marital="married"
    )
    found = dict(here.filter(pl.col("education") != "in_school").select(
        "education", pl.col("seed") / pl.col("seed").sum()).rows())  # fmt: skip
    for education, share in shares.items():
        assert found[education] == pytest.approx(share, abs=1e-3)


def test_hardly_anybody_of_15_to_17_is_out_of_school(people):
    young = people.filter(age_group="15-17")
    there = young.filter(education="in_school", labour_status="unemployed")["seed"].sum()
    left = young.filter(education="lower_secondary", labour_status="unemployed")["seed"].sum()
    # Above the published share: who has left at 15-17 has no upper secondary school behind them.
    assert seeds.IN_SCHOOL_AT_15_17 <= there / (there + left) < 0.995


def test_participation_is_that_of_the_survey(people, shapes):
    rates = shapes["labour_rates"].row(
        by_predicate=(pl.col("sex") == "male") & (pl.col("age_group") == "60-64"), named=True
    )
    here = people.filter(
        sex="male", age_group="60-64", education="upper_secondary", marital="married"
    )
    unemployed = total(here, labour_status="unemployed")
    inactive = sum(total(here, labour_status=kind) for kind in ("housework", "other"))
    assert unemployed / inactive == pytest.approx(
        rates["participation"] * rates["unemployment"] / (1 - rates["participation"])
    )


def test_housework_is_shared_out_by_sex_marital_status_and_age(people):
    def share(**wanted):
        here = people.filter(education="upper_secondary", **wanted)
        housework = total(here, labour_status="housework")
        return housework / (housework + total(here, labour_status="other"))

    assert share(sex="female", marital="married", age_group="40-44") == pytest.approx(0.85)
    assert share(sex="male", marital="never_married", age_group="40-44") == pytest.approx(0.19)
    assert share(sex="female", marital="married", age_group="80-84") == pytest.approx(0.425)


def test_unmarried_young_women_are_rarely_out_of_the_labour_force(people):
    def odds(sex, age_group):
        never, rest = (
            total(here, labour_status="housework") + total(here, labour_status="other")
            for here in (
                people.filter(sex=sex, age_group=age_group, education="university", marital=m)
                for m in ("never_married", "married")
            )
        )
        return never / rest

    assert odds("female", "25-29") == pytest.approx(0.2)
    assert odds("female", "50-54") == pytest.approx(1.0)
    assert odds("male", "25-29") == pytest.approx(1.0)


def test_occupations_need_the_schooling_that_they_need(shapes):
    relative = {
        (occupation, education): value
        for occupation, education, value in shapes["education_by_occupation"].iter_rows()
    }
    assert len(relative) == len(levels.OCCUPATION) * 5
    assert min(relative.values()) >= 0.01
    assert relative["B", "graduate_school"] > 1 > relative["K", "graduate_school"]
    assert relative["K", "lower_secondary"] > 1 > relative["B", "lower_secondary"]


def test_relative_frequency_is_against_the_average_occupation():
    names = [name for name in levels.EDUCATION if name != "in_school"]
    titles = pl.DataFrame(
        [
            {"occupation": "A", "weight": 1.0}
            | {f"edu_{n}": float(n == "university") for n in names},
            {"occupation": "B", "weight": 3.0}
            | {f"edu_{n}": float(n == "lower_secondary") for n in names},
        ]
    )  # fmt: skip
    found = {
        (occupation, education): value
        for occupation, education, value in seeds.education_by_occupation(titles).iter_rows()
    }
    assert found["A", "university"] == pytest.approx(4)
    assert found["B", "lower_secondary"] == pytest.approx(4 / 3)
    assert found["A", "lower_secondary"] == 0.01


def test_employment_status_seed_is_the_table_and_family_workers_are_as_the_self_employed(shapes):
    cells = cell_sets.employment_status_cells()
    seed = seeds.employment_status_seed(cells, shapes["employment_form_by_occupation"])
    known = {(row[0], row[1]): row[2] for row in shapes["employment_form_by_occupation"].rows()}
    for row, value in zip(cells.iter_rows(named=True), seed, strict=True):
        status = row["employment_status"].replace("family_worker", "self_employed")
        assert value == known[row["occupation"], status] > seeds.FLOOR


def test_employment_status_that_the_table_lacks_starts_at_the_floor():
    cells = pl.DataFrame({"occupation": ["A", "A"], "employment_status": ["employee", "other"]})
    shape = pl.DataFrame({"occupation": ["A"], "employment_status": ["employee"], "share": [0.9]})
    assert seeds.employment_status_seed(cells, shape).tolist() == [0.9, seeds.FLOOR]


def test_workers_of_a_class_are_spread_over_its_industries_by_size():
    classes = pl.DataFrame(
        {"occupation": ["A", "A", "B"], "workers": [100, 30, 50], "industries": ["C|D", "C", "E"]}
    )
    cells = pl.DataFrame(
        {"occupation": ["A", "A", "A", "B", "B"], "industry": ["C", "D", "E", "E", "C"]}
    )
    sizes = {"C": 300.0, "D": 100.0, "E": 50.0}
    floor = seeds.FLOOR * 180 / 5
    assert seeds.industry_seed(cells, classes, sizes) == pytest.approx(
        np.array([75 + 30, 25, floor, 50, floor])
    )


def test_every_shape_covers_every_age_group_of_the_model(shapes):
    for name in ("education_by_age", "labour_rates", "occupation_by_age"):
        groups = seeds._model_ages(shapes[name]).group_by("age_group").len()
        assert set(groups["age_group"]) == set(levels.AGE_GROUPS), name
        assert groups["len"].n_unique() == 1, name
