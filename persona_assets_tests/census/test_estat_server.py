"""The conformance server: its answers have the recorded shapes, its faults do what they say."""

import json
import socket
import time
from dataclasses import replace
from typing import Any

import httpx
import polars as pl
import pytest

from persona_assets.census.estat_server import (
    KINDS,
    Content,
    EStatServer,
    Fault,
    File,
    MockError,
    parse_fault,
    revise,
    select,
)
from persona_assets.census.raw import Axis, Member, RawTable, TableInfo, make_table

POPULATION = "0003445078"
LABOUR = "0003450558"
BOOK = "000032143614"
# One for all: making a client reads the certificates of the system.
HTTP = httpx.Client()


def population(areas: int = 4, table_id: str = POPULATION) -> RawTable:
    """A table of the recorded one's axes: three sexes in the country and its prefectures."""
    places = [Member("00000", "全国", "1")] + [
        Member(f"{n:02d}000", f"県{n}", "2", parent="00000") for n in range(1, areas)
    ]
    axes = (
        Axis("tab", "表章事項", (Member("2020_01", "人口", "", unit="人"),)),
        Axis("cat01", "男女", (Member("0", "総数", "1"), Member("1", "男", "1"),
                               Member("2", "女", "1"))),
        Axis("area", "全国，都道府県", tuple(places)),
        Axis("time", "時間軸（年次）", (Member("2020000000", "2020年", "1"),)),
    )  # fmt: skip
    rows = [
        {"tab": "2020_01", "cat01": sex, "area": place.code, "time": "2020000000",
         "text": str(1000 * number + int(sex)), "unit": "人"}
        for sex in "012" for number, place in enumerate(places, start=1)
    ]  # fmt: skip
    info = TableInfo(
        id=table_id, title="男女別人口－全国，都道府県", number="1-1-1",
        statistics="令和２年国勢調査 人口等基本集計", survey_code="00200521", survey="国勢調査",
        survey_date="202010", open_date="2021-11-30", updated_date="2026-09-29",
        collect_area="全国", cells=len(rows),
    )  # fmt: skip
    marks = {"***": "当該数値がないもの", "-": "当該数値がないもの"}
    return make_table(info, axes, [pl.DataFrame(rows)], marks)


def content(**tables: RawTable) -> Content:
    """The population in two areas of the list, and whatever else; one file."""
    return Content(
        tables={POPULATION: population(), **{t.info.id: t for t in tables.values()}},
        areas={POPULATION: ["全国", "都道府県"]},
        files={BOOK: File("就業者数", "a00320.xlsx", "2022-05-27", b"PK\x03\x04 a book")},
    )


def labour() -> RawTable:
    table = population(2, LABOUR)
    info = replace(table.info, title="労働力状態，男女別人口", number="", updated_date="2024-02-01",
                   survey_date="202001-202012")  # fmt: skip
    return replace(table, info=info)


def ask(server: EStatServer, function: str, app_id: str = "an-id", **query: str | int) -> Any:
    """Ask a function; what is below the root of its answer."""
    response = HTTP.get(f"{server.url}/json/{function}", params={"appId": app_id, **query})
    (answer,) = response.json().values()
    return answer


def data(server: EStatServer, **query: str | int) -> Any:
    return ask(server, "getStatsData", statsDataId=POPULATION, **query)


