from persona_assets import levels
from persona_assets.people.labels import TRAIT_LABELS, with_labels
from persona_assets.people.traits import TRAITS
from persona_assets.rules.language import _TRAIT_JARGON


def test_marital_status_tells_of_children_as_the_reference_does(people):
    labelled = with_labels(people)
    told = labelled["marital_label"].str.ends_with(" (子供あり)")
    assert (told == (people["children"] > 0)).all()
    assert {"未婚", "既婚", "既婚 (子供あり)", "死別 (子供あり)", "離別 (子供あり)"} <= set(
        labelled["marital_label"]
    )
    census = labelled["marital_label"].str.replace(" (子供あり)", "", literal=True)
    assert (census == people["marital"].replace_strict(dict(levels.MARITAL))).all()


def test_children_are_counted(people):
    labels = dict(with_labels(people).select("children", "children_label").iter_rows())
    assert labels[0] == "子供なし"
    assert labels[2] == "子供2人"
    assert labels[levels.MOST_CHILDREN] == "子供4人以上"


def test_generations_are_those_of_the_ages(people):
    ages = dict(with_labels(people).select("age", "generation_label").iter_rows())
    assert ages[71] == "団塊の世代"
    assert ages[60] is None


def test_devices_are_labelled(people):
    labels = set(with_labels(people)["digital_skill_label"])
    assert labels <= set(levels.DIGITAL_SKILL.values())
    assert len(labels) > 2


def test_traits_have_everyday_words_and_no_terms(people):
    assert set(TRAIT_LABELS) == set(TRAITS)
    assert not any(_TRAIT_JARGON.search(word) for words in TRAIT_LABELS.values() for word in words)
    labelled = with_labels(people)
    for trait, (low, middle, high) in TRAIT_LABELS.items():
        for score, label in labelled.select(trait, f"{trait}_label").iter_rows():
            assert label == (low if score < 40 else high if score > 60 else middle)
