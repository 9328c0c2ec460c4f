"""Schooling by age of a prefecture, from an older census: people grow older, their schools stay.

Who was 20-29 in 2000 is 40-49 in 2020. How much better or worse schooled the cohorts of a
prefecture were than the nation's is carried over; how schooled the nation's cohorts are today
comes from the seed of 2020. People move and die, so this is a soft margin.
"""

from collections.abc import Callable, Mapping

import polars as pl

from persona_assets.joint.inputs import Inputs
from persona_assets.joint.seeds import age_holder, education_by_age

# Share of the distance to the older census that is closed where nothing else pulls. The cohorts of
# 1990 foretell the census of 2000 best at 0.9: 0.27 percentage points off on average, 0.31 at 0.8,
# 0.56 at 0.5, 1.10 without them (`persona-assets joint report --held-out`). That is over ten years;
# over twenty more people have moved and died, so ASSUMED to be less. The nation's schooling of
# today must be right: the margin pulls every prefecture to it.
WEIGHT = 0.8

# Ages of the census of 2000 and what they are in 2020.
GROWN: Mapping[str, str] = {
    "20-29": "40-49",
    "30-39": "50-59",
    "40-49": "60-69",
    "50-59": "70-79",
    "60+": "80+",
}

EDUCATIONS = ("lower_secondary", "upper_secondary", "junior_college", "university")


def tilt(cohorts: pl.DataFrame, year: int) -> pl.DataFrame:
    """Return how much more frequent each schooling is in a prefecture's cohort than in all.

    Args:
        cohorts: `shapes/education_of_cohorts`.
        year: Of the census.

    Returns:
        prefecture, sex, age_group, education, tilt (1 = as in the nation).
    """
    then = cohorts.filter(pl.col("year") == str(year))
    here = pl.col("graduates") / pl.col("graduates").sum().over("prefecture", "sex", "age_group")
    nation = pl.col("graduates").sum().over("sex", "age_group", "education") / pl.col(
        "graduates"
    ).sum().over("sex", "age_group")
    return then.select("prefecture", "sex", "age_group", "education", (here / nation).alias("tilt"))


def education_of_cohorts(
    inputs: Inputs, today: Callable[[Inputs], pl.DataFrame] = education_by_age
) -> pl.DataFrame:
    """Return a prefecture's people of 40 or more by schooling, as their cohorts of 2000 had it.

    Args:
        inputs: The prefecture's.
        today: Makes the nation's schooling by age.

    Returns:
        sex, cohort, cohort_education, count (people of today's cohort).
    """
    nation = (
        today(inputs)
        .filter(pl.col("education") != "in_school")
        .with_columns(
            pl.col("education").replace({"graduate_school": "university"}).alias("cohort_education")
        )
    )
    residents = (
        inputs.margins["marital_status"]
        .group_by("sex", "age_group", maintain_order=True)
        .agg(pl.col("count").sum())
    )
    bands = pl.DataFrame(
        [
            (group, then, now)
            for then, now in GROWN.items()
            for group in residents["age_group"].unique(maintain_order=True)
            if age_holder(group, [now])
        ],
        schema=["age_group", "then", "cohort"],
        orient="row",
    )
    # What the nation's schooling would make of this prefecture's ages ...
    expected = (
        nation.join(residents, on=["sex", "age_group"], maintain_order="left")
        .join(bands, on="age_group", maintain_order="left")
        .group_by("sex", "cohort", "then", "cohort_education", maintain_order=True)
        .agg((pl.col("value") * pl.col("count")).sum().alias("count"))
    )
    # ... moved by what made its cohorts differ from the nation's.
    moved = tilt(inputs.shapes["education_of_cohorts"], 2000).filter(
        pl.col("prefecture") == inputs.prefecture
    )
    both = expected.join(
        moved.select("sex", pl.col("age_group").alias("then"),
                     pl.col("education").alias("cohort_education"), "tilt"),
        on=["sex", "then", "cohort_education"], how="left", maintain_order="left",
    )  # fmt: skip
    tilted = pl.col("count") * pl.col("tilt").fill_null(1)
    people = pl.col("count").sum().over("sex", "cohort")
    return both.with_columns(tilted / tilted.sum().over("sex", "cohort") * people).select(
        "sex", "cohort", "cohort_education", "count"
    )
