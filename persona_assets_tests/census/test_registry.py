"""The registry: what it claims of real answers, and how it reads tables of every kind."""

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_assets.census import wire
from persona_assets.census.downloads import read_download
from persona_assets.census.raw import Axis, Member, RawTable, TableInfo, make_table
from persona_assets.census.registry import (
    REGISTRY_PATH,
    DriftError,
    Registry,
    canonical,
    claim,
    confirm,
    load_registry,
    needed_tables,
    selection,
    sorted_table,
    tidy,
)
from persona_assets.census.tables import TableError, load_sources, load_table
from persona_assets.storage.paths import reference_dir
from persona_assets_tests.census.test_recorded import LISTS, METAS, RECORDED, recorded

REGISTRY = load_registry()
TABLES = REGISTRY.tables
SOURCES = {
    key.removeprefix("census/"): source
    for key, source in load_sources(reference_dir()).items()
    if key.startswith("census/")
}


# ---- the file and the figures that ship ---------------------------------------------------------


def test_what_margins_need_is_what_ships():
    assert set(needed_tables()) == set(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_registry_and_source_say_the_same_of_a_table(name: str):
    entry, source = TABLES[name], SOURCES[name]
    assert [*entry.columns, "count"] == source.columns
    assert entry.rows == source.rows
    assert entry.totals == source.totals
    assert entry.series == source.series
    assert entry.universe == source.universe
    assert REGISTRY.survey(name).year == source.year
    if entry.id is not None and source.table_id is not None:
        assert source.table_id in {entry.id, *(book.file for book in entry.books)}


def test_two_entries_of_one_table_expect_the_same_title():
    by_id: dict[str, set[str]] = {}
    for entry in TABLES.values():
        if entry.id is not None:
            by_id.setdefault(entry.id, set()).add(entry.title)
    assert all(len(titles) == 1 for titles in by_id.values())


# ---- evidence -----------------------------------------------------------------------------------


def meta(table_id: str) -> tuple[TableInfo, tuple[Axis, ...]]:
    return wire.parse_meta(recorded(f"getMetaInfo_{table_id}.json.gz"))


def download(name: str) -> RawTable:
    return read_download(RECORDED / name)[0]


# What was recorded of each entry that says so.
EVIDENCE: Mapping[str, Callable[[], Sequence[Axis]]] = {
    "population_single_years": lambda: meta("0000010101")[1],
    "marital_status": lambda: meta("0000010101")[1],
    "employed_by_age": lambda: meta("0000010106")[1],
    "labour_detail": lambda: meta("0000010106")[1],
    "employment_detail": lambda: meta("0000010106")[1],
    "household_kinds": lambda: meta("0000010101")[1],
    "living_alone": lambda: meta("0000010101")[1],
    "labour_status": lambda: download("census_labor_0003412176_long.csv.gz").axes,
    "population_by_single_year": lambda: download("FEH_00200521_260127162349.csv.gz").axes,
}


def test_every_entry_that_claims_a_recording_has_one():
    assert set(EVIDENCE) == {n for n, entry in TABLES.items() if entry.evidence == "recorded"}


@pytest.mark.parametrize("name", EVIDENCE)
def test_an_entry_reads_the_axes_that_were_recorded(name: str):
    axes = EVIDENCE[name]()
    claimed = claim(axes, TABLES[name].axes, name)
    assert {each.axis.id for each in claimed} == {axis.id for axis in axes}
    assert {c for each in claimed for c in each.members.columns} >= set(TABLES[name].columns) - {
        "basis"
    }


@pytest.mark.parametrize("path", METAS, ids=lambda path: path.name)
def test_a_recorded_table_is_claimed_by_the_entries_that_mean_it_and_no_other(path: Path):
    info, axes = wire.parse_meta(recorded(path.name))
    claiming = set()
    for name, entry in TABLES.items():
        try:
            confirm(info, entry, name)
            claim(axes, entry.axes, name)
        except DriftError:
            continue
        claiming.add(name)
    assert claiming == {name for name, entry in TABLES.items() if entry.id == info.id}


def test_titles_that_e_stat_lists_are_those_that_are_expected():
    listed = {
        info.id: info for path in LISTS for info in wire.parse_list(recorded(path.name)).tables
    }
    known = {name: listed[entry.id] for name, entry in TABLES.items() if entry.id in listed}
    assert set(known) == {"population_imputed", "labour_status"}
    for name, info in known.items():
        confirm(info, TABLES[name], name)
        assert info.survey_code == REGISTRY.survey(name).code
    info, _ = meta("0003445078")
    with pytest.raises(DriftError, match="it is '総人口・総世帯数・男女・年齢・配偶関係男女別人口"):
        confirm(info, TABLES["population_by_age"], "population_by_age")


SEXES = "男女"
FIVES = [*(f"{age}～{age + 4}歳" for age in range(15, 85, 5)), "85歳以上"]
UNPUBLISHED = {("有配偶", "15～19歳"), ("死別", "15～19歳"), ("死別", "20～24歳")}
WANTED = {
    "population_single_years": {f"{n}歳人口（{s}）" for n, s in product(range(19), SEXES)},
    "marital_status": {
        f"{status}人口（{group}）（{sex}）"
        for status, group, sex in product(
            ("未婚", "有配偶", "死別", "離別"), ("15歳以上", *FIVES), SEXES
        )
        if (status, group) not in UNPUBLISHED
    },
    "employed_by_age": {f"就業者数（{group}）（{sex}）" for group, sex in product(FIVES, SEXES)},
    "labour_detail": {
        *(f"就業者数・{kind}" for kind in ("主に仕事", "家事のほか仕事", "休業者")),
        "就業者数・通学のかたわら仕事",
        *(f"非労働力人口・{kind}" for kind in ("家事", "通学", "その他")),
    },
    "employment_detail": {
        *(f"雇用者数（{kind}）" for kind in ("正規の職員・従業員", "労働者派遣事業所の派遣社員")),
        "雇用者数（パート・アルバイト・その他）", "役員数", "雇人のある業主数", "雇人のない業主数",
        "家族従業者数（国勢調査結果）",
    },
    "household_kinds": {"一般世帯人員数", "施設等の世帯人員数"},
    "living_alone": {"単独世帯数", "65歳以上世帯員の単独世帯数"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "items", "rows"),
    [
        ("population_single_years", 38, 38),
        # Eight wholes are no rows, and four remainders are no items.
        ("marital_status", 122, 122 - 8 + 4),
        ("employed_by_age", 30, 30),
        ("labour_detail", 7, 7),
        ("employment_detail", 7, 7),
        ("household_kinds", 2, 2),
        ("living_alone", 2, 2),
    ],
)
def test_exactly_the_wanted_items_are_selected_from_hundreds(name: str, items: int, rows: int):
    axes = EVIDENCE[name]()
    assert all(len(axis.members) > 500 for axis in axes if axis.id == "cat01")
    chosen = selection(axes, TABLES[name], name)
    assert set(chosen) == {"cat01", "time"}
    assert chosen["time"] == ["2020100000"]
    labels = {m.code: m.name for axis in axes if axis.id == "cat01" for m in axis.members}
    found = [labels[code].removeprefix(f"{code}_") for code in chosen["cat01"]]
    assert len(found) == items
    assert set(found) == WANTED[name]
    assert TABLES[name].rows == 47 * rows


def test_one_measure_and_two_series_are_selected_from_seventeen_dates():
    name = "labour_status"
    table = download("census_labor_0003412176_long.csv.gz")
    chosen = selection(table.axes, TABLES[name], name)
    assert chosen == {"tab": ["320"], "time": ["2020000000", "2020000010"]}
    # All 14,382 cells may come as well: what was not selected is passed over.
    read = tidy(table, name)
    assert read.frame.equals(sorted_table(load_table(f"census/{name}", reference_dir())))
    assert read.sums.rows() == [("sex", 470, pytest.approx(read.frame["count"].sum()))]


@pytest.fixture(scope="module")
def sheets() -> tuple[RawTable, ...]:
    return read_download(RECORDED / "major_results_2020.xlsx")


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("population_imputed", 6), ("living_alone", 2), ("occupation_imputed", 11),
        ("industry_imputed", 19),
    ],
)  # fmt: skip
def test_a_book_is_read_as_its_entry_says(name: str, columns: int, sheets: tuple[RawTable, ...]):
    (book,) = TABLES[name].books
    assert book.evidence == "recorded"
    (sheet,) = [s for s in sheets if re.fullmatch(book.sheet, canonical(s.info.title))]
    areas, items = claim(sheet.axes, book.axes, name)
    # The nation and 47 prefectures of 1,965 areas.
    assert len(areas.codes) == 48
    assert len(items.codes) == columns
    levels = {m.code: m.level for m in items.axis.members}
    assert {levels[code] for code in items.codes} == {TABLES[name].series}
    read = tidy(sheet, name)
    assert read.frame.equals(sorted_table(load_table(f"census/{name}", reference_dir())))


