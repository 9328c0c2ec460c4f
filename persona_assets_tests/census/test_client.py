"""The client against the conformance server: whatever goes wrong heals, or is one clear error."""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from persona_assets.census.client import (
    EStatClient,
    TableChangedError,
    UnreachableError,
    _retry_after,
    split,
)
from persona_assets.census.estat_server import Content, EStatServer, Fault, File, revise
from persona_assets.census.raw import RawTable
from persona_assets.census.wire import AnswerError, EStatError, StatusError, assemble
from persona_assets_tests.census.test_estat_server import BOOK, LABOUR, POPULATION, content, labour
from persona_assets_tests.census.test_estat_server import population as table_of

APP_ID = "0123456789abcdef0123456789abcdef01234567"
ATTEMPTS = 3


@contextmanager
def connected(
    offered: Content | None = None, *faults: Fault, page_limit: int = 5, **settings: Any
) -> Iterator[tuple[EStatServer, EStatClient]]:
    """A server with faults, and a client that does not wait."""
    http_errors = settings.pop("http_errors", False)
    usual = {"pause": 0.0, "backoff": 0.001, "attempts": ATTEMPTS, "timeout": 5.0}
    with (
        EStatServer(
            offered or content(), app_ids=[APP_ID], page_limit=page_limit, faults=faults,
            http_errors=http_errors,
        ) as server,
        EStatClient(
            settings.pop("app_id", APP_ID), base_url=settings.pop("base_url", server.url),
            file_url=server.file_url, **(usual | settings),
        ) as client,
    ):  # fmt: skip
        yield server, client


def fetch(client: EStatClient, **selection: list[str]) -> RawTable:
    return assemble(fetched.page for fetched in client.pages(POPULATION, selection))


def same(found: RawTable, expected: RawTable) -> bool:
    return found.content_hash == expected.content_hash and found.info == expected.info


# What is fetched.


def test_a_table_is_fetched_over_several_pages_and_is_what_was_published():
    with connected() as (server, client):
        assert same(fetch(client), table_of())
        count, *pages = server.requests
        assert count.parameters == {"statsDataId": POPULATION, "cntGetFlg": "Y"}
        # The classes come once, and each page starts where the last one ended.
        asked = [(p.parameters["startPosition"], p.parameters["metaGetFlg"]) for p in pages]
        assert asked == [("1", "Y"), ("6", "N"), ("11", "N")]


def test_only_the_first_page_has_axes_and_all_have_the_bytes_as_they_came():
    with connected() as (_, client):
        pages = list(client.pages(POPULATION))
        assert [bool(fetched.page.axes) for fetched in pages] == [True, False, False]
        assert [fetched.page.cells.height for fetched in pages] == [5, 5, 2]
        assert all(b'"GET_STATS_DATA"' in fetched.body for fetched in pages)


def test_the_page_size_is_the_clients_as_far_as_the_server_allows():
    with connected(page_limit=100, page_size=4) as (_, client):
        heights = [fetched.page.cells.height for fetched in client.pages(POPULATION)]
        assert heights == [4, 4, 4]


def test_a_selection_is_what_is_asked_for():
    with connected() as (server, client):
        table = fetch(client, cat01=["1", "2", "1"], area=["00000"], time=["2020000000"])
        assert sorted(table.cells["text"]) == ["1001", "1002"]
        parameters = server.requests[-1].parameters
        assert parameters["cdCat01"] == "1,2"
        assert parameters["cdArea"] == "00000"
        assert parameters["cdTime"] == "2020000000"
        assert client.count(POPULATION, {"cat01": ["1"]}) == 4


def test_one_cell_is_read_as_many_are():
    with connected() as (_, client):
        table = fetch(client, cat01=["2"], area=["01000"])
        assert table.cells["text"].to_list() == ["2002"]


def test_more_than_a_hundred_codes_are_asked_for_in_parts():
    large = table_of(251)
    with connected(content(large=large), page_limit=200) as (server, client):
        found = fetch(client, area=large.axis("area").codes)
        assert same(found, large)
        counts = [a for a in server.requests if "cntGetFlg" in a.parameters]
        assert [a.parameters["cdArea"].count(",") + 1 for a in counts] == [100, 100, 51]
        assert client.count(POPULATION, {"area": large.axis("area").codes}) == 753


