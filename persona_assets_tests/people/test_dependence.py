"""Independence by accident: every column varies, and hangs on what it is declared to hang on."""

import numpy as np
import polars as pl
import pytest

from persona_assets.joint.fit import fit_prefecture
from persona_assets.people.build import build_people
from persona_assets.people.dependence import (
    EVERYTHING,
    HANGS_ON,
    IDS,
    INDEPENDENT,
    dependence,
)
from persona_assets.people.schema import PEOPLE_SCHEMA
from persona_assets.recipe import Recipe

LISTS = [name for name, column in PEOPLE_SCHEMA.columns.items() if str(column.dtype)[:4] == "List"]


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def some(margins, structure, reference):
    """Some 46,000 people of four prefectures far apart, of a dataset of a million."""
    return pl.concat(
        build_people(
            fit_prefecture(key, margins, structure)[0], margins["population"],
            Recipe(size=1_000_000), reference,
        )
        for key in ("aomori", "kyoto", "tottori", "okinawa")
    )  # fmt: skip


def test_every_column_is_declared_once():
    declared = [*HANGS_ON, *INDEPENDENT, *IDS]
    assert sorted(declared) == sorted(PEOPLE_SCHEMA.columns)
    assert all(hangs.on and hangs.source for hangs in HANGS_ON.values())
    assert all(INDEPENDENT.values())


def test_information_is_that_of_known_tables(rng):
    """Two fair coins and whether they fall alike: any two are independent, any third follows."""
    coins = pl.DataFrame({"x": [0, 0, 1, 1] * 500, "y": [0, 1, 0, 1] * 500}).with_columns(
        alike=pl.col("x") == pl.col("y"), items=pl.concat_list("x", "y").list.unique()
    )
    assert dependence(coins, "x", "y", [], rng).nats == pytest.approx(0, abs=1e-9)
    assert not dependence(coins, "x", "y", [], rng).is_seen
    within = dependence(coins, "x", "y", ["alike"], rng)
    assert within.nats == pytest.approx(np.log(2))
    assert within.is_seen
    # Of six items in four coins, two pairs are alike and have one, the others have both.
    items = dependence(coins, "items", "alike", [], rng)
    assert items.nats == pytest.approx(0, abs=1e-9)


def test_who_lacks_a_column_is_left_out_and_an_empty_list_is_an_item(rng):
    people = pl.DataFrame(
        {
            "work": ["a", "b", None, None] * 300,
            "sex": ["m", "f", "m", "f"] * 300,
            "does": [["x"], [], ["x"], []] * 300,
        }
    )
    for column in ("work", "does"):
        found = dependence(people, column, "sex", [], rng)
        assert found.nats == pytest.approx(np.log(2)), column
        assert found.chance < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("column", PEOPLE_SCHEMA.columns)
def test_no_column_is_constant(some, column):
    found = some[column].explode() if column in LISTS else some[column]
    assert found.drop_nulls().n_unique() > 1
    if column not in ("prefecture", "figures"):
        here = found.filter(some["prefecture"] == "tottori") if column not in LISTS else found
        assert here.drop_nulls().n_unique() > 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "on"), [(name, on) for name, hangs in HANGS_ON.items() for on in hangs.on]
)
def test_column_hangs_on_what_it_should(some, column, on, rng):
    found = dependence(some, column, on, HANGS_ON[column].given, rng)
    assert found.is_seen, found


@pytest.mark.slow
def test_independent_columns_hang_on_nothing(some, rng):
    """Where this fails a column is better than declared: move it to HANGS_ON."""
    dealt = some.with_columns(dealt=pl.col("craft").shuffle(seed=3))
    for column in (*INDEPENDENT, "dealt"):
        for on in EVERYTHING:
            found = dependence(dealt, column, on, [], rng)
            assert not found.is_seen, (column, on, found)


@pytest.mark.slow
def test_column_made_independent_by_mistake_is_seen(some, rng):
    """Occupations are dealt out anew among the employed of each sex, as if nobody had studied."""
    works = some.filter(pl.col("occupation").is_not_null())
    order = pl.int_range(pl.len()).shuffle(seed=1).over("sex")
    dealt = works.with_columns(occupation=pl.col("occupation").gather(order).over("sex"))
    assert (
        dealt["occupation"]
        .value_counts(sort=True)
        .equals(works["occupation"].value_counts(sort=True))
    )
    assert not dependence(dealt, "occupation", "education", ["sex"], rng).is_seen
    assert dependence(works, "occupation", "education", ["sex"], rng).is_seen
