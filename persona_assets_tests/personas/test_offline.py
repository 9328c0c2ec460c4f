import re
from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.joint.fit import fit_prefecture
from persona_assets.people.build import build_people
from persona_assets.people.life_stage import BIRTH_COHORTS, LEAVING_PERIODS, SCHOOL_COHORTS
from persona_assets.personas.facts import person_facts
from persona_assets.personas.models import Attributes, Personas
from persona_assets.personas.offline import activities, duties, local, phrases, traits
from persona_assets.personas.offline.writer import (
    ACTIVITY_OLDER_FROM,
    ANCHORS,
    HOME_KINDS,
    HOUSEKEEPING,
    INDUSTRIES,
    write_attributes,
    write_personas,
)
from persona_assets.personas.prompts import EVERYDAY
from persona_assets.recipe import Recipe
from persona_assets.rules import check_texts

PROSE = [
    *Personas.model_fields,
    *(field for field in Attributes.model_fields if not field.endswith("_list")),
]
SEASON = re.compile(
    r"春|夏(?!目)|秋(?!田)|冬|梅雨|正月|お盆|年の瀬|大晦日|紅葉|桜|新米|田植え|木枯らし|猛暑|初雪|雪の便り"
)
TIME = re.compile(
    r"朝(?!市)|昼下がり|夕方|夕食|日が暮れ|真夜中|夜(?!間|行|回り)|寝る前|眠る前|休みの日|休日"
)
# Laid against texts without their facts: names of dishes and festivals double kana by right.
SLIPS = re.compile(
    r"[{}]|。。|、、|、。|。、|をを|にに|(?<!も)のの|はは|がが|でで(?!き)|(?<![こひ])とと|None|nan"
)


class Written(NamedTuple):
    person: dict
    attributes: dict
    personas: dict

    def prose(self) -> dict[str, str]:
        texts = {**self.attributes, **self.personas}
        return {field: texts[field] for field in PROSE}

    def without_facts(self, text: str) -> str:
        """Blank what the person's facts put into a text."""
        person = self.person
        facts = [
            *person["foods"],
            *(word for _, word in map(local.FOOD_TYPES.get, person["foods"])),
            *person["dish_ingredients"],
            *(person[key] for key in ("full_name", "dish", "dish_area", "craft", "festival")),
            *(person[key] for key in ("festival_city", "municipality", "prefecture_name")),
            person["occupation_label"],
            person["former_occupation_title"] or "＊",
        ]
        for fact in sorted(facts, key=len, reverse=True):
            text = text.replace(fact, "＊")
        return text


def write(people: pl.DataFrame, reference) -> list[Written]:
    result = []
    for number, person in enumerate(person_facts(people, reference)):
        attributes = write_attributes(person, np.random.default_rng(number))
        personas = write_personas(person, attributes, np.random.default_rng(10**6 + number))
        result.append(Written(person, attributes, personas))
    return result


@pytest.fixture(scope="module")
def tokyo(margins, structure, reference) -> list[Written]:
    joint = fit_prefecture("tokyo", margins, structure)[0]
    return write(
        build_people(joint, margins["population"], Recipe(size=30_000), reference), reference
    )


@pytest.fixture(scope="module")
def written(people, tokyo, reference) -> list[Written]:
    """A small rural prefecture and the largest one."""
    return [*write(people, reference), *tokyo]


def resident(one: Written) -> bool:
    """Tell whether somebody lives in a home or a hospital, without work or school."""
    person = one.person
    return (
        person["household"] == "institution"
        and person["labour_status"] in ("housework", "other")
        and not person["school"]
    )


def lifestyle(reference, table: str) -> pl.DataFrame:
    return pl.read_csv(reference / "lifestyle" / f"{table}.csv")


# --- the banks cover the tables ---------------------------------------------------------------


def test_every_activity_has_clauses_of_its_own(reference):
    table = lifestyle(reference, "activity_phrases")
    for kind, bank in activities.ACTIVITIES.items():
        assert set(bank) == set(table.filter(pl.col("kind") == kind)["phrase"])
        for activity in bank.values():
            assert len(activity.does) >= 3
            assert len(activity.does) + len(activity.notes) >= 6
    assert set(activities.ACTIVITIES) == set(table["kind"])


