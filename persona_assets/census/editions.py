"""The shipped figures as e-Stat would hand them out: raw tables under their real ids.

For the conformance server. Axis names, codes and labels are those of recorded answers and
downloads where there are any (0000010101, 0000010106, 0003412176, the layout of 0003445162), and of
published descriptions elsewhere (docs/census.md). Written apart from the registry on purpose: what
one writes, the other must be able to read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from persona_assets.census.raw import Axis, Member, RawTable, TableInfo, make_table
from persona_assets.census.tables import load_table
from persona_assets.partitions import prefectures

NATION: Final = "00000"
CENSUS_MARKS: Final = {"***": "当該数値がないもの", "-": "当該数値がないもの"}
SSDS_MARKS: Final = {
    "***": "調査又は集計していないもの",
    "-": "データが得られないもの",
    "X": "数値が秘匿されているもの",
}
# Two tables whose ids are not known. The server lists them under these, which e-Stat does not use.
ENROLMENT_ID: Final = "9900000001"
EMPLOYMENT_STATUS_ID: Final = "9900000002"

LABOUR_SERIES: Final = "時系列データ 人口の労働力状態，就業者の産業・職業"
OPENED: Final = "2022-05-27"
UPDATED: Final = "2026-09-29"

SEX_2020: Final = {"male": ("1", "男"), "female": ("2", "女")}
SEX_SERIES: Final = {"male": ("110", "男"), "female": ("120", "女")}

# A level's code and label in a table.
Names = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Column:
    """One axis of a table that is made: where its levels come from and what they are called."""

    id: str
    name: str
    names: Names
    column: str = ""
    total: tuple[str, str] | None = None
    parents: Mapping[str, str] | None = None
    # Units by code, where not all are people.
    units: Mapping[str, str] | None = None


def shipped_tables(reference_dir: Path) -> dict[str, RawTable]:
    """Return every table that the shipped figures can fill, by its id.

    Args:
        reference_dir: The folder `data/reference`.

    Raises:
        TableError: a figure that ships is not what was published.
    """
    tables = {
        name: load_table(f"census/{name}", reference_dir)
        for name in (
            "population_by_age", "population_imputed", "population_single_years", "marital_status",
            "employed_by_age", "labour_status", "labour_detail", "education", "enrolment",
            "employment_status", "employment_detail", "household_members", "household_counts",
            "household_kinds", "living_alone", "occupation", "occupation_imputed", "industry",
            "industry_imputed",
        )
    }  # fmt: skip
    made = [
        _population_by_age(tables["population_by_age"]),
        _population_imputed(tables["population_imputed"]),
        _ssds_population(tables),
        _ssds_labour(tables),
        _labour_status(tables["labour_status"]),
        _education(tables["education"]),
        _enrolment(tables["enrolment"]),
        _employment_status(tables["employment_status"]),
        _family_types(tables),
        _series(tables, "occupation", "0003410411", "8-2020", "職業", OCCUPATIONS),
        _series(tables, "industry", "0003410398", "5-2020", "産業", INDUSTRIES),
    ]
    return {table.info.id: table for table in made}


def collect_areas(tables: Mapping[str, RawTable]) -> dict[str, list[str]]:
    """Return the areas under which the list repeats each table, as e-Stat does."""
    return {
        table_id: ["全国", "都道府県"] if NATION in table.axis("area").codes else ["該当なし"]
        for table_id, table in tables.items()
    }


def _population_by_age(table: pl.DataFrame) -> RawTable:
    groups = [*(f"{a}-{a + 4}" for a in range(0, 100, 5)), "100+", "unknown"]
    names = {group: (f"{n:02d}", _age_label(group)) for n, group in enumerate(groups, start=1)}
    recap = {
        "R1": ("（再掲）15歳未満", groups[:3]),
        "R2": ("（再掲）15～64歳", groups[3:13]),
        "R3": ("（再掲）65歳以上", groups[13:21]),
    }
    sums = pl.concat(
        table.filter(pl.col("age_group").is_in(members))
        .group_by("prefecture", "sex", maintain_order=True)
        .agg(pl.col("count").sum())
        .select("prefecture", "sex", pl.lit(code).alias("age_group"), "count")
        for code, (_, members) in recap.items()
    )
    ages = _Column(
        "cat03", "年齢（5歳階級）", {**names, **{code: (code, recap[code][0]) for code in recap}},
        "age_group",
    )  # fmt: skip
    totals = (
        table.group_by("prefecture", "sex", maintain_order=True)
        .agg(pl.col("count").sum())
        .select("prefecture", "sex", pl.lit("total").alias("age_group"), "count")
    )
    ages = _Column(ages.id, ages.name, {"total": ("00", "総数"), **ages.names}, ages.column)
    return _make(
        _info("0003445162", "2-7-1",
              "男女，年齢（5歳階級），国籍総数か日本人別人口－全国，都道府県，市区町村",
              "令和２年国勢調査 人口等基本集計"),
        pl.concat([totals, table.select("prefecture", "sex", "age_group", "count"), sums]),
        [
            _Column("tab", "表章事項", {"": ("2020_01", "人口")}),
            _Column("cat01", "国籍総数か日本人", {"": ("0", "国籍総数")}),
            _Column("cat02", "男女", SEX_2020, "sex", ("0", "総数")),
            ages,
            _area("全国，都道府県，市区町村"),
            _YEAR,
        ],
    )  # fmt: skip


def _population_imputed(table: pl.DataFrame) -> RawTable:
    names = {"0-14": ("110", "15歳未満"), "15-64": ("120", "15～64歳"), "65+": ("130", "65歳以上")}
    return _make(
        _info("0003448301", "6-2020I",
              "【不詳補完値】年齢（3区分），男女別人口及び年齢別割合 － 都道府県，市区町村"
              "（令和2年）　北海道　～　沖縄県",
              "時系列データ 男女，年齢，配偶関係", "202001-202012"),
        table,
        [
            _Column("tab", "表章項目", {"": ("020", "人口")}),
            _Column("cat01", "年齢３区分_時系列", names, "age_group", ("100", "総数")),
            _Column("cat02", "男女_時系列", SEX_SERIES, "sex", ("100", "総数")),
            _area("地域_時系列", nation=False),
            _Column("time", "時間軸（調査年）", {"": ("2020000010", "2020年_不詳補完値")}),
        ],
    )  # fmt: skip


def _ssds_population(tables: Mapping[str, pl.DataFrame]) -> RawTable:
    sexes = {"male": (1, "男"), "female": (2, "女")}
    singles = {0: "A1502", 1: "A1503", 2: "A1504", 3: "A1401", 4: "A1402", 5: "A1403"}
    singles |= {age: f"A15{age - 1:02d}" for age in range(6, 19)}
    items: dict[str, tuple[str, str]] = {}
    for age, start in singles.items():
        for sex, (number, label) in sexes.items():
            items[f"{age}/{sex}"] = (f"{start}{number:02d}", f"{age}歳人口（{label}）")
    single = tables["population_single_years"].select(
        "prefecture", (pl.col("age") + "/" + pl.col("sex")).alias("item"), "count"
    )
    marital = tables["marital_status"]
    statuses = {
        "never_married": (1, "未婚"), "married": (2, "有配偶"), "widowed": (3, "死別"),
        "divorced": (4, "離別"),
    }  # fmt: skip
    groups = ["15+", *(f"{a}-{a + 4}" for a in range(15, 85, 5)), "85+"]
    for status, (kind, status_label) in statuses.items():
        for place, group in enumerate(groups):
            for sex, (number, label) in sexes.items():
                items[f"{status}/{group}/{sex}"] = (
                    f"A16{kind:02d}{place:02d}{number}",
                    f"{status_label}人口（{_age_label(group)}）（{label}）",
                )
    keys = ["prefecture", "marital", "age_group", "sex"]
    wholes = (
        marital.group_by("prefecture", "marital", "sex", maintain_order=True)
        .agg(pl.col("count").sum())
        .with_columns(pl.lit("15+").alias("age_group"))
        .select(*keys, "count")
    )
    # What was subtracted is not published.
    published = marital.filter(pl.col("basis") == "published").select(*keys, "count")
    married = pl.concat([wholes, published]).select(
        "prefecture", pl.concat_str("marital", "age_group", "sex", separator="/").alias("item"),
        "count",
    )  # fmt: skip
    people = (
        tables["population_by_age"]
        .group_by("prefecture", maintain_order=True)
        .agg(pl.col("count").sum())
        .select("prefecture", pl.lit("all").alias("item"), "count")
    )
    households = {
        "general": ("A710201", "一般世帯人員数"),
        "institution": ("A710202", "施設等の世帯人員数"),
        "alone/all": ("A810105", "単独世帯数"),
        "alone/65+": ("A8301", "65歳以上世帯員の単独世帯数"),
    }  # fmt: skip
    kinds = tables["household_kinds"].select(
        "prefecture", pl.col("household_kind").alias("item"), "count"
    )
    alone = tables["living_alone"].select(
        "prefecture", ("alone/" + pl.col("age_band")).alias("item"), "count"
    )
    items = {"all": ("A1101", "総人口"), **items, **households}
    figures = pl.concat([people, single, married, kinds, alone])
    return _ssds("0000010101", "Ａ　人口・世帯", items, figures)


def _ssds_labour(tables: Mapping[str, pl.DataFrame]) -> RawTable:
    sexes = {"male": (1, "男"), "female": (2, "女")}
    items: dict[str, tuple[str, str]] = {}
    groups = [*(f"{a}-{a + 4}" for a in range(15, 85, 5)), "85+"]
    for place, group in enumerate(groups, start=1):
        for sex, (number, label) in sexes.items():
            items[f"{group}/{sex}"] = (
                f"F21{place:02d}{number:02d}", f"就業者数（{_age_label(group)}）（{label}）",
            )  # fmt: skip
    detail = {
        "mainly_working": ("F1103", "就業者数・主に仕事"),
        "working_beside_housework": ("F1104", "就業者数・家事のほか仕事"),
        "working_beside_study": ("F1105", "就業者数・通学のかたわら仕事"),
        "absent": ("F1106", "就業者数・休業者"),
        "housework": ("F1109", "非労働力人口・家事"),
        "studying": ("F1110", "非労働力人口・通学"),
        "other": ("F1111", "非労働力人口・その他"),
    }
    statuses = {
        "executive": ("F2402", "役員数"),
        "employer": ("F2403", "雇人のある業主数"),
        "own_account": ("F2404", "雇人のない業主数"),
        "family_worker": ("F2405", "家族従業者数（国勢調査結果）"),
        "regular": ("F2409", "雇用者数（正規の職員・従業員）"),
        "dispatched": ("F2410", "雇用者数（労働者派遣事業所の派遣社員）"),
        "part_time": ("F2411", "雇用者数（パート・アルバイト・その他）"),
    }
    employed = tables["employed_by_age"].select(
        "prefecture", (pl.col("age_group") + "/" + pl.col("sex")).alias("item"), "count"
    )
    kinds = [
        tables[name].select("prefecture", "item", "count")
        for name in ("labour_detail", "employment_detail")
    ]
    names = {**detail, **items, **statuses}
    return _ssds("0000010106", "Ｆ　労働", names, pl.concat([*kinds, employed]))


def _ssds(table_id: str, title: str, items: Names, figures: pl.DataFrame) -> RawTable:
    # An item without a figure, such as widowed people of 15-19, is no item of the survey.
    there = set(figures["item"])
    labelled = {
        key: (code, f"{code}_{label}") for key, (code, label) in items.items() if key in there
    }
    units = {
        code: "世帯" if label.endswith("世帯数") else "人" for code, label in labelled.values()
    }
    info = TableInfo(
        id=table_id, title=title, number=table_id, statistics="都道府県データ 基礎データ",
        survey_code="00200502", survey="社会・人口統計体系", survey_date="0",
        open_date=OPENED, updated_date=UPDATED, collect_area="全国",
    )  # fmt: skip
    table = _make(
        info,
        figures,
        [
            _Column("tab", "観測値", {"": ("00001", "観測値")}),
            _Column("cat01", title, labelled, "item", units=units),
            _area("地域"),
            _Column("time", "調査年", {"": ("2020100000", "2020年度")}),
        ],
        SSDS_MARKS,
    )
    return replace(table, axes=tuple(_of_ssds(axis) for axis in table.axes))


def _of_ssds(axis: Axis) -> Axis:
    """Return an axis as this survey has it: units stand with the items, nobody has a parent."""
    on_items = axis.id == "cat01"
    members = [
        replace(m, level=m.level or "1", unit=m.unit if on_items else None, parent=None)
        for m in axis.members
    ]
    return replace(axis, members=tuple(members))


def _labour_status(table: pl.DataFrame) -> RawTable:
    states = {
        "total": ("100", "総数"), "labour_force": ("110", "労働力人口"),
        "employed": ("120", "就業者"), "unemployed": ("130", "完全失業者"),
        "inactive": ("140", "非労働力人口"),
    }  # fmt: skip
    return _make(
        _info("0003412176", "2",
              "労働力状態（3区分），男女別人口及び労働力率（15歳以上） － 都道府県"
              "（昭和25年～令和2年）",
              LABOUR_SERIES, "202001-202012"),
        table,
        [
            _Column("tab", "表章項目", {"": ("320", "15歳以上人口")}),
            _Column("cat01", "労働力状態３区分_時系列", states, "labour_status"),
            _Column("cat02", "男女_時系列", SEX_SERIES, "sex", ("100", "総数")),
            _area("地域_時系列", nation=False),
            _SERIES,
        ],
    )  # fmt: skip


def _education(table: pl.DataFrame) -> RawTable:
    schools = {
        "graduates": ("1", "卒業者"), "primary": ("11", "小学校"),
        "lower_secondary": ("12", "中学校"), "upper_secondary": ("13", "高校・旧中"),
        "junior_college": ("14", "短大・高専"), "university": ("15", "大学"),
        "graduate_school": ("16", "大学院"),
        "graduates_unknown": ("17", "最終卒業学校の種類「不詳」"), "in_school": ("2", "在学者"),
        "never_attended": ("3", "未就学者"), "unknown": ("4", "在学か否かの別「不詳」"),
    }  # fmt: skip
    graduates = [key for key, (code, _) in schools.items() if code.startswith("1")][1:]
    sums = (
        table.filter(pl.col("education").is_in(graduates))
        .group_by("prefecture", "sex", maintain_order=True)
        .agg(pl.col("count").sum())
        .select("prefecture", "sex", pl.lit("graduates").alias("education"), "count")
    )
    # The total stands for every member but the sub-total.
    totals = (
        table.group_by("prefecture", "sex", maintain_order=True)
        .agg(pl.col("count").sum())
        .select("prefecture", "sex", pl.lit("total").alias("education"), "count")
    )
    return _make(
        _info("0003450543", "11-2",
              "男女，年齢（5歳階級），在学か否かの別・最終卒業学校の種類別人口（15歳以上）"
              "－全国，都道府県，市区町村",
              "令和２年国勢調査 就業状態等基本集計"),
        pl.concat([totals, sums, table]),
        [
            _Column("tab", "表章事項", {"": ("2020_01", "人口")}),
            _Column("cat01", "男女", SEX_2020, "sex", ("0", "総数")),
            _Column("cat02", "年齢（5歳階級）", {"": ("00", "総数")}),
            _Column(
                "cat03", "在学か否かの別・最終卒業学校の種類", {"total": ("0", "総数"), **schools},
                "education", parents={schools[key][0]: "1" for key in graduates},
            ),
            _area("全国，都道府県，市区町村"),
            _YEAR,
        ],
    )  # fmt: skip


def _enrolment(table: pl.DataFrame) -> RawTable:
    schools = {
        "upper_secondary": ("13", "高校"), "junior_college": ("14", "短大・高専"),
        "university": ("15", "大学"), "graduate_school": ("16", "大学院"),
    }  # fmt: skip
    sums = (
        table.group_by("prefecture", "sex", maintain_order=True)
        .agg(pl.col("count").sum())
        .select("prefecture", "sex", pl.lit("in_school").alias("school"), "count")
    )
    return _make(
        _info(ENROLMENT_ID, "",
              "男女，在学学校の種類別在学者数（高校以上）－全国，都道府県",
              "令和２年国勢調査 就業状態等基本集計"),
        pl.concat([sums, table]),
        [
            _Column("tab", "表章事項", {"": ("2020_03", "在学者数")}),
            _Column("cat01", "男女", SEX_2020, "sex", ("0", "総数")),
            _Column("cat02", "在学学校の種類", {"in_school": ("1", "在学者"), **schools}, "school",
                    parents={code: "1" for code, _ in schools.values()}),
            _area("全国，都道府県"),
            _YEAR,
        ],
    )  # fmt: skip


def _employment_status(table: pl.DataFrame) -> RawTable:
    statuses = {
        "employee": ("1", "雇用者（役員を含む）"),
        "self_employed": ("2", "自営業主（家庭内職者を含む）"),
        "family_worker": ("3", "家族従業者"), "unknown": ("4", "従業上の地位「不詳」"),
    }  # fmt: skip
    return _make(
        _info(EMPLOYMENT_STATUS_ID, "3-2",
              "男女，従業上の地位別就業者数（15歳以上）－全国，都道府県，市区町村",
              "令和２年国勢調査 就業状態等基本集計"),
        table,
        [
            _Column("tab", "表章事項", {"": ("2020_05", "就業者数")}),
            _Column("cat01", "男女", SEX_2020, "sex", ("0", "総数")),
            _Column("cat02", "従業上の地位", statuses, "employment_status", ("0", "総数")),
            _area("全国，都道府県，市区町村"),
            _YEAR,
        ],
    )  # fmt: skip


def _family_types(tables: Mapping[str, pl.DataFrame]) -> RawTable:
    """Return households and their members by family type, as the time series has them.

    There 男親 and 女親 are members of their own. What ships has them together, so they are one
    here; and the kinds of 核家族以外の世帯 are left out.
    """
    types = {
        "total": ("100", "総数"), "relatives": ("110", "親族のみの世帯"),
        "nuclear": ("120", "核家族世帯"), "couple_only": ("130", "夫婦のみの世帯"),
        "couple_with_children": ("140", "夫婦と子供から成る世帯"),
        "single_parent": ("150", "ひとり親と子供から成る世帯"),
        "other_relatives": ("170", "核家族以外の世帯"),
        "non_relatives": ("280", "非親族を含む世帯"), "one_person": ("290", "単独世帯"),
    }  # fmt: skip
    nuclear = ["couple_only", "couple_with_children", "single_parent"]
    wholes = {"nuclear": nuclear, "relatives": [*nuclear, "other_relatives"]}
    parents = {types[code][0]: "120" for code in nuclear} | {
        "110": "100", "280": "100", "290": "100", "120": "110", "170": "110",
    }  # fmt: skip
    columns = ["measure", "prefecture", "household", "count"]
    published = pl.concat(
        tables[f"household_{measure}"].with_columns(pl.lit(measure).alias("measure"))
        for measure in ("counts", "members")
    ).select(columns)
    sums = [
        published.filter(pl.col("household").is_in(parts))
        .group_by("measure", "prefecture", maintain_order=True)
        .agg(pl.col("count").sum())
        .with_columns(pl.lit(whole).alias("household"))
        .select(columns)
        for whole, parts in wholes.items()
    ]
    return _make(
        _info("0003414255", "",
              "世帯の家族類型（16区分）別一般世帯数及び世帯人員 － 全国，都道府県",
              "時系列データ 世帯の家族類型", "202001-202012"),
        pl.concat([published, *sums]),
        [
            _Column(
                "tab", "表章項目",
                {"counts": ("6", "一般世帯数"), "members": ("7", "一般世帯人員")}, "measure",
                units={"6": "世帯", "7": "人"},
            ),
            _Column("cat01", "世帯の家族類型16区分A_時系列", types, "household", parents=parents),
            _area("地域_時系列"),
            _Column("time", "時間軸（調査年）", {"": ("2020000000", "2020年")}),
        ],
    )  # fmt: skip


OCCUPATIONS: Final = (
    "管理的職業従事者", "専門的・技術的職業従事者", "事務従事者", "販売従事者",
    "サービス職業従事者", "保安職業従事者", "農林漁業従事者", "生産工程従事者",
    "輸送・機械運転従事者", "建設・採掘従事者", "運搬・清掃・包装等従事者", "分類不能の職業",
)  # fmt: skip
INDUSTRIES: Final = (
    "農業，林業", "漁業", "鉱業，採石業，砂利採取業", "建設業", "製造業",
    "電気・ガス・熱供給・水道業", "情報通信業", "運輸業，郵便業", "卸売業，小売業",
    "金融業，保険業", "不動産業，物品賃貸業", "学術研究，専門・技術サービス業",
    "宿泊業，飲食サービス業", "生活関連サービス業，娯楽業", "教育，学習支援業", "医療，福祉",
    "複合サービス事業", "サービス業（他に分類されないもの）",
    "公務（他に分類されるものを除く）", "分類不能の産業",
)  # fmt: skip


def _series(
    tables: Mapping[str, pl.DataFrame], axis: str, table_id: str, number: str, label: str,
    groups: Sequence[str],
) -> RawTable:  # fmt: skip
    """Return workers by major group, both series in one table as in the census's time series."""
    letters = [chr(ord("A") + n) for n in range(len(groups))]
    # Full-width letters, as in the published labels.
    names = {
        letter: (str(110 + 10 * n), f"{chr(ord('Ａ') + n)}{groups[n]}")
        for n, letter in enumerate(letters)
    }
    published = tables[axis].with_columns(pl.lit("published").alias("series"))
    imputed = tables[f"{axis}_imputed"].with_columns(
        pl.lit("imputed").alias("series"), pl.lit("both").alias("sex")
    )
    columns = ["prefecture", "sex", axis, "series", "count"]
    keys = [column for column in columns if column != "count"]
    by_sex = pl.concat([published.select(columns), imputed.select(columns)])
    both = (
        published.group_by("prefecture", axis, "series", maintain_order=True)
        .agg(pl.col("count").sum())
        .with_columns(pl.lit("both").alias("sex"))
        .select(columns)
    )
    # In the imputed series nobody is unclassifiable.
    nobody = (
        imputed.select("prefecture", "series", "sex")
        .unique(maintain_order=True)
        .with_columns(pl.lit(letters[-1]).alias(axis), pl.lit(None, pl.Float64).alias("count"))
        .select(columns)
    )
    cells = pl.concat([by_sex, both, nobody])
    totals = (
        cells.group_by("prefecture", "sex", "series", maintain_order=True)
        .agg(pl.col("count").sum())
        .with_columns(pl.lit("total").alias(axis))
        .select(columns)
    )
    return _make(
        _info(table_id, number,
              f"{label}（大分類），男女別就業者数及び人口構成比［{label}別］（15歳以上就業者）"
              "－都道府県（平成17年～令和2年）",
              LABOUR_SERIES, "202001-202012"),
        pl.concat([totals, cells]).select(*keys, "count"),
        [
            _Column("tab", "表章項目", {"": ("334", "就業者数")}),
            _Column("cat01", f"{label}大分類_時系列", {"total": ("100", "総数"), **names}, axis),
            _Column("cat02", "男女_時系列", {"both": ("100", "総数"), **SEX_SERIES}, "sex"),
            _area("地域_時系列", nation=False),
            _SERIES,
        ],
    )  # fmt: skip