def test_a_hundred_codes_are_one_request():
    assert len(split({"area": [str(n) for n in range(100)]})) == 1
    assert split({}) == [{}]


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"area": [str(n) for n in range(101)], "cat03": [str(n) for n in range(150)]},
         r"on one axis only, not on area \(101 codes\) and cat03 \(150 codes\)"),
        ({"sex": ["1"]}, "'sex' is no axis"),
        ({"cat16": ["1"]}, "'cat16' is no axis"),
        ({"area": []}, "axis area needs codes"),
        ({"area": ["1,2"]}, "axis area needs codes"),
    ],
)  # fmt: skip
def test_a_selection_that_cannot_be_asked_for_is_not_asked_for(
    selection: dict[str, list[str]], message: str
):
    with connected() as (server, client):
        with pytest.raises(EStatError, match=message):
            list(client.pages(POPULATION, selection))
        assert not server.requests


def test_a_selection_without_cells_is_no_page_and_no_error():
    with connected() as (server, client):
        assert list(client.pages(POPULATION, {"area": ["99000"]})) == []
        assert client.count(POPULATION, {"area": ["99000"]}) == 0
        assert len(server.requests) == 2


def test_metadata_are_read():
    with connected() as (_, client):
        info, axes = client.meta(POPULATION)
        assert info == table_of().info
        assert axes == table_of().axes


def test_a_table_is_listed_once_though_e_stat_repeats_it():
    with connected(content(labour=labour()), page_limit=2) as (server, client):
        tables = client.list_tables("00200521")
        assert [table.id for table in tables] == [POPULATION, LABOUR]
        assert len(server.requests) == 2
        found = client.list_tables("00200521", years="2020", words="労働力", updated="202402")
        assert [table.id for table in found] == [LABOUR]
        assert client.list_tables("00200999") == ()


def test_files_are_found_over_several_pages_and_downloaded():
    files = {f"0000320000{n:02d}": File(f"表{n}", f"{n}.xlsx", "2022-05-27", b"PK %d" % n)
             for n in range(7)}  # fmt: skip
    with connected(Content(files=files), page_limit=3) as (server, client):
        resources = client.catalog(words="表")
        assert [resource.title for resource in resources] == [f"表{n}" for n in range(7)]
        assert len(server.requests) == 3
        assert resources[4].modified == "2022-05-27"
        assert client.download(resources[4].url) == b"PK 4"
        assert client.download("000032000005") == b"PK 5"
        assert client.catalog(resource_id=resources[2].id) == (resources[2],)
        assert client.catalog(words="職業") == ()
        # The site is asked without the application id.
        assert server.requests[3].parameters == {"statInfId": "000032000004", "fileKind": "0"}
        with pytest.raises(EStatError, match="needs a resource id"):
            client.catalog()


# What goes wrong and heals.


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", call=2, value=201, times=2),
        Fault("status", call=2, value=299),
        Fault("http", call=2, value=503, times=2),
        Fault("http", call=2, value=500),
        Fault("http", call=2, value=429),
        Fault("busy", call=2, value=0),
        Fault("cut", call=2, times=2),
        Fault("html", call=3, times=2),
        Fault("page_missing", call=1, times=2),
        Fault("page_missing", call=2),
        Fault("page_short", call=2, value=2),
        Fault("page_short", call=3, value=2),
        Fault("page_repeated", call=2, times=2),
        Fault("next_key_lost", call=1),
        Fault("redirect", call=2, value="http://127.0.0.1/maintenance"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.call}-{fault.times}",
)
def test_what_passes_is_waited_for(fault: Fault):
    fault = replace(fault)
    with connected(None, fault) as (server, client):
        assert same(fetch(client), table_of())
        assert len(server.requests) == 4 + (fault.times or 1)


def test_http_codes_of_errors_make_no_difference():
    faults = Fault("status", call=2, value=201), Fault("status", "getMetaInfo", value=300)
    with connected(None, *faults, http_errors=True) as (server, client):
        assert same(fetch(client), table_of())
        assert len(server.requests) == 5
        with pytest.raises(StatusError, match="status 300"):
            client.meta(POPULATION)
        assert len(server.requests) == 6


def test_a_hung_request_is_given_up_and_sent_again():
    with connected(None, Fault("slow", call=3, value=0.5), timeout=0.1) as (server, client):
        assert same(fetch(client), table_of())
        assert len(server.requests) == 5


