import pytest

from persona_assets.recipe import Recipe, RecipeError, load_recipe


def write(tmp_path, text):
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sise: 100", "unknown field 'sise'; did you mean 'size'"),
        ("size: 0", "field 'size' is 0"),
        ("size: 46", "greater than or equal to 47"),
        ("writer: {backend: magic}", "field 'writer.backend' is 'magic'"),
        ("names: {diversity: 1.5}", "field 'names.diversity' is 1.5"),
        ("names: {diversty: 1}", "unknown field 'names.diversty'; did you mean 'diversity'"),
        ("names: {public_figures: [none.txt]}", "there is no file "),
        ("writer: {modle: x}", "unknown field 'writer.modle'; did you mean 'model'"),
        ("[1, 2", "not YAML"),
        ("- 1", "must be a mapping"),
    ],
)
def test_error_is_one_line_that_names_file_and_field(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(RecipeError) as error:
        load_recipe(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(RecipeError, match="cannot read"):
        load_recipe(tmp_path / "none.yaml")


def test_size_from_the_environment(monkeypatch):
    monkeypatch.setenv("PERSONA_ASSETS_SIZE", "470")
    assert load_recipe().size == 470
    monkeypatch.setenv("PERSONA_ASSETS_SIZE", "many")
    with pytest.raises(RecipeError, match="not a whole number"):
        load_recipe()


def test_every_field_is_described():
    assert all(field.description for field in Recipe.model_fields.values())


def test_thresholds_do_not_change_the_fingerprint():
    strict = Recipe(quality={"max_quarantined_share": 0.0})
    assert strict.fingerprint == Recipe().fingerprint
    assert Recipe(seed=1).fingerprint != Recipe().fingerprint


def test_fingerprint_holds_what_the_lists_of_names_say(tmp_path):
    assert Recipe(names={"diversity": 0.4}).fingerprint != Recipe().fingerprint
    prints = []
    for folder, text in (("a", "山田太郎\n"), ("b", "山田太郎\n"), ("c", "山田花子\n")):
        own = write_list(tmp_path / folder, text)
        prints.append(Recipe(names={"public_figures": [str(own)]}).fingerprint)
    assert prints[0] == prints[1] != prints[2]
    assert Recipe().fingerprint not in prints


def write_list(folder, text):
    folder.mkdir()
    path = folder / "known.txt"
    path.write_text(text, encoding="utf-8")
    return path
