import hashlib
import os
import pickle
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.census.margins import MARGIN_NAMES
from persona_assets.joint.distribution import Joint, add_coarse
from persona_assets.joint.domain import Factor
from persona_assets.joint.fit import assemble, figures_version, fit_prefecture, structure_of
from persona_assets.joint.model import MODEL, without
from persona_assets.joint.scores import margin_scores
from persona_assets.partitions import prefectures
from persona_assets.raking import MarginConflictError

HERE = pl.col("prefecture") == "tottori"
SPECS = {spec.name: spec for spec in MODEL}
every_margin = pytest.mark.parametrize("name", MARGIN_NAMES)
every_factor = pytest.mark.parametrize("name", SPECS)


def changed(margins, name, edit):
    """The margins with one of them edited in Tottori."""
    frame = margins[name]
    edited = edit(frame.filter(HERE)).select(frame.columns)
    return {**margins, name: pl.concat([frame.filter(~HERE), edited])}


def first_count(frame, count):
    """Set the first count of a margin."""
    first = pl.int_range(pl.len()) == 0
    return frame.with_columns(pl.when(first).then(count).otherwise("count").alias("count"))


@pytest.fixture(scope="module")
def shimane(margins, structure):
    return fit_prefecture("shimane", margins, structure)[0]


# Every sixth at once, the others in the second half.
@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=() if place % 6 == 0 else pytest.mark.slow)
        for place, key in enumerate(prefectures())
    ],
)
def test_every_prefecture_meets_every_margin(key, margins, structure):
    joint, report = fit_prefecture(key, margins, structure)
    assert set(report.errors) >= set(MARGIN_NAMES)
    assert report.largest_error < 1e-6
    assert set(report.gaps) == {
        "education_of_cohorts", "municipality_sexes", "municipality_occupations",
    }  # fmt: skip
    assert max(report.gaps.values()) < 1e-3
    # Soft ones are never far off.
    assert max(report.distances.values()) < 0.1
    residents = margins["population"].filter(pl.col("prefecture") == key)["count"].sum()
    assert joint.people == pytest.approx(residents, rel=1e-9)
    for name, factor in joint.factors.items():
        assert factor["weight"].is_finite().all(), name
        assert factor["weight"].min() >= 0, name


def test_report_says_what_is_hard_and_what_is_soft(margins, structure, tottori):
    _, report = fit_prefecture("tottori", margins, structure)
    scores = margin_scores(report)
    soft = pl.col("weight") < 1
    assert set(scores.filter(soft)["margin"]) == set(report.gaps)
    assert scores["margin"].to_list() == list(report.errors)
    assert scores.filter(~soft)["gap"].is_null().all()
    assert scores.filter(~soft)["largest_error"].max() == report.largest_error
    assert report.entropy == pytest.approx(tottori.entropy)
    assert report.effective_cells == pytest.approx(np.exp(report.entropy))


@every_factor
def test_what_factors_share_is_the_same_in_both(name, tottori):
    spec = SPECS[name]
    if spec.parent is None:
        return
    above = tottori.factors[spec.parent]
    if spec.who is not None:
        above = above.filter(spec.who)
    one, other = (
        add_coarse(frame, spec.given)
        .group_by(spec.given, maintain_order=True)
        .agg(pl.col("weight").sum())
        for frame in (above, tottori.factors[name])
    )
    both = one.join(
        other, on=list(spec.given), how="full", nulls_equal=True, coalesce=True,
        maintain_order="left",
    )  # fmt: skip
    assert both.height == one.height == other.height
    off = (both["weight"] - both["weight_right"]).abs()
    assert off.max() < 1e-6 * tottori.people
    assert off.sum() < 1e-6 * tottori.people


def people_of(joint, factor, **wanted):
    return joint.factors[factor].filter(**wanted)["weight"].sum()


