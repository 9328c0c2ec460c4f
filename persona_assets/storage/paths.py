"""Where things are: the project, the figures that ship, and the root of what is produced."""

import os
from pathlib import Path

DATA_ROOT_VARIABLE = "PERSONA_ASSETS_DATA"


def project_root() -> Path:
    """Return the folder that holds `dagster.yaml`, `dataset.yaml` and `data/`."""
    return Path(__file__).resolve().parents[2]


def reference_dir() -> Path:
    """Return the folder of the figures and word lists that ship."""
    return project_root() / "data" / "reference"


def data_root() -> Path:
    """Return the root of everything produced: `data/`, or what PERSONA_ASSETS_DATA names."""
    return Path(os.environ.get(DATA_ROOT_VARIABLE) or project_root() / "data").resolve()


def lake_dir(root: Path) -> Path:
    """Return the folder of the lake's Parquet files."""
    return root / "lake"


def releases_dir(root: Path) -> Path:
    """Return the folder of the released versions."""
    return root / "releases"


def reports_dir(root: Path) -> Path:
    """Return the folder of the pages about joints."""
    return root / "reports" / "joint"


def snapshots_dir(root: Path) -> Path:
    """Return the folder of what was fetched from e-Stat."""
    return root / "snapshots"
