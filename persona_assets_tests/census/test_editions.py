"""The conformance server's tables: named as recorded ones are, and filled with what ships."""

import json
import re
from collections import Counter
from collections.abc import Mapping

import polars as pl
import pytest

from persona_assets.census import wire
from persona_assets.census.downloads import read_download
from persona_assets.census.editions import (
    CENSUS_MARKS,
    EMPLOYMENT_STATUS_ID,
    ENROLMENT_ID,
    NATION,
    SSDS_MARKS,
    collect_areas,
    shipped_tables,
)
from persona_assets.census.raw import Axis, Member, RawTable, TableInfo
from persona_assets.storage.paths import reference_dir
from persona_assets_tests.census.test_recorded import LISTS, RECORDED, population, recorded

# What each table is filled with.
FILLED = {
    "0003445162": ["population_by_age"],
    "0003448301": ["population_imputed"],
    "0000010101": [
        "population_single_years", "marital_status", "household_kinds", "living_alone",
    ],
    "0000010106": ["employed_by_age", "labour_detail", "employment_detail"],
    "0003412176": ["labour_status"],
    "0003450543": ["education"],
    ENROLMENT_ID: ["enrolment"],
    EMPLOYMENT_STATUS_ID: ["employment_status"],
    "0003410411": ["occupation", "occupation_imputed"],
    "0003410398": ["industry", "industry_imputed"],
    "0003414255": ["household_members", "household_counts"],
}  # fmt: skip
SSDS = ("0000010101", "0000010106")
# The tables of the census of 2020 itself, which share their layout with 0003445078.
OF_2020 = ("0003445162", "0003450543", ENROLMENT_ID, EMPLOYMENT_STATUS_ID)
# A series that has the nation too, as people who fetched it describe it.
FAMILY_TYPES = "0003414255"
SERIES = ("0003448301", "0003412176", "0003410411", "0003410398")


@pytest.fixture(scope="module")
def made() -> dict[str, RawTable]:
    return shipped_tables(reference_dir())


def meta(table_id: str) -> tuple[TableInfo, tuple[Axis, ...]]:
    return wire.parse_meta(recorded(f"getMetaInfo_{table_id}.json.gz"))


def texts(table: RawTable, **codes: str) -> pl.DataFrame:
    """Return the cells with these codes, as text, in the order of the codes."""
    names = [axis.id for axis in table.axes]
    cells = table.cells.select(pl.col(names).cast(pl.String), "text", "unit")
    return cells.filter(*(pl.col(name) == code for name, code in codes.items())).sort(names)


def without_levels(axis: Axis) -> Axis:
    """Return an axis as a download of e-Stat has it: codes and names only."""
    return Axis(axis.id, axis.name, tuple(Member(m.code, m.name) for m in axis.members))


def test_every_table_that_can_be_filled_is_made(made: Mapping[str, RawTable]):
    assert set(made) == set(FILLED)
    assert {*OF_2020, *SERIES, *SSDS, FAMILY_TYPES} == set(FILLED)
    for table_id, table in made.items():
        assert table.info.id == table_id
        assert table.info.cells == table.cells.height


@pytest.mark.parametrize("table_id", SSDS)
def test_items_of_the_ssds_are_recorded_ones(table_id: str, made: Mapping[str, RawTable]):
    info, axes = meta(table_id)
    table = made[table_id]
    assert [(axis.id, axis.name) for axis in table.axes] == [(a.id, a.name) for a in axes]
    for own, real in zip(table.axes, axes, strict=True):
        # Code, label, level, unit and parent.
        assert set(own.members) <= set(real.members), own.id
    assert [table.axis("tab"), table.axis("area")] == [axes[0], axes[2]]
    # Households have their own unit, in the axis and beside each figure.
    units = {member.code: member.unit for member in table.axis("cat01").members}
    households = {code for code, unit in units.items() if unit != "人"}
    assert {units[code] for code in households} <= {"世帯"}
    assert households == ({"A810105", "A8301"} if table_id == "0000010101" else set())
    assert dict(table.cells.select(pl.col("cat01").cast(pl.String), "unit").iter_rows()) == units
    same = ("title", "number", "statistics", "survey_code", "survey", "survey_date")
    assert {n: getattr(table.info, n) for n in same} == {n: getattr(info, n) for n in same}


