import polars as pl
import pytest

from persona_assets.personas.models import field_names
from persona_assets.quality.records import (
    CHECKED_SCHEMA,
    QUARANTINE_SCHEMA,
    check_records,
    rule_counts,
    without_repeats,
)
from persona_assets.rules import RULES
from persona_assets.rules.fields import PERSONA_FIELDS, PROSE_FIELDS
from persona_assets.storage.checks import schema_check


def failed(frame, person_id, step, reason, answer):
    """Turn one person's row of a step into a failure, as the engine would have kept it."""
    lost = pl.col("person_id") == person_id
    return frame.with_columns(
        pl.when(lost).then(False).otherwise("accepted").alias("accepted"),
        *(pl.when(~lost).then(pl.col(name)).alias(name) for name in field_names(step)),
        pl.when(lost).then(pl.lit([reason])).otherwise("reasons").alias("reasons"),
        pl.when(lost).then(pl.lit(answer)).otherwise("answer").alias("answer"),
    )


def appended(frame, person_id, field, text):
    """Append something to one person's text."""
    return frame.with_columns(
        pl.when(pl.col("person_id") == person_id)
        .then(pl.col(field) + text)
        .otherwise(field)
        .alias(field)
    )


@pytest.fixture
def stages(chain):
    return [chain.part(name, "tokyo") for name in ("people", "attributes", "personas")]


def test_good_records_all_pass_and_carry_their_origin(chain, stages):
    people, attributes, personas = stages
    records, refused, findings = check_records(*stages, "0123456789ab")
    assert records.height + refused.height == people.height
    assert records.height > 0.98 * people.height
    assert schema_check(records, CHECKED_SCHEMA).passed
    both = records.join(attributes, on="person_id", suffix="_first").join(
        personas, on="person_id", suffix="_second"
    )
    assert both.height == records.height
    for name in field_names("attributes"):
        assert (both[name] == both[f"{name}_first"]).all()
    for name in PERSONA_FIELDS:
        assert (both[name] == both[f"{name}_second"]).all()
    assert (both["attributes_prompt"] == both["prompt_hash"]).all()
    assert (both["personas_prompt"] == both["prompt_hash_second"]).all()
    assert (both["attempts"] == both["attempts_first"] + both["attempts_second"]).all()
    assert set(records["recipe"]) == {"0123456789ab"}
    assert set(findings["person_id"]) <= set(people["person_id"])


def test_each_kind_of_failure_is_quarantined_with_its_reasons_and_nobody_is_lost(stages):
    people, attributes, personas = stages
    clean = check_records(*stages, "0" * 12)[0]["person_id"].to_list()
    first, second, third = clean[3], clean[1], clean[2]
    attributes = failed(
        attributes, first, "attributes", "plural_pronoun: hobbies: x (彼ら)", '{"a": 1}'
    )
    personas = personas.filter(pl.col("person_id") != first)  # never asked for
    personas = failed(personas, second, "personas", "schema: persona: Field required", None)
    personas = appended(personas, third, "arts_persona", "彼らは静かな朝を好む。")
    records, refused, findings = check_records(people, attributes, personas, "0" * 12)
    assert QUARANTINE_SCHEMA.validate(refused).height == refused.height
    rows = {row["person_id"]: row for row in refused.iter_rows(named=True)}
    assert set(records["person_id"]) | set(rows) == set(people["person_id"])
    assert records.height + refused.height == people.height
    assert not set(records["person_id"]) & {first, second, third}
    assert records.height == len(clean) - 3
    expected = {
        first: ("attributes", ["plural_pronoun"], '{"a": 1}'),
        second: ("personas", ["schema"], None),
        third: ("record", ["plural_pronoun"], None),
    }
    for person, (stage, rules, answer) in expected.items():
        assert (rows[person]["stage"], rows[person]["rules"], rows[person]["answer"]) == (
            stage, rules, answer,
        )  # fmt: skip
        assert rows[person]["prefecture"] == "tokyo"
    assert rows[first]["reasons"] == ["plural_pronoun: hobbies: x (彼ら)"]
    (reason,) = rows[third]["reasons"]
    assert reason.startswith("plural_pronoun: arts_persona: ")
    assert "彼らは" in reason
    # Findings are of whole records: the one whose record broke a rule, not the two without one.
    assert (third, "plural_pronoun", "error") in findings.rows()
    assert not {first, second} & set(findings["person_id"])


def test_quarantine_names_each_ones_own_prefecture(chain):
    personas = appended(
        chain.personas, chain.part("personas", "tokyo")["person_id"][0], "persona", "彼らは静かだ。"
    )
    _, refused, _ = check_records(chain.people, chain.attributes, personas, "0" * 12)
    places = dict(chain.people.select("person_id", "prefecture").rows())
    assert refused.height == chain.quarantine.height + 1
    assert {row[1]: row[0] for row in refused.select("prefecture", "person_id").rows()} == {
        person: places[person] for person in refused["person_id"]
    }


