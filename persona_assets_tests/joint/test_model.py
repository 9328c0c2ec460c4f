from collections import Counter

import polars as pl
import pytest

from persona_assets.census.margins import MARGIN_NAMES
from persona_assets.joint import seeds
from persona_assets.joint.domain import AXES, COARSE, OPEN_AXES, Domain
from persona_assets.joint.fit import assemble, fit_prefecture
from persona_assets.joint.inputs import Inputs
from persona_assets.joint.model import MODEL, Evidence, Interaction, without

SPECS = {spec.name: spec for spec in MODEL}
TERMS = [(spec, term) for spec in MODEL for term in spec.seed]
MEASURED = [(spec, measured) for spec in MODEL for measured in spec.measured]
factors = pytest.mark.parametrize("spec", MODEL, ids=lambda spec: spec.name)
terms = pytest.mark.parametrize(("spec", "term"), TERMS, ids=[term.name for _, term in TERMS])
margins_measured = pytest.mark.parametrize(
    ("spec", "measured"), MEASURED, ids=[measured.margin for _, measured in MEASURED]
)


def domain(spec):
    return Domain.of(*spec.given, *spec.adds, occupation_class=["?"], municipality=["?"])


def axes_of(spec):
    return {axis for axis in (*AXES, *COARSE, *OPEN_AXES) if axis in domain(spec)}


@factors
def test_factor_hangs_on_an_earlier_one_by_what_they_share(spec):
    names = list(SPECS)
    if spec.parent is None:
        assert spec is MODEL[0]
        assert not spec.given
    else:
        assert names.index(spec.parent) < names.index(spec.name)
        assert spec.given
        assert set(spec.given) <= axes_of(SPECS[spec.parent])
    if spec.who is not None:
        assert set(spec.who.meta.root_names()) <= axes_of(SPECS[spec.parent])


def test_every_variable_comes_in_once():
    adds = Counter(axis for spec in MODEL for axis in spec.adds)
    assert set(adds) == {*AXES, *OPEN_AXES}
    assert set(adds.values()) == {1}


def test_chains_hang_below_the_fit_and_nothing_of_it_hangs_on_them():
    for spec in MODEL:
        if spec.parent is not None and SPECS[spec.parent].chain:
            assert spec.chain
        assert spec.chain or not any(axis == "municipality" for axis in spec.adds)
    assert [spec.name for spec in MODEL if spec.chain] == [
        "education_detail",
        "age",
        "municipality",
    ]


@terms
def test_term_is_about_its_factors_variables_and_says_what_it_is_made_of(spec, term):
    assert len(set(term.axes)) == len(term.axes) >= 1
    assert set(term.axes) <= axes_of(spec)
    assert term.source
    assert term.evidence in (Evidence.OTHER_SOURCE, Evidence.ASSUMED)


@terms
def test_table_of_a_term_has_one_value_of_each_combination(spec, term, shapes, margins):
    table = term.table(Inputs(shapes, {}).of("tottori", margins))
    assert table.height > 0
    assert table.select(term.axes).is_duplicated().sum() == 0
    assert table["value"].is_finite().all()
    assert table["value"].min() >= 0
    for axis in set(term.axes) - set(OPEN_AXES):
        known = COARSE[axis].levels if axis in COARSE else AXES[axis]
        assert set(table[axis]) <= set(known), axis


@terms
def test_only_local_terms_differ_between_prefectures(spec, term, shapes, margins):
    here, there = (
        term.table(Inputs(shapes, {}).of(prefecture, margins))
        for prefecture in ("tottori", "tokyo")
    )
    assert here.equals(there) != term.local


@margins_measured
def test_margin_is_about_its_factors_variables_and_all_its_columns_are_named(
    spec, measured, margins, shapes
):
    assert {*measured.axes, *measured.where, *measured.covers} <= axes_of(spec)
    inputs = Inputs(shapes, {}).of("tottori", margins)
    frame = measured.table(inputs) if measured.table else inputs.margins[measured.margin]
    assert set(frame.columns) - {"prefecture"} == {*measured.axes.values(), "count"}
    assert (measured.table is None) == (measured.margin in MARGIN_NAMES)
    assert measured.source if measured.table else not measured.source


