import asyncio
import logging
import socket
import traceback

import openai
import pytest

from persona_assets.personas.backends import (
    AnswerError,
    EndpointError,
    OfflineBackend,
    Request,
    make_backend,
)
from persona_assets.personas.endpoint import OpenAIBackend
from persona_assets.personas.engine import run_step
from persona_assets.personas.models import Attributes
from persona_assets.personas.prompts import render
from persona_assets.recipe import Writer
from persona_assets_tests.personas.chat_server import MODEL, Reply
from persona_assets_tests.personas.conftest import KEY, KEY_VARIABLE, SEED

SOON = {"Retry-After": "0.01"}


def ask(backend, person, **chosen):
    async def once():
        try:
            system, user = render("attributes", person)
            request = Request("attributes", person, None, system, user, Attributes, **chosen)
            return await backend.answer(request)
        finally:
            await backend.close()

    return asyncio.run(once())


@pytest.fixture
def person(cast):
    return cast.people[0]


def test_server_lists_its_model_as_the_protocol_does(serve):
    server = serve()
    client = openai.OpenAI(base_url=server.base_url, api_key="none")
    assert [model.id for model in client.models.list()] == [MODEL]


def test_request_holds_the_endpoint_to_the_schema(serve, connect, person):
    server = serve()
    backend = connect(server.base_url, temperature=0.3, max_tokens=777)
    assert ask(backend, person, attempt=2)
    (asked,) = server.asked
    assert asked.body["response_format"] == {
        "type": "json_schema",
        "json_schema": {
            "name": "attributes",
            "strict": True,
            "schema": Attributes.model_json_schema(),
        },
    }
    assert asked.body["model"] == MODEL
    assert asked.body["temperature"] == 0.3
    assert asked.body["max_tokens"] == 777
    assert asked.body["seed"] == SEED + 2
    assert [message["role"] for message in asked.messages] == ["system", "user"]
    assert asked.messages[0]["content"], asked.messages[1]["content"] == render(
        "attributes", person
    )


def test_seed_fits_what_endpoints_take(serve, person, monkeypatch):
    server = serve()
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    writer = Writer(
        backend="openai", model=MODEL, base_url=server.base_url, api_key_env=KEY_VARIABLE
    )
    ask(OpenAIBackend(writer, 2**63 - 1), person)
    assert 0 <= server.asked[0].body["seed"] < 2**31


def test_busy_endpoint_is_asked_again_as_soon_as_it_says(serve, connect, cast, person):
    server = serve(Reply(status=429, headers=SOON), Reply(status=429, headers=SOON))
    backend = connect(server.base_url)
    assert ask(backend, person) == cast.answer("attributes", person)
    assert len(server.asked) == 3
    assert server.asked[0].body == server.asked[2].body
    assert backend.usage.calls == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_passing_server_error_is_asked_again(serve, connect, cast, person, status):
    server = serve(Reply(status=status), Reply(status=status))
    assert ask(connect(server.base_url), person) == cast.answer("attributes", person)
    assert len(server.asked) == 3


def test_broken_connection_is_made_again(serve, connect, cast, person):
    server = serve(Reply(hang_up=True))
    assert ask(connect(server.base_url), person) == cast.answer("attributes", person)
    assert len(server.asked) == 2


@pytest.mark.parametrize("status", [429, 500])
def test_lasting_trouble_loses_this_answer_only(serve, connect, cast, person, status):
    server = serve(*[Reply(status=status, headers=SOON)] * 7)
    with pytest.raises(AnswerError, match=rf"gave up: \w+ \({status}\)") as error:
        ask(connect(server.base_url), person)
    assert error.value.kind == "endpoint"
    assert len(server.asked) == 7
    # The engine then asks anew, and gets its answer.
    server = serve(*[Reply(status=status, headers=SOON)] * 7)
    frame, stats = run_step("attributes", [person], connect(server.base_url))
    assert frame.select("accepted", "attempts").row(0) == (True, 2)
    assert stats.usage.calls == 1


def test_hung_connection_loses_this_answer_only(serve, connect, person):
    server = serve(usual=lambda _: Reply("late", delay=0.3))
    backend = connect(server.base_url)
    backend._client = backend._client.with_options(timeout=0.05, max_retries=1)
    with pytest.raises(AnswerError, match="APITimeoutError") as error:
        ask(backend, person)
    assert error.value.kind == "endpoint"
    assert len(server.asked) == 2


