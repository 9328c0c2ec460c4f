import polars as pl

from persona_assets.people.life_stage import life_stage, place
from persona_assets.people.occupations import title_details
from persona_assets.personas.facts import accepted_attributes, person_facts
from persona_assets.personas.models import field_names
from persona_assets.rules.facts import PREFECTURES


def test_one_row_per_person_in_order_with_every_column(people, reference):
    facts = person_facts(people, reference)
    assert [person["person_id"] for person in facts] == people["person_id"].to_list()
    assert set(people.columns) <= facts[0].keys()


def test_labels_say_in_japanese_what_the_codes_say(people, reference):
    for person in person_facts(people, reference):
        assert person["full_name"] == f"{person['surname']} {person['given_name']}"
        assert person["prefecture_name"] == PREFECTURES[person["prefecture"]] == "鳥取県"
        assert (person["sex"], person["sex_label"]) in {("male", "男"), ("female", "女")}
        if person["labour_status"] == "employed":
            assert person["occupation_label"] == person["occupation_title"]
            assert person["industry_label"]
            assert person["employment_status_label"]
        else:
            assert person["industry_label"] is None
            assert person["occupation_label"]
        if person["education"] == "in_school":
            assert person["education_label"].endswith("在学中")
        else:
            assert person["education_label"].endswith("卒")


def test_homemakers_are_called_so_only_if_married(people, reference):
    labels = {
        (person["marital"] == "married", person["sex"], person["occupation_label"])
        for person in person_facts(people, reference)
        if person["labour_status"] == "housework" and not person["former_occupation"]
    }
    assert (True, "female", "専業主婦") in labels
    assert labels <= {
        (True, "female", "専業主婦"),
        (True, "male", "専業主夫"),
        (False, "female", "家事"),
        (False, "male", "家事"),
    }


def test_skills_are_those_of_the_job_title(people, reference):
    details = {
        (row["occupation_class"], row["occupation_title"]): (row["skills"], row["certifications"])
        for row in title_details(reference).iter_rows(named=True)
    }
    some = 0
    for person in person_facts(people, reference):
        known = details.get((person["occupation_class"], person["occupation_title"]), ([], []))
        assert (person["skills"], person["certifications"]) == known
        some += bool(person["skills"])
    assert some > 100


def test_only_accepted_attributes_go_on(chain):
    first, second = chain.attributes["person_id"][:2]
    spoilt = chain.attributes.with_columns(
        accepted=pl.col("accepted") & (pl.col("person_id") != first)
    )
    known = accepted_attributes(spoilt)
    assert len(known) == chain.attributes["accepted"].sum() - 1
    assert first not in known
    assert set(known[second]) == {"person_id", *field_names("attributes")}


def test_former_skills_are_those_of_the_former_title(people, reference):
    details = {
        (row["occupation_class"], row["occupation_title"]): row["skills"]
        for row in title_details(reference).iter_rows(named=True)
    }
    some = 0
    for person in person_facts(people, reference):
        former = (person["former_occupation_class"], person["former_occupation_title"])
        assert person["former_skills"] == details.get(former, [])
        some += bool(person["former_skills"])
    assert some > 20


def test_times_and_place_are_the_persons_own(people, reference):
    for person in person_facts(people, reference):
        assert person["life"] == life_stage(person, reference)
        assert person["place"] == place("tottori", person["municipality_code"], reference)
        assert person["place"].capital == "鳥取市"
