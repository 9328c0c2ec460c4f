"""Raw tables written as e-Stat API 3.0 answers: the inverse of `wire.py`, for `estat-mock`.

Shaped after recorded answers: one member is an object and several are a list, non-ASCII is
escaped, figures are strings, the classes list only what the request selected, an attribute that a
cell does not have is left out.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import polars as pl

from persona_assets.census.raw import Axis, Member, RawTable, TableInfo
from persona_assets.census.wire import NO_DATA, OK, ROOTS, Resource

MESSAGES = {
    OK: "正常に終了しました。",
    NO_DATA: "正常に終了しましたが、該当データはありませんでした。",
    100: "認証に失敗しました。アプリケーションIDを確認して下さい。",
}
JAPAN = timezone(timedelta(hours=9))

Parameters = Mapping[str, str | int]


def render_stats_data(
    table: RawTable,
    *,
    start: int = 1,
    limit: int = 100_000,
    classes: bool = True,
    count_only: bool = False,
    parameters: Parameters | None = None,
) -> bytes:
    """Write one page of getStatsData.

    Args:
        table: The cells that the request selected.
        start: First cell, from 1.
        limit: Most cells of the page.
        classes: Whether CLASS_INF was asked for (metaGetFlg).
        count_only: Whether only the number of cells was asked for (cntGetFlg).
        parameters: What is echoed in PARAMETER.
    """
    total = table.cells.height
    page = table.cells.slice(start - 1, 0 if count_only else limit)
    result = {"TOTAL_NUMBER": total, **_result_inf(total, start, page.height)}
    data: dict[str, Any] = {"RESULT_INF": result}
    if not count_only:
        data["TABLE_INF"] = _table_inf(table.info)
        if classes:
            data["CLASS_INF"] = _class_inf(table.axes)
        data["DATA_INF"] = _data_inf(table, page)
    return _answer("getStatsData", OK if total else NO_DATA, parameters, {"STATISTICAL_DATA": data})


def render_meta(
    info: TableInfo, axes: Sequence[Axis], parameters: Parameters | None = None
) -> bytes:
    """Write an answer of getMetaInfo."""
    meta = {"TABLE_INF": _table_inf(info), "CLASS_INF": _class_inf(axes)}
    return _answer("getMetaInfo", OK, parameters, {"METADATA_INF": meta})


def render_list(
    tables: Sequence[TableInfo],
    *,
    start: int = 1,
    limit: int = 100_000,
    parameters: Parameters | None = None,
) -> bytes:
    """Write one page of getStatsList; a table comes once per area that it covers, as given."""
    page = tables[start - 1 : start - 1 + limit]
    found: dict[str, Any] = {
        "NUMBER": len(tables),
        "RESULT_INF": _result_inf(len(tables), start, len(page)) or "",
    }
    if page:
        found["TABLE_INF"] = _one_or_many([_table_inf(table) for table in page])
    status = OK if tables else NO_DATA
    return _answer("getStatsList", status, parameters, {"DATALIST_INF": found})


def render_catalog(
    datasets: Mapping[str, Sequence[Resource]],
    *,
    start: int = 1,
    limit: int = 100,
    parameters: Parameters | None = None,
) -> bytes:
    """Write one page of getDataCatalog: datasets by title, each with its files."""
    entries = [
        {
            "@id": f"{number:012d}",
            "DATASET": {"TITLE": {"NAME": title}},
            "RESOURCES": {"RESOURCE": _one_or_many([_resource(r) for r in resources])},
        }
        for number, (title, resources) in enumerate(datasets.items(), start=1)
    ]
    page = entries[start - 1 : start - 1 + limit]
    found: dict[str, Any] = {
        "NUMBER": len(entries),
        "RESULT_INF": _result_inf(len(entries), start, len(page)) or "",
    }
    if page:
        found["DATA_CATALOG_INF"] = _one_or_many(page)
    status = OK if entries else NO_DATA
    return _answer("getDataCatalog", status, parameters, {"DATA_CATALOG_LIST_INF": found})


def render_error(
    function: str, status: int, message: str | None = None, parameters: Parameters | None = None
) -> bytes:
    """Write an answer that carries only a STATUS and its message."""
    text = message or MESSAGES.get(status, "サーバ内部でエラーが発生しました。")
    return _encode(ROOTS[function], _result(status, text), parameters, {})


def _answer(
    function: str, status: int, parameters: Parameters | None, payload: Mapping[str, Any]
) -> bytes:
    return _encode(ROOTS[function], _result(status, MESSAGES[status]), parameters, payload)


def _result(status: int, message: str) -> dict[str, Any]:
    now = datetime.now(JAPAN).isoformat(timespec="milliseconds")
    return {"STATUS": status, "ERROR_MSG": message, "DATE": now}


def _encode(
    root: str, result: Mapping[str, Any], parameters: Parameters | None,
    payload: Mapping[str, Any],
) -> bytes:  # fmt: skip
    content = {
        "RESULT": result,
        "PARAMETER": {"LANG": "J", **(parameters or {}), "DATA_FORMAT": "J"},
        **payload,
    }
    return json.dumps({root: content}, separators=(",", ":")).encode("ascii")


def _result_inf(total: int, start: int, count: int) -> dict[str, int]:
    """Return where a page lies; nothing if it is empty."""
    if not count:
        return {}
    last = start + count - 1
    following = {"NEXT_KEY": last + 1} if last < total else {}
    return {"FROM_NUMBER": start, "TO_NUMBER": last, **following}


def _table_inf(info: TableInfo) -> dict[str, Any]:
    title = {"@no": info.number, "$": info.title} if info.number else info.title
    date = info.survey_date
    return {
        "@id": info.id,
        "STAT_NAME": {"@code": info.survey_code, "$": info.survey},
        "GOV_ORG": {"@code": info.survey_code[:5], "$": "総務省"},
        "STATISTICS_NAME": info.statistics,
        "TITLE": title,
        "CYCLE": "-",
        # A month is a number, a span of months text: as recorded.
        "SURVEY_DATE": int(date) if date.isdigit() else date,
        "OPEN_DATE": info.open_date,
        "SMALL_AREA": 0,
        "COLLECT_AREA": info.collect_area,
        "MAIN_CATEGORY": {"@code": "02", "$": "人口・世帯"},
        "SUB_CATEGORY": {"@code": "01", "$": "人口"},
        **({} if info.cells is None else {"OVERALL_TOTAL_NUMBER": info.cells}),
        "UPDATED_DATE": info.updated_date,
    }


def _class_inf(axes: Sequence[Axis]) -> dict[str, Any]:
    objects = [
        {
            "@id": axis.id,
            "@name": axis.name,
            "CLASS": _one_or_many([_member(member) for member in axis.members]),
        }
        for axis in axes
    ]
    return {"CLASS_OBJ": _one_or_many(objects)}


def _member(member: Member) -> dict[str, str]:
    attributes = {
        "@code": member.code,
        "@name": member.name,
        "@level": member.level,
        "@unit": member.unit,
        "@parentCode": member.parent,
    }
    return {name: value for name, value in attributes.items() if value is not None}


def _data_inf(table: RawTable, page: pl.DataFrame) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if table.marks:
        notes = [{"@char": mark, "$": text} for mark, text in table.marks.items()]
        data["NOTE"] = _one_or_many(notes)
    if page.height:
        named = {axis.id: f"@{axis.id}" for axis in table.axes}
        named |= {"unit": "@unit", "annotation": "@annotation", "text": "$"}
        rows = page.select(pl.col(name).alias(key) for name, key in named.items()).to_dicts()
        cells = [{key: value for key, value in row.items() if value is not None} for row in rows]
        data["VALUE"] = _one_or_many(cells)
    return data


def _resource(resource: Resource) -> dict[str, Any]:
    return {
        "@id": resource.id,
        "TITLE": {"NAME": resource.title},
        "URL": resource.url,
        "FORMAT": resource.format,
        "LAST_MODIFIED_DATE": resource.modified,
    }


def _one_or_many(items: Sequence[Any]) -> Any:
    return items[0] if len(items) == 1 else list(items)
