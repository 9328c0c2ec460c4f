"""Where figures come from: each choice of a recipe, and pins that bring the same figures back."""

import hashlib
import random
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from persona_assets.census.editions import shipped_tables
from persona_assets.census.origins import (
    API_CREDIT,
    ORIGIN_SCHEMA,
    SHIPPED,
    Loaded,
    find_origin,
    load_figures,
    needed_figures,
    origins_frame,
    pin_of,
)
from persona_assets.census.raw import RawTable
from persona_assets.census.refresh import read_file
from persona_assets.census.registry import DriftError, load_registry, needed_tables
from persona_assets.census.render import render_stats_data
from persona_assets.census.snapshots import Snapshot, SnapshotError, SnapshotStore
from persona_assets.census.tables import TableError, load_sources, load_table
from persona_assets.recipe import Figures
from persona_assets.storage.paths import reference_dir
from persona_assets_tests.census.estat import dated, with_moved
from persona_assets_tests.census.test_recorded import RECORDED

NOW = datetime(2026, 11, 25, tzinfo=UTC)
# One table that margins need, and one that only e-Stat has.
NEEDED, OPTIONAL = "labour_detail", "population_by_single_year"


@pytest.fixture(scope="module")
def made() -> dict[str, RawTable]:
    return shipped_tables(reference_dir())


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(tmp_path / "snapshots")


def keep(store: SnapshotStore, name: str, raw: RawTable) -> Snapshot:
    with store.writing(name) as draft:
        draft.add_page(render_stats_data(raw))
        return store.commit(draft, name, raw, door="api", request={}, fetched=NOW)[0]


def with_one_more(raw: RawTable, code: str) -> RawTable:
    """Return a table with one more person in a cell of Tottori and of the nation."""
    moves = {(code, place): 1 for place in ("31000", "00000")}
    return with_moved(raw, moves, "cat01", "area")


@pytest.fixture
def own_reference(tmp_path: Path, reference: Path) -> Path:
    """A copy of the census tables that ship, to change."""
    folder = tmp_path / "reference"
    shutil.copytree(reference / "census", folder / "census")
    return folder


def with_source(folder: Path, name: str, like: str, **changes: Any) -> None:
    """Ship a table under another name, with a source of its own."""
    path = folder / "census" / "sources.yaml"
    sources = yaml.safe_load(path.read_text(encoding="utf-8"))
    sources[f"census/{name}"] = {**sources[f"census/{like}"], **changes}
    path.write_text(yaml.safe_dump(sources, allow_unicode=True), encoding="utf-8")
    content = (folder / "census" / f"{like}.csv").read_bytes()
    (folder / "census" / f"{name}.csv").write_bytes(content)


# ---- which door ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "pin", "door"),
    [
        ("auto", None, "api"),
        ("shipped", None, "shipped"),
        ("snapshots", None, "api"),
        # What is pinned outweighs the source.
        ("auto", SHIPPED, "shipped"),
        ("snapshots", SHIPPED, "shipped"),
        ("shipped", "its hash", "api"),
        ("auto", "its hash", "api"),
    ],
)
def test_a_recipe_chooses_between_a_snapshot_and_what_ships(
    source, pin, door: str, store, made, reference
):
    snapshot = keep(store, NEEDED, made["0000010106"])
    pinned = {} if pin is None else {NEEDED: snapshot.key if pin == "its hash" else pin}
    origin = find_origin(NEEDED, reference, store, Figures(source=source, pinned=pinned))
    assert origin.door == door
    assert origin.snapshot == (snapshot if door == "api" else None)


@pytest.mark.parametrize(
    ("source", "pin"), [("auto", None), ("shipped", None), ("snapshots", SHIPPED)]
)
def test_without_a_snapshot_it_is_what_ships(source, pin, store, reference):
    choice = Figures(source=source, pinned={NEEDED: pin} if pin else {})
    assert find_origin(NEEDED, reference, store, choice).door == SHIPPED


def test_a_pin_of_one_table_says_nothing_of_another(store, made, reference):
    keep(store, NEEDED, made["0000010106"])
    keep(store, "employed_by_age", made["0000010106"])
    choice = Figures(pinned={NEEDED: SHIPPED})
    doors = [
        find_origin(name, reference, store, choice).door for name in (NEEDED, "employed_by_age")
    ]
    assert doors == ["shipped", "api"]


def test_an_older_snapshot_is_used_if_it_is_pinned(store, made, reference):
    old = keep(store, NEEDED, made["0000010106"])
    new = keep(store, NEEDED, with_one_more(made["0000010106"], "F1109"))
    assert find_origin(NEEDED, reference, store, Figures()).snapshot == new
    pinned = Figures(source="snapshots", pinned={NEEDED: old.content_hash})
    assert find_origin(NEEDED, reference, store, pinned).snapshot == old


