"""Asset checks that any stage can use."""

import dagster as dg
import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from persona_assets.storage.io_manager import markdown_table


def schema_check(frame: pl.DataFrame, schema: pa.DataFrameSchema) -> dg.AssetCheckResult:
    """Check a stored frame against its contract; every failure is listed, none raised."""
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = pl.DataFrame(
            [
                tuple(str(case[k]) for k in ("schema_context", "column", "check", "failure_case"))
                for case in errors.failure_cases.iter_rows(named=True)
            ],
            schema=["context", "column", "check", "found"],
            orient="row",
        )
        return dg.AssetCheckResult(
            passed=False,
            description=f"{cases.height} failures of the contract of '{schema.name}'",
            metadata={"failures": dg.MetadataValue.md(markdown_table(cases))},
        )
    return dg.AssetCheckResult(passed=True, metadata={"rows": frame.height, "columns": frame.width})
