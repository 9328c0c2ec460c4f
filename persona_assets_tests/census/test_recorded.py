"""Answers that e-Stat really gave parse without special cases, and hold the figures that it has."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from persona_assets.census import wire
from persona_assets.census.raw import Axis, Member, RawTable, figures, make_table

RECORDED = Path(__file__).with_name("recorded")
METAS = sorted(RECORDED.glob("getMetaInfo_*.json.gz"))
LISTS = sorted(RECORDED.glob("getStatsList_*.json.gz"))
EXCERPTS = sorted(RECORDED.glob("getStatsData_*_DATA_INF*.json.gz"))
POPULATIONS = {"0000010101": 2_400, "0000020201": 17_188}
NAMES = sorted(path.name for path in RECORDED.glob("*.json.gz"))


def recorded(name: str) -> bytes:
    return gzip.decompress((RECORDED / name).read_bytes())


def population(table_id: str) -> RawTable:
    page = wire.parse_stats_data(recorded(f"getStatsData_{table_id}_A1101.json.gz"))
    assert page.axes is not None
    return make_table(page.info, page.axes, [page.cells], page.marks)


def figure(table: RawTable, **codes: str) -> float | None:
    cells = figures(table, dash_is_zero=False).with_columns(pl.col(list(codes)).cast(pl.String))
    return cells.filter(*(pl.col(axis) == code for axis, code in codes.items()))["value"].item()


def test_every_answer_is_read_by_one_of_these_tests():
    tested = {path.name for path in [*METAS, *LISTS, *EXCERPTS]}
    tested |= {f"getStatsData_{table_id}_A1101.json.gz" for table_id in POPULATIONS}
    assert set(NAMES) == tested | {"error_responses_seen.json.gz"}


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_holds_an_application_id(name: str):
    assert b"appid" not in recorded(name).lower().replace(b"_", b"")


@pytest.mark.parametrize("path", METAS, ids=lambda path: path.name)
def test_classes_are_complete(path: Path):
    info, axes = wire.parse_meta(recorded(path.name))
    assert info.id in path.name
    assert info.title
    assert info.survey_code.startswith("00")
    assert info.cells is not None
    assert info.cells > 0
    assert "area" in [axis.id for axis in axes]
    for axis in axes:
        assert axis.name
        assert len(set(axis.codes)) == len(axis.codes) > 0
        assert all(member.name for member in axis.members)


def test_the_census_table_of_sexes():
    info, axes = wire.parse_meta(recorded("getMetaInfo_0003445078.json.gz"))
    assert (info.number, info.survey, info.survey_date) == ("1-1-1", "国勢調査", "202010")
    assert (info.open_date, info.updated_date, info.cells) == ("2021-11-30", "2026-09-29", 12258)
    assert [axis.id for axis in axes] == ["tab", "cat01", "area", "time"]
    assert axes[0].members == (Member("2020_01", "人口", "", "人"),)
    assert [member.name for member in axes[1].members] == ["総数", "男", "女"]
    assert axes[2].members[1] == Member("01000", "北海道", "2", parent="00000")
    assert axes == wire.parse_meta(recorded("getMetaInfo_0003445078_census2020.json.gz"))[1]


@pytest.mark.parametrize(
    ("table_id", "axis_id", "members"),
    [
        ("0000010101", "cat01", 576),
        ("0000010106", "cat01", 530),
        ("0000020201", "area", 1913),
        ("0003448100", "cat01", 1779),
        ("0003448099", "cat02", 1),
        ("0003457313", "cat05", 26),
        ("0003457886", "tab", 2),
    ],
)
def test_axes_have_the_members_that_were_counted(table_id: str, axis_id: str, members: int):
    _, axes = wire.parse_meta(recorded(f"getMetaInfo_{table_id}.json.gz"))
    assert len(next(axis for axis in axes if axis.id == axis_id).members) == members


def test_members_may_name_parents_that_the_table_does_not_have():
    _, axes = wire.parse_meta(recorded("getMetaInfo_0003448099.json.gz"))
    area = _axis(axes, "area")
    assert area.members[0] == Member("00215", "全国【平成27(2015)年】", "1")
    assert {member.parent for member in area.members} == {None, "00000"}
    assert "00000" not in area.codes


def test_a_list_has_each_table_once():
    listing = wire.parse_list(recorded("getStatsList_00200521_first16.json.gz"))
    assert (listing.number, listing.next_key) == (55, 41)
    ids = [table.id for table in listing.tables]
    assert len(ids) == len(set(ids)) == 11
    dates = {table.id: table.survey_date for table in listing.tables}
    assert (dates["0003445078"], dates["0003412176"]) == ("202010", "202001-202012")
    short = wire.parse_list(recorded("getStatsList_census2020_excerpt.json.gz"))
    assert [table.id for table in short.tables] == ["0003433219", "0003410381"]


@pytest.mark.parametrize("path", EXCERPTS, ids=lambda path: path.name)
def test_cells_without_their_envelope(path: Path):
    _, axes = wire.parse_meta(recorded("getMetaInfo_0003445078.json.gz"))
    found = json.loads(recorded(path.name))
    marks = wire.parse_marks(found["NOTE"])
    assert marks == {"***": "当該数値がないもの", "-": "当該数値がないもの"}
    values = json.dumps(found["VALUE"]).encode()
    assert set(wire.parse_values(values).columns) == {
        "tab", "cat01", "area", "time", "text", "unit", "annotation"
    }  # fmt: skip
    info = wire.parse_meta(recorded("getMetaInfo_0003445078.json.gz"))[0]
    table = make_table(info, axes, [wire.parse_values(values, axes)], marks)
    assert table.cells.height == len(found["VALUE"])
    assert figure(table, cat01="0", area="00000") == 126_146_099
    assert figure(table, cat01="1", area="00000") == 61_349_581
    assert figure(table, cat01="2", area="00000") == 64_796_518
    assert figure(table, cat01="0", area="13000") == 14_047_594
    assert set(table.cells["unit"]) == {"人"}


@pytest.mark.parametrize(("table_id", "cells"), POPULATIONS.items())
def test_an_answer_with_its_classes_is_a_table(table_id: str, cells: int):
    table = population(table_id)
    info, axes = wire.parse_meta(recorded(f"getMetaInfo_{table_id}.json.gz"))
    assert table.cells.height == cells
    assert table.info.title == info.title == "Ａ　人口・世帯"
    assert set(table.marks) == {"***", "-", "X"}
    # The answer was narrowed to one item, which is then an object instead of a list.
    assert table.axis("cat01").members == (Member("A1101", "A1101_総人口", "1", "人"),)
    assert set(table.axis("cat01").codes) < set(_axis(axes, "cat01").codes)
    assert table.axis("area") == _axis(axes, "area")
    assert set(table.cells["unit"]) == {"人"}


def test_populations_of_prefectures_by_year():
    table = population("0000010101")
    assert figure(table, area="00000", time="1975100000") == 111_939_643
    assert figure(table, area="00000", time="2020100000") == 126_146_099
    assert figure(table, area="13000", time="2020100000") == 14_047_594
    assert figure(table, area="47000", time="2024100000") == 1_466_000
    counts = figures(table, dash_is_zero=False).filter(pl.col("time") == "2020100000")
    prefectures = counts.filter(pl.col("area") != "00000")
    assert prefectures.height == 47
    assert prefectures["value"].sum() == 126_146_099


def test_populations_of_municipalities_and_what_is_not_available():
    table = population("0000020201")
    assert figure(table, area="01100", time="2020100000") == 1_973_395
    assert figure(table, area="13101", time="2020100000") == 66_680
    # Nobody lived in 双葉町, which is a figure; the wards of 仙台市 did not exist in 1980.
    assert figure(table, area="07546", time="2020100000") == 0
    assert figure(table, area="04101", time="1980100000") is None
    notes = figures(table, dash_is_zero=False)["value_note"].drop_nulls()
    assert set(notes) == {"-"}


def _axis(axes: tuple[Axis, ...], axis_id: str) -> Axis:
    return next(axis for axis in axes if axis.id == axis_id)


def test_errors_and_no_data():
    refused, empty, unknown, bare = json.loads(recorded("error_responses_seen.json.gz"))
    with pytest.raises(wire.StatusError, match="認証に失敗しました") as error:
        wire.parse_list(json.dumps(refused).encode())
    assert (error.value.status, error.value.can_heal) == (100, False)
    with pytest.raises(wire.StatusError, match=r"statsDataId=\[0000000000\]") as error:
        wire.parse_meta(json.dumps(unknown).encode())
    assert (error.value.status, error.value.can_heal) == (300, False)
    for nothing in (empty, bare):
        assert wire.parse_list(json.dumps(nothing).encode()) == wire.Listing(0, (), None)
