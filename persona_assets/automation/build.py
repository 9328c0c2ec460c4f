"""The build that the command line runs: statistics if they changed, prefectures, then the release.

It drives the same jobs that the UI launches, on the same instance, so every run is visible there.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import dagster as dg
import polars as pl
from dagster import DagsterInstance

from persona_assets.automation.jobs import PREFECTURE, RELEASE, STATISTICS
from persona_assets.census.assets import census_assets
from persona_assets.census.tables import inventory, load_table
from persona_assets.definitions import build_defs
from persona_assets.partitions import prefecture, prefectures
from persona_assets.recipe import Recipe, RecipeError
from persona_assets.storage import lake
from persona_assets.storage.io_manager import LakeIOManager
from persona_assets.storage.paths import lake_dir, project_root, releases_dir
from persona_assets.storage.resources import Folders, RecipeResource

# What a run logs to the terminal: its events are kept in the instance, problems are raised.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class BuildError(RuntimeError):
    """A build that stopped; says at which step and why. What was released before is untouched."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a build is about to do, for progress displays."""

    name: str
    number: int
    total: int


def instance() -> DagsterInstance:
    """Return the project's Dagster instance, the one that the UI shows."""
    os.environ.setdefault("DAGSTER_HOME", str(project_root()))
    return DagsterInstance.get()


def build(
    wanted: Sequence[str],
    recipe: RecipeResource,
    folders: Folders,
    *,
    on: DagsterInstance | None = None,
    on_step: Callable[[Step], None] = lambda _: None,
) -> Path:
    """Build prefectures and release what is there.

    Args:
        wanted: Prefecture keys; none means all 47.
        recipe: The recipe to use.
        folders: Where to read figures and write data.
        on: The instance; by default the project's.
        on_step: Called before each step.

    Returns:
        The released folder.

    Raises:
        BuildError, RecipeError, UnknownPrefectureError: with one line that says what to do.
    """
    chosen = recipe.load()
    keys = list(dict.fromkeys(prefecture(key).key for key in wanted)) or list(prefectures())
    check_writable(folders.data_root)
    _refuse_mixture(keys, chosen, folders)
    defs = build_defs(
        {
            "recipe": recipe,
            "folders": folders,
            "io_manager": LakeIOManager(root=folders.root),
        }
    )
    on = on or instance()
    steps = ["statistics"] if statistics_changed(folders, on) else []
    steps += [*keys, "release"]
    for number, name in enumerate(steps, start=1):
        on_step(Step(name, number, len(steps)))
        if name == "statistics":
            _run(defs, STATISTICS.name, on, None)
        elif name == "release":
            _run(defs, RELEASE.name, on, None)
        else:
            _run(defs, PREFECTURE.name, on, name)
    return (releases_dir(folders.data_root) / "latest").resolve()


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


def statistics_changed(folders: Folders, on: DagsterInstance) -> bool:
    """Return whether a table, a word list or the code of the census stage is newer than the lake.

    What lies in the lake is compared, not what the instance remembers: one instance may have seen
    builds of several data roots.
    """
    root = lake_dir(folders.data_root)
    for spec in (spec for asset in census_assets for spec in asset.specs):
        name = spec.key.to_user_string()
        event = on.get_latest_materialization_event(spec.key)
        done = event.asset_materialization if event else None
        if done is None or (done.tags or {}).get("dagster/code_version") != spec.code_version:
            return True
        path = lake.table_path(root, name)
        if not path.exists():
            return True
        if name.startswith("margin/"):
            continue
        ships = (
            inventory(name.removeprefix("words/"), folders.reference_dir)
            if name.startswith("words/")
            else load_table(name, folders.reference_dir)
        )
        if not ships.equals(pl.read_parquet(path)):
            return True
    return False


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
        if not check.passed
    ]
    for event in result.get_step_failure_events():
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        if error is not None and "DagsterAssetCheckFailed" not in (error.cls_name or ""):
            message = error.message.strip().removeprefix(f"{error.cls_name}: ")
            reasons.append(f"{event.step_key}: {message}")
    where = f" of {key}" if key else ""
    raise BuildError(f"{job}{where} stopped. {'; '.join(reasons) or 'see the run in the UI'}")
