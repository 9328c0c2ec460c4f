"""The fit: one prefecture's joint distribution, of maximum entropy given margins and seeds.

The margins link few variables at once, so the joint factorises exactly: given sex and activity,
employment status and industry tell nothing more about schooling or marital status (no table links
them), and likewise the kind of school. The joint is therefore kept as the five
factors of that junction tree, about ten thousand cells, instead of their product of millions; every
figure taken from it is the same.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandera.polars as pa
import polars as pl

from persona_assets.joint import cells as cell_sets
from persona_assets.joint import seeds
from persona_assets.raking import FloatArray, Target, rake

FACTORS = ("people", "school", "age", "employment_status", "industry")

# What the people factor fixes carries its own error of up to 1e-9 of the total; a factor that hangs
# on it and on a margin can come no closer to both than that, sex by sex.
SHARED_TOLERANCE = 1e-7

JOINT_AXES = (
    "sex",
    "age_group",
    "marital",
    "education",
    "labour_status",
    "occupation",
    "school",
    "employment_status",
    "industry",
)

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


@dataclass(frozen=True)
class Joint:
    """A prefecture's joint distribution as its factors.

    Attributes:
        prefecture: Its key.
        factors: By name, a frame of axes and `weight` (people of 15 or more, float). `people` is
            the root; each other factor adds one variable to some of the people.
        figures: Version of the margins that it was fitted to (`figures_version`).
    """

    prefecture: str
    factors: Mapping[str, pl.DataFrame]
    figures: str

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> "Joint":
        """Read the factors back from the frame of `to_frame`."""
        parts = {
            name: part.select(s for s in part if s.name == "weight" or s.null_count() < part.height)
            for name in FACTORS
            for part in [
                frame.filter(pl.col("factor") == name).drop("prefecture", "factor", "figures")
            ]
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
        """Return the adults' margin over any axes.

        Returns:
            The axes and `count`, sorted by the axes' codes.
        """
        people = self.adults
        for axis in axes:
            people = self._with(people, axis)
        return (
            people.group_by(axes, maintain_order=True)
            .agg(pl.col("weight").sum().alias("count"))
            .drop_nulls()
            .sort(axes)
        )

    def _with(self, people: pl.DataFrame, axis: str) -> pl.DataFrame:
        """Split each row's weight over one more variable; who cannot have it is left out.

        Only the kind of school, on which the single year of age hangs, is null for the others.
        """
        if axis in people.columns:
            return people
        factor = self.factors[axis]
        shared = [column for column in factor.columns if column not in ("weight", axis)]
        for column in shared:
            people = self._with(people, column)
        share = pl.col("weight") / pl.col("weight").sum().over(shared)
        shares = factor.with_columns(share.alias("share")).drop("weight")
        if axis == "school":
            shares = shares.with_columns(pl.lit("in_school").alias("education"))
            people = people.join(
                shares, on=[*shared, "education"], how="left", maintain_order="left"
            )
        else:
            people = people.join(shares, on=shared, nulls_equal=True, maintain_order="left")
        return people.with_columns(pl.col("weight") * pl.col("share").fill_null(1)).drop("share")


@dataclass(frozen=True, slots=True)
class FitReport:
    """How a fit went: sweeps and, per margin, the largest error over the margin's total."""

    sweeps: int
    errors: Mapping[str, float]
    entropy: float
    effective_cells: float


def figures_version(prefecture: str, margins: Mapping[str, pl.DataFrame]) -> str:
    """Return twelve hex digits of every figure that a prefecture's fit reads.

    Its own rows of each margin, and what the nation gives to its seeds.
    """
    # As it stands, not summed: the order of a sum of floats may depend on the threads.
    digest = hashlib.sha256(margins["industry"].write_csv().encode())
    for name in sorted(margins):
        here = margins[name].filter(pl.col("prefecture") == prefecture)
        digest.update(f"{name}\n{here.write_csv()}".encode())
    return digest.hexdigest()[:12]


def fit_prefecture(
    prefecture: str, margins: Mapping[str, pl.DataFrame], shapes: Mapping[str, pl.DataFrame]
) -> tuple[Joint, FitReport]:
    """Fit the joint distribution of one prefecture.

    Args:
        prefecture: Its key.
        margins: Every margin of `census.margins`, of all prefectures: the seed of industries reads
            their sizes in the nation.
        shapes: The seeds' tables; see `seeds`.

    Returns:
        The joint and how the fit went.

    Raises:
        MarginConflictError: margins contradict each other or are empty, negative or impossible;
            the message names them and the prefecture's cell.
    """
    here = {
        name: frame.filter(pl.col("prefecture") == prefecture) for name, frame in margins.items()
    }
    people = cell_sets.people_cells()
    raked = rake(
        seeds.people_seed(people, shapes),
        [
            _target("inactivity", here, people, ["labour_status"]),
            _target("occupation", here, people, ["sex", "occupation"]),
            _target("education", here, people, ["sex", "education"]),
            _target("labour_status", here, people, ["sex", "labour_status"]),
            _target("employment", here, people, ["sex", "age_group", "employed"]),
            _target("marital_status", here, people, ["sex", "age_group", "marital"]),
        ],
    )
    people = people.with_columns(weight=raked.weights)
    employed = people.filter(pl.col("labour_status") == "employed")
    students = people.filter(pl.col("education") == "in_school")

    school_cells = cell_sets.school_cells()
    school = _extend(
        school_cells.drop("seed"),
        school_cells["seed"].to_numpy(),
        _from_people("people in school", students, ["sex", "age_group"]),
        "school",
        here,
    )
    age = _ages(here["population"], people, school)
    status_cells = cell_sets.employment_status_cells()
    status = _extend(
        status_cells,
        seeds.employment_status_seed(status_cells, shapes["employment_form_by_occupation"]),
        _from_people("employed people", employed, ["sex", "age_group", "occupation"]),
        "employment_status",
        here,
    )
    industry_cells = cell_sets.industry_cells()
    # Exact sums: a sum of floats in the order of the threads would differ in its last digit.
    sizes = {
        str(industry): math.fsum(part["count"])
        for (industry,), part in margins["industry"].partition_by("industry", as_dict=True).items()
    }
    industry = _extend(
        industry_cells,
        seeds.industry_seed(industry_cells, shapes["classes"], sizes),
        _from_people("employment status", status, ["sex", "occupation", "employment_status"]),
        "industry",
        here,
    )
    joint = Joint(
        prefecture,
        {
            "people": people,
            "school": school,
            "age": age,
            "employment_status": status,
            "industry": industry,
        },
        figures_version(prefecture, margins),
    )
    errors = {name: _error(joint, name, here) for name in here if name != "population"}
    share = raked.weights[raked.weights > 0] / raked.weights.sum()
    entropy = float(-(share * np.log(share)).sum())
    return joint, FitReport(raked.sweeps, errors, entropy, float(np.exp(entropy)))


