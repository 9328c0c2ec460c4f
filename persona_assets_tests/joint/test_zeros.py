from functools import cache

import polars as pl
import pytest

from persona_assets.joint import fit
from persona_assets.joint.model import MODEL

ZEROS = [(spec, zero) for spec in MODEL for zero in spec.zeros]
each_zero = pytest.mark.parametrize(
    ("spec", "zero"), ZEROS, ids=[f"{spec.name}: {zero.reason}" for spec, zero in ZEROS]
)


@pytest.fixture(scope="module")
def combinations(structure):
    """Every combination of a factor's variables that what it hangs on can have, zeros included."""
    by_name = cache(lambda name: fit.combinations(name, structure))
    return lambda spec: by_name(spec.name)


def true_for(zero):
    return zero.condition.fill_null(value=False)


@each_zero
def test_each_structural_zero_excludes_something_that_no_other_does(spec, zero, combinations):
    others = [true_for(other) for other in spec.zeros if other is not zero]
    alone = true_for(zero) & ~pl.any_horizontal(*others, pl.lit(value=False))
    assert combinations(spec).filter(alone).height > 0


@each_zero
def test_no_cell_is_a_structural_zero(spec, zero, structure):
    assert structure.factors[spec.name].cells.to_frame().filter(true_for(zero)).is_empty()


@pytest.mark.parametrize("name", ["people", "employment_status", "work_mode", "school", "household",
                                  "education_detail", "age"])  # fmt: skip
def test_cells_are_all_combinations_but_the_structural_zeros(name, structure, combinations):
    (spec,) = (spec for spec in MODEL if spec.name == name)
    impossible = pl.any_horizontal(true_for(zero) for zero in spec.zeros)
    possible = combinations(spec).filter(~impossible)
    cells = structure.factors[name].cells.to_frame()
    assert cells.height == possible.height
    assert cells.join(
        possible, on=cells.columns, how="anti", nulls_equal=True, maintain_order="left"
    ).is_empty()


def test_every_structural_zero_has_a_reason_of_its_own():
    for spec in MODEL:
        reasons = [zero.reason for zero in spec.zeros]
        assert all(reason.strip() for reason in reasons)
        assert len(set(reasons)) == len(reasons)


def test_what_cannot_be_is_no_cell(structure):
    def some(factor, **wanted):
        return structure.factors[factor].cells.to_frame().filter(**wanted).height > 0

    assert not some("people", age_group="15-17", marital="married")
    assert some("people", age_group="18-19", marital="married")
    assert not some("people", age_group="18-19", education="university")
    assert some("people", age_group="20-24", education="university")
    assert not some("people", age_group="35-39", education="in_school")
    assert some("people", age_group="30-34", education="in_school")
    assert not some("people", education="university", labour_status="studying")
    assert some("people", education="in_school", labour_status="employed")
    assert not some("people", education="in_school", labour_status="housework")
    assert not some("household", household="couple_only", marital="divorced")
    assert some("household", household="one_person", marital="married")
    assert some("work_mode", work_mode="working_beside_study", in_school="yes")
    assert not some("work_mode", work_mode="working_beside_study", in_school="no")
    assert not some("industry", industry="S", worker_kind="own_business")
    assert not some("industry", industry="S", worker_kind="executive")
    assert not some("household", household="institution", labour_status="housework")
    assert not some("employment_status", occupation="A", employment_status="family_worker")
    assert not some("employment_status", occupation="A", employment_status="own_account")


@pytest.mark.parametrize(
    ("education", "school", "youngest", "oldest"),
    [
        ("lower_secondary", None, 15, 104),
        ("upper_secondary", None, 18, 104),
        ("junior_college", None, 20, 104),
        ("university", None, 22, 104),
        ("graduate_school", None, 24, 104),
        ("in_school", "lower_secondary", 15, 15),
        ("in_school", "upper_secondary", 15, 19),
        ("in_school", "junior_college", 15, 24),
        ("in_school", "university", 18, 34),
        ("in_school", "graduate_school", 22, 34),
    ],
)
def test_ages_fit_their_schooling(structure, education, school, youngest, oldest):
    cells = structure.factors["age"].cells.to_frame().filter(pl.col("education") == education)
    here = cells.filter(pl.col("school").eq_missing(pl.lit(school, pl.String)))["age"]
    assert (here.min(), here.max()) == (youngest, oldest)


@pytest.mark.parametrize(
    ("detail", "oldest"),
    [("vocational_school", "60-64"), ("technical_college", "70-74"), ("junior_college", "85+")],
)
def test_schools_that_did_not_exist_have_no_alumni(structure, detail, oldest):
    cells = structure.factors["education_detail"].cells.to_frame()
    groups = cells.filter(education_detail=detail)["age_group"].unique().to_list()
    assert max(groups, key=lambda group: int(group[:2])) == oldest
