import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from persona_assets.automation.build import BuildError, Progress, build, statistics_changed
from persona_assets.census.estat_server import EStatServer
from persona_assets.census.refresh import read_file
from persona_assets.census.registry import needed_tables
from persona_assets.census.render import render_stats_data
from persona_assets.census.snapshots import SnapshotStore
from persona_assets.census.tables import TableError
from persona_assets.partitions import UnknownPrefectureError
from persona_assets.people.build import Built
from persona_assets.recipe import Figures, RecipeError
from persona_assets.release.pin import pinned_recipe
from persona_assets.release.writer import verify_release
from persona_assets.storage.resources import Folders, RecipeResource
from persona_assets_tests.automation.conftest import KEYS, SIZE
from persona_assets_tests.census.estat import APP_ID, RECORDED, shipped_content, with_moved
from persona_assets_tests.personas.chat_server import ChatServer, Reply


def checksums(release: Path) -> dict[str, str]:
    return {
        path.relative_to(release).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in release.rglob("*.parquet")
    }


def test_build_releases_what_was_asked_for(built_once):
    latest = built_once.root / "releases" / "latest"
    assert verify_release(latest) == []
    records = pl.read_parquet(latest / "data" / "*.parquet")
    assert set(records["prefecture"]) == {"鳥取県", "沖縄県"}
    assert (built_once.root / "warehouse.duckdb").exists()


@pytest.mark.slow
def test_several_workers_write_the_same_bytes(built_once, new_place):
    other = new_place()
    steps: list[Progress] = []
    release = build(
        KEYS,
        RecipeResource(path=str(other.recipe)),
        Folders(root=str(other.root)),
        on=other.instance,
        workers=2,
        on_progress=steps.append,
    )
    assert checksums(release) == checksums(built_once.root / "releases" / "latest")
    assert release.name == (built_once.root / "releases" / "latest").resolve().name
    assert [step.done for step in steps] == [0, 1, 2, 3, 4]
    assert {step.finished for step in steps} == {"", "statistics", *KEYS, "release"}
    assert steps[-1].finished == "release"
    # Each prefecture is a run of its own on the instance, so that the UI shows it.
    runs = other.instance.get_runs()
    assert {run.tags.get("dagster/partition") for run in runs} == {None, *KEYS}
    assert all(run.is_success for run in runs)


def test_building_one_prefecture_again_touches_nothing_else(built_place):
    before = built_place.files()
    release = built_place.build("tottori")
    after = built_place.files()
    assert after.keys() == before.keys()
    written = {path for path in after if after[path][1] != before[path][1]}
    assert written
    assert {Path(path).stem for path in written} == {"tottori"}
    assert {path: content for path, (content, _) in after.items()} == {
        path: content for path, (content, _) in before.items()
    }
    assert verify_release(release) == []


def refused(place, error, match, *keys, **options):
    """Build and be refused; the release and the lake must be what they were."""
    files = place.files()
    latest = (place.root / "releases" / "latest").resolve()
    with pytest.raises(error, match=match) as caught:
        place.build(*keys, **options)
    assert "\n" not in str(caught.value)
    assert place.files() == files
    assert (place.root / "releases" / "latest").resolve() == latest
    assert verify_release(latest) == []


def test_unknown_prefecture_is_named_with_the_nearest(built_place):
    refused(built_place, UnknownPrefectureError, "'totori': did you mean tottori", "totori")


def test_mixing_recipes_is_refused_before_any_work(built_place):
    refused(
        built_place, RecipeError, "okinawa was built from another recipe", "tottori", size=2_000
    )


def test_size_out_of_range_is_refused(built_place):
    refused(built_place, RecipeError, "the given size: field 'size' is 46", "tottori", size=46)


@pytest.fixture
def changed_reference(tmp_path, reference):
    copy = tmp_path / "reference"
    shutil.copytree(reference, copy)
    path = copy / "census" / "marital_status.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    head, _, count = lines[1].rpartition(",")
    lines[1] = f"{head},{int(float(count)) + 1}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return copy


