import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_assets.census.consistency import (
    RELATIONS,
    agreements,
    conflicts,
    describe_conflicts,
)
from persona_assets.census.tables import load_sources, load_table
from persona_assets.storage.paths import reference_dir

SOURCES = load_sources(reference_dir())
TABLES = {
    key.split("/")[1]: load_table(key, reference_dir())
    for key in SOURCES
    if key.startswith("census/")
}
# The others have no total that another table states, or cells that are only held to be at most one.
BOUNDED = {
    "marital_status", "enrolment", "household_members", "household_counts", "living_alone",
}  # fmt: skip
EXACT = sorted(set(TABLES) - BOUNDED)


def change(table, by, **cell):
    where = pl.all_horizontal(*(pl.col(column) == code for column, code in cell.items()))
    changed = pl.when(where).then(pl.col("count") + by).otherwise("count")
    return {**TABLES, table: TABLES[table].with_columns(count=changed)}


def test_the_figures_that_ship_agree():
    found = agreements(TABLES)
    assert found.columns == [
        "first", "second", "quantity", "relation", "prefecture", "sex", "first_count",
        "second_count", "difference",
    ]  # fmt: skip
    assert found.height == sum(47 * (2 if relation.by_sex else 1) for relation in RELATIONS)
    assert found.select("first", "second", "quantity", "prefecture", "sex").is_unique().all()
    assert conflicts(found).is_empty()
    assert describe_conflicts(conflicts(found)) == "no conflict"


def test_every_relation_finds_its_rows_and_every_table_is_in_one():
    found = agreements(TABLES)
    assert found.select(pl.min_horizontal("first_count", "second_count").min()).item() > 0
    assert set(found["first"]) | set(found["second"]) == set(TABLES)


def test_series_are_only_compared_by_at_most():
    for relation in RELATIONS:
        series = {
            part.where.get("series", (SOURCES[f"census/{part.table}"].series,))[0]
            for part in (relation.first, relation.second)
        }
        assert series <= {"published", "imputed"}
        # Residents are all counted in both series: only their ages are imputed.
        if len(series) == 2 and relation.quantity != "residents":
            assert relation.relation == "<="
            assert relation.quantity.endswith("(published, imputed)")


def test_one_changed_cell_names_both_tables_the_place_and_the_size():
    cell = {"prefecture": "tottori", "sex": "male", "occupation": "A"}
    men = TABLES["employed_by_age"].filter(prefecture="tottori", sex="male")["count"].sum()
    found = conflicts(agreements(change("occupation", 4, **cell)))
    assert describe_conflicts(found) == (
        "census/occupation and census/labour_status: employed (published) in tottori, male: "
        f"{men + 4:,.0f} against {men:,.0f} (+4)"
    )
    found = conflicts(agreements(change("occupation", -4, **cell)))
    assert describe_conflicts(found).endswith(f"{men - 4:,.0f} against {men:,.0f} (-4)")


def test_the_largest_conflict_comes_first_and_the_rest_is_counted():
    cell = {"prefecture": "nara", "sex": "female", "labour_status": "employed"}
    found = conflicts(agreements(change("labour_status", 1e6, series="published", **cell)))
    sizes = found["difference"].abs()
    assert sizes.equals(sizes.sort(descending=True))
    assert describe_conflicts(found).endswith(f"; and {found.height - 1} more")
    assert {
        "employed_by_age",
        "occupation",
        "industry",
        "employment_status",
        "labour_detail",
    } <= set(found["first"])


@pytest.mark.parametrize(
    ("table", "cell", "line"),
    [
        ("marital_status", {"age_group": "25-29", "marital": "married"},
         "census/marital_status and census/population_by_age: residents of 25-29 whose marital "
         "status is known (published) in kochi, female: "),
        ("enrolment", {"school": "university"},
         "census/enrolment and census/education: in school from upper secondary on (published) in "
         "kochi, female: "),
    ],
)  # fmt: skip
def test_more_than_at_most_is_a_conflict(table, cell, line):
    cell |= {"prefecture": "kochi", "sex": "female"}
    described = describe_conflicts(conflicts(agreements(change(table, 99_999, **cell))))
    assert described.startswith(line)
    assert " against at most " in described


