"""The writer: a release is written beside, checked, renamed when whole, and never changed again.

A version is named after its content, so the same records are the same folder. `latest` is a link
that is switched last: whoever reads it always sees a whole release.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from persona_assets.errors import PersonaAssetsError
from persona_assets.release.columns import CONFIGURATIONS, to_records
from persona_assets.storage.lake import COMPRESSION

ROWS_PER_SHARD = 125_000
ROWS_PER_GROUP = 25_000
MANIFEST = "manifest.json"
LATEST = "latest"
_FOLDERS = {"default": "data", "extended": "extended"}


class ReleaseError(PersonaAssetsError):
    """A release that may not be made or is not whole; says what to do."""


def write_release(
    checked: pl.DataFrame,
    *,
    releases: Path,
    version: str,
    documents: Mapping[str, str],
    lineage: Mapping[str, Any],
) -> Path:
    """Write one release and point `latest` to it.

    Args:
        checked: Checked records in their final order.
        releases: The folder of all versions.
        version: The recipe's version; the folder's name adds eight digits of the content's hash.
        documents: Name and text of the files that stand beside the data (card, report, licence).
        lineage: What the records were made from; goes into the manifest.

    Returns:
        The folder. If these very bytes were released before, the folder that exists.

    Raises:
        ReleaseError: there are no records, or the folder cannot be written.
    """
    if checked.is_empty():
        raise ReleaseError("no record passed the checks, so there is nothing to release")
    try:
        releases.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(releases)
        temporary = releases / f".{uuid4().hex}.tmp"
        temporary.mkdir()
    except OSError as error:
        raise ReleaseError(
            f"cannot write to {releases}: {error.strerror}; make it writable or set "
            "PERSONA_ASSETS_DATA to another folder"
        ) from error
    try:
        for configuration in CONFIGURATIONS:
            _write_shards(to_records(checked, configuration), temporary / _FOLDERS[configuration])
        for name, text in documents.items():
            (temporary / name).write_text(text, encoding="utf-8")
        files = _inventory(temporary)
        content = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
        folder = releases / f"{version}-{content[:8]}"
        manifest = {
            "content_sha256": content,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "records": checked.height,
            "files": files,
            **lineage,
        }
        (temporary / MANIFEST).write_text(
            json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8"
        )
        if not (folder.exists() and not verify_release(folder)):
            if folder.exists():
                # A damaged copy gives way to the same bytes, whole.
                folder.rename(releases / f".{uuid4().hex}.tmp")
            temporary.rename(folder)
        point_latest(releases, folder.name)
        return folder
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def point_latest(releases: Path, name: str) -> None:
    """Switch the `latest` link to a version, in one step."""
    link = releases / f".{uuid4().hex}.link"
    link.symlink_to(name)
    os.replace(link, releases / LATEST)  # noqa: PTH105 - replaces the link itself


def verify_release(folder: Path) -> list[str]:
    """Return what is wrong with a release: missing, changed or extra files; empty if whole."""
    path = folder / MANIFEST
    if not path.exists():
        return [f"{path} is missing"]
    expected = json.loads(path.read_text(encoding="utf-8"))["files"]
    found = _inventory(folder)
    problems = [f"{name} is missing" for name in expected if name not in found]
    problems += [f"{name} is not in the manifest" for name in found if name not in expected]
    problems += [
        f"{name} was changed: its SHA-256 is {found[name]['sha256'][:12]}, the manifest says "
        f"{entry['sha256'][:12]}"
        for name, entry in expected.items()
        if name in found and found[name]["sha256"] != entry["sha256"]
    ]
    return problems


def _write_shards(records: pl.DataFrame, folder: Path) -> None:
    folder.mkdir()
    shards = -(-records.height // ROWS_PER_SHARD)
    for shard in range(shards):
        rows = records.slice(shard * ROWS_PER_SHARD, ROWS_PER_SHARD)
        rows.write_parquet(
            folder / f"train-{shard:05d}-of-{shards:05d}.parquet",
            compression=COMPRESSION,
            statistics=True,
            row_group_size=ROWS_PER_GROUP,
        )


def _inventory(folder: Path) -> dict[str, dict[str, Any]]:
    files = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        files[path.relative_to(folder).as_posix()] = {
            "sha256": digest,
            "bytes": path.stat().st_size,
        }
    return files


def _remove_leftovers(releases: Path) -> None:
    """Remove what a killed write left behind; whole releases have no dot in front."""
    for path in releases.glob(".*.tmp"):
        shutil.rmtree(path, ignore_errors=True)
    for path in releases.glob(".*.link"):
        path.unlink(missing_ok=True)
