"""Seeds of the root factor: schooling, activity and marriage by age.

A seed is only a shape. Where a margin speaks the margin decides; a seed decides what is left open.
Every function returns the axes of its interaction and `value`, up to a factor.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from persona_assets import levels
from persona_assets.joint.domain import age_bounds, first_age
from persona_assets.joint.inputs import Inputs
from persona_assets.raking import Target, rake

# Share of 15-17 in school: 94.9 % of boys and 95.1 % of girls went on to upper secondary school in
# 2020 without counting correspondence courses (School Basic Survey, SSDS E3801). ASSUMED to be
# 97 % with them.
IN_SCHOOL_AT_15_17 = 0.97

# Odds of working or looking for work for who is in school, against who left it, at the same sex and
# age. ASSUMED the same at every age; so chosen that about one student in five works, as the census
# has it (1.3 of 7.6 million work beside school, and some mainly work).
STUDENTS_TAKE_PART_ODDS = 0.03

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

# Odds of being out of the labour force, never married against the rest. Women at 25-29: 92.9 % of
# the never married take part, 85 % of all (Labour Force Survey 2019, quoted in the white paper on
# working women of that year); at 45-49: 79.3 % of the married. Men at 25-34: of the never married
# 13 in 100 do not work (Employment Status Survey 2022), and together they are nearly all men of
# that age who do not, so hardly a married one is among them. Between and beyond ASSUMED.
NEVER_MARRIED_OUT_OF_WORK_ODDS: Mapping[str, Mapping[str, float]] = {
    "female": {
        "20-24": 0.2, "25-29": 0.2, "30-34": 0.25, "35-39": 0.4, "40-44": 0.6, "45-49": 0.8,
    },
    "male": {
        "20-24": 3, "25-29": 6, "30-34": 6, "35-39": 6, "40-44": 5, "45-49": 5, "50-54": 4,
        "55-59": 3,
    },
}  # fmt: skip

# Odds of having married for who is in school, against the rest of the same age; ASSUMED.
STUDENTS_EVER_MARRIED_ODDS = 0.1

# No survey finds nobody where it counts in ten thousands: half of half its unit.
LEAST_10K = 0.02


def education_by_age(inputs: Inputs) -> pl.DataFrame:
    """Return the share of each level of education, in school included, by sex and age group."""
    return _with_students(inputs, inputs.shapes["education_by_age"])


def education_modelled(inputs: Inputs) -> pl.DataFrame:
    """Return the same from the Wittgenstein Centre's model, which did not see the census of 2020.

    Its one level of tertiary education stands for all three.
    """
    modelled = inputs.shapes["education_modelled"]
    tertiary = pl.DataFrame(
        [(e, "tertiary") for e in ("junior_college", "university", "graduate_school")]
        + [(e, e) for e in ("lower_secondary", "upper_secondary")],
        schema=["level", "education"],
        orient="row",
    )
    apart = modelled.join(tertiary, on="education", maintain_order="left").select(
        "sex", "age_group", pl.col("level").alias("education"),
        pl.col("people_thousand").alias("graduates"),
    )  # fmt: skip
    return _with_students(inputs, apart)


def _with_students(inputs: Inputs, by_age: pl.DataFrame) -> pl.DataFrame:
    in_school = inputs.shapes["in_school_by_age"].select(
        "sex", "age_group", (pl.col("in_school") / pl.col("population")).alias("there")
    )
    graduates = model_ages(by_age).with_columns(
        pl.col("graduates") / pl.col("graduates").sum().over("sex", "age_group")
    )
    # The shape has 15-19 as one group; its five ages are taken to be equally many.
    at_18_19 = (5 * pl.col("there") - 3 * IN_SCHOOL_AT_15_17) / 2
    shares = graduates.join(
        model_ages(in_school), on=["sex", "age_group"], how="left", maintain_order="left"
    ).with_columns(
        pl.when(pl.col("age_group") == "15-17")
        .then(IN_SCHOOL_AT_15_17)
        .when(pl.col("age_group") == "18-19")
        .then(at_18_19)
        .otherwise(pl.col("there").fill_null(0))
        .alias("there")
    )
    left = shares.select(
        "sex", "age_group", "education",
        (pl.col("graduates") * (1 - pl.col("there"))).alias("value"),
    )  # fmt: skip
    there = shares.unique(["sex", "age_group"], maintain_order=True).select(
        "sex", "age_group", pl.lit("in_school").alias("education"), pl.col("there").alias("value")
    )
    return pl.concat([left, there])


def activity_by_age(inputs: Inputs) -> pl.DataFrame:
    """Return the share of each labour status by sex and age, for students and the others.

    Of all of a sex and age as in the survey, whoever is in school; between those in school and the
    others by STUDENTS_TAKE_PART_ODDS. Each kind of inactivity gets all of it.
    """
    both = model_ages(inputs.shapes["labour_rates"]).join(
        model_ages(inputs.shapes["in_school_by_age"]), on=["sex", "age_group"],
        maintain_order="left",
    )  # fmt: skip
    odds = STUDENTS_TAKE_PART_ODDS
    rows = []
    for row in both.iter_rows(named=True):
        taking_part = row["participation"]
        unemployed = taking_part * row["unemployment"]
        students = row["in_school"] / row["population"]
        # Students and the others, each by whether they take part.
        table = rake(
            np.array([odds, 1, 1, 1]),
            [
                Target("school", np.array([0, 0, 1, 1]), np.array([students, 1 - students]), "sn"),
                Target("activity", np.array([0, 1, 0, 1]),
                       np.array([taking_part, 1 - taking_part]), "pi"),
            ],
        ).weights.reshape(2, 2)  # fmt: skip
        for in_school, (part, out) in zip(("yes", "no"), table, strict=True):
            if part + out > 0:
                rate = part / (part + out)
                shares = {
                    "employed": rate * row["employment_rate"] / taking_part,
                    "unemployed": rate * unemployed / taking_part,
                    **dict.fromkeys(("housework", "studying", "other"), 1 - rate),
                }
                rows += [
                    (row["sex"], row["age_group"], in_school, status, share)
                    for status, share in shares.items()
                ]
    return pl.DataFrame(
        rows, schema=["sex", "age_group", "in_school", "labour_status", "value"], orient="row"
    )


def occupation_by_age(inputs: Inputs) -> pl.DataFrame:
    """Return the share of each occupation among the employed, by sex and age group."""
    counts = model_ages(inputs.shapes["occupation_by_age"]).with_columns(
        pl.col("employed_10k").clip(LEAST_10K)
    )
    share = pl.col("employed_10k") / pl.col("employed_10k").sum().over("sex", "age_group")
    return counts.select("sex", "age_group", "occupation", share.alias("value"))


def education_by_occupation(inputs: Inputs) -> pl.DataFrame:
    """Return how much more frequent each education is in an occupation than in all occupations.

    From job tag's surveyed answers on what schooling is common in a job, weighted by census
    workers: a weak source (multiple answers), used as a seed only.
    """
    names = [name for name in levels.EDUCATION if name != "in_school"]
    weighted = (
        inputs.shapes["titles"]
        .group_by("occupation", maintain_order=True)
        .agg((pl.col(f"edu_{name}") * pl.col("weight")).sum().alias(name) for name in names)
    )
    shares = weighted.unpivot(
        index="occupation", variable_name="education", value_name="weight"
    ).with_columns((pl.col("weight") / pl.col("weight").sum().over("occupation")).alias("share"))
    overall = pl.col("weight").sum().over("education") / pl.col("weight").sum()
    return shares.select(
        "occupation", "education", (pl.col("share") / overall).clip(0.01).alias("value")
    ).sort("occupation", "education")


def education_by_marriage(inputs: Inputs) -> pl.DataFrame:
    """Return the odds of never having married by education, relative to all of a sex and age.

    Measured at 25-29 and 30-34 (workers, Employment Status Survey 2022) and at 45-54 in the
    censuses of 2020, 2010 and 1990, whose people are 45-54, 55-64 and 75-84 now; marriages after
    that age are few. Between these ages the logarithm is interpolated.
    """
    survey = (
        census_levels(inputs.shapes["education_by_status_25_34"])
        .group_by("sex", "age_group", "education", maintain_order=True)
        .agg(
            pl.col("workers").filter(pl.col("marital") == marital).sum().alias(marital)
            for marital in ("never_married", "ever_married")
        )
        .filter(pl.col("education") != "in_school")
    )
    census = inputs.shapes["education_by_marital_45_54"]
    points: dict[tuple[str, str], dict[float, float]] = {}

    def add(
        sex: str, age: float, education: str, never: float, ever: float, overall: float
    ) -> None:
        points.setdefault((sex, education), {})[age] = float(np.log(never / ever) - overall)

    for (sex, group), part in survey.group_by("sex", "age_group", maintain_order=True):
        overall = _log_odds(part["never_married"], part["ever_married"])
        for row in part.iter_rows(named=True):
            age = first_age(str(group)) + 2.5
            add(str(sex), age, row["education"], row["never_married"], row["ever_married"], overall)
    for (sex, year), part in census.group_by("sex", "year", maintain_order=True):
        ever = part["people"] - part["never_married"]
        overall = _log_odds(part["never_married"], ever)
        for row, has in zip(part.iter_rows(named=True), ever, strict=True):
            same = [row["education"]]
            if row["education"] == "university":
                same.append("graduate_school")
            for education in same:
                age = 50.0 + 2020 - int(str(year))
                add(str(sex), age, education, row["never_married"], has, overall)
    rows = [
        (sex, group, education, "no", float(np.exp(np.interp(middle_age(group), *_line(known)))))
        for (sex, education), known in points.items()
        for group in levels.AGE_GROUPS
    ]
    return pl.DataFrame(
        rows,
        schema=["sex", "age_group", "education", "ever_married", "value"],
        orient="row",
    )


def _log_odds(never: pl.Series, ever: pl.Series) -> float:
    return float(np.log(float(never.sum()) / float(ever.sum())))


def students_unmarried(_: Inputs) -> pl.DataFrame:
    """Return the odds of having married for who is in school."""
    return pl.DataFrame(
        {"in_school": ["yes"], "ever_married": ["yes"], "value": [STUDENTS_EVER_MARRIED_ODDS]}
    )


def housework_by_marriage(_: Inputs) -> pl.DataFrame:
    """Return how those out of work are split between housework and other."""
    rows = []
    for (sex, marital), share in HOUSEWORK_SHARE.items():
        for age_group in levels.AGE_GROUPS:
            here = share * (OLD_HOUSEWORK_FACTOR if age_group in OLD_AGES else 1)
            rows.append((sex, age_group, marital, "housework", here))
            rows.append((sex, age_group, marital, "other", 1 - here))
    return pl.DataFrame(
        rows, schema=["sex", "age_group", "marital", "labour_status", "value"], orient="row"
    )


def work_by_marriage(_: Inputs) -> pl.DataFrame:
    """Return the odds of being out of the labour force for who never married."""
    rows = [
        (sex, age_group, "no", "inactive", float(odds))
        for sex, by_age in NEVER_MARRIED_OUT_OF_WORK_ODDS.items()
        for age_group, odds in by_age.items()
    ]
    return pl.DataFrame(
        rows, schema=["sex", "age_group", "ever_married", "labour_force", "value"], orient="row"
    )


# The survey's kinds of schooling as the census counts them: vocational schools by their years.
SURVEY_LEVELS: Mapping[str, str] = {
    "lower_secondary": "lower_secondary",
    "upper_secondary": "upper_secondary",
    "vocational_1": "upper_secondary",
    "vocational_2": "junior_college",
    "junior_college": "junior_college",
    "technical_college": "junior_college",
    "vocational_4": "university",
    "university": "university",
    "graduate_school": "graduate_school",
    "in_school": "in_school",
}


def census_levels(survey: pl.DataFrame) -> pl.DataFrame:
    """Return a survey's rows with its kinds of schooling as levels of the census."""
    return survey.with_columns(pl.col("education").replace_strict(SURVEY_LEVELS))


