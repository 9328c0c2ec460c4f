import json
import random

import pytest

from persona_assets.personas.backends import EndpointError, OfflineBackend
from persona_assets.personas.engine import accept, run_step, step_schema
from persona_assets.personas.models import field_names
from persona_assets.personas.prompts import prompt_hash
from persona_assets_tests.personas.chat_server import Reply
from persona_assets_tests.personas.conftest import SEED, with_they


def run(cast, backend, step="attributes", **chosen):
    attributes = cast.attributes if step == "personas" else None
    return run_step(step, cast.people, backend, attributes=attributes, **chosen)


@pytest.mark.parametrize("step", ["attributes", "personas"])
def test_good_answers_become_rows_in_the_order_of_the_people(cast, serve, connect, step):
    dice = random.Random(1)
    server = serve(usual=lambda asked: Reply(cast.good(asked).content, delay=dice.random() / 20))
    frame, stats = run(cast, connect(server.base_url), step, concurrency=6)
    assert frame["person_id"].to_list() == [person["person_id"] for person in cast.people]
    for row, person in zip(frame.iter_rows(named=True), cast.people, strict=True):
        written = json.loads(cast.answer(step, person))
        assert {name: row[name] for name in field_names(step)} == written
        assert row["prefecture"] == person["prefecture"]
    assert frame["accepted"].all()
    assert set(frame["attempts"]) == {1}
    assert frame["answer"].null_count() == frame.height
    assert set(frame["backend"]) == {"openai"}
    assert set(frame["model"]) == {"test-model"}
    assert set(frame["prompt_hash"]) == {prompt_hash(step)}
    assert (stats.accepted, stats.rejected, stats.repaired) == (12, 0, 0)
    assert not stats.reasons


def test_broken_rule_is_sent_back_with_the_answer_and_repaired(cast, serve, connect):
    person = cast.people[0]
    answer = cast.answer("attributes", person)
    bad = with_they(answer)
    server = serve(Reply(bad))
    frame, stats = run_step("attributes", [person], connect(server.base_url))
    first, second = (asked.messages for asked in server.asked)
    assert second[: len(first)] == first
    assert second[2] == {"role": "assistant", "content": bad}
    assert second[3]["role"] == "user"
    assert "cultural_background" in second[3]["content"]
    assert "彼ら" in second[3]["content"]
    assert len(second) == 4
    row = frame.row(0, named=True)
    assert row["accepted"]
    assert row["attempts"] == 2
    assert row["cultural_background"] == json.loads(answer)["cultural_background"]
    assert row["reasons"] == []
    assert (stats.accepted, stats.repaired) == (1, 1)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("これはJSONではありません", "JSON"),
        ('{"cultural_background": "鳥取', "JSON"),
        ("", "JSON"),
        ('{"cultural_background": "鳥取で育った。"}', "skills_and_expertise: Field required"),
    ],
    ids=["prose", "half", "empty", "fields missing"],
)
def test_answer_that_does_not_fit_is_asked_for_again_with_what_was_wrong(
    cast, serve, connect, content, complaint
):
    person = cast.people[0]
    server = serve(Reply(content))
    frame, stats = run_step("attributes", [person], connect(server.base_url))
    assert len(server.asked) == 2
    assert complaint in server.asked[1].messages[3]["content"]
    assert server.asked[1].messages[2]["content"] == content
    assert frame["accepted"].item()
    assert stats.repaired == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply('{"cultural_background": "鳥', finish_reason="length"), "truncated"),
        (Reply(refusal="お答えできません"), "refused"),
    ],
)
def test_lost_answer_is_asked_for_again_from_the_start(cast, serve, connect, reply, kind):
    person = cast.people[0]
    server = serve(reply)
    frame, _ = run_step("attributes", [person], connect(server.base_url))
    assert [len(asked.messages) for asked in server.asked] == [2, 2]
    assert frame.select("accepted", "attempts").row(0) == (True, 2)
    # If it stays like that, the reason tells why.
    server = serve(usual=lambda _: reply)
    frame, stats = run_step("attributes", [person], connect(server.base_url), max_attempts=2)
    assert len(server.asked) == 2
    assert not frame["accepted"].item()
    assert frame["reasons"].item().to_list()[0].startswith(f"{kind}: ")
    assert frame["answer"].item() is None
    assert stats.reasons == {kind: 1}


def test_person_who_never_passes_keeps_a_row_with_reasons_and_the_last_answer(cast, serve, connect):
    lost = cast.people[4]
    bad = with_they(cast.answer("attributes", lost))

    def answer(asked):
        good = cast.good(asked)
        return Reply(bad) if lost["full_name"] in asked.user else good

    server = serve(usual=answer)
    frame, stats = run(cast, connect(server.base_url), max_attempts=3)
    assert frame.height == 12
    assert frame.filter(~frame["accepted"])["person_id"].to_list() == [lost["person_id"]]
    row = frame.row(4, named=True)
    assert row["attempts"] == 3
    assert row["answer"] == bad
    assert len(row["reasons"]) == 1
    assert row["reasons"][0].startswith("plural_pronoun: cultural_background: ")
    assert "彼らは" in row["reasons"][0]
    assert all(row[name] is None for name in field_names("attributes"))
    assert len(server.asked) == 11 + 3
    assert (stats.accepted, stats.rejected, stats.repaired) == (11, 1, 0)
    assert stats.reasons == {"plural_pronoun": 1}
    step_schema("attributes").validate(frame)


