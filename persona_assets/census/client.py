"""The client of e-Stat API 3.0: asks slowly, again where that can help, and believes no answer.

Everything that can go wrong on the way is settled here: what is left for a caller is an answer
that is whole, or one error that says what was asked, what came and what to do. The application id
leaves this module in the query of a request and nowhere else.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Final, Self, TypeVar

import httpx
import msgspec
import tenacity

from persona_assets import __version__
from persona_assets.census import wire
from persona_assets.census.raw import Axis, TableInfo
from persona_assets.census.wire import (
    AnswerError,
    Catalog,
    DataPage,
    EStatError,
    Listing,
    Resource,
    StatusError,
)

BASE_URL: Final = "https://api.e-stat.go.jp/rest/3.0/app"
FILE_URL: Final = "https://www.e-stat.go.jp"
ID_URL: Final = "https://www.e-stat.go.jp/mypage/view/api"

# The most codes that one request may name on an axis, and the usual number of a catalogue's page.
MOST_CODES: Final = 100
CATALOG_PAGE: Final = 100
# Seconds: no wait between attempts is longer, whatever the server asks for.
LONGEST_WAIT: Final = 120.0
MOST_REDIRECTS: Final = 5
# An id has 40 characters. A very short one would be found, and cut out, in any answer.
SHORTEST_ID: Final = 8

Selection = Mapping[str, Sequence[str]]
Query = Mapping[str, str | int | None]
T = TypeVar("T")
L = TypeVar("L", Listing, Catalog)

_LOG = logging.getLogger(__name__)
_AXIS_ID = re.compile(r"tab|area|time|cat(0[1-9]|1[0-5])")
_HTML = re.compile(rb"^(\xef\xbb\xbf)?\s*<(!doctype|html|head|body)", re.IGNORECASE)


class UnreachableError(EStatError):
    """No answer at all: the network, the address or the server is not there."""


class TableChangedError(EStatError):
    """The table was replaced while its pages were fetched: fetch it from the beginning."""


class _PassingError(Exception):
    """A failed attempt of the kind that may succeed later; knows the error if it never does."""

    def __init__(self, kind: Callable[[str], EStatError], text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.wait = wait


class _Mask(logging.Filter):
    """Takes application ids out of what the HTTP libraries log: httpx logs every URL.

    A filter of the logger itself acts before any handler, and no logging configuration of the
    application removes it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.secrets: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record's text; every record passes."""
        text = masked = record.getMessage()
        for secret in tuple(self.secrets):
            masked = masked.replace(secret, "***")
        if masked != text:
            record.msg, record.args = masked, None
        return True


