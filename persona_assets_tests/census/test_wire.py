"""The wire format: what is rendered is read back, whatever axes, order, marks and gaps."""

import json
import random
from collections.abc import Mapping
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_assets.census import raw, render, wire
from persona_assets.census.raw import Axis, Member, RawTable, TableInfo, make_table

TEXT = st.text('国勢調査男女総数「」・（）0123456789-~ "\\/]}[{:,', min_size=1, max_size=12)
CODES = st.text("0123456789ABR_#", min_size=1, max_size=8)
AXIS_IDS = ("tab", *(f"cat{n:02d}" for n in range(1, 16)), "area", "time")
MARKS = {"***": "当該数値がないもの", "-": "当該数値がないもの", "X": "秘匿"}


@st.composite
def axes(draw) -> tuple[Axis, ...]:
    ids = draw(st.lists(st.sampled_from(AXIS_IDS), min_size=1, max_size=5, unique=True))
    return tuple(
        Axis(
            axis_id,
            draw(TEXT),
            tuple(
                Member(
                    code, draw(TEXT),
                    draw(st.none() | st.sampled_from(["", "1", "2"])),
                    draw(st.none() | st.just("人")), draw(st.none() | CODES),
                )
                for code in draw(st.lists(CODES, min_size=1, max_size=4, unique=True))
            ),
        )
        for axis_id in ids
    )  # fmt: skip


@st.composite
def tables(draw) -> RawTable:
    chosen = draw(axes())
    grid = [{}]
    for axis in chosen:
        grid = [{**cell, axis.id: code} for cell in grid for code in axis.codes]
    random.Random(draw(st.integers(0, 99))).shuffle(grid)
    # Missing cells are left out; others are figures, decimals or marks.
    kept = grid[: draw(st.integers(0, len(grid)))]
    figure = st.integers(-(10**9), 10**9).map(str) | st.sampled_from([*MARKS, "56.33169", "0"])
    rows = [
        {
            **cell,
            "text": draw(figure),
            "unit": draw(st.none() | st.sampled_from(["人", "%"])),
            "annotation": draw(st.none() | TEXT),
        }
        for cell in kept
    ]
    schema = dict.fromkeys([*(a.id for a in chosen), *raw.CELL_COLUMNS], pl.String)
    info = TableInfo(
        id=draw(st.text("0123456789", min_size=10, max_size=10)), title=draw(TEXT),
        number=draw(st.sampled_from(["", "1-1-1"])), statistics=draw(TEXT),
        survey_code="00200521", survey="国勢調査",
        survey_date=draw(st.sampled_from(["202010", "202001-202012", "0"])),
        open_date="2021-11-30", updated_date="2026-09-29", collect_area="全国",
        cells=draw(st.none() | st.integers(0, 10**7)),
    )  # fmt: skip
    marks = draw(st.sampled_from([MARKS, {"-": "なし"}, {}]))
    return make_table(info, chosen, [pl.DataFrame(rows, schema=schema)], marks)


def read(table: RawTable, limit: int) -> RawTable:
    """Read all pages of a rendered table, the classes from the first page only."""
    pages, start, first = [], 1, None
    while start is not None:
        body = render.render_stats_data(table, start=start, limit=limit, classes=first is None)
        page = wire.parse_stats_data(body, None if first is None else first.axes)
        first = first or page
        pages.append(page.cells)
        start = page.next_key
    assert first is not None
    assert first.axes is not None
    assert first.total == table.cells.height
    return make_table(first.info, first.axes, pages, first.marks)


def assert_same(found: RawTable, table: RawTable) -> None:
    assert found.info == table.info
    assert found.axes == table.axes
    assert found.marks == table.marks
    assert found.cells.equals(table.cells)


@settings(max_examples=150, deadline=None)
@given(tables(), st.integers(1, 40))
def test_what_is_rendered_is_read_back(table: RawTable, limit: int):
    assert_same(read(table, limit), table)


@settings(max_examples=50, deadline=None)
@given(tables(), st.integers(0, 99))
def test_the_hash_knows_no_order_and_no_dates(table: RawTable, seed: int):
    shuffled = list(table.axes)
    random.Random(seed).shuffle(shuffled)
    axes = [Axis(a.id, a.name, tuple(reversed(a.members))) for a in shuffled]
    cells = table.cells.sample(fraction=1, shuffle=True, seed=seed)
    other = make_table(replace(table.info, updated_date="2030-01-01"), axes, [cells])
    assert other.content_hash == table.content_hash


@settings(max_examples=50, deadline=None)
@given(tables().filter(lambda t: t.cells.height > 0), st.data())
def test_any_changed_cell_changes_the_hash(table: RawTable, data):
    row = data.draw(st.integers(0, table.cells.height - 1))
    column = data.draw(st.sampled_from(raw.CELL_COLUMNS))
    changed = table.cells.with_columns(
        pl.when(pl.int_range(pl.len()) == row)
        .then(pl.col(column).fill_null("") + "1")
        .otherwise(column)
        .alias(column)
    )
    assert raw.content_hash(table.axes, changed) != table.content_hash


def sexes(*rows: Mapping[str, str]) -> RawTable:
    axis = Axis("cat01", "男女", (Member("1", "男"), Member("2", "女")))
    return make_table(TableInfo("0001", "人口"), [axis], [pl.DataFrame(rows)], {"-": "なし"})


def test_a_cell_given_twice_is_refused():
    with pytest.raises(raw.RawTableError, match="0001: 1 of 2 cells are given twice"):
        sexes({"cat01": "1", "text": "5"}, {"cat01": "1", "text": "6"})


