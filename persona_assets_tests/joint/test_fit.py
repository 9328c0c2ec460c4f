import polars as pl
import pytest

from persona_assets.joint.fit import Joint, fit_prefecture
from persona_assets.partitions import prefectures
from persona_assets.raking import MarginConflictError


@pytest.mark.parametrize("key", list(prefectures()))
def test_every_prefecture_meets_every_margin(key, margins, shapes):
    _, report = fit_prefecture(key, margins, shapes)
    assert max(report.errors.values()) < 1e-6


def test_joint_survives_its_frame(tottori):
    again = Joint.from_frame(tottori.to_frame())
    assert again.prefecture == "tottori"
    for name, factor in tottori.factors.items():
        assert again.factors[name].select(factor.columns).equals(factor)


def test_students_are_young_and_single_years_add_up(tottori, margins):
    students = tottori.factors["people"].filter(pl.col("education") == "in_school")
    assert set(students["age_group"]) <= {"15-17", "18-19", "20-24", "25-29", "30-34"}
    adults = margins["population"].filter(
        (pl.col("prefecture") == "tottori") & (pl.col("age") >= 18)
    )
    assert tottori.factors["age"]["weight"].sum() == pytest.approx(adults["count"].sum(), rel=1e-6)


def test_margins_that_cannot_hold_are_named(margins, shapes):
    broken = margins | {
        "education": margins["education"].with_columns(
            pl.when(pl.col("education") == "university")
            .then(pl.col("count") * 3)
            .otherwise(pl.col("count"))
            .alias("count")
        )
    }
    with pytest.raises(MarginConflictError, match="education"):
        fit_prefecture("tottori", broken, shapes)


def test_any_axis_has_a_margin_of_its_universe(tottori, margins):
    here = margins["population"].filter((pl.col("prefecture") == "tottori") & (pl.col("age") >= 18))
    adults = here["count"].sum()
    for axes in (("age",), ("age", "education"), ("sex", "marital"), ("age", "labour_status")):
        assert tottori.margin(*axes)["count"].sum() == pytest.approx(adults, rel=1e-6), axes
    employed = tottori.margin("employment_status")["count"].sum()
    assert tottori.margin("industry", "employment_status")["count"].sum() == pytest.approx(
        employed, rel=1e-6
    )
    by_age = tottori.margin("age").join(
        here.group_by("age").agg(pl.col("count").sum().alias("census")), on="age"
    )
    assert by_age.height == here["age"].n_unique()
    assert (by_age["count"] / by_age["census"] - 1).abs().max() < 1e-4


def test_public_service_and_police_have_employees_only(tottori):
    status = tottori.margin("occupation", "employment_status")
    assert set(status.filter(pl.col("occupation") == "F")["employment_status"]) == {"employee"}
    industry = tottori.margin("industry", "employment_status")
    assert set(industry.filter(pl.col("industry") == "S")["employment_status"]) == {"employee"}
