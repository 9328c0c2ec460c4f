import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.joint.distribution import Joint
from persona_assets.people.former import (
    AGE_THEN,
    COHORT_OF,
    RETIRED_FROM,
    draw_former,
    former_occupations,
)
from persona_assets.people.occupations import class_titles

FORMER = ["former_occupation", "former_occupation_class", "former_occupation_title"]
COHORTS = ("60-64", "65-69", "70-74", "75+")


@pytest.fixture(scope="module")
def crowd(tottori: Joint) -> pl.DataFrame:
    """Many people out of work of 60 or more, as the joint has them."""
    cells = tottori.adults.filter(
        pl.col("labour_status").is_in(list(RETIRED_FROM)),
        pl.col("age_group").is_in(list(COHORT_OF)),
    )
    rows = np.random.default_rng(1).choice(
        len(cells), 30_000, p=(cells["weight"] / cells["weight"].sum()).to_numpy()
    )
    return cells.drop("weight")[rows].with_columns(
        age=pl.col("age_group").str.slice(0, 2).cast(pl.Int64)
    )


@pytest.fixture(scope="module")
def retired(crowd: pl.DataFrame, tottori: Joint) -> pl.DataFrame:
    return crowd.hstack(draw_former(crowd, tottori, np.random.default_rng(2))).with_columns(
        cohort=pl.col("age_group").replace_strict(COHORT_OF)
    )


def test_only_people_out_of_work_and_old_enough_have_retired(people):
    has = people["former_occupation"].is_not_null()
    for column in FORMER:
        assert (people[column].is_not_null() == has).all()
    retired = people.filter(has)
    for status, age in RETIRED_FROM.items():
        assert retired.filter(labour_status=status)["age"].min() >= age
    assert set(retired["labour_status"]) == set(RETIRED_FROM)
    men = people.filter(pl.col("age") >= 60, sex="male", labour_status="other")
    assert men["former_occupation"].null_count() == 0


def test_of_women_out_of_work_as_many_had_a_career_as_left_the_labour_force(retired, reference):
    careers = pl.read_csv(reference / "occupations" / "careers.csv").filter(sex="female")
    for row in careers.iter_rows(named=True):
        then, now = row["participation_55_59"], row["participation_2020"]
        women = retired.filter(sex="female", cohort=row["age_group"])
        if row["age_group"] == "60-64":
            women = women.filter(labour_status="other")
            assert women["former_occupation"].is_not_null().mean() > 0.8
        else:
            found = women["former_occupation"].is_not_null().mean()
            assert found == pytest.approx((then - now) / (1 - now), abs=0.02)


def test_former_occupations_differ_from_todays_as_the_cohorts_did(retired, tottori, reference):
    """Of all retired people of a sex and cohort: today's shares at 55-59 times then over now."""
    today = tottori.adults.filter(
        pl.col("age_group") == "55-59", pl.col("occupation").is_not_null()
    )
    table = pl.read_csv(reference / "occupations" / "former_work.csv")
    for sex, cohort in (("male", "65-69"), ("male", "75+"), ("female", "70-74")):
        rows = {r["occupation"]: r for r in table.filter(sex=sex, age_group=cohort).to_dicts()}
        wanted = {
            occupation: today.filter(sex=sex, occupation=occupation)["weight"].sum()
            * max(row["then_10k"], 0.25)
            / max(row["now_10k"], 0.25)
            for occupation, row in rows.items()
        }
        found = retired.filter(pl.col("former_occupation").is_not_null(), sex=sex, cohort=cohort)
        shares = dict(found["former_occupation"].value_counts(normalize=True).iter_rows())
        for occupation, value in wanted.items():
            assert shares.get(occupation, 0) == pytest.approx(
                value / sum(wanted.values()), abs=0.02
            )
    farmers = former_occupations(tottori, reference).filter(sex="male", occupation="G")
    young, old = (farmers.filter(cohort=c).sort("education", "ever_married") for c in COHORTS[::3])
    assert (old["weight"] > young["weight"]).all()


def test_shares_of_each_kind_of_people_add_up(tottori, reference):
    shares = former_occupations(tottori, reference)
    assert set(shares["occupation"]) == set(levels.OCCUPATION)
    assert set(shares["cohort"]) == set(COHORTS)
    sums = shares.group_by("sex", "cohort", "ever_married", "education").agg(pl.col("weight").sum())
    assert (sums["weight"] - 1).abs().max() < 1e-9


def test_titles_are_of_the_class_and_the_licence_holds(retired, reference):
    known = class_titles(reference)
    had = retired.filter(pl.col("former_occupation").is_not_null())
    for occupation, name in had.select(FORMER[:2]).unique().iter_rows():
        assert (occupation, name) in known
    doctors = had.filter(former_occupation_class="医師")
    assert doctors.height
    assert set(doctors["education"]) <= {"university", "graduate_school"}
    assert set(had.filter(former_occupation_class="助産師")["sex"]) <= {"female"}
    oldest = had.filter(pl.col("age") >= AGE_THEN + 26)["former_occupation_title"]
    assert not oldest.str.contains("Web|IT|ネット通販|携帯電話|ケアマネジャー").any()


def test_same_generator_same_former_work(crowd, tottori):
    some = crowd.head(500)
    again = [draw_former(some, tottori, np.random.default_rng(seed)) for seed in (3, 3, 4)]
    assert again[0].equals(again[1])
    assert not again[0].equals(again[2])


def test_nobody_retired_is_nobody_drawn(crowd, tottori):
    young = crowd.head(5).with_columns(age=pl.lit(30), age_group=pl.lit("30-34"))
    drawn = draw_former(young, tottori, np.random.default_rng(1))
    assert drawn.columns == FORMER
    assert drawn.null_count().row(0) == (5, 5, 5)
