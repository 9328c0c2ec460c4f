"""Snapshots: every official answer kept as it came, so that any release can be built again.

A snapshot is a folder named by table and content hash. It is written beside and renamed when
whole, never changed and never overwritten. `index.jsonl` is a diary: one line per fetch, also
when it brought what was known.

    snapshots/index.jsonl
    snapshots/population_by_age/3f2a91c0d4e5b6a7/snapshot.json
                                                 page-0001.json.zst ...
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal
from uuid import uuid4

import polars as pl
import zstandard

from persona_assets.census.raw import RawTable
from persona_assets.census.tables import TableError
from persona_assets.census.wire import DataPage, assemble, parse_stats_data

# Enough to tell any two contents of one table apart; the whole hash is inside.
FOLDER_DIGITS: Final = 16
COMPRESSION_LEVEL: Final = 3
# What an interrupted fetch left behind is cleared away after a day.
STALE_SECONDS: Final = 86_400

Door = Literal["api", "download"]
Change = Literal["new content", "same content"]


class SnapshotError(TableError):
    """A snapshot that is missing or damaged; names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One kept answer. Dates are as e-Stat gives them (YYYY-MM-DD), `fetched` is UTC."""

    table: str
    table_id: str
    title: str
    door: Door
    content_hash: str
    cells: int
    updated_date: str
    fetched: str
    request: Mapping[str, list[str]]
    files: Mapping[str, str]
    path: Path = field(compare=False)

    @property
    def key(self) -> str:
        """The short name by which a recipe pins it."""
        return self.content_hash[:FOLDER_DIGITS]


@dataclass(slots=True)
class Draft:
    """A snapshot that is being written; nobody sees it until it is committed.

    Compressing goes on beside, so that reading a page does not wait for the one before.
    """

    folder: Path
    writer: Executor
    written: dict[str, Future[str]] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 of each file; waits until all are written."""
        return {name: done.result() for name, done in self.written.items()}

    def add_page(self, body: bytes) -> None:
        """Keep one page of an API answer."""
        self._add(f"page-{len(self.written) + 1:04d}.json.zst", body)

    def add_download(self, name: str, body: bytes) -> None:
        """Keep a downloaded file."""
        self._add(f"{name}.zst", body)

    def _add(self, name: str, body: bytes) -> None:
        self.written[name] = self.writer.submit(_write, self.folder / name, body)


def _write(path: Path, body: bytes) -> str:
    compressed = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compress(body)
    path.write_bytes(compressed)
    return hashlib.sha256(compressed).hexdigest()


