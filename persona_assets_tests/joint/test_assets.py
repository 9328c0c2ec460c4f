import dagster as dg
import polars as pl
import pytest

from persona_assets.census.assets import SHAPES
from persona_assets.census.margins import MARGIN_NAMES
from persona_assets.joint.assets import joint_distribution
from persona_assets.joint.distribution import JOINT_SCHEMA, Joint
from persona_assets.storage.resources import Folders

SOURCES = {
    **{f"margin_{name}": ["margin", name] for name in MARGIN_NAMES},
    **{f"shape_{name}": ["shapes", name] for name in SHAPES},
}


@pytest.fixture(scope="module")
def materialized(margins, shapes):
    """One prefecture's joint as Dagster makes it, its inputs and its result in memory."""
    frames = {
        **{("margin", name): margins[name] for name in MARGIN_NAMES},
        **{("shapes", name): shapes[name] for name in SHAPES},
    }

    written = {}

    class Memory(dg.IOManager):
        def handle_output(self, context, obj):
            written[context.partition_key] = obj

        def load_input(self, context):
            return frames[tuple(context.asset_key.path)]

    inputs = [dg.AssetSpec(path) for path in SOURCES.values()]
    result = dg.materialize(
        [joint_distribution, *inputs],
        instance=dg.DagsterInstance.ephemeral(),
        partition_key="tottori",
        resources={"io_manager": Memory(), "folders": Folders()},
        selection=[joint_distribution],
    )
    (event,) = result.get_asset_materialization_events()
    return written["tottori"], event.materialization


def test_asset_is_the_fitted_joint_of_its_partition(materialized, tottori):
    frame, _ = materialized
    assert JOINT_SCHEMA.validate(frame).equals(tottori.to_frame())
    assert Joint.from_frame(frame).figures == tottori.figures


def test_metadata_say_how_the_fit_went(materialized, tottori):
    _, event = materialized
    metadata = {name: entry.value for name, entry in event.metadata.items()}
    assert metadata["sweeps"] >= 1
    assert 0 < metadata["largest_error"] < 1e-6
    assert metadata["entropy_nats"] == pytest.approx(tottori.entropy)
    assert metadata["effective_cells"] == pytest.approx(pl.Series([tottori.entropy]).exp().item())
    for name in (*MARGIN_NAMES, "education_of_cohorts", "municipality_ages"):
        assert f"| {name} |" in metadata["margins"]


def test_every_margin_and_shape_is_an_input():
    keys = {tuple(key.path) for key in joint_distribution.keys_by_input_name.values()}
    assert {tuple(path) for path in SOURCES.values()} <= keys
