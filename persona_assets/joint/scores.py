"""Scores of a fit: how near it is to every margin, and which variables hang together how much.

Dependence is measured in nats of mutual information: how much less uncertain the one variable is
when the other is known, 0 for independent ones. Of two variables the people count who have both:
schooling and occupation of those who work.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import polars as pl

from persona_assets.joint.distribution import SPECS, Joint, add_coarse
from persona_assets.joint.domain import COARSE, OPEN_AXES, Domain, Factor
from persona_assets.joint.fit import FitReport
from persona_assets.joint.inputs import Frames, Inputs
from persona_assets.joint.model import MODEL, Interaction, Measured, Model, without
from persona_assets.joint.uncertainty import relations
from persona_assets.raking import FloatArray

# The variables whose dependence is shown: those of the records whose levels are few.
VARIABLES = (
    "sex", "age_group", "marital", "education", "education_detail", "school", "labour_status",
    "work_mode", "employment_status", "occupation", "industry", "household",
)  # fmt: skip
# What nearly every variable hangs on; the rest of a dependence is what they do not explain.
GIVEN = ("sex", "age_group")


@dataclass(frozen=True, slots=True)
class Dependence:
    """How two variables hang together in a table of counts.

    Attributes:
        people: Sum of the table.
        nats: Mutual information; given what the table's first axes are, if it has more than two.
        share: It over the smaller entropy of the two: 1 where the one follows from the other.
        cramers_v: Cramer's V, 0 to 1.
    """

    people: float
    nats: float
    share: float
    cramers_v: float


def margin_scores(report: FitReport, model: Model = MODEL) -> pl.DataFrame:
    """Return how near a fit is to each margin.

    Returns:
        margin, factor, weight (1: hard), largest_error (largest difference from a count over the
        margin's total), distance (share of people who would have to change their cell), gap (soft
        margins: how far from where the weight puts it, as a ratio's logarithm; else null).
    """
    rows = [
        (
            measured.margin,
            spec.name,
            measured.weight,
            report.errors[measured.margin],
            report.distances[measured.margin],
            report.gaps.get(measured.margin),
        )
        for spec in model
        for measured in spec.measured
    ]
    return pl.DataFrame(
        rows,
        schema={
            "margin": pl.String, "factor": pl.String, "weight": pl.Float64,
            "largest_error": pl.Float64, "distance": pl.Float64, "gap": pl.Float64,
        },
        orient="row",
    )  # fmt: skip


def dependence(joint: Joint, variables: Sequence[str] = VARIABLES) -> pl.DataFrame:
    """Return how much every two variables of a joint hang together, among adults.

    Args:
        joint: The joint.
        variables: Of which pairs are made; coarse axes are allowed.

    Returns:
        first, second, people (adults who have both), nats (mutual information), share (of the
        smaller entropy of the two), cramers_v, given_sex_age (mutual information within sex and
        age group, in nats; null for sex and age group themselves).
    """
    rows = []
    for first, second in combinations(variables, 2):
        given = [axis for axis in GIVEN if axis not in (first, second)]
        table = _table(joint.margin(*given, first, second), [*given, first, second])
        both = measure(table.sum(axis=tuple(range(len(given)))))
        within = measure(table).nats if {first, second} != set(GIVEN) else None
        rows.append(
            (first, second, both.people, both.nats, both.share, both.cramers_v, within)
        )  # fmt: skip
    return pl.DataFrame(
        rows,
        schema={
            "first": pl.String, "second": pl.String, "people": pl.Float64, "nats": pl.Float64,
            "share": pl.Float64, "cramers_v": pl.Float64, "given_sex_age": pl.Float64,
        },
        orient="row",
    )  # fmt: skip


def beside(joint: Joint, alone: Joint) -> pl.DataFrame:
    """Return the dependence of a joint beside that of the fit to its tables alone.

    Args:
        joint: The joint.
        alone: The same prefecture's, fitted with `tables_alone`.

    Returns:
        The columns of `dependence`, with status (of `uncertainty.relations`), alone_nats and
        alone_given_sex_age: what the tables bring of the two by themselves.
    """
    status = relations(variables=VARIABLES).select("first", "second", "status")
    there = dependence(alone).select(
        "first",
        "second",
        pl.col("nats").alias("alone_nats"),
        pl.col("given_sex_age").alias("alone_given_sex_age"),
    )
    return (
        dependence(joint)
        .join(status, on=["first", "second"], how="left", maintain_order="left")
        .join(there, on=["first", "second"], how="left", maintain_order="left")
    )


def without_municipalities(joint: Joint) -> Joint:
    """Return the joint over all variables but where in the prefecture people live."""
    factors = {name: part for name, part in joint.factors.items() if name != "municipality"}
    return replace(joint, factors=factors)


def measure(table: FloatArray) -> Dependence:
    """Measure how the last two axes of a table of counts hang together, given the others."""
    total = float(table.sum())
    if total <= 0:
        return Dependence(0.0, 0.0, 0.0, 0.0)
    p = table / total
    rows, columns = p.sum(axis=-1, keepdims=True), p.sum(axis=-2, keepdims=True)
    strata = rows.sum(axis=-2, keepdims=True)
    # Where nobody is in a stratum nobody is expected in it.
    expected = np.divide(rows * columns, strata, out=np.zeros_like(p), where=strata > 0)
    some = p > 0
    nats = max(0.0, float((p[some] * np.log(p[some] / expected[some])).sum()))
    of_rows, of_columns = _entropy(rows, strata), _entropy(columns, strata)
    least = min(of_rows, of_columns)
    levels = min(*(int((p.sum(axis=axis) > 0).sum(axis=-1).max()) for axis in (-1, -2)))
    reached = expected > 0
    chi2 = float(((p[reached] - expected[reached]) ** 2 / expected[reached]).sum())
    return Dependence(
        total,
        nats,
        min(1.0, nats / least) if least > 0 else 0.0,
        min(1.0, (chi2 / (levels - 1)) ** 0.5) if levels > 1 else 0.0,
    )


def against_tables(joint: Joint, margins: Frames, inputs: Inputs | None = None) -> pl.DataFrame:
    """Return how much two variables hang together in a table and in the fit to it.

    Of every hard margin with two variables or more, over the people that it speaks of, children
    of 15-17 included. The two are the same where the fit has met the margin.

    Args:
        joint: The joint.
        margins: Every margin of `census.margins`.
        inputs: The shapes, for margins that are not of the census stage; those are left out else.

    Returns:
        margin, first, second (axes, coarse ones too), table_nats, fitted_nats, difference.
    """
    here = (inputs or Inputs({}, {})).of(joint.prefecture, margins)
    rows = []
    for name, measured in _hard():
        if measured.table is not None and inputs is None:
            continue
        margin = measured.table(here) if measured.table else here.margins[measured.margin]
        table = margin.select(
            *(pl.col(column).alias(axis) for axis, column in measured.axes.items()),
            pl.col("count").cast(pl.Float64),
        )
        axes = list(measured.axes)
        fitted = (
            add_coarse(joint.factors[name], axes)
            .drop_nulls(axes)
            .group_by(axes, maintain_order=True)
            .agg(pl.col("weight").sum().alias("count"))
        )
        for pair in combinations(axes, 2):
            official, ours = (measure(_table(frame, pair)).nats for frame in (table, fitted))
            rows.append((measured.margin, *pair, official, ours, ours - official))
    return pl.DataFrame(
        rows,
        schema=["margin", "first", "second", "table_nats", "fitted_nats", "difference"],
        orient="row",
    )


def tables_alone() -> Model:
    """Return the model of the hard margins and impossible combinations alone.

    Without soft margins and seeds its fit has the largest entropy that the tables allow (Jaynes
    1957): what hangs together in it does so because the tables say so, and the rest of a joint's
    dependence was brought by other sources and assumptions. Small classes of occupation, which no
    table counts, are those that can occur, each as likely as the others of its group.
    Municipalities, which no dependence is shown of, are left out.
    """
    soft = [m.margin for spec in MODEL for m in spec.measured if not m.hard]
    terms = [term for spec in MODEL for term in spec.seed]
    level = {
        term.name: replace(term, table=_Level(term, spec.adds))
        for spec in MODEL
        for term in spec.seed
        if term.complete
    }
    return without(
        [*soft, *(term.name for term in terms if not term.complete), "municipality"], instead=level
    )


@dataclass(frozen=True, slots=True)
class _Level:
    """A term's table with the same value for all that can occur, given what its factor shares."""

    term: Interaction
    adds: tuple[str, ...]

    def __call__(self, inputs: Inputs) -> pl.DataFrame:
        given = [axis for axis in self.term.axes if axis not in self.adds]
        possible = self.term.table(inputs).filter(pl.col("value") > 0)
        return possible.with_columns((1 / pl.len().over(given)).alias("value"))


def _hard() -> Iterator[tuple[str, Measured]]:
    for name, spec in SPECS.items():
        for measured in spec.measured:
            if measured.hard and len(measured.axes) > 1 and not measured.where:
                yield name, measured


def _table(frame: pl.DataFrame, axes: Sequence[str]) -> FloatArray:
    """Return a frame of axes and `count` as an array; open axes have the levels that it names."""
    some = frame.group_by(list(axes), maintain_order=True).agg(pl.col("count").sum())
    known = Domain.of(*(axis for axis in axes if axis in COARSE or axis not in OPEN_AXES))
    opened = {
        axis: some[axis].unique(maintain_order=True).to_list()
        for axis in axes
        if axis not in known.axes
    }
    return Factor.from_frame(some.rename({"count": "weight"}), **opened).table(*axes)


def _entropy(p: FloatArray, strata: FloatArray) -> float:
    """Return the entropy within strata, in nats."""
    some = p > 0
    return float(-(p[some] * np.log((p / np.where(strata > 0, strata, 1))[some])).sum())
