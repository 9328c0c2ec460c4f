"""The warehouse: one DuckDB file over the lake and the latest release, for people who like SQL."""

from pathlib import Path

import duckdb

SCHEMAS = ("census", "shapes", "margin")


def fill_warehouse(
    connection: duckdb.DuckDBPyConnection, lake: Path, release: Path
) -> dict[str, int]:
    """Create a table for every census table, shape and margin, for people and for the records.

    Args:
        connection: An empty database, writable.
        lake: The folder of the lake.
        release: A release's folder.

    Returns:
        Rows by table.
    """
    sources = {
        f"{schema}.{path.stem}": path
        for schema in SCHEMAS
        for path in sorted((lake / schema).glob("*.parquet"))
    }
    sources["main.people"] = lake / "people" / "*.parquet"
    sources["main.records"] = release / "extended" / "*.parquet"
    for schema in SCHEMAS:
        connection.execute(f"CREATE SCHEMA {schema}")
    rows = {}
    for table, path in sources.items():
        schema, name = table.split(".")
        # Names come from our own files; the path is a parameter.
        connection.execute(
            f'CREATE TABLE {schema}."{name}" AS SELECT * FROM read_parquet($path)',  # noqa: S608
            {"path": str(path)},
        )
        found = connection.execute(f'SELECT count(*) FROM {schema}."{name}"').fetchone()  # noqa: S608
        rows[table] = int(found[0]) if found else 0
    return rows
