"""What was written is read back by the libraries that people will read it with."""

import shutil

import duckdb
import polars as pl
import pytest

from persona_assets.release.columns import DEFAULT, EXTENDED


@pytest.fixture
def load_dataset(tmp_path, monkeypatch):
    """Give `datasets.load_dataset` without network and with its cache out of the way."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()

    def load(*arguments):
        return datasets.load_dataset(*arguments, cache_dir=str(tmp_path / "cache"))

    return load


def test_datasets_reads_both_configurations_from_the_folder(
    built, released, load_dataset, tmp_path
):
    # A copy, so that nothing beside the release can help.
    folder = tmp_path / "release"
    shutil.copytree(built.folder, folder)
    default = load_dataset(str(folder))
    assert list(default) == ["train"]
    assert default["train"].column_names == [column.name for column in DEFAULT]
    extended = load_dataset(str(folder), "extended")
    assert extended["train"].column_names == [column.name for column in EXTENDED]
    for loaded in (default["train"], extended["train"]):
        assert loaded.num_rows == released.height
        assert loaded["uuid"][:] == released["person_id"].to_list()
        first = loaded[0]
        assert first["persona"] == released["persona"][0]
        assert first["skills_and_expertise_list"] == (
            released["skills_and_expertise_list"][0].to_list()
        )
        assert isinstance(first["age"], int)


@pytest.mark.parametrize(
    ("folder", "columns"), [("data", DEFAULT), ("extended", EXTENDED)], ids=["default", "extended"]
)
def test_polars_and_duckdb_read_the_same_rows(built, released, folder, columns):
    pattern = str(built.folder / folder / "*.parquet")
    names = [column.name for column in columns]
    frame = pl.read_parquet(pattern)
    assert frame.columns == names
    assert frame["uuid"].to_list() == released["person_id"].to_list()
    with duckdb.connect() as connection:
        relation = connection.execute("SELECT * FROM read_parquet($1)", [pattern])
        assert [column[0] for column in relation.description] == names
        rows = relation.fetchall()
        tags = connection.execute(
            "SELECT count(*) FROM (SELECT unnest(hobbies_and_interests_list) FROM "
            "read_parquet($1))",
            [pattern],
        ).fetchone()
    assert rows == frame.rows()
    assert tags == (frame["hobbies_and_interests_list"].list.len().sum(),)
