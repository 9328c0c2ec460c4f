"""Dagster resources: the recipe, the folders, and the partitions over the 47 prefectures."""

from pathlib import Path

import dagster as dg

from persona_assets.partitions import prefectures
from persona_assets.recipe import Recipe, load_recipe
from persona_assets.storage import paths

PREFECTURES = dg.StaticPartitionsDefinition(list(prefectures()))


class RecipeResource(dg.ConfigurableResource["RecipeResource"]):
    """The recipe file; by default what PERSONA_ASSETS_RECIPE names, else `dataset.yaml`."""

    path: str | None = None
    size: int | None = None

    def load(self) -> Recipe:
        """Read and check the recipe."""
        return load_recipe(Path(self.path) if self.path else None, size=self.size)


class Folders(dg.ConfigurableResource["Folders"]):
    """Where the figures that ship are, and where what is produced goes."""

    root: str | None = None
    reference: str | None = None

    @property
    def data_root(self) -> Path:
        """The root of everything produced."""
        return Path(self.root) if self.root else paths.data_root()

    @property
    def reference_dir(self) -> Path:
        """The folder of the figures and word lists that ship."""
        return Path(self.reference) if self.reference else paths.reference_dir()