def test_rule_over_both_steps_is_checked_although_each_step_passed(stages):
    people, attributes, personas = stages
    person = check_records(*stages, "0" * 12)[0]["person_id"][0]
    same = "雨の日は一日じゅう窓を眺めて過ごす。"
    attributes = appended(attributes, person, "cultural_background", same)
    personas = appended(personas, person, "travel_persona", same)
    _, refused, _ = check_records(people, attributes, personas, "0" * 12)
    row = refused.row(by_predicate=pl.col("person_id") == person, named=True)
    assert (row["stage"], row["rules"]) == ("record", ["repeated_sentence"])


def test_warning_is_noted_and_does_not_keep_a_record_out(stages):
    people, attributes, personas = stages
    person = check_records(*stages, "0" * 12)[0]["person_id"][0]
    attributes = appended(attributes, person, "cultural_background", "祖先は青森県の出である。")
    records, _, findings = check_records(people, attributes, personas, "0" * 12)
    assert person in records["person_id"]
    assert (person, "place_outside_prefecture", "warning") in findings.rows()


def test_prefecture_where_everybody_failed_gives_no_record_and_the_whole_quarantine(chain):
    people, attributes, personas = (
        chain.part(name, "tottori") for name in ("people", "attributes", "personas")
    )
    for person in people["person_id"]:
        attributes = failed(attributes, person, "attributes", "truncated: cut off", None)
    records, refused, findings = check_records(people, attributes, personas.clear(), "0" * 12)
    assert records.height == 0
    assert records.columns == list(CHECKED_SCHEMA.columns)
    assert refused.height == people.height > 0
    assert findings.height == 0


def test_rule_counts_count_records_once_and_list_every_rule():
    findings = pl.DataFrame(
        [("a", "length", "error"), ("a", "length", "error"), ("b", "length", "error"),
         ("b", "place_outside_prefecture", "warning")],
        schema=["person_id", "rule", "severity"], orient="row",
    )  # fmt: skip
    counts = rule_counts(findings)
    assert counts["rule"].to_list() == [rule.id for rule in RULES]
    found = {rule: (severity, records) for rule, severity, records in counts.iter_rows()}
    assert found["length"] == ("error", 2)
    assert found["place_outside_prefecture"] == ("warning", 1)
    assert sum(records for _, records in found.values()) == 3


def test_no_finding_counts_zero_everywhere(chain):
    counts = rule_counts(chain.findings.clear())
    assert counts.height == len(RULES)
    assert counts["records"].sum() == 0


def texts(*rows):
    """People with texts of their own, but for their arts_persona."""
    return pl.DataFrame(
        [
            {"person_id": str(place), "surname": surname, "given_name": given}
            | dict.fromkeys(PROSE_FIELDS, f"欄{place}") | {"arts_persona": text}
            for place, (surname, given, text) in enumerate(rows)
        ]
    )  # fmt: skip


def test_text_that_differs_only_by_its_name_is_a_repeat_and_the_first_stays():
    kept, repeats = without_repeats(
        texts(
            ("佐藤", "和子", "佐藤 和子は絵を描く。"),
            ("鈴木", "一郎", "鈴木 一郎は絵を描く。"),
            ("田中", "花", "田中 花は歌をうたう。"),
            ("林", "実", "林 実は絵を描く。"),
        )
    )
    assert kept["person_id"].to_list() == ["0", "2"]
    assert repeats.rows() == [
        ("1", "arts_persona", "は絵を描く。"),
        ("3", "arts_persona", "は絵を描く。"),
    ]


def test_same_words_in_two_fields_are_no_repeat():
    people = texts(("佐藤", "和子", "歌"), ("鈴木", "一郎", "絵")).with_columns(
        travel_persona=pl.Series(["絵", "歌"])
    )
    kept, repeats = without_repeats(people)
    assert kept.equals(people)
    assert repeats.is_empty()


@pytest.mark.parametrize("field", PROSE_FIELDS)
def test_every_text_is_looked_at(field):
    people = texts(("佐藤", "和子", "歌"), ("鈴木", "一郎", "絵"))
    people = people.with_columns(pl.lit("同じ文").alias(field))
    kept, repeats = without_repeats(people)
    assert kept["person_id"].to_list() == ["0"]
    assert repeats.select("person_id", "field").rows() == [("1", field)]


def test_people_of_one_prefecture_share_no_text(chain):
    _, repeats = without_repeats(chain.part("checked", "tokyo"))
    assert repeats.is_empty()
