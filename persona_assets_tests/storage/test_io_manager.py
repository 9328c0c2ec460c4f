import dagster as dg
import polars as pl
import pytest
from dagster import AssetKey

from persona_assets.storage import lake
from persona_assets.storage.io_manager import LakeIOManager, data_version, markdown_table

KEYS = ["iwate", "akita", "tokyo"]
PARTS = dg.StaticPartitionsDefinition(KEYS)


def rows(keys):
    return pl.DataFrame({"prefecture": keys, "letters": [len(key) for key in keys]})


@dg.asset(partitions_def=PARTS, backfill_policy=dg.BackfillPolicy.single_run())
def towns(context: dg.AssetExecutionContext) -> pl.DataFrame:
    # Last key first: the order of the parts must not come from the order of the rows.
    return rows(list(reversed(context.partition_keys)))


@dg.asset(partitions_def=PARTS, backfill_policy=dg.BackfillPolicy.single_run())
def doubled(towns: pl.DataFrame) -> pl.DataFrame:
    return towns.with_columns(pl.col("letters") * 2)


@dg.asset(partitions_def=PARTS, backfill_policy=dg.BackfillPolicy.single_run())
def strayed(context: dg.AssetExecutionContext) -> pl.DataFrame:
    return rows([*context.partition_keys, "nara"])


@dg.asset
def nation(towns: pl.DataFrame) -> pl.DataFrame:
    return towns.with_row_index("place")


@dg.asset(key=["margin", "total"])
def total(nation: pl.DataFrame) -> pl.DataFrame:
    return nation.select(pl.col("letters").sum())


def run(tmp_path, assets, instance=None, **chosen):
    return dg.materialize(
        assets,
        instance=instance or dg.DagsterInstance.ephemeral(),
        resources={"io_manager": LakeIOManager(root=str(tmp_path))},
        **chosen,
    )


def run_range(tmp_path, assets, first, last, **chosen):
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    return run(tmp_path, assets, tags=tags, **chosen)


def test_one_partition_is_one_file_and_its_rows_are_counted(tmp_path):
    result = run(tmp_path, [towns, doubled], partition_key="akita")
    assert result.success
    folder = tmp_path / "lake" / "towns"
    assert [path.name for path in folder.iterdir()] == ["akita.parquet"]
    assert lake.read_partition(tmp_path / "lake", "doubled", "akita")["letters"].to_list() == [10]
    (event,) = [
        event.materialization
        for event in result.get_asset_materialization_events()
        if event.asset_key == AssetKey("towns")
    ]
    assert event.metadata["dagster/partition_row_count"].value == 1
    assert event.metadata["path"].value == str(folder / "akita.parquet")


def test_range_of_partitions_in_one_run_is_a_file_each(tmp_path):
    assert run_range(tmp_path, [towns, doubled], "iwate", "akita").success
    for asset, factor in (("towns", 1), ("doubled", 2)):
        folder = tmp_path / "lake" / asset
        assert {path.name for path in folder.iterdir()} == {"iwate.parquet", "akita.parquet"}
        for key in ("iwate", "akita"):
            read = lake.read_partition(tmp_path / "lake", asset, key)
            assert read.rows() == [(key, 5 * factor)]


def test_unpartitioned_asset_gets_all_partitions_as_one_frame_in_key_order(tmp_path):
    instance = dg.DagsterInstance.ephemeral()
    run_range(tmp_path, [towns], "iwate", "tokyo", instance=instance)
    assert run(tmp_path, [towns, nation, total], instance, selection=[nation, total]).success
    read = lake.read_table(tmp_path / "lake", "nation")
    assert read["prefecture"].to_list() == KEYS
    # A key of several parts is a path.
    assert lake.read_table(tmp_path / "lake", "margin/total").item() == 15


def test_partitions_that_were_never_made_are_left_out(tmp_path):
    instance = dg.DagsterInstance.ephemeral()
    for key in ("tokyo", "iwate"):
        run(tmp_path, [towns], instance, partition_key=key)
    assert run(tmp_path, [towns, nation], instance, selection=[nation]).success
    assert lake.read_table(tmp_path / "lake", "nation")["prefecture"].to_list() == [
        "iwate",
        "tokyo",
    ]


def test_no_partition_at_all_is_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(lake.LakeError, match="'towns' has no partition; materialize it first"):
        run(tmp_path, [towns, nation], selection=[nation])


def test_missing_partition_of_an_input_is_named(tmp_path):
    with pytest.raises(lake.LakeError, match="'towns' has no partition 'akita'"):
        run(tmp_path, [towns, doubled], selection=[doubled], partition_key="akita")


def test_rows_that_were_not_asked_for_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(lake.LakeError, match=r"'strayed': rows of \['nara'\]"):
        run_range(tmp_path, [strayed], "iwate", "akita")
    assert not (tmp_path / "lake" / "strayed").exists()
    with pytest.raises(lake.LakeError, match="nara"):
        run(tmp_path, [strayed], partition_key="iwate")
    assert not (tmp_path / "lake" / "strayed").exists()


def test_markdown_table_keeps_bars_and_line_breaks_inside_their_cells():
    table = markdown_table(pl.DataFrame({"a": ["x|y", "two\nlines", None], "n": [1234.5, 0.5, 2]}))
    assert table.splitlines() == [
        "| a | n |",
        "| --- | --- |",
        "| x\\|y | 1,234.5 |",
        "| two lines | 0.5 |",
        "|  | 2.0 |",
    ]


def test_markdown_table_stops_at_its_limit():
    table = markdown_table(pl.DataFrame({"n": range(100)}), limit=3)
    assert table.splitlines()[2:] == ["| 0 |", "| 1 |", "| 2 |"]


def test_data_version_follows_the_content():
    frame = pl.DataFrame({"n": [1, 2]})
    assert data_version(frame) == data_version(pl.DataFrame({"n": [1, 2]}))
    assert data_version(frame) != data_version(pl.DataFrame({"n": [2, 1]}))
