"""The same table through different doors is the same; what is no download says so."""

import csv
import gzip
import io
import json
import random
import re
import zipfile
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_assets.census import downloads, raw, render, wire
from persona_assets.census.downloads import DownloadError, read_download
from persona_assets.census.raw import Axis, Member, RawTable, TableInfo, make_table
from persona_assets.partitions import prefectures

RECORDED = Path(__file__).with_name("recorded")
SEXES = RECORDED / "FEH_00200521_220610143730.csv.gz"
AGES = RECORDED / "FEH_00200521_260127162349.csv.gz"
LABOUR = RECORDED / "census_labor_0003412176_long.csv.gz"
BOOK = RECORDED / "major_results_2020.xlsx"
PLACES = {f"{place.code}000": key for key, place in prefectures().items()}
SEX = {"男": "male", "女": "female"}


@pytest.fixture(scope="module")
def sexes() -> RawTable:
    return read_download(SEXES)[0]


@pytest.fixture(scope="module")
def labour() -> RawTable:
    return read_download(LABOUR, table_id="0003412176")[0]


@pytest.fixture(scope="module")
def sheets() -> tuple[RawTable, ...]:
    return read_download(BOOK, table_id="000032143614")


def long_frame(table: RawTable, *, dash_is_zero: bool = True) -> pl.DataFrame:
    """Return the figures with the axes' names as columns, in one order of rows and columns."""
    names = {axis.id: axis.name for axis in table.axes}
    frame = raw.figures(table, dash_is_zero=dash_is_zero).select(
        pl.lit(table.info.id).alias("table_id"),
        *(pl.col(axis_id).cast(pl.String).alias(names[axis_id]) for axis_id in names),
        "value",
        "value_note",
    )
    axes = sorted(names.values())
    return frame.select("table_id", *axes, "value", "value_note").sort(axes)


def content(table: RawTable) -> pl.DataFrame:
    """Return each cell's codes, labels and text, in one order of rows and columns."""
    frame = table.cells.select(pl.col(axis.id).cast(pl.String) for axis in table.axes)
    columns = {"text": table.cells["text"]}
    for axis in table.axes:
        labels = {member.code: member.name for member in axis.members}
        columns[f"{axis.name} code"] = frame[axis.id]
        columns[f"{axis.name} label"] = frame[axis.id].replace_strict(labels)
    return pl.DataFrame(columns).select(sorted(columns)).sort(sorted(columns))


def labelled(table: RawTable, axis_id: str) -> pl.Expr:
    labels = {member.code: member.name for member in table.axis(axis_id).members}
    return pl.col(axis_id).cast(pl.String).replace_strict(labels)


# ---- the real files, against each other and against what ships ----------------------------------


def test_cross_tab_and_answer_have_the_same_figures(sexes: RawTable):
    info, axes = wire.parse_meta(
        gzip.decompress((RECORDED / "getMetaInfo_0003445078.json.gz").read_bytes())
    )
    answer = gzip.decompress((RECORDED / "getStatsData_0003445078_DATA_INF.json.gz").read_bytes())
    values = json.dumps(json.loads(answer)["VALUE"]).encode()
    table = make_table(info, axes, [wire.parse_values(values, axes)])

    def by_label(one: RawTable) -> pl.DataFrame:
        return one.cells.select(
            pl.col("area").cast(pl.String), labelled(one, "cat01").alias("sex"), "text"
        ).sort("area", "sex")

    common = by_label(sexes).filter(pl.col("area").is_in(table.axis("area").codes))
    assert common.height == 14 * 3
    assert common.equals(by_label(table))
    names = {m.code: m.name for m in sexes.axis("area").members}
    assert all(names[member.code] == member.name for member in table.axis("area").members)


