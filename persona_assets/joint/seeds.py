"""Seeds: what the fit starts from, the interactions that no prefecture table gives.

A seed is only a shape. Where a margin speaks the margin decides; a seed decides what is left open.
Which relations are measured and which assumed: docs/joint.md.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from persona_assets import levels
from persona_assets.census.tables import load_sources, load_table
from persona_assets.raking import FloatArray

Shapes = Mapping[str, pl.DataFrame]

# No combination that can occur may start at exactly nothing, or its margin could not be met.
FLOOR = 1e-4

# Share of 15-17 in school: 94.9 % of boys and 95.1 % of girls went on to upper secondary school in
# 2020 without counting correspondence courses (School Basic Survey, SSDS E3801). ASSUMED to be
# 97 % with them.
IN_SCHOOL_AT_15_17 = 0.97

# Housework's share of those who neither work nor study nor look for work. Never married: ages
# 25-34, Employment Status Survey 2022, table 11800 (men 41,900 and 41,700 of 213,000 and 221,600;
# women 78,400 and 69,200 of 198,800 and 151,300). The others are ASSUMED; the prefecture's total
# of people in housework is met either way.
HOUSEWORK_SHARE: Mapping[tuple[str, str], float] = {
    ("male", "never_married"): 0.19,
    ("male", "married"): 0.12,
    ("male", "widowed"): 0.15,
    ("male", "divorced"): 0.15,
    ("female", "never_married"): 0.42,
    ("female", "married"): 0.85,
    ("female", "widowed"): 0.60,
    ("female", "divorced"): 0.60,
}
# From 75 on more people answer "other" (ill, resting); ASSUMED.
OLD_HOUSEWORK_FACTOR = 0.5
OLD_AGES = ("75-79", "80-84", "85+")

# Odds of being out of the labour force, never married against the rest, women. At 25-29: 92.9 % of
# the never married take part, 85 % of all (Labour Force Survey 2019, quoted in the white paper on
# working women of that year); at 45-49: 79.3 % of the married. Between them ASSUMED.
NEVER_MARRIED_WOMEN_INACTIVE_ODDS: Mapping[str, float] = {
    "20-24": 0.2, "25-29": 0.2, "30-34": 0.25, "35-39": 0.4, "40-44": 0.6, "45-49": 0.8,
}  # fmt: skip


def load_shapes(reference_dir: Path) -> dict[str, pl.DataFrame]:
    """Return every shape that the seeds are made of, by name.

    The tables of `shapes/`, and from the word lists of occupations `classes` and
    `education_by_occupation`.
    """
    shapes = {
        key.split("/")[1]: load_table(key, reference_dir)
        for key in load_sources(reference_dir)
        if key.startswith("shapes/")
    }
    return {**shapes, **occupation_shapes(reference_dir)}


def occupation_shapes(reference_dir: Path) -> dict[str, pl.DataFrame]:
    """Return the shapes that come from the word lists of occupations."""
    folder = reference_dir / "occupations"
    return {
        "classes": pl.read_csv(folder / "classes.csv"),
        "education_by_occupation": education_by_occupation(pl.read_csv(folder / "titles.csv")),
    }


def people_seed(cells: pl.DataFrame, shapes: Shapes) -> FloatArray:
    """Return the seed of each cell of `people_cells`: education by age x activity by age.

    Args:
        cells: The combinations that can occur.
        shapes: `education_by_age`, `in_school_by_age`, `occupation_by_age`, `labour_rates` and
            `education_by_occupation`.
    """
    seed = (
        cells.join(_schooling(shapes), on=["sex", "age_group", "education"], how="left",
                   maintain_order="left")
        .join(_activity(shapes), on=["sex", "age_group", "labour_status"], how="left",
              maintain_order="left")
        .join(_occupations(shapes), on=["sex", "age_group", "occupation"], how="left",
              maintain_order="left")
        .join(shapes["education_by_occupation"], on=["occupation", "education"], how="left",
              maintain_order="left")
        .join(_housework(), on=["sex", "age_group", "marital", "labour_status"], how="left",
              maintain_order="left")
        .join(_marital_odds(), on=["sex", "age_group", "marital", "labour_status"], how="left",
              maintain_order="left")
        .select(
            pl.col("schooling").fill_null(0).clip(FLOOR)
            * pl.col("activity").fill_null(0).clip(FLOOR)
            * pl.col("occupation_share").fill_null(1)
            * pl.col("relative_frequency").fill_null(1)
            * pl.col("housework_share").fill_null(1)
            * pl.col("odds").fill_null(1)
        )
        .to_series()
    )  # fmt: skip
    return seed.to_numpy()


def _schooling(shapes: Shapes) -> pl.DataFrame:
    """Share of each level of education, in school included, by sex and age group."""
    in_school = shapes["in_school_by_age"].select(
        "sex", "age_group", (pl.col("in_school") / pl.col("population")).alias("in_school_share")
    )
    graduates = _model_ages(shapes["education_by_age"]).with_columns(
        pl.col("graduates") / pl.col("graduates").sum().over("sex", "age_group")
    )
    shares = graduates.join(
        _model_ages(in_school), on=["sex", "age_group"], how="left", maintain_order="left"
    ).with_columns(
        pl.when(pl.col("age_group") == "15-17")
        .then(IN_SCHOOL_AT_15_17)
        .otherwise(pl.col("in_school_share").fill_null(0))
        .alias("in_school_share")
    )
    left = shares.select(
        "sex", "age_group", "education",
        (pl.col("graduates") * (1 - pl.col("in_school_share"))).alias("schooling"),
    )  # fmt: skip
    there = shares.unique(["sex", "age_group"]).select(
        "sex", "age_group", pl.lit("in_school").alias("education"),
        pl.col("in_school_share").alias("schooling"),
    )  # fmt: skip
    return pl.concat([left, there])


def _activity(shapes: Shapes) -> pl.DataFrame:
    """Share of each labour status by sex and age group, inactivity given to each of its kinds."""
    rates = _model_ages(shapes["labour_rates"]).select(
        "sex",
        "age_group",
        pl.col("employment_rate").alias("employed"),
        (pl.col("participation") * pl.col("unemployment")).alias("unemployed"),
        *((1 - pl.col("participation")).alias(kind) for kind in ("housework", "studying", "other")),
    )
    return rates.unpivot(
        index=["sex", "age_group"], variable_name="labour_status", value_name="activity"
    )


def _occupations(shapes: Shapes) -> pl.DataFrame:
    """Share of each occupation among the employed, by sex and age group."""
    counts = _model_ages(shapes["occupation_by_age"]).with_columns(
        # The survey rounds to ten thousand people: a zero there is not nobody.
        pl.col("employed_10k").clip(0.02)
    )
    return counts.select(
        "sex", "age_group", "occupation",
        (pl.col("employed_10k") / pl.col("employed_10k").sum().over("sex", "age_group"))
        .alias("occupation_share"),
    )  # fmt: skip


def _housework() -> pl.DataFrame:
    rows = []
    for (sex, marital), share in HOUSEWORK_SHARE.items():
        for age_group in levels.AGE_GROUPS:
            here = share * (OLD_HOUSEWORK_FACTOR if age_group in OLD_AGES else 1)
            rows.append((sex, age_group, marital, "housework", here))
            rows.append((sex, age_group, marital, "other", 1 - here))
    return pl.DataFrame(
        rows,
        schema=["sex", "age_group", "marital", "labour_status", "housework_share"],
        orient="row",
    )


def _marital_odds() -> pl.DataFrame:
    rows = [
        ("female", age_group, "never_married", status, odds)
        for age_group, odds in NEVER_MARRIED_WOMEN_INACTIVE_ODDS.items()
        for status in ("housework", "other")
    ]
    return pl.DataFrame(
        rows, schema=["sex", "age_group", "marital", "labour_status", "odds"], orient="row"
    )


def _model_ages(shape: pl.DataFrame) -> pl.DataFrame:
    """Give each model age group the row of the shape's group that holds it."""
    holds = [
        (group, holder)
        for group in levels.AGE_GROUPS
        if (holder := _holder(group, shape["age_group"].unique().to_list()))
    ]
    table = pl.DataFrame(holds, schema=["model_group", "age_group"], orient="row")
    return (
        shape.join(table, on="age_group", maintain_order="left")
        .drop("age_group")
        .rename({"model_group": "age_group"})
    )


