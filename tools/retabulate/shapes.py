"""The shapes: how figures hang together where no table of the prefectures says it.

They come from surveys, older censuses and models of the nation. As in `census`, only re-labelling,
selecting and adding up belongs here; what an input must fulfil to be read that way is checked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from tools.retabulate.census import (
    PREFECTURE_KEYS,
    STATISTICS_BUREAU,
    CensusInputError,
    Table,
    _ages,
    _key,
    _read,
    write_tables,
)

EDUCATION = {
    "L1_中学以下": "lower_secondary",
    "L2_高校": "upper_secondary",
    "L3_短大高専": "junior_college",
    "L4_大学": "university",
    "L5_大学院": "graduate_school",
}
STATUS_BY_AGE = {
    "正規雇用": "regular",
    "派遣社員": "dispatched",
    "パート・アルバイト等": "part_time",
    "役員": "executive",
    "その他": "other",
}
STATUS_BY_SEX = {
    "正規の職員・従業員": "regular",
    "パート・アルバイト・その他": "part_time",
    "労働者派遣事業所の派遣社員": "dispatched",
    "役員": "executive",
    "自営業主(家庭内職者を含む)": "self_employed",
    "家族従業者": "family_worker",
}
SEX = {"男": "male", "女": "female"}
# The census counts contract workers (契約社員) and the like with パート・アルバイト・その他.
EMPLOYMENT_FORM = {
    "regular_employee": "regular",
    "dispatched": "dispatched",
    "part_time": "part_time",
    "casual_student": "part_time",
    "casual_non_student": "part_time",
    "contract": "part_time",
    "other": "part_time",
    "executive": "executive",
    "self_employed_freelance": "self_employed",
}
EDUCATION_DETAIL = {
    "below_high_school": "lower_secondary",
    "high_school": "upper_secondary",
    "vocational_school": "vocational_school",
    "junior_college": "junior_college",
    "technical_college": "technical_college",
    "university": "university",
    "masters": "graduate_school",
    "doctorate": "graduate_school",
}
WORKING = {"employed": "employed", "unemployed": "unemployed", "not_in_labour_force": "inactive"}
AGES_ALONE = {
    "15 to 24 years old": "15-24",
    "25 to 34 years old": "25-34",
    "35 to 44 years old": "35-44",
    "45 to 54 years old": "45-54",
    "55 to 64 years old": "55-64",
    "65 to 74 years old": "65-74",
    "75 years old and over": "75+",
}
EDUCATION_45_54 = {
    "中卒以下": "lower_secondary",
    "高卒": "upper_secondary",
    "短大、高専": "junior_college",
    "大卒以上": "university",
}
# The carrier took other rows than those of 45-54 from the census of 2000.
YEARS_45_54 = ("1990", "2010", "2020")
EDUCATION_25_34 = {
    "小学中学": "lower_secondary",
    "高校旧制中": "upper_secondary",
    "専門学校1年以上2年未満": "vocational_1",
    "専門学校2年以上4年未満": "vocational_2",
    "専門学校4年以上": "vocational_4",
    "短期大学": "junior_college",
    "高等専門学校": "technical_college",
    "大学": "university",
    "大学院": "graduate_school",
    "在学者": "in_school",
}
STATUS_25_34 = {
    "自営業主": "self_employed",
    "雇用者": "employee",
    "正規の職員・従業員": "regular",
    "非正規の職員・従業員": "non_regular",
}
NONWORKERS = {"家事": "housework", "通学": "studying", "その他": "other"}
MARITAL_25_34 = {"never_married": "never_married", "all": "ever_married"}
EDUCATION_MODELLED = {
    "No Education": "lower_secondary",
    "Incomplete Primary": "lower_secondary",
    "Primary": "lower_secondary",
    "Lower Secondary": "lower_secondary",
    "Upper Secondary": "upper_secondary",
    "Post Secondary": "tertiary",
}
EDUCATION_COHORTS = {
    "小学校・中学校・高小": "lower_secondary",
    "高校・旧中": "upper_secondary",
    "短大・高専": "junior_college",
    "大学・大学院": "university",
}
YEARS_COHORTS = ("1990", "2000")
# Graduates of 15 or more, an item of its own beside those of each age.
COHORT_TOTALS = (
    ("1990", "male", (12_999_925, 18_903_010, 2_390_399, 8_422_793)),
    ("1990", "female", (15_615_246, 22_146_841, 6_029_756, 2_329_327)),
    ("2000", "male", (10_692_211, 21_031_559, 3_280_889, 10_788_957)),
    ("2000", "female", (13_115_643, 23_992_942, 8_642_736, 3_862_309)),
)
AFTER_SCHOOL = {
    "高等学校卒業者数": "graduates",
    "高等学校卒業者のうち大学進学者数": "university",
    "高等学校卒業者のうち短期大学進学者数": "junior_college",
    "高等学校卒業者のうち専修学校等入学者数": "vocational",
    "高等学校卒業者のうち進学者数": "advanced",
    "高等学校卒業者のうち就職者数": "employed",
}
SEX_OR_BOTH = {"male": "male", "female": "female", "total": "both"}
# The Employment Status Survey is rounded to hundreds: a difference of three figures is off by up
# to 150, one of two such differences by 300, where nobody is meant.
LARGEST_NEGATIVE = 300
# Tables in units of ten thousand do not add up to the unit: half a unit for each of some parts.
ROUNDING = 3

JOB_TAG = "厚生労働省; 独立行政法人労働政策研究・研修機構（JILPT）"
WITTGENSTEIN = "Wittgenstein Centre for Demography and Global Human Capital (WIC)"
JOB_TAG_LICENCE = "job tag 利用規約（出典の記載により利用可）; 加工して作成"


def write(input_dir: Path, out_dir: Path) -> None:
    """Write shapes/ with its `sources.yaml`.

    Args:
        input_dir: The folder with `shapes/` of the tidy figures.
        out_dir: The folder `data/reference`.

    Raises:
        CensusInputError: an input lacks a label or does not add up as it should.
    """
    write_tables(TABLES, input_dir, out_dir)


def _labelled(
    table: pl.DataFrame, name: str, labels: Mapping[str, Mapping[str, str]]
) -> pl.DataFrame:
    """Return the rows whose labels are known, turned to codes; every label must be there."""
    for column, codes in labels.items():
        missing = set(codes) - set(table[column])
        if missing:
            raise CensusInputError(
                f"{name}: '{column}' lacks {sorted(missing)}; found {table[column].unique().to_list()}"
            )
        table = table.filter(pl.col(column).is_in(list(codes)))
    return table.with_columns(
        pl.col(column).replace_strict(dict(codes)) for column, codes in labels.items()
    )


def _distinct(codes: Mapping[str, str]) -> list[str]:
    return list(dict.fromkeys(codes.values()))


def _in_order(table: pl.DataFrame, **codes: Iterable[str]) -> pl.DataFrame:
    """Sort by the given columns, each in the order of its codes."""
    return table.sort(pl.col(name).cast(pl.Enum(list(order))) for name, order in codes.items())


def _float(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64)


def _education_by_age(input_dir: Path) -> pl.DataFrame:
    return _read(input_dir, "shapes/education_seed_sex_age5_2020_DERIVED.csv").select(
        "sex",
        _ages(),
        pl.col("education_level").replace_strict(EDUCATION).alias("education"),
        (_float("share_of_graduates_raked_to_2020_national") * _float("graduates_DERIVED"))
        .round(0)
        .cast(pl.Int64)
        .alias("graduates"),
    )


def _in_school_by_age(input_dir: Path) -> pl.DataFrame:
    return (
        _read(input_dir, "shapes/education_seed_sex_age5_2020_DERIVED.csv")
        .select(
            "sex",
            _ages(),
            _float("in_school_DERIVED").round(0).cast(pl.Int64).alias("in_school"),
            pl.col("population_2020").cast(pl.Int64).alias("population"),
        )
        .unique(maintain_order=True)
    )


def _occupation_by_age(input_dir: Path) -> pl.DataFrame:
    table = _read(input_dir, "shapes/occupation_seed_age_sex_lfs_2020.csv")
    return table.filter((pl.col("level") == "major") & (pl.col("jsoc_major") != "L")).select(
        "sex",
        _ages(),
        pl.col("jsoc_major").alias("occupation"),
        _float("employed_10thousand_mean_2019_2021").alias("employed_10k"),
    )


def _occupation_middle_by_age(input_dir: Path) -> pl.DataFrame:
    name = "shapes/occupation_seed_age_sex_lfs_2020.csv"
    table = _read(input_dir, name).select(
        "level",
        "sex",
        _ages(),
        pl.col("jsoc_major").alias("occupation"),
        pl.col("occupation_code_lfs").alias("occupation_middle"),
        pl.col("occupation_ja").alias("label"),
        _float("employed_10thousand_mean_2019_2021").alias("employed_10k"),
    )
    middle = table.filter(pl.col("level") == "middle").drop("level")
    parts = middle.group_by("sex", "age_group", "occupation", maintain_order=True).agg(
        pl.col("employed_10k").sum().alias("parts")
    )
    off = parts.join(
        table.filter(pl.col("level") == "major"),
        on=["sex", "age_group", "occupation"], how="left", maintain_order="left",
    ).filter(~((pl.col("parts") - pl.col("employed_10k")).abs() <= ROUNDING))  # fmt: skip
    if off.height:
        raise CensusInputError(f"{name}: middle groups do not add up to {off.row(0, named=True)}")
    return middle


def _labour_rates(input_dir: Path) -> pl.DataFrame:
    table = _read(input_dir, "shapes/lfs_rates_age_sex_2012_2025.csv")
    rates = table.filter(
        (pl.col("year") == "2020")
        & pl.col("sex").is_in(["male", "female"])
        & ~((pl.col("age_lower") == "15") & pl.col("age_upper").fill_null("").eq(""))
    )
    participation = _float("labour_force_participation_rate")
    # A rate of unemployment that was not published (women of 75 or more) is below its rounding.
    unemployment = _float("unemployment_rate").fill_null(0.0)
    return rates.select(
        "sex",
        _ages(),
        participation.alias("participation"),
        unemployment.alias("unemployment"),
        (participation * (1 - unemployment)).round(4).alias("employment_rate"),
    )


def _employment_status_by_age(input_dir: Path) -> pl.DataFrame:
    name = "shapes/employment_status_men_age5_census2020_percent.csv"
    men = _labelled(_read(input_dir, name), name, {"employment_status_ja": STATUS_BY_AGE}).select(
        "sex",
        _ages(),
        pl.col("employment_status_ja").alias("employment_status"),
        (_float("percent_of_employed") / 100).round(4).alias("share"),
        pl.lit("census").alias("basis"),
    )
    # The men of this file repeat the census; only the women are new.
    women = (
        _read(input_dir, "shapes/regular_share_of_employed_sex_age_2020_DERIVED_women.csv")
        .filter(pl.col("sex") == "female")
        .select(
            "sex",
            _ages(),
            pl.lit("regular").alias("employment_status"),
            _float("regular_share_of_employed").alias("share"),
            pl.lit("derived").alias("basis"),
        )
    )
    return pl.concat([men, women])


def _employment_status_by_sex(input_dir: Path) -> pl.DataFrame:
    name = "shapes/labour_anchors_single_figures.csv"
    table = _read(input_dir, name).filter(
        (pl.col("topic") == "employment_status_share_of_employed") & (pl.col("year") == "2020")
    )
    shares = _labelled(table, name, {"sex": SEX, "category": STATUS_BY_SEX}).select(
        "sex",
        pl.col("category").alias("employment_status"),
        (_float("value") / 100).round(4).alias("share"),
    )
    _check_shares(shares, ["sex"], name)
    return _in_order(shares, sex=SEX.values(), employment_status=STATUS_BY_SEX.values())


def _check_shares(table: pl.DataFrame, within: Sequence[str], name: str) -> None:
    """Raise unless the shares add up to 1 within what rounding to four digits leaves."""
    sums = table.group_by(within, maintain_order=True).agg(pl.col("share").sum())
    off = sums.filter((pl.col("share") - 1).abs() > 0.0015)
    if off.height:
        raise CensusInputError(f"{name}: shares do not add up to 1: {off.row(0, named=True)}")


def _by_occupation(
    name: str, column: str, codes: Mapping[str, str], axis: str
) -> Callable[[Path], pl.DataFrame]:
    """Answers of job tag by major group, added up to the codes."""

    def make(input_dir: Path) -> pl.DataFrame:
        table = _read(input_dir, name).filter(
            (pl.col("level") == "major") & (pl.col("jsoc_code") != "L")
        )
        shares = (
            _labelled(table, name, {column: codes})
            .group_by(pl.col("jsoc_code").alias("occupation"), pl.col(column).alias(axis),
                      maintain_order=True)
            .agg(_float("share_normalised").sum().round(4).alias("share"))
        )  # fmt: skip
        _check_shares(shares, ["occupation"], name)
        return shares.sort("occupation", pl.col(axis).cast(pl.Enum(_distinct(codes))))

    return make


def _living_alone_by_age(input_dir: Path) -> pl.DataFrame:
    name = "shapes/one_person_household_labour_status_sex_age_lfs201910.csv"
    alone = _read(input_dir, name).filter(
        (pl.col("household_kind") == "one-person household")
        & pl.col("sex_of_head").is_in(["male", "female"])
    )
    households = _float("households_10thousand").alias("households_10k")
    table = _labelled(alone, name, {"age": AGES_ALONE, "status": WORKING}).select(
        pl.col("sex_of_head").alias("sex"),
        pl.col("age").alias("age_group"),
        pl.col("status").alias("working"),
        households,
    )
    total = alone.filter((pl.col("age") == "15+") & (pl.col("status") == "total"))
    for sex, published in total.select("sex_of_head", households).iter_rows():
        found = table.filter(pl.col("sex") == sex)["households_10k"].sum()
        if abs(found - published) > ROUNDING:
            raise CensusInputError(f"{name}: {sex} add up to {found}, published is {published}")
    return _in_order(
        table, sex=SEX.values(), age_group=AGES_ALONE.values(), working=WORKING.values()
    )


def _education_by_marital_45_54(input_dir: Path) -> pl.DataFrame:
    name = "shapes/education_marital_census_45_54_sex_1990_2020.csv"
    table = _read(input_dir, name).filter(pl.col("census_year").is_in(YEARS_45_54))
    if set(table["flag"]) != {"ok"}:
        raise CensusInputError(f"{name}: {YEARS_45_54} must all be marked ok")
    people = _labelled(table, name, {"education_ja": EDUCATION_45_54}).select(
        pl.col("census_year").alias("year"),
        "sex",
        pl.col("education_ja").alias("education"),
        _float("mean_count_per_5year_group").alias("people"),
        _float("mean_never_married").alias("never_married"),
    )
    return _in_order(people, year=YEARS_45_54, sex=SEX.values(), education=EDUCATION_45_54.values())


def _education_by_status_25_34(input_dir: Path) -> pl.DataFrame:
    name = "shapes/ess2022_education_employment_status_sex_age25_34.csv"
    table = _read(input_dir, name).with_columns(
        pl.col("education_ja").str.replace(r"^\d+_", ""), _float("workers").cast(pl.Int64)
    )
    axes = ["sex", "age_group", "education"]
    wide = (
        _labelled(
            table,
            name,
            {
                "employment_status_ja": STATUS_25_34,
                "education_ja": EDUCATION_25_34,
                "marital": MARITAL_25_34,
            },
        )
        .select(
            "sex",
            _ages(),
            pl.col("education_ja").alias("education"),
            pl.concat_str("marital", "employment_status_ja", separator=" ").alias("cell"),
            "workers",
        )
        .pivot(on="cell", index=axes, values="workers")
    )
    differences = [
        pl.col(f"{marital} employee")
        .sub(pl.col(f"{marital} regular") + pl.col(f"{marital} non_regular"))
        .alias(f"{marital} executive")
        for marital in MARITAL_25_34.values()
    ]
    statuses = ["self_employed", "regular", "non_regular", "executive"]
    never = [pl.col(f"never_married {status}") for status in statuses]
    ever = [
        pl.col(f"ever_married {status}") - rest
        for status, rest in zip(statuses, never, strict=True)
    ]
    long = (
        wide.with_columns(differences)
        .select(*axes, *never, *ever)
        .unpivot(index=axes, variable_name="cell", value_name="workers")
        .with_columns(
            pl.col("cell").str.split(" ").list.first().alias("marital"),
            pl.col("cell").str.split(" ").list.last().alias("employment_status"),
        )
    )
    off = long.filter(~(pl.col("workers") >= -LARGEST_NEGATIVE))
    if off.height:
        raise CensusInputError(
            f"{name}: more than rounding makes {off.row(0, named=True)} negative"
        )
    return _in_order(
        long.select(
            "sex", "age_group", "marital", "employment_status", "education",
            pl.col("workers").clip(0),
        ),
        sex=SEX.values(), age_group=["25-29", "30-34"], marital=MARITAL_25_34.values(),
        employment_status=statuses, education=EDUCATION_25_34.values(),
    )  # fmt: skip


def _nonworkers_25_34(input_dir: Path) -> pl.DataFrame:
    name = "shapes/ess2022_never_married_nonworkers_education_sex_age25_34.csv"
    table = _labelled(
        _read(input_dir, name),
        name,
        {"education_ja": EDUCATION_25_34, "nonworker_kind_ja": NONWORKERS},
    ).select(
        "sex",
        _ages(),
        pl.col("education_ja").alias("education"),
        pl.col("nonworker_kind_ja").alias("kind"),
        pl.col("count").cast(pl.Int64).alias("people"),
    )
    return _in_order(
        table, sex=SEX.values(), age_group=["25-29", "30-34"], education=EDUCATION_25_34.values(),
        kind=NONWORKERS.values(),
    )  # fmt: skip


def _education_modelled(input_dir: Path) -> pl.DataFrame:
    name = "shapes/education_wic_japan_age5_sex_1980_2020_MODELLED.csv"
    table = _read(input_dir, name).filter(pl.col("year") == "2020")
    lower = pl.col("age_lower").cast(pl.Int64)
    ages = pl.when(lower >= 85).then(pl.lit("85+")).otherwise(_ages()).alias("age_group")
    return (
        _labelled(table, name, {"education_wic": EDUCATION_MODELLED})
        .sort(pl.col("sex").cast(pl.Enum(SEX.values())), lower)
        .group_by("sex", ages, pl.col("education_wic").alias("education"), maintain_order=True)
        .agg(_float("population_thousand").sum().round(1).alias("people_thousand"))
    )


def _education_of_cohorts(input_dir: Path) -> pl.DataFrame:
    name = "shapes/education_prefecture_sex_age10_1980_1990_2000_ssds.csv"
    table = _read(input_dir, name).filter(pl.col("census_year").is_in(YEARS_COHORTS))
    graduates = _labelled(table, name, {"education_ja": EDUCATION_COHORTS}).select(
        _key(),
        pl.col("census_year").alias("year"),
        "sex",
        _ages(),
        pl.col("education_ja").alias("education"),
        pl.col("count").cast(pl.Int64).alias("graduates"),
    )
    within = ["prefecture", "year", "sex", "education"]
    ages = graduates.filter(pl.col("age_group") != "15+")
    sums = ages.group_by(within, maintain_order=True).agg(pl.col("graduates").sum().alias("sum"))
    off = (
        graduates.filter(pl.col("age_group") == "15+")
        .join(sums, on=within, how="left", maintain_order="left")
        .filter(pl.col("sum").fill_null(-1) != pl.col("graduates"))
    )
    if off.height:
        raise CensusInputError(f"{name}: the ages do not add up: {off.row(0, named=True)}")
    return _in_order(
        ages, prefecture=PREFECTURE_KEYS, year=YEARS_COHORTS, sex=SEX.values(),
        age_group=["15-19", "20-29", "30-39", "40-49", "50-59", "60+"],
        education=EDUCATION_COHORTS.values(),
    )  # fmt: skip


def _after_upper_secondary(input_dir: Path) -> pl.DataFrame:
    name = "shapes/high_school_graduates_destination_prefecture_1975_2023_ssds.csv"
    # Items by sex have the sex in their name too: （男）, （女）.
    table = _read(input_dir, name).with_columns(pl.col("item_ja").str.replace("（[男女]）$", ""))
    nation = (
        _labelled(table, name, {"item_ja": AFTER_SCHOOL, "sex": SEX_OR_BOTH})
        .group_by("year", "sex", pl.col("item_ja").alias("item"), maintain_order=True)
        .agg(
            pl.col("prefecture_code").n_unique().alias("prefectures"),
            pl.len().alias("rows"),
            pl.col("count").cast(pl.Int64).sum().alias("people"),
        )
    )
    off = nation.filter((pl.col("prefectures") != 47) | (pl.col("rows") != 47))
    if off.height:
        raise CensusInputError(f"{name}: not one row of each prefecture: {off.row(0, named=True)}")
    return nation.sort(
        "year",
        pl.col("sex").cast(pl.Enum(SEX_OR_BOTH.values())),
        pl.col("item").cast(pl.Enum(AFTER_SCHOOL.values())),
    ).select("year", "sex", "item", "people")


TABLES = (
    Table(
        "shapes/education_by_age", _education_by_age,
        "最終学歴，男女，年齢別の形（2020年の全国値に合わせた推計）", None,
        "Cohort shapes of the censuses of 1980-2000, later cohorts from other official surveys, "
        "raked to the national totals by sex of 2020. A seed only.",
        kind="derived", series=None, survey="国勢調査ほか", year="1980-2020",
        universe="graduates aged 15 or more, nation",
    ),
    Table(
        "shapes/in_school_by_age", _in_school_by_age,
        "在学者，男女，年齢別の形", None,
        "In-school totals of 2020 laid on ages; nobody of 35 or more (ASSUMED). A seed only.",
        kind="derived", series=None, universe="residents aged 15 or more, nation",
    ),
    Table(
        "shapes/occupation_by_age", _occupation_by_age,
        "年齢階級，職業別就業者数（2019〜2021年平均，万人）", "0003024269",
        "Mean of three years, ten thousand people; unclassifiable left out. A seed only.",
        survey="労働力調査", year="2019-2021", series=None, universe="employed people, nation",
    ),
    Table(
        "shapes/occupation_middle_by_age", _occupation_middle_by_age,
        "年齢階級，職業（中分類25区分）別就業者数（2019〜2021年平均，万人）", "0003024269",
        "Mean of three years, ten thousand people. The 25 groups of the survey lie within the "
        "major groups B, C, D, E, H and K; the others are not divided. Group codes are the "
        "survey's own, not those of the occupational classification. A seed only.",
        survey="労働力調査", year="2019-2021", series=None,
        universe="employed people of six major groups, nation",
    ),
    Table(
        "shapes/labour_rates", _labour_rates,
        "労働力人口比率・完全失業率，男女，年齢階級別", "0002060049",
        "Rates of 2020 as shares; employment = participation x (1 - unemployment). Unemployment "
        "of women of 75 or more, not published, is 0. A seed only.",
        survey="労働力調査", series=None, universe="people aged 15 or more, nation",
    ),
    Table(
        "shapes/employment_status_by_age", _employment_status_by_age,
        "従業上の地位，男女，年齢（5歳階級）別の割合", None,
        "Men (basis 'census'): percentages of the census as a third party's page gives them; "
        "'other' are the self-employed and family workers; of 65-69 only three statuses were "
        "readable, of older men none. Women (basis 'derived'): only the share of regular "
        "employees, 20-59: workers of the wage survey of 2019 by employed people of the Labour "
        "Force Survey, times a factor that falls from 1.365 at age 30 (Employment Status Survey "
        "2022) to 1.065 at age 50 (Labour Force Survey 2020; executives, self-employed and family "
        "workers ASSUMED to be 10 % of women of 45-54). A seed only.",
        kind="derived", survey="国勢調査; 賃金構造基本統計調査; 労働力調査; 就業構造基本調査",
        year="2019-2022", publisher=f"{STATISTICS_BUREAU}; 厚生労働省",
        url="https://kosodate-ouenraita.com/archives/680",
        universe="employed people of known employment status, nation",
    ),
    Table(
        "shapes/employment_status_by_sex", _employment_status_by_sex,
        "従業上の地位，男女別の割合（不詳補完値）", None,
        "Percentages as quoted by the Japan Institute for Labour Policy and Training, rounded to "
        "one decimal; as shares.",
        series="imputed", url="https://www.jil.go.jp/kokunai/blt/backnumber/2022/10/c_01.html",
        universe="employed residents aged 15 or more, nation",
    ),
    Table(
        "shapes/employment_form_by_occupation",
        _by_occupation(
            "shapes/occupation_employment_form_jsoc_jobtag_DERIVED.csv",
            "employment_form", EMPLOYMENT_FORM, "employment_status",
        ),
        "職業（大分類）別の働き方の割合", None,
        "Web survey of workers with multiple answers, normalised, weighted by census workers split "
        "equally over the occupations of a class (ASSUMED). Part-timers, casual workers (students "
        "too), contract workers and other answers are part_time, as in the census; no family "
        "workers. Weak; a seed only.",
        survey="職業情報提供サイト（job tag）数値系ダウンロードデータ v7.00", year="2025",
        publisher=JOB_TAG, licence=JOB_TAG_LICENCE, url="https://shigoto.mhlw.go.jp/",
        kind="derived", series=None, universe="workers, nation",
    ),
    Table(
        "shapes/education_detail_by_occupation",
        _by_occupation(
            "shapes/occupation_education_jsoc_jobtag_DERIVED.csv",
            "education", EDUCATION_DETAIL, "education_detail",
        ),
        "職業（大分類）別の学歴の割合（専門学校を分けたもの）", None,
        "Web survey of workers on the schooling that is common in the job, multiple answers, "
        "normalised, weighted as employment_form_by_occupation; master's and doctor's degrees are "
        "graduate_school. Weak; a seed only.",
        survey="職業情報提供サイト（job tag）数値系ダウンロードデータ v7.00", year="2025",
        publisher=JOB_TAG, licence=JOB_TAG_LICENCE, url="https://shigoto.mhlw.go.jp/",
        kind="derived", series=None, universe="workers, nation",
    ),
    Table(
        "shapes/living_alone_by_age", _living_alone_by_age,
        "単独世帯，男女，年齢，就業状態別世帯数（2019年10月，万世帯）", "IV-9",
        "One month, ten thousand households; whoever lives alone is the head. Parts differ from "
        "the published total by rounding and by unknown answers. A seed only.",
        survey="労働力調査", year=2019, series=None, url="https://www.e-stat.go.jp/",
        universe="one-person households, October 2019, nation",
    ),
    Table(
        "shapes/education_by_marital_45_54", _education_by_marital_45_54,
        "最終学歴，配偶関係（未婚・総数），男女別人口（45〜54歳）",
        ["0003450581"],
        "Means of the five-year groups 45-49 and 50-54; people = never married by their published "
        "percentage of all. Lower secondary includes people who never attended school. 2000 is "
        "left out: the carrier took other rows of that census.",
        year="1990-2020", kind="derived",
        url="https://github.com/RyoMogi/NikkeiGlocal",
        universe="people aged 45-54 of known education, mean of two five-year groups, nation",
    ),
    Table(
        "shapes/education_by_status_25_34", _education_by_status_25_34,
        "有業者の従業上の地位・雇用形態，教育，配偶関係（未婚・未婚以外），男女，年齢（25〜34歳）別人口",
        "0004008157",
        "Sample survey, to hundreds. Ever married = all minus never married; executive = employees "
        "minus regular and non-regular ones; differences that rounding makes negative (to -300) "
        "are 0. Vocational schools by their years: 1 (one to two), 2 (two to four), 4 (four or "
        "more). Family workers and graduates of unknown schooling left out.",
        survey="令和4年就業構造基本調査", year=2022, kind="derived", series=None,
        url="https://www.e-stat.go.jp/",
        universe="workers aged 25-34, nation",
    ),
    Table(
        "shapes/nonworkers_25_34", _nonworkers_25_34,
        "未婚の無業者の家事・通学・その他，教育，男女，年齢（25〜34歳）別人口", None,
        "Sample survey, to hundreds (table 11800). Schooling as in education_by_status_25_34.",
        survey="令和4年就業構造基本調査", year=2022, series=None, url="https://www.e-stat.go.jp/",
        universe="never-married people aged 25-34 without work, nation",
    ),
    Table(
        "shapes/education_modelled", _education_modelled,
        "Population by age, sex and educational attainment, Japan 2020", None,
        "Back-projection and base of the education model of the Wittgenstein Centre: the census of "
        "2010 aged by ten years, not an observation of 2020. Lower secondary includes primary and "
        "less; tertiary is all post-secondary education; thousands.",
        survey="Wittgenstein Centre Data Explorer, version 2", publisher=WITTGENSTEIN,
        licence=f"no licence of the figures was read; citation: {WITTGENSTEIN}, Wittgenstein "
        "Centre Data Explorer. Version 2.0, 2018",
        url="http://dataexplorer.wittgensteincentre.org/", kind="modelled", series=None,
        universe="residents aged 15 or more, nation",
    ),
    Table(
        "shapes/education_of_cohorts", _education_of_cohorts,
        "最終学歴，男女，年齢（10歳階級），都道府県別卒業者数（1990年，2000年）", "0000010105",
        "From the System of Social and Demographic Statistics; university includes graduate "
        "school, lower secondary includes primary school. Of 15-19 only the two lower levels have "
        "cells. The ages add up to the total of 15 or more in every prefecture.",
        year="1990-2000", universe="graduates aged 15 or more of known education",
        totals=[
            {"where": {"year": year, "sex": sex, "education": education}, "equals": equals,
             "column": "graduates"}
            for year, sex, levels in COHORT_TOTALS
            for education, equals in zip(EDUCATION_COHORTS.values(), levels, strict=True)
        ],
    ),
    Table(
        "shapes/after_upper_secondary", _after_upper_secondary,
        "高等学校卒業者の進路，男女別（1975〜2023年度）", "0000010105",
        "Sums of the 47 prefectures. The year is the school year that ends in March of the year "
        "after: the small cohort born in 1966 is in 1984. Advanced are all who went on to "
        "universities, junior colleges and their courses, so more than the two; vocational is "
        "entry into specialised training colleges and the like, by sex only until 2007; the two "
        "kinds of university only for both sexes. The items need not add up to the graduates, "
        "and exceed them in some years, when people who study and work are in two.",
        survey="学校基本調査", year="1975-2023", publisher="文部科学省", series=None,
        url="https://www.e-stat.go.jp/",
        universe="graduates of upper secondary schools, nation",
    ),
)  # fmt: skip