_YEAR: Final = _Column("time", "時間軸（年次）", {"": ("2020000000", "2020年")})
_SERIES: Final = _Column(
    "time", "時間軸（調査年）",
    {"published": ("2020000000", "2020年"), "imputed": ("2020000010", "2020年_不詳補完値")},
    "series",
)  # fmt: skip


def _area(name: str, *, nation: bool = True) -> _Column:
    places = {place.key: (f"{place.code}000", place.name) for place in prefectures().values()}
    return _Column("area", name, places, "prefecture", (NATION, "全国") if nation else None)


def _age_label(group: str) -> str:
    if group == "unknown":
        return "年齢「不詳」"
    if group.endswith("+"):
        return f"{group[:-1]}歳以上"
    lower, upper = group.split("-")
    return f"{lower}～{upper}歳"


def _info(
    table_id: str, number: str, title: str, statistics: str, date: str = "202010"
) -> TableInfo:
    return TableInfo(
        id=table_id, title=title, number=number, statistics=statistics, survey_code="00200521",
        survey="国勢調査", survey_date=date, open_date=OPENED, updated_date=UPDATED,
        collect_area="全国",
    )  # fmt: skip


def _make(
    info: TableInfo,
    figures: pl.DataFrame,
    columns: Sequence[_Column],
    marks: Mapping[str, str] = CENSUS_MARKS,
) -> RawTable:
    """Return the raw table: totals added, levels turned to codes, nobody turned to `-`."""
    for column in columns:
        if column.total is not None:
            others = [c.column for c in columns if c.column and c.column != column.column]
            totals = (
                figures.group_by(others, maintain_order=True)
                .agg(pl.col("count").sum())
                .with_columns(pl.lit("total").alias(column.column))
                .select(figures.columns)
            )
            figures = pl.concat([totals, figures])
    axes, codes = [], []
    for column in columns:
        names = {**({"total": column.total} if column.total else {}), **column.names}
        axes.append(Axis(column.id, column.name, _members(column, names)))
        if column.column:
            known = {level: code for level, (code, _) in names.items()}
            codes.append(pl.col(column.column).replace_strict(known).alias(column.id))
        else:
            codes.append(pl.lit(next(iter(names.values()))[0]).alias(column.id))
    text = pl.col("count").cast(pl.Int64).cast(pl.String).fill_null("-")
    if marks is CENSUS_MARKS:
        # Nobody is a dash in the census's tables, and a zero in the other survey's.
        text = text.replace("0", "-")
    unit: pl.Expr = pl.lit("人")
    for column in columns:
        if column.units:
            by_level = {level: column.units[code] for level, (code, _) in column.names.items()}
            unit = pl.col(column.column).replace_strict(by_level)
    cells = figures.select(*codes, text.alias("text"), unit.alias("unit"))
    # In the publisher's order: the first axis changes slowest.
    cells = cells.sort([axis.id for axis in axes])
    table = make_table(info, axes, [cells], marks)
    return replace(table, info=replace(info, cells=table.cells.height))


def _members(column: _Column, names: Names) -> tuple[Member, ...]:
    parents = column.parents or {}
    members = []
    for code, label in names.values():
        if column.id == "area":
            nation = code == NATION
            parent = None if nation or column.total is None else NATION
            members.append(Member(code, label, "1" if nation else "2", None, parent))
        elif column.id == "tab":
            members.append(Member(code, label, "", (column.units or {}).get(code, "人"), None))
        else:
            level = "2" if code in parents else "1"
            unit = (column.units or {}).get(code)
            members.append(Member(code, label, level, unit, parents.get(code)))
    return tuple(members)
