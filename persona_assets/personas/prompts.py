"""Prompts: the Jinja templates of the two steps, rendered in a sandbox, and their hashes.

The static part (how to write) is the system message and comes first, so that an endpoint can
cache it; what is known of the person is the user message.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from persona_assets.people.labels import TRAIT_HIGH, TRAIT_LOW
from persona_assets.people.life_stage import LifeStage, Place, Years, era_year
from persona_assets.personas.models import STEPS

PROMPT_DIR = Path(__file__).parent / "templates"

# What T scores of 20-80 mean as everyday behaviour, low and high; in between nothing is said. The
# prompt never names the trait.
EVERYDAY: Mapping[str, tuple[str, str]] = {
    "openness": ("慣れたやり方や行きつけの場所を好む", "新しいものや知らない場所に惹かれる"),
    "conscientiousness": ("片づけや準備は後回しにしがち", "段取りを決めてから動く"),
    "extraversion": ("大勢の集まりよりひとりの時間を好む", "人と話していると元気が出る"),
    "agreeableness": ("思ったことをはっきり言う", "相手の都合を先に考える"),
    "neuroticism": ("少々のことでは動じない", "先のことを心配しやすい"),
}


@cache
def _template(name: str) -> Template:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(PROMPT_DIR),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.filters |= {"years": _years, "eras": _eras, "percent": _percent, "ratios": _ratios}
    environment.globals |= {"times": _times, "place": _place}
    return environment.get_template(name)


@cache
def prompt_hash(step: str) -> str:
    """Return twelve hex digits of all that a first request is made of besides the person.

    The templates, the wording of the traits and the JSON schema that the answer is held to.
    """
    digest = hashlib.sha256()
    for part in (dict(EVERYDAY), STEPS[step].model_json_schema()):
        digest.update(json.dumps(part, ensure_ascii=False, sort_keys=True).encode())
    for name in ("system.jinja", "_person.jinja", "_times.jinja", "_place.jinja", f"{step}.jinja"):
        digest.update((PROMPT_DIR / name).read_bytes())
    return digest.hexdigest()[:12]


def render(
    step: str, person: Mapping[str, Any], attributes: Mapping[str, Any] | None = None
) -> tuple[str, str]:
    """Return the system and the user message of one step for one person.

    Raises:
        jinja2.UndefinedError: a template names a fact that the person does not have.
    """
    system = _template("system.jinja").render()
    user = _template(f"{step}.jinja").render(
        person=person, attributes=attributes, ways=everyday_ways(person)
    )
    return system, user


# Many people share their times and their place.
@cache
def _times(life: LifeStage, sex: str, prefecture: str) -> str:
    return _template("_times.jinja").render(life=life, sex=sex, prefecture=prefecture)


@cache
def _place(place: Place, municipality: str, prefecture: str, region: str) -> str:
    return _template("_place.jinja").render(
        place=place, municipality=municipality, prefecture=prefecture, region=region
    )


def everyday_ways(person: Mapping[str, Any]) -> list[str]:
    """Return the person's pronounced traits as everyday behaviour."""
    return [
        ways[0] if person[trait] < TRAIT_LOW else ways[1]
        for trait, ways in EVERYDAY.items()
        if not TRAIT_LOW <= person[trait] <= TRAIT_HIGH
    ]


def _years(years: Years) -> str:
    """Write two possible years: 1979年か1980年."""
    return "か".join(f"{year}年" for year in dict.fromkeys(years))


def _eras(years: Years) -> str:
    return "か".join(era_year(year) for year in dict.fromkeys(years))


def _ratios(ratios: Sequence[float]) -> str:
    return "か".join(dict.fromkeys(f"{ratio:.2f}" for ratio in ratios))


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"
