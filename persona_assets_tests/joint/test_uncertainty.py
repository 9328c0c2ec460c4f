from dataclasses import replace
from itertools import combinations

import polars as pl
import pytest

from persona_assets.joint.model import MODEL, Evidence
from persona_assets.joint.scores import dependence
from persona_assets.joint.uncertainty import (
    DIVIDES,
    ONLY_FOR,
    VARIABLES,
    Status,
    counts,
    relations,
    relations_markdown,
)


def relation(first, second, model=MODEL):
    pair = pl.col("first").is_in([first, second]) & pl.col("second").is_in([first, second])
    return relations(model).filter(pair).row(0, named=True)


def changed(**specs):
    """Return the model with other terms or margins in some factors."""
    return tuple(replace(spec, **specs.get(spec.name, {})) for spec in MODEL)


def test_every_pair_has_one_status_and_every_variable_of_the_model_is_there():
    frame = relations()
    pairs = {frozenset(pair) for pair in frame.select("first", "second").iter_rows()}
    assert pairs == {frozenset(pair) for pair in combinations(VARIABLES, 2)}
    assert frame.height == len(pairs)
    assert set(VARIABLES) == {axis for spec in MODEL for axis in spec.adds}
    assert sum(counts(frame).values()) == frame.height


@pytest.mark.parametrize(
    ("first", "second", "status", "by"),
    [
        ("sex", "occupation", Status.MEASURED, "occupation"),
        ("age_group", "marital", Status.MEASURED, "marital_status"),
        ("age", "marital", Status.COARSER, "marital_status (age_group)"),
        ("sex", "employment_status", Status.COARSER, "worker_class (worker_class)"),
        ("age_group", "household", Status.COARSER,
         "living_alone (age_band, household = one_person)"),
        ("occupation", "industry", Status.OTHER_SOURCE, "industry_by_class"),
        ("occupation_class", "industry", Status.OTHER_SOURCE, "industry_by_class"),
        ("marital", "household", Status.ASSUMED, "household_by_marriage; impossible combinations"),
        ("education", "household", Status.INDEPENDENT, ""),
        ("age", "age_group", Status.DEFINITION, "age divides age_group"),
    ],
)  # fmt: skip
def test_a_pair_rests_on_what_the_model_declares(first, second, status, by):
    found = relation(first, second)
    assert found["status"] == status
    assert found["by"] == by


def test_without_its_table_a_relation_is_no_longer_measured():
    people = next(spec for spec in MODEL if spec.name == "people")
    margins = tuple(m for m in people.measured if m.margin != "marital_status")
    model = changed(people={"measured": margins})
    assert relation("sex", "marital", model)["status"] == Status.OTHER_SOURCE
    terms = tuple(
        replace(t, evidence=Evidence.ASSUMED) if t.name == "education_by_marriage" else t
        for t in people.seed
    )
    model = changed(people={"measured": margins, "seed": terms})
    assert relation("sex", "marital", model)["status"] == Status.ASSUMED
    model = changed(people={"measured": margins, "seed": (), "zeros": ()})
    found = relation("occupation", "marital", model)
    assert found["status"] == Status.INDEPENDENT


def test_a_soft_margin_is_another_source():
    municipality = next(spec for spec in MODEL if spec.name == "municipality")
    hard = tuple(replace(m, weight=1.0) for m in municipality.measured)
    assert relation("municipality", "occupation")["status"] == Status.OTHER_SOURCE
    model = changed(municipality={"measured": hard})
    assert relation("municipality", "occupation", model)["status"] == Status.MEASURED


def test_what_is_true_by_definition_is_true_in_the_joint(tottori):
    for fine, coarse in DIVIDES.items():
        pairs = tottori.margin(coarse, fine).filter(pl.col("count") > 0)
        assert pairs.height == pairs[fine].n_unique(), fine
    for variable, of in ONLY_FOR.items():
        having = tottori.margin(of, variable).filter(pl.col("count") > 0)
        assert having[of].n_unique() == 1, variable
        assert tottori.margin(of)[of].n_unique() > 1


INDEPENDENT = relations().filter(pl.col("status") == Status.INDEPENDENT.value)
CUT = INDEPENDENT.filter(pl.col("given") != "")


# With many variables between the two, a margin over all of them takes seconds.
@pytest.mark.parametrize(
    ("first", "second", "given"),
    [
        pytest.param(*row, marks=pytest.mark.slow if row[2].count("; ") > 2 else ())
        for row in CUT.select("first", "second", "given").rows()
    ],
)
def test_what_is_independent_given_the_rest_is_so_in_the_joint(first, second, given, tottori):
    strata = given.split("; ")
    margin = tottori.margin(*strata, first, second)
    count = pl.col("count")
    ratio = (
        count * count.sum().over(strata)
        / count.sum().over([*strata, first]) / count.sum().over([*strata, second])
    )  # fmt: skip
    nats = margin.filter(count > 0).select((count * ratio.log()).sum()).item()
    assert abs(nats / margin["count"].sum()) < 1e-9


def test_what_shapes_the_same_variable_is_hardly_dependent(tottori):
    rest = INDEPENDENT.filter(pl.col("given") == "")
    assert rest.select("first", "second", "also").rows() == [
        ("marital", "occupation", "both shape employment_status")
    ]
    assert 1e-6 < dependence(tottori, ("marital", "occupation"))["given_sex_age"].item() < 3e-3


def test_the_matrix_has_a_sign_for_each_pair_and_a_legend():
    text = relations_markdown(names={"sex": "性"})
    rows = [line for line in text.splitlines() if line.startswith("| ") and "性" not in line]
    signs = [cell for line in rows[1:] for cell in line.strip("|").split("|")[1:] if cell.strip()]
    assert len(signs) == relations().height
    assert "| 1 性 |" in text
    assert all(f"` {status}" in text for status in Status)
    assert len(text) < 3000
