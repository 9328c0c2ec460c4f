"""Looking at e-Stat: which tables have changed, and fetching those that may have.

e-Stat touches the updated date of whole surveys without changing a number. So a new date only asks
for a fetch; only new content makes a new snapshot. What is fetched must be what the registry
expects before it becomes the newest snapshot: a bad answer never replaces a good one.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from persona_assets.census.client import FILE_URL, EStatClient, TableChangedError, UnreachableError
from persona_assets.census.downloads import read_bytes, read_download
from persona_assets.census.raw import RawTable, TableInfo
from persona_assets.census.registry import (
    Book,
    DriftError,
    Registry,
    TableEntry,
    canonical,
    claim,
    confirm,
    load_registry,
    selection,
    tidy,
)
from persona_assets.census.snapshots import Door, Draft, Snapshot, SnapshotStore
from persona_assets.census.tables import TableError
from persona_assets.census.wire import DataPage, EStatError, StatusError, assemble
from persona_assets.recipe import Figures

# A table that is replaced while its pages are read is begun again so often.
ATTEMPTS: Final = 3
API_HOST: Final = "api.e-stat.go.jp"

Request = dict[str, list[str]]
Status = Literal["date unchanged", "same content", "new content", "not found", "failed"]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at one table came to; `snapshot` is the newest there is afterwards."""

    table: str
    status: Status
    snapshot: Snapshot | None
    message: str = ""


def make_client(
    choice: Figures, *, attempts: int = 5, timeout: float | None = None
) -> EStatClient | None:
    """Return a connection to e-Stat, or None if the environment has no application id.

    A server that is not e-Stat's own, such as the conformance server, has files at its own address.

    Args:
        choice: What the recipe says of e-Stat.
        attempts: How often a request is tried.
        timeout: Seconds until it is given up; by default the recipe's.

    Raises:
        EStatError: what the environment holds is no application id.
    """
    app_id = os.environ.get(choice.app_id_env, "").strip()
    if not app_id:
        return None
    address = urlsplit(choice.base_url)
    own = address.hostname != API_HOST
    return EStatClient(
        app_id,
        base_url=choice.base_url,
        pause=choice.pause,
        attempts=attempts,
        timeout=timeout or choice.timeout,
        app_id_name=choice.app_id_env,
        file_url=f"{address.scheme}://{address.netloc}" if own else FILE_URL,
    )


def refresh(
    client: EStatClient,
    store: SnapshotStore,
    tables: Iterable[str] | None = None,
    *,
    registry: Registry | None = None,
    now: datetime | None = None,
    force: bool = False,
) -> Iterator[Look]:
    """Look at tables one after the other; fetch what has a new date; keep what has new content.

    A table that cannot be had is a Look with status `failed`, and the others are still looked at.
    A table that no margin needs and that e-Stat does not list is `not found`, which is no failure.

    Args:
        client: The connection.
        store: Where snapshots are kept.
        tables: Names in the registry; by default all.
        registry: The registry; by default the project's.
        now: The time to note; by default the clock's.
        force: Fetch also what has the date of the newest snapshot.

    Raises:
        StatusError: the application id is not accepted, so no table can be had.
    """
    visit = _Visit(client, store, registry or load_registry(), now or datetime.now(UTC), force)
    closed = ""
    for name in list(tables or visit.registry.tables):
        if closed:
            yield Look(name, "failed", store.newest(name), closed)
            continue
        try:
            yield visit.look(name)
        except StatusError as error:
            if error.is_refused:
                raise
            yield Look(name, "failed", store.newest(name), str(error))
        except (EStatError, TableError) as error:
            # Who does not answer at all is not asked again for each table.
            closed = str(error) if isinstance(error, UnreachableError) else ""
            yield Look(name, "failed", store.newest(name), str(error))


def read_file(
    path: Path,
    store: SnapshotStore,
    tables: Iterable[str] | None = None,
    *,
    registry: Registry | None = None,
    now: datetime | None = None,
) -> list[Look]:
    """Keep a file that was downloaded from e-Stat as snapshots of the tables that it holds.

    Args:
        path: A CSV, an Excel book or a saved answer.
        store: Where snapshots are kept.
        tables: Names in the registry that it may be; by default any.
        registry: The registry; by default the project's.
        now: The time to note; by default the clock's.

    Raises:
        TableError: the file is none of e-Stat's, or no table of the registry is in it; says why.
    """
    registry = registry or load_registry()
    raws = read_download(path)
    looks, reasons = [], []
    for name in list(tables or registry.tables):
        for came in raws:
            raw = _with_id(came, registry.tables[name])
            try:
                tidy(raw, name, registry)
            except TableError as error:
                reasons.append(str(error))
                continue
            with store.writing(name) as draft:
                draft.add_download(path.name, path.read_bytes())
                snapshot, change = store.commit(
                    draft, name, raw, door="download", request={}, fetched=now or datetime.now(UTC)
                )
            looks.append(Look(name, change, snapshot))
            break
    if not looks:
        wanted = " ".join(reasons) if tables else f"the last reason: {reasons[-1]}"
        raise TableError(f"{path} holds no table of the registry as it is expected; {wanted}")
    return looks


def _with_id(raw: RawTable, entry: TableEntry) -> RawTable:
    """Return a table from a file, which may not say its id, with the one that it must have."""
    book = next((book.file for book in entry.books if _titled_like(raw.info, book.sheet)), None)
    table_id = raw.info.id or book or entry.id or ""
    return replace(raw, info=replace(raw.info, id=table_id))


def _titled_like(info: TableInfo, title: str) -> bool:
    return re.fullmatch(title, canonical(info.title)) is not None


