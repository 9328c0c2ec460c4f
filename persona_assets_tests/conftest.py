"""Real figures, shared by all tests: tables, margins, shapes and one fitted prefecture."""

import os
from pathlib import Path

import polars as pl
import pytest

os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
# No test may reach the real e-Stat because a developer has an application id.
os.environ.pop("ESTAT_APP_ID", None)

from persona_assets.census.margins import build_margins
from persona_assets.census.tables import load_sources, load_table
from persona_assets.joint.distribution import Joint
from persona_assets.joint.fit import Structure, assemble, fit_prefecture
from persona_assets.joint.inputs import load_shapes
from persona_assets.people.build import build_people
from persona_assets.recipe import Recipe
from persona_assets.storage.paths import reference_dir
from persona_assets_tests.chain import Chain, run_chain


@pytest.fixture(scope="session")
def reference() -> Path:
    return reference_dir()


@pytest.fixture(scope="session")
def tables(reference: Path) -> dict[str, pl.DataFrame]:
    return {
        key.split("/")[1]: load_table(key, reference)
        for key in load_sources(reference)
        if key.startswith("census/")
    }


@pytest.fixture(scope="session")
def margins(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    return build_margins(tables)


@pytest.fixture(scope="session")
def shapes(reference: Path) -> dict[str, pl.DataFrame]:
    return load_shapes(reference)


@pytest.fixture(scope="session")
def structure(shapes: dict[str, pl.DataFrame]) -> Structure:
    return assemble(shapes)


@pytest.fixture(scope="session")
def tottori(margins: dict[str, pl.DataFrame], structure: Structure) -> Joint:
    return fit_prefecture("tottori", margins, structure)[0]


@pytest.fixture(scope="session")
def people(tottori: Joint, margins: dict[str, pl.DataFrame], reference: Path) -> pl.DataFrame:
    return build_people(tottori, margins["population"], Recipe(size=94_000), reference)


@pytest.fixture(scope="session")
def chain(margins: dict[str, pl.DataFrame], structure: Structure, reference: Path) -> Chain:
    """Tottori and Tokyo, some 230 people, from the joint to the checked records."""
    return run_chain(["tottori", "tokyo"], Recipe(size=2_000), margins, structure, reference)