class SnapshotStore:
    """The snapshots under one folder. Several processes may write at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def index_path(self) -> Path:
        """The diary of what was fetched when."""
        return self.root / "index.jsonl"

    def index(self) -> pl.DataFrame:
        """Return the diary: time, table, table_id, updated_date, content_hash, change."""
        schema = dict.fromkeys(
            ["time", "table", "table_id", "updated_date", "content_hash", "change"], pl.String
        )
        rows = [{name: entry.get(name) for name in schema} for entry in self._entries()]
        return pl.DataFrame(rows, schema=schema)

    def newest(self, table: str) -> Snapshot | None:
        """Return what e-Stat said last of a table, with the updated date it said it with."""
        for entry in reversed(self._entries()):
            if entry.get("table") != table:
                continue
            path = self._path(table, entry["content_hash"])
            if path.exists():
                return replace(_read(path), updated_date=entry["updated_date"])
        # A lost diary loses no snapshot.
        found = [_read(path) for path in self._folders(table)]
        return max(found, key=lambda snapshot: snapshot.fetched, default=None)

    def find(self, table: str, key: str) -> Snapshot:
        """Return one snapshot by the start of its content hash.

        Raises:
            SnapshotError: there is none, or the start fits several.
        """
        found = [path for path in self._folders(table) if path.name.startswith(key[:FOLDER_DIGITS])]
        if len(found) == 1 and key:
            snapshot = _read(found[0])
            if snapshot.content_hash.startswith(key):
                return snapshot
        known = ", ".join(path.name for path in self._folders(table)) or "none"
        raise SnapshotError(
            f"census/{table}: no single snapshot '{key}' under {self.root / table} (there: "
            f"{known}); copy it there, or pin another one in the recipe"
        )

    @contextmanager
    def writing(self, table: str) -> Iterator[Draft]:
        """Yield a draft; whatever happens, nothing of it stays unless it is committed."""
        place = self.root / table
        self._clear_stale(place)
        folder = place / f".{uuid4().hex}.tmp"
        folder.mkdir(parents=True)
        try:
            with ThreadPoolExecutor(1) as writer:
                yield Draft(folder, writer)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                # Only if nothing was ever kept.
                place.rmdir()

    def commit(
        self,
        draft: Draft,
        table: str,
        raw: RawTable,
        *,
        door: Door,
        request: Mapping[str, list[str]],
        fetched: datetime,
    ) -> tuple[Snapshot, Change]:
        """Make a draft a snapshot, if its content is new, and note it in the diary.

        Args:
            draft: The pages or the file.
            table: Name of the table in the registry.
            raw: What the draft holds.
            door: How it came.
            request: The codes that were asked for, by axis id.
            fetched: When.
        """
        content_hash = raw.content_hash
        path = self._path(table, content_hash)
        snapshot = Snapshot(
            table=table,
            table_id=raw.info.id,
            title=raw.info.title,
            door=door,
            content_hash=content_hash,
            cells=raw.cells.height,
            updated_date=raw.info.updated_date,
            fetched=fetched.astimezone(UTC).isoformat(timespec="seconds"),
            request=dict(request),
            files=draft.files,
            path=path,
        )
        before = self.newest(table)
        kept_before = path.exists()
        if not kept_before:
            content = {k: v for k, v in asdict(snapshot).items() if k != "path"}
            text = json.dumps(content, ensure_ascii=False, indent=1)
            (draft.folder / "snapshot.json").write_text(text + "\n", encoding="utf-8")
            try:
                draft.folder.rename(path)
            except OSError:
                # Another process kept the same content a moment ago.
                if not path.exists():
                    raise
                kept_before = True
        # An older content that is back is new to whoever read the one between.
        back = before is not None and before.content_hash != content_hash
        change: Change = "same content" if kept_before and not back else "new content"
        kept = replace(_read(path), updated_date=snapshot.updated_date)
        self._note(kept, change, snapshot.fetched)
        return kept, change

    def load(self, snapshot: Snapshot) -> RawTable:
        """Read a snapshot back, page by page.

        Raises:
            SnapshotError: a file is missing or was changed.
        """
        if snapshot.door == "download":
            raw = self._load_download(snapshot)
        else:
            raw = assemble(_pages(self._read_file(name, snapshot) for name in snapshot.files))
        if raw.content_hash != snapshot.content_hash:
            raise SnapshotError(
                f"{snapshot.path} has the content {raw.content_hash[:FOLDER_DIGITS]}, not that of "
                "its name; restore the folder from a copy, or delete it and fetch the table again"
            )
        return raw

    def _read_file(self, name: str, snapshot: Snapshot) -> bytes:
        path = snapshot.path / name
        compressed = path.read_bytes() if path.exists() else b""
        if hashlib.sha256(compressed).hexdigest() != snapshot.files[name]:
            raise SnapshotError(
                f"{path} is missing or was changed; restore the folder from a copy, or delete it "
                "and fetch the table again"
            )
        return zstandard.ZstdDecompressor().decompressobj().decompress(compressed)

    def _load_download(self, snapshot: Snapshot) -> RawTable:
        # The doors of downloads need the Excel reader, which few runs do.
        from persona_assets.census.downloads import read_bytes

        (name,) = snapshot.files
        tables = read_bytes(self._read_file(name, snapshot), name.removesuffix(".zst"))
        fitting = (table for table in tables if table.content_hash == snapshot.content_hash)
        return next(fitting, tables[0])

    def _note(self, snapshot: Snapshot, change: Change, now: str) -> None:
        entry = {
            "time": now,
            "table": snapshot.table,
            "table_id": snapshot.table_id,
            "updated_date": snapshot.updated_date,
            "content_hash": snapshot.content_hash,
            "change": change,
        }
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        # One write of one line to a file opened for appending is whole on any local file system.
        handle = os.open(self.index_path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(handle).st_size
            # Half a line of a machine that went down would swallow this one.
            if size and os.pread(handle, 1, size - 1) != b"\n":
                line = b"\n" + line
            os.write(handle, line)
        finally:
            os.close(handle)

    def _entries(self) -> list[dict[str, Any]]:
        if not self.index_path.exists():
            return []
        entries = []
        for line in self.index_path.read_text(encoding="utf-8").splitlines():
            try:
                entries.append(json.loads(line))
            except json.JSONDecodeError:
                # Half a line of a machine that went down.
                continue
        return entries

    def _path(self, table: str, content_hash: str) -> Path:
        return self.root / table / content_hash[:FOLDER_DIGITS]

    def _folders(self, table: str) -> list[Path]:
        return sorted(path.parent for path in (self.root / table).glob("[!.]*/snapshot.json"))

    def _clear_stale(self, place: Path) -> None:
        for left in place.glob(".*.tmp"):
            # Another process may be done with its draft at any moment.
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > STALE_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)


def _read(path: Path) -> Snapshot:
    try:
        content = json.loads((path / "snapshot.json").read_text(encoding="utf-8"))
        return Snapshot(**content, path=path)
    except (OSError, ValueError, TypeError) as error:
        raise SnapshotError(
            f"{path / 'snapshot.json'} cannot be read ({type(error).__name__}); restore the folder "
            "from a copy, or delete it and fetch the table again"
        ) from None


def _pages(bodies: Iterator[bytes]) -> Iterator[DataPage]:
    """Parse the pages of a table; those without classes have the axes of the page before."""
    axes = None
    for body in bodies:
        page = parse_stats_data(body, axes)
        if page.axes is not None and axes is not None:
            # A further part of a long selection, with classes of its own.
            page = parse_stats_data(body, page.axes)
        axes = page.axes or axes
        yield page