def test_a_pin_does_not_fall_back_to_another_state(store, made, reference):
    keep(store, NEEDED, made["0000010106"])
    for source in ("auto", "shipped", "snapshots"):
        choice = Figures(source=source, pinned={NEEDED: "0123456789abcdef"})
        with pytest.raises(SnapshotError, match="no single snapshot '0123456789abcdef'"):
            find_origin(NEEDED, reference, store, choice)


@pytest.mark.parametrize(
    "choice",
    [
        Figures(),
        Figures(source="shipped"),
        Figures(source="snapshots"),
        Figures(pinned={OPTIONAL: SHIPPED}),
    ],
    ids=repr,
)
def test_a_table_that_only_e_stat_has_may_be_nowhere(choice: Figures, store, reference):
    assert find_origin(OPTIONAL, reference, store, choice) is None
    assert load_figures(OPTIONAL, reference, store, choice) is None


def test_snapshots_only_does_not_take_what_ships(own_reference, store):
    with_source(own_reference, OPTIONAL, like="population_single_years")
    assert find_origin(OPTIONAL, own_reference, store, Figures()).door == SHIPPED
    assert find_origin(OPTIONAL, own_reference, store, Figures(source="snapshots")) is None


# ---- what an origin says ------------------------------------------------------------------------


def test_the_origin_of_what_ships_is_its_source(store, reference):
    for name in needed_tables():
        origin = find_origin(name, reference, store, Figures())
        source = load_sources(reference)[f"census/{name}"]
        content = (reference / "census" / f"{name}.csv").read_bytes()
        assert origin.content_hash == hashlib.sha256(content).hexdigest()
        assert (origin.table, origin.title, origin.credit) == (name, source.title, source.licence)
        assert (origin.updated_date, origin.fetched, origin.snapshot) == ("", "", None)
        assert origin.table_id == (source.table_id or "")


def test_several_ids_of_a_source_are_one_text(own_reference, store):
    with_source(own_reference, "education", like="education", table_id=["0001", "0002"])
    assert find_origin("education", own_reference, store, Figures()).table_id == "0001, 0002"


def test_the_origin_of_a_snapshot_is_what_e_stat_said(store, made, reference):
    raw = made["0000010106"]
    snapshot = keep(store, NEEDED, raw)
    origin = find_origin(NEEDED, reference, store, Figures())
    assert (origin.table, origin.door, origin.table_id) == (NEEDED, "api", "0000010106")
    assert (origin.title, origin.updated_date) == ("Ｆ　労働", raw.info.updated_date)
    assert (origin.fetched, origin.content_hash) == ("2026-11-25T00:00:00+00:00", raw.content_hash)
    assert origin.credit == f"{load_registry().survey(NEEDED).source}; {API_CREDIT}"
    assert origin.snapshot == snapshot


def test_only_what_the_api_gave_carries_the_words_of_its_terms(store, reference):
    read_file(RECORDED / "census_labor_0003412176_long.csv.gz", store, ["labour_status"])
    origin = find_origin("labour_status", reference, store, Figures())
    assert (origin.door, origin.table_id) == ("download", "0003412176")
    assert origin.credit == load_registry().survey("labour_status").source
    assert "総務省統計局" in origin.credit


def test_a_date_that_moves_without_a_figure_does_not_move_the_origin(store, made, reference):
    # A release carries it, and must have the same bytes when it is built again from its pins.
    raw = made["0000010106"]
    snapshot = keep(store, NEEDED, raw)
    before = find_origin(NEEDED, reference, store, Figures())
    keep(store, NEEDED, dated(raw, "2027-01-31"))
    assert store.newest(NEEDED).updated_date == "2027-01-31"
    after = find_origin(NEEDED, reference, store, Figures())
    assert after == before
    assert after == find_origin(NEEDED, reference, store, Figures(pinned={NEEDED: snapshot.key}))


# ---- the figures --------------------------------------------------------------------------------


def test_figures_of_both_ways_are_the_same_frame(store, made, reference):
    keep(store, NEEDED, made["0000010106"])
    shipped = load_figures(NEEDED, reference, store, Figures(source="shipped"))
    fetched = load_figures(NEEDED, reference, store, Figures(source="snapshots"))
    assert fetched.frame.equals(shipped.frame)
    assert fetched.frame.schema == shipped.frame.schema
    # What ships has no totals of its own that could be checked.
    assert shipped.sums is None
    assert fetched.sums["column"].to_list() == ["prefecture"]
    assert fetched.sums["sums_checked"].to_list() == [7]