def test_structural_zeros_hold(tottori, structure):
    for spec in MODEL:
        for zero in spec.zeros:
            impossible = zero.condition.fill_null(value=False)
            assert tottori.factors[spec.name].filter(impossible).is_empty(), zero.reason
    assert people_of(tottori, "people", age_group="15-17", marital="never_married") > 10_000
    couples = tottori.factors["household"].filter(household="couple_only")
    assert set(couples["marital"]) == {"married"}
    guards = tottori.factors["employment_status"].filter(occupation="F")
    assert set(guards["employment_status"]) == {"regular", "dispatched", "part_time"}
    public = tottori.factors["industry"].filter(industry="S")
    assert set(public["worker_kind"]) == {"employee"}
    doctors = tottori.factors["occupation_class"].filter(occupation_class="医師")
    assert set(doctors["education"]) == {"university", "graduate_school"}
    assert doctors["weight"].sum() > 100
    students = tottori.factors["people"].filter(education="in_school")
    assert set(students["age_group"]) == {"15-17", "18-19", "20-24", "25-29", "30-34"}
    beside = tottori.factors["work_mode"].filter(work_mode="working_beside_study")
    assert set(beside["in_school"]) == {"yes"}


def test_people_of_each_single_year_are_the_census(tottori, margins):
    by_year = tottori.factors["age"].group_by("sex", "age").agg(pl.col("weight").sum())
    both = by_year.join(margins["population"].filter(HERE), on=["sex", "age"], how="full")
    assert both.height == 180
    assert (both["weight"] - both["count"]).abs().max() < 0.1


def test_students_of_the_nation_are_as_old_as_the_census_counts(shapes, margins):
    japan = {
        name: frame.group_by(frame.columns[1:-1], maintain_order=True)
        .agg(pl.col("count").sum())
        .select(pl.lit("japan").alias("prefecture"), pl.all())
        for name, frame in margins.items()
    }
    structure = assemble(shapes, without(["municipality", "age", "education_detail"]))
    people = fit_prefecture("japan", japan, structure)[0].factors["people"]
    table = Factor.from_frame(people).table("sex", "census_age", "in_school")
    census = shapes["in_school_by_age"].sort(pl.col("sex") == "female", maintain_order=True)
    fitted = (table[..., 1] / table.sum(axis=2)).ravel()
    counted = (census["in_school"] / census["population"]).to_numpy()
    assert len(fitted) == len(counted) == 30
    # The margins count three in a hundred students more, whose schooling was unknown.
    assert np.abs(fitted - counted).max() < 0.04
    older = slice(2, 4)
    assert (fitted.reshape(2, 15)[:, older] > counted.reshape(2, 15)[:, older] / 4).all()


def test_chains_keep_what_is_fitted_above_them(shapes, margins, structure, tottori):
    above = tuple(spec for spec in MODEL if not spec.chain)
    alone, _ = fit_prefecture("tottori", margins, assemble(shapes, above))
    for spec in above:
        assert alone.factors[spec.name].equals(tottori.factors[spec.name]), spec.name


def digest(joint):
    return hashlib.sha256(joint.to_frame().write_csv().encode()).hexdigest()


def test_same_figures_same_bytes(shapes, margins, tottori):
    again, _ = fit_prefecture("tottori", margins, assemble(shapes))
    assert digest(again) == digest(tottori)
    assert again.to_frame().equals(tottori.to_frame())


# A process of its own: sets and dictionaries of texts have another order there.
SCRIPT = """
import pickle, sys
from persona_assets.joint.domain import Factor
from persona_assets.joint.fit import assemble, fit_prefecture
from persona_assets_tests.joint.test_fit import digest
with open(sys.argv[1], "rb") as file:
    shapes, margins = pickle.load(file)
print(digest(fit_prefecture("tottori", margins, assemble(shapes))[0]))
"""


@pytest.mark.slow
def test_order_of_hashes_changes_nothing(shapes, margins, tottori, tmp_path):
    here = {name: frame.filter(HERE) for name, frame in margins.items()}
    path = tmp_path / "inputs"
    path.write_bytes(pickle.dumps((shapes, here)))
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)],
        env=os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert run.stdout.strip() == digest(tottori)


def test_structure_is_kept_while_the_shapes_stay(shapes):
    kept = structure_of(shapes)
    assert structure_of(dict(reversed(shapes.items()))) is kept
    other = {**shapes, "labour_rates": shapes["labour_rates"].reverse()}
    assert structure_of(other) is not kept