@pytest.mark.parametrize(
    ("table", "cell", "by", "line"),
    [
        ("employment_detail", {"item": "own_account"}, 7,
         "census/employment_detail and census/employment_status: workers of the class "
         "self_employed (published) in kochi, both sexes: "),
        ("household_kinds", {"household_kind": "institution"}, 7,
         "census/household_kinds and census/population_by_age: residents in households of every "
         "kind (published) in kochi, both sexes: "),
        ("household_members", {"household": "total"}, 7,
         "census/household_members and census/household_kinds: members of general households "
         "(published) in kochi, both sexes: "),
        ("household_members", {"household": "couple_only"}, 99_999,
         "census/household_members: members of households of known family type (published) in "
         "kochi, both sexes: "),
        ("household_counts", {"household": "non_relatives"}, 99_999,
         "census/household_counts and census/household_members: households non_relatives, each of "
         "which has members (published) in kochi, both sexes: "),
        ("household_counts", {"household": "one_person"}, -7,
         "census/household_members and census/household_counts: people living alone (published) "
         "in kochi, both sexes: "),
        ("living_alone", {"age_band": "all"}, 7,
         "census/living_alone and census/household_members: people living alone (published) in "
         "kochi, both sexes: "),
        ("living_alone", {"age_band": "65+"}, 99_999,
         "census/living_alone and census/household_members: people of 65 or more living alone "
         "(published) in kochi, both sexes: "),
    ],
)  # fmt: skip
def test_households_and_statuses_that_two_tables_count_otherwise_are_a_conflict(
    table, cell, by, line
):
    found = conflicts(agreements(change(table, by, prefecture="kochi", **cell)))
    lines = [describe_conflicts(found[row]) for row in range(found.height)]
    assert any(one.startswith(line) for one in lines), lines
    assert set(found["prefecture"]) == {"kochi"}


def test_published_sums_of_households_meet_those_of_residents():
    """By hand: 126,146,099 residents are in general households or in institutions."""
    found = agreements(TABLES).group_by("first", "second", "quantity", maintain_order=True)
    sums = {
        row["quantity"]: (row["first_count"], row["second_count"])
        for row in found.agg(pl.sum("first_count", "second_count")).iter_rows(named=True)
    }
    in_all = sums["residents in households of every kind (published)"]
    assert in_all == (123_162_995 + 2_983_104, 126_146_099)
    assert sums["members of general households (published)"] == (123_162_995, 123_162_995)
    # 469,844 people are in households of unknown family type, 160,120 in number.
    members, total = sums["members of households of known family type (published)"]
    assert total - members == 469_844
    households, total = sums["households of known family type (published)"]
    assert total - households == 160_120
    employees, same = sums["workers of the class employee (published)"]
    assert employees == same == 30_796_831 + 1_522_141 + 14_623_249 + 3_134_199


def test_a_published_count_above_the_imputed_one_is_a_conflict():
    cell = {"prefecture": "kochi", "industry": "C"}
    found = conflicts(agreements(change("industry_imputed", -9_999, **cell)))
    pairs = found.filter(relation="<=").select("first", "second", "sex").rows()
    assert pairs == [("industry", "industry_imputed", "both")]


def test_a_table_without_a_place_is_a_conflict():
    less = TABLES["labour_detail"].filter(pl.col("prefecture") != "oita")
    found = conflicts(agreements({**TABLES, "labour_detail": less}))
    assert set(found["prefecture"]) == {"oita"}
    assert describe_conflicts(found).startswith(
        "census/labour_detail and census/labour_status: employed (published) in oita, both sexes: 0"
    )


@settings(max_examples=10, deadline=None)
@given(st.data())
def test_any_changed_cell_of_a_table_with_a_partner_is_found(data):
    name = data.draw(st.sampled_from(EXACT))
    table = TABLES[name]
    if name == "population_single_years":
        # 15-19 is one group elsewhere, so single years from 15 on are only bounded by it.
        table = table.filter(pl.col("age").cast(pl.Int64) < 15)
    row = data.draw(st.integers(0, table.height - 1))
    by = data.draw(st.integers(-999, 999).filter(bool))
    cell = table.drop("count").row(row, named=True)
    found = conflicts(agreements(change(name, by, **cell)))
    mine = found.filter((pl.col("first") == name) | (pl.col("second") == name))
    assert mine.height == found.height > 0
    assert set(found["prefecture"]) == {cell["prefecture"]}
    assert float(abs(by)) in found["difference"].abs().to_list()
    # Tables of both sexes have partners that have each, so a sex is never a wrong one.
    assert set(found["sex"]) <= {cell.get("sex", "both"), "both"}
