"""Children, traits and digital skill: published figures, transcribed, and what follows from them.

These figures were read in publications and in what others copied from them, on 25 November 2026,
not downloaded: each constant names its origin, `lifestyle/sources.yaml` the addresses. They are
facts of a few dozen numbers, so they stand here and not in the folder of collected files. What
is needed beside them is taken from the tables that the other parts have written.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtr

from tools.retabulate.lifestyle import PREFECTURE_KEYS

FloatArray = npt.NDArray[np.float64]

TRAITS = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")

# van der Linden, te Nijenhuis & Bakker 2010, Journal of Research in Personality 44, table 2:
# mean observed correlations of 212 samples, 144,117 people. Upper triangle, TRAITS by TRAITS.
CORRELATIONS = ((0.14, 0.31, 0.14, -0.12), (0.21, 0.31, -0.32), (0.18, -0.26), (-0.26,))

# Donnellan & Lucas 2008, Psychology and Aging 23(3), table 1: T scores of two national panels
# (British, German) by age, and table 3: women minus men in standard deviations, in TRAITS' order.
TRAIT_AGES = (17.5, 24.5, 34.5, 44.5, 54.5, 64.5, 74.5, 82.5)
TRAIT_SCORES = {
    "openness": (
        (50.45, 51.08, 49.79, 48.64, 48.06, 46.28, 44.27, 42.47),
        (51.75, 51.46, 50.23, 50.15, 50.43, 49.43, 47.66, 45.56),
    ),
    "conscientiousness": (
        (42.76, 47.88, 50.35, 50.82, 50.80, 49.24, 47.20, 46.77),
        (41.49, 47.15, 50.22, 51.22, 51.16, 50.23, 50.46, 49.84),
    ),
    "extraversion": (
        (53.01, 51.58, 49.70, 48.54, 47.47, 46.98, 45.56, 45.41),
        (51.17, 50.94, 50.12, 49.84, 49.08, 48.27, 47.54, 47.57),
    ),
    "agreeableness": (
        (48.61, 50.00, 50.43, 50.91, 51.32, 50.98, 51.43, 51.44),
        (49.64, 49.65, 49.79, 50.31, 50.21, 50.56, 52.46, 54.16),
    ),
    "neuroticism": (
        (50.47, 50.10, 49.92, 49.39, 48.99, 47.87, 46.25, 46.52),
        (48.80, 49.99, 50.04, 50.36, 51.10, 51.51, 51.38, 50.74),
    ),
}
TRAIT_SEX_DIFFERENCES = {
    "openness": (-0.15, 0.12),
    "conscientiousness": (0.11, 0.11),
    "extraversion": (0.20, 0.16),
    "agreeableness": (0.31, 0.35),
    "neuroticism": (0.51, 0.39),
}

# Percent of couples by number of children (0, 1, 2, 3, 4 or more) once childbearing is over, by
# the wife's year of birth. First row: wives of 1921-1925 in the census of 1970 (Cabinet Office,
# white paper on the declining birth rate 2004, table 1-1-10). Then the National Fertility Surveys
# of 1982, 2002, 2005, 2010, 2015 and 2021, couples married 15-19 years; their wives married
# 17 years before at the mean age of the year (24.5 to 27.8).
COUPLES = {
    1923: (6.9, 9.2, 24.5, 29.7, 29.6),
    1940: (4.0, 11.0, 55.0, 25.0, 5.0),
    1959: (3.4, 8.9, 53.2, 30.2, 4.3),
    1962: (5.6, 11.7, 56.0, 22.4, 4.3),
    1967: (6.4, 15.9, 56.2, 19.4, 2.2),
    1971: (6.2, 18.5, 54.1, 17.9, 3.3),
    1976: (7.7, 19.7, 50.8, 18.6, 3.2),
}
# Years of marriage at the first to fourth birth, vital statistics of 2000.
MARRIED_AT_BIRTH = (1.89, 4.52, 6.86, 8.86)
# ASSUMED: mother's age at the first birth by final number of children, so that the mean ages at
# first, second and third births come out as published for 2015 (30.7, 32.5, 33.5).
FIRST_BIRTH = (32.5, 30.6, 28.9, 27.5)
# ASSUMED: their standard deviation, and the youngest mother.
FIRST_BIRTH_DEVIATION = 5.0
YOUNGEST_MOTHER = 16.0
CENSUS_YEAR = 2020

# Percent who used the internet in the past year. Survey on communications (通信利用動向調査): 2021
# for people in their twenties and seventies, 2016 for those of 80 or more (23) and in their
# sixties (76). ASSUMED: above 90, as published, between the twenties and fifties; the last two,
# raised by what people in their seventies gained since (54 to 59.4).
INTERNET_AGES = (10.0, 16.5, 24.5, 34.5, 44.5, 54.5, 64.5, 74.5, 85.0)
INTERNET = (82.0, 97.0, 98.4, 98.0, 97.0, 94.5, 82.0, 59.4, 26.0)
# The same survey of 2020 by prefecture, people of 6 or more; Kumamoto is of 2021. The seven that
# were not found follow the ages of their people.
INTERNET_BY_PREFECTURE = {
    "hokkaido": 83.0, "aomori": 75.3, "iwate": 74.1, "miyagi": 82.5, "akita": 70.7,
    "yamagata": 75.1, "fukushima": 73.3, "ibaraki": 79.0, "tochigi": 82.2, "gunma": 79.1,
    "saitama": 86.8, "chiba": 83.7, "tokyo": 88.3, "kanagawa": 89.7, "niigata": 78.2,
    "toyama": 81.7, "ishikawa": 82.9, "fukui": 81.2, "yamanashi": 82.7, "nagano": 79.9,
    "gifu": 81.3, "shizuoka": 83.0, "aichi": 86.0, "mie": 81.7, "shiga": 83.7, "kyoto": 86.3,
    "osaka": 86.2, "hyogo": 82.1, "nara": 82.4, "wakayama": 77.0, "tottori": 79.5,
    "shimane": 75.3, "okayama": 81.3, "hiroshima": 82.0, "yamaguchi": 81.3, "tokushima": 77.4,
    "kagawa": 81.3, "ehime": 77.7, "kochi": 76.7, "kumamoto": 75.5,
}  # fmt: skip

# OECD Survey of Adult Skills 2011-2012, Japan, percent of people of 16-65: level 2 or 3 of problem
# solving with computers, and below level 1 or without any experience of computers.
ADVANCED, LITTLE = 26.3 + 8.3, 7.6 + 10.2
# ASSUMED: how the two fall over ages among those who use the internet; scaled to the survey's
# figures over 18-64.
SKILL_AGES = (19.0, 24.5, 34.5, 44.5, 54.5, 62.0, 67.0, 72.0, 77.0, 85.0)
ADVANCED_BY_AGE = (0.34, 0.42, 0.45, 0.42, 0.34, 0.20, 0.12, 0.08, 0.05, 0.03)
BASIC_BY_AGE = (0.05, 0.05, 0.07, 0.11, 0.17, 0.26, 0.36, 0.46, 0.54, 0.62)

# ASSUMED: how far schooling moves people, in standard deviations of digital skill at their age.
SCHOOLING = {
    "lower_secondary": -0.8,
    "upper_secondary": -0.2,
    "junior_college": 0.1,
    "university": 0.5,
    "graduate_school": 0.7,
}

ADULT_AGES = {
    "18-19": 19.0,
    **{f"{age}-{age + 4}": age + 2.5 for age in range(20, 85, 5)},
    "85+": 88.0,
}
OLDEST = ("85-89", "90-94", "95+")
CHILD_AGES = {"5-9": 8.0, "10-14": 12.5, "15-17": 16.5}


def write(_input_dir: Path, out_dir: Path) -> None:
    """Write the tables of `lifestyle/` on children, traits and digital skill.

    Args:
        _input_dir: Not read: the figures stand above.
        out_dir: `data/reference`, with `census/` and `shapes/` written.
    """
    residents = _residents(out_dir)
    population = (
        residents.with_columns(age_group=pl.col("age_group").replace(dict.fromkeys(OLDEST, "85+")))
        .group_by("prefecture", "sex", "age_group", maintain_order=True)
        .agg(pl.col("count").sum())
    )
    national = population.group_by("sex", "age_group", maintain_order=True).agg(
        pl.col("count").sum()
    )
    means, correlations = _traits(national.filter(pl.col("age_group").is_in([*ADULT_AGES])))
    internet = _internet(population)
    tables = {
        "trait_means": means,
        "trait_correlations": correlations,
        "couples": _couples(),
        "children_by_age": _children(),
        "children_by_prefecture": _families(out_dir, residents),
        "internet_use": internet,
        "skill_of_users": _skill(national),
        "skill_by_schooling": _schooling(out_dir),
        "residents": residents.filter(pl.col("age_group") != "5-9"),
    }
    for name, table in tables.items():
        table.write_csv(out_dir / "lifestyle" / f"{name}.csv")


def _residents(out_dir: Path) -> pl.DataFrame:
    """Return people of 6 or more by prefecture, sex and age, in fives from 20 to 95."""
    groups = pl.read_csv(out_dir / "census" / "population_by_age.csv")
    single = pl.read_csv(out_dir / "census" / "population_single_years.csv").with_columns(
        pl.col("age").cast(pl.Int64, strict=False)
    )

    def ages(name: str, low: int, high: int) -> pl.DataFrame:
        those = single.filter(pl.col("age").is_between(low, high))
        total = those.group_by("prefecture", "sex", maintain_order=True).agg(pl.col("count").sum())
        return total.with_columns(age_group=pl.lit(name))

    young = pl.concat(
        [ages("5-9", 6, 9), ages("10-14", 10, 14), ages("15-17", 15, 17)]
    )  # fmt: skip
    of_15_17 = ages("15-17", 15, 17).select("prefecture", "sex", minus="count")
    oldest = {"95-99": "95+", "100+": "95+"}
    rest = (
        groups.filter(~pl.col("age_group").is_in(["0-4", "5-9", "10-14", "unknown"]))
        .join(of_15_17, on=["prefecture", "sex"], how="left", maintain_order="left")
        .with_columns(
            count=pl.col("count")
            - pl.when(pl.col("age_group") == "15-19").then("minus").otherwise(0),
            age_group=pl.col("age_group").replace({"15-19": "18-19", **oldest}),
        )
        .group_by("prefecture", "sex", "age_group", maintain_order=True)
        .agg(pl.col("count").sum())
    )
    return pl.concat([young.select(rest.columns), rest])


def _traits(adults: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the mean T score of each sex and age, and how the traits vary together within one.

    Both are scaled so that the nation's adults have mean 50, deviation 10 and, over everybody,
    the published correlations: what sex and age bring in is taken out of them.
    """
    weights = adults["count"].to_numpy() / adults["count"].sum()
    middles = [ADULT_AGES[group] for group in adults["age_group"]]
    sides = np.where(adults["sex"].to_numpy() == "female", 0.5, -0.5)
    effects = np.column_stack(
        [
            (np.interp(middles, TRAIT_AGES, np.mean(TRAIT_SCORES[trait], axis=0)) - 50) / 10
            + sides * np.mean(TRAIT_SEX_DIFFERENCES[trait])
            for trait in TRAITS
        ]
    )
    effects -= weights @ effects
    between = (effects * weights[:, None]).T @ effects
    scale = np.sqrt(1 + np.diag(between))
    published = np.eye(len(TRAITS))
    for row, values in enumerate(CORRELATIONS):
        published[row, row + 1 :] = published[row + 1 :, row] = values
    within = published - between / np.outer(scale, scale)
    means = pl.DataFrame(
        [
            (trait, sex, group, round(50 + 10 * effects[place, k] / scale[k], 3))
            for k, trait in enumerate(TRAITS)
            for place, (sex, group) in enumerate(adults.select("sex", "age_group").iter_rows())
        ],
        schema=["trait", "sex", "age_group", "mean"],
        orient="row",
    )
    correlations = pl.DataFrame(
        [
            (TRAITS[j], TRAITS[k], published[j, k], round(float(within[j, k]), 4))
            for j in range(len(TRAITS))
            for k in range(j, len(TRAITS))
        ],
        schema=["first", "second", "published", "within"],
        orient="row",
    )
    return means, correlations


