import polars as pl

from persona_assets.automation.preview import preview
from persona_assets.recipe import load_recipe
from persona_assets.release.columns import to_records
from persona_assets_tests.automation.conftest import SIZE


def test_preview_shows_the_people_whom_a_build_makes(built_once, reference, tmp_path):
    shown = preview("tottori", 3, load_recipe(built_once.recipe), reference, tmp_path)
    built = pl.read_parquet(built_once.root / "lake" / "checked_records" / "tottori.parquet")
    assert shown.height == 3
    assert to_records(shown, "extended").equals(to_records(built.head(3), "extended"))


def test_preview_of_more_people_than_there_are_shows_them_all(reference, built_once, tmp_path):
    recipe = load_recipe(built_once.recipe)
    shown = preview("tottori", 1_000_000, recipe, reference, tmp_path)
    assert 0 < shown.height < 0.01 * SIZE
