"""What asks to be built again when official figures change, tick by tick, as the daemon sees it."""

from dataclasses import replace

import dagster as dg
import pytest

from persona_assets.census.assets import NEEDED_TABLES
from persona_assets.census.estat_server import EStatServer
from persona_assets.definitions import build_defs
from persona_assets.storage.io_manager import LakeIOManager
from persona_assets.storage.resources import Folders, RecipeResource
from persona_assets_tests.census.estat import (
    APP_ID,
    dated,
    one_at_home_more,
    shipped_content,
    with_moved,
    with_table,
)

BUILT = ("tottori", "shimane")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Daemon:
    """Definitions on an instance of their own: runs what is asked for, and says what that was."""

    def __init__(self, folder, server: EStatServer) -> None:
        recipe = folder / "recipe.yaml"
        recipe.write_text(
            f"size: 1000\nfigures: {{base_url: '{server.url}', pause: 0}}\n", encoding="utf-8"
        )
        self.defs = build_defs(
            {
                "recipe": RecipeResource(path=str(recipe)),
                "folders": Folders(root=str(folder)),
                "io_manager": LakeIOManager(root=str(folder)),
            }
        )
        self.instance = dg.DagsterInstance.ephemeral()
        self.cursor = None

    def run_job(self, name: str, **options) -> None:
        job = self.defs.resolve_job_def(name)
        assert job.execute_in_process(run_config=QUIET, instance=self.instance, **options).success

    def materialize(self, keys, partition: str | None = None) -> None:
        job = self.defs.resolve_implicit_global_asset_job_def()
        job.execute_in_process(
            run_config=QUIET, instance=self.instance, asset_selection=list(keys),
            partition_key=partition,
        )  # fmt: skip

    def tick(self) -> dict[str, set[str | None]]:
        """Evaluate all conditions once and return what is asked for."""
        result = dg.evaluate_automation_conditions(
            self.defs, instance=self.instance, cursor=self.cursor
        )
        self.cursor = result.cursor
        keys = {one.key for one in result.results if isinstance(one.key, dg.AssetKey)}
        asked = {key.to_user_string(): result.get_requested_partitions(key) for key in keys}
        return {key: set(partitions) for key, partitions in asked.items() if partitions}

    def settle(self, ticks: int = 12) -> dict[str, set[str | None]]:
        """Do what is asked for until nothing more is, and return all of it."""
        done: dict[str, set[str | None]] = {}
        for _ in range(ticks):
            asked = self.tick()
            if not asked:
                return done
            for key, partitions in asked.items():
                assert not done.get(key, set()) & partitions, f"{key} was asked for twice"
                done.setdefault(key, set()).update(partitions)
            for partition in sorted({p for ps in asked.values() for p in ps}, key=str):
                keys = [dg.AssetKey(k.split("/")) for k, ps in asked.items() if partition in ps]
                self.materialize(keys, partition)
        raise AssertionError(f"no end of it: {asked}")


@pytest.fixture(scope="module")
def content():
    return shipped_content()


@pytest.fixture(scope="module")
def daemon(content, tmp_path_factory):
    """Everything down to two prefectures' people, built from the server's figures."""
    with pytest.MonkeyPatch.context() as patch, EStatServer(content) as server:
        patch.setenv("ESTAT_APP_ID", APP_ID)
        daemon = Daemon(tmp_path_factory.mktemp("daemon"), server)
        daemon.server = server
        daemon.run_job("observe_estat")
        daemon.run_job("statistics")
        for key in BUILT:
            daemon.materialize([dg.AssetKey("joint_distribution"), dg.AssetKey("people")], key)
        # The first evaluation only takes note of what is there.
        assert daemon.tick() == {}
        yield daemon


def publish(daemon, *tables) -> None:
    for table in tables:
        daemon.server.content = with_table(daemon.server.content, table)
    daemon.run_job("observe_estat")


def test_nothing_asks_to_be_built_when_nothing_was_looked_at(daemon):
    assert daemon.tick() == {}


def test_looking_again_at_the_same_figures_builds_nothing(daemon):
    daemon.run_job("observe_estat")
    assert daemon.settle() == {}


