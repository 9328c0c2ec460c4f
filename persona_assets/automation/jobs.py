"""Jobs: the parts of a rebuild that a person or a schedule launches."""

from typing import Any

import dagster as dg

from persona_assets.automation.scores import score_joint
from persona_assets.census.assets import census_assets, observed_assets
from persona_assets.storage.resources import PREFECTURES

OBSERVE = dg.define_asset_job(
    "observe_estat",
    dg.AssetSelection.assets(*observed_assets),
    description="Ask e-Stat what has changed and fetch it; without an application id, note what "
    "is here.",
)

STATISTICS = dg.define_asset_job(
    "statistics",
    dg.AssetSelection.assets(*census_assets),
    description="Read the tables, from e-Stat or as they ship, and make margins that agree.",
)

PREFECTURE = dg.define_asset_job(
    "prefecture",
    dg.AssetSelection.groups("joint", "people", "personas", "quality"),
    partitions_def=PREFECTURES,
    description="One prefecture from its joint distribution to checked records.",
)

RELEASE = dg.define_asset_job(
    "release_dataset",
    dg.AssetSelection.groups("release"),
    description="Release the checked records of all prefectures that were built.",
)

JOBS: list[dg.JobDefinition | Any] = [OBSERVE, STATISTICS, PREFECTURE, RELEASE, score_joint]