def test_the_simplest_cross_tab_has_labels_for_codes(sexes: RawTable):
    assert [(axis.id, axis.name) for axis in sexes.axes] == [
        ("area", "全国，都道府県，市区町村"),
        ("cat01", ""),
    ]
    assert sexes.axis("cat01").members == (
        Member("総数", "総数"), Member("男", "男"), Member("女", "女")
    )  # fmt: skip
    assert sexes.axis("area").members[:3] == (
        Member("00000", "全国", "1"), Member("01000", "北海道", "2"), Member("01100", "札幌市"),
    )  # fmt: skip
    # The API counts 12,258 cells: this file lacks its last area.
    assert sexes.cells.height == 12_255
    nobody = sexes.cells.filter(pl.col("area").cast(pl.String) == "07546")
    assert nobody["text"].to_list() == ["-", "-", "-"]


def test_cross_tab_and_book_have_the_same_figures(sexes: RawTable, sheets: tuple[RawTable, ...]):
    columns = {"E": "総数", "F": "男", "G": "女"}
    book = sheets[0].cells.select(
        pl.col("area").cast(pl.String),
        pl.col("cat01").cast(pl.String).replace_strict(columns, default=None).alias("sex"),
        "text",
    ).drop_nulls("sex")  # fmt: skip
    cross = sexes.cells.select(
        pl.col("area").cast(pl.String), labelled(sexes, "cat01").alias("sex"), "text"
    )
    both = book.join(cross, on=["area", "sex"], how="inner", suffix="_cross")
    assert both.height == 1_964 * 3
    # Marks too: 双葉町 has '-' in both.
    assert both.filter(pl.col("text") != pl.col("text_cross")).is_empty()
    assert set(book["area"]) - set(cross["area"]) == {"47382"}


def test_cross_tab_of_ages_has_the_figures_that_ship(tables: dict[str, pl.DataFrame]):
    (table,) = read_download(AGES, table_id="0003445133")
    assert [(axis.id, axis.name, len(axis.members)) for axis in table.axes] == [
        ("time", "時間軸（年次）", 1),
        ("cat01", "国籍総数か日本人", 1),
        ("cat02", "男女", 1),
        ("area", "全国～人口50万以上の市", 49),
        ("tab", "表章事項", 1),
        ("cat03", "年齢", 15),
    ]
    assert table.axis("tab").members == (Member("2020_01", "人口", unit="人"),)
    assert table.cells["unit"].unique().to_list() == ["人"]
    assert table.marks == {"***": "当該数値がないもの", "-": "当該数値がないもの"}
    assert (table.info.id, table.info.number) == ("0003445133", "2-1-1")
    assert table.info.survey_date == "202010"
    assert table.info.statistics.startswith("令和２年国勢調査 人口等基本集計")
    assert table.info.title.endswith("都道府県，21大都市，特別区，人口50万以上の市")

    ages = (
        tables["population_single_years"]
        .filter(pl.col("age").cast(pl.Int64) < 15)
        .group_by("prefecture", "age")
        .agg(pl.col("count").sum())
    )
    found = table.cells.select(
        pl.col("area").cast(pl.String).replace_strict(PLACES, default=None).alias("prefecture"),
        labelled(table, "cat03").str.strip_suffix("歳").alias("age"),
        pl.col("text").cast(pl.Float64),
    )
    both = ages.join(found, on=["prefecture", "age"], how="inner")
    assert both.height == 47 * 15
    assert both.filter(pl.col("count") != pl.col("text")).is_empty()
    nation = table.cells.filter(pl.col("area").cast(pl.String) == "00000")
    assert nation["text"].cast(pl.Float64).sum() == ages["count"].sum()


