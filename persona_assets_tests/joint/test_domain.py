import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_assets import levels
from persona_assets.joint.domain import AXES, COARSE, Cells, Domain, Factor, first_age

AXES_HERE = ("sex", "age_group", "occupation", "municipality")
TOWNS = ("31201", "31202", "31203")


@st.composite
def factors(draw):
    """Some cells of a domain with a coarse axis, with None and with levels that are data."""
    domain = Domain.of(*AXES_HERE, municipality=TOWNS)
    cells = draw(st.sets(st.integers(0, domain.size - 1), min_size=1, max_size=40))
    codes = np.stack(np.unravel_index(sorted(cells), domain.shape), axis=1)
    weights = draw(st.lists(st.floats(0, 1e6), min_size=len(cells), max_size=len(cells)))
    return Factor(Cells(domain, codes), np.array(weights))


@pytest.mark.parametrize(("group", "age"), [("15-17", 15), ("85+", 85), ("100+", 100)])
def test_first_age_of_a_group(group, age):
    assert first_age(group) == age


@pytest.mark.parametrize(
    ("axis", "names"),
    [
        ("census_age", ["15-19", *levels.AGE_GROUPS[2:]]),
        ("age_band", ["15-64", "65+"]),
        (
            "work_age",
            ["15-19", "20-24", "25-34", "35-49", "50-64", "65+"],
        ),
        ("cohort", ["15-39", "40-49", "50-59", "60-69", "70-79", "80+"]),
        ("labour_force", ["employed", "unemployed", "inactive"]),
        ("worker_class", [None, *levels.WORKER_CLASS]),
        ("apart", ["yes", "no"]),
    ],
)
def test_levels_of_a_coarse_axis_are_in_the_order_of_the_finer_one(axis, names):
    assert list(COARSE[axis].levels) == names


@pytest.mark.parametrize("axis", COARSE)
def test_coarse_axis_groups_every_level_of_one_finer_axis(axis):
    assert set(COARSE[axis].group) == set(AXES[COARSE[axis].of])
    assert axis not in AXES
    assert 1 < len(COARSE[axis].levels) <= len(AXES[COARSE[axis].of])


@pytest.mark.parametrize(
    ("group", "coarse"),
    [("15-17", ("15-19", "15-64", "15-19", "15-39")),
     ("60-64", ("60-64", "15-64", "50-64", "60-69")),
     ("85+", ("85+", "65+", "65+", "80+"))],
)  # fmt: skip
def test_age_group_lies_in_its_bands(group, coarse):
    found = [COARSE[axis].group[group] for axis in ("census_age", "age_band", "work_age", "cohort")]
    assert tuple(found) == coarse


def test_domain_has_its_axes_and_those_that_group_them():
    domain = Domain.of("sex", "age_group", "school")
    assert domain.shape == (2, 16, 6)
    assert domain.size == 192
    assert "sex" in domain
    assert "age_band" in domain
    assert "worker_class" not in domain
    assert "age" not in domain
    assert domain.levels_of("age_band") == ("15-64", "65+")
    # Given as an axis of its own, a coarse one has no finer one.
    assert "age_group" not in Domain.of("age_band")


def test_rows_are_labelled_in_row_major_order():
    labels = Domain.of("sex", "municipality", municipality=TOWNS).row_labels()
    assert labels[:4] == ["male 31201", "male 31202", "male 31203", "female 31201"]
    assert Domain.of("occupation").row_labels()[-1] == "None"


@settings(max_examples=40, deadline=None)
@given(factors())
def test_factor_survives_its_frame(factor):
    again = Factor.from_frame(factor.to_frame(), municipality=TOWNS)
    assert again.cells.domain == factor.cells.domain
    assert (again.cells.codes == factor.cells.codes).all()
    assert (again.weights == factor.weights).all()


@settings(max_examples=60, deadline=None)
@given(factors(), st.lists(st.sampled_from([*AXES_HERE, "cohort"]), unique=True, max_size=3))
def test_table_has_the_sums_over_its_axes(factor, axes):
    table = factor.table(*axes)
    frame = factor.to_frame().with_columns(
        cohort=pl.col("age_group").replace_strict(dict(COARSE["cohort"].group))
    )
    expected = np.zeros(table.shape)
    names = [factor.cells.domain.levels_of(axis) for axis in axes]
    for row in frame.iter_rows(named=True):
        cell = tuple(of.index(row[axis]) for of, axis in zip(names, axes, strict=True))
        expected[cell] += row["weight"]
    assert table == pytest.approx(expected)


def test_table_over_no_axis_is_everybody():
    factor = Factor.from_frame(pl.DataFrame({"sex": ["male", "female"], "weight": [2.0, 3.0]}))
    assert factor.table() == 5


def test_nobody_without_work_has_a_class_of_worker():
    cells = Cells.from_frame(pl.DataFrame({"employment_status": [None, "employer", "regular"]}))
    names = COARSE["worker_class"].levels
    assert [names[code] for code in cells.column("worker_class")] == [
        None,
        "self_employed",
        "employee",
    ]
