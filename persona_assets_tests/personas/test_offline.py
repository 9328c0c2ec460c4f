import re

import numpy as np
import pytest

from persona_assets.personas.facts import person_facts
from persona_assets.personas.models import Attributes, Personas
from persona_assets.personas.offline.writer import write_attributes, write_personas
from persona_assets.rules import check_texts


@pytest.fixture(scope="module")
def written(people, reference):
    facts = person_facts(people, reference)
    result = []
    for number, person in enumerate(facts):
        attributes = write_attributes(person, np.random.default_rng(number))
        texts = write_personas(person, attributes, np.random.default_rng(10_000 + number))
        result.append((person, attributes, texts))
    return result


def test_texts_fit_the_models_and_the_rules(written):
    refused = 0
    for person, attributes, texts in written:
        Attributes.model_validate(attributes)
        Personas.model_validate(texts)
        found = check_texts({**attributes, **texts}, person)
        refused += any(finding.severity == "error" for finding in found)
    # The engine asks again; most must be good at once.
    assert refused <= 0.01 * len(written)


def test_each_text_names_its_person_and_openings_vary(written):
    for field in Personas.model_fields:
        opened = 0
        for person, _, texts in written:
            assert person["full_name"] in texts[field]
            opened += texts[field].startswith(f"{person['full_name']}は")
        assert opened / len(written) < 0.5


def test_no_stock_words(written):
    words = re.compile("彼ら|彼女|リーダー|融合|最適化|外向的|開放性|None|null|{|}|。。|、、")
    for _, attributes, texts in written:
        for text in [*attributes.values(), *texts.values()]:
            assert not words.search(str(text)), text


def test_nobody_shares_a_text(written):
    for field in Personas.model_fields:
        nameless = [t[field].replace(p["full_name"], "") for p, _, t in written]
        assert len(nameless) - len(set(nameless)) <= 0.005 * len(nameless)


def test_same_stream_same_text(written):
    person, attributes, texts = written[0]
    assert write_attributes(person, np.random.default_rng(0)) == attributes
    assert write_personas(person, attributes, np.random.default_rng(10_000)) == texts
