"""Seeds of schooling below the census levels: kinds of school, single years, vocational schools.

Who goes to which school at which age, and who left a vocational school or technical college.
"""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from scipy import special

from persona_assets import levels
from persona_assets.census.margins import SINGLE_AGES, age_group_of
from persona_assets.joint.domain import first_age
from persona_assets.joint.inputs import Inputs
from persona_assets.raking import FloatArray, IntArray

# Ages at which each kind of school is attended; ASSUMED, wide enough for late starters.
SCHOOL_AGES: Mapping[str, tuple[str, ...]] = {
    "lower_secondary": ("15-17",),
    "upper_secondary": ("15-17", "18-19"),
    "junior_college": ("15-17", "18-19", "20-24"),
    "university": ("18-19", "20-24", "25-29", "30-34"),
    "graduate_school": ("20-24", "25-29", "30-34"),
}

# How likely each schooling is at a single year of age, up to a factor, on census day (1 October):
# who was born from April to September is still a year behind those born from October to March, so
# half of those aged 18 are in upper secondary school. The halves follow from the school year, the
# rest is ASSUMED. Below the first age named: 0; above the last: as at the last.
SCHOOLING_AT_AGE: Mapping[str, Mapping[int, float]] = {
    "upper_secondary": {18: 0.5, 19: 1},
    "junior_college": {20: 0.5, 21: 1},
    "university": {22: 0.5, 23: 1},
    "graduate_school": {24: 0.5, 25: 1},
    "in_school/lower_secondary": {15: 0.5, 16: 0},
    "in_school/upper_secondary": {15: 0.5, 16: 1, 18: 0.5, 19: 0.02},
    "in_school/junior_college": {15: 0.1, 18: 0.5, 19: 1, 20: 0.5, 21: 0.1, 22: 0.05, 23: 0.02},
    "in_school/university": {18: 0.5, 19: 1, 22: 0.5, 23: 0.15, 24: 0.1, 25: 0.02},
    "in_school/graduate_school": {22: 0.5, 23: 1, 24: 0.8, 25: 0.4, 26: 0.3, 28: 0.1},
}

# How often curves are moved; the groups then have their shares to a millionth.
KNOT_MOVES = 12
# Cohorts whose schooling the Employment Status Survey of 2022 gives.
SURVEYED_AGES = ("25-29", "30-34")


def schooling_at(name: str, age: int) -> float:
    """Return the value of one curve of SCHOOLING_AT_AGE at an age; 1 where there is no curve."""
    curve = SCHOOLING_AT_AGE.get(name)
    if curve is None:
        return 1.0
    named = [start for start in curve if start <= age]
    return curve[max(named)] if named else 0.0


def school_by_age(inputs: Inputs) -> pl.DataFrame:
    """Return how many of each age group go to each school: its students spread over its curve.

    Of the prefecture's own students, so that a small kind of school is small at every age and the
    ages that are in school need not move for it.
    """
    ages = {
        group: [age for age in SINGLE_AGES if levels.AGE_GROUPS[age_group_of([age])[0]] == group]
        for group in levels.AGE_GROUPS
    }
    rows = []
    for sex, school, students in inputs.margins["school"].select("sex", "school", "count").rows():
        curve = {
            group: sum(schooling_at(f"in_school/{school}", age) for age in ages[group])
            for group in SCHOOL_AGES[school]
        }
        whole = sum(curve.values())
        rows += [(sex, group, school, students * at / whole) for group, at in curve.items()]
    return pl.DataFrame(rows, schema=["sex", "age_group", "school", "value"], orient="row")


def schooling_by_single_age(_: Inputs) -> pl.DataFrame:
    """Return how likely each schooling is at each single year of age."""
    rows: list[tuple[str, str | None, int, float]] = []
    for name in SCHOOLING_AT_AGE:
        education, _slash, school = name.partition("/")
        rows += [(education, school or None, age, schooling_at(name, age)) for age in SINGLE_AGES]
    return pl.DataFrame(
        rows,
        schema={"education": pl.String, "school": pl.String, "age": pl.Int64, "value": pl.Float64},
        orient="row",
    )


def marital_by_single_age(inputs: Inputs) -> pl.DataFrame:
    """Return the share of each marital status at each single year of age, by sex.

    A monotone cubic spline (PCHIP, Fritsch and Carlson 1980) runs through the log odds of each
    status at the mean age of each age group, and its knots are moved until every group has its
    share again. So the shares are smooth across the borders of groups, which single years taken
    from each group alone are not.
    """
    groups = age_group_of(SINGLE_AGES)
    margin, population = inputs.margins["marital_status"], inputs.margins["population"]
    parts = []
    for sex in levels.SEX:
        people = population.filter(pl.col("sex") == sex).sort("age")["count"].to_numpy()
        by_status = margin.filter(pl.col("sex") == sex).pivot(
            "marital", index="age_group", values="count"
        )
        # Where nobody can be a table may have no row.
        counts = by_status.select(list(levels.MARITAL)).fill_null(0).to_numpy()
        shares = counts / counts.sum(axis=1, keepdims=True)
        smooth = np.array([smooth_share(of_status, people, groups) for of_status in shares.T])
        # Each curve has its group's mean; now the four are everybody at every age as well.
        for _ in range(KNOT_MOVES):
            smooth /= smooth.sum(axis=0)
            means = np.array([np.bincount(groups, people * curve) for curve in smooth])
            means /= np.bincount(groups, people)
            smooth *= np.divide(shares.T, means, out=np.zeros_like(means), where=means > 0)[
                :, groups
            ]
        parts += [
            pl.DataFrame({"age": SINGLE_AGES, "value": curve}).select(
                pl.lit(sex).alias("sex"), pl.lit(status).alias("marital"), "age", "value"
            )
            for status, curve in zip(levels.MARITAL, smooth, strict=True)
        ]
    return pl.concat(parts)