def test_a_code_that_no_class_declares_is_kept_as_a_member_without_a_name():
    table = sexes({"cat01": "1", "text": "5"}, {"cat01": "9", "text": "6"})
    assert table.axes[0].members[-1] == Member("9", "")
    assert table.cells["cat01"].to_list() == ["1", "9"]


def test_a_dash_is_nobody_or_not_available():
    table = sexes({"cat01": "1", "text": "1,234"}, {"cat01": "2", "text": "-"})
    assert raw.figures(table, dash_is_zero=True)["value"].to_list() == [1234.0, 0.0]
    cells = raw.figures(table, dash_is_zero=False)
    assert cells["value"].to_list() == [1234.0, None]
    assert cells["value_note"].to_list() == [None, "-"]


def test_a_mark_that_nobody_declared_is_refused():
    table = sexes({"cat01": "1", "text": "約5"}, {"cat01": "2", "text": "6"})
    with pytest.raises(raw.RawTableError, match="約5"):
        raw.figures(table, dash_is_zero=True)


def test_numbers_that_are_not_quoted_and_pretty_printing_are_read_too():
    axis = (Axis("cat01", "男女", (Member("1", "男"),)),)
    values = json.dumps([{"@cat01": 1, "$": 12}, {"$": "3"}], indent=2).encode()
    cells = wire.parse_values(values, axis)
    assert cells["text"].to_list() == ["12", "3"]
    # An axis of one member may be left out of the cells.
    assert raw.encode_page(cells, axis)["cat01"].to_list() == ["1", "1"]


@pytest.mark.parametrize("function", ["getStatsData", "getStatsList", "getMetaInfo"])
def test_errors_of_the_answer(function: str):
    parse = {
        "getStatsData": wire.parse_stats_data,
        "getStatsList": wire.parse_list,
        "getMetaInfo": wire.parse_meta,
    }[function]
    with pytest.raises(wire.StatusError, match="認証に失敗") as refused:
        parse(render.render_error(function, 100))
    assert not refused.value.can_heal
    with pytest.raises(wire.StatusError) as broken:
        parse(render.render_error(function, 201))
    assert broken.value.can_heal
    with pytest.raises(wire.AnswerError, match="<html>"):
        parse("<html>メンテナンス中</html>".encode())
    with pytest.raises(wire.AnswerError):
        parse(b'{"GET_SOMETHING": {}}')


def test_no_data_is_no_error():
    empty = json.dumps(
        {"GET_STATS_LIST": {"RESULT": {"STATUS": 1, "ERROR_MSG": "該当データはありませんでした。"},
                            "DATALIST_INF": {"NUMBER": 0, "RESULT_INF": ""}}}
    ).encode()  # fmt: skip
    assert wire.parse_list(empty) == wire.Listing(0, (), None)
    data = json.dumps({"GET_STATS_DATA": {"RESULT": {"STATUS": 1, "ERROR_MSG": "なし"}}}).encode()
    page = wire.parse_stats_data(data)
    assert page.total == 0
    assert page.cells.is_empty()


@settings(max_examples=100, deadline=None)
@given(tables().filter(lambda t: t.cells.height > 1))
def test_the_fast_way_reads_what_the_slow_way_reads_or_leaves_it(table: RawTable):
    body = json.loads(render.render_stats_data(table))
    values = body["GET_STATS_DATA"]["STATISTICAL_DATA"]["DATA_INF"]["VALUE"]
    compact = json.dumps(values, separators=(",", ":")).encode()
    fast = wire._parse_plain(compact, table.axes)
    slow = wire.parse_values(json.dumps(values).encode(), table.axes)
    if fast is not None:
        assert fast.select(pl.all().cast(pl.String)).equals(slow)
    if all(cell.keys() == values[0].keys() and "@annotation" not in cell for cell in values):
        assert fast is not None


@pytest.mark.parametrize(
    "values",
    [
        b'[{"@cat01":"1","$":"1,234"},{"@cat01":"2","$":"5,678"}]',
        b'[{"@cat01":"1","$":"a{b"},{"@cat01":"2","$":"5"}]',
        b'[{"@cat01":"1","$":"a\\"b"},{"@cat01":"2","$":"5"}]',
        b'[{"@cat01":"1","$":5},{"@cat01":"2","$":6}]',
        b'[{"@cat01":"1","$":"5"},{"$":"6","@cat01":"2"}]',
        b'[{"@cat01":"1","$":"5"},{"@cat01":"9","$":"6"}]',
        b'[{"@cat01":"1","$":"5"},{"@cat01":"2"}]',
        b'[{"@cat01":"1","$":"5"}, {"@cat01":"2","$":"6"}]',
        b'[{"@cat01":"1","$":"5","@new":"x"},{"@cat01":"2","$":"6","@new":"y"}]',
        b'[{"@cat01":"1","$":"5\\\\u4eba"},{"@cat01":"2","$":"6"}]',
    ],
)
def test_what_the_fast_way_could_get_wrong_it_leaves_to_the_slow_way(values: bytes):
    axes = (Axis("cat01", "男女", (Member("1", "男"), Member("2", "女"))),)
    assert wire._parse_plain(values, axes) is None
    expected = [str(cell["$"]) if "$" in cell else None for cell in json.loads(values)]
    assert wire.parse_values(values, axes)["text"].to_list() == expected


def test_letters_by_number_are_read():
    axes = (Axis("cat01", "男女", (Member("1", "男"), Member("2", "女"))),)
    values = (
        b'[{"@cat01":"1","@unit":"\\u4eba","$":"5"},{"@cat01":"2","@unit":"\\u4eba","$":"\\u2026"}]'
    )
    cells = wire._parse_plain(values, axes)
    assert cells["unit"].to_list() == ["人", "人"]
    assert cells["text"].to_list() == ["5", "…"]
