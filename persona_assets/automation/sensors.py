"""Sensors: what rebuilds by itself once it is switched on."""

import dagster as dg

REBUILD = dg.AutomationConditionSensorDefinition(
    "rebuild_what_changed",
    target=dg.AssetSelection.groups("census", "joint", "people"),
    # Off until a person switches it on; our own conditions are evaluated in our own process.
    default_status=dg.DefaultSensorStatus.STOPPED,
    use_user_code_server=True,
    minimum_interval_seconds=60,
    description="Build tables, margins, joints and people again when the figures above them have "
    "changed, and nothing else. Texts are left to a person.",
)

SENSORS = [REBUILD]