def test_long_csv_has_the_figures_that_ship(labour: RawTable, tables: dict[str, pl.DataFrame]):
    assert [(axis.id, axis.name, len(axis.members)) for axis in labour.axes] == [
        ("tab", "表章項目", 2),
        ("cat01", "労働力状態３区分_時系列", 5),
        ("cat02", "男女_時系列", 3),
        ("area", "地域_時系列", 47),
        ("time", "時間軸（調査年）", 17),
    ]
    assert labour.cells.height == 14_382
    assert {member.level for member in labour.axis("area").members} == {"2"}
    series = {"2020000000": "published", "2020000010": "imputed"}
    states = {
        "総数": "total",
        "労働力人口": "labour_force",
        "就業者": "employed",
        "完全失業者": "unemployed",
        "非労働力人口": "inactive",
    }
    keys = ["prefecture", "sex", "labour_status", "series"]
    people = labour.cells.filter(pl.col("unit") == "人").select(
        pl.col("area").cast(pl.String).replace_strict(PLACES).alias("prefecture"),
        labelled(labour, "cat02").replace_strict(SEX, default=None).alias("sex"),
        labelled(labour, "cat01").replace_strict(states).alias("labour_status"),
        pl.col("time").cast(pl.String).replace_strict(series, default=None).alias("series"),
        pl.col("text").cast(pl.Float64).alias("count"),
    )
    found = people.drop_nulls(keys).sort(keys)
    assert found.height == 940
    assert found.equals(tables["labour_status"].select(*keys, "count").sort(keys))


def columns_of(sheet: RawTable, group: str) -> pl.DataFrame:
    """Return the prefectures' figures in the columns of one header group."""
    cells = raw.figures(sheet, dash_is_zero=True).with_columns(
        pl.col("area").cast(pl.String).replace_strict(PLACES, default=None).alias("prefecture"),
        labelled(sheet, "cat01").str.extract(f"^{re.escape(group)}／(.+)$").alias("leaf"),
    )
    return cells.drop_nulls(["prefecture", "leaf"])


def test_book_has_the_populations_that_ship(
    sheets: tuple[RawTable, ...], tables: dict[str, pl.DataFrame]
):
    ages = {"15歳未満": "0-14", "15～64歳": "15-64", "65歳以上": "65+"}
    keys = ["prefecture", "sex", "age_group"]
    found = pl.concat(
        columns_of(sheets[0], f"年齢別人口（{label}）").select(
            "prefecture",
            pl.lit(sex).alias("sex"),
            pl.col("leaf").replace_strict(ages).alias("age_group"),
            pl.col("value").alias("count"),
        )
        for label, sex in SEX.items()
    ).sort(keys)
    assert found.equals(tables["population_imputed"].sort(keys))


@pytest.mark.parametrize(("axis", "label"), [("industry", "産業"), ("occupation", "職業")])
def test_book_has_the_workers_that_ship(
    axis: str, label: str, sheets: tuple[RawTable, ...], tables: dict[str, pl.DataFrame]
):
    found = columns_of(sheets[1], f"{label}大分類別就業者数").select(
        "prefecture",
        pl.col("leaf").str.extract(r"^([A-S])\.").alias(axis),
        pl.col("value").alias("count"),
    )
    keys = ["prefecture", axis]
    # うち農業 has no letter of its own.
    assert found.drop_nulls().sort(keys).equals(tables[f"{axis}_imputed"].sort(keys))


def test_book_says_what_its_columns_are(sheets: tuple[RawTable, ...]):
    first, second = sheets
    assert [sheet.info.title for sheet in sheets] == ["第１面事項_2020年", "第２面事項_2020年"]
    assert (
        first.info.statistics == "令和２年国勢調査（総務省統計局）　都道府県・市区町村別の主な結果"
    )
    assert [len(sheet.axis("area").members) for sheet in sheets] == [1_965, 1_965]
    items = {member.code: member for member in first.axis("cat01").members}
    assert (len(items), next(iter(items)), list(items)[-1]) == (45, "E", "AW")
    assert items["E"] == Member("E", "総人口（男女別）／総数", "published", "人")
    assert items["U"] == Member("U", "年齢別人口（男）／15歳未満", "imputed", "人")
    # These stand beside a group, not in it: only lines that are drawn tell.
    assert items["H"].name == "2015年（平成27年）の人口（組替）"
    assert items["AG"] == Member("AG", "人口性比", "published", None)
    assert items["AO"].name == "うち核家族世帯"
    items = {member.code: member for member in second.axis("cat01").members}
    assert (len(items), list(items)[-1]) == (53, "BE")
    assert items["K"] == Member("K", "女／15歳以上人口", "published", "人")
    assert items["N"] == Member("N", "15歳以上就業者数", "imputed", "人")
    assert items["O"].name == "産業大分類別就業者数／A.農業，林業"
    assert items["BC"] == Member("BC", "従業地・通学地による人口／昼夜間人口比率", "imputed", None)


