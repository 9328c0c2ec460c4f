"""The recipe: everything a user chooses, read from `dataset.yaml` and checked.

Add a field here when a user should be able to choose it; keep what is measured or fixed out.
"""

import hashlib
import os
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from persona_assets.errors import PersonaAssetsError
from persona_assets.partitions import PREFECTURE_COUNT
from persona_assets.storage.paths import project_root

RECIPE_VARIABLE = "PERSONA_ASSETS_RECIPE"
SIZE_VARIABLE = "PERSONA_ASSETS_SIZE"


class RecipeError(PersonaAssetsError):
    """A recipe that cannot be used; the message is one line and says what to change."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Writer(_Section):
    """What writes the texts."""

    backend: Literal["offline", "openai"] = Field(
        "offline",
        description="'offline': the rule-based Japanese writer, no language model, no network. "
        "'openai': any endpoint that speaks the OpenAI chat protocol (vLLM, NIM, llama.cpp, "
        "Ollama, OpenRouter, OpenAI).",
    )
    model: str = Field(
        "openai/gpt-oss-120b",
        min_length=1,
        description="Model name that the endpoint knows. Not used by 'offline'.",
    )
    base_url: str = Field(
        "http://localhost:8000/v1",
        pattern=r"^https?://[^\s@]+$",
        description="Address of the endpoint, without a key in it. Not used by 'offline'.",
    )
    api_key_env: str = Field(
        "OPENAI_API_KEY",
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="Name of the environment variable that holds the key; never the key itself.",
    )
    temperature: float = Field(
        1.0, ge=0, le=2, description="Sampling temperature; higher is more varied and less exact."
    )
    max_tokens: int = Field(
        4096, ge=256, description="Most tokens of one answer, reasoning included."
    )
    concurrency: int = Field(
        16, ge=1, le=1024, description="Requests in flight at once per prefecture."
    )
    max_attempts: int = Field(
        3,
        ge=1,
        le=10,
        description="How often one text is asked for before its person goes to quarantine.",
    )


class Figures(_Section):
    """Which official figures the people are drawn from."""

    source: Literal["auto", "shipped", "snapshots"] = Field(
        "auto",
        description="'auto': each table's newest snapshot of e-Stat, or the figures that ship if "
        "it has none. 'shipped': only those. 'snapshots': only snapshots.",
    )
    pinned: dict[str, str] = Field(
        default_factory=dict,
        description="Tables that are held at one state: name of the table, then the hash of its "
        "snapshot, or 'shipped' with or without ':' and a hash. `persona-assets pin` writes them "
        "from a release's manifest.",
    )
    base_url: str = Field(
        "https://api.e-stat.go.jp/rest/3.0/app",
        pattern=r"^https?://[^\s@?]+$",
        description="Address of the e-Stat API, without an application id in it.",
    )
    app_id_env: str = Field(
        "ESTAT_APP_ID",
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="Name of the environment variable that holds the e-Stat application id; never "
        "the id itself.",
    )
    pause: float = Field(
        1.0,
        ge=0,
        le=60,
        description="Seconds between two requests to e-Stat, which asks not to be flooded.",
    )
    timeout: float = Field(
        60.0,
        gt=0,
        le=600,
        description="Seconds after which a request to e-Stat is given up and tried again.",
    )


class Names(_Section):
    """Which names people get."""

    diversity: float = Field(
        0.5,
        ge=0,
        le=1,
        description="How far rare names are brought forward, so that fewer people share a full "
        "name: 0 for true frequencies, 1 for the most different names. Up to 0.5 frequent names "
        "keep their share; beyond it they give up to 15 % of it. "
        "[What that means at a million people](people.md#names).",
    )
    public_figures: tuple[str, ...] = Field(
        (),
        description="Text files of full names that nobody may get, one per line, beside the list "
        "of known people that ships. Paths are taken from the folder of the project.",
    )

    @field_validator("public_figures")
    @classmethod
    def _are_files(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for path in value:
            if not (project_root() / path).is_file():
                raise ValueError(f"there is no file {project_root() / path}")
        return value

    @property
    def lists(self) -> tuple[Path, ...]:
        """The files of `public_figures`."""
        return tuple(project_root() / path for path in self.public_figures)


class Quality(_Section):
    """What a release must hold."""

    max_quarantined_share: float = Field(
        0.02,
        ge=0,
        le=1,
        description="Largest share of a prefecture's people that may end in quarantine; above it "
        "the blocking check fails and nothing is released. Also the largest share of a release's "
        "people that may be left out because they repeat another person's text.",
    )
    max_share_difference: float = Field(
        0.1,
        gt=0,
        le=100,
        description="Largest difference, in percentage points, between a released share and the "
        "census for prefecture, sex and age group (checked on full releases of 4,700 or more).",
    )


class Recipe(_Section):
    """One dataset: how many people, which seed, what writes, what is checked."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(
        "personas-japan",
        description="Name of the dataset; part of every person's id, so people of differently "
        "named datasets never share an id.",
    )
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")] = Field(
        "0.1.0", description="Version of the dataset, as major.minor.patch."
    )
    size: int = Field(
        4700,
        ge=PREFECTURE_COUNT,
        le=10_000_000,
        description="How many people the full dataset holds, over all 47 prefectures in "
        "proportion to their adult population. At least 47: one for each prefecture.",
    )
    seed: int = Field(
        20201001, ge=0, lt=2**63, description="Seed of every random stream. Same seed, same bytes."
    )
    keep: str | None = Field(
        None,
        description="Folder with the people of an earlier edition: a copy of `data/lake/people`. "
        "Who still has room among today's figures keeps the id and every fact, so that texts stay. "
        "The path is taken from the folder of the project. "
        "[How many are kept](people.md#a-new-edition).",
    )
    figures: Figures = Field(
        default_factory=Figures,
        description="Which official figures the people are drawn from.",
    )
    names: Names = Field(default_factory=Names, description="Which names people get.")
    writer: Writer = Field(default_factory=Writer, description="What writes the texts.")
    quality: Quality = Field(default_factory=Quality, description="What a release must hold.")

    @field_validator("keep")
    @classmethod
    def _is_folder(cls, value: str | None) -> str | None:
        if value is not None and not (project_root() / value).is_dir():
            raise ValueError(f"there is no folder {project_root() / value}")
        return value

    @property
    def earlier_people(self) -> Path | None:
        """The folder of `keep`."""
        return None if self.keep is None else project_root() / self.keep

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that change when people or texts would; thresholds do not count."""
        chosen = self.model_dump_json(
            include={
                "name": True,
                "size": True,
                "seed": True,
                "names": {"diversity"},
                "writer": {"backend", "model", "temperature"},
            }
        )
        digest = hashlib.sha256(chosen.encode())
        # What the lists and the earlier people say, wherever they lie.
        earlier = sorted(self.earlier_people.glob("*.parquet")) if self.earlier_people else ()
        for path in (*self.names.lists, *earlier):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:12]


def load_recipe(path: Path | None = None, *, size: int | None = None) -> Recipe:
    """Read and check a recipe.

    Args:
        path: The file; by default what PERSONA_ASSETS_RECIPE names, else `dataset.yaml`.
        size: Overrides the file's size; by default what PERSONA_ASSETS_SIZE says, if anything.

    Raises:
        RecipeError: the file is missing, is not YAML, or a field is unknown or out of range.
    """
    path = path or Path(os.environ.get(RECIPE_VARIABLE) or project_root() / "dataset.yaml")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise RecipeError(f"cannot read the recipe {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise RecipeError(f"the recipe {path} is not YAML: {problem}") from error
    if not isinstance(content, dict):
        raise RecipeError(f"the recipe {path} must be a mapping of fields, found {content!r}")
    source = str(path)
    if size is None and (wanted := os.environ.get(SIZE_VARIABLE)):
        size, source = _whole_number(wanted), SIZE_VARIABLE
    elif size is not None:
        source = "the given size"
    if size is not None:
        content["size"] = size
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise RecipeError(f"{source}: {'; '.join(_explain(e) for e in error.errors())}") from None


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise RecipeError(f"{SIZE_VARIABLE}: '{text}' is not a whole number") from None


def _explain(error: object) -> str:
    """Say one pydantic error in one clause: field, value, what is allowed."""
    from difflib import get_close_matches

    assert isinstance(error, dict)  # noqa: S101 - narrows pydantic's ErrorDetails
    location = [str(part) for part in error["loc"]]
    field = ".".join(location)
    if error["type"] == "extra_forbidden":
        sections: dict[str, type[BaseModel]] = {
            "figures": Figures, "names": Names, "writer": Writer, "quality": Quality,
        }  # fmt: skip
        section = sections[location[0]] if location[1:] else Recipe
        near = get_close_matches(location[-1], section.model_fields, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(section.model_fields)}"
        return f"unknown field '{field}'; {hint}"
    message = error["msg"][0].lower() + error["msg"][1:]
    return f"field '{field}' is {error['input']!r}; {message}"