def test_a_server_is_waited_for_as_long_as_it_asks():
    with connected(None, Fault("busy", call=1, value=0.2)) as (_, client):
        started = time.monotonic()
        client.meta(POPULATION)
        assert time.monotonic() - started > 0.2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3), ("", 0), ("soon", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
def test_retry_after_is_a_number_or_a_date(header: str, seconds: float):
    assert _retry_after(httpx.Response(503, headers={"Retry-After": header})) == seconds


def test_retry_after_is_a_date_that_is_not_over():
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 20 < _retry_after(httpx.Response(503, headers={"Retry-After": header})) <= 30


def test_no_wait_is_longer_than_the_longest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("persona_assets.census.client.LONGEST_WAIT", 0.01)
    with connected(None, Fault("busy", call=1, value=999)) as (server, client):
        client.meta(POPULATION)
        assert len(server.requests) == 2


def test_a_download_is_tried_again_too():
    for kind, value in (("html", None), ("http", 503), ("cut", None)):
        with connected(None, Fault(kind, "download", 1, 2, value)) as (server, client):
            assert client.download(BOOK) == b"PK\x03\x04 a book"
            assert len(server.requests) == 3


# What does not heal: one error, which says what was asked, what came and what to do.


def failing(fault: Fault, call: Callable[[EStatClient], object], **settings: Any):
    """What a call raises while a fault lasts, and how many requests it took."""
    with connected(None, fault, **settings) as (server, client):
        with pytest.raises(EStatError) as raised:
            call(client)
        return raised.value, len(server.requests)


def pages(client: EStatClient) -> object:
    return list(client.pages(POPULATION))


def meta(client: EStatClient) -> object:
    return client.meta(POPULATION)


ASKED = f"getMetaInfo of table {POPULATION}"


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (Fault("status", value=200), StatusError,
         f"e-Stat answers status 200: .*{ASKED}.* try again later .tried 3 times."),
        (Fault("http", value=503), AnswerError, f"{ASKED}: HTTP 503 came.*tried 3 times"),
        (Fault("busy", value=0), AnswerError, f"{ASKED}: HTTP 429 came.*tried 3 times"),
        (Fault("html"), AnswerError, f"{ASKED}: .* not the JSON .* begins with: '<!DOCTYPE html"),
        (Fault("cut"), UnreachableError, f"{ASKED}: no answer from http://127.0.0.1:.*network"),
    ],
)  # fmt: skip
def test_trouble_that_lasts_is_an_error_after_all_attempts(
    fault: Fault, kind: type[EStatError], message: str
):
    error, requests = failing(replace(fault), meta)
    assert type(error) is kind
    assert requests == ATTEMPTS
    with pytest.raises(kind, match=message):
        raise error


@pytest.mark.parametrize("http_errors", [False, True])
@pytest.mark.parametrize("status", [100, 101, 102, 103, 104, 105, 300, 303, 400])
def test_what_cannot_heal_is_asked_once(status: int, http_errors: bool):
    error, requests = failing(Fault("status", value=status), meta, http_errors=http_errors)
    assert requests == 1
    assert isinstance(error, StatusError)
    assert error.status == status
    assert ASKED in str(error)


def test_an_id_that_is_not_accepted_names_where_it_was_set_and_where_to_check_it():
    wrong = APP_ID[::-1]
    with connected(app_id=wrong, app_id_name="MY_ESTAT_ID") as (server, client):
        with pytest.raises(
            StatusError, match=r"status 100: 認証に失敗しました.*MY_ESTAT_ID.*https://"
        ):
            client.list_tables("00200521")
        assert len(server.requests) == 1


@pytest.mark.parametrize("nothing", ["", "  ", "short", "an id of several words"])
def test_what_cannot_be_an_id_is_not_sent(nothing: str):
    with pytest.raises(EStatError, match=r"ESTAT_APP_ID holds no application id.*https://"):
        EStatClient(nothing)


def test_a_table_that_does_not_exist_is_named():
    with connected() as (server, client):
        with pytest.raises(StatusError, match=r"status 300: statsDataId=\[0000000000\].*Check"):
            client.meta("0000000000")
        with pytest.raises(StatusError, match="the number of cells"):
            list(client.pages("0000000000"))
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault("page_missing", call=2, times=9),
         "page 2 from cell 6: cells 6 to at most 12 should come, none did .tried 3 times"),
        (Fault("page_short", call=2, times=9, value=2),
         "page 2 from cell 6: cells from 6 .* come.*; cells 6 to 10 and 3 values did .tried 3"),
        (Fault("page_repeated", call=2, times=9),
         "page 2 .*: cells from 6 should come, one value each; cells 1 to 5 and 5 values did"),
        (Fault("next_key_lost"),
         "page 1 from cell 1: ends at cell 5 of 12, so NEXT_KEY should be 6, it is None .tried 3"),
    ],
)  # fmt: skip
def test_a_page_that_is_not_whole_is_an_error_that_says_which(fault: Fault, message: str):
    error, _ = failing(replace(fault), pages)
    with pytest.raises(AnswerError, match=f"{POPULATION}, {message}"):
        raise error