def test_no_other_entry_has_a_book():
    assert [name for name, entry in TABLES.items() if entry.books] == [
        "population_imputed", "living_alone", "occupation_imputed", "industry_imputed",
    ]  # fmt: skip


def test_ages_of_both_sexes_are_not_mistaken_for_ages_by_sex():
    table = download("FEH_00200521_260127162349.csv.gz")
    _, _, sex, ages, *_ = claim(table.axes, TABLES["population_by_single_year"].axes, "x")
    assert sex.members["sex"].to_list() == ["TOTAL"]
    assert ages.members["age"].to_list() == [str(age) for age in range(15)]
    with pytest.raises(DriftError, match=r"parts of sex and total .* differ in 720 sums"):
        tidy(table, "population_by_single_year")


# ---- small tables -------------------------------------------------------------------------------


def registry_of(axes: Sequence[Mapping[str, Any]], columns: Sequence[str], **more: Any) -> Registry:
    """Return a registry of one table, with the surveys and maps of the project's."""
    entry = {
        "id": "0001", "title": ".*", "survey": "census", "evidence": "expected",
        "series": "published", "universe": "people", "unknown": "none",
        "axes": axes, "columns": columns,
    }  # fmt: skip
    return Registry.model_validate(
        {
            "surveys": REGISTRY.surveys, "maps": REGISTRY.maps, "axes": {},
            "tables": {"made": {**entry, **more}},
        }
    )  # fmt: skip


