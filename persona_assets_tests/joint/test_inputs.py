from persona_assets.census.margins import MARGIN_NAMES
from persona_assets.census.tables import load_sources
from persona_assets.joint.inputs import WORD_LISTS, Inputs, load_word_lists
from persona_assets.joint.titles import load_titles


def test_shapes_are_every_table_of_shapes_and_the_lists(shapes, reference):
    tables = {key.split("/")[1] for key in load_sources(reference) if key.startswith("shapes/")}
    lists = {"titles", "classes", "industry_sizes", *WORD_LISTS}
    assert set(load_word_lists(reference)) == lists
    assert not tables & lists
    assert set(shapes) == tables | lists
    assert all(frame.height > 0 for frame in shapes.values())


def test_inputs_of_a_prefecture_are_its_own_rows(shapes, margins):
    nation = Inputs(shapes, {})
    here = nation.of("tottori", margins)
    assert here.prefecture == "tottori"
    assert here.shapes is shapes
    assert set(here.margins) == set(MARGIN_NAMES)
    for name, frame in here.margins.items():
        assert set(frame["prefecture"]) == {"tottori"}
        assert frame.height * 47 == margins[name].height
    # The nation's stay as they are.
    assert (nation.prefecture, nation.margins) == ("", {})


def test_titles_have_no_missing_text(reference):
    titles = load_titles(reference)
    assert titles.null_count().transpose().to_series().sum() == 0
    assert titles["title"].n_unique() <= titles.height
    assert titles["weight"].min() == 0
    assert titles["frequency"].min() > 0
