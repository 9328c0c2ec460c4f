import os

import polars as pl
import pytest

from persona_assets.storage import lake

TOTTORI = pl.DataFrame({"prefecture": ["tottori", "tottori"], "value": [1, 2]})
TOKYO = pl.DataFrame({"prefecture": ["tokyo"], "value": [3]})


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_failed_write_leaves_the_old_file_whole_and_nothing_else(tmp_path):
    path = tmp_path / "figures.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(ZeroDivisionError), lake.written_whole(path) as temporary:  # noqa: PT012
        temporary.write_text("half of the new", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"
        raise ZeroDivisionError
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["figures.txt"]


def test_finished_write_replaces_the_file_and_makes_its_folder(tmp_path):
    path = tmp_path / "deep" / "er" / "figures.txt"
    for text in ("old", "new"):
        with lake.written_whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
            assert temporary.parent == path.parent
        assert path.read_text(encoding="utf-8") == text
    assert names(path.parent) == ["figures.txt"]


def test_partition_comes_back_as_it_was_written(tmp_path):
    path = lake.write_partition(TOTTORI, tmp_path, "people", "tottori")
    assert path == tmp_path / "people" / "tottori.parquet"
    assert lake.read_partition(tmp_path, "people", "tottori").equals(TOTTORI)


def test_row_of_another_prefecture_is_refused_and_the_old_partition_stays(tmp_path):
    lake.write_partition(TOTTORI, tmp_path, "people", "tottori")
    mixed = pl.concat([TOTTORI, TOKYO, TOKYO.with_columns(prefecture=pl.lit("nara"))])
    with pytest.raises(lake.LakeError, match=r"'people', partition 'tottori'.*\(nara, tokyo\)"):
        lake.write_partition(mixed, tmp_path, "people", "tottori")
    assert lake.read_partition(tmp_path, "people", "tottori").equals(TOTTORI)
    assert names(tmp_path / "people") == ["tottori.parquet"]


def test_row_without_a_prefecture_is_refused(tmp_path):
    nowhere = TOTTORI.with_columns(prefecture=pl.Series(["tottori", None]))
    with pytest.raises(lake.LakeError, match="partition 'tottori'"):
        lake.write_partition(nowhere, tmp_path, "people", "tottori")
    assert not (tmp_path / "people").exists()


def test_empty_partition_is_a_partition(tmp_path):
    lake.write_partition(TOTTORI.clear(), tmp_path, "quarantine", "tottori")
    read = lake.read_partition(tmp_path, "quarantine", "tottori")
    assert read.height == 0
    assert read.schema == TOTTORI.schema


def test_missing_partition_names_asset_key_place_and_what_to_do(tmp_path):
    with pytest.raises(lake.LakeError) as error:
        lake.read_partition(tmp_path, "people", "nara")
    for part in ("'people'", "'nara'", str(tmp_path / "people" / "nara.parquet"), "materialize"):
        assert part in str(error.value)


def test_missing_table_names_asset_place_and_what_to_do(tmp_path):
    with pytest.raises(lake.LakeError) as error:
        lake.read_table(tmp_path, "margin/population")
    for part in ("'margin/population'", str(tmp_path / "margin" / "population.parquet"),
                 "materialize"):  # fmt: skip
        assert part in str(error.value)


def test_folder_without_permission_gives_a_hint(tmp_path, monkeypatch):
    # Permissions do not stop root, so the refusal of the file system is played.
    path = tmp_path / "people" / "tottori.parquet"

    def refuse(source, target):
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(lake.LakeError) as error:
        lake.write_frame(TOTTORI, path)
    assert str(path) in str(error.value)
    assert "Permission denied" in str(error.value)
    assert "PERSONA_ASSETS_DATA" in str(error.value)
    assert names(path.parent) == []


def test_path_below_a_regular_file_gives_a_hint(tmp_path):
    in_the_way = tmp_path / "lake"
    in_the_way.write_text("not a folder", encoding="utf-8")
    with pytest.raises(lake.LakeError, match="PERSONA_ASSETS_DATA"):
        lake.write_partition(TOTTORI, in_the_way, "people", "tottori")
    assert in_the_way.read_text(encoding="utf-8") == "not a folder"


def test_content_hash_is_of_values_not_of_how_they_lie_in_memory(tmp_path):
    frame = pl.DataFrame(
        {"prefecture": ["tottori", None, "tokyo"], "n": [1, None, 3], "items": [["a"], [], None]}
    )
    path = tmp_path / "frame.parquet"
    lake.write_frame(frame, path)
    again = {
        "read back": pl.read_parquet(path),
        "in pieces": pl.concat([frame[:1], frame[1:]], rechunk=False),
        "a slice": pl.concat([frame, frame])[3:],
        "filtered": pl.concat([frame, frame]).filter(pl.Series([False] * 3 + [True] * 3)),
        "nulls over values": frame.with_columns(
            n=pl.when(pl.Series([True, False, True])).then(pl.Series([1, 77, 3]))
        ),
    }
    for way, same in again.items():
        assert same.equals(frame), way
        assert lake.content_hash(same) == lake.content_hash(frame), way


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.with_columns(value=pl.Series([1, 3])),
        lambda frame: frame.reverse(),
        lambda frame: frame.rename({"value": "other"}),
        lambda frame: frame.with_columns(pl.col("value").cast(pl.Int32)),
        lambda frame: frame.select("value", "prefecture"),
        lambda frame: frame.head(1),
        lambda frame: frame.with_columns(value=pl.Series([1, None])),
    ],
    ids=["value", "order", "name", "type", "columns", "rows", "null"],
)
def test_content_hash_changes_with_the_content(change):
    assert lake.content_hash(change(TOTTORI)) != lake.content_hash(TOTTORI)