class _Key(httpx.Auth):
    """Adds the application id to a request on its way out: none of our own variables hold it."""

    def __init__(self, app_id: str) -> None:
        self.app_id = app_id

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Complete the URL."""
        request.url = request.url.copy_merge_params({"appId": self.app_id})
        yield request


_MASK = _Mask()
for _name in ("http11", "http2", "connection", "proxy", "socks"):
    logging.getLogger(f"httpcore.{_name}").addFilter(_MASK)
logging.getLogger("httpx").addFilter(_MASK)


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """One page of cells: the bytes as they came, without the application id, and read."""

    body: bytes
    page: DataPage


class EStatClient:
    """Asks e-Stat, one request at a time; used as a context, it closes its connections.

    Args:
        app_id: The application id, which e-Stat gives to registered users.
        app_id_name: Where the user has set it, for error messages.
        base_url: The API, up to the part before the function.
        file_url: The site whose files `download` takes.
        pause: Seconds between the end of a request and the start of the next.
        timeout: Seconds without a byte from the server until an attempt is given up.
        attempts: How often a request is tried that fails in a way that may heal.
        backoff: Seconds before the second attempt; doubles with each further one.
        page_size: Cells per page; e-Stat gives no more than 100,000.

    Raises:
        EStatError: the application id cannot be one.
    """

    def __init__(
        self,
        app_id: str,
        *,
        app_id_name: str = "ESTAT_APP_ID",
        base_url: str = BASE_URL,
        file_url: str = FILE_URL,
        pause: float = 1.0,
        timeout: float = 60.0,
        attempts: int = 5,
        backoff: float = 2.0,
        page_size: int = 100_000,
    ) -> None:
        app_id = app_id.strip()
        if len(app_id) < SHORTEST_ID or not re.fullmatch(r"[\w.-]+", app_id, re.ASCII):
            raise EStatError(
                f"{app_id_name} holds no application id of e-Stat, which is a long word of letters "
                f"and digits; get one, free of charge, at {ID_URL}"
            )
        self._key = _Key(app_id)
        self._app_id_name = app_id_name
        self._base_url = base_url.rstrip("/")
        self._file_url = file_url.rstrip("/")
        self._pause = pause
        self._attempts = attempts
        self._backoff = tenacity.wait_exponential_jitter(
            multiplier=backoff, jitter=backoff, max=LONGEST_WAIT
        )
        self._page_size = page_size
        self._lock = threading.Lock()
        self._free_at = 0.0
        _MASK.secrets.add(app_id)
        # No redirects of its own: they would carry the application id to another host.
        self._http = httpx.Client(
            timeout=timeout,
            follow_redirects=False,
            headers={"User-Agent": f"persona-assets/{__version__}"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give connections back."""
        self._http.close()

    def list_tables(
        self,
        survey_code: str,
        *,
        years: str | None = None,
        words: str | None = None,
        updated: str | None = None,
    ) -> tuple[TableInfo, ...]:
        """Return the tables of a survey, each once.

        Args:
            survey_code: Such as 00200521, the census.
            years: When it was made: yyyy, yyyymm or yyyymm-yyyymm.
            words: What the table's texts hold, with AND, OR and NOT.
            updated: When it was last updated: yyyy, yyyymm, yyyymmdd or yyyymmdd-yyyymmdd.

        Raises:
            EStatError: e-Stat does not give the list.
        """
        query: Query = {
            "statsCode": survey_code,
            "surveyYears": years,
            "searchWord": words,
            "updatedDate": updated,
            "explanationGetFlg": "N",
            "limit": self._page_size,
        }
        about = f"getStatsList of survey {survey_code}"
        found: dict[str, TableInfo] = {}
        for page in self._list("getStatsList", query, about, wire.parse_list):
            for table in page.tables:
                found.setdefault(table.id, table)
        return tuple(found.values())

    def meta(self, table_id: str) -> tuple[TableInfo, tuple[Axis, ...]]:
        """Return what e-Stat says of a table, and its axes with all members.

        Raises:
            EStatError: e-Stat does not give it.
        """
        about = f"getMetaInfo of table {table_id}"
        query = {"statsDataId": table_id, "explanationGetFlg": "N"}
        _, (info, axes) = self._ask("getMetaInfo", query, about, wire.parse_meta)
        _check_id(info, table_id, about)
        return info, axes

    def count(self, table_id: str, selection: Selection | None = None) -> int:
        """Return how many cells a selection has.

        Args:
            table_id: The table.
            selection: The codes wanted by axis id; an axis that is not named is wanted whole.

        Raises:
            EStatError: e-Stat does not say, or the selection cannot be asked for.
        """
        return sum(self._count(table_id, part).total for part in split(selection or {}))

    def pages(self, table_id: str, selection: Selection | None = None) -> Iterator[FetchedPage]:
        """Fetch the cells of a selection, page by page; none if it has no cell.

        A selection of more than 100 codes on an axis is fetched in parts, one after the other.
        The first page of each part has the axes (`page.axes`), with the members of that part
        only; `wire.assemble` puts all together.

        Args:
            table_id: The table.
            selection: The codes wanted by axis id; an axis that is not named is wanted whole.

        Raises:
            TableChangedError: e-Stat replaced the table meanwhile.
            EStatError: e-Stat does not give a page, or the selection cannot be asked for.
        """
        edition = ""
        parts = split(selection or {})
        for number, part in enumerate(parts, start=1):
            place = f"part {number} of {len(parts)}, " if len(parts) > 1 else ""
            counted = self._count(table_id, part)
            edition = edition or counted.info.updated_date
            for fetched in self._part(table_id, part, place, counted.total, edition):
                edition = fetched.page.info.updated_date
                yield fetched

    def catalog(
        self,
        *,
        resource_id: str | None = None,
        survey_code: str | None = None,
        words: str | None = None,
    ) -> tuple[Resource, ...]:
        """Return files that e-Stat offers, such as Excel books.

        Args:
            resource_id: The catalogue's own number of one file; it is not the number in the
                file's URL (statInfId).
            survey_code: Such as 00200521, the census.
            words: What the catalogue's texts hold, with AND, OR and NOT.

        Raises:
            EStatError: e-Stat does not give the list.
        """
        query = {"resourceId": resource_id, "statsCode": survey_code, "searchWord": words}
        named = [f"{name}={value}" for name, value in query.items() if value is not None]
        if not named:
            raise EStatError("getDataCatalog needs a resource id, a survey code or words")
        about = f"getDataCatalog of {', '.join(named)}"
        pages = self._list(
            "getDataCatalog", {**query, "limit": CATALOG_PAGE}, about, wire.parse_catalog
        )
        found = {resource.id: resource for page in pages for resource in page.resources}
        return tuple(found.values())

    def download(self, file: str) -> bytes:
        """Return a file of e-Stat's site. The application id is not sent.

        Args:
            file: Its URL, or its number (statInfId).

        Raises:
            EStatError: the site does not give it.
        """
        about = f"file {file}"
        if "://" in file:
            address = file
        else:
            address = f"{self._file_url}/stat-search/file-download?statInfId={file}&fileKind=0"
        return self._retry(lambda: self._file(address, about))

    def _file(self, address: str, about: str) -> bytes:
        url = self._own(address, about)
        response = self._get(url, about)
        for _ in range(MOST_REDIRECTS):
            if not response.has_redirect_location:
                break
            url = self._own(url.join(response.headers["Location"]), about)
            response = self._get(url, about)
        code, body = response.status_code, response.content
        html = _HTML.match(body) or "text/html" in response.headers.get("Content-Type", "")
        if code != httpx.codes.OK or html or not body:
            came = "a web page" if html else f"{len(body)} bytes"
            text = f"{about}: HTTP {code} with {came} came instead of a file"
            if _passes(code):
                raise _PassingError(AnswerError, text, _retry_after(response))
            if code == httpx.codes.OK:
                raise _PassingError(AnswerError, text)
            raise AnswerError(f"{text}; check its number at {self._file_url}")
        return body

    def _own(self, address: str | httpx.URL, about: str) -> httpx.URL:
        """Return an address of e-Stat's site; no other is followed."""
        with suppress(httpx.InvalidURL):
            url, own = httpx.URL(address), httpx.URL(self._file_url)
            if url.host == own.host and url.scheme in {"https", own.scheme}:
                return url
        raise AnswerError(
            f"{about}: leads to {str(address)[:200]}, but files are taken from "
            f"{self._file_url} only"
        )

    def _list(
        self, function: str, query: Query, about: str, read: Callable[[bytes], L]
    ) -> Iterator[L]:
        """Fetch the pages of a list."""
        start: int | None = 1
        while start:
            _, page = self._ask(function, {**query, "startPosition": start}, about, read)
            yield page
            if page.next_key is not None and page.next_key <= start:
                # It would never end.
                raise AnswerError(f"{about}: the page from {start} names {page.next_key} as next")
            start = page.next_key

    def _count(self, table_id: str, part: Selection) -> DataPage:
        """Return the answer that has the number of cells, and no cells."""
        about = f"getStatsData of table {table_id}, the number of cells"
        query = {"statsDataId": table_id, **_conditions(part), "cntGetFlg": "Y"}
        _, counted = self._ask("getStatsData", query, about, wire.parse_stats_data)
        if counted.info.id:
            _check_id(counted.info, table_id, about)
        return counted

    def _part(
        self, table_id: str, part: Selection, place: str, total: int, edition: str
    ) -> Iterator[FetchedPage]:
        """Fetch the pages of a selection of at most 100 codes per axis.

        Each page begins after the one before, has as many cells as it says and names the next
        until all are there, so that in the end their sum is the total.
        """
        query: Query = {
            "statsDataId": table_id,
            **_conditions(part),
            "explanationGetFlg": "N",
            "limit": self._page_size,
        }
        axes: tuple[Axis, ...] | None = None
        number, start = 1, 1
        while start <= total:
            about = f"getStatsData of table {table_id}, {place}page {number} from cell {start:,}"
            this = {**query, "startPosition": start, "metaGetFlg": "N" if axes else "Y"}
            check = partial(_read_page, table_id, axes, start, total, edition, about)
            body, page = self._ask("getStatsData", this, about, check)
            yield FetchedPage(body, page)
            axes, edition = axes or page.axes, page.info.updated_date
            number, start = number + 1, page.last + 1

    def _ask(
        self,
        function: str,
        query: Query,
        about: str,
        read: Callable[[bytes], T],
    ) -> tuple[bytes, T]:
        """Ask the API until its answer can be read, as often as may help.

        Args:
            function: The API's function.
            query: Its parameters; those that are None are not sent.
            about: What is asked, for error messages.
            read: Reads the answer, and may raise what says that another attempt may help.

        Returns:
            The answer's bytes without the application id, and what was read of them.
        """
        sent = {name: value for name, value in query.items() if value is not None}

        def once() -> tuple[bytes, T]:
            url = f"{self._base_url}/json/{function}"
            response = self._get(url, about, self._key, sent)
            body = response.content.replace(self._key.app_id.encode(), b"***")
            return body, self._read(response, body, about, read)

        return self._retry(once)

    def _read(
        self, response: httpx.Response, body: bytes, about: str, read: Callable[[bytes], T]
    ) -> T:
        """Read an answer: its STATUS decides, whatever the HTTP code, which counts if it has none.

        Raises:
            StatusError: the answer is an error.
            AnswerError: it is none of the API.
        """
        code = response.status_code
        try:
            return read(body)
        except StatusError as error:
            said = " ".join(error.message.split())
            text = f"{said} Asked: {about}. {self._advice(error)}"
            kind = partial(StatusError, error.status)
            if error.can_heal:
                raise _PassingError(kind, text, _retry_after(response)) from None
            raise kind(text) from None
        except AnswerError as error:
            came = "" if code == httpx.codes.OK else f"HTTP {code} came; "
            text = f"{about}: {came}{error}"
            # Not JSON: a page that says that e-Stat is closed for maintenance, or half an answer.
            broken = code < httpx.codes.BAD_REQUEST and not _is_json(body)
            if _passes(code) or broken:
                raise _PassingError(AnswerError, text, _retry_after(response)) from None
            raise AnswerError(text) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # JSON of a shape that no recorded answer has.
            text = f"{about}: the answer has another shape than expected ({error!r})"
            raise AnswerError(text) from None

    def _advice(self, error: StatusError) -> str:
        """Say what to do about a STATUS."""
        if error.status == 100:
            return f"The id in {self._app_id_name} is not accepted: check it at {ID_URL}"
        if error.can_heal:
            return "e-Stat has trouble of its own: try again later"
        if error.status in (wire.NO_DATA, 300):
            return "Check the table's id at https://www.e-stat.go.jp/"
        return "e-Stat does not accept the parameters: check codes and dates"

    def _retry(self, once: Callable[[], T]) -> T:
        """Call until it returns, or fails for good.

        The lock is held in the waits too: while e-Stat is in trouble, nobody else asks either.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_PassingError),
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=self._wait,
            before_sleep=self._tell,
            reraise=True,
        )
        with self._lock:
            try:
                return retrying(once)
            except _PassingError as error:
                tried = "once" if self._attempts == 1 else f"{self._attempts} times"
                raise error.kind(f"{error.text} (tried {tried})") from None

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Return the seconds until the next attempt, no fewer than the server asked for."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, _PassingError) else 0.0
        return min(max(self._backoff(state), asked), LONGEST_WAIT)

    def _tell(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        _LOG.warning("%s; attempt %d of %d failed, the next one starts in %.1f seconds",
                     error, state.attempt_number, self._attempts, state.upcoming_sleep)  # fmt: skip

    def _get(
        self,
        url: str | httpx.URL,
        about: str,
        key: _Key | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> httpx.Response:
        """Send one request, after the pause.

        Raises:
            UnreachableError: it cannot be sent.
            _PassingError: no answer came.
        """
        time.sleep(max(0.0, self._free_at - time.monotonic()))
        try:
            return self._http.get(url, params=query, auth=key)
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL) as error:
            lasting, why = True, _describe(error)
        except httpx.HTTPError as error:
            lasting, why = False, _describe(error)
        finally:
            self._free_at = time.monotonic() + self._pause
        # Here, so that it has no context: libraries keep URLs in their exceptions.
        host = self._base_url if key else self._file_url
        text = f"{about}: no answer from {host} ({why.replace(self._key.app_id, '***')})"
        if lasting:
            raise UnreachableError(f"{text}; correct the address")
        raise _PassingError(UnreachableError, f"{text}; check the network or try again later")


def split(selection: Selection) -> list[Selection]:
    """Return a selection in parts of at most 100 codes per axis.

    Raises:
        EStatError: it names no axis of e-Stat, no code of an axis, or many codes on two axes.
    """
    codes = {axis: list(dict.fromkeys(wanted)) for axis, wanted in selection.items()}
    for axis, wanted in codes.items():
        if not _AXIS_ID.fullmatch(axis):
            raise EStatError(f"'{axis}' is no axis: tab, cat01 to cat15, area and time are")
        if not wanted or any(not code or "," in code for code in wanted):
            raise EStatError(f"the selection of axis {axis} needs codes, it has {wanted[:5]}")
    long = {axis: wanted for axis, wanted in codes.items() if len(wanted) > MOST_CODES}
    if len(long) > 1:
        many = " and ".join(f"{axis} ({len(wanted)} codes)" for axis, wanted in long.items())
        raise EStatError(
            f"more than {MOST_CODES} codes can be selected on one axis only, not on {many}; leave "
            "out an axis that is wanted whole"
        )
    return [
        {**codes, axis: wanted[start : start + MOST_CODES]}
        for axis, wanted in long.items()
        for start in range(0, len(wanted), MOST_CODES)
    ] or [codes]


def _read_page(
    table_id: str,
    axes: tuple[Axis, ...] | None,
    start: int,
    total: int,
    edition: str,
    about: str,
    body: bytes,
) -> DataPage:
    """Read a page and hold it against what must come.

    Raises:
        TableChangedError: it is one of another edition of the table.
        _PassingError: it is not the page that was asked for, or not all of it.
    """
    page = wire.parse_stats_data(body, axes)
    rows, updated = page.cells.height, page.info.updated_date
    if not rows:
        text = f"{about}: cells {start:,} to at most {total:,} should come, none did"
        raise _PassingError(AnswerError, text)
    _check_id(page.info, table_id, about)
    if page.total != total:
        raise TableChangedError(
            f"{about}: the number of cells was {total:,} and is {page.total:,}; the table was "
            "changed meanwhile: fetch it again"
        )
    if edition and updated != edition:
        raise TableChangedError(
            f"{about}: the table was updated on {edition} and now is of {updated or 'no date'}: "
            "fetch it again"
        )
    expected_next = page.last + 1 if page.last < total else None
    if page.first != start or page.last - start + 1 != rows or page.last > total:
        came = f"cells {page.first:,} to {page.last:,} and {rows:,} values"
        text = f"{about}: cells from {start:,} should come, one value each; {came} did"
        raise _PassingError(AnswerError, text)
    if expected_next and page.next_key != expected_next:
        text = (
            f"{about}: ends at cell {page.last:,} of {total:,}, so NEXT_KEY should be "
            f"{expected_next}, it is {page.next_key}"
        )
        raise _PassingError(AnswerError, text)
    if axes is None and not page.axes:
        raise AnswerError(f"{about}: should have the table's classes (CLASS_INF), has none")
    return page


def _check_id(info: TableInfo, table_id: str, about: str) -> None:
    if info.id != table_id:
        raise AnswerError(f"{about}: the answer is of table '{info.id}'")


def _conditions(part: Selection) -> dict[str, str]:
    """Return a selection as parameters: cat01 is narrowed by cdCat01."""
    return {f"cd{axis.capitalize()}": ",".join(codes) for axis, codes in part.items()}


def _passes(code: int) -> bool:
    """Return whether an HTTP code stands for trouble that may pass."""
    return code == httpx.codes.TOO_MANY_REQUESTS or code >= httpx.codes.INTERNAL_SERVER_ERROR


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _retry_after(response: httpx.Response) -> float:
    """Return the seconds that the server asks to wait: a number, or until a date."""
    asked = response.headers.get("Retry-After", "")
    seconds = 0.0
    with suppress(ValueError, TypeError):
        seconds = (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
    with suppress(ValueError):
        seconds = float(asked)
    return max(0.0, seconds)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