def test_dates_touched_in_bulk_build_nothing(daemon):
    touched = [dated(table, "2026-10-09") for table in daemon.server.content.tables.values()]
    publish(daemon, *touched)
    fetched = [r for r in daemon.server.requests if r.function == "getStatsData"]
    assert len(fetched) > len(NEEDED_TABLES)
    assert daemon.settle() == {}


def test_one_changed_cell_builds_exactly_what_depends_on_it(daemon):
    publish(daemon, one_at_home_more(daemon.server.content))
    assert daemon.settle() == {
        "census/labour_detail": {None},
        "margin/inactivity": {None},
        "adjustments/inactivity": {None},
        # How the employed work is another part of the same table; its figures are what they were.
        "margin/work_mode": {None},
        "adjustments/work_mode": {None},
        "table_agreements": {None},
        "table_origins": {None},
        # The table is the nation's, the cell is Tottori's.
        "joint_distribution": {"tottori"},
        "people": {"tottori"},
    }


def test_figures_that_no_prefecture_of_ours_uses_stop_at_the_table(daemon):
    table = daemon.server.content.tables["0000010101"]
    # The item of all residents is in the same e-Stat table, and no table of ours reads it.
    moves = {("A1101", place): 1 for place in ("31000", "00000")}
    publish(daemon, with_moved(table, moves, "cat01", "area", date="2026-11-10"))
    assert daemon.settle() == {}


def test_a_changed_table_of_residents_draws_every_prefecture_again(daemon):
    content = daemon.server.content
    # One man of Tottori of 50-54 is 45-49: ages are codes 10 and 11.
    moves = {
        (code, sex, place): step
        for code, step in (("10", 1), ("11", -1))
        for sex in ("0", "1")
        for place in ("00000", "31000")
    }
    table = with_moved(
        content.tables["0003445162"], moves, "cat03", "cat02", "area", date="2026-11-12"
    )
    publish(daemon, table)
    asked = daemon.settle()
    assert asked["census/population_by_age"] == {None}
    assert asked["margin/population"] == {None}
    # A fit reads its own prefecture's rows; quotas are a rounding of the whole nation.
    assert asked["joint_distribution"] == {"tottori"}
    assert asked["people"] == set(BUILT)


def test_industries_of_one_prefecture_are_that_prefectures_alone(daemon):
    # One woman of Tottori moves from A to B; the table has no row of the nation.
    table = daemon.server.content.tables["0003410398"]
    moves = {
        (code, sex, "31000", "2020000000"): step
        for code, step in (("110", -1), ("120", 1))
        for sex in ("100", "120")
    }
    publish(daemon, with_moved(table, moves, "cat01", "cat02", "area", "time", date="2026-11-14"))
    asked = daemon.settle()
    assert asked["margin/industry"] == {None}
    assert asked["joint_distribution"] == asked["people"] == {"tottori"}


def test_a_table_that_fails_keeps_everything_as_it_is(daemon):
    table = daemon.server.content.tables["0003410411"]
    spoilt = replace(
        dated(table, "2026-11-20"),
        axes=tuple(replace(a, name="？") if a.id == "cat01" else a for a in table.axes),
    )
    before = daemon.server.content
    daemon.server.content = with_table(before, spoilt)
    job = daemon.defs.resolve_job_def("observe_estat")
    result = job.execute_in_process(
        run_config=QUIET, instance=daemon.instance, raise_on_error=False
    )
    assert not result.success
    daemon.server.content = before
    assert daemon.settle() == {}


def test_a_run_that_fails_is_not_asked_for_again_and_again(daemon, monkeypatch):
    content = daemon.server.content
    moves = {("F1109", place): -1 for place in ("32000", "00000")}
    moves |= {("F1110", place): 1 for place in ("32000", "00000")}
    publish(
        daemon,
        with_moved(content.tables["0000010106"], moves, "cat01", "area", date="2026-11-22"),
    )
    while "joint_distribution" not in (asked := daemon.tick()):
        assert asked
        daemon.materialize([dg.AssetKey(key.split("/")) for key in asked])
    assert asked == {"joint_distribution": {"shimane"}}
    # The run comes to nothing, so its joint stays the old one.
    assert daemon.tick() == {}
    assert daemon.tick() == {}
