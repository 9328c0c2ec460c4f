"""Build some prefectures with one worker and with several, and compare.

    python -m benchmarks.build [PREFECTURES] [SIZE]

Prints seconds per prefecture of both and their ratio, from builds in one run on one machine.
"""

import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import dagster as dg

from persona_assets.automation.build import MOST_WORKERS, build
from persona_assets.partitions import prefectures
from persona_assets.storage.resources import Folders, RecipeResource


def seconds(keys: list[str], size: int, workers: int) -> float:
    """Return how long a build takes whose statistics are read already."""
    with tempfile.TemporaryDirectory(prefix="persona-assets-") as name:
        root = Path(name)
        (root / "instance").mkdir()
        build_here = partial(
            build,
            recipe=RecipeResource(size=size),
            folders=Folders(root=str(root / "data")),
            on=dg.DagsterInstance.local_temp(str(root / "instance")),
        )
        build_here(keys[:1], workers=1)
        started = time.monotonic()
        build_here(keys, workers=workers)
        return time.monotonic() - started


def main() -> None:
    """Run both builds and print the comparison."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 4_700
    keys = list(prefectures())[:count]
    one = seconds(keys, size, 1)
    several = seconds(keys, size, MOST_WORKERS)
    print(f"{count} prefectures of a dataset of {size:,}")
    print(f"1 worker: {one:.1f} s, {one / count:.2f} s each")
    print(f"{MOST_WORKERS} workers at most: {several:.1f} s, {several / count:.2f} s each")
    print(f"ratio {one / several:.2f}")


if __name__ == "__main__":
    main()