def test_no_clause_serves_two_activities():
    clauses = Counter(
        clause
        for bank in activities.ACTIVITIES.values()
        for activity in bank.values()
        for clause in (*activity.does, *activity.notes, *activity.young, *activity.older)
    )
    assert [clause for clause, number in clauses.items() if number > 1] == []


def test_every_class_of_workers_has_duties_of_its_own(reference):
    classes = pl.read_csv(reference / "occupations" / "classes.csv")["occupation_class"]
    assert set(duties.DUTIES) == set(classes)
    assert all(len(set(bank)) >= 3 for bank in duties.DUTIES.values())


def test_every_food_and_craft_has_a_type_with_sentences(reference):
    assert set(local.FOOD_TYPES) == set(lifestyle(reference, "foods")["item"])
    assert {kind for kind, _ in local.FOOD_TYPES.values()} == set(local.FOODS)
    crafts = lifestyle(reference, "crafts")
    assert {*crafts["category"], "any"} == set(local.CRAFTS)
    assert set(local.CRAFT_EXCEPTIONS) <= set(crafts["craft"])


@pytest.mark.parametrize(
    ("dish", "shape"),
    [
        ("深川めし", "rice"),
        ("ホルモンうどん", "noodle"),
        ("きりたんぽ鍋", "soup"),
        ("なた漬け", "pickle"),
        ("いももち", "sweet"),
        ("柿なます", "dressed"),
        ("ラフテー", "simmered"),
        ("もんじゃ焼き", "fried"),
        ("しもつかれ", "any"),
    ],
)
def test_dishes_have_the_shape_of_their_name(dish, shape):
    assert local.dish_shape(dish) == shape
    assert local.DISHES[shape]


def test_every_everyday_way_is_worded():
    assert set(traits.WAYS) == {way for ways in EVERYDAY.values() for way in ways}
    assert all(len(bank) >= 3 for way in traits.WAYS.values() for bank in way)


def test_frames_name_no_time():
    """What is put into a frame may name a time; a frame that does too could contradict it."""
    for name in dir(phrases):
        bank = getattr(phrases, name)
        frames = bank if name.isupper() and isinstance(bank, tuple) else ()
        for frame in frames:
            if isinstance(frame, str) and re.search(r"{[de]}", frame):
                assert not SEASON.search(frame), frame
                assert not TIME.search(frame), frame


def test_every_industry_and_skill_is_worded(people):
    assert set(INDUSTRIES) == set(levels.INDUSTRY.values())
    assert set(phrases.DEVICES) == set(levels.DIGITAL_SKILL)
    names = {c.name for c in (*BIRTH_COHORTS, *SCHOOL_COHORTS, *LEAVING_PERIODS)}
    assert set(phrases.BACKGROUND_TIMES) == {*names, "scarce", "plenty", "school"}
    assert not any(phrases.ONLINE.search(text) for text in phrases.DEVICES["none"])


# --- what is written --------------------------------------------------------------------------


def test_texts_fit_the_models_and_the_rules(written):
    refused = []
    for one in written:
        Attributes.model_validate(one.attributes)
        Personas.model_validate(one.personas)
        found = check_texts({**one.attributes, **one.personas}, one.person)
        refused += [f"{f.rule}: {f.evidence}" for f in found if f.severity == "error"][:1]
    assert len(refused) <= 0.005 * len(written), refused[:5]


def test_lists_hold_a_few_real_items(written):
    for one in written:
        skills = one.attributes["skills_and_expertise_list"]
        assert 3 <= len(skills) <= 6
        if one.person["labour_status"] == "employed":
            assert set(skills) <= set(one.person["skills"])
        hobbies = one.attributes["hobbies_and_interests_list"]
        assert 2 <= len(hobbies) <= 6
        assert hobbies[0] == one.person["hobbies"][0]


def test_each_text_names_its_person_and_openings_vary(written):
    for field in Personas.model_fields:
        opened = 0
        for one in written:
            assert one.personas[field].count(one.person["full_name"]) == 1
            opened += one.personas[field].startswith(f"{one.person['full_name']}は")
        assert opened / len(written) < 0.4


