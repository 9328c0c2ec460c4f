"""The doctor: looks at environment, recipe, figures, disk and endpoint, and says what to do."""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import openai

from persona_assets.automation.build import BuildError, check_writable
from persona_assets.census.origins import load_figures
from persona_assets.census.refresh import make_client
from persona_assets.census.registry import load_registry
from persona_assets.census.snapshots import SnapshotStore
from persona_assets.census.tables import TableError, load_sources, load_table
from persona_assets.census.wire import EStatError
from persona_assets.recipe import Figures, Recipe, RecipeError, Writer, load_recipe
from persona_assets.storage.paths import data_root, reference_dir, snapshots_dir

# A record with its share of the intermediate files; measured on the demo (docs/release.md).
BYTES_PER_PERSON = 10_000
# The joints of all prefectures, whatever the size of the dataset; measured on the demo too.
BYTES_OF_JOINTS = 40_000_000
PROBE_SECONDS = 5.0
# A small table to ask e-Stat for.
PROBE_TABLE = "0003412176"
DOORS = {"shipped": "as they ship", "api": "from e-Stat", "download": "from downloads"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is good, what it is, and what was found or is to be done."""

    good: bool
    subject: str
    text: str


def examine(recipe: Path | None = None) -> list[Finding]:
    """Look at everything a build needs.

    Args:
        recipe: The recipe file; by default the project's.
    """
    findings = [_environment()]
    chosen: Recipe | None = None
    try:
        chosen = load_recipe(recipe)
        text = f"{chosen.name} {chosen.version}, {chosen.size:,} people, seed {chosen.seed}"
        findings.append(Finding(True, "recipe", text))
    except RecipeError as error:
        findings.append(Finding(False, "recipe", str(error)))
    findings.append(_figures(reference_dir()))
    if chosen:
        findings += _official(chosen.figures, reference_dir(), data_root())
    findings += _disk(data_root(), chosen.size if chosen else 0)
    if chosen:
        findings.append(_endpoint(chosen.writer))
    return findings


def _environment() -> Finding:
    python = ".".join(str(part) for part in sys.version_info[:3])
    packages = ", ".join(f"{name} {version(name)}" for name in ("dagster", "polars", "duckdb"))
    return Finding(sys.version_info >= (3, 11), "environment", f"Python {python}, {packages}")


def _figures(folder: Path) -> Finding:
    sources = load_sources(folder)
    try:
        for key in sources:
            load_table(key, folder)
    except TableError as error:
        return Finding(False, "figures", str(error))
    totals = sum(len(source.totals) for source in sources.values())
    return Finding(True, "figures", f"{len(sources)} tables, {totals} published totals hold")


def _official(choice: Figures, reference: Path, root: Path) -> Iterator[Finding]:
    """Read every table as a build would, and ask e-Stat for one if there is an application id."""
    store = SnapshotStore(snapshots_dir(root))
    try:
        tables = [load_figures(name, reference, store, choice) for name in load_registry().tables]
        doors = Counter(loaded.origin.door for loaded in tables if loaded is not None)
        text = ", ".join(f"{count} {DOORS[door]}" for door, count in sorted(doors.items()))
        yield Finding(True, "tables", text)
    except TableError as error:
        yield Finding(False, "tables", str(error))
    try:
        client = make_client(choice, attempts=1, timeout=PROBE_SECONDS)
        if client is None:
            text = f"{choice.app_id_env} is not set: tables are as they ship or were fetched"
            yield Finding(True, "e-Stat", text)
            return
        with client:
            info, _ = client.meta(PROBE_TABLE)
        yield Finding(True, "e-Stat", f"{choice.base_url} answers; '{info.title}'")
    except EStatError as error:
        yield Finding(False, "e-Stat", str(error))


def _disk(root: Path, people: int) -> Iterator[Finding]:
    try:
        check_writable(root)
    except BuildError as error:
        yield Finding(False, "disk", str(error))
        return
    free = shutil.disk_usage(root).free
    needed = BYTES_OF_JOINTS + people * BYTES_PER_PERSON
    text = f"{root}: {free / 1e9:.1f} GB free, about {needed / 1e9:.2f} GB needed"
    yield Finding(free > needed, "disk", text + ("" if free > needed else "; free some space"))


def _endpoint(writer: Writer, client: Callable[..., openai.OpenAI] = openai.OpenAI) -> Finding:
    """Ask the endpoint for its models; the key itself is never shown."""
    if writer.backend == "offline":
        return Finding(True, "writer", "offline: rule-based, no language model, no endpoint")
    key = os.environ.get(writer.api_key_env)
    try:
        connection = client(
            base_url=writer.base_url, api_key=key or "none", timeout=PROBE_SECONDS, max_retries=0
        )
        models = [model.id for model in connection.models.list()]
    except openai.APIConnectionError:
        return Finding(False, "writer", f"{writer.base_url} does not answer; start the server")
    except openai.APIStatusError as error:
        hint = "" if key else f"; {writer.api_key_env} is not set"
        return Finding(False, "writer", f"{writer.base_url} answers {error.status_code}{hint}")
    if writer.model not in models:
        known = ", ".join(models[:5]) or "none"
        return Finding(False, "writer", f"no model '{writer.model}' there; it has: {known}")
    return Finding(True, "writer", f"{writer.base_url} has {writer.model}")
