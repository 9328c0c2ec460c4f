"""The store of snapshots alone: whole or not there, whoever writes at the same time."""

import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from pathlib import Path

import polars as pl
import pytest

from persona_assets.census.client import split
from persona_assets.census.raw import Axis, Member, RawTable, TableInfo, make_table
from persona_assets.census.render import render_stats_data
from persona_assets.census.snapshots import (
    FOLDER_DIGITS,
    STALE_SECONDS,
    Snapshot,
    SnapshotError,
    SnapshotStore,
)

NOW = datetime(2026, 11, 25, 3, 4, 5, tzinfo=UTC)
INFO = TableInfo(
    id="0001", title="人口", survey_code="00200521", survey="国勢調査", survey_date="202010",
    open_date="2021-11-30", updated_date="2026-09-29", collect_area="全国",
)  # fmt: skip


def table_of(number: int, date: str = "2026-09-29") -> RawTable:
    """Return a table of two cells, the same for the same number."""
    axis = Axis("cat01", "男女", (Member("1", "男", "1"), Member("2", "女", "1")))
    cells = pl.DataFrame({"cat01": ["1", "2"], "text": [str(number), "7"], "unit": "人"})
    return make_table(replace(INFO, updated_date=date), [axis], [cells], {"-": "なし"})


def keep(
    store: SnapshotStore,
    raw: RawTable,
    pages: Sequence[bytes] | None = None,
    *,
    table: str = "sexes",
    fetched: datetime = NOW,
) -> tuple[Snapshot, str]:
    with store.writing(table) as draft:
        for body in pages or [render_stats_data(raw)]:
            draft.add_page(body)
        return store.commit(draft, table, raw, door="api", request={}, fetched=fetched)


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(tmp_path / "snapshots")


def left_overs(store: SnapshotStore) -> list[str]:
    return sorted(path.name for path in store.root.glob("*/.*"))


def changes(store: SnapshotStore) -> list[str]:
    return store.index()["change"].to_list()


# ---- the diary ----------------------------------------------------------------------------------


COLUMNS = ["time", "table", "table_id", "updated_date", "content_hash", "change"]


def test_the_diary_has_its_columns_before_anything_is_in_it(store):
    assert store.index().is_empty()
    assert store.index().schema == pl.Schema(dict.fromkeys(COLUMNS, pl.String))
    assert store.newest("sexes") is None
    # Looking does not make folders.
    assert not store.root.exists()


def test_the_diary_has_one_line_per_look(store):
    one, _ = keep(store, table_of(1))
    keep(store, table_of(1, "2026-10-30"), fetched=NOW + timedelta(days=1))
    assert store.index().schema == pl.Schema(dict.fromkeys(COLUMNS, pl.String))
    assert store.index().rows() == [
        ("2026-11-25T03:04:05+00:00", "sexes", "0001", "2026-09-29", one.content_hash,
         "new content"),
        ("2026-11-26T03:04:05+00:00", "sexes", "0001", "2026-10-30", one.content_hash,
         "same content"),
    ]  # fmt: skip
    # The snapshot keeps the date of its first fetch; the newest look has its own.
    assert store.find("sexes", one.key).updated_date == "2026-09-29"
    assert store.newest("sexes").updated_date == "2026-10-30"
    assert store.newest("sexes").fetched == one.fetched


def test_what_e_stat_said_last_is_the_newest_also_if_it_said_it_before(store):
    first, _ = keep(store, table_of(1))
    second, _ = keep(store, table_of(2), fetched=NOW + timedelta(days=1))
    assert store.newest("sexes") == second
    again, change = keep(store, table_of(1), fetched=NOW + timedelta(days=2))
    # The folder is the old one; to whoever reads the newest it is new.
    assert change == "new content"
    assert store.newest("sexes") == again == first


def test_without_its_line_the_newest_is_the_last_that_was_fetched(store):
    keep(store, table_of(1), fetched=NOW + timedelta(days=1))
    keep(store, table_of(2))
    store.index_path.unlink()
    assert store.newest("sexes").fetched == "2026-11-26T03:04:05+00:00"


