"""The census tables, in the model's own codes.

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
GENERAL_HOUSEHOLDS, IN_GENERAL_HOUSEHOLDS, IN_INSTITUTIONS = 55_704_949, 123_162_995, 2_983_104
ALONE, ALONE_FROM_65 = 21_151_042, 6_716_806

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
EMPLOYMENT_DETAIL = {
    "F2409": "regular",
    "F2410": "dispatched",
    "F2411": "part_time",
    "F2402": "executive",
    "F2403": "employer",
    "F2404": "own_account",
    "F2405": "family_worker",
}
# Single parents are what the couples leave of the nuclear families.
NUCLEAR, COUPLES = "核家族世帯", ("うち夫婦のみの世帯", "うち夫婦と子供から成る世帯")
SINGLE_PARENT, TYPE_UNKNOWN = "ひとり親と子供から成る世帯", "世帯の家族類型「不詳」"
ALONE_65 = "（再掲）65歳以上の単独世帯"
HOUSEHOLD = {
    "総数": "total",
    COUPLES[0]: "couple_only",
    COUPLES[1]: "couple_with_children",
    SINGLE_PARENT: "single_parent",
    "核家族以外の世帯": "other_relatives",
    "非親族を含む世帯": "non_relatives",
    "単独世帯": "one_person",
}
LIVING_ALONE = {"単独世帯": "all", ALONE_65: "65+"}
# The carrier took these labels from the table beside; rows 4, 5 and 6 of each prefecture are the
# members of all households, of general ones and of institutions, as their sums show.
HOUSEHOLD_KIND = {
    "4一般世帯数_世帯人員が3人4": "all",
    "5一般世帯数_世帯人員が4人5": "general",
    "6一般世帯数_世帯人員が5人6": "institution",
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
    """Write census/ with its `sources.yaml`.

    Args:
        input_dir: The folder with `census/` of the tidy figures.
        out_dir: The folder `data/reference`.

    Raises:
        CensusInputError: an input has a value that no table of this script expects.
    """
    write_tables(TABLES, input_dir, out_dir)


def write_tables(tables: Iterable[Table], input_dir: Path, out_dir: Path) -> None:
    """Make each table and write it, and the `sources.yaml` of each folder that has any."""
    sources: dict[str, dict[str, Any]] = {}
    for table in tables:
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


def _items(codes: Mapping[str, str]) -> Callable[[Path], pl.DataFrame]:
    """Items of the System of Social and Demographic Statistics, by their code."""

    def make(input_dir: Path) -> pl.DataFrame:
        name = "census/labour_detail_prefecture_total_2020_ssds.csv"
        return _coded(_read(input_dir, name), name, "ssds_code", codes, "item")

    return make


def _coded(
    table: pl.DataFrame, name: str, column: str, codes: Mapping[str, str], axis: str
) -> pl.DataFrame:
    """Return the rows of the given labels, which must be there once for each prefecture."""
    rows = table.filter(pl.col(column).is_in(list(codes)))
    each = dict.fromkeys(codes, 0) | dict(
        rows.group_by(column, maintain_order=True)
        .agg(pl.col("prefecture_code").n_unique())
        .iter_rows()
    )
    wrong = {code: number for code, number in each.items() if number != len(PREFECTURE_KEYS)}
    if wrong or rows.height != len(codes) * len(PREFECTURE_KEYS):
        raise CensusInputError(
            f"{name}: '{column}' must have each of {list(codes)} once for each of "
            f"{len(PREFECTURE_KEYS)} prefectures; {rows.height} rows, prefectures of the codes "
            f"that lack some: {wrong}"
        )
    return rows.select(_key(), pl.col(column).replace_strict(dict(codes)).alias(axis), _count())


def _by_family_type(name: str) -> Callable[[Path], pl.DataFrame]:
    """Households, or people in them, by family type: the total and the types that add up to it."""

    def make(input_dir: Path) -> pl.DataFrame:
        table = _read(input_dir, name).with_columns(pl.col("count").cast(pl.Int64))
        places = ["prefecture_code", "prefecture"]
        nuclear = pl.col("count").filter(pl.col("family_type_ja") == NUCLEAR).sum()
        couples = pl.col("count").filter(pl.col("family_type_ja").is_in(COUPLES)).sum()
        single_parents = table.group_by(places, maintain_order=True).agg(
            pl.lit(SINGLE_PARENT).alias("family_type_ja"), (nuclear - couples).alias("count")
        )
        table = pl.concat([table, single_parents])
        unknown = _coded(table, name, "family_type_ja", {TYPE_UNKNOWN: "unknown"}, "household")
        types = _coded(table, name, "family_type_ja", HOUSEHOLD, "household")
        sign = pl.when(pl.col("household") == "total").then(-1).otherwise(1)
        rest = (
            pl.concat([types, unknown])
            .group_by("prefecture", maintain_order=True)
            .agg((pl.col("count") * sign).sum())
            .filter(pl.col("count") != 0)
        )
        if rest.height:
            raise CensusInputError(
                f"{name}: the family types of {rest['prefecture'][0]} and 総数 differ by "
                f"{rest['count'][0]:+,}; correct the file"
            )
        return types.sort(
            pl.col("prefecture").cast(pl.Enum(PREFECTURE_KEYS)),
            pl.col("household").cast(pl.Enum(list(HOUSEHOLD.values()))),
        )

    return make


def _household_kinds(input_dir: Path) -> pl.DataFrame:
    name = "census/household_kind_prefecture_2020.csv"
    table = _coded(_read(input_dir, name), name, "item_ja", HOUSEHOLD_KIND, "household_kind")
    sums = table.group_by("household_kind", maintain_order=True).agg(pl.col("count").sum())
    found = dict(sums.rows())
    expected = {"all": PEOPLE, "general": IN_GENERAL_HOUSEHOLDS, "institution": IN_INSTITUTIONS}
    if found != expected:
        raise CensusInputError(
            f"{name}: rows {sorted(HOUSEHOLD_KIND)} of 'item_ja' must add up to {expected}, they "
            f"add up to {found}; the labels are shifted, find the rows anew"
        )
    return table.filter(pl.col("household_kind") != "all")


def _living_alone(input_dir: Path) -> pl.DataFrame:
    name = "census/household_members_by_family_type_prefecture_2020.csv"
    return _coded(_read(input_dir, name), name, "family_type_ja", LIVING_ALONE, "age_band")


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
        "census/labour_detail", _items(LABOUR_DETAIL),
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
        "census/employment_detail", _items(EMPLOYMENT_DETAIL),
        "従業上の地位（詳細），都道府県別15歳以上就業者数", "0000010106",
        "Both sexes; kinds of employees and of the self-employed, and family workers.",
        universe="employed residents aged 15 or more of known employment status",
        totals=[
            *_per_value("item", [
                ("regular", 30_796_831), ("dispatched", 1_522_141), ("part_time", 14_623_249),
                ("executive", 3_134_199), ("employer", 1_064_884), ("own_account", 3_799_992),
                ("family_worker", 1_605_742),
            ]),
        ],
    ),
    Table(
        "census/household_members",
        _by_family_type("census/household_members_by_family_type_prefecture_2020.csv"),
        "世帯の家族類型，都道府県別一般世帯人員", "0003414255",
        "Small-area tables added up to prefectures by their carrier. Single parents and their "
        "children are nuclear families without couples. Of unknown type: the total minus the "
        "others.",
        universe="residents of all ages in general households",
        totals=_per_value("household", [
            ("total", IN_GENERAL_HOUSEHOLDS), ("couple_only", 22_317_680),
            ("couple_with_children", 50_641_498), ("other_relatives", 15_677_605),
            ("non_relatives", 1_231_866), ("one_person", ALONE),
        ]),
    ),
    Table(
        "census/household_counts",
        _by_family_type("census/household_family_type_prefecture_2020.csv"),
        "世帯の家族類型，都道府県別一般世帯数", "0003414255",
        "Households, not people; made as household_members, and equal to the file of main results "
        "in every cell that both have.",
        universe="general households",
        totals=_per_value("household", [
            ("total", GENERAL_HOUSEHOLDS), ("couple_only", 11_158_840),
            ("couple_with_children", 13_949_190), ("single_parent", 5_002_541),
            ("other_relatives", 3_779_018), ("non_relatives", 504_198), ("one_person", ALONE),
        ]),
    ),
    Table(
        "census/household_kinds", _household_kinds,
        "世帯の種類，都道府県別世帯人員", "0000010101",
        "People in general households and in institutions. The carrier's labels are shifted; the "
        "rows are those whose sums are the published ones.",
        totals=[
            *_per_value("household_kind", [
                ("general", IN_GENERAL_HOUSEHOLDS), ("institution", IN_INSTITUTIONS),
            ]),
            *_totals(({}, PEOPLE)),
        ],
    ),
    Table(
        "census/living_alone", _living_alone,
        "年齢（65歳以上），都道府県別単独世帯数", "0000010101",
        "One-person households, all of them and those of people of 65 or more, who are among all.",
        universe="residents in one-person households",
        totals=_per_value("age_band", [("all", ALONE), ("65+", ALONE_FROM_65)]),
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
)  # fmt: skip
