import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.partitions import prefectures
from persona_assets.people.activities import AGES, KINDS, MOST, rates
from persona_assets.people.lifestyle import LifestyleError, draw_lifestyle
from persona_assets.people.streams import stream

LISTS = (*KINDS, "foods")
COLUMNS = (*KINDS, "dish", "foods", "craft", "festival")


def crowd(size=1_000, **person):
    given = {
        "prefecture": "tottori", "sex": "female", "age": 40,
        "household": "couple_only", "municipality": "鳥取市",
    }  # fmt: skip
    return pl.DataFrame([given | person] * size)


def draw(people, seed=1):
    return draw_lifestyle(people, lambda name: stream(seed, name))


def table(reference, name):
    return pl.read_csv(reference / "lifestyle" / f"{name}.csv")


@pytest.fixture(scope="module")
def residents(reference):
    """Adults of two prefectures, one for every 100 or 1,000, by sex and age, and their lives."""
    counts = table(reference, "residents").filter(
        ~pl.col("age_group").is_in(["10-14", "15-17"]),
        pl.col("prefecture").is_in(["tottori", "osaka"]),
    )
    per = pl.when(pl.col("prefecture") == "tottori").then(50).otherwise(800)
    people = (
        counts.with_columns(count=pl.col("count") // per)
        .select(pl.col("prefecture", "sex", "age_group").repeat_by("count").explode())
        .with_columns(
            age=pl.col("age_group").str.extract(r"^(\d+)").cast(pl.Int64),
            household=pl.lit("couple_only"),
            municipality=pl.lit("x"),
        )
    )
    return people.hstack(draw(people))


@pytest.mark.parametrize("kind", KINDS)
def test_rates_of_the_ages_add_up_to_the_surveys(reference, kind):
    published = table(reference, "activities").filter(kind=kind)
    phrases = table(reference, "activity_phrases").filter(kind=kind)
    for prefecture in ("tottori", "tokyo", "okinawa"):
        own = rates(reference, prefecture, kind)
        weights = own.people / own.people.sum(axis=1, keepdims=True)
        for place, sex in enumerate(levels.SEX):
            survey = dict(
                published.filter(prefecture=prefecture, sex=sex).select("item", "rate").rows()
            )
            assert weights[place] @ own.any[place] == pytest.approx(survey["any"], abs=1e-3)
            found = weights[place] @ own.items[place]
            wanted = [survey[item] for item in phrases["item"]]
            assert found == pytest.approx(wanted, abs=2e-3), (prefecture, sex)
        assert (own.items <= own.any[..., None] + 1e-12).all()


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_do_something_of_a_kind_as_the_survey_says(reference, residents, kind):
    """The survey asks people of 10 or more; those of 10-17 are taken out by their shape."""
    for (prefecture, sex), drawn in residents.group_by("prefecture", "sex"):
        own = rates(reference, prefecture, kind)
        place = list(levels.SEX).index(sex)
        adults = own.people[place, 2:]
        wanted = adults @ own.any[place, 2:] / adults.sum()
        found = (drawn[kind].list.len() > 0).mean()
        # People who report no hobby get one all the same.
        assert found == pytest.approx(1.0 if kind == "hobbies" else wanted, abs=0.01)
        assert drawn[kind].list.len().max() <= MOST[kind]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("hobbies", "learning")])
def test_each_activity_is_as_frequent_as_the_survey_says(reference, residents, kind):
    for (prefecture,), drawn in residents.group_by("prefecture"):
        own = rates(reference, prefecture, kind)
        adults = own.people[:, 2:]
        wanted = np.einsum("sa,sai->i", adults, own.items[:, 2:]) / adults.sum()
        counts = dict(drawn[kind].explode().drop_nulls().value_counts().iter_rows())
        found = np.array([counts.get(phrase, 0) / drawn.height for phrase in own.phrases])
        error = np.sqrt(wanted / drawn.height)
        assert (np.abs(found - wanted) < 4 * error + 0.06 * wanted).all(), prefecture


def test_hobbies_are_told_in_the_proportion_of_their_rates(reference, residents):
    """Nobody names all of seven hobbies: within an age what is told keeps their proportions."""
    own = rates(reference, "osaka", "hobbies")
    those = residents.filter(prefecture="osaka", sex="female", age_group="45-49")
    wanted = own.items[1, list(AGES).index("45-49")]
    counts = dict(those["hobbies"].explode().value_counts().iter_rows())
    found = np.array([counts.get(phrase, 0) for phrase in own.phrases])
    assert np.corrcoef(wanted, found)[0, 1] > 0.97


