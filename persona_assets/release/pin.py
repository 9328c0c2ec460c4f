"""Building a release again: its recipe, with every table pinned to what it was built from."""

import json
from pathlib import Path

import yaml

from persona_assets.census.origins import pin_of
from persona_assets.recipe import Recipe
from persona_assets.release.writer import ReleaseError

_HEAD = (
    "# Builds {folder} again: the same recipe and the same official figures.\n"
    "# Snapshots of e-Stat that it pins must be in the data root's folder `snapshots`.\n"
)


def pinned_recipe(manifest: Path) -> str:
    """Return the recipe of a release as YAML, its figures pinned.

    Args:
        manifest: The release's `manifest.json`.

    Raises:
        ReleaseError: the file is no manifest of a release.
    """
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        recipe = Recipe.model_validate(content["recipe"])
        pinned = {
            key.removeprefix("census/"): pin_of(s["door"], s["sha256"])
            for key, s in content["sources"].items()
            if key.startswith("census/")
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReleaseError(
            f"{manifest} is no manifest of a release ({type(error).__name__}: {error})"
        ) from None
    figures = recipe.figures.model_copy(update={"pinned": pinned})
    chosen = recipe.model_copy(update={"figures": figures}).model_dump(mode="json")
    return _HEAD.format(folder=manifest.resolve().parent.name) + yaml.safe_dump(
        chosen, allow_unicode=True, sort_keys=False
    )