def test_a_line_of_a_snapshot_that_was_deleted_is_passed_over(store):
    first, _ = keep(store, table_of(1))
    second, _ = keep(store, table_of(2))
    shutil.rmtree(second.path)
    assert store.newest("sexes") == first


def test_half_a_line_does_not_swallow_the_next_one(store):
    keep(store, table_of(1))
    with store.index_path.open("a", encoding="utf-8") as diary:
        diary.write('{"time": "2026-11-25T03:04:05+00:00", "table": "sex')
    second, _ = keep(store, table_of(2))
    assert changes(store) == ["new content", "new content"]
    assert store.newest("sexes") == second


def test_the_time_of_a_fetch_is_kept_in_utc(store):
    japan = timezone(timedelta(hours=9))
    snapshot, _ = keep(store, table_of(1), fetched=datetime(2026, 11, 25, 12, 4, 5, tzinfo=japan))
    assert snapshot.fetched == "2026-11-25T03:04:05+00:00"


# ---- drafts -------------------------------------------------------------------------------------


def test_a_draft_that_is_abandoned_leaves_nothing(store):
    def fail_halfway() -> None:
        with store.writing("sexes") as draft:
            draft.add_page(b"{}")
            assert left_overs(store) == [draft.folder.name]
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail_halfway()
    with store.writing("sexes") as draft:
        draft.add_page(b"{}")
    assert [path for path in store.root.rglob("*") if path.is_file()] == []
    assert left_overs(store) == []
    assert store.newest("sexes") is None
    assert store.index().is_empty()


def test_nobody_sees_a_draft(store):
    with store.writing("sexes") as draft:
        draft.add_page(render_stats_data(table_of(1)))
        # As when a machine goes down between the last page and the new name.
        (draft.folder / "snapshot.json").write_text("{}", encoding="utf-8")
        assert store.newest("sexes") is None
        for key in (draft.folder.name, draft.folder.name[:4], "."):
            with pytest.raises(SnapshotError, match="there: none"):
                store.find("sexes", key)


def test_a_draft_is_cleared_away_after_a_day_and_not_before(store):
    place = store.root / "sexes"
    ages = {"stale": STALE_SECONDS + 60, "fresh": STALE_SECONDS - 60}
    for name, age in ages.items():
        folder = place / f".{name}.tmp"
        folder.mkdir(parents=True)
        (folder / "page-0001.json.zst").write_bytes(b"half")
        os.utime(folder, (time.time() - age,) * 2)
    snapshot, _ = keep(store, table_of(1))
    os.utime(snapshot.path, (time.time() - 10 * STALE_SECONDS,) * 2)
    keep(store, table_of(2))
    assert left_overs(store) == [".fresh.tmp"]
    assert store.load(snapshot).cells.height == 2


def test_a_draft_that_is_gone_meanwhile_is_no_error(store):
    place = store.root / "sexes"
    place.mkdir(parents=True)
    # Listed, but nothing is there any more when it is looked at.
    (place / ".gone.tmp").symlink_to(place / "nowhere")
    assert keep(store, table_of(1))[1] == "new content"


def test_a_draft_of_another_table_is_not_touched(store):
    other = store.root / "ages" / ".stale.tmp"
    other.mkdir(parents=True)
    os.utime(other, (0, 0))
    keep(store, table_of(1))
    assert other.exists()


def test_a_snapshot_is_never_written_over(store):
    snapshot, _ = keep(store, table_of(1))
    before = {path.name: path.read_bytes() for path in snapshot.path.iterdir()}
    # The same content in more pages and with another date.
    raw = table_of(1, "2026-10-30")
    pages = [
        render_stats_data(raw, start=1, limit=1),
        render_stats_data(raw, start=2, limit=1, classes=False),
    ]
    _, change = keep(store, raw, pages)
    assert change == "same content"
    assert {path.name: path.read_bytes() for path in snapshot.path.iterdir()} == before


# ---- several processes --------------------------------------------------------------------------


ROUNDS = 15