def axis_of(axis_id: str, name: str, *members: str | Member) -> Axis:
    """Return an axis of members with codes 0, 1, 2 ... unless they have their own."""
    return Axis(axis_id, name, tuple(
        member if isinstance(member, Member) else Member(str(n), member)
        for n, member in enumerate(members)
    ))  # fmt: skip


def table_of(axes: Sequence[Axis], counts: Mapping[str, object] | Sequence[object]) -> RawTable:
    """Return a table of counts by code ("0/13000"), or of all cells in the order of the axes."""
    if not isinstance(counts, Mapping):
        grid = ["/".join(codes) for codes in product(*(axis.codes for axis in axes))]
        counts = dict(zip(grid, counts, strict=True))
    rows = [
        {**dict(zip((a.id for a in axes), key.split("/"), strict=True)), "text": str(count)}
        for key, count in counts.items()
    ]
    return make_table(TableInfo("0001", "made"), axes, [pl.DataFrame(rows)])


def counts(table: RawTable, registry: Registry) -> dict[Any, float]:
    """Return the counts of the tidy table by level, or by a tuple of levels."""
    frame = tidy(table, "made", registry).frame
    keys = frame.select(pl.exclude("count")).rows()
    names = [key[0] if len(key) == 1 else key for key in keys]
    return dict(zip(names, frame["count"].to_list(), strict=True))


SEX = {"name": "男女.*", "as": "sex"}
BY_SEX = registry_of([SEX], ["sex"])
AREA = {"name": "地域", "as": "prefecture"}
BY_PLACE = registry_of([AREA], ["prefecture"])


@pytest.mark.parametrize(
    ("label", "code", "expected"),
    [
        ("１５〜１９歳", "", "15～19歳"),
        ("15~19歳", "", "15～19歳"),
        ("15～19 歳", "", "15～19歳"),
        ("(再掲)　65歳以上", "", "（再掲）65歳以上"),
        ("卸売業, 小売業", "", "卸売業，小売業"),
        ("卒業者/小学校", "", "卒業者／小学校"),
        ("Ａ\n農業,林業", "A", "A農業，林業"),
        ("1_男", "1", "男"),
        ("１_男", "1", "男"),
        ("【01】男", "01", "男"),
        ("A1101_総人口", "A1101", "総人口"),
        # A code that is another's, and one that only begins alike.
        ("1_男", "2", "1_男"),
        ("2020年_不詳補完値", "2020", "2020年_不詳補完値"),
        ("1.5_以上", "1x5", "1.5_以上"),
        ("ﾊﾟｰﾄ･ｱﾙﾊﾞｲﾄ", "", "パート・アルバイト"),
    ],
)
def test_a_label_has_one_spelling(label: str, code: str, expected: str):
    assert canonical(label, code) == expected


@pytest.mark.parametrize(
    "members",
    [
        ("総数", "男", "女"),
        (" 総　数 ", "男　", "\t女"),
        ("0_総数", "1_男", "2_女"),
        ("【0】総数", "【1】男", "【2】女"),
        ("０_男女計", "１_男", "２_女"),
    ],
)
def test_members_are_known_however_they_are_spelled(members: tuple[str, ...]):
    table = table_of([axis_of("cat01", "男女　（総数）", *members)], [9, 4, 5])
    assert counts(table, BY_SEX) == {"male": 4, "female": 5}


def test_axes_are_known_however_they_are_spelled():
    rule = {"name": "年齢（5歳階級）", "as": "age_group"}
    for name in ("年齢（5歳階級）", "年齢(５歳階級)", "年齢 (5 歳階級)"):
        table = table_of([axis_of("cat03", name, "総数", "15～19歳", "20～24歳")], [3, 1, 2])
        assert counts(table, registry_of([rule], ["age_group"])) == {"15-19": 1, "20-24": 2}


SCHOOLS = [
    Member("0", "総数"),
    Member("1", "卒業者", "2", parent="0"),
    Member("11", "小学校", "3", parent="1"),
    Member("12", "中学校", "3", parent="1"),
    Member("13", "不詳", "3", parent="1"),
    Member("2", "在学者", "2", parent="0"),
    Member("21", "小学校", "3", parent="2"),
    Member("22", "中学校", "3", parent="2"),
    Member("3", "未就学者", "2", parent="0"),
]
SCHOOL_COUNTS = [100, 60, 10, 20, 30, 33, 12, 21, 7]
BY_SCHOOL = registry_of(
    [{"name": "在学.*卒業学校.*", "as": "education", "path": True}], ["education"]
)


@pytest.mark.parametrize("root", ["0", None, "99"])
def test_the_same_label_below_two_members_is_told_apart_by_its_path(root: str | None):
    # The paths may begin at the total, below it, or at a member that was not asked for.
    members = [replace(m, parent=root) if m.parent == "0" else m for m in SCHOOLS]
    table = table_of([axis_of("cat03", "在学か否か・卒業学校", *members)], SCHOOL_COUNTS)
    assert counts(table, BY_SCHOOL) == {
        "primary": 10, "lower_secondary": 20, "graduates_unknown": 30, "in_school": 33,
        "never_attended": 7,
    }  # fmt: skip


