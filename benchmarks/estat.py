"""Fetch, parse and write a table of a million cells, beside a row-by-row Python client.

    python -m benchmarks.estat [CELLS] [ROUNDS]

A server in a process of its own hands out pages that were rendered before, so both sides wait for
the same bytes. Each side runs in a process of its own, in turn; printed are seconds, the largest
memory and the ratio of the medians, all of one run on one machine.
"""

import csv
import json
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import polars as pl

from persona_assets.census import render
from persona_assets.census.client import EStatClient
from persona_assets.census.raw import Axis, Member, RawTable, TableInfo, figures, make_table
from persona_assets.census.snapshots import SnapshotStore
from persona_assets.census.wire import assemble

PAGE = 100_000
APP_ID = "0123456789abcdef0123456789abcdef01234567"
MARKS = {"***": "当該数値がないもの", "-": "当該数値がないもの"}
SEXES, AGES, KINDS = 3, 23, 8


def table(cells: int) -> RawTable:
    """Return a census-like table: sex, age, kind, and as many areas as make up the cells."""
    areas = cells // (SEXES * AGES * KINDS) + 1
    axes = [
        Axis("tab", "表章事項", (Member("2020_01", "人口", "", "人"),)),
        Axis("cat01", "男女", tuple(Member(str(n), "男女"[n % 2]) for n in range(SEXES))),
        Axis("cat02", "年齢", tuple(Member(f"{n:02d}", f"{n * 5}歳以上") for n in range(AGES))),
        Axis("cat03", "労働力状態", tuple(Member(str(n), f"状態{n}") for n in range(KINDS))),
        Axis("area", "地域", tuple(Member(f"{n:05d}", f"地域{n}") for n in range(areas))),
        Axis("time", "時間軸", (Member("2020000000", "2020年"),)),
    ]
    grid = pl.DataFrame({"tab": ["2020_01"]})
    for axis in axes[1:]:
        grid = grid.join(pl.DataFrame({axis.id: axis.codes}), how="cross")
    number = (pl.int_range(pl.len()) * 7919 % 99_991).cast(pl.String)
    text = pl.when(pl.int_range(pl.len()) % 50 == 0).then(pl.lit("-")).otherwise(number)
    rows = grid.head(cells).with_columns(text.alias("text"), pl.lit("人").alias("unit"))
    info = TableInfo(
        "0009999999", "男女，年齢，労働力状態別人口", "1-1", updated_date="2026-09-29",
        survey_code="00200521", survey="国勢調査", survey_date="202010", cells=cells,
    )  # fmt: skip
    return make_table(info, axes, [rows], MARKS)


def serve(folder: Path, port: Any) -> None:
    """Hand out the pages in a folder until the process is ended."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
            name = "count" if query.get("cntGetFlg") == "Y" else query.get("startPosition", "1")
            body = (folder / f"{name}.json").read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/json;charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.send(server.server_address[1])
    server.serve_forever()


def ours(url: str, folder: Path) -> int:
    """Fetch, keep and read the table as the product does, and write its cells."""
    store = SnapshotStore(folder / "snapshots")
    with EStatClient(APP_ID, base_url=url, pause=0) as client, store.writing("table") as draft:

        def pages() -> Any:
            for fetched in client.pages("0009999999", {}):
                draft.add_page(fetched.body)
                yield fetched.page

        raw = assemble(pages())
        store.commit(draft, "table", raw, door="api", request={}, fetched=datetime.now(UTC))
    cells = figures(raw, dash_is_zero=True)
    cells.write_parquet(folder / "cells.parquet", compression="zstd")
    return cells.height


def row_by_row(url: str, folder: Path) -> int:
    """Fetch and read the table as clients in public do: one dictionary per cell, then a CSV."""
    rows: list[dict[str, Any]] = []
    start: int | None = 1
    names: dict[str, dict[str, str]] = {}
    while start is not None:
        query: dict[str, str | int] = {
            "appId": APP_ID, "statsDataId": "0009999999", "startPosition": start,
        }  # fmt: skip
        answer = httpx.get(f"{url}/json/getStatsData", params=query, timeout=60)
        data = json.loads(answer.content)["GET_STATS_DATA"]["STATISTICAL_DATA"]
        if "CLASS_INF" in data:
            for axis in data["CLASS_INF"]["CLASS_OBJ"]:
                members = axis["CLASS"] if isinstance(axis["CLASS"], list) else [axis["CLASS"]]
                names[axis["@id"]] = {member["@code"]: member["@name"] for member in members}
        for value in data["DATA_INF"]["VALUE"]:
            row: dict[str, Any] = {}
            for key, text in value.items():
                axis_id = key.removeprefix("@")
                if axis_id in names:
                    row[axis_id] = text
                    row[f"{axis_id}_name"] = names[axis_id].get(text)
            mark = value["$"] if value["$"] in MARKS else None
            row["value"] = 0.0 if mark == "-" else None if mark else float(value["$"])
            row["value_note"] = mark
            rows.append(row)
        start = data["RESULT_INF"].get("NEXT_KEY")
    with (folder / "cells.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def measured(side: Callable[[str, Path], int], url: str, out: Any) -> None:
    """Run one side and send its seconds, its largest memory in MB, and how many cells it read."""
    with tempfile.TemporaryDirectory() as name:
        started = time.monotonic()
        cells = side(url, Path(name))
        seconds = time.monotonic() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out.send((seconds, memory, cells))


def main() -> None:
    """Run both sides in turn and print the comparison."""
    cells = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        folder, whole = Path(name), table(cells)
        (folder / "count.json").write_bytes(render.render_stats_data(whole, count_only=True))
        for start in range(1, cells + 1, PAGE):
            body = render.render_stats_data(whole, start=start, limit=PAGE, classes=start == 1)
            (folder / f"{start}.json").write_bytes(body)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        here, there = spawn.Pipe()
        server = spawn.Process(target=serve, args=(folder, there), daemon=True)
        server.start()
        url = f"http://127.0.0.1:{here.recv()}/rest/3.0/app"
        results: dict[str, list[tuple[float, float]]] = {"ours": [], "row by row": []}
        for _ in range(rounds):
            for label, side in (("ours", ours), ("row by row", row_by_row)):
                process = spawn.Process(target=measured, args=(side, url, there))
                process.start()
                seconds, memory, read = here.recv()
                process.join()
                assert read == cells  # noqa: S101 - both must have done the same work
                results[label].append((seconds, memory))
        server.kill()
    print(f"{cells:,} cells, {size:.0f} MB of JSON, {rounds} rounds in turn")
    for label, found in results.items():
        each = ", ".join(f"{seconds:.2f}" for seconds, _ in found)
        print(f"{label}: {each} s; largest memory {max(memory for _, memory in found):.0f} MB")
    median = {k: statistics.median(seconds for seconds, _ in v) for k, v in results.items()}
    print(f"ratio {median['row by row'] / median['ours']:.2f}")


if __name__ == "__main__":
    main()
