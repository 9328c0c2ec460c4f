"""A server on loopback that answers as e-Stat API 3.0 does, and fails as it does when told to.

It is for trying the pipeline without an application id, and for proving that the client stands
what the network and e-Stat may do. Its answers follow recorded ones; where none was recorded, the
published specification; the texts of errors beyond 100 and 300 are its own.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePath
from typing import Any, Final, NamedTuple, Self
from urllib.parse import parse_qsl, quote, urlsplit

import polars as pl

from persona_assets.census import render
from persona_assets.census.raw import Axis, Member, RawTable, TableInfo
from persona_assets.census.wire import ROOTS, Resource, StatusError
from persona_assets.errors import PersonaAssetsError

API_PATH: Final = "/rest/3.0/app"
FILE_PATH: Final = "/stat-search/file-download"
DOWNLOAD: Final = "download"
MOST_CODES: Final = 100
AREAS: Final = {"1": "全国", "2": "都道府県", "3": "市区町村"}
FORMATS: Final = {".csv": "CSV", ".pdf": "PDF", ".xml": "XML"}
# What a parameter of getStatsData asks of one axis: lvArea, cdArea, cdAreaFrom, cdAreaTo.
_CONDITION = re.compile(r"(?P<what>lv|cd)(?P<axis>[A-Z][a-z]+\d*)(?P<end>From|To)?")
_LEVELS = re.compile(r"(?P<first>\d)?((?P<dash>-)(?P<last>\d)?)?")
_DATES = re.compile(r"(\d{4}|\d{6}|\d{8})(-(\d{4}|\d{6}|\d{8}))?")
# Selections kept: a few, so that the pages of a table do not each select its cells again.
_KEPT: Final = 8

MAINTENANCE: Final = (
    "<!DOCTYPE html><html><head><title>e-Stat</title></head>"
    "<body>ただいまメンテナンス中です。</body></html>"
)

# What can go wrong, and what a value means for it. A fault that needs one has none by default.
KINDS: Final[Mapping[str, tuple[str, float | str | None]]] = {
    "status": ("an error STATUS, the value", None),
    "http": ("this HTTP code, without an answer of the API", None),
    "busy": ("HTTP 429 and a Retry-After of so many seconds", None),
    "slow": ("the answer comes after so many seconds", None),
    "cut": ("the connection ends in the middle of the answer", 0),
    "html": ("a maintenance page with HTTP 200", 0),
    "garbled": ("JSON of another shape: attributes are named without their @", 0),
    "redirect": ("HTTP 302 to this URL", None),
    "page_missing": ("a page of cells is empty", 0),
    "page_short": ("a page of cells lacks its last cells, so many", 1),
    "page_repeated": ("a page of cells begins with the first cell, whatever is asked for", 0),
    "next_key_lost": ("a page of cells does not say that there are more", 0),
    "total_wrong": ("TOTAL_NUMBER is off by so much", 1),
    "updated": ("e-Stat replaces the table before it answers: a later day, one other cell", 0),
    "echo_app_id": ("the answer repeats the application id", 0),
}
_OF_PAGES: Final = {"page_missing", "page_short", "page_repeated", "next_key_lost"}
_FAULT = re.compile(
    r"(?P<kind>[a-z_]+)(=(?P<value>[^@#]+?))?(@(?P<function>[A-Za-z]+?))?"
    r"(#(?P<call>\d+))?(x(?P<times>\d+))?"
)


class MockError(PersonaAssetsError):
    """The server cannot do what is asked of it: a fault it does not know, a port that is taken."""


@dataclass(eq=False, slots=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        kind: What, one of KINDS.
        function: The API's function that it befalls, or `download`; None befalls all.
        call: The first call that it befalls, from 1, counted from when the fault is set. For
            faults of pages, only calls for a page count. None befalls every call.
        times: How many calls it befalls, one after the other: by default one if `call` is
            given, or else all.
        value: How much, where the kind asks for it.

    Raises:
        MockError: there is no such fault.
    """

    kind: str
    function: str | None = None
    call: int | None = None
    times: int | None = None
    value: float | str | None = None
    seen: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise MockError(f"there is no fault '{self.kind}'; there are {', '.join(KINDS)}")
        if self.function not in (None, DOWNLOAD, *ROOTS):
            known = ", ".join((*ROOTS, DOWNLOAD))
            raise MockError(f"there is no function '{self.function}'; there are {known}")
        meaning, default = KINDS[self.kind]
        self.value = default if self.value is None else self.value
        if self.value is None or (isinstance(self.value, str) and self.kind != "redirect"):
            raise MockError(
                f"the fault {self.kind} needs a value ({meaning}), such as {self.kind}=2"
            )
        if min(self.call or 1, self.times or 1) < 1 or 0 in (self.call, self.times):
            raise MockError(f"the fault {self.kind}: calls and times count from 1")

    @property
    def amount(self) -> float:
        """The value as a number."""
        return float(self.value or 0)

    def befalls(self, function: str, *, is_page: bool) -> bool:
        """Count a call and return whether the fault befalls it."""
        if self.function not in (None, function) or (self.kind in _OF_PAGES and not is_page):
            return False
        self.seen += 1
        first = self.call or 1
        if self.times is None and self.call is None:
            return True
        return first <= self.seen < first + (self.times or 1)