def test_every_margin_of_the_census_is_met_once_and_only_other_tables_are_soft():
    names = Counter(measured.margin for _, measured in MEASURED)
    assert set(names.values()) == {1}
    assert set(MARGIN_NAMES) <= set(names)
    soft = {measured.margin for _, measured in MEASURED if not measured.hard}
    assert soft == {"education_of_cohorts", "municipality_sexes", "municipality_occupations"}


def test_one_name_is_one_thing():
    of_terms = [term.name for _, term in TERMS]
    of_margins = {measured.margin: spec.name for spec, measured in MEASURED}
    assert len(set(of_terms)) == len(of_terms)
    assert not set(of_terms) & {*of_margins, *SPECS}
    # A margin may be called as the factor that it belongs to.
    assert all(of_margins.get(name, name) == name for name in SPECS)


@factors
def test_every_level_of_a_variable_can_occur(spec, structure):
    if spec.name in structure.factors:
        cells = structure.factors[spec.name].cells
        for axis in spec.adds:
            known = set(cells.domain.levels_of(axis)) - {None}
            assert known == set(cells.to_frame()[axis].drop_nulls()), axis


@factors
def test_whoever_has_the_variable_has_a_cell(spec, structure):
    if spec.name in structure.factors and spec.parent is not None:
        link = structure.factors[spec.name].link
        assert set(link.parents[link.parents >= 0].tolist()) == set(link.own.tolist())
        assert (link.parents < 0).any() == (spec.who is not None)
        # Who has it can be told from what is shared: figures are joined by that alone.
        shared, _ = structure.factors[spec.parent].cells.index(spec.given)
        assert not set(shared[link.parents < 0].tolist()) & set(link.own.tolist())


@factors
def test_cells_of_a_factor_are_different_and_start_above_nothing(spec, structure):
    if spec.name in structure.factors:
        factor = structure.factors[spec.name]
        assert factor.cells.to_frame().is_duplicated().sum() == 0
        assert (factor.seed > 0).all()


def test_without_takes_away_terms_margins_and_factors():
    left = without(["students_unmarried", "education_of_cohorts", "municipality"])
    assert [spec.name for spec in left] == [s.name for s in MODEL if s.name != "municipality"]
    assert [term.name for term in left[0].seed] == [
        term.name for term in MODEL[0].seed if term.name != "students_unmarried"
    ]
    assert [m.margin for m in left[0].measured] == [
        m.margin for m in MODEL[0].measured if m.margin != "education_of_cohorts"
    ]
    assert left[1:] == MODEL[1:-1]
    assert without([]) == MODEL


def test_without_puts_another_term_in_the_place_of_one():
    modelled = Interaction(
        "education_modelled", ("sex", "age_group", "education"), Evidence.OTHER_SOURCE,
        "shapes/education_modelled", seeds.education_modelled,
    )  # fmt: skip
    (people, *others) = without([], {"education_by_age": modelled})
    assert people.seed == (modelled, *MODEL[0].seed[1:])
    assert tuple(others) == MODEL[1:]


def test_unknown_name_is_an_error_that_names_it():
    with pytest.raises(KeyError, match="education_by_sage"):
        without(["education_by_sage"])
    with pytest.raises(KeyError, match="nothing_such"):
        without([], {"nothing_such": MODEL[0].seed[0]})


def test_a_factor_is_not_left_out_from_under_others():
    with pytest.raises(KeyError, match=r"work_mode.*occupation_class.*leave them out too"):
        without(["employment_status"])


def test_model_without_a_term_makes_another_joint(shapes, margins, tottori):
    model = without(["education_by_marriage", "municipality", "age"])
    joint, report = fit_prefecture("tottori", margins, assemble(shapes, model))
    assert set(joint.factors) == set(tottori.factors) - {"municipality", "age"}
    assert report.largest_error < 1e-6

    def never(some):
        here = some.factors["people"].filter(
            sex="male", age_group="50-54", education="lower_secondary"
        )
        unmarried = pl.col("marital") == "never_married"
        return here.filter(unmarried)["weight"].sum() / here["weight"].sum()

    assert never(joint) < never(tottori)