def test_marks_are_declared_as_recorded(made: Mapping[str, RawTable]):
    found = json.loads(recorded("getStatsData_0003445078_DATA_INF.json.gz"))
    marks = wire.parse_marks(found["NOTE"])
    assert marks == CENSUS_MARKS
    assert population("0000010101").marks == SSDS_MARKS
    for table_id, table in made.items():
        assert table.marks == (SSDS_MARKS if table_id in SSDS else CENSUS_MARKS)


def test_populations_of_2020_are_those_that_were_answered(made: Mapping[str, RawTable]):
    own = texts(made["0000010101"], cat01="A1101", time="2020100000")
    real = texts(population("0000010101"), time="2020100000")
    assert own.height == 48
    assert own.equals(real)


def test_the_labour_table_is_the_recorded_one_cell_by_cell(made: Mapping[str, RawTable]):
    (real,) = read_download(RECORDED / "census_labor_0003412176_long.csv.gz")
    own = made["0003412176"]
    assert [(axis.id, axis.name) for axis in own.axes] == [(a.id, a.name) for a in real.axes]
    for axis_id in ("cat01", "cat02", "area"):
        assert without_levels(own.axis(axis_id)) == without_levels(real.axis(axis_id))
    for axis_id in ("tab", "time"):
        mine, its = (without_levels(table.axis(axis_id)).members for table in (own, real))
        assert set(mine) <= set(its)
    dates = own.axis("time").codes
    assert dates == [code for code in real.axis("time").codes if code.startswith("2020")]
    recorded_cells = texts(real, tab="320").filter(pl.col("time").is_in(dates))
    assert texts(own).equals(recorded_cells)
    assert own.cells.height == 2 * 47 * 3 * 5


def test_titles_are_those_that_e_stat_lists(made: Mapping[str, RawTable]):
    listed = {
        info.id: info for path in LISTS for info in wire.parse_list(recorded(path.name)).tables
    }
    known = set(listed) & set(made)
    assert known == {"0003448301", "0003412176"}
    for table_id in known:
        own, real = made[table_id].info, listed[table_id]
        for name in ("title", "number", "statistics", "survey_code", "survey", "survey_date"):
            assert getattr(own, name) == getattr(real, name), name
        assert collect_areas(made)[table_id] == [real.collect_area]


@pytest.mark.parametrize("table_id", OF_2020)
def test_tables_of_2020_have_the_recorded_layout(table_id: str, made: Mapping[str, RawTable]):
    _, (tab, sex, area, time) = meta("0003445078")
    own = made[table_id]
    assert own.axes[0].id == "tab"
    assert [axis.id for axis in own.axes[-2:]] == ["area", "time"]
    assert own.axis("time") == time
    (own_sex,) = [axis for axis in own.axes if axis.name == sex.name]
    assert own_sex.members == sex.members
    # Code, name, level and parent of the nation and of the recorded prefectures.
    places = {member for member in area.members if member.level in ("1", "2")}
    assert len(places) > 5
    assert places <= set(own.axis("area").members)
    assert len(own.axis("area").members) == 48
    assert own.axis("area").name.startswith("全国，都道府県")
    assert own.axis("tab").name == tab.name
    assert {(m.level, m.unit, m.parent) for m in own.axis("tab").members} == {("", "人", None)}
    if own.axis("tab").members[0].name == "人口":
        assert own.axis("tab").members == tab.members