def test_members_that_are_each_others_parents_end_in_an_error():
    members = [Member("1", "卒業者", parent="2"), Member("2", "在学者", parent="1")]
    table = table_of([axis_of("cat03", "在学か否か・卒業学校", *members)], [1, 2])
    with pytest.raises(DriftError, match=r"no map of tables\.yaml knows"):
        tidy(table, "made", BY_SCHOOL)


STATUSES = {
    "総数": 100, "雇用者": 60, "正規の職員・従業員": 40, "労働者派遣事業所の派遣社員": 5,
    "パート・アルバイト・その他": 15, "役員": 10, "雇人のある業主": 3, "雇人のない業主": 12,
    "家族従業者": 8, "家庭内職者": 1, "従業上の地位「不詳」": 6,
}  # fmt: skip
STATUS = {"name": "従業上の地位", "as": "employment_status"}
BY_STATUS = registry_of([STATUS], ["employment_status"])


def test_several_members_are_summed_to_one_level_and_their_parts_are_passed_over():
    table = table_of([axis_of("cat02", "従業上の地位", *STATUSES)], list(STATUSES.values()))
    assert counts(table, BY_STATUS) == {
        "employee": 70, "self_employed": 16, "family_worker": 8, "unknown": 6,
    }  # fmt: skip


@pytest.mark.parametrize("label", ["役員", "雇人のない業主", "従業上の地位「不詳」"])
def test_a_sum_that_lacks_one_of_its_members_is_found(label: str):
    left = {name: count for name, count in STATUSES.items() if name != label}
    table = table_of([axis_of("cat02", "従業上の地位", *left)], list(left.values()))
    with pytest.raises(DriftError, match=rf"parts of employment_status.*\(-{STATUSES[label]}\)"):
        tidy(table, "made", BY_STATUS)


# The 20 members of 0003414255, in their order.
FAMILY_TYPES = {
    "総数": 1_000, "親族のみの世帯": 777, "核家族世帯": 655, "夫婦のみの世帯": 200,
    "夫婦と子供から成る世帯": 400, "男親と子供から成る世帯": 5, "女親と子供から成る世帯": 50,
    "核家族以外の世帯": 122, "夫婦と両親から成る世帯": 10, "夫婦とひとり親から成る世帯": 11,
    "夫婦，子供と両親から成る世帯": 12, "夫婦，子供とひとり親から成る世帯": 13,
    "夫婦と他の親族（親，子供を含まない）から成る世帯": 14,
    "夫婦，子供と他の親族（親を含まない）から成る世帯": 15,
    "夫婦，親と他の親族（子供を含まない）から成る世帯": 16,
    "夫婦，子供，親と他の親族から成る世帯": 17, "兄弟姉妹のみから成る世帯": 6,
    "他に分類されない親族のみの世帯": 8, "非親族を含む世帯": 20, "単独世帯": 190,
}  # fmt: skip


@pytest.mark.parametrize(("name", "measure"), [("household_members", 1), ("household_counts", 0)])
def test_family_types_are_read_from_the_tree_of_the_time_series(name: str, measure: int):
    axes = [
        axis_of("tab", "表章項目", "一般世帯数", "一般世帯人員", "1世帯当たり人員", "世帯数割合"),
        axis_of("cat01", "世帯の家族類型16区分A_時系列", *FAMILY_TYPES),
        axis_of("area", "地域_時系列", Member("31000", "鳥取県", "2")),
        axis_of("time", "時間軸（調査年）", "2015年", "2020年"),
    ]
    entry = TABLES[name]
    registry = registry_of([rule.model_dump(by_alias=True) for rule in entry.axes], entry.columns)
    cells = {
        f"{tab}/{code}/31000/{time}": figure * (tab + 1) + (time == 0)
        for tab in range(4)
        for time in range(2)
        for code, figure in enumerate(FAMILY_TYPES.values())
    }
    times = measure + 1
    assert counts(table_of(axes, cells), registry) == {
        ("tottori", "total"): 1_000 * times, ("tottori", "couple_only"): 200 * times,
        ("tottori", "couple_with_children"): 400 * times,
        # Fathers and mothers.
        ("tottori", "single_parent"): 55 * times, ("tottori", "other_relatives"): 122 * times,
        ("tottori", "non_relatives"): 20 * times, ("tottori", "one_person"): 190 * times,
    }  # fmt: skip


AGES = {
    "総数": 30, "0～4歳": 1, "5～9歳": 2, "95～99歳": 3, "100歳以上": 4, "年齢「不詳」": 20,
    "（再掲）15歳未満": 3, "うち65歳以上": 7,
}  # fmt: skip
BY_AGE = registry_of([{"name": "年齢.*", "as": "age_group"}], ["age_group"])


def test_totals_are_checked_and_dropped_parts_are_skipped_and_unknown_is_a_level():
    table = table_of([axis_of("cat03", "年齢", *AGES)], list(AGES.values()))
    read = tidy(table, "made", BY_AGE)
    assert dict(read.frame.rows()) == {
        "0-4": 1, "5-9": 2, "95-99": 3, "100+": 4, "unknown": 20,
    }  # fmt: skip
    assert read.sums.rows() == [("age_group", 1, 30.0)]
    assert read.missing == 0


PLACES = [
    Member("00000", "全国", "1"),
    Member("13000", "東京都", "2", parent="00000"),
    Member("13100", "特別区部", "3", parent="13000"),
    Member("13101", "千代田区", "4", parent="13100"),
    Member("31000", "鳥取県", "2", parent="00000"),
]