def parse_fault(text: str) -> Fault:
    """Read a fault from a command line: KIND[=VALUE][@FUNCTION][#CALL][xTIMES].

    `slow=2@getStatsData#3x2` is: the third and fourth getStatsData come after two seconds.

    Raises:
        MockError: it is no such text, or there is no such fault.
    """
    match = _FAULT.fullmatch(text.strip())
    if not match:
        raise MockError(
            f"'{text}' is no fault: KIND[=VALUE][@FUNCTION][#CALL][xTIMES] is, such as "
            "slow=2@getStatsData#3x2"
        )
    value: float | str | None = match["value"]
    if match["value"] and re.fullmatch(r"-?\d+(\.\d+)?", match["value"]):
        value = float(match["value"])
    return Fault(
        kind=match["kind"],
        function=match["function"],
        call=int(match["call"]) if match["call"] else None,
        times=int(match["times"]) if match["times"] else None,
        value=value,
    )


@dataclass(frozen=True, slots=True)
class File:
    """A file of the site: files of one title are one dataset of the catalogue."""

    title: str
    name: str
    modified: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """What the server offers.

    Attributes:
        tables: Whole tables by their id.
        areas: Under which values of COLLECT_AREA the list repeats a table; by default its own.
        files: Files by their statInfId.
    """

    tables: Mapping[str, RawTable] = field(default_factory=dict)
    areas: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, File] = field(default_factory=dict)


class Asked(NamedTuple):
    """One request: an API function without the application id, or a download with all it has."""

    function: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Request:
    function: str
    parameters: Mapping[str, str]
    app_id: str
    faults: Mapping[str, Fault]

    @property
    def echoed(self) -> dict[str, str]:
        """What the answer repeats of the request."""
        echoed = {_upper(name): value for name, value in self.parameters.items()}
        return echoed | ({"APP_ID": self.app_id} if "echo_app_id" in self.faults else {})


@dataclass(frozen=True, slots=True)
class _Reply:
    body: bytes
    code: int = 200
    headers: Mapping[str, str] = field(
        default_factory=lambda: {"Content-Type": "application/json;charset=UTF-8"}
    )
    cut: bool = False


