"""Where in a prefecture people live: municipalities by age, sex and occupation."""

import polars as pl

from persona_assets import levels
from persona_assets.joint.inputs import Inputs

# The tables of municipalities count other people than the joint: children too by sex, and by
# occupation only where a municipality's workers were asked; share of the distance that is closed.
WEIGHT = 0.9


def municipalities(inputs: Inputs) -> pl.DataFrame:
    """Return the prefecture's municipalities in which anybody of 15 or more lives."""
    return inputs.shapes["municipalities"].filter(
        (pl.col("prefecture") == inputs.prefecture)
        & (pl.col("age_15_64") + pl.col("age_65_plus") > 0)
    )


def residents_by_age(inputs: Inputs) -> pl.DataFrame:
    """Return residents of 15-64 and of 65 or more, scaled to the prefecture's.

    Returns:
        municipality (code), age_band, count.
    """
    here = municipalities(inputs).select(
        pl.col("code").alias("municipality"),
        pl.col("age_15_64").alias("15-64"),
        pl.col("age_65_plus").alias("65+"),
    )
    totals = inputs.margins["population"].select(
        pl.col("count").filter(pl.col("age") < 65).sum().alias("15-64"),
        pl.col("count").filter(pl.col("age") >= 65).sum().alias("65+"),
    )
    scaled = here.with_columns(
        pl.col(band) / pl.col(band).sum() * totals[band].item() for band in ("15-64", "65+")
    )
    return scaled.unpivot(index="municipality", variable_name="age_band", value_name="count")


def residents_by_sex(inputs: Inputs) -> pl.DataFrame:
    """Return residents of 15 or more by sex, if the sexes are as among all residents.

    Returns:
        municipality (code), sex, count.
    """
    everyone = residents_by_age(inputs).group_by("municipality", maintain_order=True).agg(
        pl.col("count").sum()
    )  # fmt: skip
    sexes = municipalities(inputs).select(
        pl.col("code").alias("municipality"),
        *(pl.col(s) / (pl.col("male") + pl.col("female")) for s in levels.SEX),
    )
    return (
        everyone.join(sexes, on="municipality", maintain_order="left")
        .unpivot(
            list(levels.SEX), index=["municipality", "count"], variable_name="sex", value_name="of"
        )
        .select("municipality", "sex", pl.col("count") * pl.col("of"))
    )


def workers_by_occupation(inputs: Inputs) -> pl.DataFrame:
    """Return workers by occupation, scaled to the prefecture's workers of each.

    Returns:
        municipality (code), occupation, count.
    """
    here = municipalities(inputs).select("code").join(
        inputs.shapes["municipality_work"], on="code", maintain_order="left"
    )  # fmt: skip
    totals = dict(
        inputs.margins["occupation"]
        .group_by("occupation", maintain_order=True)
        .agg(pl.col("count").sum())
        .iter_rows()
    )
    scaled = here.select(
        pl.col("code").alias("municipality"),
        *(
            (pl.col(f"occupation_{letter}") / pl.col(f"occupation_{letter}").sum()
             * totals[letter]).alias(letter)
            for letter in levels.OCCUPATION
        ),
    )  # fmt: skip
    return scaled.unpivot(index="municipality", variable_name="occupation", value_name="count")


def residents_by_age_group(inputs: Inputs) -> pl.DataFrame:
    """Return residents by sex and age group before the fit: a shape, not figures of 2020.

    Returns:
        sex, age_group, municipality (code), value.
    """
    ages = inputs.shapes["municipality_ages"]
    groups = [name for name in ages.columns if name[0].isdigit()]
    here = (
        municipalities(inputs)
        .select("code")
        .join(ages, on="code", maintain_order="left")
        .select("sex", pl.col("code").alias("municipality"), *groups)
        .unpivot(groups, index=["sex", "municipality"], variable_name="group", value_name="value")
    )
    both = here.filter(pl.col("group") == "15-19")
    return pl.concat(
        [
            *(both.with_columns(pl.lit(group).alias("group")) for group in levels.AGE_GROUPS[:2]),
            here.filter(pl.col("group") != "15-19"),
        ]
    ).select(
        "sex",
        pl.col("group").alias("age_group"),
        "municipality",
        # A village without anybody of one age may yet have somebody.
        pl.col("value").cast(pl.Float64).clip(0.5),
    )
