"""Seeds of work: employment status, way of working, small class of occupation, industry."""

from collections.abc import Mapping
from itertools import product

import numpy as np
import polars as pl

from persona_assets import levels
from persona_assets.joint.domain import COARSE, age_bounds, first_age
from persona_assets.joint.inputs import Inputs
from persona_assets.joint.seeds import LEAST_10K, census_levels, in_bands
from persona_assets.joint.titles import titles_by_major

WORK_AGES = tuple(str(band) for band in COARSE["work_age"].levels)

# The self-employed of a survey stand for both kinds, and family workers help them.
SELF_EMPLOYED = ("employer", "own_account")
OWN = (*SELF_EMPLOYED, "family_worker")

# Odds of every other employment status than part-time for who is in school, against who left it;
# ASSUMED. Students work part-time.
STUDENTS_REGULAR = 0.01

# Share of those who work "beside housework" by sex, whether ever married, and part-time or not;
# ASSUMED, the prefecture's total is met either way.
BESIDE_HOUSEWORK: Mapping[tuple[str, str, bool], float] = {
    ("female", "yes", True): 0.55,
    ("female", "yes", False): 0.06,
    ("female", "no", True): 0.10,
    ("female", "no", False): 0.01,
    ("male", "yes", True): 0.05,
    ("male", "yes", False): 0.005,
    ("male", "no", True): 0.04,
    ("male", "no", False): 0.005,
}
# Family workers count as part-time ones here: most help beside the household (ASSUMED).
PART_TIME_LIKE = ("part_time", "family_worker")
# Share of the employed who were absent in the census week, the same for all; ASSUMED.
ABSENT = 0.025
# Share of working students who work beside school; the others mainly work (ASSUMED).
STUDENTS_BESIDE_STUDY = 0.9

# Share of regular and dispatched work that is left in an age group from 70 on of that in the group
# before it; ASSUMED.
LEFT_AFTER_70 = 0.6

# The small class of company directors, and the odds of being in it for an employee who is no
# director by status, against a director; ASSUMED, for those of whom no other class of managers
# would allow the schooling.
DIRECTORS = "会社役員"
EMPLOYED_DIRECTORS = 0.01