class EStatServer:
    """The server; used as a context, it listens until the block ends.

    Args:
        content: What it offers; `server.content` may be replaced at any time.
        app_ids: The application ids that it accepts; by default any.
        port: Where to listen; 0 takes a free port.
        page_limit: The most rows of an answer, as e-Stat's 100,000.
        faults: What goes wrong; `server.faults` may be changed at any time.
        http_errors: Whether an error has an HTTP code of its own, as the specification says, or
            200, as clients report.

    Raises:
        MockError: the port is taken.
    """

    def __init__(
        self,
        content: Content,
        *,
        app_ids: Iterable[str] | None = None,
        port: int = 0,
        page_limit: int = 100_000,
        faults: Iterable[Fault] = (),
        http_errors: bool = False,
    ) -> None:
        self.content = content
        self.faults = list(faults)
        self.requests: list[Asked] = []
        self._app_ids = None if app_ids is None else frozenset(app_ids)
        self._page_limit = page_limit
        self._http_errors = http_errors
        self._selected: dict[tuple[str, ...], tuple[RawTable, RawTable]] = {}
        self._lock = threading.Lock()
        try:
            self._server = _Listener(("127.0.0.1", port), _handler(self._reply))
        except OSError as error:
            raise MockError(f"cannot listen on port {port}: {error.strerror}") from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def url(self) -> str:
        """The API's address, for the client's `base_url`."""
        return f"{self.file_url}{API_PATH}"

    @property
    def file_url(self) -> str:
        """The site's address, for the client's `file_url`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _reply(self, target: str) -> _Reply:
        """Answer a request, or fail as the faults say."""
        address = urlsplit(target)
        function = address.path.removeprefix(f"{API_PATH}/json/")
        if address.path == FILE_PATH:
            function = DOWNLOAD
        elif function not in ROOTS:
            return _page(404)
        parameters = dict(parse_qsl(address.query, keep_blank_values=True))
        app_id = "" if function == DOWNLOAD else parameters.pop("appId", "")
        is_page = function == "getStatsData" and parameters.get("cntGetFlg") != "Y"
        with self._lock:
            self.requests.append(Asked(function, parameters))
            befalling = [f for f in self.faults if f.befalls(function, is_page=is_page)]
            faults = {fault.kind: fault for fault in befalling}
            if "updated" in faults:
                self.content = _republish(self.content, parameters.get("statsDataId"))
        if "slow" in faults:
            time.sleep(faults["slow"].amount)
        reply = _failure(faults) or (
            self._download(parameters)
            if function == DOWNLOAD
            else self._answer(_Request(function, parameters, app_id, faults))
        )
        return replace(reply, cut="cut" in faults)

    def _answer(self, request: _Request) -> _Reply:
        """Answer a function of the API."""
        answers = {
            "getStatsList": self._list,
            "getMetaInfo": self._meta,
            "getStatsData": self._data,
            "getDataCatalog": self._catalog,
        }
        try:
            self._admit(request)
            body = answers[request.function](request)
            return _Reply(body.replace(b'"@', b'"') if "garbled" in request.faults else body)
        except StatusError as error:
            body = render.render_error(
                request.function, error.status, error.message, request.echoed
            )
            return _Reply(body, _http_code(error.status) if self._http_errors else 200)

    def _admit(self, request: _Request) -> None:
        """Refuse a request without an accepted application id, or as a fault says."""
        accepted = request.app_id if self._app_ids is None else request.app_id in self._app_ids
        if not accepted:
            raise StatusError(100, render.MESSAGES[100])
        if "status" in request.faults:
            status = int(request.faults["status"].amount)
            raise StatusError(status, render.MESSAGES.get(status, "エラーが発生しました。"))

    def _list(self, request: _Request) -> bytes:
        content, parameters = self.content, request.parameters
        rows = [
            replace(_info(table), collect_area=area)
            for table_id, table in content.tables.items()
            for area in content.areas.get(table_id, (table.info.collect_area,))
        ]
        found = [info for info in rows if _is_listed(info, parameters)]
        start, limit = _window(parameters, self._page_limit)
        return render.render_list(found, start=start, limit=limit, parameters=request.echoed)

    def _meta(self, request: _Request) -> bytes:
        table = _table(self.content, request.parameters)
        return render.render_meta(_info(table), table.axes, request.echoed)

    def _data(self, request: _Request) -> bytes:
        parameters = request.parameters
        table = self._select(_table(self.content, parameters), parameters)
        if "page_missing" in request.faults:
            table = replace(table, cells=table.cells.clear())
        start, limit = _window(parameters, self._page_limit)
        body = render.render_stats_data(
            table,
            start=1 if "page_repeated" in request.faults else start,
            limit=limit,
            classes=parameters.get("metaGetFlg") != "N",
            count_only=parameters.get("cntGetFlg") == "Y",
            parameters=request.echoed,
        )
        return _spoil(body, request.faults)

    def _select(self, table: RawTable, parameters: Mapping[str, str]) -> RawTable:
        """Return the cells that a request selects; the pages of one selection share the work."""
        conditions = {n: v for n, v in parameters.items() if _CONDITION.fullmatch(n)}
        key = (table.info.id, *(f"{name}={value}" for name, value in sorted(conditions.items())))
        with self._lock:
            source, selected = self._selected.get(key, (None, None))
        if source is not table or selected is None:
            selected = replace(select(table, conditions), info=_info(table))
            with self._lock:
                self._selected.pop(key, None)
                self._selected[key] = (table, selected)
                for old in list(self._selected)[:-_KEPT]:
                    del self._selected[old]
        return selected

    def _catalog(self, request: _Request) -> bytes:
        datasets: dict[str, list[Resource]] = {}
        for number, file in self.content.files.items():
            form = FORMATS.get(PurePath(file.name).suffix.lower(), "XLS")
            # The catalogue numbers files otherwise than the site does, and writes '?&' (recorded).
            url = f"{self.file_url}{FILE_PATH}?&statInfId={number}&fileKind=0"
            resource = Resource(f"9{number[1:]}", file.title, url, form, file.modified)
            if _is_offered(resource, request.parameters):
                datasets.setdefault(file.title, []).append(resource)
        start, limit = _window(request.parameters, self._page_limit, usual=100)
        return render.render_catalog(datasets, start=start, limit=limit, parameters=request.echoed)

    def _download(self, parameters: Mapping[str, str]) -> _Reply:
        file = self.content.files.get(parameters.get("statInfId", ""))
        if file is None:
            return _page(404)
        return _Reply(
            file.body,
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}",
            },
        )


def select(table: RawTable, conditions: Mapping[str, str]) -> RawTable:
    """Return a table narrowed by lvX, cdX, cdXFrom and cdXTo: its classes and its cells.

    Conditions on one axis are all to hold, as the specification says.

    Raises:
        StatusError: a condition is none, as e-Stat would answer.
    """
    axes = {axis.id: axis for axis in table.axes}
    kept = dict(axes)
    for name, value in conditions.items():
        match = _CONDITION.fullmatch(name)
        axis_id = match["axis"].lower() if match else ""
        if match is None or axis_id not in axes:
            raise StatusError(102, f"{name}に対応する事項はこの統計表にありません。")
        if match["what"] == "lv":
            holds = _has_level(name, value)
        else:
            holds = _has_code(name, value, match["end"], axes[axis_id].codes)
        axis = kept[axis_id]
        kept[axis_id] = Axis(axis.id, axis.name, tuple(m for m in axis.members if holds(m)))
    narrowed = [axis for axis in kept.values() if axis is not axes[axis.id]]
    cells = table.cells.filter(
        pl.all_horizontal(pl.lit(value=True), *(pl.col(a.id).is_in(a.codes) for a in narrowed))
    )
    return replace(table, axes=tuple(kept.values()), cells=cells)


def revise(table: RawTable) -> RawTable:
    """Return a table's next edition: updated a day later, its first figure one higher."""
    updated = date.fromisoformat(table.info.updated_date or "2020-01-01") + timedelta(days=1)
    number = pl.col("text").cast(pl.Int64, strict=False)
    is_first = number.is_not_null() & (number.is_not_null().cum_sum() == 1)
    text = pl.when(is_first).then((number + 1).cast(pl.String)).otherwise("text").alias("text")
    return replace(
        table,
        info=replace(table.info, updated_date=updated.isoformat()),
        cells=table.cells.with_columns(text),
    )