def test_the_nation_is_checked_against_prefectures_and_municipalities_are_passed_over():
    table = table_of([axis_of("area", "地域", *PLACES)], [7, 5, 4, 1, 2])
    assert counts(table, BY_PLACE) == {"tokyo": 5, "tottori": 2}
    assert tidy(table, "made", BY_PLACE).sums.rows() == [("prefecture", 1, 7.0)]
    wrong = table_of([axis_of("area", "地域", *PLACES)], [9, 5, 4, 1, 2])
    with pytest.raises(
        DriftError, match=r"prefectures and nation of table 0001 differ in 1 sums.*7.*9 \(-2\)"
    ):
        tidy(wrong, "made", BY_PLACE)


def test_prefectures_come_in_the_order_of_their_codes():
    places = [Member("47000", "沖縄県"), Member("01000", "北海道"), Member("13000", "東京都")]
    table = table_of([axis_of("area", "地域", *places)], [3, 1, 2])
    assert list(counts(table, BY_PLACE)) == ["hokkaido", "tokyo", "okinawa"]


@pytest.mark.parametrize(("code", "name"), [("31000", "島根県"), ("48000", "樺太"), ("13000", "")])
def test_a_code_of_another_place_is_refused(code: str, name: str):
    axis = axis_of("area", "地域", *PLACES[:2], Member(code, name))
    axis = replace(axis, members=tuple({m.code: m for m in axis.members}.values()))
    with pytest.raises(DriftError, match=rf"no map of tables\.yaml knows: {code} '{name}'"):
        claim([axis], BY_PLACE.tables["made"].axes, "made")


PLACE_AND_SEX = registry_of([AREA, SEX], ["prefecture", "sex"])


def place_and_sex(cells: Mapping[str, object]) -> RawTable:
    axes = [
        axis_of("area", "地域", PLACES[0], PLACES[1], PLACES[4]),
        axis_of("cat01", "男女", "総数", "男", "女"),
    ]
    return table_of(axes, cells)


BOTH = {
    "00000/0": 14, "00000/1": 6, "00000/2": 8, "13000/0": 9, "13000/1": 4, "13000/2": 5,
    "31000/0": 5, "31000/1": 2, "31000/2": 3,
}  # fmt: skip


def test_sums_are_checked_on_every_axis():
    assert counts(place_and_sex(BOTH), PLACE_AND_SEX) == {
        ("tokyo", "female"): 5, ("tokyo", "male"): 4,
        ("tottori", "female"): 3, ("tottori", "male"): 2,
    }  # fmt: skip
    sums = tidy(place_and_sex(BOTH), "made", PLACE_AND_SEX).sums
    assert sums.rows() == [("prefecture", 3, 28.0), ("sex", 3, 28.0)]


@pytest.mark.parametrize("key", BOTH)
def test_one_more_person_in_any_cell_is_found(key: str):
    with pytest.raises(DriftError, match=r"differ in \d sums"):
        tidy(place_and_sex({**BOTH, key: BOTH[key] + 1}), "made", PLACE_AND_SEX)


ALL_PARTS = tuple(key for key in BOTH if not key.endswith("/0"))


@pytest.mark.parametrize(
    "gone", [("13000/1",), ("31000/1", "31000/2"), ("31000/1", "00000/2"), ALL_PARTS]
)
def test_a_cell_that_did_not_come_is_found(gone: tuple[str, ...]):
    # Also where a total has no part any more.
    left = {key: count for key, count in BOTH.items() if key not in gone}
    with pytest.raises(DriftError, match=r"differ in \d sums"):
        tidy(place_and_sex(left), "made", PLACE_AND_SEX)


def test_totals_need_not_be_published():
    left = {key: count for key, count in BOTH.items() if "0/0" not in key and "00000" not in key}
    read = tidy(place_and_sex(left), "made", PLACE_AND_SEX)
    assert read.frame["count"].sum() == 14
    assert read.sums.is_empty()


def test_sums_of_a_table_that_does_not_add_up_are_not_checked():
    registry = registry_of([AREA, SEX], ["prefecture", "sex"], adds_up=False)
    read = tidy(place_and_sex({**BOTH, "13000/1": 99}), "made", registry)
    assert read.frame["count"].sum() == 5 + 99 + 2 + 3
    assert read.sums.is_empty()


def test_a_missing_figure_is_refused_where_the_model_needs_the_table():
    with pytest.raises(DriftError, match=r"1 cells of table 0001 have no figure, .*'tokyo'.*male"):
        tidy(place_and_sex({**BOTH, "13000/1": "X"}), "made", PLACE_AND_SEX)


def test_a_dash_is_nobody_in_one_survey_and_missing_in_the_other():
    cells = {**BOTH, "31000/1": "-", "31000/0": 3, "00000/1": 4, "00000/0": 12}
    assert counts(place_and_sex(cells), PLACE_AND_SEX)["tottori", "male"] == 0
    ssds = registry_of([AREA, SEX], ["prefecture", "sex"], survey="ssds")
    with pytest.raises(DriftError, match=r"1 cells .* have no figure"):
        tidy(place_and_sex(cells), "made", ssds)


