import dagster as dg
import polars as pl
import pytest

from persona_assets.people.assets import people
from persona_assets.storage.resources import Folders, RecipeResource


@pytest.fixture(scope="module")
def materialize(tottori, margins, tmp_path_factory):
    """Materialize Tottori's people as Dagster does, with some lines of a recipe."""
    frames = {
        ("joint_distribution",): tottori.to_frame(),
        ("margin", "population"): margins["population"],
    }

    def run(recipe: str):
        written = {}

        class Memory(dg.IOManager):
            def handle_output(self, context, obj):
                written[context.partition_key] = obj

            def load_input(self, context):
                return frames[tuple(context.asset_key.path)]

        path = tmp_path_factory.mktemp("recipe") / "recipe.yaml"
        path.write_text(f"size: 30000\n{recipe}", encoding="utf-8")
        result = dg.materialize(
            [people, *(dg.AssetSpec(list(key)) for key in frames)],
            instance=dg.DagsterInstance.ephemeral(),
            partition_key="tottori",
            resources={
                "io_manager": Memory(), "folders": Folders(),
                "recipe": RecipeResource(path=str(path)),
            },
            selection=[people],
            raise_on_error=False,
        )  # fmt: skip
        events = result.get_asset_materialization_events()
        found = events[0].materialization.metadata if events else {}
        return result, written.get("tottori"), {k: v.value for k, v in found.items()}

    return run


def test_known_people_are_counted_and_what_a_reader_adds_is_avoided(materialize, tmp_path):
    _, first, told = materialize("")
    assert told["people"] == first.height
    assert told["names_of_known_people"] == 0
    assert "kept_of_earlier_edition" not in told
    mine = tmp_path / "mine.txt"
    mine.write_text(
        "\n".join(first["surname"][:20] + first["given_name"][:20]) + "\n", encoding="utf-8"
    )
    _, second, told = materialize(f"names:\n  public_figures: [{mine}]\n")
    assert told["names_drawn_again"] >= 20
    assert told["names_of_known_people"] == 0
    avoided = set(mine.read_text(encoding="utf-8").split())
    assert not avoided & set(second["surname"] + second["given_name"])
    assert second["person_id"].equals(first["person_id"])


def test_a_later_edition_says_who_was_kept(materialize, tmp_path):
    _, first, _ = materialize("")
    first.write_parquet(tmp_path / "tottori.parquet")
    _, again, told = materialize(f"keep: {tmp_path}\n")
    assert told["kept_of_earlier_edition"] == first.height
    assert told["gone_of_earlier_edition"] == told["least_that_had_to_go"] == 0
    assert again.equals(first.sort("person_id"))
    half = first.filter(pl.int_range(pl.len()) % 2 == 0)
    half.write_parquet(tmp_path / "tottori.parquet")
    _, grown, told = materialize(f"keep: {tmp_path}\n")
    assert told["kept_of_earlier_edition"] > 0.85 * half.height
    assert grown.height == first.height


def test_an_edition_that_cannot_be_kept_stops_the_run_and_is_named(materialize, tmp_path):
    result, written, _ = materialize(f"keep: {tmp_path}\n")
    assert not result.success
    assert written is None
    (failure,) = [e for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    assert "has no tottori.parquet" in failure.step_failure_data.error.cause.message
