"""Backends: what answers a request. One small interface, so that the engine knows no provider.

`offline`, here, writes by rule and needs no network; `openai`, in `endpoint`, asks any endpoint
that speaks the OpenAI chat protocol. Retrying for content belongs in the engine.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel

from persona_assets.errors import PersonaAssetsError
from persona_assets.people.streams import stream
from persona_assets.personas.offline.writer import write_attributes, write_personas
from persona_assets.recipe import Writer


class EndpointError(PersonaAssetsError):
    """An endpoint that cannot be used at all: nothing is to be gained from asking it again."""


class AnswerError(ValueError):
    """One answer that cannot be used; its text says why, `kind` counts it."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Request:
    """One question about one person.

    Attributes:
        step: `attributes` or `personas`.
        person: The person's facts and labels.
        attributes: The first step's answer, in the second step.
        system: The system message.
        user: The user message.
        model: The pydantic model that the answer must fit.
        attempt: 1, 2, ...
        complaints: What was wrong with the last answer, in words for the model.
        last_answer: That answer.
    """

    step: str
    person: Mapping[str, Any]
    attributes: Mapping[str, Any] | None
    system: str
    user: str
    model: type[BaseModel]
    attempt: int = 1
    complaints: Sequence[str] = ()
    last_answer: str | None = None


@dataclass(slots=True)
class Usage:
    """What an endpoint reported to have used."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Backend(Protocol):
    """Answers requests; `name` and `model` go into every record's provenance."""

    name: str
    model: str
    usage: Usage

    async def answer(self, request: Request) -> str:
        """Return the answer's JSON text.

        Raises:
            AnswerError: this answer is lost; another attempt may do better.
            EndpointError: no attempt can succeed.
        """
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


@dataclass
class OfflineBackend:
    """The rule-based writer: no language model, no network, the same bytes every time."""

    seed: int
    name: str = "offline"
    model: str = "rule-based"
    usage: Usage = field(default_factory=Usage)

    async def answer(self, request: Request) -> str:
        """Write the step's texts from the person's facts."""
        rng = stream(self.seed, request.person["person_id"], f"{request.step}/{request.attempt}")
        self.usage.calls += 1
        if request.step == "attributes":
            return json.dumps(write_attributes(request.person, rng), ensure_ascii=False)
        if request.attributes is None:
            raise ValueError("the personas step needs the attributes of the person")
        texts = write_personas(request.person, request.attributes, rng)
        return json.dumps(texts, ensure_ascii=False)

    async def close(self) -> None:
        """Nothing to give back."""


def make_backend(writer: Writer, seed: int) -> Backend:
    """Return the backend that the recipe names."""
    if writer.backend == "offline":
        return OfflineBackend(seed)
    # The client takes more than half a second to import, and offline builds never need it.
    from persona_assets.personas.endpoint import OpenAIBackend

    return OpenAIBackend(writer, seed)
