"""Looking at e-Stat: which tables have changed, and fetching those that may have.

e-Stat touches the updated date of whole surveys without changing a number. So a new date only asks
for a fetch; only new content makes a new snapshot. What is fetched must be what the registry
expects before it becomes the newest snapshot: a bad answer never replaces a good one.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from persona_assets.census.client import FILE_URL, EStatClient, TableChangedError
from persona_assets.census.downloads import read_download
from persona_assets.census.raw import Axis, RawTable, TableInfo
from persona_assets.census.registry import (
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
from persona_assets.census.snapshots import Snapshot, SnapshotStore
from persona_assets.census.tables import TableError
from persona_assets.census.wire import DataPage, EStatError, StatusError, assemble
from persona_assets.recipe import Figures

# A table that is replaced while its pages are read is begun again so often.
ATTEMPTS: Final = 3
API_HOST: Final = "api.e-stat.go.jp"

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
    registry = registry or load_registry()
    time = now or datetime.now(UTC)
    listings: dict[str, Mapping[str, TableInfo]] = {}
    for name in list(tables or registry.tables):
        entry = registry.tables[name]
        try:
            if entry.survey not in listings:
                listings[entry.survey] = _listing(client, registry, entry)
            yield _look(client, store, name, entry, registry, listings[entry.survey], time, force)
        except StatusError as error:
            if error.status == 100:
                raise
            yield _failed(name, store, error)
        except (EStatError, TableError) as error:
            yield _failed(name, store, error)


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
            status: Status = "new content" if change == "new" else "same content"
            looks.append(Look(name, status, snapshot))
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


def _failed(name: str, store: SnapshotStore, error: Exception) -> Look:
    return Look(name, "failed", store.newest(name), str(error))


def _listing(client: EStatClient, registry: Registry, entry: TableEntry) -> Mapping[str, TableInfo]:
    survey = registry.surveys[entry.survey]
    return {info.id: info for info in client.list_tables(survey.code)}


def _look(
    client: EStatClient,
    store: SnapshotStore,
    name: str,
    entry: TableEntry,
    registry: Registry,
    listing: Mapping[str, TableInfo],
    now: datetime,
    force: bool,
) -> Look:
    newest = store.newest(name)
    table_id = entry.id
    if table_id is None and newest is not None and newest.door == "api":
        table_id = newest.table_id
    if table_id is None:
        table_id = _search(client, name, entry, registry)
    info = listing.get(table_id) if table_id is not None else None
    if table_id is None or info is None:
        missing = f"e-Stat lists no table {table_id or 'like ' + entry.title}"
        if entry.optional:
            return Look(name, "not found", newest, missing)
        raise DriftError(
            f"census/{name}: {missing}; it was withdrawn or has another id: correct it in "
            "tables.yaml"
        )
    dated = newest is not None and newest.door == "api" and info.updated_date
    if dated and newest is not None and newest.updated_date == info.updated_date and not force:
        return Look(name, "date unchanged", newest)
    snapshot, change = _fetch(client, store, name, entry, registry, table_id, now)
    same = change == "same content"
    return Look(name, "same content" if same else "new content", snapshot)


def _search(client: EStatClient, name: str, entry: TableEntry, registry: Registry) -> str | None:
    """Find a table without a known id by its words, and confirm it by the names of its axes."""
    assert entry.find is not None  # noqa: S101 - the registry has one or the other
    survey = registry.surveys[entry.survey]
    hits = client.list_tables(survey.code, years=str(survey.year), words=entry.find.words)
    fitting, reasons = [], []
    for hit in hits:
        if not _titled_like(hit, entry.find.title):
            continue
        _, axes = client.meta(hit.id)
        try:
            claim(axes, entry.axes, name)
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
        f"census/{name}: a search for '{entry.find.words}' should find one table with the expected "
        f"axes, it finds: {found}{'; not: ' + '; '.join(reasons[:3]) if reasons else ''}; write "
        "the right id into tables.yaml"
    )


def _titled_like(info: TableInfo, title: str) -> bool:
    return re.fullmatch(title, canonical(info.title)) is not None


def _fetch(
    client: EStatClient,
    store: SnapshotStore,
    name: str,
    entry: TableEntry,
    registry: Registry,
    table_id: str,
    now: datetime,
) -> tuple[Snapshot, str]:
    info, axes = client.meta(table_id)
    confirm(info, entry, name)
    wanted = selection(axes, entry, name)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with store.writing(name) as draft:

                def pages() -> Iterator[DataPage]:
                    for fetched in client.pages(table_id, wanted):
                        draft.add_page(fetched.body)
                        yield fetched.page

                raw = assemble(pages())
                _same_members(axes, raw.axes, name)
                # Whatever the registry does not expect stops here, before the snapshot is one.
                tidy(raw, name, registry)
                return store.commit(draft, name, raw, door="api", request=wanted, fetched=now)
        except TableChangedError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _same_members(meta: tuple[Axis, ...], data: tuple[Axis, ...], name: str) -> None:
    """Raise DriftError if the table's answer has an axis that its metadata does not have."""
    known = {axis.id: axis.name for axis in meta}
    for axis in data:
        if axis.id not in known:
            raise DriftError(
                f"census/{name}: the data have the axis '{axis.name}' ({axis.id}), the metadata "
                f"have {', '.join(known.values())}; e-Stat contradicts itself, try again later"
            )