OPTIONAL = registry_of([AREA, SEX], ["prefecture", "sex"], optional=True)


def test_a_table_that_no_margin_needs_may_lack_figures():
    read = tidy(place_and_sex({**BOTH, "13000/1": "X", "31000/0": "***"}), "made", OPTIONAL)
    assert read.missing == 2
    assert read.frame.select("prefecture", "sex").rows() == [
        ("tokyo", "female"), ("tottori", "female"), ("tottori", "male"),
    ]  # fmt: skip
    # Only sums with all their parts are checked, and those are.
    assert read.sums.rows() == [("prefecture", 1, 8.0), ("sex", 1, 14.0)]
    with pytest.raises(DriftError, match=r"prefectures and nation .* differ in 1 sums"):
        tidy(place_and_sex({**BOTH, "13000/1": "X", "31000/2": 4}), "made", OPTIONAL)


def test_a_level_of_which_a_member_has_no_figure_has_none():
    registry = registry_of([STATUS], ["employment_status"], optional=True)
    cells = {**STATUSES, "役員": "X"}
    table = table_of([axis_of("cat02", "従業上の地位", *cells)], list(cells.values()))
    # Not 60: that would be the employees without the directors.
    assert counts(table, registry) == {"self_employed": 16, "family_worker": 8, "unknown": 6}


# ---- what is left of a whole --------------------------------------------------------------------


MARITAL = registry_of(
    [{"name": "配偶関係", "as": "marital"}, {"name": "年齢", "as": "age_group"}],
    ["age_group", "marital", "basis"],
    remainder={
        "axis": "age_group", "whole": "15+", "of": "marital",
        "into": {"married": "15-19", "widowed": "15-24"},
    },
)  # fmt: skip
MARRIED = {
    "1/0": 10, "1/1": 4, "1/2": 5, "1/3": 1, "2/0": 20, "2/2": 8, "2/3": 11,
    "3/0": 7, "3/3": 7, "4/0": 2, "4/1": 0, "4/2": 1, "4/3": 1,
}  # fmt: skip


def marital(cells: Mapping[str, int]) -> RawTable:
    axes = [
        axis_of("cat01", "配偶関係", "総数", "未婚", "有配偶", "死別", "離別"),
        axis_of("cat02", "年齢", "15歳以上", "15～19歳", "20～24歳", "25歳以上"),
    ]
    return table_of(axes, cells)


def test_cells_that_are_not_published_are_what_the_whole_leaves():
    assert counts(marital(MARRIED), MARITAL) == {
        ("15-19", "divorced", "published"): 0, ("15-19", "married", "subtracted"): 1,
        ("15-19", "never_married", "published"): 4, ("15-24", "widowed", "subtracted"): 0,
        ("20-24", "divorced", "published"): 1, ("20-24", "married", "published"): 8,
        ("20-24", "never_married", "published"): 5, ("25+", "divorced", "published"): 1,
        ("25+", "married", "published"): 11, ("25+", "never_married", "published"): 1,
        ("25+", "widowed", "published"): 7,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"2/3": 14}, r"leaves -2 of '15\+' for \{'marital': 'married'\}"),
        ({"3/3": 9}, r"leaves -2 of '15\+' for \{'marital': 'widowed'\}"),
        ({"1/0": 11}, r"leaves 1 of '15\+' for \{'marital': 'never_married'\}"),
        ({"4/0": 1}, r"leaves -1 of '15\+' for \{'marital': 'divorced'\}"),
    ],
)
def test_a_whole_that_leaves_too_little_or_too_much_is_refused(change, message: str):
    with pytest.raises(DriftError, match=message):
        tidy(marital({**MARRIED, **change}), "made", MARITAL)


def test_a_whole_without_any_part_is_left_as_a_whole():
    cells = {key: count for key, count in MARRIED.items() if key != "3/3"}
    assert counts(marital(cells), MARITAL)["15-24", "widowed", "subtracted"] == 7


# ---- any order ----------------------------------------------------------------------------------


ORDER = registry_of(
    [
        {"name": "表章事項", "only": "人口"},
        SEX,
        {"name": "在学.*卒業学校.*", "as": "education", "path": True},
        AREA,
        {"name": "時間軸.*", "as": "series", "others": "skip"},
    ],
    ["prefecture", "sex", "education", "series"],
)
ORDER_AXES = [
    axis_of("tab", "表章事項", "人口", "割合"),
    axis_of("cat01", "男女", "総数", "男", "女"),
    axis_of("cat02", "在学か否か・卒業学校", *SCHOOLS),
    axis_of("area", "地域", *PLACES),
    axis_of("time", "時間軸（調査年）", "2015年", "2020年", "2020年_不詳補完値"),
]


def in_all_axes() -> RawTable:
    """Return a table in which every figure is a product of one number per axis, so sums hold."""
    factors = [[1, 3], [3, 1, 2], SCHOOL_COUNTS, [7, 5, 4, 1, 2], [1, 10, 11]]
    counts = []
    for numbers in product(*factors):
        count = 1
        for number in numbers:
            count *= number
        counts.append(count)
    return table_of(ORDER_AXES, counts)


@pytest.fixture(scope="module")
def ordered() -> pl.DataFrame:
    return tidy(in_all_axes(), "made", ORDER).frame