def test_each_persona_text_has_a_local_anchor(written):
    for one in written:
        for text in one.personas.values():
            assert any(one.person[anchor] in text for anchor in ANCHORS), text
        towns = [one.person["municipality"] in text for text in one.personas.values()]
        assert not all(towns)


def test_nothing_is_a_refrain(written):
    for one in written:
        whole = "".join(one.personas.values())
        for fact in ("craft", "dish", "festival"):
            assert whole.count(one.person[fact]) <= 3
        sentences = [s for text in one.personas.values() for s in text.split("。") if len(s) > 11]
        assert len(sentences) - len(set(sentences)) <= 1


def test_no_slips_and_no_stock_words(written):
    stock = re.compile(
        r"彼ら|彼女|彼は|リーダー|融合|最適化|デジタル|外向的|開放性|生まれ育|出身|郷土の味"
    )
    for one in written:
        for text in one.prose().values():
            assert not SLIPS.search(one.without_facts(text)), text
            assert not stock.search(one.without_facts(text)), text


def test_a_sentence_names_one_season_at_most(written):
    for one in written:
        for text in one.prose().values():
            for sentence in one.without_facts(text).split("。"):
                assert len(set(SEASON.findall(sentence))) <= 1, sentence


def test_lengths_are_near_those_of_the_reference_set(written):
    lengths = defaultdict(list)
    for one in written:
        for field, text in one.prose().items():
            lengths[field].append(len(text))
    means = {field: np.mean(values) for field, values in lengths.items()}
    assert 125 <= means["professional_persona"] <= 150
    for field in ("sports_persona", "arts_persona", "travel_persona", "culinary_persona"):
        assert 110 <= means[field] <= 130
    assert 58 <= means["persona"] <= 75
    assert min(lengths["persona"]) >= 35
    for field in Attributes.model_fields:
        if field in means:
            assert 75 <= means[field] <= 95


def test_hardly_anybody_shares_a_text(written, tokyo):
    for group in (written[: -len(tokyo)], tokyo):
        for field in PROSE:
            nameless = [o.prose()[field].replace(o.person["full_name"], "") for o in group]
            assert len(nameless) - len(set(nameless)) <= max(1, 0.001 * len(nameless)), field


def test_no_pattern_dominates(written):
    for field in PROSE:
        patterns = Counter()
        for one in written:
            text = re.sub(r"\d+", "N", one.without_facts(one.prose()[field]))
            patterns.update(text.rstrip("。").split("。"))
        [(pattern, number)] = patterns.most_common(1)
        assert number / patterns.total() < 0.06, pattern


def test_same_stream_same_text(written):
    one = written[0]
    attributes = write_attributes(one.person, np.random.default_rng(0))
    assert attributes == one.attributes
    assert write_personas(one.person, attributes, np.random.default_rng(10**6)) == one.personas


# --- what fits the person ---------------------------------------------------------------------


STUDY = re.compile("学業|授業|学校|大学|高校|卒業|在学|単位")


def test_students_who_work_are_told_as_both(written):
    students = [
        one for one in written if one.person["school"] and one.person["labour_status"] == "employed"
    ]
    assert {one.person["work_mode"] for one in students} >= {
        "working_beside_study", "mainly_working"
    }  # fmt: skip
    for one in students:
        assert STUDY.search(one.personas["professional_persona"])
        assert STUDY.search(one.personas["persona"])
        assert STUDY.search(one.attributes["career_goals_and_ambitions"])
        assert one.person["occupation_label"] in one.personas["professional_persona"]
        if one.person["work_mode"] == "mainly_working":
            whole = "".join(one.prose().values())
            assert not re.search("本分は|本業は学業|学業を第一|学業の合間|学業のかたわら", whole)


def test_who_is_on_leave_is_not_told_as_working_today(written):
    away = [
        one
        for one in written
        if one.person["work_mode"] == "absent" and not one.person["school"]
    ]  # fmt: skip
    assert away
    for one in away:
        assert re.search("休|離れ", one.personas["professional_persona"])
        assert re.search("休|離れ", one.personas["persona"])


