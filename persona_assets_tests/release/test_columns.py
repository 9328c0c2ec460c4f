import json
from pathlib import Path

import polars as pl
import pytest

from persona_assets import levels
from persona_assets.release.columns import CONFIGURATIONS, DEFAULT, field_table, to_records

REFERENCE_ROWS = Path(__file__).parents[1] / "rules" / "nemotron_personas_japan_50.jsonl"


@pytest.fixture(scope="module")
def records(chain):
    return {name: to_records(chain.checked, name) for name in CONFIGURATIONS}


def test_default_has_the_columns_of_the_reference_in_its_order(records):
    first = json.loads(REFERENCE_ROWS.read_text(encoding="utf-8").splitlines()[0])
    assert records["default"].columns == list(first)
    assert len(first) == 22


def test_extended_adds_columns_and_changes_none(records):
    default, extended = records["default"], records["extended"]
    assert extended.columns[:22] == default.columns
    assert extended.select(default.columns).equals(default)
    assert {"surname", "municipality", "openness", "backend", "recipe"} <= set(
        extended.columns[22:]
    )
    assert len(set(extended.columns)) == extended.width


def test_types_are_native(records):
    types = records["default"].schema
    lists = {name for name, dtype in types.items() if dtype == pl.List(pl.String)}
    assert lists == {"skills_and_expertise_list", "hobbies_and_interests_list"}
    assert types["age"] == pl.Int64
    assert {dtype for name, dtype in types.items() if name not in {*lists, "age"}} == {pl.String()}


def test_default_has_no_null_and_no_empty_value(records):
    default = records["default"]
    assert default.null_count().sum_horizontal().item() == 0
    for name, dtype in default.schema.items():
        if dtype == pl.String:
            assert (default[name].str.strip_chars().str.len_chars() > 0).all(), name
        elif dtype == pl.List(pl.String):
            assert (default[name].list.len() > 0).all(), name
            assert default[name].explode().null_count() == 0


def test_extended_is_null_only_where_there_is_nothing_to_say(records):
    extended = records["extended"]
    empty = {name for name in extended.columns if extended[name].null_count()}
    assert empty == {
        "generation",
        "work_mode", "employment_status", "industry", "occupation_class",
        "former_occupation", "former_occupation_class",
    }  # fmt: skip
    works = extended["labour_status"] == "就業者"
    assert (extended["industry"].is_not_null() == works).all()


def test_extended_tells_household_schooling_and_work_in_labels(records):
    extended = records["extended"]
    assert set(extended["household"]) <= set(levels.HOUSEHOLD.values())
    assert set(extended["education_detail"]) <= set(levels.EDUCATION_DETAIL.values())
    assert set(extended["education_census"]) <= set(levels.EDUCATION.values())
    assert set(extended["work_mode"].drop_nulls()) <= set(levels.WORK_MODE.values())
    assert set(extended["employment_status"].drop_nulls()) <= set(levels.EMPLOYMENT_STATUS.values())
    finished = extended.filter(pl.col("education_detail") != levels.EDUCATION_DETAIL["in_school"])
    assert finished["education_level"].equals(finished["education_detail"], check_names=False)
    assert "専門学校卒" in set(extended["education_level"])


def test_values_are_labels_and_no_codes(records, chain):
    default = records["default"]
    assert set(default["sex"]) == {"男", "女"}
    assert set(default["country"]) == {"日本"}
    assert set(default["prefecture"]) == {"鳥取県", "東京都"}
    assert set(default["area"]) == {"東日本", "西日本"}
    assert set(default["marital_status"].str.replace(" (子供あり)", "", literal=True)) <= {
        "未婚", "既婚", "死別", "離別"
    }  # fmt: skip
    assert default["uuid"].to_list() == chain.checked["person_id"].to_list()
    for name in ("occupation", "education_level", "region"):
        assert not default[name].str.contains("^[A-Za-z_]+$").any(), name


def test_field_table_describes_every_column_in_order(records):
    table = field_table()
    assert [row[0] for row in table] == records["extended"].columns
    assert [row[0] for row in table[:22]] == [column.name for column in DEFAULT]
    kinds = {pl.String(): "string", pl.Int64(): "int64", pl.List(pl.String): "list of string"}
    for name, kind, japanese, english in table:
        assert kind == kinds[records["extended"].schema[name]], name
        assert japanese, english


def test_what_a_person_did_stands_where_what_a_person_does_would(records):
    extended = records["extended"]
    retired = extended.filter(pl.col("former_occupation").is_not_null())
    assert retired.height
    assert (retired["occupation"] == retired["former_occupation"] + " (現在は引退)").all()
    assert retired["industry"].null_count() == retired.height
    told = extended["marital_status"].str.contains("子供あり")
    assert (told == (extended["children"] > 0)).all()