def _republish(content: Content, table_id: str | None) -> Content:
    """Return the content with the next edition of a table, or of all."""
    changed = {
        name: revise(table)
        for name, table in content.tables.items()
        if table_id is None or name == table_id
    }
    return replace(content, tables={**content.tables, **changed})


def _has_level(name: str, value: str) -> Callable[[Member], bool]:
    """Return whether a member has one of the levels: n, n-m, -n or n-."""
    match = _LEVELS.fullmatch(value)
    if not match or not (match["first"] or match["last"]):
        raise _wrong(name, value)
    first = int(match["first"] or 1)
    last = int(match["last"] or (9 if match["dash"] else first))
    return lambda member: (
        (member.level or "0").isdigit() and (first <= int(member.level or 0) <= last)
    )


def _has_code(
    name: str, value: str, end: str | None, codes: Sequence[str]
) -> Callable[[Member], bool]:
    """Return whether a member has one of the codes, or one from or up to a code."""
    keywords = {"min": min(codes, default=""), "max": max(codes, default="")}
    wanted = [keywords.get(code, code) for code in value.split(",")]
    if end == "From":
        return lambda member: member.code >= wanted[0]
    if end == "To":
        return lambda member: member.code <= wanted[0]
    if len(wanted) > MOST_CODES:
        raise StatusError(105, f"{name}に指定できるコードは{MOST_CODES}個までです。")
    return lambda member: member.code in wanted


