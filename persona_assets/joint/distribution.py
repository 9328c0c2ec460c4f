"""A prefecture's joint distribution: the factors of a junction tree, and any margin of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandera.polars as pa
import polars as pl

from persona_assets.joint.domain import COARSE, Domain
from persona_assets.joint.model import MODEL, FactorSpec
from persona_assets.raking import FloatArray

SPECS: Mapping[str, FactorSpec] = {spec.name: spec for spec in MODEL}
FACTORS = tuple(SPECS)

# Every axis that a factor has a column of, in the order of the factors.
JOINT_AXES = tuple(
    dict.fromkeys(
        axis for spec in MODEL for axis in (*spec.given, *spec.adds) if axis != "age"
    )
)  # fmt: skip

JOINT_SCHEMA = pa.DataFrameSchema(
    {
        "prefecture": pa.Column(pl.String),
        "factor": pa.Column(pl.String, pa.Check.isin(FACTORS)),
        **{axis: pa.Column(pl.String, nullable=True) for axis in JOINT_AXES},
        "age": pa.Column(pl.Int64, nullable=True),
        "weight": pa.Column(pl.Float64, pa.Check.ge(0)),
        "figures": pa.Column(pl.String, pa.Check.str_length(12, 12)),
    },
    strict=True,
    ordered=True,
    name="joint_distribution",
)


def add_coarse(frame: pl.DataFrame, axes: Iterable[str]) -> pl.DataFrame:
    """Return the frame with those coarse axes that it lacks, read off the axes that they group."""
    return frame.with_columns(
        pl.col(COARSE[axis].of)
        .replace_strict(
            {fine: coarse for fine, coarse in COARSE[axis].group.items() if fine is not None},
            default=None,
            return_dtype=pl.String,
        )
        .alias(axis)
        for axis in axes
        if axis not in frame.columns
    )


@dataclass(frozen=True)
class Joint:
    """A prefecture's joint distribution as its factors.

    Attributes:
        prefecture: Its key.
        factors: By name, a frame of axes and `weight` (people of 15 or more, float). `people` is
            the root; each other factor adds variables to some of the people, given what it shares
            with its parent (`model.MODEL`). Where factors overlap they have the same sums.
        figures: Version of the margins that it was fitted to (`figures_version`).
    """

    prefecture: str
    factors: Mapping[str, pl.DataFrame]
    figures: str

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> "Joint":
        """Read the factors back from the frame of `to_frame`."""
        parts = {
            str(name): part.select(*SPECS[str(name)].given, *SPECS[str(name)].adds, "weight")
            for (name,), part in frame.partition_by("factor", as_dict=True).items()
        }
        return cls(frame["prefecture"][0], parts, frame["figures"][0])

    def to_frame(self) -> pl.DataFrame:
        """Return all factors as one long frame; an axis that a factor lacks is null there."""
        frame = pl.concat(
            [
                part.select(
                    pl.lit(self.prefecture).alias("prefecture"),
                    pl.lit(name).alias("factor"),
                    *(pl.col(axis) if axis in part.columns else pl.lit(None, pl.String).alias(axis)
                      for axis in JOINT_AXES),
                    pl.col("age") if "age" in part.columns else pl.lit(None, pl.Int64).alias("age"),
                    "weight",
                    pl.lit(self.figures).alias("figures"),
                )
                for name, part in self.factors.items()
            ]
        )  # fmt: skip
        return JOINT_SCHEMA.validate(frame)

    @cached_property
    def adults(self) -> pl.DataFrame:
        """The `people` factor from age 18, the population that is drawn from."""
        return self.factors["people"].filter(pl.col("age_group") != "15-17")

    def margin(self, *axes: str) -> pl.DataFrame:
        """Return the adults' margin over any axes, coarse ones included.

        Factors are joined from the root down, and what no later one needs is summed out at once.

        Returns:
            The axes and `count`, sorted by the axes' codes. Who cannot have a value of an axis (an
            occupation, a school) is left out.
        """
        wanted = factors_of(axes)
        people = self.adults
        for position, name in enumerate(wanted):
            spec = SPECS[name]
            if spec.parent is not None:
                people = add_coarse(people, spec.given).join(
                    self.shares(name), on=list(spec.given), nulls_equal=True, maintain_order="left"
                )
                people = people.with_columns(pl.col("weight") * pl.col("share")).drop("share")
            later = [axis for other in wanted[position + 1 :] for axis in SPECS[other].given]
            people = _keep(people, [*axes, *later])
        return (
            _keep(people, axes)
            .select(*axes, pl.col("weight").alias("count"))
            .drop_nulls()
            .sort(axes)
        )

    def shares(self, name: str) -> pl.DataFrame:
        """Return a factor as shares: of each cell among those of the same `given`."""
        spec = SPECS[name]
        total = pl.col("weight").sum().over(list(spec.given))
        return (
            self.factors[name]
            .filter(pl.col("weight") > 0)
            .with_columns((pl.col("weight") / total).alias("share"))
            .drop("weight")
        )

    @property
    def entropy(self) -> float:
        """Entropy in nats of the distribution over all variables: of the factors, less the shared.

        Exact, because the factors form a junction tree.
        """
        total = 0.0
        for name, frame in self.factors.items():
            spec = SPECS[name]
            total += _entropy(frame["weight"].to_numpy(), self.people)
            if spec.parent is not None:
                shared = frame.group_by(spec.given, maintain_order=True).agg(pl.col("weight").sum())
                total -= _entropy(shared["weight"].to_numpy(), self.people)
        return total

    @property
    def people(self) -> float:
        """How many people of 15 or more there are."""
        return float(self.factors["people"]["weight"].sum())


def factors_of(axes: Iterable[str]) -> tuple[str, ...]:
    """Return the factors that a margin over some axes needs, parents first.

    Raises:
        KeyError: no factor has an axis.
    """
    wanted = {FACTORS[0]}
    for axis in axes:
        adds = (n for n, s in SPECS.items() if axis in Domain(s.adds, ((),) * len(s.adds)))
        name = next(adds, None)
        if name is None:
            raise KeyError(f"no factor of the joint has the axis '{axis}'")
        while name is not None:
            wanted.add(name)
            name = SPECS[name].parent
    return tuple(name for name in FACTORS if name in wanted)


def _keep(people: pl.DataFrame, axes: Iterable[str]) -> pl.DataFrame:
    """Return the sums over some axes, and over the finer axis of a coarse one not read off yet."""
    here: list[str] = []
    for axis in axes:
        found = axis if axis in people.columns else COARSE[axis].of if axis in COARSE else None
        if axis in COARSE and found == COARSE[axis].of and found in people.columns:
            people = add_coarse(people, [axis])
            found = axis
        if found in people.columns and found not in here:
            here.append(found)
    return people.group_by(here, maintain_order=True).agg(pl.col("weight").sum())


def _entropy(weights: FloatArray, total: float) -> float:
    share = weights[weights > 0] / total
    return float(-(share * np.log(share)).sum())


# The margins of the adults that a release is compared with, by sex.
REPORTED_AXES = (
    "age_group",
    "marital",
    "household",
    "education",
    "education_detail",
    "school",
    "labour_status",
    "work_mode",
    "employment_status",
    "occupation",
    "industry",
)


def adult_margins(joint: Joint) -> pl.DataFrame:
    """Return every margin of the adults that a release is compared with.

    Returns:
        margin, sex (null where the margin has none), level, count (people, float).
    """
    parts = []
    for axis in REPORTED_AXES:
        margin = joint.margin("sex", axis).rename({axis: "level"})
        parts.append(margin.select(pl.lit(axis).alias("margin"), "sex", "level", "count"))
    return pl.concat(parts)
