from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.joint.cohorts import WEIGHT
from persona_assets.joint.fit import fit_prefecture
from persona_assets.joint.heldout import (
    CHECKS,
    SCORE_SCHEMA,
    Nation,
    cohorts_1990_to_2000,
    fit_nation,
    marital_single_years,
    score,
    score_all,
    summary,
)
from persona_assets.joint.inputs import Inputs
from persona_assets.joint.model import MODEL

ASKS = list(dict.fromkeys((check.factor, check.axes) for check in CHECKS))
BY_NAME = {check.name: check for check in CHECKS}


@pytest.fixture(scope="module")
def joints(margins, structure):
    return [fit_prefecture(key, margins, structure)[0] for key in ("tottori", "osaka")]


@pytest.fixture(scope="module")
def nation(joints):
    """Two prefectures that stand for the nation."""
    return Nation(joints, [*ASKS, ("household", ("age_group", "apart"))])


@pytest.fixture(scope="module")
def curve(margins):
    return marital_single_years(margins, ["tottori", "tokyo"])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_compares_shares_of_the_same_cells(check, nation, shapes):
    scores = score(check, nation, nation, shapes)
    assert dict(scores.schema) == SCORE_SCHEMA
    assert scores["held_out"].equals(scores["production"])
    assert scores.null_count().sum_horizontal().item() == 0
    assert scores["cell"].is_unique().all()
    assert scores["people"].min() > 0
    if check.only is None:
        groups = score(check, nation, nation, shapes).height
        official = check.official(Inputs(shapes, {}))
        rows = official.select(check.groups).n_unique()
        for column in ("official", "held_out"):
            assert scores[column].sum() == pytest.approx(100 * rows), column
        assert groups == official.select([*check.groups, *check.cells]).n_unique()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_what_was_made_of_the_table_is_left_out(check):
    model = check.model()
    left = {t.name for s in MODEL for t in s.seed} - {t.name for s in model for t in s.seed}
    if check.seen and check.name != "education_45_54":
        assert model is not MODEL
        assert left or check.name.startswith("education_45_54_modelled")
        for name in left:
            assert name in check.held
    else:
        assert model is MODEL


def test_a_table_that_is_the_fit_itself_has_no_error(nation, shapes):
    check = BY_NAME["never_married_by_education_45_54"]
    own = check.recode(nation.sums(check.factor, check.axes), Inputs(shapes, {})).drop_nulls(
        list(check.groups)
    )
    scores = score(replace(check, official=lambda _: own), nation, nation, shapes)
    (row,) = summary(scores).rows(named=True)
    assert row["cells"] == 8
    assert row["mean_held_out"] == pytest.approx(0, abs=1e-9)
    assert row["mean_baseline"] > 1


def test_errors_are_weighted_by_people_and_null_where_there_is_no_model():
    scores = pl.DataFrame(
        [("a", "x", 300.0, 10.0, 12.0, None, 20.0), ("a", "y", 100.0, 50.0, 44.0, None, 40.0)],
        schema=SCORE_SCHEMA,
        orient="row",
    )
    (row,) = summary(scores).rows(named=True)
    assert row["mean_held_out"] == pytest.approx((300 * 2 + 100 * 6) / 400)
    assert (row["largest_held_out"], row["largest_baseline"]) == (6, 10)
    assert row["mean_production"] is None
    assert row["largest_production"] is None


def test_the_independence_model_does_not_know_the_groups(nation, joints, shapes):
    scores = score(BY_NAME["living_alone"], nation, nation, shapes)
    assert scores["baseline"].n_unique() == 1
    household = pl.concat([joint.factors["household"] for joint in joints])
    apart = household.filter(pl.col("household").is_in(["one_person", "institution"]))
    share = 100 * apart["weight"].sum() / household["weight"].sum()
    assert scores["baseline"][0] == pytest.approx(share)


def test_minors_are_in_the_first_band(nation):
    sums = nation.sums("household", ("age_group", "apart"))
    assert "15-17" in set(sums["age_group"])


def test_the_curve_finds_ages_that_it_was_not_given(curve):
    errors = summary(curve)
    assert errors["check"].to_list() == ["marital_curve", "marital_curve_prefectures"]
    for row in errors.iter_rows(named=True):
        assert row["mean_held_out"] < row["mean_baseline"] / 5, row["check"]
        assert row["mean_production"] is None
    nation = curve.filter(pl.col("check") == "marital_curve")
    assert nation.height == 2 * 3 * len([g for g in levels.AGE_GROUPS[2:] if g != "85+"])
    # Two five-year groups together have the share of their ten years.
    men = nation.filter(pl.col("cell").str.starts_with("male 3"))
    never = men.filter(pl.col("cell").str.ends_with("never_married"))
    assert never["baseline"].n_unique() == 2


def test_older_cohorts_foretell_schooling_and_the_weight_is_near_the_best(shapes):
    found = cohorts_1990_to_2000(shapes, (0.0, 0.5, WEIGHT, 0.9))
    errors = found["mean_error"].to_list()
    assert errors[0] < found["mean_baseline"][0] / 4
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < 0.6 * errors[1]
    assert errors[2] < 0.35 * errors[0]


def test_nothing_below_the_fitted_level_is_fitted_and_what_is_above_is_the_same(
    margins, shapes, tottori
):
    axes = ("sex", "education", "marital")
    told = []
    fitted = fit_nation(
        margins, shapes, [("people", axes)], keys=["tottori"], on_progress=told.append
    )
    assert told == ["tottori"]
    both = fitted.sums("people", axes).join(
        tottori.factors["people"].group_by(axes).agg(pl.col("weight").sum()), on=axes
    )
    assert both.height == 48
    assert np.allclose(both["count"], both["weight"], rtol=1e-9)
    with pytest.raises(KeyError):
        fit_nation(margins, shapes, [("age", ("age",))], keys=["tottori"])


@pytest.mark.slow
def test_held_out_tables_are_met_better_than_by_independence(margins, shapes):
    told = []
    scores = score_all(margins, shapes, on_progress=lambda name, key: told.append((name, key)))
    errors = {row["check"]: row for row in summary(scores).iter_rows(named=True)}
    assert set(errors) == {*BY_NAME, "marital_curve", "marital_curve_prefectures"}
    assert len({name for name, _ in told}) == 7
    # Cohorts laid on the modelled schooling pull the nation to it: they are no better than nothing.
    worst = errors.pop("education_45_54_modelled_cohorts")
    assert worst["mean_held_out"] > 2 * errors["education_45_54_modelled"]["mean_held_out"]
    # Nothing but the survey says at which ages people live alone.
    ages = errors.pop("ages_of_those_alone")
    assert ages["mean_production"] < 0.5 * ages["mean_held_out"] < 0.5 * ages["mean_baseline"]
    for name, row in errors.items():
        assert row["mean_held_out"] < 0.8 * row["mean_baseline"], name
    # What a seed was made of is met better by the model that has it.
    for name in ("education_45_54_modelled", "never_married_by_education_45_54",
                 "education_by_status_25_34", "never_married_25_34", "occupation_middles",
                 "never_married_by_education_25_34"):  # fmt: skip
        assert errors[name]["mean_production"] < errors[name]["mean_held_out"], name
    assert errors["education_45_54"]["mean_production"] < 0.5
    assert errors["never_married_by_education_45_54"]["mean_production"] < 1