def _couples() -> pl.DataFrame:
    return pl.DataFrame(
        [
            (born, children, round(share / 100, 3))
            for born, shares in COUPLES.items()
            for children, share in enumerate(shares)
        ],
        schema=["wife_born", "children", "share"],
        orient="row",
    )


def _children() -> pl.DataFrame:
    """Return, for wives of each age, the childless when all is over and the numbers of the others.

    A wife of final number m has had her first child at an age that is normal (FIRST_BIRTH), the
    others as many years later as marriages last at each birth; those born so far count.
    """
    rows = []
    for age in range(int(YOUNGEST_MOTHER), 105):
        finally_ = _interpolated(CENSUS_YEAR - age, COUPLES)
        so_far = np.zeros(5)
        for m in range(1, 5):
            reached = [_had_birth(age, m, k) for k in range(1, m + 1)] + [0.0]
            for k in range(m):
                so_far[k + 1] += finally_[m] * (reached[k] - reached[k + 1])
        so_far = so_far / so_far.sum()
        rows += [(age, n, round(float(finally_[0] if n == 0 else so_far[n]), 4)) for n in range(5)]
    return pl.DataFrame(rows, schema=["wife_age", "children", "share"], orient="row")


def _families(out_dir: Path, residents: pl.DataFrame) -> pl.DataFrame:
    """Return how large families of each prefecture are beside the nation's.

    Children under 15 for each woman of 25-49 who is or was married, by the census; and the factor
    by which each further child is more frequent than in the nation, such that mothers of 45 have
    as many more children on average.
    """
    ages = [f"{age}-{age + 4}" for age in range(25, 50, 5)]
    women = (pl.col("sex") == "female") & pl.col("age_group").is_in(ages)
    known = pl.read_csv(out_dir / "census" / "marital_status.csv").filter(women)
    young = pl.read_csv(out_dir / "census" / "population_by_age.csv").filter(
        pl.col("age_group").is_in(["0-4", "5-9", "10-14"])
    )
    totals = (
        known.group_by("prefecture", maintain_order=True)
        .agg(
            married=1
            - pl.col("count").filter(pl.col("marital") == "never_married").sum()
            / pl.col("count").sum()
        )
        .join(
            residents.filter(women).group_by("prefecture", maintain_order=True).agg(
                women=pl.col("count").sum()
            ),
            on="prefecture", how="left", maintain_order="left",
        )
        .join(
            young.group_by("prefecture", maintain_order=True).agg(children=pl.col("count").sum()),
            on="prefecture", how="left", maintain_order="left",
        )
        .with_columns(mothers=pl.col("married") * pl.col("women"))
    )  # fmt: skip
    nation = float(totals["children"].to_numpy().sum() / totals["mothers"].to_numpy().sum())
    of_45 = _children().filter((pl.col("wife_age") == 45) & (pl.col("children") > 0))
    shares = of_45["share"].to_numpy()
    number = np.arange(1, len(shares) + 1)
    mean = float(number @ shares)

    def factor(relative: float) -> float:
        low, high = 0.2, 5.0
        for _ in range(60):
            middle = (low + high) / 2
            tilted = shares * middle ** (number - 1)
            less = number @ tilted / tilted.sum() < mean * relative
            low, high = (middle, high) if less else (low, middle)
        return (low + high) / 2

    per_woman = (totals["children"] / totals["mothers"]).to_list()
    return pl.DataFrame(
        {
            "prefecture": totals["prefecture"],
            "per_woman": [round(found, 4) for found in per_woman],
            "factor": [round(factor(found / nation), 4) for found in per_woman],
        }
    )


