import numpy as np
import polars as pl
import pytest

from persona_assets.partitions import prefectures
from persona_assets.people.lifestyle import KINDS, LifestyleError, _pick, draw_lifestyle


def crowd(size=1_000, **person):
    given = {"prefecture": "tottori", "sex": "female", "age": 40, "municipality": "鳥取市"} | person
    return pl.DataFrame([given] * size)


def draw(people, seed=1):
    return draw_lifestyle(people, np.random.default_rng(seed))


def table(reference, name):
    return pl.read_csv(reference / "lifestyle" / f"{name}.csv")


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_do_something_of_a_kind_as_the_survey_says(reference, kind):
    size = 4_000
    for prefecture, sex in (("tottori", "female"), ("okinawa", "male")):
        drawn = draw(crowd(size, prefecture=prefecture, sex=sex, municipality="x"))
        rate = table(reference, "activities").filter(
            prefecture=prefecture, sex=sex, kind=kind, item="any"
        )["rate"].item()  # fmt: skip
        # People who report no hobby get one all the same.
        wanted = 1.0 if kind == "hobbies" else rate
        assert (drawn[kind].list.len() > 0).mean() == pytest.approx(wanted, abs=0.03)


def test_more_frequent_activities_are_drawn_more_often(reference):
    drawn = draw(crowd(4_000))["hobbies"].explode().value_counts().rows()
    drawn = dict(drawn)
    rates = (
        table(reference, "activities")
        .filter(prefecture="tottori", sex="female", kind="hobbies")
        .join(table(reference, "activity_phrases").filter(kind="hobbies"), on=["kind", "item"])
        .filter((pl.col("min_age") <= 40) & (pl.col("max_age") >= 40))
        .sort("rate")
    )
    often, rarely = rates["phrase"][-1], rates["phrase"][0]
    assert drawn[often] > 3 * drawn.get(rarely, 0)
    assert set(drawn) <= set(rates["phrase"])


@pytest.mark.parametrize("age", [18, 75, 100])
def test_activities_are_plausible_at_the_age(reference, age):
    limits = {
        (row["kind"], row["phrase"]): (row["min_age"], row["max_age"])
        for row in table(reference, "activity_phrases").iter_rows(named=True)
    }
    drawn = draw(crowd(age=age))
    for kind in KINDS:
        for phrase in drawn[kind].explode().drop_nulls().unique():
            low, high = limits[kind, phrase]
            assert low <= age <= high, phrase


def test_nobody_has_the_same_thing_twice():
    drawn = draw(crowd())
    for column in (*KINDS, "foods"):
        assert (drawn[column].list.n_unique() == drawn[column].list.len()).all(), column


def test_everybody_has_a_dish_a_craft_a_festival_and_two_foods_of_the_prefecture(reference):
    people = pl.concat(crowd(20, prefecture=key, municipality="x") for key in prefectures())
    drawn = people.select("prefecture").hstack(draw(people))
    assert drawn.null_count().sum_horizontal().item() == 0
    assert set(drawn["foods"].list.len()) == {2}
    for name, columns in (
        ("dishes", {"dish": "dish", "dish_area": "area"}),
        ("crafts", {"craft": "craft", "craft_category": "category"}),
        ("festivals", {"festival": "festival", "festival_city": "city"}),
    ):
        known = set(table(reference, name).select("prefecture", *columns.values()).rows())
        assert set(drawn.select("prefecture", *columns).rows()) <= known, name
    foods = set(table(reference, "foods").select("prefecture", "item").rows())
    assert set(drawn.select("prefecture", "foods").explode("foods").rows()) <= foods


def test_nobody_under_20_is_given_a_drink(reference):
    drinks = set(table(reference, "foods").filter(pl.col("min_age") >= 20)["item"])
    assert drinks

    def drunk(age):
        people = pl.concat(
            crowd(100, prefecture=key, age=age, municipality="x") for key in prefectures()
        )
        return drinks & set(draw(people)["foods"].explode())

    assert drunk(19) == set()
    assert drunk(20)


def test_festival_is_more_often_that_of_the_own_municipality(reference):
    cities = table(reference, "festivals").filter(prefecture="tottori")["city"].value_counts()
    city = cities.sort("count")["city"][0]
    at_home = (draw(crowd(2_000, municipality=city))["festival_city"] == city).mean()
    elsewhere = (draw(crowd(2_000, municipality="x"))["festival_city"] == city).mean()
    assert at_home == pytest.approx(0.7 + 0.3 * elsewhere, abs=0.05)
    assert elsewhere < 0.5


def test_same_generator_same_lives_and_another_others():
    assert draw(crowd(50)).equals(draw(crowd(50)))
    assert not draw(crowd(50)).equals(draw(crowd(50), seed=2))


@pytest.mark.parametrize(("column", "value"), [("prefecture", "tottorl"), ("sex", "女")])
def test_unknown_value_is_named(column, value):
    with pytest.raises(LifestyleError, match=f"{column} \\['{value}'\\]"):
        draw(crowd(2, **{column: value}))


def test_pick_takes_what_has_weight_and_no_more_than_there_is():
    weights = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [0.0, 5.0, 0.0], [1.0, 1.0, 1.0]])
    picked = _pick(
        ["a", "b", "c"], weights, np.array([3, 1, 2, 0]), "x", np.random.default_rng(1)
    ).to_list()
    assert sorted(picked[0]) == ["a", "c"]
    assert picked[1:] == [[], ["b"], []]


def test_pick_follows_the_weights():
    weights = np.tile([1.0, 3.0], (8_000, 1))
    picked = _pick(["a", "b"], weights, np.ones(8_000, int), "x", np.random.default_rng(1))
    assert (picked.list.first() == "b").mean() == pytest.approx(0.75, abs=0.02)