def test_one_changed_figure_is_refused_with_file_and_total(built_place, changed_reference):
    refused(
        built_place,
        TableError,
        r"marital_status.csv: all rows add up to .*published is .*\(difference \+1\)",
        "tottori",
        reference=changed_reference,
    )


def test_unwritable_root_is_refused(new_place, tmp_path):
    file = tmp_path / "file"
    file.touch()
    place = new_place()
    with pytest.raises(BuildError, match=r"cannot write to the data root .*PERSONA_ASSETS_DATA"):
        build(
            ["tottori"],
            RecipeResource(path=str(place.recipe)),
            Folders(root=str(file / "data")),
            on=place.instance,
        )


def test_a_failing_step_stops_the_build_and_keeps_the_release(built_place, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    latest = (built_place.root / "releases" / "latest").resolve()
    with ChatServer(usual=lambda _: Reply(status=401, message="sk-very-secret")) as server:
        built_place.recipe.write_text(
            f"size: {SIZE}\nwriter: {{backend: openai, base_url: '{server.base_url}'}}\n",
            encoding="utf-8",
        )
        with pytest.raises(BuildError, match=r"prefecture of tottori stopped.*\(401\)") as error:
            built_place.build(*KEYS)
    assert "OPENAI_API_KEY" in str(error.value)
    assert "sk-very-secret" not in str(error.value)
    assert (built_place.root / "releases" / "latest").resolve() == latest
    assert verify_release(latest) == []


def test_a_failing_check_stops_the_build_and_says_which(built_place, monkeypatch):
    people = pl.read_parquet(built_place.root / "lake" / "people" / "tottori.parquet")
    monkeypatch.setattr(
        "persona_assets.people.assets.build", lambda *_: Built(people.head(people.height - 1), 0)
    )
    with pytest.raises(BuildError, match=r"people_fill_their_quotas.* 1 of 30 cells differ"):
        built_place.build("tottori")


def test_statistics_are_read_again_only_if_they_changed(built_once, built_place):
    def changed(place, reference=None):
        folders = Folders(root=str(place.root), reference=str(reference) if reference else None)
        return statistics_changed(folders, Figures(), built_once.instance)

    assert not changed(built_place)
    # What a build leaves behind that was killed after a table and before the margins.
    table = built_place.root / "lake" / "census" / "occupation.parquet"
    os.utime(table)
    assert changed(built_place)
    shutil.rmtree(built_place.root / "lake" / "margin")
    assert changed(built_place)


def test_statistics_are_read_again_if_a_figure_moved_within_its_total(
    built_once, built_place, tmp_path, reference
):
    copy = tmp_path / "reference"
    shutil.copytree(reference, copy)
    path = copy / "shapes" / "labour_rates.csv"
    text = path.read_text(encoding="utf-8").splitlines()
    head, _, rate = text[1].rpartition(",")
    text[1] = f"{head},{float(rate) / 2:.4f}"
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    folders = Folders(root=str(built_place.root), reference=str(copy))
    assert statistics_changed(folders, Figures(), built_once.instance)


@pytest.mark.slow
def test_a_build_takes_its_figures_from_estat_and_can_be_built_again_without(
    new_place, tmp_path, monkeypatch
):
    monkeypatch.setenv("ESTAT_APP_ID", APP_ID)
    with EStatServer(shipped_content(), app_ids=[APP_ID]) as server:
        text = f"size: {SIZE}\nfigures: {{base_url: '{server.url}', pause: 0}}\n"
        first = new_place(text)
        release = first.build("tottori")
        asked = len(server.requests)
        assert asked > 30
        # Again: one question per survey, and nothing is read anew.
        before = first.files()
        first.build("tottori")
        lists = [request.function for request in server.requests[asked:]]
        assert lists.count("getStatsList") >= 2
        census = {path: one for path, one in first.files().items() if "/census/" in path}
        assert len(census) == len(needed_tables())
        assert all(before[path] == one for path, one in census.items())
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    source = manifest["sources"]["census/occupation"]
    assert source["door"] == "api"
    assert source["table_id"] == "0003410411"
    assert "API機能を使用しています" in (release / "README.md").read_text(encoding="utf-8")
    # Elsewhere, without the server and without an id: snapshots and manifest are enough.
    monkeypatch.delenv("ESTAT_APP_ID")
    again = new_place(pinned_recipe(release / "manifest.json"))
    shutil.copytree(first.root / "snapshots", again.root / "snapshots")
    second = again.build("tottori")
    assert checksums(second) == checksums(release)
    other = json.loads((second / "manifest.json").read_text(encoding="utf-8"))
    assert other["sources"] == manifest["sources"]
    # Neither in what was built nor in what Dagster keeps of the runs.
    for path in first.root.parent.rglob("*"):
        if path.is_file():
            assert APP_ID.encode() not in path.read_bytes()


def test_a_release_never_mixes_figures(built_place, tmp_path):
    store = SnapshotStore(built_place.root / "snapshots")
    read_file(RECORDED / "census_labor_0003412176_long.csv.gz", store)
    # The same figures by another door: nobody has to be built again.
    built_place.build("tottori")
    places = ("47000", "00000")
    moves = {("F1109", place): 1 for place in places} | {("F1110", place): -1 for place in places}
    table = with_moved(shipped_content().tables["0000010106"], moves, "cat01", "area")
    answer = tmp_path / "answer.json"
    answer.write_bytes(render_stats_data(table))
    read_file(answer, store, ["labour_detail"])
    with pytest.raises(BuildError, match="okinawa: the official figures changed since"):
        built_place.build("tottori")
    built_place.build("tottori", "okinawa")


def test_a_build_goes_on_with_what_is_here_if_estat_is_not_there(new_place, monkeypatch):
    monkeypatch.setenv("ESTAT_APP_ID", APP_ID)
    with EStatServer(shipped_content(), app_ids=["another-id"]) as server:
        place = new_place(f"size: {SIZE}\nfigures: {{base_url: '{server.url}', pause: 0}}\n")
        warnings = []
        release = place.build("tottori", on_warning=warnings.append)
    assert len(warnings) == 1
    assert "ESTAT_APP_ID is not accepted" in warnings[0]
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["sources"]["census/occupation"]["door"] == "shipped"


def processes_of(root: Path) -> list[str]:
    """Return the command lines of running processes that were started with a data root."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if f"PERSONA_ASSETS_DATA={root}\0".encode() in environment:
                found.append(entry.name)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_killed_build_leaves_the_release_whole_and_no_process(built_place, tmp_path):
    latest = (built_place.root / "releases" / "latest").resolve()
    home = tmp_path / "home"
    home.mkdir()
    environment = os.environ | {
        "PERSONA_ASSETS_DATA": str(built_place.root),
        "DAGSTER_HOME": str(home),
    }
    script = Path(sys.executable).parent / "persona-assets"
    command = [script, "build", "--recipe", built_place.recipe, "--workers", "2",
               *(f"-p{key}" for key in KEYS)]  # fmt: skip
    people = built_place.root / "lake" / "people" / "okinawa.parquet"
    before = people.stat().st_mtime_ns
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 90
    # The moment when a prefecture is half built: its people are new, its records are not.
    while people.stat().st_mtime_ns == before:
        assert running.poll() is None, "the build ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.wait()
    while processes_of(built_place.root) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(built_place.root) == []
    assert (built_place.root / "releases" / "latest").resolve() == latest
    assert verify_release(latest) == []
    # The same command finishes what was begun, with the same result.
    assert built_place.build(*KEYS).name == latest.name