# What a census table counts together: its own axes from the model's finer ones.
COARSER: Mapping[str, tuple[pl.Expr, ...]] = {
    "labour_status": (
        pl.col("labour_status").replace(
            dict.fromkeys(["housework", "studying", "other"], "inactive")
        ),
    ),
    "employment": (
        pl.col("age_group").replace({"15-17": "15-19", "18-19": "15-19"}),
        pl.when(pl.col("labour_status") == "employed")
        .then(pl.lit("yes"))
        .otherwise(pl.lit("no"))
        .alias("employed"),
    ),
}


def _target(
    name: str, margins: Mapping[str, pl.DataFrame], cells: pl.DataFrame, axes: Sequence[str]
) -> Target:
    """Return a margin as a target over the cells; cells of no margin row are not constrained."""
    margin = margins[name].with_row_index("row")
    index = (
        cells.with_columns(COARSER.get(name, ()))
        .select(axes)
        .join(
            margin.select(*axes, pl.col("row").cast(pl.Int64)),
            on=list(axes),
            how="left",
            maintain_order="left",
        )["row"]
    )
    labels = [" ".join(map(str, row)) for row in margin.select("prefecture", *axes).rows()]
    return Target(name, index.fill_null(-1).to_numpy(), margin["count"].to_numpy(), labels)


def _from_people(name: str, people: pl.DataFrame, axes: Sequence[str]) -> pl.DataFrame:
    """Return what the people factor fixes for a factor that hangs on it."""
    counts = (
        people.group_by(axes, maintain_order=True)
        .agg(pl.col("weight").sum().alias("count"))
        .sort(axes)
    )
    return counts.select(pl.lit(name).alias("prefecture"), *axes, "count")


def _extend(
    cells: pl.DataFrame,
    seed: FloatArray,
    shared: pl.DataFrame,
    name: str,
    margins: Mapping[str, pl.DataFrame],
) -> pl.DataFrame:
    """Fit one factor to its own margin by sex and to what it shares with the people factor."""
    axes = [column for column in shared.columns if column not in ("prefecture", "count")]
    raked = rake(
        seed,
        [
            _target(name, margins, cells, ["sex", name]),
            _target("shared", {"shared": shared}, cells, axes),
        ],
        tolerance=SHARED_TOLERANCE,
    )
    return cells.with_columns(weight=raked.weights)


def _ages(population: pl.DataFrame, people: pl.DataFrame, school: pl.DataFrame) -> pl.DataFrame:
    """Fit single years of age to the population by age and to schooling within each age group."""
    cells = cell_sets.age_cells()
    left = people.filter(pl.col("education") != "in_school").with_columns(
        pl.lit(None, pl.String).alias("school")
    )
    there = school.with_columns(pl.lit("in_school").alias("education"))
    axes = ["sex", "age_group", "education", "school"]
    schooling = pl.concat([left.select(*axes, "weight"), there.select(*axes, "weight")])
    schooling = (
        schooling.filter(pl.col("age_group") != "15-17")
        .with_columns(pl.col("school").fill_null("-"))
        .pipe(lambda frame: _from_people("schooling", frame, axes))
    )
    adults = population.filter(pl.col("age") >= min(cell_sets.ADULT_AGES))
    raked = rake(
        cells["seed"].to_numpy(),
        [
            _target(
                "schooling", {"schooling": schooling},
                cells.with_columns(pl.col("school").fill_null("-")), axes,
            ),
            _target("population", {"population": adults}, cells, ["sex", "age"]),
        ],
        tolerance=SHARED_TOLERANCE,
    )  # fmt: skip
    return cells.drop("seed").with_columns(weight=raked.weights)


def _error(joint: Joint, name: str, margins: Mapping[str, pl.DataFrame]) -> float:
    """Return the largest error of a margin over its total, taken from the finished joint."""
    margin = margins[name]
    factor = joint.factors[name if name in FACTORS else "people"]
    factor = factor.with_columns(COARSER.get(name, ()))
    axes = [column for column in margin.columns if column not in ("prefecture", "count")]
    fitted = factor.group_by(axes, maintain_order=True).agg(pl.col("weight").sum())
    both = margin.join(fitted, on=axes, how="left", maintain_order="left").with_columns(
        pl.col("weight").fill_null(0)
    )
    difference = np.abs((both["weight"] - both["count"]).to_numpy()).max()
    return float(difference / margin["count"].sum())


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


REPORTED_AXES = (
    "age_group",
    "marital",
    "education",
    "school",
    "labour_status",
    "employment_status",
    "occupation",
    "industry",
)