def model_ages(shape: pl.DataFrame) -> pl.DataFrame:
    """Give each model age group the row of the shape's group that holds it."""
    candidates = shape["age_group"].unique().to_list()
    holds = [
        (group, holder)
        for group in levels.AGE_GROUPS
        if (holder := age_holder(group, candidates)) is not None
    ]
    table = pl.DataFrame(holds, schema=["model_group", "age_group"], orient="row")
    return (
        shape.join(table, on="age_group", maintain_order="left")
        .drop("age_group")
        .rename({"model_group": "age_group"})
    )


def age_holder(group: str, candidates: Sequence[str]) -> str | None:
    """Return the candidate that holds an age group whole; None if there is none."""
    low, high = age_bounds(group)
    for candidate in candidates:
        start, end = age_bounds(candidate)
        if start <= low and high <= end:
            return candidate
    return None


def in_bands(column: str, bands: Sequence[str]) -> pl.Expr:
    """Return the band that holds each age group; null if there is none."""
    return pl.col(column).map_elements(
        lambda group: age_holder(group, bands), return_dtype=pl.String
    )


def middle_age(group: str) -> float:
    """Return the middle of an age group in years; an open one is taken to be five years wide."""
    low, high = age_bounds(group)
    return (low + min(high, low + 4) + 1) / 2


def _line(points: Mapping[float, float]) -> tuple[list[float], list[float]]:
    ages = sorted(points)
    return ages, [points[age] for age in ages]