def test_a_table_is_listed_once_per_area_that_it_covers():
    with EStatServer(content(labour=labour())) as server:
        found = ask(server, "getStatsList", statsCode="00200521")["DATALIST_INF"]
        assert found["NUMBER"] == 3
        assert found["RESULT_INF"] == {"FROM_NUMBER": 1, "TO_NUMBER": 3}
        ids = [(row["@id"], row["COLLECT_AREA"]) for row in found["TABLE_INF"]]
        assert ids == [(POPULATION, "全国"), (POPULATION, "都道府県"), (LABOUR, "全国")]
        # As recorded: a month is a number, a span is text; a title without a number is text.
        assert [row["SURVEY_DATE"] for row in found["TABLE_INF"]] == [202010, 202010,
                                                                      "202001-202012"]  # fmt: skip
        assert found["TABLE_INF"][0]["TITLE"]["@no"] == "1-1-1"
        assert found["TABLE_INF"][2]["TITLE"] == "労働力状態，男女別人口"


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"statsCode": "00200"}, [POPULATION, POPULATION, LABOUR]),
        ({"statsCode": "00200522"}, []),
        ({"searchWord": "労働力状態"}, [LABOUR]),
        ({"searchWord": "男女 AND 全国"}, [POPULATION, POPULATION]),
        ({"searchWord": "男女 NOT 労働力状態"}, [POPULATION, POPULATION]),
        ({"searchWord": "配偶関係 OR 労働力状態"}, [LABOUR]),
        ({"surveyYears": "2020", "searchWord": "労働力"}, [LABOUR]),
        ({"surveyYears": "202001-202003"}, [LABOUR]),
        ({"surveyYears": "2015"}, []),
        ({"updatedDate": "202402"}, [LABOUR]),
        ({"updatedDate": "20260901-20261001"}, [POPULATION, POPULATION]),
        ({"collectArea": "2"}, [POPULATION]),
    ],
)
def test_the_list_is_narrowed_as_asked(query: dict[str, str], ids: list[str]):
    with EStatServer(content(labour=labour())) as server:
        answer = ask(server, "getStatsList", **query)
        assert answer["RESULT"]["STATUS"] == (0 if ids else 1)
        rows = answer["DATALIST_INF"].get("TABLE_INF", [])
        rows = rows if isinstance(rows, list) else [rows]
        assert [row["@id"] for row in rows] == ids


def test_a_list_has_pages_too():
    with EStatServer(content(labour=labour())) as server:
        found = ask(server, "getStatsList", limit=2)["DATALIST_INF"]
        assert found["RESULT_INF"] == {"FROM_NUMBER": 1, "TO_NUMBER": 2, "NEXT_KEY": 3}
        rest = ask(server, "getStatsList", limit=2, startPosition=3)["DATALIST_INF"]
        assert rest["RESULT_INF"] == {"FROM_NUMBER": 3, "TO_NUMBER": 3}
        # One is an object, several are a list.
        assert rest["TABLE_INF"]["@id"] == LABOUR


def test_metadata_have_all_classes_and_one_or_many_of_each():
    with EStatServer(content()) as server:
        meta = ask(server, "getMetaInfo", statsDataId=POPULATION)["METADATA_INF"]
        tab, sex, area, year = meta["CLASS_INF"]["CLASS_OBJ"]
        assert tab["CLASS"]["@code"] == "2020_01"
        assert [one["@code"] for one in sex["CLASS"]] == ["0", "1", "2"]
        assert area["CLASS"][1]["@parentCode"] == "00000"
        assert year["CLASS"]["@name"] == "2020年"
        assert meta["TABLE_INF"]["UPDATED_DATE"] == "2026-09-29"
        assert meta["TABLE_INF"]["OVERALL_TOTAL_NUMBER"] == 12


def test_cells_come_in_pages_of_at_most_the_limit():
    with EStatServer(content(), page_limit=5) as server:
        page = data(server, limit=100_000)["STATISTICAL_DATA"]
        assert page["RESULT_INF"] == {"TOTAL_NUMBER": 12, "FROM_NUMBER": 1, "TO_NUMBER": 5,
                                      "NEXT_KEY": 6}  # fmt: skip
        assert len(page["DATA_INF"]["VALUE"]) == 5
        page = data(server, startPosition=11, metaGetFlg="N")["STATISTICAL_DATA"]
        assert page["RESULT_INF"] == {"TOTAL_NUMBER": 12, "FROM_NUMBER": 11, "TO_NUMBER": 12}
        assert "CLASS_INF" not in page
        assert page["TABLE_INF"]["UPDATED_DATE"] == "2026-09-29"
        assert page["DATA_INF"]["VALUE"][-1] == {
            "@tab": "2020_01", "@cat01": "2", "@area": "03000", "@time": "2020000000",
            "@unit": "人", "$": "4002",
        }  # fmt: skip