def test_rows_come_in_one_order_however_the_file_has_them(own_reference, reference, store):
    path = own_reference / "census" / f"{NEEDED}.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    random.Random(7).shuffle(rows)
    path.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    shuffled = load_table(f"census/{NEEDED}", own_reference)
    assert not shuffled.equals(load_table(f"census/{NEEDED}", reference))
    found = load_figures(NEEDED, own_reference, store, Figures())
    assert found.frame.equals(load_figures(NEEDED, reference, store, Figures()).frame)


def test_a_snapshot_is_held_to_what_the_registry_expects(store, made, reference):
    # As kept by another version, which expected something else.
    raw = made["0000010106"]
    keep(store, NEEDED, replace(raw, cells=raw.cells.filter(pl.col("area") != "31000")))
    with pytest.raises(DriftError, match=r"census/labour_detail: prefectures and nation"):
        load_figures(NEEDED, reference, store, Figures())
    assert load_figures(NEEDED, reference, store, Figures(source="shipped")).origin.door == SHIPPED


def test_margins_get_every_table_that_they_need(store, reference):
    found = needed_figures(reference, store, Figures())
    assert tuple(found) == needed_tables()
    assert OPTIONAL not in found
    assert all(
        frame["count"].sum() == load_table(f"census/{name}", reference)["count"].sum()
        for name, frame in found.items()
    )


def test_a_table_that_is_needed_and_nowhere_is_named(own_reference, store, made):
    (own_reference / "census" / f"{NEEDED}.csv").unlink()
    with pytest.raises(TableError, match="census/labour_detail neither ships nor was fetched"):
        needed_figures(own_reference, store, Figures())
    # A snapshot takes its place.
    keep(store, NEEDED, made["0000010106"])
    assert needed_figures(own_reference, store, Figures())[NEEDED].height == 329


# ---- pins ---------------------------------------------------------------------------------------


def test_no_origins_are_a_frame_too(store, reference):
    assert origins_frame([]).schema == pl.Schema(ORIGIN_SCHEMA)
    origin = find_origin(NEEDED, reference, store, Figures())
    one = origins_frame([(origin, 329)])
    assert one.schema == pl.Schema(ORIGIN_SCHEMA)
    assert one.select("table", "door", "rows").row(0) == (NEEDED, "shipped", 329)


def load_all(reference: Path, store: SnapshotStore, choice: Figures) -> dict[str, Loaded]:
    found = {name: load_figures(name, reference, store, choice) for name in load_registry().tables}
    return {name: loaded for name, loaded in found.items() if loaded is not None}


def origins(loaded: Mapping[str, Loaded]) -> pl.DataFrame:
    return origins_frame((one.origin, one.frame.height) for one in loaded.values())


def pins(origins: pl.DataFrame) -> dict[str, str]:
    """Return what a recipe pins of a release's manifest."""
    rows = origins.select("table", "door", "content_hash").iter_rows()
    return {table: pin_of(door, content_hash) for table, door, content_hash in rows}


def test_shipped_figures_are_pinned_with_their_hash(store, reference):
    origin = find_origin(NEEDED, reference, store, Figures())
    pin = pin_of(origin.door, origin.content_hash)
    assert pin == f"shipped:{origin.content_hash}"
    assert find_origin(NEEDED, reference, store, Figures(pinned={NEEDED: pin})) == origin
    assert find_origin(NEEDED, reference, store, Figures(pinned={NEEDED: "shipped"})) == origin
    with pytest.raises(TableError, match=r"the figures that ship here are .* pins 0123456789ab"):
        find_origin(NEEDED, reference, store, Figures(pinned={NEEDED: "shipped:0123456789abcdef"}))


@pytest.mark.parametrize("source", ["auto", "shipped", "snapshots"])
def test_pins_of_origins_bring_the_same_origins_back(source, store, made, reference):
    keep(store, NEEDED, made["0000010106"])
    keep(store, "occupation", made["0003410411"])
    read_file(RECORDED / "census_labor_0003412176_long.csv.gz", store, ["labour_status"])
    before = load_all(reference, store, Figures())
    frame = origins(before)
    assert frame.height == len(needed_tables())
    assert set(frame["door"]) == {"shipped", "api", "download"}

    # Months later there is more: new figures, and a new date of old ones.
    newer = keep(store, NEEDED, with_one_more(made["0000010106"], "F1109"))
    keep(store, "occupation", dated(made["0003410411"], "2027-01-31"))
    keep(store, "industry", made["0003410398"])
    assert origins(load_all(reference, store, Figures()))["content_hash"].to_list() != (
        frame["content_hash"].to_list()
    )
    after = load_all(reference, store, Figures(source=source, pinned=pins(frame)))
    assert origins(after).equals(frame)
    assert newer.content_hash not in set(origins(after)["content_hash"])
    for name, loaded in before.items():
        assert after[name].frame.equals(loaded.frame), name
        assert after[name].origin == loaded.origin
