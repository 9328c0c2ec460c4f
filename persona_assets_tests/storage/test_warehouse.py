import duckdb
import polars as pl
import pytest

from persona_assets.storage import lake
from persona_assets.storage.warehouse import fill_warehouse


@pytest.fixture
def folders(tmp_path):
    root = tmp_path / "lake"
    counts = pl.DataFrame({"prefecture": ["tottori", "tokyo", "nara"], "count": [1.0, 2.5, 3.0]})
    lake.write_frame(counts, lake.table_path(root, "census/population_by_age"))
    lake.write_frame(counts.head(2), lake.table_path(root, "shapes/labour_rates"))
    lake.write_frame(counts.head(1), lake.table_path(root, "margin/population"))
    for key, ages in (("tottori", [20, 30]), ("tokyo", [40])):
        people = pl.DataFrame(
            {"prefecture": [key] * len(ages), "age": ages, "sports": [["水泳", "卓球"]] * len(ages)}
        )
        lake.write_partition(people, root, "people", key)
    release = tmp_path / "releases" / "0.1.0-12345678"
    for shard, names in enumerate((["a", "b"], ["c"])):
        lake.write_frame(
            pl.DataFrame({"uuid": names}), release / "extended" / f"train-{shard}.parquet"
        )
    (release.parent / "latest").symlink_to(release.name)
    return root, release.parent / "latest"


def test_every_table_is_there_with_its_rows_and_can_be_read_without_writing(folders, tmp_path):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        rows = fill_warehouse(connection, *folders)
    expected = {
        "census.population_by_age": 3,
        "shapes.labour_rates": 2,
        "margin.population": 1,
        "main.people": 3,
        "main.records": 3,
    }
    assert rows == expected
    with duckdb.connect(str(path), read_only=True) as connection:
        listed = connection.execute(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables"
        ).fetchall()
        assert {name for (name,) in listed} == set(expected)
        for table, count in expected.items():
            found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert found == (count,)
        assert connection.execute(
            "SELECT sports[1] FROM people WHERE prefecture = 'tokyo'"
        ).fetchone() == ("水泳",)
        assert connection.execute("SELECT count FROM census.population_by_age").fetchall() == [
            (1.0,),
            (2.5,),
            (3.0,),
        ]
        with pytest.raises(duckdb.Error, match="read-only"):
            connection.execute("DELETE FROM people")


def test_warehouse_does_not_need_the_lake_afterwards(folders, tmp_path):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        fill_warehouse(connection, *folders)
    for file in [*folders[0].rglob("*.parquet"), *folders[1].resolve().rglob("*.parquet")]:
        file.unlink()
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT sum(age) FROM people").fetchone() == (90,)
        assert connection.execute("SELECT count(*) FROM records").fetchone() == (3,)
