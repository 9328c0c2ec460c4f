"""A data root of its own and a Dagster instance of its own, with a tiny dataset in them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from persona_assets.automation.build import build
from persona_assets.storage.resources import Folders, RecipeResource

# Two prefectures of a few people: what a build does, in seconds.
KEYS = ("tottori", "okinawa")
SIZE = 1_000


@dataclass(frozen=True)
class Place:
    """A data root, the instance that its builds run on, and a recipe file."""

    root: Path
    instance: dg.DagsterInstance
    recipe: Path

    def build(
        self, *keys: str, workers: int = 1, reference: Path | None = None,
        on_warning=lambda _: None, **recipe,
    ) -> Path:  # fmt: skip
        return build(
            keys,
            RecipeResource(path=str(self.recipe), **recipe),
            Folders(root=str(self.root), reference=str(reference) if reference else None),
            on=self.instance,
            workers=workers,
            on_warning=on_warning,
        )

    def files(self) -> dict[str, tuple[bytes, int]]:
        """Return bytes and time of change of every file of the lake, by its path."""
        return {
            path.relative_to(self.root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in (self.root / "lake").rglob("*.parquet")
        }


@pytest.fixture(scope="session")
def new_place(tmp_path_factory):
    """Return a function that makes an empty place."""

    def make(text: str = f"size: {SIZE}\n") -> Place:
        folder = tmp_path_factory.mktemp("place")
        recipe = folder / "recipe.yaml"
        recipe.write_text(text, encoding="utf-8")
        (folder / "instance").mkdir()
        instance = dg.DagsterInstance.local_temp(
            str(folder / "instance"), overrides={"telemetry": {"enabled": False}}
        )
        return Place(folder / "data", instance, recipe)

    return make


@pytest.fixture(scope="session")
def built_once(new_place) -> Place:
    """A place where KEYS were built; not to be changed."""
    place = new_place()
    place.build(*KEYS)
    return place


@pytest.fixture
def built_place(built_once, new_place) -> Place:
    """A copy of the built place; its instance has seen the same materializations."""
    copy = new_place()
    shutil.copytree(built_once.root, copy.root, symlinks=True)
    return Place(copy.root, built_once.instance, copy.recipe)