def employment_status_by_age(inputs: Inputs) -> pl.DataFrame:
    """Return the share of each employment status by sex and age.

    Men: the census of 2020 to 69. Women: the share of regular employees at 20-59, derived; their
    other statuses are laid on ages as men's are, at women's own totals (ASSUMED). Beyond the ages
    known the nearest one stands, but regular and dispatched work fades from 70 on by
    LEFT_AFTER_70 (ASSUMED).
    """
    known = {
        (row["sex"], row["age_group"], row["employment_status"]): row["share"]
        for row in inputs.shapes["employment_status_by_age"].iter_rows(named=True)
    }
    totals = {
        (row["sex"], row["employment_status"]): row["share"]
        for row in inputs.shapes["employment_status_by_sex"].iter_rows(named=True)
    }
    rows = []
    for group in levels.AGE_GROUPS:
        men = {
            status: _nearest(known, "male", status, group)
            for status in ("regular", "dispatched", "part_time", "executive", "other")
        }
        for status in ("regular", "dispatched"):
            men[status] *= LEFT_AFTER_70 ** max(0, (first_age(group) - 65) // 5)
        men = {status: share / sum(men.values()) for status, share in men.items()}
        women = {
            status: men[status] * totals["female", status] / totals["male", status]
            for status in ("dispatched", "executive")
        }
        both = totals["female", "self_employed"] + totals["female", "family_worker"]
        theirs = totals["male", "self_employed"] + totals["male", "family_worker"]
        women["other"] = men["other"] * both / theirs
        women["regular"] = _nearest(known, "female", "regular", group)
        if first_age(group) >= 60 or first_age(group) < 20:
            # Where women's share is unknown it moves from the nearest age as men's does.
            at = "55-59" if first_age(group) >= 60 else "20-24"
            women["regular"] *= men["regular"] / known["male", at, "regular"]
        women["part_time"] = max(0.05, 1 - sum(women.values()))
        for sex, shares in (("male", men), ("female", women)):
            own = totals[sex, "self_employed"] + totals[sex, "family_worker"]
            self_employed = shares["other"] * totals[sex, "self_employed"] / own
            family = shares["other"] * totals[sex, "family_worker"] / own
            rows += [
                *((sex, group, s, shares[s])
                  for s in ("regular", "dispatched", "part_time", "executive")),
                *((sex, group, s, self_employed / len(SELF_EMPLOYED)) for s in SELF_EMPLOYED),
                (sex, group, "family_worker", family),
            ]  # fmt: skip
    return pl.DataFrame(
        rows, schema=["sex", "age_group", "employment_status", "value"], orient="row"
    )


def _nearest(
    known: Mapping[tuple[str, str, str], float], sex: str, status: str, group: str
) -> float:
    """Return the share at the age group, or at the nearest one that the source has."""
    ages = {
        first_age(age): share
        for (s, age, name), share in known.items()
        if (s, name) == (sex, status)
    }
    wanted = max(15, 5 * (first_age(group) // 5))
    return ages[min(ages, key=lambda age: abs(age - wanted))]


def employment_status_by_occupation(inputs: Inputs) -> pl.DataFrame:
    """Return how much more frequent each employment status is in an occupation than in all.

    The survey knows neither family workers nor whom the self-employed employ: both are taken to be
    as frequent in each occupation as the self-employed (ASSUMED; their numbers are margins).
    """
    shares = inputs.shapes["employment_form_by_occupation"]
    relative = shares.select(
        "occupation",
        "employment_status",
        (pl.col("share") / pl.col("share").mean().over("employment_status"))
        .clip(0.01)
        .alias("value"),
    )
    own = relative.filter(pl.col("employment_status") == "self_employed")
    return pl.concat(
        [
            relative.filter(pl.col("employment_status") != "self_employed"),
            *(own.with_columns(pl.lit(status).alias("employment_status")) for status in OWN),
        ]
    )


def employment_status_by_education(inputs: Inputs) -> pl.DataFrame:
    """Return how much more frequent each employment status is at an education and marital status.

    Relative to all of the same sex; workers of 25-34 (Employment Status Survey 2022), taken to hold
    at every age (ASSUMED). The survey's non-regular employees are the dispatched and part-time.
    """
    survey = census_levels(inputs.shapes["education_by_status_25_34"]).filter(
        pl.col("education") != "in_school"
    )
    counts = (
        survey.with_columns(
            pl.when(pl.col("marital") == "never_married")
            .then(pl.lit("no"))
            .otherwise(pl.lit("yes"))
            .alias("ever_married")
        )
        .group_by("sex", "ever_married", "education", "employment_status", maintain_order=True)
        .agg(pl.col("workers").sum())
    )
    workers = pl.col("workers")
    here = (workers + 1) / (workers + 1).sum().over("sex", "ever_married", "education")
    overall = workers.sum().over("sex", "employment_status") / workers.sum().over("sex")
    relative = counts.with_columns((here / overall).clip(0.05, 20).alias("value"))
    means = {
        "self_employed": OWN,
        "regular": ("regular",),
        "non_regular": ("dispatched", "part_time"),
        "executive": ("executive",),
    }
    return pl.concat(
        relative.filter(pl.col("employment_status") == surveyed).with_columns(
            pl.lit(status).alias("employment_status")
        )
        for surveyed, statuses in means.items()
        for status in statuses
    ).select("sex", "ever_married", "education", "employment_status", "value")


def students_work_part_time(_: Inputs) -> pl.DataFrame:
    """Return the odds of each employment status but part-time for who is in school."""
    others = [status for status in levels.EMPLOYMENT_STATUS if status != "part_time"]
    return pl.DataFrame(
        {
            "in_school": ["yes"] * len(others),
            "employment_status": others,
            "value": [STUDENTS_REGULAR] * len(others),
        }
    )


def work_mode_by_marriage(_: Inputs) -> pl.DataFrame:
    """Return the share of each way of working; who is not in school works, or beside housework."""
    rows: list[tuple[str, str, str, str, str, float]] = []
    for (sex, ever_married, part_time), share in BESIDE_HOUSEWORK.items():
        for status in levels.EMPLOYMENT_STATUS:
            if (status in PART_TIME_LIKE) != part_time:
                continue
            who = (sex, ever_married)
            rows += [
                (*who, "no", status, "mainly_working", 1 - share - ABSENT),
                (*who, "no", status, "working_beside_housework", share),
                (*who, "no", status, "absent", ABSENT),
                (*who, "yes", status, "mainly_working", 1 - STUDENTS_BESIDE_STUDY - ABSENT),
                (*who, "yes", status, "working_beside_study", STUDENTS_BESIDE_STUDY),
                (*who, "yes", status, "working_beside_housework", 0.0),
                (*who, "yes", status, "absent", ABSENT),
            ]
    return pl.DataFrame(
        rows,
        schema=["sex", "ever_married", "in_school", "employment_status", "work_mode", "value"],
        orient="row",
    )


def classes(inputs: Inputs) -> pl.DataFrame:
    """Return how likely each small class is by sex, age, schooling and kind of worker.

    The chances of the class's titles added up (`Titles.chances`); classes that no title of which
    a person may have, by sex or licence, are left out.
    """
    bands = {band: _working_years(band) for band in WORK_AGES}
    rows: dict[str, list[object]] = {
        axis: []
        for axis in ("sex", "work_age", "education", "occupation", "worker_kind",
                     "occupation_class", "value")
    }  # fmt: skip
    for occupation, known in titles_by_major(inputs.shapes["titles"]).items():
        names, position = np.unique(known.classes, return_inverse=True)
        for sex, band, education, kind in product(
            levels.SEX, bands, levels.EDUCATION, dict.fromkeys(levels.WORKER_KIND_OF.values())
        ):
            chances = known.chances(sex, education, kind, bands[band])
            for name, value in zip(names, np.bincount(position, chances), strict=True):
                if value > 0:
                    row = (sex, band, education, occupation, kind, str(name), float(value))
                    for axis, level in zip(rows, row, strict=True):
                        rows[axis].append(level)
    return pl.DataFrame(rows)


def _working_years(band: str) -> tuple[int, int]:
    """Return the first and the last year of a band; hardly anybody works on beyond 79."""
    first, last = age_bounds(band)
    return first, min(last, 79)


def directors(_: Inputs) -> pl.DataFrame:
    """Return the odds of being a company director by occupation without being one by status."""
    return pl.DataFrame(
        {
            "worker_kind": ["employee"],
            "occupation_class": [DIRECTORS],
            "value": [EMPLOYED_DIRECTORS],
        }
    )


def industry_by_class(inputs: Inputs) -> pl.DataFrame:
    """Return how the workers of each small class spread over the industries where it works.

    In proportion to the industries' sizes in the nation of 2020; which industries a class works in
    is ASSUMED by us, and it works in no other.
    """
    sizes = dict(inputs.shapes["industry_sizes"].select("industry", "employed").iter_rows())
    rows = []
    for row in inputs.shapes["classes"].iter_rows(named=True):
        allowed = row["industries"].split("|")
        total = sum(sizes[letter] for letter in allowed)
        rows += [(row["occupation_class"], letter, sizes[letter] / total) for letter in allowed]
    return pl.DataFrame(rows, schema=["occupation_class", "industry", "value"], orient="row")


# The Labour Force Survey's middle groups as the classification's (JSOC 2009): some are several.
SURVEY_GROUPS: Mapping[str, tuple[str, ...]] = {
    "003": ("06", "07", "08", "09", "10", "11"),
    "004": ("12", "13", "14", "15"),
    "005": ("19",),
    "006": ("05", "16", "17", "18", "20", "21", "22", "23", "24"),
    "008": ("25",),
    "009": ("26",),
    "010": ("27", "28", "29", "30", "31"),
    "012": ("32",),
    "013": ("33",),
    "014": ("34",),
    "016": ("36",),
    "017": ("38",),
    "018": ("39",),
    "019": ("40",),
    "020": ("35", "37", "41", "42"),
    "024": ("52",),
    "025": ("53",),
    "026": ("54",),
    "027": ("55",),
    "028": ("56", "57"),
    "029": ("58",),
    "030": ("59",),
    "034": ("70",),
    "035": ("71",),
    "036": ("72", "73"),
}


def survey_group(classes: pl.DataFrame) -> pl.DataFrame:
    """Return the survey's middle group of each small class that it tells from the others.

    Args:
        classes: `occupations/classes`: occupation_class, middle.
    """
    group_of = {middle: group for group, middles in SURVEY_GROUPS.items() for middle in middles}
    middle = pl.col("middle").cast(pl.String).str.zfill(2)
    return classes.select(
        "occupation_class",
        middle.replace_strict(group_of, default=None, return_dtype=pl.String).alias("group"),
    ).drop_nulls()


def class_by_age(inputs: Inputs) -> pl.DataFrame:
    """Return how much more frequent a class's middle group is at a sex and age than its titles say.

    The survey's share of the group within its major group (mean of 2019-2021), over the share that
    the titles' workers, sexes and ages make. Classes of groups that the survey does not tell apart
    have no row.
    """
    surveyed = (
        inputs.shapes["occupation_middle_by_age"]
        .with_columns(
            pl.col("occupation_middle").str.zfill(3).alias("group"),
            in_bands("age_group", WORK_AGES).alias("work_age"),
        )
        .group_by("sex", "work_age", "occupation", "group", maintain_order=True)
        .agg(pl.col("employed_10k").sum().clip(LEAST_10K).alias("surveyed"))
    )
    groups = survey_group(inputs.shapes["classes"])
    made = (
        _titles_by_age(inputs)
        .join(groups, on="occupation_class", maintain_order="left")
        .group_by("sex", "work_age", "occupation", "group", maintain_order=True)
        .agg(pl.col("workers").sum().alias("made"))
    )
    cell = ["sex", "work_age", "occupation"]
    both = surveyed.join(made, on=[*cell, "group"], maintain_order="left").filter(
        pl.col("made") > 0
    )
    share = [pl.col(name) / pl.col(name).sum().over(cell) for name in ("surveyed", "made")]
    return both.with_columns((share[0] / share[1]).alias("value")).join(
        groups, on="group", maintain_order="left"
    ).select("sex", "work_age", "occupation_class", "value")  # fmt: skip


def _titles_by_age(inputs: Inputs) -> pl.DataFrame:
    """Return the workers of each class by sex and age band, as its titles have them."""
    titles = inputs.shapes["titles"]
    share = {"female": pl.col("female_share"), "male": 1 - pl.col("female_share")}
    parts = []
    for band in WORK_AGES:
        first, last = _working_years(band)
        years = (
            pl.min_horizontal("max_age", pl.lit(last))
            - pl.max_horizontal("min_age", pl.lit(first))
            + 1
        ).clip(0)
        parts += [
            titles.group_by("occupation", "occupation_class", maintain_order=True)
            .agg((pl.col("weight") * share[sex] * years).sum().alias("workers"))
            .with_columns(pl.lit(sex).alias("sex"), pl.lit(band).alias("work_age"))
            for sex in levels.SEX
        ]
    return pl.concat(parts)