@dataclass(slots=True)
class _Visit:
    """One visit to e-Stat: each survey's list is asked for once."""

    client: EStatClient
    store: SnapshotStore
    registry: Registry
    now: datetime
    force: bool
    listings: dict[str, Mapping[str, TableInfo] | EStatError] = field(default_factory=dict)

    def look(self, name: str) -> Look:
        """Look at one table; where the database does not have it as expected, at its Excel book."""
        entry = self.registry.tables[name]
        try:
            return self._look_at_table(name, entry)
        except (DriftError, StatusError) as error:
            if not entry.books or (isinstance(error, StatusError) and error.is_refused):
                raise
            return self._look_at_book(name, entry.books[0], str(error))

    def _look_at_table(self, name: str, entry: TableEntry) -> Look:
        newest, listed = self.store.newest(name), self._listing(entry)
        table_id = self._table_id(name, entry, newest)
        info = listed.get(table_id) if table_id else None
        if table_id is None or info is None:
            missing = f"e-Stat lists no table {table_id or 'like ' + entry.title}"
            if entry.optional:
                return Look(name, "not found", newest, missing)
            raise DriftError(
                f"census/{name}: {missing}; it was withdrawn or has another id: correct it in "
                "tables.yaml"
            )
        if self._is_known(newest, "api", info.updated_date):
            return Look(name, "date unchanged", newest)
        return self._fetch_table(name, entry, table_id)

    def _is_known(self, newest: Snapshot | None, door: Door, date: str) -> bool:
        """Return whether the newest snapshot came by this door and has e-Stat's date."""
        known = newest is not None and newest.door == door and newest.updated_date == date
        return known and bool(date) and not self.force

    def _listing(self, entry: TableEntry) -> Mapping[str, TableInfo]:
        """Return the tables of the entry's survey; a list that cannot be had is asked for once."""
        if entry.survey not in self.listings:
            code = self.registry.surveys[entry.survey].code
            try:
                self.listings[entry.survey] = {i.id: i for i in self.client.list_tables(code)}
            except EStatError as error:
                self.listings[entry.survey] = error
        found = self.listings[entry.survey]
        if isinstance(found, EStatError):
            raise found
        return found

    def _table_id(self, name: str, entry: TableEntry, newest: Snapshot | None) -> str | None:
        if entry.id is not None:
            return entry.id
        # Found before: the search is not repeated.
        return newest.table_id if newest and newest.door == "api" else self._search(name, entry)

    def _search(self, name: str, entry: TableEntry) -> str | None:
        """Find a table without a known id by its words, and confirm it by its axes' names."""
        assert entry.find is not None  # noqa: S101 - the registry has one or the other
        survey = self.registry.surveys[entry.survey]
        hits = self.client.list_tables(survey.code, years=str(survey.year), words=entry.find.words)
        fitting, reasons = [], []
        for hit in hits:
            if not _titled_like(hit, entry.find.title):
                continue
            _, axes = self.client.meta(hit.id)
            try:
                claim(axes, entry.axes, name, self.registry)
            except DriftError as error:
                reasons.append(f"{hit.id} '{hit.title}': {error}")
            else:
                fitting.append(hit)
        if len(fitting) == 1:
            return fitting[0].id
        if entry.optional and not fitting:
            return None
        found = ", ".join(f"{hit.id} '{hit.title}'" for hit in fitting) or "none"
        raise DriftError(
            f"census/{name}: a search for '{entry.find.words}' should find one table with the "
            f"expected axes, it finds: {found}{'; not: ' if reasons else ''}"
            f"{'; '.join(reasons[:3])}; write the right id into tables.yaml"
        )

    def _fetch_table(self, name: str, entry: TableEntry, table_id: str) -> Look:
        info, axes = self.client.meta(table_id)
        confirm(info, entry, name)
        wanted = selection(axes, entry, name, self.registry)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.store.writing(name) as draft:
                    raw = assemble(self._pages(draft, table_id, wanted))
                    return self._keep(draft, name, raw, "api", wanted)
            except TableChangedError:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _pages(self, draft: Draft, table_id: str, wanted: Request) -> Iterator[DataPage]:
        for fetched in self.client.pages(table_id, wanted):
            draft.add_page(fetched.body)
            yield fetched.page

    def _look_at_book(self, name: str, book: Book, reason: str) -> Look:
        """Take the table from an Excel book that e-Stat offers beside its database."""
        newest = self.store.newest(name)
        survey = self.registry.survey(name)
        # The catalogue's own numbers are others; a file's is in its address.
        offered = self.client.catalog(survey_code=survey.code, words=book.words)
        resource = next((r for r in offered if f"statInfId={book.file}" in r.url), None)
        if resource is None:
            raise DriftError(f"{reason}; and e-Stat's catalogue offers no file {book.file}")
        message = f"from file {book.file}, because: {reason}"
        if self._is_known(newest, "download", resource.modified):
            return Look(name, "date unchanged", newest, message)
        body = self.client.download(resource.url)
        for came in read_bytes(body, f"file {book.file}"):
            if not _titled_like(came.info, book.sheet):
                continue
            raw = replace(
                came, info=replace(came.info, id=book.file, updated_date=resource.modified)
            )
            with self.store.writing(name) as draft:
                draft.add_download(f"{book.file}.xlsx", body)
                return replace(self._keep(draft, name, raw, "download", {}), message=message)
        raise DriftError(f"{reason}; and file {book.file} has no sheet like '{book.sheet}'")

    def _keep(self, draft: Draft, name: str, raw: RawTable, door: Door, request: Request) -> Look:
        """Make a draft the newest snapshot, if it is what the registry expects."""
        tidy(raw, name, self.registry)
        snapshot, change = self.store.commit(
            draft, name, raw, door=door, request=request, fetched=self.now
        )
        return Look(name, change, snapshot)