def test_a_page_of_a_part_says_of_which():
    large = table_of(101)
    fault = Fault("page_missing", call=2, times=9)
    with (
        connected(content(large=large), fault, page_limit=900) as (_, client),
        pytest.raises(AnswerError, match="part 2 of 2, page 1 from cell 1"),
    ):
        fetch(client, area=large.axis("area").codes)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        # The count is the first call, then come the pages.
        (Fault("updated", call=3), "page 2 .*was updated on 2026-09-29 and now is of 2026-09-30"),
        (Fault("total_wrong", call=1), "page 1 .*number of cells was 13 and is 12"),
        (Fault("total_wrong", call=3, value=-2), "page 2 .*number of cells was 12 and is 10"),
    ],
)
def test_a_table_that_is_replaced_meanwhile_is_not_mixed(fault: Fault, message: str):
    with connected(None, replace(fault)) as (_, client):
        with pytest.raises(TableChangedError, match=f"{message}.*fetch it again"):
            fetch(client)
        # From the beginning, the new edition is whole.
        expected = revise(table_of()) if fault.kind == "updated" else table_of()
        assert same(fetch(client), expected)


def test_a_table_that_is_replaced_between_two_parts_is_not_mixed():
    large = table_of(150)
    with connected(content(large=large), page_limit=900) as (server, client):
        found = client.pages(POPULATION, {"area": large.axis("area").codes})
        next(found)
        server.content = Content(tables={POPULATION: revise(large)})
        with pytest.raises(TableChangedError, match="part 2 of 2"):
            next(found)


def test_another_table_than_the_one_asked_for_is_refused():
    with connected(Content(tables={"0009": table_of()})) as (_, client):
        for call in (client.meta, lambda table: list(client.pages(table))):
            with pytest.raises(AnswerError, match=f"the answer is of table '{POPULATION}'"):
                call("0009")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault("http", value=404), f"{ASKED}: HTTP 404 came"),
        (Fault("garbled"), f"{ASKED}: .* has a class without '@id'"),
    ],
)
def test_answers_that_no_further_attempt_improves_are_asked_for_once(fault: Fault, message: str):
    error, requests = failing(replace(fault), meta)
    assert requests == 1
    with pytest.raises(AnswerError, match=message):
        raise error


def test_a_shape_that_nobody_foresaw_is_an_error_of_the_answer():
    with connected() as (_, client):
        for read in (lambda _: {}["RESULT"], lambda _: "text".get("TITLE")):
            with pytest.raises(AnswerError, match="asked: the answer has another shape"):
                client._read(httpx.Response(200), b"{}", "asked", read)


@pytest.mark.parametrize(
    ("base_url", "message"),
    [
        ("http://127.0.0.1:9/rest", r"no answer from http://127\.0\.0\.1:9/rest.*tried 3 times"),
        ("ftp://localhost/rest", "correct the address"),
    ],
)
def test_nobody_there_is_an_error_that_says_where(base_url: str, message: str):
    expected = pytest.raises(UnreachableError, match=f"{ASKED}.*{message}")
    with connected(base_url=base_url) as (_, client), expected:
        client.meta(POPULATION)


def test_a_web_page_instead_of_a_file_is_an_error():
    with connected(None, Fault("html", "download")) as (server, client):
        with pytest.raises(
            AnswerError, match=f"file {BOOK}: HTTP 200 with a web page came instead"
        ):
            client.download(BOOK)
        assert len(server.requests) == ATTEMPTS
        server.faults = []
        with pytest.raises(AnswerError, match=r"HTTP 404 with a web page.*check its number"):
            client.download("000000000000")
        assert len(server.requests) == ATTEMPTS + 1


def test_a_download_follows_its_own_host_only():
    with connected() as (server, client):
        target = f"{server.file_url}/stat-search/file-download?statInfId={BOOK}"
        server.faults = [Fault("redirect", "download", call=1, value=target)]
        assert client.download("000000000000") == b"PK\x03\x04 a book"
        for elsewhere in (
            "http://localhost/file",
            "https://example.com/file",
            "//example.com/file",
        ):
            server.faults = [Fault("redirect", "download", value=elsewhere)]
            with pytest.raises(AnswerError, match=r"but files are taken from http://127\.0\.0\.1"):
                client.download(BOOK)
        server.faults = [Fault("redirect", "download", value=target)]
        with pytest.raises(AnswerError, match="HTTP 302"):
            client.download(BOOK)
        with pytest.raises(AnswerError, match=r"leads to https://example\.com/x\.xlsx"):
            client.download("https://example.com/x.xlsx")


