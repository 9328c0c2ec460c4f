"""Labels: how a person reads in Japanese, for prompts, for the offline writer and for the release.

Codes stop here; nothing downstream translates a code again.
"""

from typing import Any

import polars as pl

from persona_assets import levels
from persona_assets.partitions import prefectures

COUNTRY = "日本"

STUDENT_LABELS = {
    "upper_secondary": "高校生",
    "junior_college": "短大・高専生",
    "university": "大学生",
    "graduate_school": "大学院生",
}

# What people call their own standing; the levels have the census's words for it.
STANDING_LABELS = {
    "regular": "正社員",
    "dispatched": "派遣社員",
    "part_time": "パート・アルバイトなど",
    "executive": "会社役員",
    "employer": "人を雇う自営業",
    "own_account": "ひとりで営む自営業",
    "family_worker": "家族従業者",
}
# In schools, hospitals, post offices and public service nobody is called 正社員.
STAFF_INDUSTRIES = ("O", "P", "Q", "S")
STAFF_LABEL = "正規の職員"


def with_labels(people: pl.DataFrame) -> pl.DataFrame:
    """Add the Japanese labels of each person.

    Args:
        people: Frame of the `people` asset.

    Returns:
        The same rows with `full_name`, `prefecture_name`, `region_name`, `area_name`, `sex_label`,
        `marital_label`, `household_label`, `education_label` (the finer schooling, or the school in
        progress), `education_detail_label`, `education_census_label`, `school_label`,
        `labour_status_label`, `work_mode_label`, `employment_status_label`, `standing_label`,
        `industry_label` and `occupation_label` added. The last says what a person does: the job
        title, or being a student, homemaker, job seeker or without work.
    """
    places = prefectures()
    married = pl.col("marital") == "married"
    does = (
        pl.when(pl.col("labour_status") == "employed")
        .then(pl.col("occupation_title"))
        .when(pl.col("labour_status") == "studying")
        .then(pl.col("school").replace_strict(STUDENT_LABELS, default=None))
        .when(pl.col("labour_status") == "unemployed")
        .then(pl.lit("求職中"))
        .when((pl.col("labour_status") == "housework") & married & (pl.col("sex") == "female"))
        .then(pl.lit("専業主婦"))
        .when((pl.col("labour_status") == "housework") & married)
        .then(pl.lit("専業主夫"))
        .when(pl.col("labour_status") == "housework")
        .then(pl.lit("家事"))
        .otherwise(pl.lit("無職"))
    )
    standing = (
        pl.when(
            pl.col("industry").is_in(STAFF_INDUSTRIES), pl.col("employment_status") == "regular"
        )
        .then(pl.lit(STAFF_LABEL))
        .otherwise(_label("employment_status", STANDING_LABELS))
    )
    return people.with_columns(
        pl.concat_str("surname", "given_name", separator=" ").alias("full_name"),
        _label("prefecture", {p.key: p.name for p in places.values()}).alias("prefecture_name"),
        _label("prefecture", {p.key: p.region for p in places.values()}).alias("region_name"),
        _label("prefecture", {p.key: p.area for p in places.values()}).alias("area_name"),
        _label("sex", levels.SEX).alias("sex_label"),
        _label("marital", levels.MARITAL).alias("marital_label"),
        _label("household", levels.HOUSEHOLD).alias("household_label"),
        pl.coalesce(
            _label("school", levels.SCHOOL), _label("education_detail", levels.EDUCATION_DETAIL)
        ).alias("education_label"),
        _label("education_detail", levels.EDUCATION_DETAIL).alias("education_detail_label"),
        _label("education", levels.EDUCATION).alias("education_census_label"),
        _label("school", levels.SCHOOL).alias("school_label"),
        _label("labour_status", levels.LABOUR_STATUS).alias("labour_status_label"),
        _label("work_mode", levels.WORK_MODE).alias("work_mode_label"),
        _label("employment_status", levels.EMPLOYMENT_STATUS).alias("employment_status_label"),
        standing.alias("standing_label"),
        _label("industry", levels.INDUSTRY).alias("industry_label"),
        does.alias("occupation_label"),
    )


def _label(column: str, labels: Any) -> pl.Expr:
    return pl.col(column).replace_strict(dict(labels), default=None)
