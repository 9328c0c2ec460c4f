"""Columns: what a released record looks like, in both configurations, with a word on each field."""

from dataclasses import dataclass

import polars as pl

from persona_assets.people.labels import COUNTRY, with_labels
from persona_assets.people.traits import TRAITS
from persona_assets.quality.records import PROVENANCE


@dataclass(frozen=True, slots=True)
class Column:
    """One released column: how it is made from a labelled record, its type, what it holds."""

    name: str
    source: pl.Expr
    dtype: pl.DataType
    japanese: str
    english: str


_STRING = pl.String()
_LIST = pl.List(pl.String)
_INT = pl.Int64()


def _same(name: str, dtype: pl.DataType, japanese: str, english: str) -> Column:
    return Column(name, pl.col(name), dtype, japanese, english)


def _from(name: str, source: str, japanese: str, english: str) -> Column:
    return Column(name, pl.col(source), _STRING, japanese, english)


# The 22 columns of Nemotron-Personas-Japan, in its order; lists are real lists here.
DEFAULT: tuple[Column, ...] = (
    _from("uuid", "person_id", "記録の識別子", "identifier of the record"),
    _same("professional_persona", _STRING, "仕事や日々の務めでの姿", "at work or in daily duties"),
    _same("sports_persona", _STRING, "運動との関わり", "sport and exercise"),
    _same("arts_persona", _STRING, "文化や芸術との関わり", "arts and culture"),
    _same("travel_persona", _STRING, "旅や外出との関わり", "travel and outings"),
    _same("culinary_persona", _STRING, "食との関わり", "food and cooking"),
    _same("persona", _STRING, "ひと言での人物像", "the person in one sentence"),
    _same("cultural_background", _STRING, "育った土地と世代の背景", "place and generation"),
    _same("skills_and_expertise", _STRING, "技能と経験", "skills and experience"),
    _same("skills_and_expertise_list", _LIST, "技能の一覧", "skills as a list"),
    _same("hobbies_and_interests", _STRING, "趣味と関心", "hobbies and interests"),
    _same("hobbies_and_interests_list", _LIST, "趣味の一覧", "hobbies as a list"),
    _same("career_goals_and_ambitions", _STRING, "これからの見通し", "plans and hopes"),
    _from("sex", "sex_label", "性別（男・女）", "sex"),
    _same("age", _INT, "年齢（2020年10月1日現在、18歳以上）", "age on 1 October 2020, 18 or more"),
    _from("marital_status", "marital_label", "配偶関係（子供のある人は「子供あり」）",
          "marital status, and whether there are children"),
    _from("education_level", "education_label", "学歴（在学中は学校の種類）", "schooling"),
    _from(
        "occupation",
        "occupation_label",
        "していること（職名、学生、無職、引退した人は以前の職名など）",
        "what the person does, or did before retiring",
    ),
    _from("region", "region_name", "地方", "region"),
    _from("area", "area_name", "東日本・西日本", "eastern or western Japan"),
    _from("prefecture", "prefecture_name", "都道府県", "prefecture"),
    Column("country", pl.lit(COUNTRY), _STRING, "国", "country"),
)  # fmt: skip

EXTENDED: tuple[Column, ...] = (
    *DEFAULT,
    _same("surname", _STRING, "姓", "surname"),
    _same("surname_reading", _STRING, "姓の読み", "its reading"),
    _same("given_name", _STRING, "名", "given name"),
    _same("given_name_reading", _STRING, "名の読み", "its reading"),
    _same("municipality", _STRING, "市区町村", "municipality"),
    _same("municipality_code", _STRING, "市区町村コード（JIS X 0402）", "its code"),
    _from("generation", "generation_label", "世代の通称（生まれた年から。ない人は空）",
          "common name of the generation, if it has one"),
    _same("children", _INT, "子供の数（同居とは限らない。4は4人以上）",
          "own children, wherever they live; 4 stands for four or more"),
    _from("household", "household_label", "世帯の家族類型", "household lived in"),
    _from("education_detail", "education_detail_label", "学歴（専門学校・短大・高専を分けた区分）",
          "schooling, with vocational schools and technical colleges apart"),
    _from("education_census", "education_census_label", "学歴（国勢調査の区分）",
          "schooling in the census's levels"),
    _from("labour_status", "labour_status_label", "労働力状態", "labour status"),
    _from("work_mode", "work_mode_label", "就業の状態（主に仕事、家事のほか仕事など）",
          "whether work comes first, beside housework or study, or is on leave"),
    _from("employment_status", "employment_status_label", "従業上の地位", "employment status"),
    _from("industry", "industry_label", "産業（大分類）", "industry, JSIC major group"),
    _from("occupation_class", "occupation_class", "職業（国勢調査の小分類）", "census small class"),
    _from("former_occupation", "former_occupation_title", "引退した人の以前の職名",
          "former job title of the retired"),
    _from("former_occupation_class", "former_occupation_class", "その職業（国勢調査の小分類）",
          "its census small class"),
    *(
        _same(trait, _INT, f"特性 {trait} のT得点（平均50、標準偏差10）", f"T score of {trait}")
        for trait in TRAITS
    ),
    *(
        _from(f"{trait}_label", f"{trait}_label", f"特性 {trait} の三段階の言い換え",
              f"{trait} in three everyday words")
        for trait in TRAITS
    ),
    _from("digital_skill", "digital_skill_label", "情報機器やインターネットの使い方",
          "use of digital devices and the internet"),
    _same("sports", _LIST, "している運動", "sports done"),
    _same("hobbies", _LIST, "している趣味", "hobbies pursued"),
    _same("learning", _LIST, "学んでいること", "learning"),
    _same("volunteering", _LIST, "社会的活動", "volunteering"),
    _same("travel", _LIST, "旅や行楽", "kinds of travel"),
    _same("dish", _STRING, "土地の料理", "a local dish"),
    _same("foods", _LIST, "土地でよく買われる食べ物", "foods bought more than elsewhere"),
    _same("craft", _STRING, "土地の工芸品", "a local craft"),
    _same("festival", _STRING, "土地の祭り", "a local festival"),
    *(
        _same(name, _INT if name == "attempts" else _STRING, f"来歴 {name}", f"provenance: {name}")
        for name in PROVENANCE
    ),
)  # fmt: skip

CONFIGURATIONS = {"default": DEFAULT, "extended": EXTENDED}


def to_records(checked: pl.DataFrame, configuration: str) -> pl.DataFrame:
    """Return checked records in the columns of one configuration.

    Args:
        checked: Frame of the `checked_records` asset.
        configuration: `default` (22 columns) or `extended`.
    """
    labelled = with_labels(checked)
    return labelled.select(
        column.source.cast(column.dtype).alias(column.name)
        for column in CONFIGURATIONS[configuration]
    )


def field_table() -> list[tuple[str, str, str, str]]:
    """Return (column, type, Japanese, English) of every column, the default ones first."""
    names = {_STRING: "string", _LIST: "list of string", _INT: "int64"}
    return [(c.name, names[c.dtype], c.japanese, c.english) for c in EXTENDED]