def test_every_named_activity_of_the_survey_can_be_drawn(reference):
    """What has no wording is a total, a rest, or a group of others."""
    items = table(reference, "activities").select("kind", "item").unique(maintain_order=True)
    worded = table(reference, "activity_phrases").select("kind", "item")
    left = set(items.join(worded, on=["kind", "item"], how="anti").rows())
    assert left == {
        *((kind, "any") for kind in KINDS),
        *((kind, "その他") for kind in ("sports", "hobbies", "learning", "volunteering")),
        ("learning", "外国語"),
        ("learning", "商業実務・ビジネス関係(総数)"),
        ("travel", "旅行(１泊２日以上)"),
        ("travel", "国内"),
    }


@pytest.mark.parametrize("age", [18, 75, 90, 100])
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


def test_the_old_do_less_and_other_things(residents):
    young = residents.filter(pl.col("age").is_between(20, 34))
    old = residents.filter(pl.col("age") >= 75)

    def share(people, kind, phrase):
        return people[kind].list.contains(phrase).mean()

    assert (old["travel"].list.len() > 0).mean() < 0.7 * (young["travel"].list.len() > 0).mean()
    assert share(young, "hobbies", "ゲーム") > 5 * share(old, "hobbies", "ゲーム")
    assert share(old, "hobbies", "ガーデニング") > 2 * share(young, "hobbies", "ガーデニング")


def test_people_in_care_do_what_can_be_done_there(reference):
    allowed = table(reference, "activity_phrases").filter(in_care=1)["phrase"].to_list()
    drawn = draw(crowd(age=80, household="institution"))
    for kind in KINDS:
        assert set(drawn[kind].explode().drop_nulls()) <= set(allowed), kind
    assert (drawn["travel"].list.len() == 0).all()
    # A dormitory is an institution too.
    student = draw(crowd(age=19, household="institution"))
    assert (student["travel"].list.len() > 0).mean() > 0.5


def test_nobody_has_the_same_thing_twice(residents):
    for column in LISTS:
        assert (residents[column].list.n_unique() == residents[column].list.len()).all(), column


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


def test_festival_and_dish_are_first_those_of_the_own_municipality(reference):
    cities = table(reference, "festivals").filter(prefecture="tottori")["city"].value_counts()
    city = cities.sort("count")["city"][0]
    at_home = (draw(crowd(2_000, municipality=city))["festival_city"] == city).mean()
    elsewhere = (draw(crowd(2_000, municipality="x"))["festival_city"] == city).mean()
    assert at_home == pytest.approx(0.9 + 0.1 * elsewhere, abs=0.03)
    assert elsewhere < 0.5
    # A place inside the municipality is of the municipality.
    dishes = table(reference, "dishes").filter(prefecture="tottori")
    assert "鳥取市青谷町" in dishes["area"]
    own = draw(crowd(2_000, municipality="鳥取市"))["dish_area"].str.contains("鳥取市").mean()
    assert own > 0.85


def test_each_column_has_its_own_stream():
    people = crowd(50)
    drawn = draw(people)
    assert draw(people).equals(drawn)
    for changed in COLUMNS:
        other = draw_lifestyle(
            people, lambda name, changed=changed: stream(1 + (name == changed), name)
        )
        different = {c for c in drawn.columns if not other[c].equals(drawn[c])}
        assert different, changed
        assert {c.split("_")[0] for c in different} == {changed}


def test_every_column_hangs_on_prefecture_sex_or_age(residents):
    """Mutual information, beside that of the same column in a random order."""
    given = residents.select("prefecture", "sex", "age")
    mixed = np.random.default_rng(1).permutation(residents.height)
    for column in ("dish", "craft", "festival", *LISTS):
        values = residents[column]
        if values.dtype == pl.List:
            values = values.list.first().fill_null("")
        found, by_chance = (
            max(information(given[other], text) for other in given.columns)
            for text in (values, values[mixed])
        )
        assert found > 2 * by_chance + 0.005, column


def information(first, second):
    pairs = pl.DataFrame({"first": first, "second": second}).with_columns(
        both=pl.len().over("first", "second"),
        one=pl.len().over("first"),
        other=pl.len().over("second"),
    )
    ratio = pairs["both"] * pairs.height / (pairs["one"].cast(pl.Float64) * pairs["other"])
    return ratio.log().mean()


@pytest.mark.parametrize(("column", "value"), [("prefecture", "tottorl"), ("sex", "女")])
def test_unknown_value_is_named(column, value):
    with pytest.raises(LifestyleError, match=f"{column} \\['{value}'\\]"):
        draw(crowd(2, **{column: value}))