def test_sentences_on_a_standing_are_said_of_nobody_else(written):
    told = Counter()
    for one in written:
        texts = one.personas["professional_persona"]
        for status, notes in phrases.STANDING_NOTES.items():
            if any(note in texts for note in notes):
                assert one.person["employment_status"] == status or (
                    # Both keep their own books.
                    {status, one.person["employment_status"]} == {"employer", "own_account"}
                )
                told[status] += 1
    assert set(told) == set(phrases.STANDING_NOTES)
    assert set(phrases.STANDING_NOTES) == set(levels.EMPLOYMENT_STATUS) - {"regular"}


def test_word_before_the_title_is_that_of_the_standing(written):
    words = {"パート": "part_time", "アルバイト": "part_time", "派遣社員": "dispatched"}
    for one in written:
        for word, status in words.items():
            if f"{word}の{one.person['occupation_label']}" in one.personas["professional_persona"]:
                assert one.person["employment_status"] == status


def test_managers_are_not_told_as_working_on_their_own(written):
    for one in written:
        if one.person["occupation"] == "A":
            whole = "".join(one.prose().values())
            assert "自営業の" not in whole
            assert not any(note in whole for note in phrases.STANDING_NOTES["own_account"])


def test_household_is_the_persons_own(written):
    told = Counter()
    for one in written:
        person, whole = one.person, "".join(one.prose().values())
        if "一人暮らし" in whole:
            assert person["household"] == "one_person"
            told["alone"] += 1
        if "夫婦二人" in whole:
            assert (person["household"], person["marital"]) == ("couple_only", "married")
            told["couple"] += 1
        if "両親と" in whole:
            assert person["household"] == "couple_with_children"
            assert person["marital"] != "married"
            told["child"] += 1
        if "寮" in whole.replace(person["occupation_label"], ""):
            work = person["occupation_class"] or person["former_occupation_class"] or ""
            assert person["household"] == "institution" or work.endswith("寮管理人")
    assert min(told.values()) > 0
    assert set(told) == {"alone", "couple", "child"}


def test_who_lives_in_an_institution_keeps_no_house(written):
    residents = [one for one in written if one.person["household"] == "institution"]
    assert residents
    for one in residents:
        if one.person["labour_status"] in ("housework", "other"):
            texts = (one.personas["professional_persona"], one.personas["persona"],
                     one.attributes["career_goals_and_ambitions"])  # fmt: skip
            for text in texts:
                assert not HOUSEKEEPING.search(one.without_facts(text)), text
            assert "施設" in one.personas["professional_persona"]


def test_every_household_has_a_kind_with_sentences():
    assert set(HOME_KINDS) == set(levels.HOUSEHOLD) - {"institution"}
    kinds = {*HOME_KINDS.values(), "child", "dormitory"}
    assert kinds <= set(phrases.HOME_DAY)
    assert {*kinds, "resident"} <= set(phrases.HOME_TABLE)


def test_the_retired_have_no_workplace(written):
    retired = [
        one for one in written if one.person["labour_status"] == "other" and one.person["age"] >= 65
    ]
    assert retired
    for one in retired:
        whole = "".join(one.prose().values())
        assert not re.search("職場|勤め先|上司|給料|通学の|求人(?!が|の|件)|履歴書", whole)
        for sentence in whole.split("。"):
            if "として働" in sentence:
                assert re.search("引退するまで|かつて", sentence), sentence


def test_pensions_are_for_the_old(written):
    for one in written:
        if one.person["age"] < 60:
            assert not re.search(
                "年金(暮らし|で暮らし|の範囲|の振り)", "".join(one.prose().values())
            )


def test_worn_joints_are_for_those_past_middle_age(written):
    for one in written:
        if one.person["age"] < ACTIVITY_OLDER_FROM:
            assert not re.search(
                "膝|老眼鏡|腰に響", one.without_facts("".join(one.prose().values()))
            )


def test_those_under_twenty_do_not_drink(written):
    for one in written:
        if one.person["age"] < 20:
            assert not re.search("晩酌|休肝日|ワイン|焼酎|ビール", "".join(one.personas.values()))