def test_a_table_of_many_axes_has_the_figures_of_its_cells(ordered: pl.DataFrame):
    assert ordered.height == 2 * 2 * 5 * 2
    cell = ordered.filter(
        prefecture="tottori", sex="female", education="in_school", series="imputed"
    )
    assert cell["count"].item() == 2 * 2 * 33 * 11


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_axes_members_cells_and_roles_may_come_in_any_order(seed: int):
    rng = random.Random(seed)
    table = in_all_axes()
    axes = rng.sample(table.axes, len(table.axes))
    # Roles are given in the order of the axes, which another census has otherwise.
    roles = dict(zip([a.id for a in table.axes], rng.sample(range(9), len(axes)), strict=True))
    names = {axis_id: f"cat{number:02d}" for axis_id, number in roles.items()}
    shuffled = make_table(
        table.info,
        [Axis(names[a.id], a.name, tuple(rng.sample(a.members, len(a.members)))) for a in axes],
        [table.cells.sample(fraction=1, shuffle=True, seed=seed).rename(names)],
    )
    read = tidy(shuffled, "made", ORDER)
    expected = tidy(table, "made", ORDER)
    assert read.frame.equals(expected.frame)
    assert read.sums.equals(expected.sums)


# ---- tables that are not what was expected ------------------------------------------------------


SEX_AXIS = axis_of("cat01", "男女", "総数", "男", "女")


def refusal(registry: Registry, *axes: Axis) -> str:
    with pytest.raises(DriftError) as refused:
        claim(axes, registry.tables["made"].axes, "made", registry)
    return str(refused.value)


def test_an_axis_that_nobody_expects_is_named_with_its_size():
    message = refusal(BY_SEX, SEX_AXIS, axis_of("cat02", "国籍", "日本人", "外国人"))
    assert message == "census/made: axes that nobody expects: '国籍' of 2 members"


def test_two_axes_of_one_name_are_named():
    message = refusal(BY_SEX, SEX_AXIS, replace(SEX_AXIS, id="cat02", name="男女（配偶者）"))
    assert "more than one axis is named like '男女.*'" in message
    assert "'男女', '男女（配偶者）'" in message


def test_a_missing_axis_is_named_beside_those_that_came():
    message = refusal(BY_SEX, axis_of("cat01", "性別", "男", "女"))
    assert message == "census/made: no axis is named like '男女.*'; the table has '性別'"


def test_a_member_that_no_map_knows_is_named_with_its_code():
    axis = axis_of("cat01", "男女", "総数", "男", "女", "不詳")
    assert (
        "axis '男女' has members that no map of tables.yaml knows: 3 '不詳'; add each"
        in refusal(BY_SEX, axis)
    )
    many = axis_of("cat01", "男女", *(f"{n}番" for n in range(9)))
    assert "0 '0番', 1 '1番', 2 '2番', 3 '3番', 4 '4番' ...;" in refusal(BY_SEX, many)


def test_a_member_without_a_name_is_refused():
    table = table_of([axis_of("cat01", "男女", "総数", "男")], {"0": 9, "1": 4, "7": 5})
    with pytest.raises(DriftError, match=r"no map of tables\.yaml knows: 7 ''"):
        tidy(table, "made", BY_SEX)
    # Where others may be passed over, the sums still tell.
    skipping = registry_of([{**SEX, "others": "skip"}], ["sex"])
    with pytest.raises(DriftError, match=r"parts add up to 4, published is 9 \(-5\)"):
        tidy(table, "made", skipping)


@pytest.mark.parametrize(
    ("members", "count"), [(("2015年", "2010年"), 0), (("2020年", "２０２０年"), 2)]
)
def test_one_member_that_is_kept_must_be_one(members: tuple[str, ...], count: int):
    registry = registry_of([SEX, {"name": "時間軸", "only": "2020年"}], ["sex"])
    message = refusal(registry, SEX_AXIS, axis_of("time", "時間軸", *members))
    assert f"axis '時間軸' has {count} members like '2020年'; it has" in message


def test_an_axis_of_which_nothing_is_used_is_refused():
    message = refusal(BY_AGE, axis_of("cat03", "年齢", "（再掲）15歳未満", "（再掲）65歳以上"))
    assert "axis '年齢' has 0 members like 'age_group'" in message


def test_a_label_that_only_half_fits_a_pattern_is_no_member():
    rule = {
        "name": "事項", "pattern": "(?P<age_group>.+)／(?P<sex>.+)",
        "maps": {"age_group": "age_group", "sex": "sex"},
    }  # fmt: skip
    registry = registry_of([rule], ["age_group", "sex"])
    axis = axis_of(
        "cat01", "事項", "0～4歳／男", "（再掲）15歳未満／男", "0～4歳／女", "0～4歳／計"
    )
    assert "3 '0～4歳／計'" in refusal(registry, axis)
    skipping = registry_of([{**rule, "others": "skip"}], ["age_group", "sex"])
    table = table_of([axis], [1, 2, 3, 4])
    assert counts(table, skipping) == {("0-4", "female"): 3, ("0-4", "male"): 1}