def _holder(group: str, candidates: list[str]) -> str | None:
    low, high = _bounds(group)
    for candidate in candidates:
        start, end = _bounds(candidate)
        if start <= low and high <= end:
            return candidate
    return None


def _bounds(group: str) -> tuple[int, int]:
    if group.endswith("+"):
        return int(group[:-1]), 200
    low, high = group.split("-")
    return int(low), int(high)


def education_by_occupation(titles: pl.DataFrame) -> pl.DataFrame:
    """Return how much more frequent each education is in an occupation than in all occupations.

    From job tag's surveyed answers on what schooling is common in a job, weighted by census
    workers: a weak source (multiple answers), used as a seed only.

    Args:
        titles: `occupations/titles.csv`.

    Returns:
        occupation, education, relative_frequency (1 = as in the average occupation).
    """
    names = [name for name in levels.EDUCATION if name != "in_school"]
    weighted = titles.group_by("occupation", maintain_order=True).agg(
        (pl.col(f"edu_{name}") * pl.col("weight")).sum().alias(name) for name in names
    )
    shares = weighted.unpivot(
        index="occupation", variable_name="education", value_name="weight"
    ).with_columns((pl.col("weight") / pl.col("weight").sum().over("occupation")).alias("share"))
    overall = pl.col("weight").sum().over("education") / pl.col("weight").sum()
    return shares.select(
        "occupation",
        "education",
        (pl.col("share") / overall).clip(0.01).alias("relative_frequency"),
    ).sort("occupation", "education")


