"""The census stage against a server that speaks e-Stat's protocol: all of it, faults included."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from persona_assets.census.editions import EMPLOYMENT_STATUS_ID
from persona_assets.census.estat_server import EStatServer, Fault, File
from persona_assets.census.margins import build_margins
from persona_assets.census.origins import find_origin, load_figures, needed_figures
from persona_assets.census.raw import Axis, Member
from persona_assets.census.refresh import make_client, read_file, refresh
from persona_assets.census.registry import load_registry, needed_tables, tidy
from persona_assets.census.snapshots import SnapshotError, SnapshotStore
from persona_assets.census.tables import TableError
from persona_assets.census.wire import StatusError
from persona_assets.recipe import Figures
from persona_assets_tests.census.estat import (
    APP_ID,
    RECORDED,
    connect,
    dated,
    one_at_home_more,
    shipped_content,
    with_moved,
    with_table,
)

NEEDED = needed_tables()
OPTIONAL = set(load_registry().tables) - set(NEEDED)


@pytest.fixture(scope="module")
def content():
    return shipped_content()


@pytest.fixture
def server(content):
    with EStatServer(content, app_ids=[APP_ID]) as server:
        yield server


@pytest.fixture
def store(tmp_path):
    return SnapshotStore(tmp_path / "snapshots")


def look(server, store, *tables, **options):
    with connect(server, **options) as client:
        return {look.table: look for look in refresh(client, store, tables or None)}


def asked(server) -> Counter:
    return Counter(request.function for request in server.requests)


def files(store) -> dict[str, bytes]:
    return {
        path.relative_to(store.root).as_posix(): path.read_bytes()
        for path in sorted(store.root.rglob("*"))
        if path.is_file() and path.name != "index.jsonl"
    }


def test_margins_from_the_server_are_those_of_the_figures_that_ship(
    server, store, reference, margins
):
    looks = look(server, store)
    assert {name for name, one in looks.items() if one.status == "new content"} == set(NEEDED)
    # The server has figures for none of the tables that only e-Stat gives.
    assert {looks[name].status for name in OPTIONAL} == {"not found", "failed"}
    assert looks["education_by_age"].status == "failed"
    assert looks["occupation_by_age"].status == "not found"
    fetched = needed_figures(reference, store, Figures(source="snapshots"))
    found = build_margins(fetched)
    assert found.keys() == margins.keys()
    for name, margin in margins.items():
        assert found[name].equals(margin), name
    shipped = needed_figures(reference, store, Figures(source="shipped"))
    assert all(fetched[name].equals(shipped[name]) for name in NEEDED)


def test_tables_of_many_pages_are_the_same_tables(content, store, reference):
    with EStatServer(content, page_limit=500) as server:
        looks = look(server, store, "population_by_age", "marital_status", page_size=500)
        assert asked(server)["getStatsData"] > 10
    for name, one in looks.items():
        assert one.status == "new content"
        pages = [file for file in one.snapshot.files if file.startswith("page-")]
        assert len(pages) > 5
        shipped = load_figures(name, reference, store, Figures(source="shipped"))
        assert tidy(store.load(one.snapshot), name).frame.equals(shipped.frame)


def test_an_unchanged_date_costs_one_question_per_survey(server, store):
    look(server, store, *NEEDED)
    server.requests.clear()
    looks = look(server, store, *NEEDED)
    assert {one.status for one in looks.values()} == {"date unchanged"}
    assert asked(server) == {"getStatsList": 2}


def test_a_date_that_moved_without_a_figure_makes_no_snapshot(server, content, store):
    look(server, store, "occupation")
    before = files(store)
    server.content = with_table(content, dated(content.tables["0003410411"], "2026-10-30"))
    one = look(server, store, "occupation")["occupation"]
    assert one.status == "same content"
    assert files(store) == before
    # The new date is remembered, so the next look fetches nothing.
    assert one.snapshot.updated_date == "2026-10-30"
    assert look(server, store, "occupation")["occupation"].status == "date unchanged"
    assert store.index()["change"].to_list() == ["new content", "same content"]


def test_one_changed_cell_is_a_new_snapshot_beside_the_old_one(server, content, store, reference):
    old = look(server, store, "labour_detail")["labour_detail"].snapshot
    server.content = with_table(content, one_at_home_more(content))
    new = look(server, store, "labour_detail")["labour_detail"].snapshot
    assert new.content_hash != old.content_hash
    before, after = (
        load_figures("labour_detail", reference, store, Figures(pinned={"labour_detail": key}))
        for key in (old.key, new.content_hash)
    )
    changed = before.frame.with_columns(after=after.frame["count"]).filter(
        before.frame["count"] != after.frame["count"]
    )
    assert changed["prefecture"].to_list() == ["tottori", "tottori"]
    # Nothing pinned means the newest.
    assert (
        find_origin("labour_detail", reference, store, Figures()).content_hash == new.content_hash
    )


FAULTS = {
    "the server fails for good": [Fault("status", "getStatsData", value=201)],
    "http errors": [Fault("http", "getStatsData", value=503)],
    "the connection is cut": [Fault("cut", "getStatsData")],
    "maintenance": [Fault("html", "getStatsData")],
    "a page is missing": [Fault("page_missing", "getStatsData", call=2, times=9)],
    "the total is wrong": [Fault("total_wrong", "getStatsData", value=7)],
    "the table is replaced again and again": [Fault("updated", "getStatsData", times=50)],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_leaves_the_last_good_snapshot(fault, content, store):
    with EStatServer(content, page_limit=500) as server:
        good = look(server, store, "population_by_age", page_size=500)["population_by_age"]
        before = files(store)
        table = dated(content.tables["0003445162"], "2026-11-02")
        server.content = with_table(content, table)
        server.faults = [replace(one) for one in FAULTS[fault]]
        failed = look(server, store, "population_by_age", page_size=500)["population_by_age"]
    assert failed.status == "failed"
    assert "0003445162" in failed.message
    assert failed.snapshot == good.snapshot
    # Nothing half-written, nothing changed.
    assert files(store) == before
    assert APP_ID not in failed.message


PASSING = {
    "the server fails once": Fault("status", "getStatsData", call=2, value=201),
    "maintenance once": Fault("html", "getStatsData", call=2),
    "the connection is cut once": Fault("cut", "getStatsData", call=2),
    "a page is missing once": Fault("page_missing", "getStatsData", call=2),
    "an answer is slow": Fault("slow", "getStatsData", call=2, value=0.05),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_not_noticed(fault, content, store):
    with EStatServer(content, page_limit=500, faults=[replace(PASSING[fault])]) as server:
        one = look(server, store, "population_by_age", page_size=500)["population_by_age"]
    assert one.status == "new content"
    assert store.load(one.snapshot).content_hash == one.snapshot.content_hash


class Replaced(dict):
    """Tables of which one is another edition from the n-th time that it is asked for."""

    def __init__(self, tables, edition, after: int) -> None:
        super().__init__(tables)
        self.edition, self.left = edition, after

    def __getitem__(self, key):
        if key != self.edition.info.id:
            return super().__getitem__(key)
        self.left -= 1
        return self.edition if self.left < 0 else super().__getitem__(key)

    def get(self, key, default=None):
        return self[key] if self.__contains__(key) else default


def test_a_table_replaced_between_two_pages_is_fetched_again(content, store, reference):
    edition = one_at_home_more(content)
    # Metadata, count and two pages are of the old edition, then comes the new one.
    tables = Replaced(content.tables, edition, after=4)
    with EStatServer(replace(content, tables=tables), page_limit=100) as server:
        one = look(server, store, "labour_detail", page_size=100)["labour_detail"]
        pages = asked(server)["getStatsData"]
    assert one.status == "new content", one.message
    assert one.snapshot.updated_date == edition.info.updated_date
    # 336 cells are four pages: begun once in vain.
    assert pages > 2 * 4
    figures = load_figures("labour_detail", reference, store, Figures())
    tottori = figures.frame.filter(prefecture="tottori", item="housework")["count"].item()
    shipped = load_figures("labour_detail", reference, store, Figures(source="shipped"))
    assert (
        tottori == shipped.frame.filter(prefecture="tottori", item="housework")["count"].item() + 1
    )


def renamed(table, axis_id, name):
    axes = tuple(replace(a, name=name) if a.id == axis_id else a for a in table.axes)
    return dated(replace(table, axes=axes), "2026-11-03")


def relabelled(table, axis_id, code, label):
    axes = tuple(
        Axis(a.id, a.name, tuple(
            Member(m.code, label, m.level, m.unit, m.parent) if m.code == code else m
            for m in a.members
        )) if a.id == axis_id else a
        for a in table.axes
    )  # fmt: skip
    return dated(replace(table, axes=axes), "2026-11-03")


def without(table, axis_id, code):
    axes = tuple(
        Axis(a.id, a.name, tuple(m for m in a.members if m.code != code))
        if a.id == axis_id else a
        for a in table.axes
    )  # fmt: skip
    cells = table.cells.filter(table.cells[axis_id].cast(str) != code)
    return dated(replace(table, axes=axes, cells=cells), "2026-11-03")


DRIFTS = {
    "a renamed axis": (
        "occupation", "0003410411", lambda t: renamed(t, "cat01", "仕事の種類"),
        r"no axis is named like '職業.*'.*'仕事の種類'",
    ),
    "a new code": (
        "occupation", "0003410411", lambda t: relabelled(t, "cat01", "220", "Ｍ新しい職業"),
        r"axis '職業大分類_時系列' has members that no map.*220 'M新しい職業'",
    ),
    "a code that is now another place": (
        "occupation", "0003410411", lambda t: relabelled(t, "area", "31000", "島根県"),
        r"members that no map.*31000 '島根県'",
    ),
    "fewer rows": (
        "occupation", "0003410411", lambda t: without(t, "area", "31000"),
        r"1,104 cells.*expected are 1,128 .*prefecture 46",
    ),
    "another total": (
        "labour_detail", "0000010106",
        lambda t: with_moved(t, {("F1109", "31000"): 5}, "cat01", "area"),
        r"prefectures and nation of table 0000010106 differ in 1 sums.*housework.*\(\+5\)",
    ),
    "another title": (
        "occupation", "0003410411",
        lambda t: dated(replace(t, info=replace(t.info, title="職業（小分類）")), "2026-11-03"),
        "it is '職業（小分類）'; the id now means another table",
    ),
    "a figure that is withheld": (
        "labour_detail", "0000010106",
        lambda t: dated(replace(t, cells=t.cells.with_columns(text=t.cells["text"].replace(
            t.cells.filter((t.cells["cat01"].cast(str) == "F1109")
                           & (t.cells["area"].cast(str) == "31000"))["text"].item(), "X"))),
            "2026-11-03"),
        r"1 cells of table 0000010106 have no figure, the first is .*tottori",
    ),
}  # fmt: skip


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_shows_what_was_expected_and_what_came(drift, server, content, store):
    name, table_id, change, message = DRIFTS[drift]
    good = look(server, store, name)[name].snapshot
    server.content = with_table(content, change(content.tables[table_id]))
    one = look(server, store, name)[name]
    assert one.status == "failed"
    assert one.snapshot == good
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(one.message)


def test_a_table_that_is_listed_no_more_is_drift_unless_no_margin_needs_it(server, content, store):
    tables = {key: table for key, table in content.tables.items() if key != "0003445162"}
    server.content = replace(content, tables=tables)
    one = look(server, store, "population_by_age", "population_by_single_year")
    assert one["population_by_age"].status == "failed"
    assert "lists no table 0003445162" in one["population_by_age"].message
    assert one["population_by_single_year"].status == "not found"


def test_a_table_without_a_known_id_is_searched_for_once(server, store):
    one = look(server, store, "employment_status")["employment_status"]
    assert one.snapshot.table_id == EMPLOYMENT_STATUS_ID
    server.requests.clear()
    assert look(server, store, "employment_status")["employment_status"].status == "date unchanged"
    assert asked(server) == {"getStatsList": 1}


def test_two_tables_that_a_search_could_mean_are_both_named(server, content, store):
    table = content.tables[EMPLOYMENT_STATUS_ID]
    twin = replace(table, info=replace(table.info, id="9900000077"))
    server.content = with_table(content, twin)
    one = look(server, store, "employment_status")["employment_status"]
    assert one.status == "failed"
    assert EMPLOYMENT_STATUS_ID in one.message
    assert "9900000077" in one.message


BOOK = "000032143614"


def with_book(content, modified="2022-02-15"):
    file = File("都道府県・市区町村別の主な結果", "major_results_2020.xlsx", modified,
                (RECORDED / "major_results_2020.xlsx").read_bytes())  # fmt: skip
    return replace(content, files={BOOK: file})


def test_a_table_that_the_database_does_not_have_is_taken_from_its_book(
    server, content, store, reference
):
    tables = {key: table for key, table in content.tables.items() if key != "0003448301"}
    server.content = with_book(replace(content, tables=tables))
    one = look(server, store, "population_imputed")["population_imputed"]
    assert one.status == "new content"
    assert "lists no table 0003448301" in one.message
    assert (one.snapshot.door, one.snapshot.table_id) == ("download", BOOK)
    read = load_figures("population_imputed", reference, store, Figures(source="snapshots"))
    shipped = load_figures("population_imputed", reference, store, Figures(source="shipped"))
    assert read.frame.equals(shipped.frame)
    server.requests.clear()
    again = look(server, store, "population_imputed")["population_imputed"]
    assert again.status == "date unchanged"
    assert "download" not in asked(server)
    # The site is not asked with the application id.
    server.content = with_book(server.content, "2026-11-01")
    assert look(server, store, "population_imputed")["population_imputed"].status == "same content"
    (download,) = [r for r in server.requests if r.function == "download"]
    assert "appId" not in download.parameters


def test_a_table_that_drifted_is_taken_from_its_book_and_says_why(server, content, store):
    server.content = with_table(
        with_book(content), renamed(content.tables["0003410398"], "cat01", "業種")
    )
    one = look(server, store, "industry_imputed", "industry")
    assert one["industry_imputed"].status == "new content"
    assert "'業種'" in one["industry_imputed"].message
    # The published series is in no book.
    assert one["industry"].status == "failed"


def test_no_table_and_no_book_are_both_named(server, content, store):
    tables = {key: table for key, table in content.tables.items() if key != "0003448301"}
    server.content = replace(content, tables=tables)
    one = look(server, store, "population_imputed")["population_imputed"]
    assert one.status == "failed"
    assert "lists no table 0003448301" in one.message
    assert f"offers no file {BOOK}" in one.message


def test_one_failed_table_does_not_keep_the_others_away(server, store):
    server.faults = [Fault("status", "getStatsData", call=1, times=3, value=201)]
    looks = look(server, store, "population_by_age", "occupation")
    assert {name: one.status for name, one in looks.items()} == {
        "population_by_age": "failed", "occupation": "new content",
    }  # fmt: skip


def test_a_list_that_cannot_be_had_is_asked_for_once_per_survey(server, store):
    server.faults = [Fault("html", "getStatsList")]
    looks = look(server, store)
    assert {one.status for one in looks.values()} == {"failed"}
    # Three attempts for each of two surveys, not for each table.
    assert asked(server) == {"getStatsList": 6}


def test_a_server_that_is_not_there_is_not_asked_for_each_table(content, store):
    with EStatServer(content) as server:
        client = connect(server, attempts=2)
    with client:
        looks = list(refresh(client, store))
    assert len(looks) == len(NEEDED) + len(OPTIONAL)
    assert {one.status for one in looks} == {"failed"}
    assert len({one.message for one in looks}) == 1


def test_a_refused_id_ends_the_look_at_once(content, store):
    with EStatServer(content, app_ids=["another-application-id"]) as server:
        with pytest.raises(StatusError, match="ESTAT_APP_ID"):
            look(server, store)
        assert len(server.requests) == 1
    assert files(store) == {}


def test_no_id_no_client(monkeypatch):
    monkeypatch.delenv("ESTAT_APP_ID", raising=False)
    assert make_client(Figures()) is None
    monkeypatch.setenv("MY_ID", APP_ID)
    with make_client(Figures(app_id_env="MY_ID", base_url="http://127.0.0.1:1/rest")) as client:
        assert APP_ID not in repr(client)


def test_the_id_is_in_no_file(server, store):
    server.faults = [Fault("echo_app_id")]
    look(server, store, "occupation")
    raw = b"".join(store._read_file(name, store.newest("occupation")) for name in
                   store.newest("occupation").files)  # fmt: skip
    assert b"APP_ID" in raw
    for path in store.root.rglob("*"):
        if path.is_file():
            assert APP_ID.encode() not in path.read_bytes()
    assert APP_ID.encode() not in raw


def test_snapshots_alone_are_enough(server, store, reference, tmp_path, margins):
    look(server, store, *NEEDED)
    copy = SnapshotStore(tmp_path / "elsewhere")
    store.root.rename(copy.root)
    # The diary is a convenience; the snapshots are the record.
    copy.index_path.unlink()
    found = build_margins(needed_figures(reference, copy, Figures(source="snapshots")))
    assert all(found[name].equals(margin) for name, margin in margins.items())


def test_a_damaged_snapshot_is_named(server, store, reference):
    snapshot = look(server, store, "occupation")["occupation"].snapshot
    page = snapshot.path / "page-0001.json.zst"
    page.write_bytes(page.read_bytes()[:-10] + b"0123456789")
    with pytest.raises(SnapshotError, match=r"page-0001.json.zst is missing or was changed"):
        load_figures("occupation", reference, store, Figures())
    (snapshot.path / "snapshot.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SnapshotError, match=r"snapshot.json cannot be read"):
        load_figures("occupation", reference, store, Figures())


def test_what_is_pinned_must_be_there(store, reference):
    with pytest.raises(SnapshotError, match=r"no single snapshot 'abcdef'.*there: none"):
        find_origin("occupation", reference, store, Figures(pinned={"occupation": "abcdef"}))
    with pytest.raises(TableError, match="snapshots only"):
        find_origin("occupation", reference, store, Figures(source="snapshots"))
    assert find_origin("occupation", reference, store, Figures()).door == "shipped"
    assert find_origin("population_by_single_year", reference, store, Figures()) is None


def test_half_a_line_in_the_diary_is_passed_over(server, store):
    snapshot = look(server, store, "occupation")["occupation"].snapshot
    with store.index_path.open("a", encoding="utf-8") as diary:
        diary.write('{"table": "occupation", "conte')
    assert store.newest("occupation") == snapshot
    assert store.index().height == 1


def test_a_snapshot_says_what_was_asked_and_when(server, store):
    now = datetime(2026, 11, 25, 3, 4, 5, tzinfo=UTC)
    with connect(server) as client:
        (one,) = refresh(client, store, ["occupation"], now=now)
    content = json.loads((one.snapshot.path / "snapshot.json").read_text(encoding="utf-8"))
    assert content["fetched"] == "2026-11-25T03:04:05+00:00"
    assert content["request"] == {"time": ["2020000000"]}
    assert content["table_id"] == "0003410411"
    assert content["cells"] == 47 * 3 * 13


def test_a_download_on_disk_is_a_door_too(store, reference, tmp_path):
    book = RECORDED / "major_results_2020.xlsx"
    looks = {one.table: one for one in read_file(book, store)}
    assert set(looks) == {
        "population_imputed", "living_alone", "occupation_imputed", "industry_imputed",
    }  # fmt: skip
    for name in looks:
        read = load_figures(name, reference, store, Figures(source="snapshots"))
        shipped = load_figures(name, reference, store, Figures(source="shipped"))
        assert read.frame.equals(shipped.frame), name
        assert read.origin.door == "download"
    other = tmp_path / "notes.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"notes\.csv"):
        read_file(other, store)