def test_workers_are_told_by_their_class_and_title(written):
    for one in written:
        person = one.person
        if person["labour_status"] == "employed":
            text = one.personas["professional_persona"]
            assert person["occupation_label"] in text
            told = [duty for duty in duties.DUTIES[person["occupation_class"]] if duty in text]
            assert len(told) == 2


def test_leisure_is_the_persons_own(written):
    for one in written:
        text = one.personas["sports_persona"]
        if resident(one):
            continue
        done = [activities.SPORTS[sport] for sport in one.person["sports"]]
        for sport in activities.SPORTS.values():
            if sport not in done:
                assert not any(clause in text for clause in sport.does)
        if done:
            assert any(clause in text for clause in done[0].does)


def test_ingredients_do_not_repeat_the_dish(written):
    for one in written:
        if found := re.search(
            "(?:^|。)([^。、]+?)(?:を使った|の味がよくわかる)", one.personas["culinary_persona"]
        ):
            for ingredient in found[1].split("と"):
                assert ingredient not in one.person["dish"]


def test_the_retired_tell_of_the_work_they_did(written):
    former = [one for one in written if one.person["former_occupation_title"]]
    assert former
    for one in former:
        title = one.person["former_occupation_title"]
        text = one.personas["professional_persona"]
        assert title in text
        told = [d for d in duties.DUTIES[one.person["former_occupation_class"]] if d in text]
        assert told
        skills = one.attributes["skills_and_expertise_list"]
        if len(one.person["former_skills"]) > 1:
            assert len(set(skills) & set(one.person["former_skills"])) >= 2


def test_children_are_told_of_parents_alone(written):
    told = Counter()
    for one in written:
        whole = "".join(one.prose().values())
        if found := re.search("離れて暮らす子ども|離れた子ども|子どもの家|子どもが家を出", whole):
            assert one.person["children"] > 0, found[0]
            told["away"] += 1
        for count, number in (("二", 2), ("三", 3)):
            if f"{count}人の子ども" in whole or f"子ども{count}人" in whole:
                assert one.person["children"] == number
                told["counted"] += 1
    assert min(told["away"], told["counted"]) > 0


def test_who_uses_no_internet_is_told_of_none(written):
    told = Counter()
    for one in written:
        skill = one.person["digital_skill"]
        if skill == "none":
            whole = "".join(one.without_facts(text) for text in one.prose().values())
            assert not phrases.ONLINE.search(whole), whole
        for level, bank in phrases.DEVICES.items():
            if any(sentence in one.attributes["skills_and_expertise"] for sentence in bank):
                assert level == skill
                told[level] += 1
    assert set(told) == set(phrases.DEVICES)


def test_residents_do_not_go_out(written):
    residents = [one for one in written if resident(one)]
    assert residents
    for one in residents:
        assert "施設" in one.personas["sports_persona"] + one.personas["travel_persona"]
        for trip in activities.TRAVEL.values():
            assert not any(clause in one.personas["travel_persona"] for clause in trip.does)


def test_nobody_old_starts_a_career(written):
    for one in written:
        if one.person["age"] >= 60:
            goals = one.attributes["career_goals_and_ambitions"]
            assert not re.search(
                "経験のない分野|別の仕事に移る|転職|職場を見つけ|講習を受けて", goals
            )


def test_background_tells_of_times_and_places_that_are_the_persons(written):
    told = Counter()
    for one in written:
        text, life = one.attributes["cultural_background"], one.person["life"]
        for name in ("団塊の世代", "団塊ジュニア", "ゆとり世代", "昭和ひとけた"):
            if name in text:
                assert life.cohort == name
                told[name] += 1
        for name in ("高度経済成長", "バブル景気", "就職氷河期"):
            if name in text:
                assert life.leaving_period.startswith(name)
                told[name] += 1
        if "十人に" in text:
            assert max(life.openings) < 1
            told["openings"] += 1
        if "雪" in text and "年に" in text:
            assert str(one.person["place"].snow_days) in text
    assert len(told) > 5