def _had_birth(age: int, final: int, birth: int) -> float:
    """Return the chance that a woman of that age and final number has had that birth."""
    later = MARRIED_AT_BIRTH[birth - 1] - MARRIED_AT_BIRTH[0]
    mean = FIRST_BIRTH[final - 1]
    below = ndtr((YOUNGEST_MOTHER - mean) / FIRST_BIRTH_DEVIATION)
    reached = ndtr((age + 0.5 - later - mean) / FIRST_BIRTH_DEVIATION)
    return max(0.0, float((reached - below) / (1 - below)))


def _interpolated(at: int, table: Mapping[int, Sequence[float]]) -> FloatArray:
    years = list(table)
    columns = zip(*table.values(), strict=True)
    values = np.array([np.interp(at, years, column) for column in columns])
    shares: FloatArray = values / values.sum()
    return shares


def _internet(population: pl.DataFrame) -> pl.DataFrame:
    """Return the share of users by prefecture and age, shifted to the prefecture's own rate."""
    middles = {**CHILD_AGES, **ADULT_AGES}
    rows = []
    for prefecture in PREFECTURE_KEYS:
        own = population.filter(pl.col("prefecture") == prefecture)
        counts = {
            group: own.filter(pl.col("age_group") == group)["count"].sum() for group in middles
        }
        ages = np.array(list(middles.values()))
        weights = np.array([counts[group] for group in middles], dtype=float)
        logits = _logit(np.interp(ages, INTERNET_AGES, INTERNET) / 100)
        published = INTERNET_BY_PREFECTURE.get(prefecture)
        shift = 0.0 if published is None else _shift(logits, weights, published / 100)
        rates = 1 / (1 + np.exp(-(logits + shift)))
        rows += [
            (prefecture, group, round(float(rate), 4))
            for group, rate in zip(middles, rates, strict=True)
            if group in ADULT_AGES
        ]
    return pl.DataFrame(rows, schema=["prefecture", "age_group", "rate"], orient="row")


