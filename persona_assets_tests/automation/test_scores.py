import json

import dagster as dg
import pytest

from persona_assets.definitions import build_defs
from persona_assets.storage.resources import Folders


def run(root, **config):
    """Run the job and return what it noted on the joint, by prefecture."""
    defs = build_defs({"folders": Folders(root=str(root))})
    result = defs.resolve_job_def("score_joint").execute_in_process(
        run_config={"ops": {"write_scores": {"config": config}}}
    )
    events = [e for e in result.all_events if e.event_type_value == "ASSET_OBSERVATION"]
    noted = [event.asset_observation_data.asset_observation for event in events]
    assert all(one.asset_key == dg.AssetKey("joint_distribution") for one in noted)
    return {one.partition: one.metadata for one in noted}


def test_job_writes_pages_and_notes_their_scores_on_the_joint(tmp_path):
    noted = run(tmp_path, prefectures=["tottori"])
    assert list(noted) == ["tottori"]
    page = tmp_path / "reports" / "joint" / "tottori.html"
    assert noted["tottori"]["page"].value == str(page)
    assert "鳥取県" in page.read_text(encoding="utf-8")
    found = json.loads((page.parent / "scores.json").read_text(encoding="utf-8"))
    one = found["prefectures"][0]
    assert noted["tottori"]["entropy_nats"].value == one["entropy_nats"]
    assert noted["tottori"]["people"].value.startswith("![plot](data:image/png;base64,")
    assert "dependence_given_sex_and_age" in noted["tottori"]
    # Sources and assumptions can only take entropy away from what the tables leave.
    assert one["entropy_without_municipalities_nats"] < one["entropy_of_tables_alone_nats"]
    assert found["held_out"] is None


def test_unknown_prefecture_is_named(tmp_path):
    with pytest.raises(Exception, match="Atlantis"):
        run(tmp_path, prefectures=["Atlantis"])
