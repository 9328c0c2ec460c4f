"""Labels: how a person reads in Japanese, for prompts, for the offline writer and for the release.

Codes stop here; nothing downstream translates a code again.
"""

from typing import Any

import polars as pl

from persona_assets import levels
from persona_assets.partitions import prefectures
from persona_assets.people.life_stage import cohort_name

COUNTRY = "日本"

STUDENT_LABELS = {
    "upper_secondary": "高校生",
    "junior_college": "短大・高専生",
    "university": "大学生",
    "graduate_school": "大学院生",
}

# What follows the former job title of retired people.
RETIRED_MARK = " (現在は引退)"

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

GENERATIONS = {age: cohort_name(age) for age in range(18, 105)}
WITH_CHILDREN = "{} (子供あり)"

# Words for T scores below 40, in between and above 60: how people speak of each other. The terms of
# personality tests are kept out of texts (rule `trait_jargon`), so no label is one of them.
TRAIT_LABELS = {
    "openness": ("慣れたものを好む", "ほどほどに新しもの好き", "新しいものを好む"),
    "conscientiousness": ("おおらか", "ほどほどにまめ", "几帳面"),
    "extraversion": ("物静か", "相手による", "にぎやか"),
    "agreeableness": ("はっきり言う", "ほどほどに合わせる", "人に合わせる"),
    "neuroticism": ("動じない", "ほどほどに気にする", "心配性"),
}
TRAIT_LOW, TRAIT_HIGH = 40, 60


def with_labels(people: pl.DataFrame) -> pl.DataFrame:
    """Add the Japanese labels of each person.

    Args:
        people: Frame of the `people` asset.

    Returns:
        The same rows with `full_name`, `prefecture_name`, `region_name`, `area_name`, `sex_label`,
        `marital_label` (with 子供あり for who has children), `children_label`, `household_label`,
        `generation_label` (null without a common name), `digital_skill_label`, one label per trait,
        `education_label` (the finer schooling, or the school in progress),
        `education_detail_label`, `education_census_label`, `school_label`, `labour_status_label`,
        `work_mode_label`, `employment_status_label`, `standing_label`, `industry_label` and
        `occupation_label` added. The last says what a person does: the job title, or being a
        student, homemaker, job seeker, retired (with the former title) or without work.
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
    retired = pl.col("former_occupation_title") + RETIRED_MARK
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
        pl.when(pl.col("children") > 0)
        .then(pl.format(WITH_CHILDREN, _label("marital", levels.MARITAL)))
        .otherwise(_label("marital", levels.MARITAL))
        .alias("marital_label"),
        pl.when(pl.col("children") >= levels.MOST_CHILDREN)
        .then(pl.lit(f"子供{levels.MOST_CHILDREN}人以上"))
        .when(pl.col("children") > 0)
        .then(pl.format("子供{}人", "children"))
        .otherwise(pl.lit("子供なし"))
        .alias("children_label"),
        _label("age", GENERATIONS).alias("generation_label"),
        _label("digital_skill", levels.DIGITAL_SKILL).alias("digital_skill_label"),
        *(_trait_label(trait, words) for trait, words in TRAIT_LABELS.items()),
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
        pl.coalesce(retired, does).alias("occupation_label"),
    )


def _label(column: str, labels: Any) -> pl.Expr:
    return pl.col(column).replace_strict(dict(labels), default=None)


def _trait_label(trait: str, words: tuple[str, str, str]) -> pl.Expr:
    low, middle, high = map(pl.lit, words)
    return (
        pl.when(pl.col(trait) < TRAIT_LOW)
        .then(low)
        .when(pl.col(trait) > TRAIT_HIGH)
        .then(high)
        .otherwise(middle)
        .alias(f"{trait}_label")
    )