def test_only_the_number_of_cells_can_be_asked_for():
    with EStatServer(content()) as server:
        assert data(server, cntGetFlg="Y")["STATISTICAL_DATA"] == {
            "RESULT_INF": {"TOTAL_NUMBER": 12}
        }


@pytest.mark.parametrize(
    ("query", "areas"),
    [
        ({"cdArea": "01000,03000"}, ["01000", "03000"]),
        ({"cdAreaFrom": "02000"}, ["02000", "03000"]),
        ({"cdAreaFrom": "min", "cdAreaTo": "01000"}, ["00000", "01000"]),
        ({"cdAreaFrom": "01000", "cdAreaTo": "02000"}, ["01000", "02000"]),
        ({"lvArea": "2", "cdArea": "00000,01000"}, ["01000"]),
        ({"lvArea": "1"}, ["00000"]),
        ({"lvArea": "1-2", "cdArea": "max"}, ["03000"]),
        ({"lvArea": "2-"}, ["01000", "02000", "03000"]),
        ({"lvArea": "-1"}, ["00000"]),
    ],
)
def test_conditions_on_an_axis_narrow_classes_and_cells(query: dict[str, str], areas: list[str]):
    narrowed = select(population(), query)
    assert narrowed.axis("area").codes == areas
    assert narrowed.cells["area"].unique(maintain_order=True).to_list() == areas
    assert narrowed.cells.height == 3 * len(areas)
    assert narrowed.axis("cat01").codes == ["0", "1", "2"]


def test_a_selection_without_a_cell_is_no_error():
    with EStatServer(content()) as server:
        answer = data(server, cdArea="99000")
        assert answer["RESULT"]["STATUS"] == 1
        assert answer["STATISTICAL_DATA"]["RESULT_INF"] == {"TOTAL_NUMBER": 0}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"cdArea": ",".join(f"{n:05d}" for n in range(101))}, 105),
        ({"cdCat09": "1"}, 102),
        ({"lvArea": "many"}, 102),
        ({"startPosition": 0}, 102),
        ({"limit": "all"}, 102),
        ({"statsDataId": ""}, 101),
        ({"statsDataId": "0000000000"}, 300),
    ],
)
def test_a_wrong_request_has_a_status(query: dict[str, str], status: int):
    with EStatServer(content()) as server:
        answer = ask(server, "getStatsData", **({"statsDataId": POPULATION} | query))
        assert answer["RESULT"]["STATUS"] == status


def test_an_unknown_table_is_named_as_recorded():
    with EStatServer(content()) as server:
        result = ask(server, "getMetaInfo", statsDataId="0000000000")["RESULT"]
        text = "statsDataId=[0000000000]のデータは存在しません。IDを確認して下さい。"
        assert (result["STATUS"], result["ERROR_MSG"]) == (300, text)


@pytest.mark.parametrize(("http_errors", "code"), [(False, 200), (True, 403)])
def test_an_id_that_is_not_accepted_is_refused(http_errors: bool, code: int):
    with EStatServer(content(), app_ids=["right"], http_errors=http_errors) as server:
        assert ask(server, "getStatsList", app_id="right")["RESULT"]["STATUS"] == 0
        for wrong in ("wrong", ""):
            response = HTTP.get(f"{server.url}/json/getStatsList", params={"appId": wrong})
            result = response.json()["GET_STATS_LIST"]["RESULT"]
            assert (response.status_code, result["STATUS"]) == (code, 100)
            assert result["ERROR_MSG"].startswith("認証に失敗しました。")


def test_any_id_is_accepted_by_default_but_none():
    with EStatServer(content()) as server:
        assert ask(server, "getStatsList", app_id="any")["RESULT"]["STATUS"] == 0
        assert ask(server, "getStatsList", app_id="")["RESULT"]["STATUS"] == 100