def commit_at_once(root: Path, barrier) -> None:
    """Keep table after table, each at the same moment as the other process."""
    store = SnapshotStore(root)
    for number in range(ROUNDS):
        raw = table_of(number)
        with store.writing("sexes") as draft:
            draft.add_page(render_stats_data(raw))
            barrier.wait(timeout=60)
            store.commit(draft, "sexes", raw, door="api", request={}, fetched=NOW)


def test_two_processes_keep_the_same_content_once(store):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    processes = [
        context.Process(target=commit_at_once, args=(store.root, barrier), daemon=True)
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert left_overs(store) == []
    contents = {table_of(number).content_hash for number in range(ROUNDS)}
    # Two lines of each content, none of them torn. One was new; what the other saw before it
    # depends on which of the two was ahead.
    for digest in contents:
        lines = store.index().filter(content_hash=digest)
        assert lines.height == 2
        assert "new content" in lines["change"]
    assert store.index_path.read_text(encoding="utf-8").count("\n") == 2 * ROUNDS
    folders = sorted(path.name for path in (store.root / "sexes").iterdir())
    assert folders == sorted(digest[:FOLDER_DIGITS] for digest in contents)
    for digest in contents:
        assert store.load(store.find("sexes", digest)).content_hash == digest


# ---- finding ------------------------------------------------------------------------------------


@pytest.fixture
def two_alike(store) -> tuple[Snapshot, Snapshot]:
    """Keep snapshots until two begin alike; of 17, two must."""
    kept: dict[str, Snapshot] = {}
    for number in range(17):
        snapshot, _ = keep(store, table_of(number))
        if snapshot.key[0] in kept:
            return kept[snapshot.key[0]], snapshot
        kept[snapshot.key[0]] = snapshot
    raise AssertionError("unreachable")


def test_a_snapshot_is_found_by_as_much_of_its_hash_as_is_given(store, two_alike):
    for snapshot in two_alike:
        for digits in (8, FOLDER_DIGITS, FOLDER_DIGITS + 5, 64):
            assert store.find("sexes", snapshot.content_hash[:digits]) == snapshot


def test_a_start_that_fits_several_names_them(store, two_alike):
    with pytest.raises(SnapshotError, match="no single snapshot") as refused:
        store.find("sexes", two_alike[0].key[0])
    assert all(snapshot.key in str(refused.value) for snapshot in two_alike)


@pytest.mark.parametrize("key", ["", "xyz", "*", "../sexes"])
def test_a_start_that_fits_none_is_refused(store, key: str):
    snapshot, _ = keep(store, table_of(1))
    with pytest.raises(SnapshotError, match=rf"there: {snapshot.key}\)"):
        store.find("sexes", key)
    with pytest.raises(SnapshotError, match="there: none"):
        store.find("ages", key)


def test_a_hash_that_only_begins_alike_is_another_content(store):
    snapshot, _ = keep(store, table_of(1))
    other = snapshot.key + "0" * 48
    assert other != snapshot.content_hash
    with pytest.raises(SnapshotError, match="no single snapshot"):
        store.find("sexes", other)


# ---- reading back -------------------------------------------------------------------------------


def test_a_snapshot_is_read_back_as_it_was(store):
    raw = table_of(1)
    snapshot, change = keep(store, raw)
    assert change == "new content"
    assert snapshot.key == raw.content_hash[:FOLDER_DIGITS] == snapshot.path.name
    assert snapshot.cells == 2
    read = store.load(snapshot)
    assert read.axes == raw.axes
    assert read.cells.equals(raw.cells)
    assert read.marks == raw.marks
    assert store.find("sexes", snapshot.key) == snapshot


def test_a_folder_that_is_copied_to_another_root_is_a_snapshot_there(store, tmp_path):
    snapshot, _ = keep(store, table_of(1))
    other = SnapshotStore(tmp_path / "elsewhere")
    shutil.copytree(snapshot.path, other.root / "sexes" / snapshot.key)
    shutil.rmtree(store.root)
    found = other.find("sexes", snapshot.content_hash)
    assert found == snapshot == other.newest("sexes")
    assert found.path.is_relative_to(other.root)
    assert other.load(found).content_hash == snapshot.content_hash
    # Kept again there, it is the same content.
    assert keep(other, table_of(1))[1] == "same content"


def many_codes(count: int) -> RawTable:
    items = Axis("cat01", "事項", tuple(Member(f"A{n:04d}", f"{n}番", "1") for n in range(count)))
    areas = Axis("area", "地域", (Member("13000", "東京都", "2"), Member("31000", "鳥取県", "2")))
    grid = product(items.codes, areas.codes)
    rows = [(item, area, str(n)) for n, (item, area) in enumerate(grid)]
    cells = pl.DataFrame(rows, schema=["cat01", "area", "text"], orient="row")
    return make_table(INFO, [items, areas], [cells.with_columns(unit=pl.lit("人"))])


def pages_of(raw: RawTable, limit: int) -> Iterator[bytes]:
    """Return the answers to a selection of all codes, in parts of a hundred, page by page."""
    for part in split({"cat01": raw.axis("cat01").codes}):
        # An answer has only the members that were asked for.
        axes = [
            replace(axis, members=tuple(m for m in axis.members if m.code in part["cat01"]))
            if axis.id == "cat01" else axis
            for axis in raw.axes
        ]  # fmt: skip
        cells = raw.cells.filter(pl.col("cat01").cast(pl.String).is_in(part["cat01"]))
        answer = make_table(raw.info, axes, [cells])
        for start in range(1, cells.height + 1, limit):
            yield render_stats_data(answer, start=start, limit=limit, classes=start == 1)


@pytest.mark.parametrize(("codes", "limit", "files"), [(250, 1000, 3), (250, 70, 8), (101, 9, 24)])
def test_parts_and_pages_of_a_long_selection_are_one_table(
    codes: int, limit: int, files: int, store, tmp_path
):
    raw = many_codes(codes)
    snapshot, _ = keep(store, raw, list(pages_of(raw, limit)))
    assert len([name for name in snapshot.files if name.startswith("page-")]) == files
    read = store.load(snapshot)
    assert read.content_hash == raw.content_hash
    assert read.axes == raw.axes
    assert read.cells.height == 2 * codes
    # Fetched in one page it is the same content.
    whole, change = keep(store, raw)
    assert change == "same content"
    other = SnapshotStore(tmp_path / "other")
    assert keep(other, raw)[0].content_hash == whole.content_hash


def test_a_page_that_is_gone_or_added_is_noticed(store):
    raw = many_codes(150)
    snapshot, _ = keep(store, raw, list(pages_of(raw, 100)))
    record = snapshot.path / "snapshot.json"
    content = json.loads(record.read_text(encoding="utf-8"))
    last = max(content["files"])
    # Even if the record was changed to fit.
    del content["files"][last]
    record.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(SnapshotError, match=r"has the content [0-9a-f]{16}, not that of its name"):
        store.load(store.find("sexes", snapshot.key))
    (snapshot.path / last).unlink()
    with pytest.raises(SnapshotError, match=rf"{last} is missing or was changed"):
        store.load(snapshot)


LONG = 'cat01_code,男女,value\n"1","男","5"\n"2","女","7"\n'.encode()


def keep_download(store: SnapshotStore, body: bytes, raw: RawTable) -> Snapshot:
    with store.writing("sexes") as draft:
        draft.add_download("sexes.csv", body)
        return store.commit(draft, "sexes", raw, door="download", request={}, fetched=NOW)[0]


def test_a_download_is_kept_as_it_came(store):
    from persona_assets.census.downloads import read_bytes

    (raw,) = read_bytes(LONG, "sexes.csv")
    snapshot = keep_download(store, LONG, raw)
    assert list(snapshot.files) == ["sexes.csv.zst"]
    assert store._read_file("sexes.csv.zst", snapshot) == LONG
    assert store.load(store.newest("sexes")).cells.equals(raw.cells)


def test_a_download_with_another_content_than_its_name_is_an_error(store):
    snapshot = keep_download(store, LONG, table_of(1))
    with pytest.raises(SnapshotError, match="not that of its name; restore the folder"):
        store.load(snapshot)
