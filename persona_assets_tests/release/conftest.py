"""One release of the small chain, written once; tests that damage something take a copy."""

from pathlib import Path

import pytest

from persona_assets.census.origins import load_figures, origins_frame
from persona_assets.census.registry import needed_tables
from persona_assets.census.snapshots import SnapshotStore
from persona_assets.quality.records import without_repeats
from persona_assets.recipe import Figures
from persona_assets.release.build import Built, build_release


@pytest.fixture(scope="session")
def origins(reference, tmp_path_factory):
    """Where the tables come from: all as they ship."""
    store = SnapshotStore(tmp_path_factory.mktemp("snapshots"))
    found = [load_figures(name, reference, store, Figures()) for name in needed_tables()]
    return origins_frame((one.origin, one.frame.height) for one in found)


@pytest.fixture(scope="session")
def release_it(chain, reference, origins, margins):
    """Build a release of the chain, with what a test changes."""

    def build(releases: Path, **changed) -> Built:
        given = {
            "checked": chain.checked,
            "quarantine": chain.quarantine,
            "findings": chain.findings,
            "joints": chain.joint_frames,
            "margins": margins,
            "origins": origins,
            "recipe": chain.recipe,
            "releases": releases,
            "reference_dir": reference,
        } | changed
        return build_release(given.pop("checked"), **given)

    return build


@pytest.fixture(scope="session")
def released(chain):
    """Who of the chain is released: two prefectures may meet in a text."""
    kept, _ = without_repeats(chain.checked)
    assert kept.height >= 0.98 * chain.checked.height
    return kept


@pytest.fixture(scope="session")
def built(release_it, tmp_path_factory) -> Built:
    return release_it(tmp_path_factory.mktemp("releases"))