# For each margin, people who change their row so that it still agrees with the other margins.
MOVES = {
    "population": [({"sex": "male", "age": 40}, -1), ({"sex": "male", "age": 41}, 1)],
    "marital_status": [
        ({"sex": "male", "age_group": "40-44", "marital": "married"}, -1),
        ({"sex": "male", "age_group": "40-44", "marital": "divorced"}, 1),
    ],
    "labour_status": [
        ({"sex": "male", "labour_status": "unemployed"}, -1),
        ({"sex": "male", "labour_status": "inactive"}, 1),
        ({"sex": "female", "labour_status": "unemployed"}, 1),
        ({"sex": "female", "labour_status": "inactive"}, -1),
    ],
    "employment": [
        ({"sex": "male", "age_group": "40-44", "employed": "yes"}, -1),
        ({"sex": "male", "age_group": "40-44", "employed": "no"}, 1),
        ({"sex": "male", "age_group": "60-64", "employed": "yes"}, 1),
        ({"sex": "male", "age_group": "60-64", "employed": "no"}, -1),
    ],
    "inactivity": [({"labour_status": "housework"}, -1), ({"labour_status": "other"}, 1)],
    "education": [
        ({"sex": "female", "education": "upper_secondary"}, -1),
        ({"sex": "female", "education": "university"}, 1),
    ],
    "school": [
        ({"sex": "female", "school": "university"}, -1),
        ({"sex": "female", "school": "graduate_school"}, 1),
    ],
    "worker_class": [
        ({"sex": "male", "worker_class": "employee"}, -1),
        ({"sex": "male", "worker_class": "self_employed"}, 1),
        ({"sex": "female", "worker_class": "employee"}, 1),
        ({"sex": "female", "worker_class": "self_employed"}, -1),
    ],
    "employment_status": [
        ({"employment_status": "regular"}, -1),
        ({"employment_status": "part_time"}, 1),
    ],
    "work_mode": [({"work_mode": "mainly_working"}, -1), ({"work_mode": "absent"}, 1)],
    "occupation": [
        ({"sex": "male", "occupation": "H"}, -1),
        ({"sex": "male", "occupation": "J"}, 1),
    ],
    "industry": [({"sex": "male", "industry": "E"}, -1), ({"sex": "male", "industry": "D"}, 1)],
    "household": [
        ({"household": "couple_only"}, -1),
        ({"household": "couple_with_children"}, 1),
    ],
    "living_alone": [({"age_band": "15-64"}, -1), ({"age_band": "65+"}, 1)],
}


@every_margin
def test_figure_of_one_prefecture_changes_the_joint_of_that_one_alone(
    name, margins, structure, tottori, shimane
):
    def move(frame):
        for where, sign in MOVES[name]:
            row = pl.all_horizontal(pl.col(column) == level for column, level in where.items())
            assert frame.filter(row).height == 1
            frame = frame.with_columns(pl.when(row).then(pl.col("count") + sign * 50)
                                       .otherwise("count").alias("count"))  # fmt: skip
        return frame

    other = changed(margins, name, move)
    here, report = fit_prefecture("tottori", other, structure)
    assert report.largest_error < 1e-6
    factor = next(s.name for s in MODEL if name in {m.margin for m in s.measured})
    assert here.figures != tottori.figures
    moved = here.factors[factor]["weight"] - tottori.factors[factor]["weight"]
    assert 25 < moved.abs().sum() / 2 < 500
    there, _ = fit_prefecture("shimane", other, structure)
    assert there.to_frame().equals(shimane.to_frame())


@every_margin
def test_version_of_the_figures_follows_every_margin_of_the_own_prefecture(name, margins):
    other = changed(margins, name, lambda frame: first_count(frame, pl.col("count") + 1))
    assert figures_version("tottori", other) != figures_version("tottori", margins)
    assert figures_version("shimane", other) == figures_version("shimane", margins)


def refusal(margins, structure):
    """What the fit of broken margins says."""
    with pytest.raises(MarginConflictError) as error:
        fit_prefecture("tottori", margins, structure)
    return str(error.value)


def cell_of(name, row):
    """What messages call a row of a margin."""
    return " ".join(str(level) for column, level in row.items()
                    if column not in ("prefecture", "count"))  # fmt: skip


@pytest.mark.parametrize("count", [-1.0, float("nan"), float("inf"), None])
@every_margin
def test_count_that_is_no_number_of_people_is_named(name, count, margins, structure):
    broken = changed(margins, name, lambda frame: first_count(frame, pl.lit(count, pl.Float64)))
    first = margins[name].filter(HERE).row(0, named=True)
    said = refusal(broken, structure)
    assert f"margin '{name}', cell tottori {cell_of(name, first)}: count" in said