def employment_status_seed(cells: pl.DataFrame, shape: pl.DataFrame) -> FloatArray:
    """Return the seed of employment status by occupation, the same at every age.

    The survey behind the shape does not know family workers: they are taken to be as frequent in
    each occupation as the self-employed whom they help (ASSUMED; their number is a margin).

    Args:
        cells: Columns occupation and employment_status.
        shape: `employment_form_by_occupation`: occupation, employment_status, share.
    """
    family = shape.filter(pl.col("employment_status") == "self_employed").with_columns(
        pl.lit("family_worker").alias("employment_status")
    )
    joined = cells.join(
        pl.concat([shape, family]), on=["occupation", "employment_status"], how="left",
        maintain_order="left",
    )  # fmt: skip
    return joined["share"].fill_null(0).clip(FLOOR).to_numpy()


def industry_seed(
    cells: pl.DataFrame, classes: pl.DataFrame, sizes: Mapping[str, float]
) -> FloatArray:
    """Return the seed of industry by occupation.

    The workers of each small class are spread over the industries where that class works, in
    proportion to the industries' sizes in the nation.

    Args:
        cells: Columns occupation and industry.
        classes: occupation, workers, industries (letters joined by "|"; ASSUMED by us).
        sizes: Employed people by industry.
    """
    weight: dict[tuple[str, str], float] = {}
    for row in classes.iter_rows(named=True):
        letters = row["industries"].split("|")
        total = sum(sizes[letter] for letter in letters)
        for letter in letters:
            key = (row["occupation"], letter)
            weight[key] = weight.get(key, 0) + float(row["workers"]) * sizes[letter] / total
    floor = FLOOR * sum(weight.values()) / len(cells)
    pairs = zip(cells["occupation"], cells["industry"], strict=True)
    return np.array([max(weight.get(pair, 0), floor) for pair in pairs])
