"""The census tables, the shapes that seed the fit, and the geography, in the model's own codes.

Only re-labelling and selecting belongs here: every figure that comes out was in a published table
(or is a sum of such figures), so that published totals can be checked. Spreading unknowns and
making tables agree is the census stage's work.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import yaml

# JIS order: the position is the two-digit code.
PREFECTURE_KEYS = tuple(
    [
        "hokkaido",
        "aomori",
        "iwate",
        "miyagi",
        "akita",
        "yamagata",
        "fukushima",
        "ibaraki",
        "tochigi",
        "gunma",
        "saitama",
        "chiba",
        "tokyo",
        "kanagawa",
        "niigata",
        "toyama",
        "ishikawa",
        "fukui",
        "yamanashi",
        "nagano",
        "gifu",
        "shizuoka",
        "aichi",
        "mie",
        "shiga",
        "kyoto",
        "osaka",
        "hyogo",
        "nara",
        "wakayama",
        "tottori",
        "shimane",
        "okayama",
        "hiroshima",
        "yamaguchi",
        "tokushima",
        "kagawa",
        "ehime",
        "kochi",
        "fukuoka",
        "saga",
        "nagasaki",
        "kumamoto",
        "oita",
        "miyazaki",
        "kagoshima",
        "okinawa",
    ]
)

PEOPLE, MEN, WOMEN, TOKYO = 126_146_099, 61_349_581, 64_796_518, 14_047_594
FROM_15, EMPLOYED, EMPLOYED_IMPUTED = 108_258_569, 57_643_225, 65_468_436
MARITAL_UNKNOWN = 4_618_121

STATISTICS_BUREAU = "総務省統計局"
ESTAT_LICENCE = (
    "政府統計の総合窓口（e-Stat）利用規約（CC BY 4.0 互換）; "
    "出典：政府統計の総合窓口（e-Stat）の統計表を加工して作成"
)
ESTAT_URL = "https://www.e-stat.go.jp/stat-search/database?toukei=00200521"

EDUCATION = {
    "（卒業者）小学校": "primary",
    "（卒業者）中学校": "lower_secondary",
    "（卒業者）高校・旧中": "upper_secondary",
    "（卒業者）短大・高専": "junior_college",
    "（卒業者）大学": "university",
    "（卒業者）大学院": "graduate_school",
    "（卒業者）不詳": "graduates_unknown",
    "在学者": "in_school",
    "未就学者": "never_attended",
    "在学か否かの別「不詳」": "unknown",
}
SCHOOL = {
    "（在学者）高校": "upper_secondary",
    "（在学者）短大・高専": "junior_college",
    "（在学者）大学": "university",
    "（在学者）大学院": "graduate_school",
}
LABOUR = {
    "総数": "total",
    "労働力人口": "labour_force",
    "就業者": "employed",
    "完全失業者": "unemployed",
    "非労働力人口": "inactive",
}
LABOUR_DETAIL = {
    "F1103": "mainly_working",
    "F1104": "working_beside_housework",
    "F1105": "working_beside_study",
    "F1106": "absent",
    "F1109": "housework",
    "F1110": "studying",
    "F1111": "other",
}
EMPLOYMENT_STATUS = {
    "雇用者（役員を含む）": "employee",
    "自営業主（家庭内職者を含む）": "self_employed",
    "家族従業者": "family_worker",
    "従業上の地位「不詳」": "unknown",
}
EDUCATION_SHAPE = {
    "L1_中学以下": "lower_secondary",
    "L2_高校": "upper_secondary",
    "L3_短大高専": "junior_college",
    "L4_大学": "university",
    "L5_大学院": "graduate_school",
}


class CensusInputError(ValueError):
    """An input file that is not what this script expects; names the file and the value."""


@dataclass(frozen=True)
class Table:
    """One table that ships: how it is made and what `sources.yaml` says of it."""

    key: str
    make: Callable[[Path], pl.DataFrame]
    title: str
    table_id: str | list[str] | None
    processing: str
    survey: str = "国勢調査"
    year: int | str = 2020
    publisher: str = STATISTICS_BUREAU
    licence: str = ESTAT_LICENCE
    url: str = ESTAT_URL
    kind: str = "official"
    series: str | None = "published"
    universe: str = "residents on 1 October 2020"
    totals: list[dict[str, Any]] = field(default_factory=list)


def write(input_dir: Path, out_dir: Path) -> None:
    """Write census/, shapes/ and geography/ with their `sources.yaml`.

    Args:
        input_dir: The folder with `census/`, `shapes/` and `lifestyle/` of the tidy figures.
        out_dir: The folder `data/reference`.

    Raises:
        CensusInputError: an input has a value that no table of this script expects.
    """
    sources: dict[str, dict[str, Any]] = {}
    for table in TABLES:
        frame = table.make(input_dir)
        folder = table.key.split("/")[0]
        path = out_dir / f"{table.key}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_csv(path, line_terminator="\n")
        sources.setdefault(folder, {})[table.key] = {
            "title": table.title,
            "table_id": table.table_id,
            "survey": table.survey,
            "year": table.year,
            "publisher": table.publisher,
            "licence": table.licence,
            "url": table.url,
            "kind": table.kind,
            "series": table.series,
            "universe": table.universe,
            "processing": table.processing,
            "columns": frame.columns,
            "rows": frame.height,
            "totals": table.totals,
        }
    for folder, entries in sources.items():
        text = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=100)
        (out_dir / folder / "sources.yaml").write_text(
            "# Written by tools/retabulate. Fields: persona_assets/census/tables.py\n" + text,
            encoding="utf-8",
        )


def _read(input_dir: Path, name: str) -> pl.DataFrame:
    # Everything as text: codes keep their zeros; figures are cast where they are used.
    return pl.read_csv(input_dir / name, infer_schema=False)


def _key(column: str = "prefecture_code") -> pl.Expr:
    codes = {f"{number:02d}": key for number, key in enumerate(PREFECTURE_KEYS, start=1)}
    return pl.col(column).replace_strict(codes).alias("prefecture")


def _count(column: str = "count") -> pl.Expr:
    return pl.col(column).cast(pl.Int64).alias("count")


def _ages() -> pl.Expr:
    lower, upper = pl.col("age_lower"), pl.col("age_upper")
    open_ended = upper.is_null() | (upper == "")
    return (
        pl.when(upper == "unknown")
        .then(pl.lit("unknown"))
        .when(open_ended)
        .then(lower + "+")
        .otherwise(lower + "-" + upper)
        .alias("age_group")
    )


def _labelled(
    input_dir: Path, name: str, column: str, codes: Mapping[str, str], axis: str, *more: str
) -> pl.DataFrame:
    """Return one published table by prefecture and sex, the labels of one axis turned to codes."""
    table = _read(input_dir, name).filter(pl.col("sex").is_in(["male", "female"]))
    missing = set(codes) - set(table[column])
    if missing:
        raise CensusInputError(
            f"{name}: '{column}' lacks {sorted(missing)}; found {set(table[column])}"
        )
    return table.filter(pl.col(column).is_in(list(codes))).select(
        _key(), "sex", pl.col(column).replace_strict(dict(codes)).alias(axis), *more, _count()
    )


def _letters(input_dir: Path, name: str, column: str, axis: str, letters: str) -> pl.DataFrame:
    """Return workers by major group: rows such as `A_農業，林業`, code first."""
    table = _read(input_dir, name).with_columns(
        pl.col(column).str.split("_").list.first().alias(axis)
    )
    return table.filter(pl.col(axis).is_in(list(letters))).select(_key(), "sex", axis, _count())


def _population_by_age(input_dir: Path) -> pl.DataFrame:
    return _read(input_dir, "census/population_prefecture_sex_age5_2020.csv").select(
        _key(), "sex", _ages(), _count()
    )


def _population_imputed(input_dir: Path) -> pl.DataFrame:
    groups = {"0_14": "0-14", "15_64": "15-64", "65plus": "65+"}
    names = [f"{sex}_{group}_imputed" for sex in ("male", "female") for group in groups]
    wide = _prefecture_rows(input_dir, "census/municipality_population_2020.csv")
    return wide.unpivot(names, index="prefecture_code").select(
        _key(),
        pl.col("variable").str.split("_").list.first().alias("sex"),
        pl.col("variable")
        .str.replace(r"^(male|female)_", "")
        .str.replace("_imputed", "")
        .replace_strict(groups)
        .alias("age_group"),
        _count("value"),
    )


def _prefecture_rows(input_dir: Path, name: str) -> pl.DataFrame:
    return _read(input_dir, name).filter(
        (pl.col("area_kind") == "a") & (pl.col("prefecture_code") != "00")
    )


def _single_years(input_dir: Path) -> pl.DataFrame:
    return _read(input_dir, "census/population_prefecture_sex_single_age_0_18_2020.csv").select(
        _key(), "sex", "age", _count()
    )


def _marital(input_dir: Path) -> pl.DataFrame:
    table = _read(input_dir, "census/marital_prefecture_sex_age5_2020_with_derived.csv")
    return (
        table.filter(pl.col("marital_status") != "unknown")
        .with_columns(_ages())
        .select(
            _key(),
            "sex",
            "age_group",
            pl.col("marital_status").alias("marital"),
            pl.when(pl.col("basis") == "published")
            .then(pl.lit("published"))
            .otherwise(pl.lit("subtracted"))
            .alias("basis"),
            _count(),
        )
    )


def _employed_by_age(input_dir: Path) -> pl.DataFrame:
    return _read(input_dir, "census/employed_prefecture_sex_age5_2020.csv").select(
        _key(), "sex", _ages(), _count()
    )


def _labour_status(input_dir: Path) -> pl.DataFrame:
    return _labelled(
        input_dir, "census/labour_status_prefecture_sex_2020.csv", "labour_status_ja", LABOUR,
        "labour_status", "series",
    )  # fmt: skip


def _labour_detail(input_dir: Path) -> pl.DataFrame:
    table = _read(input_dir, "census/labour_detail_prefecture_total_2020_ssds.csv")
    return table.filter(pl.col("ssds_code").is_in(list(LABOUR_DETAIL))).select(
        _key(), pl.col("ssds_code").replace_strict(LABOUR_DETAIL).alias("item"), _count()
    )


def _education(input_dir: Path) -> pl.DataFrame:
    return _labelled(
        input_dir, "census/education_prefecture_sex_15plus_2020.csv", "education_ja", EDUCATION,
        "education",
    )  # fmt: skip


def _enrolment(input_dir: Path) -> pl.DataFrame:
    return _labelled(
        input_dir, "census/enrolment_prefecture_sex_2020.csv", "enrolment_ja", SCHOOL, "school"
    )


def _employment_status(input_dir: Path) -> pl.DataFrame:
    return _labelled(
        input_dir, "census/employment_status_prefecture_sex_2020_gtfs.csv",
        "employment_status_ja", EMPLOYMENT_STATUS, "employment_status",
    )  # fmt: skip


def _occupation(input_dir: Path) -> pl.DataFrame:
    name = "census/occupation_major_prefecture_sex_2020.csv"
    return _letters(input_dir, name, "occupation_ja", "occupation", "ABCDEFGHIJKL")


def _industry(input_dir: Path) -> pl.DataFrame:
    name = "census/industry_major_prefecture_sex_2020.csv"
    return _letters(input_dir, name, "industry_ja", "industry", "ABCDEFGHIJKLMNOPQRST")


def _imputed(axis: str, ending: str) -> Callable[[Path], pl.DataFrame]:
    """Columns such as `A.事務従事者`; the ending tells occupations from industries."""

    def make(input_dir: Path) -> pl.DataFrame:
        wide = _prefecture_rows(
            input_dir, "census/municipality_labour_industry_occupation_2020_imputed.csv"
        )
        named = [c for c in wide.columns if len(c) > 1 and c[1] == "."]
        chosen = [c for c in named if c.endswith("従事者") == (ending == "従事者")]
        return wide.unpivot(chosen, index="prefecture_code").select(
            _key(), pl.col("variable").str.slice(0, 1).alias(axis), _count("value")
        )

    return make


def _education_by_age(input_dir: Path) -> pl.DataFrame:
    return _read(input_dir, "shapes/education_seed_sex_age5_2020_DERIVED.csv").select(
        "sex",
        _ages(),
        pl.col("education_level").replace_strict(EDUCATION_SHAPE).alias("education"),
        (
            pl.col("share_of_graduates_raked_to_2020_national").cast(pl.Float64)
            * pl.col("graduates_DERIVED").cast(pl.Float64)
        )
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
            pl.col("in_school_DERIVED").cast(pl.Float64).round(0).cast(pl.Int64).alias("in_school"),
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
        pl.col("employed_10thousand_mean_2019_2021").cast(pl.Float64).alias("employed_10k"),
    )


def _labour_rates(input_dir: Path) -> pl.DataFrame:
    table = _read(input_dir, "shapes/lfs_rates_age_sex_2012_2025.csv")
    rates = table.filter(
        (pl.col("year") == "2020")
        & pl.col("sex").is_in(["male", "female"])
        & ~((pl.col("age_lower") == "15") & pl.col("age_upper").fill_null("").eq(""))
    )
    participation = pl.col("labour_force_participation_rate").cast(pl.Float64)
    # A rate of unemployment that was not published (women of 75 or more) is below its rounding.
    unemployment = pl.col("unemployment_rate").cast(pl.Float64).fill_null(0.0)
    return rates.select(
        "sex",
        _ages(),
        participation.alias("participation"),
        unemployment.alias("unemployment"),
        (participation * (1 - unemployment)).round(4).alias("employment_rate"),
    )


def _employment_form(input_dir: Path) -> pl.DataFrame:
    table = _read(input_dir, "shapes/occupation_employment_form_jsoc_jobtag_DERIVED.csv")
    return (
        table.filter((pl.col("level") == "major") & (pl.col("jsoc_code") != "L"))
        .group_by(
            pl.col("jsoc_code").alias("occupation"),
            pl.when(pl.col("employment_form") == "self_employed_freelance")
            .then(pl.lit("self_employed"))
            .otherwise(pl.lit("employee"))
            .alias("employment_status"),
        )
        .agg(pl.col("share_normalised").cast(pl.Float64).sum().round(4).alias("share"))
        .sort("occupation", "employment_status")
    )


def _prefectures(input_dir: Path) -> pl.DataFrame:
    return _read(input_dir, "lifestyle/prefecture_regions.csv").select(
        pl.col("pref_code").alias("code"),
        _key("pref_code").alias("key"),
        pl.col("prefecture").alias("name"),
        pl.col("region8").alias("region"),
        pl.col("area_east_west").alias("area"),
    )


def _municipalities(input_dir: Path) -> pl.DataFrame:
    columns = {
        "A110101_総人口（男）": "male",
        "A110102_総人口（女）": "female",
        "A1301_15歳未満人口": "age_0_14",
        "A1302_15～64歳人口": "age_15_64",
        "A1303_65歳以上人口": "age_65_plus",
    }
    table = _read(input_dir, "census/municipality_ssdse_a_2026_columns_of_2020.csv")
    figures = [
        # A dash, or nothing, is nobody: Futaba was still evacuated.
        pl.col(source).str.replace("-", "0").fill_null("0").cast(pl.Int64).alias(name)
        for source, name in columns.items()
    ]
    code = pl.col("area_code").str.slice(1)
    return table.with_columns(code.str.slice(0, 2).alias("prefecture_code")).select(
        _key(), code.alias("code"), pl.col("municipality").alias("name"), *figures
    )


def _totals(
    *expected: tuple[Mapping[str, str], int], column: str = "count"
) -> list[dict[str, Any]]:
    return [
        {"where": dict(where), "equals": equals, "column": column} for where, equals in expected
    ]


def _per_value(axis: str, values: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return _totals(*(({axis: value}, equals) for value, equals in values))


TABLES = (
    Table(
        "census/population_by_age", _population_by_age,
        "男女，年齢（5歳階級），都道府県別人口", "0003445162",
        "Codes for labels; ages in five-year groups to 95-99, 100+, and unknown.",
        totals=_totals(({}, PEOPLE), ({"sex": "male"}, MEN), ({"sex": "female"}, WOMEN),
                       ({"prefecture": "tokyo"}, TOKYO)),
    ),
    Table(
        "census/population_imputed", _population_imputed,
        "都道府県・市区町村別の主な結果（年齢3区分，不詳補完値）", "000032143614",
        "Prefecture rows of the file of main results; ages imputed by the publisher.",
        series="imputed",
        totals=_totals(({}, PEOPLE), ({"sex": "male"}, MEN), ({"sex": "female"}, WOMEN),
                       ({"prefecture": "tokyo"}, TOKYO)),
    ),
    Table(
        "census/population_single_years", _single_years,
        "男女，年齢（各歳0〜18歳），都道府県別人口", "0000010101",
        "From the System of Social and Demographic Statistics, which carries the census by single "
        "year to 18.",
        totals=_per_value("age", [("0", 831_824), ("1", 866_525)]),
    ),
    Table(
        "census/marital_status", _marital,
        "男女，年齢（5歳階級），配偶関係，都道府県別15歳以上人口", "0000010101",
        "People of known status. Married of 15-19 have no cell of their own and are the total of "
        "15 or more minus the other ages (basis 'subtracted'); widowed under 25 likewise, as 15-24.",
        universe="residents aged 15 or more of known marital status",
        totals=_totals(({}, FROM_15 - MARITAL_UNKNOWN)),
    ),
    Table(
        "census/employed_by_age", _employed_by_age,
        "男女，年齢（5歳階級），都道府県別就業者数", "0000010106",
        "Codes for labels.", universe="employed residents aged 15 or more",
        totals=_totals(({}, EMPLOYED)),
    ),
    Table(
        "census/labour_status", _labour_status,
        "労働力状態（3区分），男女，都道府県別15歳以上人口", "0003412176",
        "Both series side by side in the column 'series'; they are never added up.",
        series="published and imputed", universe="residents aged 15 or more",
        totals=_totals(
            ({"series": "published", "labour_status": "employed"}, EMPLOYED),
            ({"series": "imputed", "labour_status": "employed"}, EMPLOYED_IMPUTED),
            ({"series": "published", "labour_status": "total"}, FROM_15),
        ),
    ),
    Table(
        "census/labour_detail", _labour_detail,
        "労働力状態（詳細），都道府県別15歳以上人口", "0000010106",
        "Both sexes; kinds of work and of inactivity.", universe="residents aged 15 or more",
    ),
    Table(
        "census/education", _education,
        "在学か否かの別・最終卒業学校の種類，男女，都道府県別15歳以上人口", "0003450543",
        "Small-area tables added up to prefectures by their carrier; equal to the prefecture "
        "table in every cell that both have.",
        universe="residents aged 15 or more",
        totals=[
            *_per_value("education", [
                ("primary", 804_293), ("lower_secondary", 11_264_129),
                ("upper_secondary", 37_845_056), ("junior_college", 13_890_514),
                ("university", 19_839_068), ("graduate_school", 2_060_874),
                ("graduates_unknown", 15_059_305),
            ]),
            *_totals(({}, FROM_15)),
        ],
    ),
    Table(
        "census/enrolment", _enrolment,
        "在学学校の種類，男女，都道府県別在学者数", None,
        "As the table of education; schools of people of 15 or more, so without primary and lower "
        "secondary.",
        universe="residents in school, upper secondary and above",
    ),
    Table(
        "census/employment_status", _employment_status,
        "従業上の地位，男女，都道府県別15歳以上就業者数", None,
        "Small-area tables added up to prefectures by their carrier.",
        universe="employed residents aged 15 or more", totals=_totals(({}, EMPLOYED)),
    ),
    Table(
        "census/occupation", _occupation,
        "職業（大分類），男女，都道府県別15歳以上就業者数", None,
        "Small-area tables added up to prefectures by their carrier.",
        universe="employed residents aged 15 or more", totals=_totals(({}, EMPLOYED)),
    ),
    Table(
        "census/occupation_imputed", _imputed("occupation", "従事者"),
        "都道府県・市区町村別の主な結果（職業大分類，不詳補完値）", "000032143614",
        "Prefecture rows; both sexes; imputed by the publisher, no unclassifiable group.",
        series="imputed", universe="employed residents aged 15 or more",
        totals=_totals(({}, EMPLOYED_IMPUTED)),
    ),
    Table(
        "census/industry", _industry,
        "産業（大分類），男女，都道府県別15歳以上就業者数", None,
        "Small-area tables added up to prefectures by their carrier.",
        universe="employed residents aged 15 or more", totals=_totals(({}, EMPLOYED)),
    ),
    Table(
        "census/industry_imputed", _imputed("industry", ""),
        "都道府県・市区町村別の主な結果（産業大分類，不詳補完値）", "000032143614",
        "Prefecture rows; both sexes; imputed by the publisher, no unclassifiable group.",
        series="imputed", universe="employed residents aged 15 or more",
        totals=_totals(({}, EMPLOYED_IMPUTED)),
    ),
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
        "shapes/labour_rates", _labour_rates,
        "労働力人口比率・完全失業率，男女，年齢階級別", "0002060049",
        "Rates of 2020 as shares; employment = participation x (1 - unemployment). Unemployment "
        "of women of 75 or more, not published, is 0. A seed only.",
        survey="労働力調査", series=None, universe="people aged 15 or more, nation",
    ),
    Table(
        "shapes/employment_form_by_occupation", _employment_form,
        "職業（大分類）別の働き方の割合", None,
        "Share of self-employed against all other answers; web survey of workers with multiple "
        "answers, weighted by census workers. Weak; a seed only.",
        survey="職業情報提供サイト（job tag）数値系ダウンロードデータ v7.00", year="2025",
        publisher="厚生労働省; 独立行政法人労働政策研究・研修機構（JILPT）",
        licence="job tag 利用規約（出典の記載により利用可）; 加工して作成",
        url="https://shigoto.mhlw.go.jp/", kind="derived", series=None,
        universe="workers, nation",
    ),
    Table(
        "geography/prefectures", _prefectures, "都道府県，地方，東日本・西日本", None,
        "Keys are the romanised names. Eight regions by convention; east and west as Nemotron-"
        "Personas-Japan divides them where observed.",
        survey="JIS X 0401", year=2020, series=None, universe="47 prefectures", kind="assumed",
        publisher="persona-assets", licence="Apache-2.0", url="https://www.jisc.go.jp/",
    ),
    Table(
        "geography/municipalities", _municipalities, "市区町村別人口（SSDSE-A-2026の2020年値）",
        "SSDSE-A-2026",
        "Sex and three age groups of the census of 2020; designated cities whole, Tokyo's special "
        "wards apart.",
        survey="国勢調査", publisher="独立行政法人統計センター",
        licence="出典：独立行政法人 統計センター SSDSE-A-2026 を加工して作成",
        url="https://www.nstac.go.jp/use/literacy/SSDSE/",
        totals=[*_totals(({}, MEN), column="male"), *_totals(({}, WOMEN), column="female")],
    ),
)  # fmt: skip
