import pandera.polars as pa
import polars as pl

from persona_assets.people.schema import PEOPLE_SCHEMA
from persona_assets.storage.checks import schema_check

SCHEMA = pa.DataFrameSchema(
    {
        "id": pa.Column(pl.String, unique=True),
        "age": pa.Column(pl.Int64, pa.Check.in_range(18, 104)),
    },
    strict=True,
    name="pupils",
)


def test_good_frame_passes_and_tells_its_size():
    result = schema_check(pl.DataFrame({"id": ["a", "b"], "age": [18, 104]}), SCHEMA)
    assert result.passed
    assert {name: value.value for name, value in result.metadata.items()} == {
        "rows": 2,
        "columns": 2,
    }


def test_every_failure_is_listed_and_none_raised():
    result = schema_check(
        pl.DataFrame({"id": ["a", "a"], "age": [17, 30], "extra": [1, 2]}), SCHEMA
    )
    assert not result.passed
    assert "'pupils'" in result.description
    failures = result.metadata["failures"].value
    for part in (
        "| context | column | check | found |",
        "id",
        "age",
        "in_range(18, 104)",
        "17",
        "extra",
    ):
        assert part in failures, failures
    assert result.description.startswith(f"{len(failures.splitlines()) - 2} failures")


def test_missing_column_is_listed():
    result = schema_check(pl.DataFrame({"id": ["a"]}), SCHEMA)
    assert not result.passed
    assert "age" in result.metadata["failures"].value


def test_people_pass_and_an_unknown_level_does_not(people):
    assert schema_check(people, PEOPLE_SCHEMA).passed
    spoilt = people.with_columns(
        sex=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("unknown")).otherwise("sex")
    )
    result = schema_check(spoilt, PEOPLE_SCHEMA)
    assert not result.passed
    assert "sex" in result.metadata["failures"].value
