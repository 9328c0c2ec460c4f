import numpy as np
import polars as pl
import pytest

from persona_assets.joint.fit import TOLERANCE, assemble, fit_prefecture
from persona_assets.joint.inputs import Inputs
from persona_assets.joint.model import MODEL
from persona_assets.joint.scores import (
    VARIABLES,
    against_tables,
    beside,
    dependence,
    margin_scores,
    measure,
    tables_alone,
    without_municipalities,
)


@pytest.fixture(scope="module")
def report(margins, structure):
    return fit_prefecture("tottori", margins, structure)[1]


@pytest.fixture(scope="module")
def alone(margins, shapes):
    return fit_prefecture("tottori", margins, assemble(shapes, tables_alone()))[0]


@pytest.fixture(scope="module")
def compared(tottori, alone):
    return beside(tottori, alone)


def value(frame, first, second, column):
    return frame.filter((pl.col("first") == first) & (pl.col("second") == second))[column].item()


def test_measures_of_tables_that_are_known():
    same = measure(np.diag([3.0, 3.0, 3.0]))
    assert same.nats == pytest.approx(np.log(3))
    assert (same.share, same.cramers_v) == (pytest.approx(1), pytest.approx(1))
    none = measure(np.outer([1.0, 2.0, 5.0], [2.0, 3.0]))
    assert (none.nats, none.cramers_v) == (pytest.approx(0, abs=1e-12), pytest.approx(0, abs=1e-6))
    # 40 and 10 against 10 and 40: ln 2 less the entropy of a fifth.
    half = measure(np.array([[40.0, 10.0], [10.0, 40.0]]))
    assert half.nats == pytest.approx(np.log(2) + 0.2 * np.log(0.2) + 0.8 * np.log(0.8))
    assert half.cramers_v == pytest.approx(0.6)
    assert half.people == 100
    assert measure(np.zeros((2, 2))).nats == 0


def test_within_strata_only_what_they_do_not_explain_counts():
    # Independent within each stratum, not in their sum; and the other way round.
    strata = np.array([np.outer([9.0, 1.0], [9.0, 1.0]), np.outer([1.0, 9.0], [1.0, 9.0])])
    assert measure(strata).nats == pytest.approx(0, abs=1e-12)
    assert measure(strata.sum(axis=0)).nats > 0.1
    crossed = np.array([np.eye(2), 1 - np.eye(2)])
    assert measure(crossed).nats == pytest.approx(np.log(2))
    assert measure(crossed.sum(axis=0)).nats == pytest.approx(0, abs=1e-12)


def test_every_margin_has_its_score(report):
    scores = margin_scores(report)
    assert scores["margin"].to_list() == [m.margin for spec in MODEL for m in spec.measured]
    hard = scores.filter(pl.col("weight") == 1)
    assert hard["largest_error"].max() < 10 * TOLERANCE
    assert hard["gap"].null_count() == hard.height
    soft = scores.filter(pl.col("weight") < 1)
    assert soft["gap"].max() < 1e-3
    assert soft["distance"].min() > 1e-4


def test_the_fit_has_the_dependence_of_its_tables(tottori, margins, shapes):
    pairs = against_tables(tottori, margins, Inputs(shapes, {}))
    assert pairs["difference"].abs().max() < 1e-6
    assert pairs["table_nats"].max() > 0.1
    assert {"municipality_ages", "marital_status", "industry"} <= set(pairs["margin"])
    assert "municipality_ages" not in set(against_tables(tottori, margins)["margin"])
    # Another prefecture's tables are another dependence.
    elsewhere = against_tables(tottori, {n: m.with_columns(
        prefecture=pl.col("prefecture").replace({"tokyo": "tottori", "tottori": "tokyo"})
    ) for n, m in margins.items()})  # fmt: skip
    assert elsewhere["difference"].abs().max() > 1e-3


def test_what_no_table_or_seed_links_is_independent_within_sex_and_age(compared):
    assert value(compared, "marital", "school", "given_sex_age") < 1e-9
    assert value(compared, "school", "industry", "given_sex_age") < 1e-9
    assert value(compared, "marital", "school", "nats") > 1e-4


def test_tables_alone_bring_what_they_measure_and_nothing_else(compared):
    for first, second in (("sex", "marital"), ("age_group", "marital"), ("sex", "occupation")):
        assert value(compared, first, second, "alone_nats") == pytest.approx(
            value(compared, first, second, "nats"), rel=0.02
        )
    assert value(compared, "marital", "education", "alone_given_sex_age") < 1e-9
    assert value(compared, "marital", "education", "given_sex_age") > 1e-3
    # What schooling a class needs and where it works are no seeds: they link these a little.
    pair = ("education", "occupation")
    assert 0 < value(compared, *pair, "alone_given_sex_age") < 0.005
    assert value(compared, *pair, "given_sex_age") > 0.05


def test_tables_alone_have_the_larger_entropy(tottori, alone):
    assert alone.entropy > without_municipalities(tottori).entropy + 0.5
    assert tottori.entropy > without_municipalities(tottori).entropy


def test_every_pair_is_measured_once(compared):
    assert compared.height == len(VARIABLES) * (len(VARIABLES) - 1) / 2
    assert compared["given_sex_age"].null_count() == 1
    assert compared["nats"].min() >= 0
    assert compared["share"].max() <= 1
    assert compared["cramers_v"].max() <= 1


def test_coarse_axes_have_no_more_dependence_than_fine_ones(tottori):
    fine = dependence(tottori, ("age_group", "marital", "household"))
    coarse = dependence(tottori, ("age_band", "ever_married", "household"))
    assert (fine["nats"] >= coarse["nats"]).all()
    assert (coarse["nats"] > 0).all()