def test_a_download_that_was_encrypted_stays_so():
    with EStatClient(APP_ID) as client, pytest.raises(AnswerError, match="leads to http://www"):
        client.download("http://www.e-stat.go.jp/stat-search/file-download?statInfId=1")


# Politeness.


def test_the_pause_is_kept_between_requests_not_before_the_first():
    with connected(pause=0.1) as (_, client):
        started = time.monotonic()
        client.meta(POPULATION)
        assert time.monotonic() - started < 0.1
        client.meta(POPULATION)
        client.meta(POPULATION)
        assert time.monotonic() - started > 0.2


def test_threads_ask_one_after_the_other():
    with connected(None, Fault("slow", value=0.05)) as (_, client):
        threads = [threading.Thread(target=client.count, args=(POPULATION,)) for _ in range(4)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - started > 0.2


# The application id.


TROUBLE: list[tuple[Fault | None, Callable[[EStatClient], object], dict[str, Any]]] = [
    (None, pages, {}),
    (None, meta, {"app_id": APP_ID[::-1]}),
    (None, meta, {"base_url": "http://127.0.0.1:9/rest"}),
    (None, meta, {"base_url": "ftp://localhost/rest"}),
    (None, lambda client: client.download(BOOK), {}),
    (None, lambda client: client.list_tables("00200521"), {}),
    (None, lambda client: client.catalog(words="就業者数"), {}),
    (Fault("slow", value=0.2), meta, {"timeout": 0.02}),
    (Fault("status", value=300), meta, {}),
    (Fault("status", value=201), meta, {}),
    (Fault("http", value=503), meta, {}),
    (Fault("http", value=404), meta, {}),
    (Fault("busy", value=0), meta, {}),
    (Fault("cut"), meta, {}),
    (Fault("html"), meta, {}),
    (Fault("redirect", value=f"https://example.com/?appId={APP_ID}"), meta, {}),
    (Fault("page_missing"), pages, {}),
    (Fault("page_short"), pages, {}),
    (Fault("total_wrong", call=2), pages, {}),
    (Fault("updated", call=3), pages, {}),
    (Fault("echo_app_id"), pages, {}),
    (Fault("echo_app_id"), meta, {}),
]


@pytest.mark.parametrize(("fault", "call", "settings"), TROUBLE)
def test_the_application_id_is_in_no_log_and_no_error(
    fault: Fault | None,
    call: Callable[[EStatClient], object],
    settings: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
):
    secrets = (APP_ID, APP_ID[::-1])
    # Whatever the application configures, down to the HTTP library's own.
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        caplog.set_level(logging.DEBUG, name)
    raised: list[BaseException] = []
    with connected(None, *([replace(fault)] if fault else []), **settings) as (server, client):
        try:
            call(client)
        except EStatError as error:
            raised.append(error)
        said = [repr(client), caplog.text, *(f"{vars(record)}" for record in caplog.records)]
        libraries = {record.name.split(".")[0] for record in caplog.records}
        assert libraries & {"httpx", "httpcore"} or not server.requests
    for error in raised:
        # Without this function, whose variables are the ids.
        own = error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
        said += traceback.TracebackException.from_exception(own, capture_locals=True).format()
        for link in (error.__cause__, error.__context__):
            if link is not None:
                raised.append(link)
                said += [repr(link), repr(vars(link))]
                # An exception of the HTTP library has the request, and that the URL.
                assert not type(link).__module__.startswith(("httpx", "httpcore"))
    for secret in secrets:
        assert not [text for text in said if secret in text]


def test_httpx_logs_urls_and_the_id_in_them_is_masked(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, "httpx")
    with connected() as (_, client):
        client.meta(POPULATION)
    assert f"statsDataId={POPULATION}" in caplog.text
    assert "appId=***" in caplog.text


def test_an_id_that_the_server_repeats_is_cut_out_of_the_bytes():
    with connected(None, Fault("echo_app_id")) as (_, client):
        bodies = [fetched.body for fetched in client.pages(POPULATION)]
        assert all(b'"APP_ID":"***"' in body for body in bodies)
        assert not any(APP_ID.encode() in body for body in bodies)


def test_every_failed_attempt_is_logged(caplog: pytest.LogCaptureFixture):
    with connected(None, Fault("http", value=503, call=1, times=2)) as (_, client):
        client.meta(POPULATION)
    (first, second) = [r.getMessage() for r in caplog.records if "census.client" in r.name]
    assert first.startswith(f"{ASKED}: HTTP 503 came")
    assert "attempt 2 of 3 failed" in second
