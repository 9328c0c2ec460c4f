"""Former work of retired people: occupation, its class and the job title, as they left it.

Belongs here: who of those out of work has retired from what. Who is out of work is the joint's
business.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from persona_assets import levels
from persona_assets.joint.distribution import SPECS, Joint, add_coarse
from persona_assets.joint.domain import COARSE, first_age
from persona_assets.people.occupations import draw_titles
from persona_assets.people.systematic import draw_given
from persona_assets.raking import FloatArray
from persona_assets.storage.paths import reference_dir

# From which age on people out of work and not looking for any are retired, and from which age on
# those who keep house may be; ASSUMED, the ages of 定年 and of the full pension.
RETIRED_FROM: Final = {"other": 60, "housework": 65}

# The age at which the work was done that people look back on, and its bands; ASSUMED.
AGE_THEN: Final = 59
GROUP_THEN: Final = "55-59"
BAND_THEN: Final = str(COARSE["work_age"].group[GROUP_THEN])

# Age groups that the tables of former work tell apart, by those of the joint.
COHORT_OF: Final = {
    group: group if first_age(group) < 75 else "75+"
    for group in levels.ADULT_AGE_GROUPS
    if first_age(group) >= min(RETIRED_FROM.values())
}

# Rounds in which former occupations are fitted to the cohort's, far more than are needed.
ROUNDS: Final = 50
# The survey counts in tens of thousands; a count of 0 stands for less than half of one.
LEAST_10K: Final = 0.25

COLUMNS: Final = ("former_occupation", "former_occupation_class", "former_occupation_title")
_WHO: Final = ("sex", "ever_married", "education")


def draw_former(
    people: pl.DataFrame, joint: Joint, rng: np.random.Generator, reference: Path | None = None
) -> pl.DataFrame:
    """Draw the former work of retired people.

    A person's occupation is drawn from what people of the sex, schooling and marriage do at 55-59
    in the joint, fitted to how the cohort's own work differed from that of today's workers
    (`occupations/former_work`); standing, class and industry follow as the joint has them at that
    age, the title as `draw_titles` has it at AGE_THEN.

    Args:
        people: One row per person: sex, age, age_group, marital, education, labour_status.
        joint: The prefecture's joint.
        rng: Generator of this purpose.
        reference: The folder `data/reference`; by default the one that ships.

    Returns:
        The COLUMNS, in the order of `people`; null for those who are not retired.
    """
    reference = reference or reference_dir()
    frame = _with_groups(people).with_row_index("place")
    candidates = frame.filter(_candidate())
    drawn = draw_given(
        candidates, _career_odds(joint, reference), ["sex", "cohort", "labour_status"], rng
    )
    retired = candidates.filter(drawn["had_career"])
    then = retired.with_columns(
        pl.lit(GROUP_THEN).alias("age_group"),
        pl.lit(BAND_THEN).alias("work_age"),
        pl.lit(AGE_THEN).alias("age"),
    )
    occupations = former_occupations(joint, reference)
    then = then.hstack(draw_given(then, occupations, [*_WHO, "cohort"], rng))
    for name in ("employment_status", "occupation_class", "industry"):
        factor = joint.factors[name].filter(pl.col("weight") > 0)
        for axis, level in (("age_group", GROUP_THEN), ("work_age", BAND_THEN)):
            if axis in factor.columns:
                factor = factor.filter(pl.col(axis) == level)
        then = add_coarse(then, SPECS[name].given)
        then = then.hstack(draw_given(then, factor, SPECS[name].given, rng))
    years = levels.CENSUS_YEAR - (people["age"].to_numpy()[retired["place"].to_numpy()] - AGE_THEN)
    then = then.hstack(draw_titles(then.drop("place"), rng, reference, years))
    former = then.select(
        "place",
        *(pl.col(name.removeprefix("former_")).alias(name) for name in COLUMNS),
    )
    return frame.join(former, on="place", how="left", maintain_order="left").select(COLUMNS)


def _with_groups(people: pl.DataFrame) -> pl.DataFrame:
    """Return who people are to the tables of former work; cohort is null for the younger."""
    cohort = pl.col("age_group").replace_strict(COHORT_OF, default=None, return_dtype=pl.String)
    return people.select(
        "sex", "age_group", "marital", "education", "labour_status", cohort.alias("cohort")
    ).pipe(add_coarse, ["ever_married"])


def _candidate() -> pl.Expr:
    """Out of work, not looking for any, and old enough."""
    return pl.any_horizontal(
        (pl.col("labour_status") == status)
        & pl.col("age_group").is_in([g for g in levels.ADULT_AGE_GROUPS if first_age(g) >= age])
        for status, age in RETIRED_FROM.items()
    )


def _career_odds(joint: Joint, reference: Path) -> pl.DataFrame:
    """Return how likely it is that someone out of work had a career.

    Every man had (ASSUMED). Of a cohort's women the share p was in the labour force at 55-59 and e
    still is, so of those out of it (p - e) / (1 - e) have left it since, if none came back. They
    are taken to be those of `other` before those who keep house (ASSUMED).
    """
    careers = pl.read_csv(reference / "occupations" / "careers.csv")
    then, now = pl.col("participation_55_59"), pl.col("participation_2020")
    left = careers.select(
        "sex", pl.col("age_group").alias("cohort"),
        pl.when(pl.col("sex") == "male").then(1.0).otherwise((then - now) / (1 - now))
        .clip(0, 1).alias("left"),
    )  # fmt: skip
    out = pl.col("labour_status").is_in(list(RETIRED_FROM))
    others = (
        _with_groups(joint.adults)
        .with_columns(joint.adults["weight"])
        .filter(out, pl.col("cohort").is_not_null())
        .group_by("sex", "cohort", maintain_order=True)
        .agg(
            (
                pl.col("weight").filter(pl.col("labour_status") == "other").sum()
                / pl.col("weight").sum()
            ).alias("others")
        )
    )
    share, left_share = pl.col("others"), pl.col("left")
    odds = {
        "other": pl.when(share <= left_share).then(1.0).otherwise(left_share / share),
        "housework": pl.when(share >= 1).then(left_share)
        .otherwise(((left_share - share) / (1 - share)).clip(0, 1)),
    }  # fmt: skip
    shares = others.join(left, on=["sex", "cohort"], how="left", maintain_order="left")
    return pl.concat(
        shares.select(
            "sex", "cohort", pl.lit(status).alias("labour_status"),
            pl.lit(had).alias("had_career"), (value if had else 1 - value).alias("weight"),
        )
        for status, value in odds.items()
        for had in (True, False)
    )  # fmt: skip


def former_occupations(joint: Joint, reference: Path) -> pl.DataFrame:
    """Return the former occupations of retired people by sex, cohort, marriage and schooling.

    The joint's shares at 55-59, scaled occupation by occupation until those of all retired people
    of a sex and cohort in the prefecture are the shares at 55-59 times the cohort's over today's.

    Returns:
        sex, ever_married, education, cohort, occupation, weight (share, sums to 1 over the
        occupations).
    """
    adults = joint.adults
    groups = _with_groups(adults).with_columns(adults["weight"], adults["occupation"])
    working = groups.filter(pl.col("age_group") == GROUP_THEN, pl.col("occupation").is_not_null())
    occupations, cohorts = list(levels.OCCUPATION), list(dict.fromkeys(COHORT_OF.values()))
    table = _wide(working, "occupation", occupations).join(
        _wide(groups.filter(_candidate()), "cohort", cohorts), on=list(_WHO), how="left",
        maintain_order="left",
    ).fill_null(0.0).sort(_WHO)  # fmt: skip
    weights, sizes = (table.select(names).to_numpy() for names in (occupations, cohorts))
    shares = np.zeros((len(cohorts), *weights.shape))
    for (sex, cohort), ratio in _cohort_ratios(reference).items():
        of_sex = (table["sex"] == sex).to_numpy()
        at = cohorts.index(cohort)
        shares[at, of_sex] = _scaled(weights[of_sex], sizes[of_sex, at], ratio)
    return pl.concat(
        table.select(_WHO)
        .hstack(pl.DataFrame(of_cohort, schema=occupations))
        .unpivot(index=list(_WHO), variable_name="occupation", value_name="weight")
        .select(*_WHO, pl.lit(cohort).alias("cohort"), "occupation", "weight")
        for cohort, of_cohort in zip(cohorts, shares, strict=True)
    ).filter(pl.col("weight") > 0)


def _wide(people: pl.DataFrame, across: str, names: Sequence[str]) -> pl.DataFrame:
    """Return the weight of people of each sex, marriage and schooling, a column per name."""
    return people.group_by(_WHO, maintain_order=True).agg(
        pl.col("weight").filter(pl.col(across) == name).sum().alias(name) for name in names
    )


def _scaled(weights: FloatArray, sizes: FloatArray, ratio: FloatArray) -> FloatArray:
    """Return each group's shares, scaled by column to the wanted shares of all groups together."""
    wanted = weights.sum(axis=0) * ratio
    wanted = wanted / wanted.sum()
    sizes = sizes / sizes.sum() if sizes.sum() > 0 else np.full(len(sizes), 1 / len(sizes))
    scale = ratio.copy()
    for _ in range(ROUNDS):
        shares = weights * scale
        shares = shares / shares.sum(axis=1, keepdims=True)
        found = sizes @ shares
        scale = scale * np.divide(wanted, found, out=np.ones_like(found), where=found > 0)
    return shares


@cache
def _cohort_ratios(reference: Path) -> dict[tuple[str, str], FloatArray]:
    """Return the cohort's share of each occupation over that of today's workers of 55-59."""
    table = pl.read_csv(reference / "occupations" / "former_work.csv")
    ratios = {}
    for (sex, cohort), part in table.group_by("sex", "age_group", maintain_order=True):
        then, now = (part[name].clip(LEAST_10K).to_numpy() for name in ("then_10k", "now_10k"))
        ratios[str(sex), str(cohort)] = then / then.sum() / (now / now.sum())
    return ratios