def test_the_catalogue_has_the_formats_of_one_title_together():
    files = {BOOK: File("就業者数", "a.xlsx", "2022-05-27", b"x"),
             "000032143615": File("就業者数", "a.csv", "2022-05-27", b"x"),
             "000032143616": File("産業", "b.xls", "2023-01-01", b"x")}  # fmt: skip
    with EStatServer(Content(files=files)) as server:
        found = ask(server, "getDataCatalog", searchWord="就業者数 OR 産業")[
            "DATA_CATALOG_LIST_INF"
        ]
        assert found["NUMBER"] == 2
        first, second = found["DATA_CATALOG_INF"]
        assert [r["FORMAT"] for r in first["RESOURCES"]["RESOURCE"]] == ["XLS", "CSV"]
        book = second["RESOURCES"]["RESOURCE"]
        assert book["URL"] == (
            f"{server.file_url}/stat-search/file-download?&statInfId=000032143616&fileKind=0"
        )
        # As recorded: the catalogue's number of a file is not the number in its URL.
        assert book["@id"] == "900032143616"
        assert HTTP.get(book["URL"]).content == b"x"
        assert ask(server, "getDataCatalog", dataType="CSV", limit=1)["DATA_CATALOG_LIST_INF"][
            "DATA_CATALOG_INF"]["RESOURCES"]["RESOURCE"]["@id"] == "900032143615"  # fmt: skip


def test_requests_are_kept_without_the_id():
    with EStatServer(content()) as server:
        data(server, cdCat01="1")
        HTTP.get(f"{server.file_url}/stat-search/file-download?statInfId={BOOK}")
        assert [tuple(asked) for asked in server.requests] == [
            ("getStatsData", {"statsDataId": POPULATION, "cdCat01": "1"}),
            ("download", {"statInfId": BOOK}),
        ]


def test_a_new_edition_is_served_at_once():
    with EStatServer(content()) as server:
        before = data(server)["STATISTICAL_DATA"]
        server.content = replace(server.content, tables={POPULATION: revise(population())})
        after = data(server)["STATISTICAL_DATA"]
        assert before["TABLE_INF"]["UPDATED_DATE"] == "2026-09-29"
        assert after["TABLE_INF"]["UPDATED_DATE"] == "2026-09-30"
        texts = [[cell["$"] for cell in one["DATA_INF"]["VALUE"]] for one in (before, after)]
        changed = [old != new for old, new in zip(*texts, strict=True)]
        assert changed == [True] + [False] * 11


def test_the_pages_of_a_selection_share_its_work():
    with EStatServer(content(), page_limit=2) as server:
        for start in (1, 3, 5):
            data(server, startPosition=start, cdCat01="0,1")
        assert len(server._selected) == 1
        for code in range(20):
            data(server, cdArea=f"{code:02d}000")
        assert len(server._selected) == 8