def smooth_share(shares: FloatArray, people: FloatArray, groups: IntArray) -> FloatArray:
    """Return a share per single year whose mean in each age group is the group's share.

    Args:
        shares: One per age group.
        people: One count per single year.
        groups: Age group of each single year.
    """
    # Half a second to import, and only this needs it.
    from scipy.interpolate import PchipInterpolator

    ages = np.array(SINGLE_AGES) + 0.5
    size = np.bincount(groups, people)
    # Nobody, or everybody, is a rule of the tables and no point of a curve.
    between = np.flatnonzero((shares > 1e-5) & (shares < 1 - 1e-5))
    if not between.size:
        return np.asarray(shares[groups])
    knots = (np.bincount(groups, people * ages) / size)[between]
    wanted = special.logit(shares[between])
    height = wanted.copy()
    for _ in range(KNOT_MOVES):
        curve = PchipInterpolator(knots, height)
        first, last = curve.derivative()(knots[[0, -1]])
        inside = curve(np.clip(ages, knots[0], knots[-1]))
        beyond = first * np.minimum(ages - knots[0], 0) + last * np.maximum(ages - knots[-1], 0)
        smooth = special.expit(inside + beyond)
        mean = (np.bincount(groups, people * smooth) / size)[between]
        height += wanted - special.logit(np.clip(mean, 1e-9, 1 - 1e-9))
    return np.where(np.isin(groups, between), smooth, shares[groups])


# Levels of the Employment Status Survey by the census level that holds them.
_DETAILS: Mapping[str, Mapping[str, str]] = {
    "upper_secondary": {"upper_secondary": "upper_secondary", "vocational_1": "vocational_school"},
    "junior_college": {
        "vocational_2": "vocational_school",
        "junior_college": "junior_college",
        "technical_college": "technical_college",
    },
    "university": {"university": "university", "vocational_4": "vocational_school"},
}


def education_detail_by_age(inputs: Inputs) -> pl.DataFrame:
    """Return the share of vocational schools and technical colleges within the census levels.

    Measured for workers of 25-29 and 30-34 (Employment Status Survey 2022). Older cohorts: the odds
    of a vocational school move with how many of the cohort's school leavers entered one, against
    junior college or against neither (School Basic Survey). The younger are taken as 25-29.
    """
    survey = inputs.shapes["education_by_status_25_34"]
    entered = _entrants(inputs.shapes["after_upper_secondary"])
    today = {kind: np.mean([entered(kind, g) for g in SURVEYED_AGES]) for kind in _DETAILS}
    rows = []
    for sex in levels.SEX:
        for level, details in _DETAILS.items():
            for group in levels.AGE_GROUPS:
                surveyed = group if group in SURVEYED_AGES else SURVEYED_AGES[0]
                if first_age(group) >= first_age(SURVEYED_AGES[1]):
                    surveyed = SURVEYED_AGES[1]
                here = survey.filter((pl.col("sex") == sex) & (pl.col("age_group") == surveyed))
                cohort = 1.0
                if group not in SURVEYED_AGES and first_age(group) > first_age(SURVEYED_AGES[1]):
                    cohort = entered(level, group) / float(today[level])
                for kind, detail in details.items():
                    people = float(here.filter(pl.col("education") == kind)["workers"].sum())
                    more = cohort if detail == "vocational_school" else 1.0
                    rows.append((sex, group, level, detail, people * more))
    frame = pl.DataFrame(
        rows, schema=["sex", "age_group", "education", "education_detail", "value"], orient="row"
    )
    share = pl.col("value") / pl.col("value").sum().over("sex", "age_group", "education")
    return frame.with_columns(share)


def _entrants(after: pl.DataFrame) -> Callable[[str, str], float]:
    """Return a function: vocational entrants of a cohort against the others of a census level."""
    both = after.filter(pl.col("sex") == "both").pivot("item", index="year", values="people")
    by_year = {int(row["year"]): row for row in both.iter_rows(named=True)}
    first, last = min(by_year), max(by_year)

    def entered(level: str, group: str) -> float:
        middle = first_age(group) + 2
        # When the people of the group were 18, at its middle.
        year = min(max(levels.CENSUS_YEAR - middle + 18, first), last)
        row = by_year[year]
        others = {
            "upper_secondary": row["graduates"] - row["advanced"] - row["vocational"],
            "junior_college": row["junior_college"],
            "university": row["university"],
        }[level]
        return float(row["vocational"] / others)

    return entered


def education_detail_by_occupation(inputs: Inputs) -> pl.DataFrame:
    """Return how much more frequent each schooling is in an occupation than in all occupations."""
    shares = inputs.shapes["education_detail_by_occupation"]
    mean = pl.col("share").mean().over("education_detail")
    return shares.select(
        "occupation", "education_detail", (pl.col("share") / mean).clip(0.01).alias("value")
    )
