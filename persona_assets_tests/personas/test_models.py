import json

import pytest
from pydantic import ValidationError

from persona_assets.personas.models import STEPS, Attributes, Personas, field_names
from persona_assets.rules.fields import ATTRIBUTE_FIELDS, PERSONA_FIELDS

GOOD = {
    "attributes": {
        name: ["一つ", "二つ"] if name.endswith("_list") else "文章。" for name in ATTRIBUTE_FIELDS
    },
    "personas": dict.fromkeys(PERSONA_FIELDS, "文章。"),
}


def test_steps_write_the_fields_that_the_rules_know():
    assert set(field_names("attributes")) == set(ATTRIBUTE_FIELDS)
    assert set(field_names("personas")) == set(PERSONA_FIELDS)


@pytest.mark.parametrize("step", list(STEPS))
def test_schema_is_strict_and_describes_every_field(step):
    schema = STEPS[step].model_json_schema()
    # What strict endpoints ask for: nothing more, and nothing optional.
    assert schema["additionalProperties"] is False
    assert schema["required"] == list(schema["properties"]) == field_names(step)
    assert all(field["description"] for field in schema["properties"].values())
    json.dumps(schema)


@pytest.mark.parametrize("step", list(STEPS))
def test_good_answer_fits_and_loses_its_outer_blanks(step):
    field = field_names(step)[0]
    answer = STEPS[step].model_validate(GOOD[step] | {field: " \n文章。　"})
    assert getattr(answer, field) == "文章。"
    assert answer.model_dump() == GOOD[step]


@pytest.mark.parametrize("step", list(STEPS))
@pytest.mark.parametrize("spoil", ["missing", "blank", "unknown", "number", "null"])
def test_answer_that_is_not_whole_does_not_fit(step, spoil):
    field = field_names(step)[-1]
    texts = dict(GOOD[step])
    if spoil == "missing":
        del texts[field]
    elif spoil == "unknown":
        texts["note"] = "x"
    else:
        texts[field] = {"blank": " 　", "number": 3, "null": None}[spoil]
    with pytest.raises(ValidationError):
        STEPS[step].model_validate_json(json.dumps(texts))


@pytest.mark.parametrize("items", [[], [""], ["x"] * 13, "一つ、二つ", [["x"]]])
def test_list_that_is_none_does_not_fit(items):
    texts = GOOD["attributes"] | {"skills_and_expertise_list": items}
    with pytest.raises(ValidationError, match="skills_and_expertise_list"):
        Attributes.model_validate(texts)


def test_personas_have_no_list():
    assert {info.annotation for info in Personas.model_fields.values()} == {str}
