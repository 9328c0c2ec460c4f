import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from persona_assets.rules import RULES, check_texts, facts_from_record, texts_from_record
from persona_assets.rules.facts import PREFECTURES

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent / "nemotron_personas_japan_50.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


def test_ids_are_unique():
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_prefectures_are_those_of_the_reference(reference):
    with (reference / "geography" / "prefectures.csv").open(encoding="utf-8") as file:
        assert {row["key"]: row["name"] for row in csv.DictReader(file)} == PREFECTURES


def test_known_defects_of_the_reference_rows_are_found():
    hit = Counter()
    for row in ROWS:
        found = check_texts(texts_from_record(row), facts_from_record(row))
        hit.update({finding.rule for finding in found})
    assert len(ROWS) == 50
    assert hit["plural_pronoun"] == 24
    assert 30 <= hit["trait_jargon"] <= 40


PERSON = {
    "surname": "佐藤", "given_name": "和子", "sex": "female", "age": 74, "marital": "never_married",
    "labour_status": "employed", "prefecture": "tottori",
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("plural_pronoun", "佐藤 和子は畑に出る。彼らは毎朝早く起きて、空の色を確かめている。"),
        ("trait_jargon", "佐藤 和子は開放性が高く、新しい道具をためらわずに使ってみる。"),
        ("age_contradiction", "佐藤 和子は68歳である。毎朝早く起きて、空の色を確かめている。"),
        ("name_missing", "毎朝早く起きて空の色を確かめ、その日の段取りを静かに決めている。"),
        ("marital_contradiction", "佐藤 和子は夫と二人で暮らしており、毎朝早く畑に出かけていく。"),
    ],
)
def test_rule_finds_what_it_is_for(rule, text):
    assert rule in {finding.rule for finding in check_texts({"persona": text}, PERSON)}


def test_good_text_has_no_finding():
    text = "佐藤 和子は74歳のいまも、朝のうちに畑を見て回り、空の色で一日の段取りを決めている。"
    found = {finding.rule for finding in check_texts({"persona": text}, PERSON)}
    # The five other texts of the step are not there, and that is all there is to object to.
    assert found == {"missing_or_empty_field"}


def test_no_text_field_is_an_error():
    with pytest.raises(ValueError, match="none of which is a text field"):
        check_texts({"title": "x"}, PERSON)
