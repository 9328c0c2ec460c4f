import dagster as dg
import pytest

from persona_assets.census.assets import SHAPES, TABLES, WORD_FOLDERS
from persona_assets.census.margins import MARGIN_NAMES
from persona_assets.definitions import build_defs, defs
from persona_assets.partitions import prefectures

# The graph from the joint on: asset, its group, what it depends on besides tables and word lists.
GRAPH = {
    "table_agreements": ("census", set()),
    "table_origins": ("census", set()),
    "joint_distribution": ("joint", {"table_agreements"}),
    "people": ("people", {"joint_distribution"}),
    "attributes": ("personas", {"people"}),
    "personas": ("personas", {"people", "attributes"}),
    "checked_records": ("quality", {"people", "attributes", "personas"}),
    "quarantine": ("quality", {"people", "attributes", "personas"}),
    "findings": ("quality", {"people", "attributes", "personas"}),
    "release": (
        "release",
        {
            "checked_records",
            "quarantine",
            "findings",
            "joint_distribution",
            "table_agreements",
            "table_origins",
        },
    ),
    "warehouse": ("release", {"people", "release"}),
}
STATISTICS = {"table_agreements", "table_origins"}
UNPARTITIONED = {"release", "warehouse"}


@pytest.fixture(scope="module")
def graph():
    return defs.resolve_asset_graph()


def name(key):
    return key.to_user_string()


def test_graph_is_the_one_drawn_in_the_docs(graph):
    found = {
        name(key): (
            graph.get(key).group_name,
            {name(parent) for parent in graph.get(key).parent_keys if len(parent.path) == 1},
        )
        for key in graph.get_all_asset_keys()
        if len(key.path) == 1
    }
    assert found == GRAPH


def test_every_table_and_margin_is_an_asset_of_the_census(graph):
    found = {name(key) for key in graph.get_all_asset_keys() if len(key.path) == 2}
    words = {f"words/{folder}" for folder in WORD_FOLDERS}
    tables = {f"{group}/{table}" for group in ("estat", "census") for table in TABLES}
    margins = {f"{group}/{m}" for group in ("margin", "adjustments") for m in MARGIN_NAMES}
    assert found == {*tables, *margins, *(f"shapes/{shape}" for shape in SHAPES), *words}
    assert {graph.get(dg.AssetKey(key.split("/"))).group_name for key in found} == {"census"}


def test_joint_reads_every_margin_every_shape_and_the_words_that_it_needs(graph):
    found = {name(parent) for parent in graph.get(dg.AssetKey("joint_distribution")).parent_keys}
    assert found == {
        "table_agreements",
        *(f"margin/{margin}" for margin in MARGIN_NAMES),
        *(f"shapes/{shape}" for shape in SHAPES),
        "words/occupations",
        "words/geography",
    }


def test_partitions_are_the_prefectures_in_jis_order(graph):
    for asset in GRAPH:
        partitions = graph.get(dg.AssetKey(asset)).partitions_def
        if asset in UNPARTITIONED | STATISTICS:
            assert partitions is None
        else:
            assert partitions.get_partition_keys() == list(prefectures())


def test_checks_before_the_release_are_partitioned_and_all_but_one_block(graph):
    checks = {key.name: graph.get(key) for key in graph.asset_check_keys}
    assert {key for key, check in checks.items() if not check.blocking} == {
        "people_stand_for_their_margins"
    }
    # A check without partitions would forget one prefecture's failure at the next one's success.
    assert {key for key, check in checks.items() if check.partitions_def is None} == {
        "latest_release_is_whole"
    }


def test_every_asset_says_what_it_is(graph):
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        # What is observed is not computed here.
        assert node.code_version or key.path[0] == "estat", key


def test_jobs_build_one_part_each():
    jobs = {
        job: {name(key) for key in defs.resolve_job_def(job).asset_layer.selected_asset_keys}
        for job in ("observe_estat", "statistics", "prefecture", "release_dataset")
    }
    assert jobs["observe_estat"] == {f"estat/{table}" for table in TABLES}
    assert jobs["prefecture"] == set(GRAPH) - UNPARTITIONED - STATISTICS
    assert jobs["release_dataset"] == UNPARTITIONED
    assert jobs["statistics"] & set(GRAPH) == STATISTICS


def test_steps_run_in_the_process_of_their_run():
    assert defs.executor is dg.in_process_executor


def test_resources_can_be_replaced():
    manager = dg.InMemoryIOManager()
    assert build_defs({"io_manager": manager}).resources["io_manager"] is manager
    assert defs.resources["io_manager"] is not manager
