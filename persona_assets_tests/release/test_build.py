import json
from itertools import product

import polars as pl
import pytest

import persona_assets
from persona_assets.joint.fit import figures_version
from persona_assets.partitions import prefectures
from persona_assets.people.fidelity import FITTED, Scope
from persona_assets.personas.prompts import prompt_hash
from persona_assets.recipe import Recipe
from persona_assets.release.writer import ReleaseError, verify_release
from persona_assets.rules.fields import TEXT_FIELDS


def test_release_is_whole_and_says_where_it_comes_from(built, chain, released):
    assert verify_release(built.folder) == []
    assert (built.records, built.prefectures) == (released.height, 2)
    manifest = json.loads((built.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["records"] == released.height
    assert manifest["records"] + manifest["quarantined"] == chain.people.height
    assert manifest["recipe_fingerprint"] == chain.recipe.fingerprint
    assert Recipe.model_validate(manifest["recipe"]) == chain.recipe
    assert manifest["package_version"] == persona_assets.__version__
    assert manifest["prefectures"] == ["tokyo", "tottori"]
    assert manifest["writer"]["backend"] == "offline"
    assert manifest["writer"]["prompts"] == {
        step: [prompt_hash(step)] for step in ("attributes", "personas")
    }
    assert len(manifest["sources"]) > 20
    assert all(len(source["sha256"]) == 64 for source in manifest["sources"].values())
    assert set(manifest["largest_difference_pp"]) == set(built.fits["margin"])
    distances = {(row["margin"], row["scope"]): row for row in manifest["distances"]}
    assert set(distances) == set(product(FITTED, Scope))
    assert all(row["floor"] <= row["tvd"] <= 1 for row in distances.values())


def test_the_same_release_again_is_the_same_folder(built, release_it):
    assert release_it(built.folder.parent).folder == built.folder


@pytest.fixture
def nothing_was_written(tmp_path):
    yield
    assert not [path for path in tmp_path.rglob("*") if path.is_file() or path.is_symlink()]


@pytest.mark.usefixtures("nothing_was_written")
def test_records_of_another_recipe_are_refused_with_their_prefecture(release_it, chain, tmp_path):
    mixed = chain.checked.with_columns(
        recipe=pl.when(pl.col("prefecture") == "tottori")
        .then(pl.lit("0" * 12))
        .otherwise(pl.lit(chain.recipe.fingerprint))
    )
    with pytest.raises(ReleaseError, match=r"^tottori were built from another recipe") as error:
        release_it(tmp_path, checked=mixed)
    assert chain.recipe.fingerprint in str(error.value)
    with pytest.raises(ReleaseError, match=r"^tokyo, tottori were built"):
        release_it(tmp_path, recipe=Recipe(size=2_001))


def with_one_text(checked, people):
    """Give the first people one and the same travel text, but for their names."""
    name = pl.concat_str("surname", "given_name", separator=" ")
    return checked.with_columns(
        pl.when(pl.int_range(pl.len()) < people)
        .then(name + "は川を眺める。")
        .otherwise("travel_persona")
        .alias("travel_persona")
    )


def test_who_repeats_a_text_is_left_out_and_counted(release_it, chain, released, tmp_path):
    result = release_it(tmp_path, checked=with_one_text(released, 3))
    assert result.records == released.height - 2
    manifest = json.loads((result.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["repeated_texts"] == 2
    assert manifest["quarantined"] == chain.quarantine.height + 2
    texts = pl.read_parquet(result.folder / "data" / "*.parquet")["travel_persona"]
    assert texts.str.ends_with("は川を眺める。").sum() == 1


@pytest.mark.usefixtures("nothing_was_written")
def test_too_many_repeated_texts_are_refused_and_shown(release_it, chain, tmp_path):
    with pytest.raises(ReleaseError, match="in travel_persona of 30 people: は川を眺める。"):
        release_it(tmp_path, checked=with_one_text(chain.checked, 30))


@pytest.fixture(scope="module")
def everywhere(chain):
    """The joint of Tokyo under the name of every prefecture, in one frame."""
    frame = chain.joint_frames.filter(pl.col("prefecture") == "tokyo")
    return pl.concat(frame.with_columns(prefecture=pl.lit(key)) for key in prefectures())


def stretched(chain, joints, recipe, margins):
    """Deal the chain's people out over all 47 prefectures, in equal parts: far from the census."""
    keys = list(prefectures())
    rows = chain.part("checked", "tokyo").with_columns(recipe=pl.lit(recipe.fingerprint))
    rows = rows.with_columns(
        prefecture=pl.Series([keys[place % 47] for place in range(rows.height)])
    )
    versions = {key: figures_version(key, margins) for key in keys}
    rows = rows.with_columns(figures=pl.col("prefecture").replace_strict(versions))
    return {"checked": rows, "joints": joints, "recipe": recipe}


@pytest.mark.usefixtures("nothing_was_written")
def test_full_release_that_misses_a_guaranteed_share_is_refused(
    release_it, chain, everywhere, margins, tmp_path
):
    with pytest.raises(ReleaseError, match=r"share of prefecture 北海道 is -[\d.]+ points off"):
        release_it(tmp_path, **stretched(chain, everywhere, Recipe(size=4_700), margins))


def test_share_is_not_guaranteed_of_sizes_too_small_for_it(
    release_it, chain, everywhere, margins, tmp_path
):
    result = release_it(tmp_path, **stretched(chain, everywhere, Recipe(size=4_699), margins))
    assert result.prefectures == 47
    assert verify_release(result.folder) == []


def test_quarantine_and_failed_release_leave_latest_as_it_was(release_it, chain, tmp_path):
    first = release_it(tmp_path, checked=chain.checked.head(40)).folder
    with pytest.raises(ReleaseError):
        release_it(tmp_path, recipe=Recipe(size=100))
    assert (tmp_path / "latest").resolve() == first
    assert {path.name for path in tmp_path.iterdir()} == {"latest", first.name}


def test_released_texts_are_the_checked_ones(built, released):
    read = pl.read_parquet(built.folder / "data" / "*.parquet")
    assert read["uuid"].to_list() == released["person_id"].to_list()
    for field in TEXT_FIELDS:
        assert read[field].equals(released[field])


def test_licence_and_notice_of_the_names_go_with_the_data(built, reference):
    assert "CC BY 4.0" in (built.folder / "LICENSE").read_text(encoding="utf-8")
    notice = (reference / "names" / "NOTICE.md").read_text(encoding="utf-8")
    assert (built.folder / "NOTICE.md").read_text(encoding="utf-8") == notice


def test_people_of_other_figures_than_todays_are_not_released(release_it, margins, tmp_path):
    one_more = pl.when(pl.col("prefecture") == "tokyo").then(pl.col("count") + 1).otherwise("count")
    today = {**margins, "school": margins["school"].with_columns(one_more.alias("count"))}
    with pytest.raises(ReleaseError, match=r"^tokyo: the official figures changed since"):
        release_it(tmp_path, margins=today)
    assert list(tmp_path.iterdir()) == []
