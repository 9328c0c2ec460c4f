"""Fidelity: how close released rows come to the official figures, margin by margin."""

from collections.abc import Sequence

import polars as pl

from persona_assets import levels
from persona_assets.joint.distribution import REPORTED_AXES, Joint, adult_margins
from persona_assets.partitions import prefectures
from persona_assets.people.quotas import adult_population

# Margins whose shares a full release must meet; the others are shown.
GUARANTEED = ("prefecture", "sex", "age_group")
# From this size on the guarantee is in reach: with fewer people one person is too large a share.
GUARANTEED_FROM_SIZE = 4700

LABELS = {
    "sex": levels.SEX,
    "age_group": {group: f"{group.replace('-', '〜').replace('+', '')}歳"
                  + ("以上" if group.endswith("+") else "")
                  for group in levels.ADULT_AGE_GROUPS},
    "marital": levels.MARITAL,
    "education": levels.EDUCATION,
    "school": levels.SCHOOL,
    "household": levels.HOUSEHOLD,
    "education_detail": levels.EDUCATION_DETAIL,
    "labour_status": levels.LABOUR_STATUS,
    "work_mode": levels.WORK_MODE,
    "employment_status": levels.EMPLOYMENT_STATUS,
    "occupation": levels.OCCUPATION,
    "industry": levels.INDUSTRY,
}  # fmt: skip


def margin_fits(
    people: pl.DataFrame, population: pl.DataFrame, joints: Sequence[Joint], allowed_pp: float
) -> pl.DataFrame:
    """Compare people with the adults of the prefectures that they come from.

    Args:
        people: Columns prefecture, sex, age and every axis of REPORTED_AXES.
        population: The `population` margin.
        joints: The joints of the same prefectures.
        allowed_pp: The recipe's limit for the guaranteed margins.

    Returns:
        margin, level, label, official and released (shares of the margin), difference_pp
        (released minus official, percentage points), allowed_pp (null where only shown).
    """
    here = [joint.prefecture for joint in joints]
    adults = adult_population(population.filter(pl.col("prefecture").is_in(here)))
    fitted = pl.concat([adult_margins(joint) for joint in joints])
    official = {
        "prefecture": _counts(adults, "prefecture", pl.col("count").sum()),
        "sex": _counts(adults, "sex", pl.col("count").sum()),
        "age_group": _counts(adults, "age_group", pl.col("count").sum()),
    }
    for axis in REPORTED_AXES:
        if axis not in official:
            part = fitted.filter(pl.col("margin") == axis)
            official[axis] = _counts(part.rename({"level": axis}), axis, pl.col("count").sum())
    parts = [
        _compare(axis, counts, people, allowed_pp if axis in GUARANTEED else None)
        for axis, counts in official.items()
        # A small release may have nobody of a universe, such as students: nothing to compare.
        if people[axis].count()
    ]
    return pl.concat(parts)


def _counts(frame: pl.DataFrame, axis: str, count: pl.Expr) -> pl.DataFrame:
    return frame.group_by(pl.col(axis).alias("level"), maintain_order=True).agg(
        count.cast(pl.Float64).alias("count")
    )


def _compare(
    axis: str, official: pl.DataFrame, people: pl.DataFrame, allowed_pp: float | None
) -> pl.DataFrame:
    labels = LABELS.get(axis) or {p.key: p.name for p in prefectures().values()}
    order = pl.DataFrame({"level": list(labels), "label": list(labels.values())})
    released = _counts(people.filter(pl.col(axis).is_not_null()), axis, pl.len())
    both = (
        order.join(official, on="level", how="left", maintain_order="left")
        .join(released.rename({"count": "people"}), on="level", how="left", maintain_order="left")
        .with_columns(pl.col("count").fill_null(0.0), pl.col("people").fill_null(0.0))
        .filter((pl.col("count") > 0) | (pl.col("people") > 0))
    )
    people_total = both["people"].sum() or 1.0
    return both.select(
        pl.lit(axis).alias("margin"),
        "level",
        "label",
        (pl.col("count") / pl.col("count").sum()).alias("official"),
        (pl.col("people") / people_total).alias("released"),
    ).with_columns(
        ((pl.col("released") - pl.col("official")) * 100).alias("difference_pp"),
        pl.lit(allowed_pp, pl.Float64).alias("allowed_pp"),
    )


def age_pyramid(people: pl.DataFrame, population: pl.DataFrame) -> pl.DataFrame:
    """Return adults by sex and single year: official (float) and released (int)."""
    here = people["prefecture"].unique()
    official = (
        population.filter((pl.col("age") >= 18) & pl.col("prefecture").is_in(here.implode()))
        .group_by("sex", "age", maintain_order=True)
        .agg(pl.col("count").sum().alias("official"))
    )
    released = people.group_by("sex", "age", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("released")
    )
    return (
        official.join(released, on=["sex", "age"], how="left", maintain_order="left")
        .with_columns(pl.col("released").fill_null(0))
        .sort("sex", "age")
    )
