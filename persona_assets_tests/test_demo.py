"""The whole job on the default recipe: what `make demo` does, and what the README promises."""

import hashlib
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from persona_assets.automation.build import build
from persona_assets.partitions import PREFECTURE_COUNT, prefectures
from persona_assets.people.quotas import adult_population
from persona_assets.quality.records import PROSE_FIELDS
from persona_assets.recipe import Recipe
from persona_assets.release.writer import verify_release
from persona_assets.storage.paths import project_root
from persona_assets.storage.resources import Folders, RecipeResource

pytestmark = pytest.mark.slow


def demo(folder: Path) -> Path:
    (folder / "instance").mkdir()
    return build(
        [],
        RecipeResource(path=str(project_root() / "dataset.yaml")),
        Folders(root=str(folder / "data")),
        on=dg.DagsterInstance.local_temp(str(folder / "instance")),
    )


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Path:
    return demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def records(release) -> pl.DataFrame:
    return pl.read_parquet(release / "extended" / "*.parquet")


def test_all_people_are_released(release, records):
    assert verify_release(release) == []
    assert records.height >= 0.999 * Recipe().size
    assert records["prefecture"].n_unique() == PREFECTURE_COUNT


def test_shares_are_within_a_tenth_of_a_point_of_the_census(records, margins):
    adults = adult_population(margins["population"]).with_columns(
        pl.col("prefecture").replace_strict({p.key: p.name for p in prefectures().values()}),
        pl.col("sex").replace_strict({"male": "男", "female": "女"}),
    )
    low = pl.col("age_group").str.extract(r"^(\d+)").cast(pl.Int64)
    starts = sorted(adults.select(low.alias("low"))["low"].unique())
    people = records.with_columns(
        low=pl.Series([max(s for s in starts if s <= age) for age in records["age"]])
    )
    adults = adults.with_columns(low=low)
    for axis in ("prefecture", "sex", "low"):
        official = adults.group_by(axis).agg(pl.col("count").sum() / adults["count"].sum())
        released = people.group_by(axis).agg(pl.len() / people.height)
        both = official.join(released, on=axis, how="full")
        assert both.null_count().sum_horizontal().item() == 0
        assert (both["count"] - both["len"]).abs().max() < 0.001


def test_no_two_people_share_a_text(records):
    names = (records["surname"] + " " + records["given_name"]).to_list()
    for field in PROSE_FIELDS:
        texts = [text.replace(name, "") for text, name in zip(records[field], names, strict=True)]
        assert len(set(texts)) == len(texts)


def test_same_recipe_gives_the_same_bytes(release, tmp_path):
    again = demo(tmp_path)
    assert again.name == release.name

    def parquet(folder):
        return {
            path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*.parquet")
        }

    assert parquet(again) == parquet(release)
    assert len(parquet(again)) == 2