def test_family_types_stand_in_the_described_tree(made: Mapping[str, RawTable]):
    """Codes and labels as people who fetched the series describe it, but for 男親 and 女親."""
    table = made[FAMILY_TYPES]
    assert {(m.code, m.name, m.unit) for m in table.axis("tab").members} == {
        ("6", "一般世帯数", "世帯"), ("7", "一般世帯人員", "人"),
    }  # fmt: skip
    by_tab = table.cells.select(pl.col("tab").cast(pl.String), "unit").unique()
    assert dict(by_tab.iter_rows()) == {"6": "世帯", "7": "人"}
    types = table.axis("cat01")
    assert (types.name, types.codes[0]) == ("世帯の家族類型16区分A_時系列", "100")
    nation = {
        (tab, code): int(text)
        for tab, code, text in texts(table, area=NATION).select("tab", "cat01", "text").iter_rows()
    }
    # 親族のみの世帯 and 核家族世帯 are sums of what ships, and equal to the published figures.
    assert (nation["7", "110"], nation["7", "120"]) == (100_310_243, 84_632_638)
    assert (nation["6", "110"], nation["6", "120"]) == (33_889_589, 30_110_571)


def test_nationality_is_labelled_as_in_a_recorded_download(made: Mapping[str, RawTable]):
    (real,) = read_download(RECORDED / "FEH_00200521_260127162349.csv.gz")
    assert without_levels(made["0003445162"].axis("cat01")) == without_levels(real.axis("cat01"))
    assert made["0003445162"].axis("cat01").name == real.axis("cat01").name == "国籍総数か日本人"


def test_populations_by_sex_are_those_that_were_answered(made: Mapping[str, RawTable]):
    _, axes = meta("0003445078")
    found = json.loads(recorded("getStatsData_0003445078_DATA_INF.json.gz"))
    real = wire.parse_values(json.dumps(found["VALUE"]).encode(), axes)
    own = texts(made["0003445162"], cat03="00")
    both = real.join(
        own, left_on=["cat01", "area"], right_on=["cat02", "area"], how="inner",
        maintain_order="left",
    )  # fmt: skip
    places = {m.code for m in axes[2].members if m.level in ("1", "2")}
    assert set(both["area"]) == places
    assert both.height == 3 * len(places)
    assert both["text"].to_list() == both["text_right"].to_list()
    assert both["unit"].to_list() == both["unit_right"].to_list()


def test_single_years_are_those_of_a_recorded_download(made: Mapping[str, RawTable]):
    (real,) = read_download(RECORDED / "FEH_00200521_260127162349.csv.gz")
    ages = {m.code: m.name for m in real.axis("cat03").members}
    expected = {
        (area, ages[age]): int(text)
        for area, age, text in texts(real).select("area", "cat03", "text").iter_rows()
    }
    items = {m.code: m.name for m in made["0000010101"].axis("cat01").members}
    found: Counter[tuple[str, str]] = Counter()
    for area, item, text in texts(made["0000010101"]).select("area", "cat01", "text").iter_rows():
        label = items[item].partition("_")[2]
        if label.endswith(("歳人口（男）", "歳人口（女）")) and "～" not in label:
            found[area, label.partition("人口")[0]] += int(text)
    shared = found.keys() & expected.keys()
    # The nation and 47 prefectures, 0 to 14; the download adds the wards of Tokyo.
    assert len(shared) == 48 * 15
    assert {key: found[key] for key in shared} == {key: expected[key] for key in shared}


