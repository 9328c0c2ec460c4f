from dataclasses import replace

import numpy as np
import pandera.errors
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.joint import distribution
from persona_assets.joint.distribution import (
    JOINT_SCHEMA,
    REPORTED_AXES,
    Joint,
    add_coarse,
    adult_margins,
    factors_of,
)
from persona_assets.joint.domain import AXES, COARSE, OPEN_AXES
from persona_assets.joint.model import MODEL, WORKS, FactorSpec

SPECS = {spec.name: spec for spec in MODEL}
AXIS_SETS = [
    ("sex",),
    ("household", "industry"),
    ("municipality", "employment_status"),
    ("occupation_class", "education_detail"),
    ("age", "household"),
    ("school", "worker_class"),
    ("work_mode", "apart"),
    ("work_age", "industry", "marital"),
    ("age_band", "labour_force", "ever_married"),
    ("age_group", "age_band", "in_school"),
]


@pytest.fixture(scope="module")
def few(tottori):
    """Young guards and who does not work of their age: few enough for every combination."""
    some = {
        "age_group": ["20-24", "15-17"],
        "education": ["university", "in_school"],
        "occupation": ["F", None],
        "work_age": ["20-24"],
        "industry": ["H", "R", "S"],
        "municipality": ["31201", "31202"],
    }
    return Joint(
        "tottori",
        {
            name: factor.filter(
                pl.col(axis).is_in(names, nulls_equal=True)
                for axis, names in some.items()
                if axis in factor.columns
            )
            for name, factor in tottori.factors.items()
        },
        tottori.figures,
    )


@pytest.fixture(scope="module")
def everybody(few):
    """Every combination of all variables of those few, with its people."""
    people = few.factors["people"].filter(pl.col("age_group") != "15-17")
    for name, spec in SPECS.items():
        if spec.parent is not None:
            total = pl.col("weight").sum().over(list(spec.given))
            shares = few.factors[name].with_columns(share=pl.col("weight") / total).drop("weight")
            people = add_coarse(people, spec.given).join(
                shares, on=list(spec.given), how="left", nulls_equal=True
            )
            # Who does not have the variables stays.
            people = people.with_columns(
                weight=pl.col("weight") * pl.col("share").fill_null(1)
            ).drop("share")
            people = people.filter(pl.col("weight") > 0)
    return people


@pytest.mark.parametrize("axes", AXIS_SETS, ids="-".join)
def test_margin_is_the_sum_over_every_combination(axes, few, everybody):
    expected = (
        add_coarse(everybody, axes)
        .drop_nulls(list(axes))
        .group_by(axes)
        .agg(pl.col("weight").sum())
    )
    found = few.margin(*axes)
    both = found.join(expected, on=list(axes), how="full", coalesce=True)
    assert both.height == found.height == expected.height > 1 or axes == ("sex",)
    assert (both["count"] / both["weight"] - 1).abs().max() < 1e-9


@pytest.mark.parametrize("axis", [*AXES, *COARSE, *OPEN_AXES])
def test_margin_of_an_axis_has_all_who_have_a_value(axis, tottori):
    employed = tottori.adults.filter(WORKS)["weight"].sum()
    students = tottori.adults.filter(education="in_school")["weight"].sum()
    everyone = tottori.adults["weight"].sum()
    of_work = ("occupation", "occupation_class", "employment_status", "worker_class", "worker_kind",
               "work_mode", "industry")  # fmt: skip
    whole = employed if axis in of_work else students if axis == "school" else everyone
    margin = tottori.margin(axis)
    assert margin.columns == [axis, "count"]
    assert margin["count"].sum() == pytest.approx(whole, rel=1e-6)
    assert margin[axis].is_sorted()
    assert margin[axis].n_unique() == margin.height


def test_margin_of_the_adults_by_single_year_is_the_census(tottori, margins):
    here = margins["population"].filter(prefecture="tottori").filter(pl.col("age") >= 18)
    both = tottori.margin("sex", "age").join(here, on=["sex", "age"], how="full")
    assert both.height == here.height == 2 * 87
    assert (both["count"] - both["count_right"]).abs().max() < 0.1


def test_order_of_the_axes_is_that_of_the_columns(tottori):
    one, other = tottori.margin("sex", "marital"), tottori.margin("marital", "sex")
    assert other.columns == ["marital", "sex", "count"]
    assert one.equals(other.select(one.columns).sort("sex", "marital"))


@pytest.mark.parametrize(
    ("axes", "factors"),
    [
        ((), ("people",)),
        (("sex", "age_band"), ("people",)),
        (("worker_class",), ("people", "employment_status")),
        (("industry",), ("people", "employment_status", "occupation_class", "industry")),
        (("age", "apart"), ("people", "school", "household", "age")),
        (("municipality", "work_mode"), ("people", "employment_status", "work_mode",
                                         "municipality")),
    ],
)  # fmt: skip
def test_factors_that_a_margin_needs_come_parents_first(axes, factors):
    assert factors_of(axes) == factors


def test_unknown_axis_is_named(tottori):
    with pytest.raises(KeyError, match="no factor of the joint has the axis 'shoe_size'"):
        tottori.margin("sex", "shoe_size")