def test_another_number_of_rows_names_the_level_that_lacks_some():
    registry = registry_of([AREA, SEX], ["prefecture", "sex"], rows=4)
    left = {k: v for k, v in BOTH.items() if "0/0" not in k and "00000" not in k}
    del left["31000/1"]
    with pytest.raises(
        DriftError,
        match=r"3 cells .* expected are 4 \(levels found: prefecture 2; sex 2; prefecture "
        r"'tottori' has only 1\)",
    ):
        tidy(place_and_sex(left), "made", registry)


def test_a_published_total_must_hold():
    registry = registry_of(
        [AREA, SEX], ["prefecture", "sex"], totals=[{"where": {"sex": "male"}, "equals": 7}]
    )
    with pytest.raises(TableError, match=r"census/made \(table 0001\): sex=male add up to 6"):
        tidy(place_and_sex(BOTH), "made", registry)


def test_a_selection_leaves_out_what_is_wanted_whole():
    chosen = selection(ORDER_AXES, ORDER.tables["made"], "made", ORDER)
    # A path needs every step, so the schools come whole.
    assert chosen == {
        "tab": ["0"], "area": ["00000", "13000", "31000"], "time": ["1", "2"],
    }  # fmt: skip


# ---- the file -----------------------------------------------------------------------------------


def rewritten(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Write the project's registry with one change."""
    content = yaml.load(REGISTRY_PATH.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    # Tables share their axes in the file; a change is meant for one.
    content = json.loads(json.dumps(content))
    change(content)
    path = folder / "tables.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def test_a_registry_is_read_with_its_own_maps(tmp_path: Path):
    def change(content: dict[str, Any]) -> None:
        content["maps"]["sex"] = [["Both", "TOTAL"], ["M", "male"], ["F", "female"]]
        entry = content["tables"]["employment_status"]
        entry |= {"axes": [{"name": "Sex", "as": "sex"}], "columns": ["sex"], "totals": []}
        del entry["rows"]

    registry = load_registry(rewritten(tmp_path, change))
    table = table_of([axis_of("cat01", "Sex", "Both", "M", "F")], [9, 4, 5])
    read = tidy(table, "employment_status", registry)
    assert read.frame.rows() == [("female", 5.0), ("male", 4.0)]


CONTRADICTIONS: Mapping[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "an unknown survey": (
        lambda c: c["tables"]["education"].update(survey="census2025"),
        "table 'education' names the unknown survey 'census2025'",
    ),
    "an unknown map": (
        lambda c: c["tables"]["education"]["axes"][1].update(map="gender"),
        "table 'education' names the unknown map 'gender'",
    ),
    "an unknown map of a book": (
        lambda c: c["tables"]["industry_imputed"]["books"][0]["axes"][0].update(map="places"),
        "table 'industry_imputed' names the unknown map 'places'",
    ),
    "an unknown column": (
        lambda c: c["tables"]["education"]["axes"][1].update({"as": "gender", "map": "sex"}),
        "table 'education' has no column 'gender'",
    ),
    "a column without an axis": (
        lambda c: c["tables"]["education"]["axes"].pop(1),
        r"table 'education' has no axis for \['sex'\]",
    ),
    "two kinds in one rule": (
        lambda c: c["tables"]["education"]["axes"][1].update(only="男"),
        r"tables\.education\.axes\.1\n.*'男女\.\*' needs exactly one of only, as, pattern",
    ),
    "no kind in a rule": (
        lambda c: c["tables"]["education"]["axes"][1].pop("as"),
        r"tables\.education\.axes\.1\n.*needs exactly one of only, as, pattern",
    ),
    "groups without a map": (
        lambda c: c["tables"]["marital_status"]["axes"][1]["maps"].pop("sex"),
        r"tables\.marital_status\.axes\.1\n.*groups of the pattern and maps differ",
    ),
    "a pattern of an axis": (
        lambda c: c["tables"]["education"]["axes"][1].update(name="男女("),
        r"tables\.education\.axes\.1\.name\n.*'男女\(' is no pattern: missing \)",
    ),
    "a pattern of a map": (
        lambda c: c["maps"]["sex"][1].__setitem__(0, "*男"),
        r"maps\.sex\.1\.0\n.*'\*男' is no pattern: nothing to repeat",
    ),
    "neither an id nor a way to find it": (
        lambda c: c["tables"]["education"].update(id=None),
        r"tables\.education\n.*needs either an id or a way to find it",
    ),
    "an id and a way to find it": (
        lambda c: c["tables"]["enrolment"].update(id="0003450543"),
        r"tables\.enrolment\n.*needs either an id or a way to find it",
    ),
    "a field that nobody knows": (
        lambda c: c["tables"]["education"].update(universes="all"),
        r"tables\.education\.universes\n.*not permitted",
    ),
    "a field that is not there": (
        lambda c: c["tables"]["education"].pop("universe"),
        r"tables\.education\.universe\n.*required",
    ),
}


@pytest.mark.parametrize("contradiction", CONTRADICTIONS)
def test_a_registry_that_contradicts_itself_says_where(contradiction: str, tmp_path: Path):
    change, message = CONTRADICTIONS[contradiction]
    path = rewritten(tmp_path, change)
    with pytest.raises(TableError, match=message) as refused:
        load_registry(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("text", ["", "tables: [", "- a\n- b\n"])
def test_a_file_that_is_no_registry_is_named(text: str, tmp_path: Path):
    path = tmp_path / "tables.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=r"tables\.yaml: "):
        load_registry(path)