def _is_listed(info: TableInfo, parameters: Mapping[str, str]) -> bool:
    """Return whether getStatsList finds a table."""
    text = f"{info.title} {info.number} {info.statistics} {info.survey}"
    area = parameters.get("collectArea")
    return (
        info.survey_code.startswith(parameters.get("statsCode", ""))
        and _is_of(info.survey_date, parameters, "surveyYears")
        and _is_of(info.updated_date.replace("-", ""), parameters, "updatedDate")
        and _has_words(text, parameters.get("searchWord", ""))
        and (area is None or info.collect_area == AREAS.get(area))
    )


def _is_offered(resource: Resource, parameters: Mapping[str, str]) -> bool:
    """Return whether getDataCatalog finds a file; what survey a file is of is not known here."""
    forms = parameters.get("dataType", resource.format).split(",")
    return (
        parameters.get("resourceId", resource.id) == resource.id
        and resource.format in forms
        and _is_of(resource.modified.replace("-", ""), parameters, "updatedDate")
        and _has_words(resource.title, parameters.get("searchWord", ""))
    )


def _is_of(when: str, parameters: Mapping[str, str], name: str) -> bool:
    """Return whether a date, or a span of dates, meets the one that a parameter asks for."""
    asked = parameters.get(name)
    if not asked:
        return True
    if not _DATES.fullmatch(asked):
        raise _wrong(name, asked)
    first, last = _span(when)
    asked_first, asked_last = _span(asked)
    return first <= asked_last and asked_first <= last


def _span(dates: str) -> tuple[str, str]:
    """Return the first and the last day, as digits, of a date or a span of dates."""
    first, _, last = dates.partition("-")
    return first.ljust(8, "0"), (last or first).ljust(8, "9")


def _has_words(text: str, words: str) -> bool:
    """Return whether a text has the words, joined by AND, OR and NOT; a space is an AND."""
    if not words.strip():
        return True
    return any(_has_all(text, choice.split()) for choice in re.split(r"\s+OR\s+", words))