def test_text_that_somebody_else_has_is_asked_for_again(cast, serve, connect):
    first, second = cast.people[:2]
    texts = json.loads(cast.answer("personas", first))
    copied = texts["arts_persona"].replace(first["full_name"], second["full_name"])
    own = json.loads(cast.answer("personas", second))
    answer = own | {"arts_persona": copied}
    server = serve(cast.good, Reply(json.dumps(answer)))
    frame, stats = run_step(
        "personas", [first, second], connect(server.base_url), attributes=cast.attributes,
        concurrency=1,
    )  # fmt: skip
    assert len(server.asked) == 3
    complaint = server.asked[2].messages[3]["content"]
    assert "arts_persona: ほかの人とまったく同じ" in complaint
    assert "sports_persona" not in complaint
    assert frame["attempts"].to_list() == [1, 2]
    assert frame["arts_persona"].to_list() == [texts["arts_persona"], own["arts_persona"]]
    assert stats.repaired == 1


def test_lasting_repeat_is_quarantined_and_does_not_block_others(cast, serve, connect):
    first, second, third = cast.people[:3]

    def with_one_summary(person):
        summary = person["full_name"] + "は、川べりの道を毎日歩き、空の色で季節を知る人である。"
        return json.loads(cast.answer("personas", person)) | {"persona": summary}

    def reply(asked):
        for person in (first, second):
            if person["full_name"] in asked.user:
                return Reply(json.dumps(with_one_summary(person)))
        return cast.good(asked)

    server = serve(usual=reply)
    frame, stats = run_step(
        "personas", [first, second, third], connect(server.base_url), attributes=cast.attributes,
        concurrency=1, max_attempts=2,
    )  # fmt: skip
    assert frame["accepted"].to_list() == [True, False, True]
    assert frame["reasons"][1].to_list() == ["repeated_text: persona: another person has it"]
    assert stats.reasons == {"repeated_text": 1}
    assert json.loads(frame["answer"][1]) == with_one_summary(second)


def test_schema_faults_are_kept_one_reason_each(cast):
    texts, reasons, complaints = accept(
        "attributes", '{"cultural_background": " ", "shoe_size": "27"}', cast.people[0]
    )
    assert texts is None
    assert all(reason.startswith("schema: ") for reason in reasons)
    assert len(reasons) == len(complaints) == 7  # five missing, one blank, one unknown
    assert any("shoe_size" in complaint for complaint in complaints)


def test_usage_adds_up_over_all_answers_good_or_not(cast, serve, connect):
    person = cast.people[0]
    answer = cast.answer("attributes", person)
    server = serve(
        Reply("x", usage=(10, 1)),
        Reply("y", usage=(20, 2), finish_reason="length"),
        Reply(answer, usage=(30, 3)),
    )
    _, stats = run_step("attributes", [person], connect(server.base_url))
    usage = stats.usage
    assert (usage.calls, usage.prompt_tokens, usage.completion_tokens) == (3, 60, 6)


def test_endpoint_that_reports_no_usage_is_no_problem(cast, serve, connect):
    person = cast.people[0]
    server = serve(Reply(cast.answer("attributes", person), usage=None))
    _, stats = run_step("attributes", [person], connect(server.base_url))
    assert (stats.usage.calls, stats.usage.prompt_tokens) == (1, 0)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_no_more_requests_are_in_flight_than_allowed(cast, serve, connect, concurrency):
    server = serve(usual=lambda asked: Reply(cast.good(asked).content, delay=0.03))
    run(cast, connect(server.base_url), concurrency=concurrency)
    assert len(server.asked) == 12
    assert server.most_in_flight == concurrency


def test_progress_counts_people(cast):
    seen = []
    run(cast, OfflineBackend(SEED), on_progress=seen.append)
    assert seen == list(range(1, 13))


def test_nobody_gives_an_empty_frame(cast):
    frame, stats = run_step("personas", [], OfflineBackend(SEED), attributes={})
    assert frame.height == 0
    assert frame.columns == list(step_schema("personas").columns)
    assert (stats.accepted, stats.rejected) == (0, 0)


def test_one_hopeless_endpoint_error_stops_the_whole_step(cast, serve, connect):
    server = serve(usual=lambda _: Reply(status=401))
    with pytest.raises(EndpointError, match="401"):
        run(cast, connect(server.base_url), concurrency=2)
    assert len(server.asked) <= 2


def test_offline_step_is_the_same_twice_and_at_any_concurrency(cast):
    one, _ = run(cast, OfflineBackend(SEED), "personas", concurrency=1)
    many, _ = run(cast, OfflineBackend(SEED), "personas", concurrency=9)
    assert one.equals(many)
    other, _ = run(cast, OfflineBackend(SEED + 1), "personas")
    assert not other.select(field_names("personas")).equals(one.select(field_names("personas")))
