import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.people.build import build_people
from persona_assets.people.labels import with_labels
from persona_assets.people.quotas import adult_population, draw_quotas
from persona_assets.people.systematic import systematic
from persona_assets.recipe import Recipe


@pytest.mark.parametrize("size", [47, 1000, 4700, 100_000])
def test_quotas_are_rounded_shares(margins, size):
    quotas = draw_quotas(margins["population"], size)
    assert quotas["quota"].sum() == size
    assert quotas.group_by("prefecture").agg(pl.col("quota").sum())["quota"].min() >= 1
    exact = adult_population(margins["population"])
    for axis in ("sex", "age_group"):
        found = quotas.group_by(axis).agg(pl.col("quota").sum())
        wanted = exact.group_by(axis).agg(pl.col("count").sum() * size / exact["count"].sum())
        both = found.join(wanted, on=axis)
        assert (both["quota"] - both["count"]).abs().max() < 2


def test_systematic_draw_is_the_expectation_rounded():
    weights = np.array([0.1, 2.6, 0.0, 1.3, 5.0, 5.0])
    sizes, counts = np.array([4, 2]), np.array([40, 7])
    drawn = np.bincount(systematic(weights, sizes, counts, 0.37), minlength=6)
    expected = np.concatenate([weights[:4] / 4.0 * 40, weights[4:] / 10 * 7])
    assert (np.abs(drawn - expected) < 1).all()
    assert drawn[2] == 0


@pytest.mark.parametrize("every", [1, 2, 3, 5, 13])
def test_groups_of_one_draw_add_up_to_the_expectation(every):
    """Roundings cancel from one group with draws to the next, however many lie between them."""
    groups = 400 * every
    weights = np.tile([0.3, 0.1, 0.6], groups)
    counts = (np.arange(groups) % every == 0).astype(int)
    drawn = systematic(weights, np.full(groups, 3), counts, 0.37) % 3
    assert np.abs(np.bincount(drawn) - [120, 40, 240]).max() < 3


def test_same_recipe_same_people(people, tottori, margins, reference):
    again = build_people(tottori, margins["population"], Recipe(size=94_000), reference)
    assert again.equals(people)
    other = build_people(tottori, margins["population"], Recipe(size=94_000, seed=1), reference)
    assert not other.equals(people)


@pytest.fixture(scope="module")
def crowd(tottori, margins, reference):
    """Some 4,400 people, enough for kinds of which there are few."""
    return build_people(tottori, margins["population"], Recipe(size=1_000_000), reference)


def test_people_are_consistent(crowd):
    people = crowd
    works = people["labour_status"] == "employed"
    for column in ("occupation_title", "occupation_class", "industry", "employment_status",
                   "work_mode"):  # fmt: skip
        assert (people[column].is_not_null() == works).all(), column
    studying = people.filter(pl.col("labour_status") == "studying")
    assert studying["school"].null_count() == 0
    assert people.filter(pl.col("school") == "graduate_school")["age"].min() >= 22
    assert people["age"].min() == 18


def test_who_works_beside_school_is_at_school(crowd):
    students = crowd.filter(pl.col("school").is_not_null(), labour_status="employed")
    assert students.height
    assert set(students["work_mode"]) <= {"working_beside_study", "mainly_working", "absent"}
    beside = crowd.filter(work_mode="working_beside_study")
    assert beside["school"].null_count() == 0


def test_households_fit_the_marriage(people):
    assert set(people.filter(household="couple_only")["marital"]) == {"married"}
    alone = people.filter(household="one_person")
    # Hardly anybody who is married lives alone.
    assert (alone["marital"] == "married").mean() < 0.25
    assert set(people["household"]) == set(levels.HOUSEHOLD)


def test_finer_schooling_refines_that_of_the_census(people):
    pairs = set(people.select("education", "education_detail").rows())
    allowed = {(e, d) for e, ds in levels.EDUCATION_DETAILS_OF.items() for d in ds}
    assert pairs <= allowed
    assert {"vocational_school", "junior_college"} <= {detail for _, detail in pairs}


def test_municipalities_are_those_of_the_prefecture(people, reference):
    known = pl.read_csv(
        reference / "geography" / "municipalities.csv", schema_overrides={"code": pl.String}
    )
    here = set(known.filter(prefecture="tottori").select("code", "name").rows())
    assert set(people.select("municipality_code", "municipality").rows()) <= here


@pytest.fixture(scope="module")
def labelled(people):
    return with_labels(people)


def test_everybody_has_labels_and_no_code_is_left(people, labelled):
    # Most generations have no common name (test_labels.py).
    for column in set(labelled.columns) - set(people.columns) - {"generation_label"}:
        only_some = {"school_label": "school"} | dict.fromkeys(
            ("work_mode_label", "employment_status_label", "standing_label", "industry_label"),
            "industry",
        )
        expected = people[only_some.get(column, "sex")].is_null()
        assert (labelled[column].is_null() == expected).all(), column
        assert not labelled[column].str.contains("^[a-z_]+$").any(), column


def test_schooling_is_told_as_finely_as_it_is_known(labelled):
    told = dict(labelled.select("education_detail", "education_label").rows())
    assert told["vocational_school"] == "専門学校卒"
    assert told["junior_college"] == "短大卒"
    students = labelled.filter(pl.col("school").is_not_null())
    assert students["education_label"].equals(students["school_label"], check_names=False)
    assert set(labelled["education_census_label"]) == set(levels.EDUCATION.values())


def test_nobody_of_public_service_is_called_an_employee_of_a_company(labelled):
    staff = labelled.filter(industry="S", employment_status="regular")
    assert set(staff["standing_label"]) == {"正規の職員"}
    makers = labelled.filter(industry="E", employment_status="regular")
    assert set(makers["standing_label"]) == {"正社員"}


def test_retired_people_are_called_by_their_former_title(labelled):
    retired = labelled.filter(pl.col("former_occupation_title").is_not_null())
    assert retired.height > 50
    assert (
        retired["occupation_label"] == retired["former_occupation_title"] + " (現在は引退)"
    ).all()
    others = labelled.filter(pl.col("former_occupation_title").is_null())
    assert not others["occupation_label"].str.contains("引退").any()