def test_shares_of_those_alike_add_up_to_one(tottori):
    for name, spec in SPECS.items():
        if spec.parent is not None:
            sums = tottori.shares(name).group_by(spec.given).agg(pl.col("share").sum())
            assert sums["share"].to_numpy() == pytest.approx(np.ones(sums.height)), name


TINY = (
    FactorSpec("people", ("sex", "age_group", "labour_status", "occupation")),
    FactorSpec(
        "employment_status",
        ("employment_status",),
        given=("sex", "occupation"),
        parent="people",
        who=WORKS,
    ),
    FactorSpec("household", ("household",), given=("age_band", "labour_force"), parent="people"),
)


@pytest.fixture
def tiny(monkeypatch):
    """Hundred people, of whom every number can be checked by hand."""
    monkeypatch.setattr(distribution, "SPECS", {spec.name: spec for spec in TINY})
    monkeypatch.setattr(distribution, "FACTORS", tuple(spec.name for spec in TINY))
    people = pl.DataFrame(
        [("male", "15-17", "studying", None, 10.0), ("male", "40-44", "employed", "C", 30.0),
         ("female", "40-44", "employed", "C", 20.0), ("female", "40-44", "housework", None, 10.0),
         ("female", "70-74", "other", None, 30.0)],
        schema=["sex", "age_group", "labour_status", "occupation", "weight"], orient="row",
    )  # fmt: skip
    status = pl.DataFrame(
        [("male", "C", "regular", 24.0), ("male", "C", "employer", 6.0),
         ("female", "C", "regular", 10.0), ("female", "C", "part_time", 10.0)],
        schema=["sex", "occupation", "employment_status", "weight"], orient="row",
    )  # fmt: skip
    household = pl.DataFrame(
        [("15-64", "employed", "one_person", 20.0), ("15-64", "employed", "institution", 30.0),
         ("15-64", "inactive", "other_relatives", 20.0), ("65+", "inactive", "one_person", 15.0),
         ("65+", "inactive", "other_relatives", 15.0)],
        schema=["age_band", "labour_force", "household", "weight"], orient="row",
    )  # fmt: skip
    factors = {"people": people, "employment_status": status, "household": household}
    return Joint("tiny", factors, "0" * 12)


def test_margins_of_a_joint_checked_by_hand(tiny):
    assert tiny.people == 100
    assert tiny.margin("sex").rows() == [("female", 60), ("male", 30)]
    assert tiny.margin("household").rows() == [
        ("institution", 30), ("one_person", 35), ("other_relatives", 25),
    ]  # fmt: skip
    # 24 of 50 who work are men in regular work; two in five of those who work live alone.
    found = {row[:2]: row[2] for row in tiny.margin("employment_status", "household").rows()}
    assert found["employer", "one_person"] == pytest.approx(2.4)
    assert found["regular", "institution"] == pytest.approx(34 * 0.6)
    assert tiny.margin("worker_class", "apart").rows() == [
        ("employee", "yes", pytest.approx(44)), ("self_employed", "yes", pytest.approx(6)),
    ]  # fmt: skip
    assert tiny.margin("age_band", "apart").rows() == [
        ("15-64", "no", 10), ("15-64", "yes", 50), ("65+", "no", 15), ("65+", "yes", 15),
    ]  # fmt: skip


def test_entropy_is_that_of_every_combination(tiny):
    combinations = np.array(
        [10, *(30 * np.outer([0.8, 0.2], [0.4, 0.6])).ravel(),
         *(20 * np.outer([0.5, 0.5], [0.4, 0.6])).ravel(), 10, 15, 15]
    )  # fmt: skip
    share = combinations / 100
    assert share.sum() == pytest.approx(1)
    assert tiny.entropy == pytest.approx(-(share * np.log(share)).sum())


def test_reported_margins_are_those_of_the_joint_by_sex(tottori):
    reported = adult_margins(tottori)
    assert reported.columns == ["margin", "sex", "level", "count"]
    assert reported["margin"].unique(maintain_order=True).to_list() == list(REPORTED_AXES)
    assert set(reported["sex"]) == set(levels.SEX)
    for axis in REPORTED_AXES:
        here = reported.filter(margin=axis).select("sex", pl.col("level").alias(axis), "count")
        assert here.equals(tottori.margin("sex", axis))
        assert set(here[axis]) <= set(AXES[axis])


def test_frame_of_a_joint_is_checked(tottori):
    frame = tottori.to_frame()
    assert JOINT_SCHEMA.validate(frame).height == sum(f.height for f in tottori.factors.values())
    unknown = replace(tottori, factors={"shoes": tottori.factors["people"]})
    negative = replace(
        tottori, factors={"people": tottori.factors["people"].with_columns(weight=pl.lit(-1.0))}
    )
    for broken in (unknown, negative):
        with pytest.raises(pandera.errors.SchemaError):
            broken.to_frame()


def test_coarse_axes_are_read_off_and_stay_empty_where_the_finer_is():
    frame = pl.DataFrame({"employment_status": ["employer", None], "age_group": ["85+", "15-17"]})
    coarse = add_coarse(frame, ["worker_class", "age_band", "age_group"])
    assert coarse.columns == ["employment_status", "age_group", "worker_class", "age_band"]
    assert coarse["worker_class"].to_list() == ["self_employed", None]
    assert coarse["age_band"].to_list() == ["65+", "15-64"]
