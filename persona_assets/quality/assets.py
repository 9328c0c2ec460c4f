"""Quality assets: checked records and quarantine per prefecture, and the gates of the release."""

import dagster as dg
import polars as pl

from persona_assets.quality.records import (
    CHECKED_SCHEMA,
    check_records,
    rule_counts,
)
from persona_assets.storage.checks import schema_check
from persona_assets.storage.io_manager import data_version, markdown_table
from persona_assets.storage.resources import PREFECTURES, RecipeResource


@dg.multi_asset(
    outs={
        "checked_records": dg.AssetOut(
            description="Records that passed every rule: a person and twelve texts each.",
            group_name="quality", kinds={"polars"}, code_version="1",
        ),
        "quarantine": dg.AssetOut(
            description="People without an accepted record, each with the reasons.",
            group_name="quality", kinds={"polars"}, code_version="1",
        ),
        "findings": dg.AssetOut(
            description="Every finding of every rule, warnings included.",
            group_name="quality", kinds={"polars"}, code_version="1",
        ),
    },
    partitions_def=PREFECTURES,
)  # fmt: skip
def checked(
    people: pl.DataFrame,
    attributes: pl.DataFrame,
    personas: pl.DataFrame,
    recipe: RecipeResource,
) -> tuple[dg.Output[pl.DataFrame], dg.Output[pl.DataFrame], dg.Output[pl.DataFrame]]:
    """Join people with their texts and check each whole record."""
    records, refused, findings = check_records(
        people, attributes, personas, recipe.load().fingerprint
    )
    counts = rule_counts(findings)
    findings = findings.join(
        people.select("person_id", "prefecture"), on="person_id", maintain_order="left"
    )
    return (
        dg.Output(
            records,
            data_version=data_version(records),
            metadata={
                "records": records.height,
                "pass_rate": records.height / max(people.height, 1),
                "rules": dg.MetadataValue.md(markdown_table(counts)),
            },
        ),
        dg.Output(
            refused,
            data_version=data_version(refused),
            metadata={
                "quarantined": refused.height,
                "examples": dg.MetadataValue.md(
                    markdown_table(refused.select("person_id", "stage", "reasons"), 5)
                ),
            },
        ),
        dg.Output(
            findings,
            data_version=data_version(findings),
            metadata={
                "findings": findings.height,
                "rules": dg.MetadataValue.md(markdown_table(counts)),
            },
        ),
    )


@dg.asset_check(asset="checked_records", blocking=True, partitions_def=PREFECTURES)
def records_meet_schema(checked_records: pl.DataFrame) -> dg.AssetCheckResult:
    """Stored records have the declared columns, types and levels, and no id twice."""
    return schema_check(checked_records, CHECKED_SCHEMA)


@dg.asset_check(
    asset="checked_records",
    blocking=True,
    partitions_def=PREFECTURES,
    additional_ins={"quarantine": dg.AssetIn("quarantine")},
)
def few_are_quarantined(
    checked_records: pl.DataFrame, quarantine: pl.DataFrame, recipe: RecipeResource
) -> dg.AssetCheckResult:
    """No larger share of the people is in quarantine than the recipe allows."""
    people = checked_records.height + quarantine.height
    share = quarantine.height / max(people, 1)
    allowed = recipe.load().quality.max_quarantined_share
    reasons = quarantine.explode("rules")["rules"].value_counts(sort=True)
    return dg.AssetCheckResult(
        passed=share <= allowed,
        description=f"{quarantine.height} of {people} people are in quarantine "
        f"({share:.2%}; allowed {allowed:.2%})",
        metadata={"share": share, "rules": dg.MetadataValue.md(markdown_table(reasons))},
    )