def test_a_fault_befalls_the_calls_that_it_names():
    fault = Fault("html", "getStatsData", call=2, times=2)
    befallen = [fault.befalls("getStatsData", is_page=True) for _ in range(4)]
    assert befallen == [False, True, True, False]
    assert not fault.befalls("getMetaInfo", is_page=False)
    always, once, twice = Fault("html"), Fault("html", call=1), Fault("html", times=2)
    for fault, expected in ((always, [1, 1, 1]), (once, [1, 0, 0]), (twice, [1, 1, 0])):
        assert [fault.befalls("getMetaInfo", is_page=False) for _ in range(3)] == expected
    # Only pages of cells count for a fault of pages.
    second = Fault("page_missing", call=2)
    calls = [second.befalls("getStatsData", is_page=page) for page in (False, True, False, True)]
    assert calls == [False, False, False, True]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("html", ("html", None, None, None, 0)),
        ("slow=2@getStatsData#3x2", ("slow", "getStatsData", 3, 2, 2)),
        ("slow=0.5x2", ("slow", None, None, 2, 0.5)),
        ("htmlx2", ("html", None, None, 2, 0)),
        ("status=201@getMetaInfox3", ("status", "getMetaInfo", None, 3, 201)),
        ("total_wrong=-4#1", ("total_wrong", None, 1, None, -4)),
        ("cut@download", ("cut", "download", None, None, 0)),
        ("redirect=http://localhost/", ("redirect", None, None, None, "http://localhost/")),
    ],
)
def test_a_fault_is_read_from_a_command_line(text: str, parts: tuple[object, ...]):
    fault = parse_fault(text)
    assert (fault.kind, fault.function, fault.call, fault.times, fault.value) == parts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no fault"),
        ("slow=2@", "is no fault"),
        ("slow 2", "is no fault"),
        ("fire", "there is no fault 'fire'; there are status, http"),
        ("html@getStats", "there is no function 'getStats'; there are getStatsList"),
        ("slow", "needs a value"),
        ("slow=long", "needs a value"),
        ("html#0", "count from 1"),
        ("htmlx0", "count from 1"),
    ],
)
def test_what_is_no_fault_is_refused_with_what_is_one(text: str, message: str):
    with pytest.raises(MockError, match=message):
        parse_fault(text)


def test_a_port_that_is_taken_is_said_so():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MockError, match=f"cannot listen on port {port}"):
            EStatServer(content(), port=port)


def raw(server: EStatServer, **query: str | int) -> httpx.Response:
    return HTTP.get(f"{server.url}/json/getStatsData",
                     params={"appId": "an-id", "statsDataId": POPULATION, **query})  # fmt: skip


def values(response: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = response.json()["GET_STATS_DATA"]["STATISTICAL_DATA"]
    return found


def test_every_fault_does_what_it_says():
    seen = set()

    def with_fault(kind: str, value: float | str | None = None, **query: str | int):
        seen.add(kind)
        server.faults = [Fault(kind, value=value)]
        return raw(server, **query)

    with EStatServer(content(), page_limit=5) as server:
        status = with_fault("status", 203).json()["GET_STATS_DATA"]["RESULT"]
        assert status["STATUS"] == 203
        assert with_fault("http", 503).status_code == 503
        busy = with_fault("busy", 7)
        assert (busy.status_code, busy.headers["Retry-After"]) == (429, "7")
        started = time.monotonic()
        assert with_fault("slow", 0.05).json()
        assert time.monotonic() - started > 0.05
        with pytest.raises(httpx.RemoteProtocolError):
            with_fault("cut")
        html = with_fault("html")
        assert (html.status_code, html.text[:14]) == (200, "<!DOCTYPE html")
        assert "id" in values(with_fault("garbled"))["TABLE_INF"]
        redirect = with_fault("redirect", "http://localhost/x")
        assert (redirect.status_code, redirect.headers["Location"]) == (302, "http://localhost/x")
        assert values(with_fault("page_missing"))["RESULT_INF"] == {"TOTAL_NUMBER": 0}
        short = values(with_fault("page_short", 2))
        assert (short["RESULT_INF"]["TO_NUMBER"], len(short["DATA_INF"]["VALUE"])) == (5, 3)
        again = values(with_fault("page_repeated", startPosition=11))
        assert again["RESULT_INF"]["FROM_NUMBER"] == 1
        assert "NEXT_KEY" not in values(with_fault("next_key_lost"))["RESULT_INF"]
        assert values(with_fault("total_wrong", -3))["RESULT_INF"]["TOTAL_NUMBER"] == 9
        updated = values(with_fault("updated"))
        assert updated["TABLE_INF"]["UPDATED_DATE"] == "2026-09-30"
        echo = with_fault("echo_app_id").json()["GET_STATS_DATA"]["PARAMETER"]
        assert echo["APP_ID"] == "an-id"
        assert seen == set(KINDS)


def test_answers_are_ascii_as_recorded():
    with EStatServer(content()) as server:
        assert raw(server).content.isascii()
        assert json.loads(raw(server).content)
