import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.joint import cohorts
from persona_assets.joint.domain import Factor
from persona_assets.joint.fit import assemble, fit_prefecture
from persona_assets.joint.inputs import Inputs
from persona_assets.joint.model import without
from persona_assets.joint.seeds import education_by_age
from persona_assets.partitions import prefectures


def census_of(*rows):
    columns = ["prefecture", "education", "graduates"]
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        year=pl.lit("2000"), sex=pl.lit("male"), age_group=pl.lit("20-29")
    )


def test_tilt_is_against_the_nations_share():
    table = cohorts.tilt(
        census_of(("here", "university", 30.0), ("here", "upper_secondary", 70.0),
                  ("there", "university", 90.0), ("there", "upper_secondary", 10.0)),
        2000,
    )  # fmt: skip
    found = {(row["prefecture"], row["education"]): row["tilt"] for row in table.to_dicts()}
    # 30 % against 60 % in the nation.
    assert found == pytest.approx(
        {
            ("here", "university"): 0.5,
            ("here", "upper_secondary"): 1.75,
            ("there", "university"): 1.5,
            ("there", "upper_secondary"): 0.25,
        }
    )


def test_tilt_of_another_year_is_of_that_census(shapes):
    tables = [cohorts.tilt(shapes["education_of_cohorts"], year) for year in (1990, 2000)]
    assert all(table["prefecture"].n_unique() == 47 for table in tables)
    assert not tables[0].equals(tables[1])


def test_tilt_of_tottoris_young_men_of_2000(shapes):
    table = cohorts.tilt(shapes["education_of_cohorts"], 2000)
    here = table.filter(prefecture="tottori", sex="male", age_group="20-29", education="university")
    nation = shapes["education_of_cohorts"].filter(year="2000", sex="male", age_group="20-29")
    share = nation.filter(education="university")["graduates"].sum() / nation["graduates"].sum()
    # 5,716 of 32,231 had left a university.
    assert here["tilt"].item() == pytest.approx(5_716 / 32_231 / share)
    assert here["tilt"].item() < 1


@pytest.mark.parametrize("place", ["tottori", "tokyo"])
def test_cohorts_are_the_residents_of_today(place, shapes, margins):
    table = cohorts.education_of_cohorts(Inputs(shapes, {}).of(place, margins))
    assert table.height == 2 * 5 * 4
    population = margins["population"].filter(prefecture=place)
    for sex in levels.SEX:
        for cohort, (low, high) in {"40-49": (40, 49), "70-79": (70, 79), "80+": (80, 104)}.items():
            here = population.filter(pl.col("age").is_between(low, high), sex=sex)["count"].sum()
            found = table.filter(sex=sex, cohort=cohort)["count"].sum()
            assert found == pytest.approx(here, rel=1e-9)


def test_cohort_has_todays_schooling_moved_by_its_tilt(shapes, margins):
    inputs = Inputs(shapes, {}).of("tottori", margins)
    table = cohorts.education_of_cohorts(inputs).filter(sex="male", cohort="40-49")
    odds = dict(table.select("cohort_education", "count").iter_rows())
    tilts = dict(
        cohorts.tilt(shapes["education_of_cohorts"], 2000)
        .filter(prefecture="tottori", sex="male", age_group="20-29")
        .select("education", "tilt").iter_rows()
    )  # fmt: skip
    today = education_by_age(inputs).filter(sex="male")
    residents = margins["marital_status"].filter(prefecture="tottori", sex="male")

    def expected(*educations):
        return sum(
            today.filter(age_group=group, education=education)["value"].item()
            * residents.filter(age_group=group)["count"].sum()
            for group in ("40-44", "45-49")
            for education in educations
        )

    ratio = expected("university", "graduate_school") / expected("upper_secondary")
    assert odds["university"] / odds["upper_secondary"] == pytest.approx(
        ratio * tilts["university"] / tilts["upper_secondary"]
    )


def test_cohorts_as_schooled_as_the_nations_are_not_moved(shapes, margins):
    same = pl.concat(
        shapes["education_of_cohorts"].filter(prefecture="tottori")
        .with_columns(prefecture=pl.lit(key)) for key in prefectures()
    )  # fmt: skip
    inputs = Inputs({**shapes, "education_of_cohorts": same}, {}).of("tottori", margins)
    unmoved = cohorts.education_of_cohorts(inputs)
    none = Inputs({**shapes, "education_of_cohorts": same.clear()}, {}).of("tottori", margins)
    assert unmoved["count"].to_numpy() == pytest.approx(
        cohorts.education_of_cohorts(none)["count"].to_numpy()
    )


def test_schooling_of_cohorts_pulls_the_fit(tottori, shapes, structure, margins):
    wanted = cohorts.education_of_cohorts(structure.inputs.of("tottori", margins))
    model = without(["education_of_cohorts", "age", "municipality"])
    alone, _ = fit_prefecture("tottori", margins, assemble(shapes, model))

    def off(joint):
        people = Factor.from_frame(joint.factors["people"]).table(
            "sex", "cohort", "cohort_education"
        )
        sums = people[:, 1:, :4].ravel()
        aims = wanted.pivot("cohort_education", index=["sex", "cohort"], values="count")
        order = aims.sort(pl.col("sex").replace_strict({"male": 0, "female": 1}), "cohort")
        counts = order.select(cohorts.EDUCATIONS).to_numpy().ravel()
        return np.abs(sums - counts).sum() / 2 / counts.sum()

    assert off(tottori) < 0.03 < 0.7 * off(alone)
