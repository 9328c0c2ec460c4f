import hashlib
import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from persona_assets.release.writer import (
    ReleaseError,
    point_latest,
    verify_release,
    write_release,
)


@pytest.fixture(scope="module")
def records(chain):
    return chain.checked.head(20)


@pytest.fixture
def write(records, tmp_path):
    def make(checked=records, version="0.1.0", documents=None):
        return write_release(
            checked,
            releases=tmp_path / "releases",
            version=version,
            documents={"README.md": "about", "LICENSE": "terms"}
            if documents is None
            else documents,
            lineage={"seed": 1},
        )

    return make


def listed(folder):
    return sorted(path.name for path in folder.iterdir())


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_manifest_has_the_checksum_and_size_of_every_file(write, records):
    folder = write()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found = files(folder)
    del found["manifest.json"]
    assert manifest["files"] == {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in found.items()
    }
    assert set(found) == {
        "README.md", "LICENSE", "data/train-00000-of-00001.parquet",
        "extended/train-00000-of-00001.parquet",
    }  # fmt: skip
    assert manifest["records"] == records.height == 20
    assert manifest["seed"] == 1
    assert folder.name == f"0.1.0-{manifest['content_sha256'][:8]}"
    assert (folder.parent / "latest").resolve() == folder
    assert verify_release(folder) == []
    assert verify_release(folder.parent / "latest") == []


def test_missing_changed_and_extra_files_are_each_named(write):
    folder = write()
    (folder / "LICENSE").unlink()
    (folder / "README.md").write_text("ABOUT", encoding="utf-8")
    (folder / "data" / "notes.txt").write_text("x", encoding="utf-8")
    problems = sorted(verify_release(folder))
    assert len(problems) == 3
    assert problems[0] == "LICENSE is missing"
    assert problems[1].startswith("README.md was changed: its SHA-256 is ")
    assert problems[2] == "data/notes.txt is not in the manifest"


def test_one_flipped_bit_of_the_data_is_found(write):
    folder = write()
    path = folder / "data" / "train-00000-of-00001.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    (problem,) = verify_release(folder)
    assert problem.startswith("data/train-00000-of-00001.parquet was changed")


def test_folder_without_manifest_is_no_release(tmp_path):
    assert verify_release(tmp_path) == [f"{tmp_path / 'manifest.json'} is missing"]


def test_same_bytes_are_the_same_folder_and_stay_untouched(write):
    folder = write()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert write() == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert listed(folder.parent) == sorted(["latest", folder.name])


def test_other_records_or_documents_are_another_folder(write, records):
    first = write()
    second = write(records.head(19))
    third = write(documents={"README.md": "other"})
    assert len({first, second, third}) == 3
    assert (first.parent / "latest").resolve() == third
    for folder in (first, second, third):
        assert verify_release(folder) == []
    write()
    assert (first.parent / "latest").resolve() == first


def test_failed_document_leaves_latest_and_the_releases_as_they_were(write):
    first = write()
    before = files(first)
    with pytest.raises(FileNotFoundError):
        write(documents={"README.md": "new", "no/such/folder.html": "x"})
    assert (first.parent / "latest").resolve() == first
    assert listed(first.parent) == sorted(["latest", first.name])
    assert files(first) == before


def test_failure_before_the_first_release_leaves_no_latest(write, tmp_path):
    with pytest.raises(FileNotFoundError):
        write(documents={"no/such/folder.html": "x"})
    assert listed(tmp_path / "releases") == []


def test_latest_is_switched_last(write, records, monkeypatch):
    """What `latest` is pointed at is whole at that moment, and it was the old one until then."""
    first = write()
    seen = []

    def watched(releases: Path, name: str) -> None:
        seen.append(((releases / "latest").resolve(), verify_release(releases / name)))
        point_latest(releases, name)

    monkeypatch.setattr("persona_assets.release.writer.point_latest", watched)
    second = write(records.head(10))
    assert seen == [(first, [])]
    assert (first.parent / "latest").resolve() == second


def test_failed_switch_keeps_the_old_latest(write, records, monkeypatch):
    first = write()

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("persona_assets.release.writer.os.replace", refuse)
    with pytest.raises(OSError, match="No space"):
        write(records.head(10))
    assert (first.parent / "latest").resolve() == first
    monkeypatch.undo()
    second = write(records.head(10))
    assert (first.parent / "latest").resolve() == second
    assert listed(first.parent) == sorted(["latest", first.name, second.name])


def test_leftovers_of_a_killed_write_are_removed(write):
    first = write()
    left = first.parent / ".0123456789abcdef.tmp"
    shutil.copytree(first, left)
    (first.parent / ".0123456789abcdef.link").symlink_to("nowhere")
    (first.parent / "notes").mkdir()
    write()
    assert listed(first.parent) == sorted(["latest", "notes", first.name])


def test_damaged_copy_is_replaced_by_the_same_bytes_whole(write):
    folder = write()
    whole = files(folder)
    (folder / "README.md").write_text("spoilt", encoding="utf-8")
    (folder / "LICENSE").unlink()
    assert write() == folder
    again = files(folder)
    del whole["manifest.json"], again["manifest.json"]  # holds the time of writing
    assert again == whole
    assert verify_release(folder) == []
    write()
    assert listed(folder.parent) == sorted(["latest", folder.name])


def test_nothing_to_release_is_refused(write, records, tmp_path):
    with pytest.raises(ReleaseError, match="no record passed"):
        write(records.clear())
    assert not (tmp_path / "releases").exists()


def test_place_that_cannot_be_written_gives_a_hint(records, tmp_path):
    (tmp_path / "releases").write_text("a file in the way", encoding="utf-8")
    with pytest.raises(ReleaseError, match="PERSONA_ASSETS_DATA"):
        write_release(
            records, releases=tmp_path / "releases" / "x", version="0.1.0", documents={}, lineage={}
        )


def test_large_releases_are_split_into_numbered_shards_in_order(write, records, monkeypatch):
    monkeypatch.setattr("persona_assets.release.writer.ROWS_PER_SHARD", 8)
    folder = write()
    for configuration in ("data", "extended"):
        assert listed(folder / configuration) == [
            f"train-0000{shard}-of-00003.parquet" for shard in range(3)
        ]
        parts = [pl.read_parquet(path) for path in sorted((folder / configuration).iterdir())]
        assert [part.height for part in parts] == [8, 8, 4]
        assert pl.concat(parts)["uuid"].to_list() == records["person_id"].to_list()
