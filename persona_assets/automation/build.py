"""The build that the command line runs: statistics if they changed, prefectures, then the release.

It drives the same jobs that the UI launches, on the same instance, so every run is visible there.
"""

import gc
import multiprocessing
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import uuid4

import dagster as dg
import polars as pl
from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef

from persona_assets.automation.jobs import OBSERVE, PREFECTURE, RELEASE, STATISTICS
from persona_assets.census.assets import (
    NEEDED_TABLES,
    SHAPES,
    TABLES,
    WORD_FOLDERS,
    census_assets,
    snapshot_store,
)
from persona_assets.census.origins import load_figures, origins_frame
from persona_assets.census.tables import inventory, load_table
from persona_assets.definitions import build_defs
from persona_assets.errors import PersonaAssetsError
from persona_assets.partitions import prefecture, prefectures
from persona_assets.recipe import Figures, Recipe, RecipeError
from persona_assets.storage import lake
from persona_assets.storage.io_manager import LakeIOManager
from persona_assets.storage.paths import lake_dir, project_root, releases_dir
from persona_assets.storage.resources import Folders, RecipeResource

# As many prefectures at once as the run queue of `dagster.yaml` starts, if there are the cores.
MOST_WORKERS = 4

# What a run logs to the terminal: its events are kept in the instance, problems are raised.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class BuildError(PersonaAssetsError):
    """A build that stopped; says at which step and why. What was released before is untouched."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is: what was just finished, how many steps are done, and of how many."""

    finished: str
    done: int
    total: int


# Capturing what a run prints takes two processes that watch for it, and assets print nothing. Runs
# of the UI keep what dagster.yaml says.
NO_CAPTURE = {
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
}


def instance() -> DagsterInstance:
    """Return the project's Dagster instance, the one that the UI shows."""
    home = os.environ.setdefault("DAGSTER_HOME", str(project_root()))
    return DagsterInstance.from_ref(InstanceRef.from_dir(home, overrides=NO_CAPTURE))


def build(
    wanted: Sequence[str],
    recipe: RecipeResource,
    folders: Folders,
    *,
    on: DagsterInstance | None = None,
    workers: int | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_warning: Callable[[str], None] = lambda _: None,
) -> Path:
    """Build prefectures and release what is there.

    A prefecture is a run of its own, and runs are independent: several worker processes take them
    from a queue, as the run queue of the UI does. The files do not depend on their number.

    Args:
        wanted: Prefecture keys; none means all 47.
        recipe: The recipe to use.
        folders: Where to read figures and write data.
        on: The instance; by default the project's.
        workers: Prefectures at once; by default one per core, at most MOST_WORKERS. One means no
            process beside this one.
        on_progress: Called when the build starts and after each step.
        on_warning: Called if e-Stat could not be asked; the build goes on with what is here.

    Returns:
        The released folder.

    Raises:
        BuildError, RecipeError, UnknownPrefectureError: with one line that says what to do.
    """
    chosen = recipe.load()
    keys = list(dict.fromkeys(prefecture(key).key for key in wanted)) or list(prefectures())
    check_writable(folders.data_root)
    _refuse_mixture(keys, chosen, folders)
    on = on or instance()
    place = _Place(recipe.path, recipe.size, folders.root, folders.reference)
    with _workers(min(workers or _cores(), MOST_WORKERS, len(keys)), place, on) as pool:
        defs = place.definitions()
        try:
            _run(defs, OBSERVE.name, on, None)
        except BuildError as error:
            # The newest good figures are still there; the release says which they are.
            on_warning(str(error))
        steps = ["statistics"] if statistics_changed(folders, chosen.figures, on) else []
        steps += [*keys, "release"]
        done = 0

        def finished(step: str) -> None:
            nonlocal done
            done += 1
            on_progress(Progress(step, done, len(steps)))

        on_progress(Progress("", 0, len(steps)))
        if "statistics" in steps:
            _run(defs, STATISTICS.name, on, None)
            finished("statistics")
        if pool is None:
            for key in keys:
                _run(defs, PREFECTURE.name, on, key)
                finished(key)
        else:
            futures = {pool.submit(_run_prefecture, key): key for key in keys}
            for future in as_completed(futures):
                _raise_failure(future)
                finished(futures[future])
        _run(defs, RELEASE.name, on, None)
        finished("release")
    return (releases_dir(folders.data_root) / "latest").resolve()


