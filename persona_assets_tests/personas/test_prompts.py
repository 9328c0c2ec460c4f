import shutil

import jinja2
import pytest
from pydantic import create_model

from persona_assets.personas import prompts
from persona_assets.personas.models import STEPS, Personas
from persona_assets.personas.prompts import EVERYDAY, everyday_ways, prompt_hash, render

TRAIT_NAMES = (
    *EVERYDAY,
    "開放性", "誠実性", "勤勉性", "外向性", "外向的", "協調性", "神経症", "情緒", "T得点",
)  # fmt: skip


@pytest.fixture
def templates(tmp_path, monkeypatch):
    """A copy of the templates that a test may change; call `changed` afterwards."""
    folder = tmp_path / "templates"
    shutil.copytree(prompts.PROMPT_DIR, folder)
    monkeypatch.setattr(prompts, "PROMPT_DIR", folder)
    changed()
    yield folder
    monkeypatch.undo()
    changed()


def changed():
    for cached in (prompts._template, prompts._times, prompts._place, prompts.prompt_hash):
        cached.cache_clear()


def append(path, text):
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    changed()


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("system.jinja", {"attributes", "personas"}),
        ("_person.jinja", {"attributes", "personas"}),
        ("_times.jinja", {"attributes", "personas"}),
        ("_place.jinja", {"attributes", "personas"}),
        ("attributes.jinja", {"attributes"}),
        ("personas.jinja", {"personas"}),
    ],
)
def test_changed_template_changes_the_hash_of_the_steps_that_use_it(templates, name, steps):
    before = {step: prompt_hash(step) for step in ("attributes", "personas")}
    assert all(len(digest) == 12 for digest in before.values())
    assert before["attributes"] != before["personas"]
    append(templates / name, "\n")
    assert {step for step in before if prompt_hash(step) != before[step]} == steps


def test_wording_of_a_trait_and_schema_of_the_answer_are_part_of_the_hash(templates, monkeypatch):
    before = {step: prompt_hash(step) for step in STEPS}
    monkeypatch.setitem(prompts.EVERYDAY, "openness", ("同じ店に通う", "知らない店に入る"))
    changed()
    reworded = {step: prompt_hash(step) for step in STEPS}
    assert all(reworded[step] != before[step] for step in STEPS)
    longer = create_model("Longer", __base__=Personas, note=(str, ...))
    monkeypatch.setitem(STEPS, "personas", longer)
    changed()
    assert prompt_hash("personas") != reworded["personas"]
    assert prompt_hash("attributes") == reworded["attributes"]


def test_copied_templates_have_the_hash_of_the_shipped_ones(templates):
    copied = prompt_hash("personas")
    prompts.PROMPT_DIR = prompts.Path(prompts.__file__).parent / "templates"
    changed()
    assert prompt_hash("personas") == copied


def test_fact_that_nobody_has_is_an_error(templates, cast):
    append(templates / "_person.jinja", "{{ person.shoe_size }}")
    with pytest.raises(jinja2.UndefinedError, match="shoe_size"):
        render("attributes", cast.people[0])


def test_person_without_a_fact_is_an_error(cast):
    person = {name: value for name, value in cast.people[0].items() if name != "municipality"}
    with pytest.raises(jinja2.UndefinedError, match="municipality"):
        render("attributes", person)


def test_second_step_needs_the_first(cast):
    with pytest.raises(jinja2.UndefinedError):
        render("personas", cast.people[0], None)


def test_template_may_not_change_the_person(templates, cast):
    append(templates / "_person.jinja", '{{ person.hobbies.append("x") }}')
    with pytest.raises(jinja2.exceptions.SecurityError):
        render("attributes", cast.people[0])


def test_prompt_gives_the_facts_of_its_person(cast):
    for person in cast.people:
        _, user = render("attributes", person)
        for fact in ("full_name", "surname_reading", "sex_label", "age", "prefecture_name",
                     "municipality", "marital_label", "children_label", "household_label",
                     "education_label", "digital_skill_label", "region_name",
                     "occupation_label", "dish", "craft", "festival", "festival_city"):  # fmt: skip
            assert str(person[fact]) in user, fact
        for fact in ("sports", "hobbies", "learning", "volunteering", "travel", "foods"):
            for item in person[fact]:
                assert item in user, fact
        for label in ("industry_label", "standing_label", "work_mode_label"):
            assert (person[label] or "") in user
        former = person["former_occupation_title"]
        assert ("以前の仕事" in user) == bool(former)
        assert (former or "") in user
        life = person["life"]
        assert f"生まれた年: {life.born.first}年か{life.born.last}年" in user
        if life.school_from:
            assert f"小学校に入った年: {life.school_from.first}年か" in user
        assert ("最後の学校を出た年" in user) == bool(life.left_school)
        assert (life.cohort or "") in user
        assert f"{person['place'].residents:,}人" in user
        assert "None" not in user
        assert "{" not in user


def test_second_prompt_gives_what_the_first_step_wrote(cast):
    for person in cast.people:
        attributes = cast.attributes[person["person_id"]]
        _, user = render("personas", person, attributes)
        assert person["full_name"] in user
        for field in ("cultural_background", "skills_and_expertise", "hobbies_and_interests",
                      "career_goals_and_ambitions"):  # fmt: skip
            assert attributes[field] in user


def test_prompt_names_no_trait_and_no_score(cast):
    for person in cast.people:
        # Scores that could be nothing else: no age, no number of a fact.
        scored = person | dict.fromkeys(EVERYDAY, 70.125)
        _, user = render("attributes", scored)
        assert "70.125" not in user
        for name in TRAIT_NAMES:
            assert name not in user
        assert all(high in user for _, high in EVERYDAY.values())


def test_system_message_is_the_same_for_everyone_and_both_steps(cast):
    messages = {render("attributes", person)[0] for person in cast.people} | {
        render("personas", person, cast.attributes[person["person_id"]])[0]
        for person in cast.people
    }
    assert len(messages) == 1
    assert "彼ら" in messages.pop()


@pytest.mark.parametrize(
    ("score", "expected"), [(20, 0), (39, 0), (40, None), (60, None), (61, 1), (80, 1)]
)
def test_only_pronounced_traits_show_as_behaviour(score, expected):
    ways = everyday_ways(dict.fromkeys(EVERYDAY, 50) | {"extraversion": score})
    assert ways == ([] if expected is None else [EVERYDAY["extraversion"][expected]])


def test_person_in_the_middle_has_no_line_on_behaviour(cast):
    plain = cast.people[0] | dict.fromkeys(EVERYDAY, 50)
    assert "ふだんの様子" not in render("attributes", plain)[1]
    assert "ふだんの様子" in render("attributes", plain | {"openness": 75})[1]