@every_margin
def test_missing_row_is_named(name, margins, structure):
    lost = margins[name].filter(HERE).row(0, named=True)
    broken = changed(margins, name, lambda frame: frame.slice(1))
    said = refusal(broken, structure)
    assert f"margin '{name}' of tottori has no row for {cell_of(name, lost)}" in said


def test_row_that_no_cell_needs_may_be_missing(margins, structure, tottori):
    young = (pl.col("age_group") == "15-17") & (pl.col("marital") != "never_married")
    fewer = changed(margins, "marital_status", lambda frame: frame.filter(~young))
    joint, _ = fit_prefecture("tottori", fewer, structure)
    assert joint.figures != tottori.figures
    for name, factor in joint.factors.items():
        assert factor.equals(tottori.factors[name]), name


@every_margin
def test_margin_without_rows_is_named(name, margins, structure):
    said = refusal(changed(margins, name, lambda frame: frame.clear()), structure)
    assert f"margin '{name}' has no rows of tottori" in said
    said = refusal({key: frame for key, frame in margins.items() if key != name}, structure)
    assert f"margin '{name}' has no rows of tottori" in said


@every_margin
def test_margin_of_zeros_is_named(name, margins, structure):
    broken = changed(margins, name, lambda frame: frame.with_columns(count=pl.lit(0.0)))
    said = refusal(broken, structure)
    assert f"margin '{name}' adds up to zero, from tottori " in said


@every_margin
def test_row_that_is_there_twice_is_named(name, margins, structure):
    first = margins[name].filter(HERE).row(0, named=True)
    broken = changed(margins, name, lambda frame: pl.concat([frame, frame.head(1)]))
    said = refusal(broken, structure)
    assert f"margin '{name}' of tottori has the cell {cell_of(name, first)} twice" in said


@every_margin
def test_unknown_level_is_named(name, margins, structure):
    axis = margins[name].columns[-2]
    unknown = 200 if axis == "age" else "elsewhere"
    broken = changed(
        margins, name,
        lambda frame: frame.with_columns(
            pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(unknown)).otherwise(axis).alias(axis)
        ),
    )  # fmt: skip
    said = refusal(broken, structure)
    assert f"margin '{name}' of tottori: column '{axis}' has '{unknown}', which is no level" in said


@pytest.mark.parametrize("times", [1.2, 0.8])
@every_margin
def test_margins_that_cannot_both_hold_are_named(name, times, margins, structure):
    broken = changed(margins, name, lambda frame: frame.with_columns(pl.col("count") * times))
    said = refusal(broken, structure)
    assert f"'{name}'" in said
    assert "cannot both hold: in tottori " in said


def test_prefecture_without_margins_is_named(margins, structure):
    with pytest.raises(MarginConflictError, match="has no rows of atlantis"):
        fit_prefecture("atlantis", margins, structure)


def test_people_where_every_cell_is_a_zero_are_named(margins, structure):
    def widows_of_15(frame):
        young = (pl.col("age_group") == "15-17") & (pl.col("sex") == "female")
        return frame.with_columns(
            pl.when(young & (pl.col("marital") == "widowed")).then(3.0)
            .otherwise("count").alias("count")
        )  # fmt: skip

    said = refusal(changed(margins, "marital_status", widows_of_15), structure)
    assert "margin 'marital_status' wants 3.0 people in tottori female 15-17 widowed" in said


def test_joint_survives_its_frame(tottori):
    again = Joint.from_frame(tottori.to_frame())
    assert again.prefecture == "tottori"
    assert again.figures == tottori.figures
    assert list(again.factors) == list(tottori.factors)
    for name, factor in tottori.factors.items():
        assert again.factors[name].select(factor.columns).equals(factor)


def test_workers_of_every_class_have_every_level(tottori):
    status = tottori.factors["employment_status"]
    assert set(status["employment_status"]) == set(levels.EMPLOYMENT_STATUS)
    assert status["weight"].sum() == pytest.approx(
        people_of(tottori, "people", labour_status="employed"), rel=1e-6
    )
