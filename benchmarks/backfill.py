"""Backfill the whole graph over all 47 prefectures through Dagster's daemon, as the UI does.

    python -m benchmarks.backfill [SIZE]

Starts `dagster dev` with the project's own `dagster.yaml` (four runs at once) on a data root and an
instance of its own, launches the backfill over GraphQL and prints how the runs ended and how long
they took. Exit code 1 if any run failed.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from persona_assets.release.writer import verify_release
from persona_assets.storage.paths import project_root

POLL_SECONDS = 2.0
START_SECONDS = 120.0
LAUNCH = """
mutation ($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  }
}"""
STATUS = """
query ($id: String!) {
  partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } }
}"""
RUNS = """
query ($tags: [ExecutionTag!]) {
  runsOrError(filter: {tags: $tags}, limit: 500) {
    ... on Runs { results { status startTime endTime } }
  }
}"""


class Webserver:
    """The GraphQL door of a running `dagster dev`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, **variables: Any) -> Any:
        """Return the data of one GraphQL answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(  # noqa: S310 - our own address on loopback
            self.url, body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return json.load(answer)["data"]

    def assets(self) -> list[dict[str, Any]]:
        """Return the keys of all assets; empty until the code location is loaded."""
        try:
            nodes = self.ask("{ assetNodes { assetKey { path } } }")["assetNodes"]
        except (urllib.error.URLError, ConnectionError):
            return []
        return [node["assetKey"] for node in nodes]


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def backfill(size: int | None, folder: Path) -> bool:
    """Run the backfill and print its figures; return whether every run succeeded."""
    shutil.copy(project_root() / "dagster.yaml", folder)
    port = free_port()
    environment = os.environ | {
        "DAGSTER_HOME": str(folder),
        "PERSONA_ASSETS_DATA": str(folder / "data"),
        "PYTHONWARNINGS": "ignore",
        "POLARS_MAX_THREADS": "1",
        # Relative paths in dagster.yaml are taken from the working folder.
        "PYTHONPATH": str(project_root()),
    }
    if size is not None:
        environment["PERSONA_ASSETS_SIZE"] = str(size)
    dagster = Path(sys.executable).parent / "dagster"
    command = [str(dagster), "dev", "--host", "127.0.0.1", "--port", str(port),
               "--module-name", "persona_assets.definitions"]  # fmt: skip
    with (folder / "dagster.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        web = Webserver(port)
        deadline = time.monotonic() + START_SECONDS
        while not (assets := web.assets()):
            if time.monotonic() > deadline:
                print((folder / "dagster.log").read_text()[-2000:])
                return False
            time.sleep(POLL_SECONDS)
        started = time.monotonic()
        params = {"assetSelection": assets, "allPartitions": True, "title": "benchmark"}
        launched = web.ask(LAUNCH, params=params)["launchPartitionBackfill"]
        backfill_id = launched["backfillId"]
        while True:
            time.sleep(POLL_SECONDS)
            status = web.ask(STATUS, id=backfill_id)["partitionBackfillOrError"]["status"]
            if status not in ("REQUESTED", "COMPLETING"):
                break
        wall = time.monotonic() - started
        tags = [{"key": "dagster/backfill", "value": backfill_id}]
        runs = web.ask(RUNS, tags=tags)["runsOrError"]["results"]
    finally:
        os.killpg(server.pid, 2)
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, 9)
    counts = Counter(run["status"] for run in runs)
    seconds = [run["endTime"] - run["startTime"] for run in runs if run["endTime"]]
    whole = not verify_release(folder / "data" / "releases" / "latest")
    print(f"backfill {status}: {wall:.0f} s, {len(runs)} runs, {dict(counts)}")
    print(f"run median {median(seconds):.1f} s, longest {max(seconds):.1f} s")
    print(f"sum of runs / wall = {sum(seconds) / wall:.2f}")
    print(f"release whole: {whole}")
    return whole and set(counts) == {"SUCCESS"}


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(prefix="persona-assets-") as name:
        sys.exit(0 if backfill(wanted, Path(name)) else 1)