def _logit(share: FloatArray) -> FloatArray:
    logit: FloatArray = np.log(share / (1 - share))
    return logit


def _shift(logits: FloatArray, weights: FloatArray, mean: float) -> float:
    """Return what to add to the logits for the weighted mean to be as given; by bisection."""
    low, high = -3.0, 3.0
    for _ in range(60):
        middle = (low + high) / 2
        found = float(weights @ (1 / (1 + np.exp(-(logits + middle)))) / weights.sum())
        low, high = (middle, high) if found < mean else (low, middle)
    return (low + high) / 2


def _skill(national: pl.DataFrame) -> pl.DataFrame:
    """Return how users of each age divide into basic, everyday and advanced."""
    people = {
        group: national.filter(pl.col("age_group") == group)["count"].sum() for group in ADULT_AGES
    }
    ages = np.array(list(ADULT_AGES.values()))
    working = np.array([middle < 65 for middle in ages]) * np.array(list(people.values()), float)
    users = np.interp(ages, INTERNET_AGES, INTERNET) / 100
    advanced = np.interp(ages, SKILL_AGES, ADVANCED_BY_AGE)
    basic = np.interp(ages, SKILL_AGES, BASIC_BY_AGE)
    advanced *= ADVANCED / 100 * working.sum() / (working @ (users * advanced))
    little = LITTLE / 100 * working.sum() - working @ (1 - users)
    basic *= little / (working @ (users * basic))
    if not math.isfinite(little) or little <= 0 or (advanced + basic > 1).any():
        raise ValueError("digital skill: the survey's shares and the users of 18-64 do not agree")
    return pl.DataFrame(
        [
            (group, level, round(float(share), 4))
            for place, group in enumerate(ADULT_AGES)
            for level, share in (
                ("basic", basic[place]),
                ("everyday", 1 - basic[place] - advanced[place]),
                ("advanced", advanced[place]),
            )
        ],
        schema=["age_group", "level", "share"],
        orient="row",
    )


def _schooling(out_dir: Path) -> pl.DataFrame:
    """Return, by age and schooling, how far skill is moved and the deviation left to chance.

    Moves are taken from the mean of the age, and chance fills the variance up to one.
    """
    shares = (
        pl.read_csv(out_dir / "shapes" / "education_by_age.csv")
        .with_columns(
            age_group=pl.col("age_group").replace({"15-19": "18-19"}),
            points=pl.col("education").replace_strict(SCHOOLING, return_dtype=pl.Float64),
        )
        .group_by("age_group", "education", maintain_order=True)
        .agg(pl.col("graduates").sum(), pl.col("points").first())
        .with_columns(share=pl.col("graduates") / pl.col("graduates").sum().over("age_group"))
        .with_columns(mean=(pl.col("share") * pl.col("points")).sum().over("age_group"))
        .with_columns(moved=pl.col("points") - pl.col("mean"))
    )
    variance = (pl.col("share") * pl.col("moved") ** 2).sum().over("age_group")
    return shares.select(
        "age_group", "education", pl.col("moved").round(4), left=(1 - variance).sqrt().round(4)
    )
