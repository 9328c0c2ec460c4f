"""Seeds of the household a person lives in."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from scipy import special

from persona_assets import levels
from persona_assets.joint.domain import COARSE
from persona_assets.joint.inputs import Inputs
from persona_assets.joint.seeds import LEAST_10K, in_bands, middle_age, model_ages
from persona_assets.raking import FloatArray

# How likely each household is by marital status and age, ASSUMED throughout; the prefecture's
# totals by household are met either way, and living apart follows a survey (below). By the ages
# named, straight lines between them; columns as in levels.HOUSEHOLD.
PROPENSITIES: Mapping[str, Mapping[int, tuple[float, ...]]] = {
    "never_married": {
        17: (1, 0, 0.70, 0.14, 0.15, 0.02, 0.01),
        30: (1, 0, 0.55, 0.17, 0.12, 0.04, 0.01),
        47: (1, 0, 0.36, 0.28, 0.10, 0.03, 0.02),
        62: (1, 0, 0.06, 0.24, 0.16, 0.03, 0.05),
        72: (1, 0, 0.004, 0.12, 0.18, 0.03, 0.12),
        82: (1, 0, 0.001, 0.06, 0.20, 0.03, 0.30),
        90: (1, 0, 0.001, 0.04, 0.20, 0.03, 0.50),
    },
    "married": {
        20: (1, 0.30, 0.60, 0.03, 0.10, 0.02, 0.001),
        27: (1, 0.34, 0.50, 0.02, 0.09, 0.02, 0.001),
        37: (1, 0.13, 0.74, 0.02, 0.11, 0.01, 0.001),
        47: (1, 0.14, 0.71, 0.02, 0.12, 0.01, 0.001),
        57: (1, 0.35, 0.47, 0.02, 0.14, 0.01, 0.002),
        67: (1, 0.56, 0.25, 0.02, 0.15, 0.01, 0.004),
        77: (1, 0.62, 0.14, 0.02, 0.17, 0.01, 0.012),
        87: (1, 0.52, 0.09, 0.03, 0.19, 0.01, 0.05),
    },
    "widowed": {
        40: (1, 0, 0.02, 0.60, 0.18, 0.02, 0.01),
        67: (1, 0, 0.01, 0.34, 0.24, 0.02, 0.03),
        77: (1, 0, 0.01, 0.27, 0.32, 0.02, 0.08),
        90: (1, 0, 0.01, 0.22, 0.34, 0.02, 0.36),
    },
    "divorced": {
        30: (1, 0, 0.06, 0.55, 0.14, 0.05, 0.01),
        55: (1, 0, 0.04, 0.36, 0.12, 0.04, 0.03),
        72: (1, 0, 0.01, 0.20, 0.18, 0.03, 0.08),
        90: (1, 0, 0.01, 0.18, 0.22, 0.03, 0.40),
    },
}

# Who is married lives alone far more rarely (a spouse at work elsewhere or in care): odds against
# the others, ASSUMED.
MARRIED_ALONE = 0.04
# Log odds between which one is looked for (one in 400 and 95 in 100), and halvings of the interval.
LOG_ODDS = (-6.0, 3.0)
BISECTIONS = 25


# Odds of living in an institution by activity, against who does none of these; ASSUMED. Those who
# work are soldiers in barracks and hardly anybody else, those who study are in dormitories.
IN_INSTITUTIONS: Mapping[str, float] = {"employed": 0.05, "unemployed": 0.1, "studying": 10.0}


def household_by_work(_: Inputs) -> pl.DataFrame:
    """Return the odds of living in an institution by activity."""
    return pl.DataFrame(
        {
            "labour_status": list(IN_INSTITUTIONS),
            "household": ["institution"] * len(IN_INSTITUTIONS),
            "value": list(IN_INSTITUTIONS.values()),
        }
    )


def household_by_marriage(_: Inputs) -> pl.DataFrame:
    """Return how likely each household is by marital status and age.

    Those who live apart (alone or in an institution) add up to 1, of the married to MARRIED_ALONE,
    and so do the others: what `living_alone_by_age` says are then the odds between the two.
    """
    names = list(levels.HOUSEHOLD)
    apart = np.array([COARSE["apart"].group[household] == "yes" for household in names])
    rows = []
    for marital, by_age in PROPENSITIES.items():
        known = np.array(list(by_age.values()))
        for group in levels.AGE_GROUPS:
            here = np.array([np.interp(middle_age(group), list(by_age), row) for row in known.T])
            here[names.index("one_person")] = MARRIED_ALONE if marital == "married" else 1
            here[apart] *= (MARRIED_ALONE if marital == "married" else 1) / here[apart].sum()
            here[~apart] /= here[~apart].sum()
            rows += [(group, marital, n, float(v)) for n, v in zip(names, here, strict=True)]
    return pl.DataFrame(rows, schema=["age_group", "marital", "household", "value"], orient="row")


def living_alone_by_age(inputs: Inputs) -> pl.DataFrame:
    """Return the odds of living alone or in an institution by sex, age and work.

    The Labour Force Survey of October 2019, which counts everybody in an institution or dormitory
    as a household of one, over residents of the same sex, age and activity (census residents times
    the survey's rates). The odds are those of the unmarried, at which they and the married, whose
    odds are MARRIED_ALONE of theirs, are together as many as the survey has; how many are married
    is the prefecture's own margin.
    """
    alone = inputs.shapes["living_alone_by_age"]
    bands = alone["age_group"].unique().to_list()
    # Over the whole band: within it the unmarried of every age are alike.
    married = (
        inputs.margins["marital_status"]
        .with_columns(in_bands("age_group", bands))
        .group_by("sex", "age_group", maintain_order=True)
        .agg(
            (
                pl.col("count").filter(pl.col("marital") == "married").sum() / pl.col("count").sum()
            ).alias("married")
        )
    )
    both = alone.join(
        _residents(inputs, bands), on=["sex", "age_group", "working"], how="left",
        maintain_order="left",
    ).join(married, on=["sex", "age_group"], how="left", maintain_order="left")  # fmt: skip
    share = (both["households_10k"].clip(LEAST_10K) * 1e4 / both["residents"]).to_numpy()
    odds = both.with_columns(value=pl.Series(_odds(share, both["married"].to_numpy())))
    return model_ages(odds).select(
        "sex", "age_group", pl.col("working").alias("labour_force"), pl.lit("yes").alias("apart"),
        "value",
    )  # fmt: skip


def _odds(share: FloatArray, married: FloatArray) -> FloatArray:
    """Return the odds of the unmarried at which a share of all lives apart.

    Args:
        share: Of all who live apart.
        married: Share of the married.
    """
    low, high = np.full(share.shape, LOG_ODDS[0]), np.full(share.shape, LOG_ODDS[1])
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        unmarried, spouses = special.expit(middle), special.expit(middle + np.log(MARRIED_ALONE))
        less = (1 - married) * unmarried + married * spouses < share
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    return np.asarray(np.exp((low + high) / 2))


def _residents(inputs: Inputs, bands: list[str]) -> pl.DataFrame:
    """Return the nation's residents by sex, age band and activity."""
    rates = inputs.shapes["labour_rates"].select(
        "sex",
        "age_group",
        pl.col("employment_rate").alias("employed"),
        (pl.col("participation") - pl.col("employment_rate")).alias("unemployed"),
        (1 - pl.col("participation")).alias("inactive"),
    )
    people = inputs.shapes["in_school_by_age"].select("sex", "age_group", "population")
    rated = rates["age_group"].unique().to_list()
    return (
        people.with_columns(
            in_bands("age_group", bands).alias("band"), in_bands("age_group", rated)
        )
        .join(rates, on=["sex", "age_group"], how="left", maintain_order="left")
        .unpivot(
            ["employed", "unemployed", "inactive"], index=["sex", "band", "population"],
            variable_name="working", value_name="rate",
        )
        .group_by("sex", "band", "working", maintain_order=True)
        .agg((pl.col("population") * pl.col("rate")).sum().alias("residents"))
        .rename({"band": "age_group"})
    )  # fmt: skip