def test_areas_of_the_book_have_their_kind(sheets: tuple[RawTable, ...]):
    areas = {member.code: member for member in sheets[0].axis("area").members}
    assert areas["00000"] == Member("00000", "全国", "1")
    assert areas["01000"] == Member("01000", "北海道", "2")
    assert areas["01100"] == Member("01100", "札幌市", "識別1")
    assert areas["01202"].level == "識別2"
    assert sum(member.level == "2" for member in areas.values()) == 47
    units = dict(sheets[0].cells.select(pl.col("cat01").cast(pl.String), "unit").iter_rows())
    assert (units["E"], units["J"], units["AG"]) == ("人", "％", None)


def rezipped(part: str, pattern: str, replacement: str) -> bytes:
    """Return the book with one part changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(BOOK) as source, zipfile.ZipFile(target, "w") as changed:
        for name in source.namelist():
            data = source.read(name)
            if name == part:
                text, times = re.subn(pattern, replacement, data.decode())
                assert times
                data = text.encode()
            changed.writestr(name, data)
    return target.getvalue()


def test_groups_of_a_book_reach_as_far_as_their_cells_are_merged(tmp_path: Path):
    merges = '</sheetData><mergeCells><mergeCell ref="K5:N5"/></mergeCells>'
    path = tmp_path / "book.xlsx"
    path.write_bytes(rezipped("xl/worksheets/sheet2.xml", "</sheetData>", merges))
    items = {m.code: m.name for m in read_download(path)[1].axis("cat01").members}
    assert items["N"] == "女／15歳以上就業者数"
    assert items["O"] == "産業大分類別就業者数／A.農業，林業"


def test_groups_of_a_book_without_lines_reach_to_the_next_text(tmp_path: Path):
    path = tmp_path / "book.xlsx"
    path.write_bytes(rezipped("xl/styles.xml", '<right style="thin">', "<right>"))
    items = {m.code: m.name for m in read_download(path)[0].axis("cat01").members}
    assert items["G"] == "総人口（男女別）／女"
    assert items["H"] == "総人口（男女別）／2015年（平成27年）の人口（組替）"
    assert items["O"] == "年齢別人口（男女「総数」）／15歳未満"


# ---- written by these tests and read back -------------------------------------------------------


def as_csv(rows: Sequence[Sequence[str]], encoding: str, quoting: int = csv.QUOTE_ALL) -> bytes:
    file = io.StringIO()
    csv.writer(file, quoting=quoting, lineterminator="\r\n").writerows(rows)
    return file.getvalue().encode(encoding)


def with_commas(text: str | None) -> str:
    text = text or ""
    return f"{int(text):,}" if re.fullmatch(r"-?\d+", text) else text


def write_long(table: RawTable, encoding: str, *, names: bool = True) -> bytes:
    header: list[str] = []
    for axis in table.axes:
        header += [f"{axis.id}_code", axis.name] if names else [f"{axis.id}_code"]
    rows = [[*header, "unit", "value", "annotation"]]
    labels = {axis.id: {m.code: m.name for m in axis.members} for axis in table.axes}
    for cell in table.cells.iter_rows(named=True):
        row: list[str] = []
        for axis in table.axes:
            code = cell[axis.id]
            row += [code, labels[axis.id][code]] if names else [code]
        rows.append([*row, cell["unit"] or "", with_commas(cell["text"]), ""])
    return as_csv(rows, encoding)


def write_cross(
    table: RawTable,
    down: Sequence[str],
    across: Sequence[str],
    encoding: str = "utf-8",
    quoting: int = csv.QUOTE_ALL,
    *,
    sub_codes: bool = True,
    codes_across: bool = True,
) -> bytes:
    """Write a cross-tab as e-Stat does; blank where the table has no cell."""
    # Code, 補助コード if asked for, and name.
    parts = ["{} コード", "{} 補助コード", "{}"] if sub_codes else ["{} コード", "{}"]
    info = table.info
    rows = [
        ["統計名：", info.statistics],
        ["表番号：", info.number],
        ["表題：", info.title],
        ["実施年月：", "2020年", "10月"],
        [],
        *([mark, meaning] for mark, meaning in table.marks.items()),
        [],
    ]
    axes = {axis.id: axis for axis in table.axes}
    columns = list(product(*(axes[axis_id].members for axis_id in across)))
    blank = [""] * (len(parts) * len(down))
    for n, axis_id in enumerate(across):
        axis = axes[axis_id]
        members = [column[n] for column in columns]
        texts = {
            "{} コード": [member.code for member in members],
            "{} 補助コード": ["-" for _ in members],
            "{}": [cross_name(axis, member) for member in members],
        }
        rows += [
            [*blank, f"/{part.format(axis.name)}", *texts[part]]
            for part in (parts if codes_across else ["{}"])
        ]
    rows[-1][: len(blank)] = [part.format(axes[axis_id].name) for axis_id in down for part in parts]
    order = [*down, *across]
    cells = {
        tuple(cell[axis_id] for axis_id in order): cell["text"]
        for cell in table.cells.iter_rows(named=True)
    }
    for line in product(*(axes[axis_id].members for axis_id in down)):
        codes = tuple(member.code for member in line)
        texts = [with_commas(cells.get((*codes, *(m.code for m in column)))) for column in columns]
        if any(texts):
            stub: list[str] = []
            for axis_id, member in zip(down, line, strict=True):
                stub += [member.code, *([""] if sub_codes else [])]
                stub.append(cross_name(axes[axis_id], member))
            rows.append([*stub, "", *texts])
    return as_csv(rows, encoding, quoting)


def cross_name(axis: Axis, member: Member) -> str:
    return f"{member.name}【{member.unit}】" if axis.id == "tab" and member.unit else member.name


def read_bytes(data: bytes, table_id: str = "") -> RawTable:
    (table,) = downloads._read(data, table_id)
    return table


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("across", [("tab", "cat01"), ("time",), ("cat02", "area")])
def test_the_labour_table_through_every_door(
    labour: RawTable, encoding: str, across: tuple[str, ...]
):
    down = [axis.id for axis in labour.axes if axis.id not in across]
    cross = read_bytes(write_cross(labour, down, across, encoding), "0003412176")
    assert content(cross).equals(content(labour))
    assert long_frame(cross).equals(long_frame(labour))


def test_the_labour_table_with_codes_for_the_rows_only(labour: RawTable):
    down = ["area", "tab", "cat02", "cat01"]
    written = write_cross(labour, down, ["time"], sub_codes=False, codes_across=False)
    assert (
        '"地域_時系列 コード","地域_時系列","表章項目 コード","表章項目","男女_時系列 コード",'
        '"男女_時系列","労働力状態３区分_時系列 コード","労働力状態３区分_時系列",'
        '"/時間軸（調査年）","1950年","1955年"'
    ) in written.decode()
    cross = read_bytes(written, "0003412176")
    assert cross.axis("time").codes == [member.name for member in labour.axis("time").members]
    code = "時間軸（調査年） code"
    assert content(cross).drop(code).equals(content(labour).drop(code))


def test_the_labour_table_as_long_csv_and_as_answer(labour: RawTable):
    again = read_bytes(write_long(labour, "cp932"), "0003412176")
    assert content(again).equals(content(labour))
    assert again.content_hash == labour.content_hash
    answer = read_bytes(render.render_stats_data(labour), "0003412176")
    assert content(answer).equals(content(labour))
    assert answer.content_hash == labour.content_hash


def test_csv_of_the_api_has_the_answer_above_its_cells(labour: RawTable):
    above = b'"RESULT"\r\n"STATUS","0"\r\n"TITLE","2","a\r\nb"\r\n"NEXT_KEY",""\r\n"VALUE"\r\n'
    table = read_bytes(above + write_long(labour, "utf-8"), "0003412176")
    assert table.content_hash == labour.content_hash


def test_the_least_that_a_long_csv_can_have():
    table = read_bytes(b"area_code,value\n00000,5\n01000,-\n")
    assert table.axes == (Axis("area", "", (Member("00000", "", "1"), Member("01000", "", "2"))),)
    assert table.cells["text"].to_list() == ["5", "-"]


def test_codes_without_names(labour: RawTable):
    table = read_bytes(write_long(labour, "utf-8", names=False), "0003412176")
    assert [axis.id for axis in table.axes] == [axis.id for axis in labour.axes]
    assert {member.name for axis in table.axes for member in axis.members} == {""}
    columns = [*(axis.id for axis in labour.axes), "text", "unit"]
    assert table.cells.select(columns).equals(labour.cells.select(columns))


AXES = {
    "tab": "表章項目",
    "area": "全国，都道府県",
    "time": "時間軸（年次）",
    "cat01": "男女",
    "cat02": "年齢（5歳階級）",
    "cat03": "配偶関係, 総数か「不詳」",
}
NAMES = st.text("国勢調査男女総数「」・，,（）～0123456789", min_size=1, max_size=8)
CODES = st.text("0123456789ABR_", min_size=1, max_size=6)
AREAS = st.from_regex(r"[0-4][0-9][0-9]{3}", fullmatch=True)
FIGURES = st.integers(-(10**9), 10**9).map(str) | st.sampled_from(
    ["-", "***", "X", "56.33169", "0"]
)


@st.composite
def tables_of_axes(draw) -> RawTable:
    """Draw a table whose axes, members and cells are in any order, with cells left out."""
    ids = draw(st.lists(st.sampled_from(list(AXES)), min_size=2, max_size=4, unique=True))
    axes = []
    for axis_id in ids:
        codes = st.lists(AREAS if axis_id == "area" else CODES, min_size=1, max_size=3, unique=True)
        axes.append(
            Axis(
                axis_id, AXES[axis_id],
                tuple(
                    Member(code, draw(NAMES), unit="人" if axis_id == "tab" else None)
                    for code in draw(codes)
                ),
            )
        )  # fmt: skip
    grid = [dict(zip(ids, cell, strict=True)) for cell in product(*(axis.codes for axis in axes))]
    random.Random(draw(st.integers(0, 99))).shuffle(grid)
    kept = grid[: draw(st.integers(1, len(grid)))]
    unit = "人" if "tab" in ids else None
    rows: list[Mapping[str, str | None]] = [
        {**cell, "text": draw(FIGURES), "unit": unit} for cell in kept
    ]
    info = TableInfo(
        "0001", draw(NAMES), number="1-1-1", statistics=draw(NAMES), survey_date="202010"
    )
    marks = {"***": "当該数値がないもの", "-": "当該数値がないもの", "X": "秘匿"}
    cells = pl.DataFrame(rows, schema=dict.fromkeys([*ids, "text", "unit"], pl.String))
    return make_table(info, axes, [cells], marks)


@settings(max_examples=60, deadline=None)
@given(tables_of_axes(), st.sampled_from(["utf-8", "utf-8-sig", "cp932"]))
def test_any_long_csv_is_read_back(table: RawTable, encoding: str):
    found = read_bytes(write_long(table, encoding), "0001")
    assert content(found).equals(content(table))
    assert [axis.id for axis in found.axes] == [axis.id for axis in table.axes]
    assert found.cells["unit"].equals(table.cells["unit"])


@settings(max_examples=60, deadline=None)
@given(tables_of_axes(), st.data())
def test_any_cross_tab_is_read_back(table: RawTable, data):
    order = data.draw(st.permutations([axis.id for axis in table.axes]))
    split = data.draw(st.integers(1, len(order) - 1))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "cp932"]))
    quoting = data.draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    written = write_cross(
        table, order[:split], order[split:], encoding, quoting, sub_codes=data.draw(st.booleans())
    )
    found = read_bytes(written, "0001")
    assert content(found).equals(content(table))
    assert long_frame(found).equals(long_frame(table))
    assert found.info == table.info
    assert found.marks == table.marks
    assert found.cells["unit"].unique().equals(table.cells["unit"].unique())
    roles = {axis.name: axis.id for axis in found.axes}
    for axis in table.axes:
        assert roles[axis.name] == axis.id or axis.id.startswith("cat")


# ---- packing ------------------------------------------------------------------------------------


def test_a_zip_or_gzip_of_one_file(tmp_path: Path, sexes: RawTable):
    plain = gzip.decompress(SEXES.read_bytes())
    packed = tmp_path / "FEH.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("folder/", b"")
        archive.writestr("folder/FEH.csv", plain)
    (table,) = read_download(packed)
    assert table.content_hash == sexes.content_hash
    unpacked = tmp_path / "no name that tells"
    unpacked.write_bytes(plain)
    assert read_download(unpacked)[0].content_hash == sexes.content_hash


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return file.getvalue()


# ---- what is no download, or a damaged one ------------------------------------------------------

LONG = '"tab_code","表章項目","area_code","地域","unit","value"\n"1","人口","01000","北海道","人",'
CROSS = (
    "表番号：,1-1\n,,,/男女 コード,1,2\n,,,/男女,男,女\n,,,/年齢 コード,1,1\n"
    "地域 コード,地域 補助コード,地域,/年齢,0歳,0歳\n01000,,北海道,,1,2\n"
)


def answer(**changes) -> bytes:
    axes = [Axis("cat01", "男女", (Member("1", "男"), Member("2", "女")))]
    cells = pl.DataFrame({"cat01": ["1", "2"], "text": ["5", "6"]})
    return render.render_stats_data(make_table(TableInfo("0001", "人口"), axes, [cells]), **changes)


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the file is empty"),
    "blank": (b"\xef\xbb\xbf \n", "the file is empty"),
    "html": (
        "<html><body>メンテナンス中".encode(),
        "not a download of e-Stat, it begins with '<htm",
    ),
    "other csv": (b"name,age\nA,3\n", "it begins with 'name, age"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1", "save it as .xlsx"),
    "utf-16": (LONG.encode("utf-16"), "line 1 is neither UTF-8 nor Shift_JIS .*0xff"),
    "a byte": (LONG.encode("cp932") + b'"5"\n"1","\xff"', "line 3 is neither .*0xff"),
    "half a character": (LONG.encode("cp932") + b'"\x81', "line 2 is neither .*0x81"),
    "no figures": (LONG.split("\n")[0].encode(), "no figures below the header in line 1"),
    "names only": ("表,unit,value\n1,人,3\n".encode(), "the header has no code columns"),
    "a short row": (
        f'{LONG}"1"\n"1","人口","x"\n'.encode(),
        "line 3 has 3 cells, the header has 6",
    ),
    "a long row": (f'{LONG}"1",\n'.encode(), "line 2 has 7 cells, the header has 6"),
    "a note": (f'{LONG}"1"\n※注\n'.encode(), "line 3 has 1 cells.*'※注'.*if it is a note"),
    "an open quote": (f'{LONG}"1"\n1,人口,01000,北海道,人,"2\n'.encode(), "line 3 has"),
    "a quote inside": (
        f'{LONG}"1"\n1,"人口"x,01000,北海道,人,2\n'.encode(),
        "the CSV cannot be read",
    ),
    "no code": (
        f'{LONG}"1"\n1,人口,,北,人,2\n'.encode(),
        "line 3: no code in column 3 'area_code'",
    ),
    "no zero": (f'{LONG}"1"\n1,人口,2000,青,人,2\n'.encode(), "'2000' has lost its leading zero"),
    "a cell twice": (
        f'{LONG}"1"\n1,人口,01000,北海道,人,2\n'.encode(),
        "1 of 2 cells are given twice",
    ),
    "two names": (f'{LONG}"1"\n1,世帯,02000,,,\n'.encode(), "has the code 1 twice"),
    "a page": (f'"RESULT"\n"NEXT_KEY","9"\n{LONG}"1"\n'.encode(), "one page of a longer answer"),
    "a short header row": (
        CROSS.replace("/男女,男,女", "/男女,男").encode(),
        "the header row '/男女' has 5 cells, the last one has 6",
    ),
    "no codes of rows": (
        CROSS.replace("地域 コード,地域 補助コード", ",").encode(),
        "the header has no code columns: download it again from e-Stat with its codes",
    ),
    "codes of one axis": (
        "地域,男女 コード,男女,人口\n北海道,1,男,5\n".encode(),
        "line 1: '地域' has no codes",
    ),
    "no label": (
        CROSS.replace("/年齢,0歳", ",0歳").encode(),
        "line 5: a column of figures has no label",
    ),
    "no columns": ("コード,地域\n01000,北海道\n".encode(), "the header has no columns of figures"),
    "no names": ("コード\n01000\n".encode(), "'コード' has no column of names"),
    "refused": (render.render_error("getStatsData", 100), "認証に失敗"),
    "part": (answer(limit=1), "cells 1 to 1 of 2: one file must hold them all"),
    "no classes": (answer(classes=False), "save it with metaGetFlg=Y"),
    "another answer": (b'{"GET_META_INFO": {}}', "has no GET_STATS_DATA; it has GET_META_INFO"),
    "gzip": (gzip.compress(b"x")[:-6], "the archive cannot be unpacked"),
    "zip": (zipped("a.csv")[:-20], "the archive cannot be unpacked"),
    "two files": (zipped("a.csv", "b.csv"), "the zip holds 2 files"),
    "no book": (zipped("xl/workbook.xml"), "the Excel book cannot be read"),
}


@pytest.mark.parametrize(("data", "message"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, data: bytes, message: str):
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(DownloadError, match=f"{re.escape(str(path))}: .*(?:{message})") as error:
        read_download(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        (
            "01100_札幌市", "札幌市",
            "sheet '第１面事項_2020年', row 12, column B: '札幌市' is no area such as 01100_札幌市",
        ),
        ("地域識別コード", "種類", "'第１面事項_2020年' is not one of the main results by area"),
        ("人口性比", "", "sheet '第１面事項_2020年': column AG has figures but no header"),
        ("01101_札幌市", "01100_札幌市", "axis '地域' has the code 01100 twice"),
    ],
)  # fmt: skip
def test_a_book_that_was_changed(tmp_path: Path, pattern: str, replacement: str, message: str):
    path = tmp_path / "book.xlsx"
    path.write_bytes(rezipped("xl/sharedStrings.xml", pattern, replacement))
    with pytest.raises(DownloadError, match=message):
        read_download(path)


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(DownloadError, match="cannot be read: No such file"):
        read_download(tmp_path / "none.csv")


def test_an_answer_of_another_table(tmp_path: Path):
    path = tmp_path / "answer.json"
    path.write_bytes(answer())
    assert read_download(path, table_id="0001")[0].info.id == "0001"
    with pytest.raises(DownloadError, match="is of table 0001, not of 0002"):
        read_download(path, table_id="0002")


def test_a_name_of_its_own_for_each_column():
    assert [downloads._letters(n) for n in (0, 25, 26, 51, 52, 701, 702)] == [
        "A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"
    ]  # fmt: skip
    assert downloads._place("AZ5") == (4, 51)