def test_no_server_is_an_endpoint_error_that_says_what_to_do(connect, person):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1"
    with pytest.raises(EndpointError, match=r"cannot reach .*start the server or correct") as error:
        ask(connect(url), person)
    assert url in str(error.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_refused_request_names_model_and_variable_and_never_the_key(
    serve, connect, person, caplog, status
):
    caplog.set_level(logging.DEBUG)
    server = serve(
        usual=lambda asked: Reply(
            status=status, message=f"bad key: {asked.headers['Authorization']}"
        )
    )
    backend = connect(server.base_url)
    with pytest.raises(EndpointError) as error:
        run_step("attributes", [person], backend)
    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    assert len(server.asked) == 1  # asking again would not help
    for part in (KEY_VARIABLE, MODEL, server.base_url, str(status)):
        assert part in str(error.value)
    with pytest.raises(EndpointError) as direct:
        ask(connect(server.base_url), person)
    told = [str(error.value), repr(error.value), repr(backend), repr(backend.usage)]
    for raised in (error.value, direct.value):
        told += traceback.format_exception(raised)
    told += [record.getMessage() for record in caplog.records]
    assert not [text for text in told if KEY in text]
    assert not [text for text in told if person["full_name"] in text and "bad key" in text]


def test_key_is_in_no_log_no_row_and_no_metadata_of_a_good_run(serve, connect, person, caplog):
    caplog.set_level(logging.DEBUG)
    server = serve()
    backend = connect(server.base_url)
    frame, stats = run_step("attributes", [person], backend)
    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    assert caplog.records, "the client logs its requests at this level"
    logged = "\n".join(
        f"{record.getMessage()} {record.args!r} {record.exc_text}" for record in caplog.records
    )
    assert KEY not in logged
    assert KEY not in frame.write_json()
    assert KEY not in repr(stats)
    assert KEY not in repr(server.asked[0].body)


def test_local_servers_need_no_key(serve, monkeypatch, person):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    server = serve()
    writer = Writer(
        backend="openai", model=MODEL, base_url=server.base_url, api_key_env=KEY_VARIABLE
    )
    assert ask(OpenAIBackend(writer, SEED), person)
    assert server.asked[0].headers["Authorization"] == "Bearer none"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body='{"choices": []}'),
        Reply(body='{"error": {"message": "overloaded"}}'),
        Reply(body="<html>Please log in</html>", content_type="text/html"),
        Reply(body='{"choices": [', content_type="application/json"),
        Reply(body='{"choices": [{"index": 0, "finish_reason": "stop"}]}'),
    ],
    ids=["no choice", "trouble with status 200", "a page", "half a body", "no message"],
)
def test_answer_that_is_no_completion_loses_this_answer_only(serve, connect, person, reply):
    server = serve(reply)
    with pytest.raises(AnswerError, match="no completion") as error:
        ask(connect(server.base_url), person)
    assert error.value.kind == "endpoint"


def test_refusal_and_cut_are_told_apart_and_still_counted(serve, connect, person):
    for reply, kind in (
        (Reply(refusal="no"), "refused"),
        (Reply("{", finish_reason="length"), "truncated"),
    ):
        backend = connect(serve(reply).base_url)
        with pytest.raises(AnswerError) as error:
            ask(backend, person)
        assert error.value.kind == kind
        assert (backend.usage.calls, backend.usage.completion_tokens) == (1, 20)


def test_complaints_follow_the_last_answer(serve, connect, person):
    server = serve()
    ask(connect(server.base_url), person, attempt=2, complaints=("一つめ", "二つめ"),
        last_answer="{}")  # fmt: skip
    roles = [message["role"] for message in server.asked[0].messages]
    assert roles == ["system", "user", "assistant", "user"]
    assert server.asked[0].messages[2]["content"] == "{}"
    assert server.asked[0].messages[3]["content"].endswith("- 一つめ\n- 二つめ")


def test_offline_writer_needs_the_first_step_for_the_second(person):
    system, user = render("attributes", person)
    request = Request("personas", person, None, system, user, Attributes)
    with pytest.raises(ValueError, match="needs the attributes"):
        asyncio.run(OfflineBackend(SEED).answer(request))


def test_offline_attempts_differ(cast, person):
    system, user = render("attributes", person)
    answers = {
        asyncio.run(
            OfflineBackend(SEED).answer(
                Request("attributes", person, None, system, user, Attributes, attempt)
            )
        )
        for attempt in (1, 2, 3)
    }
    assert len(answers) == 3


def test_recipe_chooses_the_backend(monkeypatch):
    assert isinstance(make_backend(Writer(), 1), OfflineBackend)
    made = make_backend(Writer(backend="openai", model="some/model"), 1)
    assert isinstance(made, OpenAIBackend)
    assert (made.name, made.model) == ("openai", "some/model")
