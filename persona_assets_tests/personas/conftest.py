"""People whose rule-written answers are good at once, and a server that gives these answers."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from persona_assets.personas.backends import OfflineBackend, Request
from persona_assets.personas.endpoint import OpenAIBackend
from persona_assets.personas.engine import accept
from persona_assets.personas.facts import person_facts
from persona_assets.personas.models import STEPS
from persona_assets.personas.prompts import render
from persona_assets.recipe import Writer
from persona_assets_tests.personas.chat_server import MODEL, Asked, ChatServer, Reply

SEED = 7
KEY_VARIABLE = "PERSONA_ASSETS_TEST_KEY"
KEY = "sk-test-f00dcafe0123456789"


def offline_answer(
    step: str, person: Mapping[str, Any], attributes: Mapping[str, Any] | None = None
) -> str:
    """Return what the rule-based writer answers at the first attempt."""
    system, user = render(step, person, attributes)
    request = Request(step, person, attributes, system, user, STEPS[step])
    return asyncio.run(OfflineBackend(SEED).answer(request))


@dataclass(frozen=True)
class Cast:
    """Some people, and for each step the good answer to each person's prompt."""

    people: list[dict[str, Any]]
    attributes: dict[str, dict[str, Any]]
    answers: dict[str, str]

    def good(self, asked: Asked) -> Reply:
        """Answer as the rule-based writer does."""
        return Reply(self.answers[asked.user])

    def answer(self, step: str, person: Mapping[str, Any]) -> str:
        attributes = self.attributes[person["person_id"]] if step == "personas" else None
        return self.answers[render(step, person, attributes)[1]]


@pytest.fixture(scope="session")
def cast(people, reference) -> Cast:
    """Twelve people."""
    cast = Cast([], {}, {})
    for person in person_facts(people, reference):
        first = offline_answer("attributes", person)
        attributes = accept("attributes", first, person)[0]
        if attributes is None:
            continue
        second = offline_answer("personas", person, attributes)
        if accept("personas", second, person)[0] is None:
            continue
        cast.people.append(person)
        cast.attributes[person["person_id"]] = attributes
        cast.answers[render("attributes", person)[1]] = first
        cast.answers[render("personas", person, attributes)[1]] = second
        if len(cast.people) == 12:
            break
    assert len(cast.people) == 12
    return cast


@pytest.fixture
def serve(cast):
    """Start servers that follow a script and then answer as the rule-based writer does."""
    running: list[ChatServer] = []

    def start(*script, usual=None) -> ChatServer:
        server = ChatServer(usual or cast.good, script)
        running.append(server.__enter__())
        return server

    yield start
    for server in running:
        server.__exit__()


@pytest.fixture
def connect(monkeypatch):
    """Make backends that ask a server, with a key, and that wait next to nothing before retries."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
    monkeypatch.setenv(KEY_VARIABLE, KEY)

    def make(base_url: str, **chosen) -> OpenAIBackend:
        writer = Writer(
            backend="openai", model=MODEL, base_url=base_url, api_key_env=KEY_VARIABLE, **chosen
        )
        return OpenAIBackend(writer, SEED)

    return make


def with_they(answer: str) -> str:
    """Return an answer that fits the model and breaks a record rule: one person is called 彼ら."""
    texts = json.loads(answer)
    field = "cultural_background" if "cultural_background" in texts else "arts_persona"
    texts[field] += "彼らは静かな朝を好む。"
    return json.dumps(texts, ensure_ascii=False)