@pytest.mark.parametrize("table_id", FILLED)
def test_every_figure_that_ships_is_in_its_table(
    table_id: str, made: Mapping[str, RawTable], tables: Mapping[str, pl.DataFrame]
):
    table = made[table_id]
    names = {member.code: member.name for member in table.axis("area").members}
    in_cells: dict[str, Counter[float]] = {}
    for area, text in texts(table).select("area", "text").iter_rows():
        figure = 0.0 if text == "-" else float(text)
        in_cells.setdefault(names[area], Counter())[figure] += 1
    places = dict(
        pl.read_csv(reference_dir() / "geography" / "prefectures.csv", infer_schema=False)
        .select("key", "name")
        .iter_rows()
    )
    shipped: dict[str, Counter[float]] = {}
    for name in FILLED[table_id]:
        frame = tables[name]
        if "basis" in frame.columns:
            # What was subtracted is not published.
            frame = frame.filter(pl.col("basis") == "published")
        for key, count in frame.select("prefecture", "count").iter_rows():
            shipped.setdefault(places[key], Counter())[count] += 1
    assert len(shipped) == 47
    for place, figures in shipped.items():
        assert not figures - in_cells[place], place


@pytest.mark.parametrize(
    ("table_id", "wholes"),
    [
        ("0003445162", "総数|（再掲）.*"),
        ("0003448301", "総数"),
        ("0003450543", "総数|卒業者"),
        (ENROLMENT_ID, "総数|在学者"),
        (EMPLOYMENT_STATUS_ID, "総数"),
        ("0003410411", "総数"),
        ("0003410398", "総数"),
    ],
)
def test_parts_of_a_table_are_what_ships_in_all(
    table_id: str, wholes: str, made: Mapping[str, RawTable], tables: Mapping[str, pl.DataFrame]
):
    table = made[table_id]
    cells = texts(table).filter(pl.col("area") != NATION)
    for axis in table.axes:
        if axis.id.startswith("cat") and len(axis.members) > 1:
            parts = [m.code for m in axis.members if not re.fullmatch(wholes, m.name)]
            cells = cells.filter(pl.col(axis.id).is_in(parts))
    figures = cells["text"].replace("-", "0").cast(pl.Float64)
    # The imputed series of workers has no sexes, so only the published one is left.
    assert figures.sum() == tables[FILLED[table_id][0]]["count"].sum()


@pytest.mark.parametrize("table_id", FILLED)
def test_national_figures_are_sums_of_prefectures(table_id: str, made: Mapping[str, RawTable]):
    table = made[table_id]
    cells = texts(table).with_columns(pl.col("text").replace("-", "0").cast(pl.Int64))
    others = [axis.id for axis in table.axes if axis.id != "area"]
    nation = cells.filter(pl.col("area") == NATION)
    if table_id in SERIES:
        # As recorded: these series are tables of prefectures.
        assert NATION not in table.axis("area").codes
        return
    summed = (
        cells.filter(pl.col("area") != NATION)
        .group_by(others, maintain_order=True)
        .agg(pl.col("text").sum(), pl.len())
    )
    both = nation.join(summed, on=others, how="full", coalesce=True, maintain_order="left")
    assert both.height == nation.height == summed.height
    assert both["text"].equals(both["text_right"].alias("text"))
    assert set(summed["len"]) == {47}


@pytest.mark.parametrize("table_id", FILLED)
def test_no_table_has_a_cell_twice_or_a_code_without_a_name(
    table_id: str, made: Mapping[str, RawTable]
):
    table = made[table_id]
    names = [axis.id for axis in table.axes]
    assert table.cells.select(names).is_unique().all()
    assert table.cells.null_count().select(*names, "text", "unit").row(0) == (0,) * (len(names) + 2)
    for axis in table.axes:
        assert all(member.name for member in axis.members)
        assert set(axis.codes) == set(table.cells[axis.id].cast(pl.String))


def test_nobody_is_a_dash_in_the_census_and_a_zero_in_the_other_survey(
    made: Mapping[str, RawTable], tables: Mapping[str, pl.DataFrame]
):
    for table_id, table in made.items():
        assert ("-" if table_id in SSDS else "0") not in set(table.cells["text"])
    nobody = tables["education"].filter(pl.col("count") == 0).height
    assert nobody > 0
    by_sex = texts(made["0003450543"]).filter(pl.col("cat01") != "0")
    assert (by_sex["text"] == "-").sum() == nobody
