"""The lake: one Parquet file per asset, or per asset and prefecture.

A file is written beside and renamed, so a reader never sees half of one and many processes can
write at once. Rows are checked to belong to the partition that they are written to.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final
from uuid import uuid4

import polars as pl

from persona_assets.errors import PersonaAssetsError

COMPRESSION: Final = "zstd"


class LakeError(PersonaAssetsError):
    """A lake file that is missing or would be wrong; says what to do."""


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it there only if the block succeeds.

    Raises:
        LakeError: the folder cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)  # noqa: PTH105 - atomic on one file system
    except OSError as error:
        raise LakeError(
            f"cannot write {path}: {error.strerror or error}; make the folder writable or set "
            "PERSONA_ASSETS_DATA to another one"
        ) from error
    finally:
        temporary.unlink(missing_ok=True) if temporary.parent.exists() else None


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as Parquet, whole or not at all."""
    with written_whole(path) as temporary:
        frame.write_parquet(temporary, compression=COMPRESSION, statistics=True)


def content_hash(frame: pl.DataFrame) -> str:
    """Return the SHA-256 of a frame's columns, types and values, in their order."""
    stream = BytesIO()
    # Parquet, not IPC: it leaves out what lies in memory below nulls, so equal frames are equal.
    frame.rechunk().write_parquet(stream, compression="uncompressed", statistics=False)
    return hashlib.sha256(stream.getbuffer()).hexdigest()


def partition_path(root: Path, asset: str, prefecture: str) -> Path:
    """Return the file of one prefecture of a partitioned asset."""
    return root / asset / f"{prefecture}.parquet"


def table_path(root: Path, asset: str) -> Path:
    """Return the file of an asset that has no partitions."""
    return root / f"{asset}.parquet"


def write_partition(frame: pl.DataFrame, root: Path, asset: str, prefecture: str) -> Path:
    """Write the rows of one prefecture.

    Raises:
        LakeError: a row belongs to another prefecture.
    """
    others = frame.filter(pl.col("prefecture").ne_missing(prefecture))["prefecture"]
    strangers = others.fill_null("none").unique()
    if len(strangers):
        raise LakeError(
            f"asset '{asset}', partition '{prefecture}': {len(strangers)} other prefectures among "
            f"its rows ({', '.join(strangers.sort())}); nothing was written"
        )
    path = partition_path(root, asset, prefecture)
    write_frame(frame, path)
    return path


def read_partition(root: Path, asset: str, prefecture: str) -> pl.DataFrame:
    """Read the rows of one prefecture.

    Raises:
        LakeError: the partition was never materialized.
    """
    path = partition_path(root, asset, prefecture)
    if not path.exists():
        raise LakeError(
            f"asset '{asset}' has no partition '{prefecture}' at {path}; materialize it first"
        )
    return pl.read_parquet(path)


def read_table(root: Path, asset: str) -> pl.DataFrame:
    """Read an asset that has no partitions.

    Raises:
        LakeError: it was never materialized.
    """
    path = table_path(root, asset)
    if not path.exists():
        raise LakeError(f"asset '{asset}' is not at {path}; materialize it first")
    return pl.read_parquet(path)