def _has_all(text: str, words: Sequence[str]) -> bool:
    wanted = True
    for word in words:
        if word == "NOT":
            wanted = False
        elif word != "AND":
            if (word in text) != wanted:
                return False
            wanted = True
    return True


def _window(parameters: Mapping[str, str], most: int, usual: int | None = None) -> tuple[int, int]:
    """Return the first row and the most rows that a request asks for; more is not given."""
    start = _number(parameters, "startPosition", 1)
    return start, min(_number(parameters, "limit", usual or most), most)


def _number(parameters: Mapping[str, str], name: str, default: int) -> int:
    value = parameters.get(name, str(default))
    if not (value.isascii() and value.isdigit() and int(value)):
        raise _wrong(name, value)
    return int(value)


def _wrong(name: str, value: str) -> StatusError:
    return StatusError(102, f"{name}の値が正しくありません。[{value}]")


def _table(content: Content, parameters: Mapping[str, str]) -> RawTable:
    """Return the table that a request names."""
    table_id = parameters.get("statsDataId")
    if not table_id:
        raise StatusError(101, "statsDataIdを指定して下さい。")
    if table_id not in content.tables:
        message = f"statsDataId=[{table_id}]のデータは存在しません。IDを確認して下さい。"
        raise StatusError(300, message)
    return content.tables[table_id]


def _info(table: RawTable) -> TableInfo:
    """Return what e-Stat says of a table, the number of its cells too."""
    if table.info.cells is not None:
        return table.info
    return replace(table.info, cells=table.cells.height)


def _upper(name: str) -> str:
    """Return a parameter's name as an answer repeats it: statsDataId as STATS_DATA_ID."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def _http_code(status: int) -> int:
    """Return the HTTP code that the specification gives an error."""
    if status == 100:
        return 403
    return 500 if 200 <= status < 300 else 400


def _page(code: int, headers: Mapping[str, str] | None = None) -> _Reply:
    """Return a web page instead of an answer."""
    return _Reply(MAINTENANCE.encode(), code, {"Content-Type": "text/html", **(headers or {})})


def _failure(faults: Mapping[str, Fault]) -> _Reply | None:
    """Return what comes instead of an answer, if a fault says so."""
    if "html" in faults:
        return _page(200)
    if "http" in faults:
        return _page(int(faults["http"].amount))
    if "busy" in faults:
        return _page(429, {"Retry-After": f"{faults['busy'].amount:g}"})
    if "redirect" in faults:
        return _page(302, {"Location": str(faults["redirect"].value)})
    return None


def _spoil(body: bytes, faults: Mapping[str, Fault]) -> bytes:
    """Return an answer of getStatsData with what the faults do to it."""
    if not faults.keys() & {"page_short", "next_key_lost", "total_wrong"}:
        return body
    answer = json.loads(body)
    data: dict[str, Any] = answer[ROOTS["getStatsData"]]["STATISTICAL_DATA"]
    if "total_wrong" in faults:
        data["RESULT_INF"]["TOTAL_NUMBER"] += int(faults["total_wrong"].amount)
    if "next_key_lost" in faults:
        data["RESULT_INF"].pop("NEXT_KEY", None)
    if "page_short" in faults and "VALUE" in data["DATA_INF"]:
        values = data["DATA_INF"].pop("VALUE")
        rows = values if isinstance(values, list) else [values]
        data["DATA_INF"]["VALUE"] = rows[: -int(faults["page_short"].amount)]
    return json.dumps(answer).encode("ascii")


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Be quiet: a client that goes away, as after its timeout, is usual here."""


def _handler(reply_to: Callable[[str], _Reply]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = reply_to(self.path)
            self.send_response(reply.code)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
            self.close_connection = self.close_connection or reply.cut

        def log_message(self, *_: object) -> None:
            """Be quiet: the path holds the application id."""

    return Handler