@dataclass(frozen=True, slots=True)
class _Place:
    """What a worker process needs to make the same definitions: plain values."""

    recipe: str | None
    size: int | None
    root: str | None
    reference: str | None

    def definitions(self) -> dg.Definitions:
        return build_defs(
            {
                "recipe": RecipeResource(path=self.recipe, size=self.size),
                "folders": Folders(root=self.root, reference=self.reference),
                "io_manager": LakeIOManager(root=self.root),
            }
        )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _workers(
    count: int, place: _Place, on: DagsterInstance
) -> Iterator[ProcessPoolExecutor | None]:
    """Yield a pool of worker processes, or None if one process is enough.

    Workers are spawned, not forked: polars keeps threads, and a fork copies their locks. When the
    block fails, no prefecture is begun but the one next in line.
    """
    if count < 2:
        yield None
        return
    pool = ProcessPoolExecutor(
        count,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(place, on.get_ref()),
    )
    with _one_thread_each():
        # Workers start now, while this process reads the statistics.
        for _ in range(count):
            pool.submit(os.getpid)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that are started meanwhile keep polars to one thread: a worker has a core."""
    name = "POLARS_MAX_THREADS"
    before = os.environ.get(name)
    os.environ[name] = before or "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]


# A worker process's definitions and instance: made once by `_start_worker`, used by each task.
_worker: tuple[dg.Definitions, DagsterInstance] | None = None


def _start_worker(place: _Place, on: InstanceRef) -> None:
    global _worker
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 - a worker has one
    # Ctrl-C is the build's business: it lets what is running finish.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A killed build leaves its workers waiting for ever; they end with it instead.
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _worker = place.definitions(), DagsterInstance.from_ref(on)
    # What is there by now stays until the end: not to look through it at every collection saves a
    # tenth of a worker's time.
    gc.collect()
    gc.freeze()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _run_prefecture(key: str) -> None:
    assert _worker is not None  # noqa: S101 - the pool's initializer made it
    defs, on = _worker
    _run(defs, PREFECTURE.name, on, key)


def _raise_failure(future: "Future[None]") -> None:
    try:
        future.result()
    except BrokenProcessPool:
        raise BuildError(
            "a worker process was killed, which happens when memory runs out; what it had not "
            "finished is built again by the same command"
        ) from None


def check_writable(root: Path) -> None:
    """Raise BuildError unless files can be written under `root`."""
    probe = root / f".{uuid4().hex}.probe"
    try:
        root.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BuildError(
            f"cannot write to the data root {root}: {error.strerror}; make it writable, or set "
            "PERSONA_ASSETS_DATA to another folder"
        ) from None


def statistics_changed(folders: Folders, choice: Figures, on: DagsterInstance) -> bool:
    """Return whether a table, a word list or the code of the census stage is newer than the lake.

    Args:
        folders: Where figures and lake are.
        choice: Which figures the recipe wants.
        on: The instance.

    What lies in the lake is compared, not what the instance remembers: one instance may have seen
    builds of several data roots. A margin older than a table is what a killed build leaves behind.

    Raises:
        TableError: a table is not what was published.
    """
    root = lake_dir(folders.data_root)
    figures = _figures(folders, choice)
    paths = {}
    for spec in (spec for asset in census_assets for spec in asset.specs):
        name = spec.key.to_user_string()
        if name.startswith("census/") and name not in figures:
            continue
        event = on.get_latest_materialization_event(spec.key)
        done = event.asset_materialization if event else None
        if done is None or (done.tags or {}).get("dagster/code_version") != spec.code_version:
            return True
        paths[name] = lake.table_path(root, name)
    if not all(path.exists() for path in paths.values()):
        return True
    if any(not figures[name].equals(pl.read_parquet(paths[name])) for name in figures):
        return True
    written = {name: path.stat().st_mtime_ns for name, path in paths.items()}
    newest_input = max(written[name] for name in figures if name != ORIGINS)
    return any(written[name] < newest_input for name in paths.keys() - figures.keys())


# The one figure of the census stage that is about the others.
ORIGINS = "table_origins"


def _figures(folders: Folders, choice: Figures) -> dict[str, pl.DataFrame]:
    """Return what the census stage reads, by asset, as it is now."""
    reference, store = folders.reference_dir, snapshot_store(folders)
    tables = {name: load_figures(name, reference, store, choice) for name in TABLES}
    here = {name: loaded for name, loaded in tables.items() if loaded is not None}
    return {
        **{f"census/{name}": loaded.frame for name, loaded in here.items()},
        **{f"shapes/{name}": load_table(f"shapes/{name}", reference) for name in SHAPES},
        **{f"words/{folder}": inventory(folder, reference) for folder in WORD_FOLDERS},
        ORIGINS: origins_frame(
            (here[name].origin, here[name].frame.height) for name in NEEDED_TABLES if name in here
        ),
    }


def _refuse_mixture(keys: Sequence[str], recipe: Recipe, folders: Folders) -> None:
    """Stop before any work if the release would mix people of different recipes."""
    root = lake_dir(folders.data_root)
    for key in prefectures():
        path = lake.partition_path(root, "checked_records", key)
        if key in keys or not path.exists():
            continue
        found = lake.read_partition(root, "checked_records", key)["recipe"]
        if len(found) and found[0] != recipe.fingerprint:
            raise RecipeError(
                f"{key} was built from another recipe ({found[0]}, this one is "
                f"{recipe.fingerprint}: size, seed, name or writer differ), and a release cannot "
                "mix them; build all prefectures, or set PERSONA_ASSETS_DATA to another folder"
            )


def _run(defs: dg.Definitions, job: str, on: DagsterInstance, key: str | None) -> None:
    result = defs.resolve_job_def(job).execute_in_process(
        run_config=QUIET, instance=on, partition_key=key, raise_on_error=False
    )
    if result.success:
        return
    reasons = [
        f"check '{check.check_name}' failed: {check.description or 'see the run in the UI'}"
        for check in result.get_asset_check_evaluations()
        if not check.passed and check.severity is dg.AssetCheckSeverity.ERROR
    ]
    for event in result.get_step_failure_events():
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        if error is not None and "DagsterAssetCheckFailed" not in (error.cls_name or ""):
            message = re.sub(rf"^[\w.]*{error.cls_name}: ", "", error.message.strip())
            reasons.append(f"{event.step_key}: {message}")
    where = f" of {key}" if key else ""
    raise BuildError(f"{job}{where} stopped. {'; '.join(reasons) or 'see the run in the UI'}")
