import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.people.children import HUSBANDS_OLDER, draw_children


def crowd(size=2_000, **person):
    given = {
        "prefecture": "nagano", "sex": "female", "age": 47, "marital": "married",
        "household": "couple_with_children",
    }  # fmt: skip
    return pl.DataFrame([given | person] * size)


def draw(people, seed=1):
    return draw_children(people, np.random.default_rng(seed))["children"]


@pytest.mark.parametrize("age", [22, 35, 47, 80])
@pytest.mark.parametrize("sex", ["female", "male"])
def test_numbers_of_those_with_children_follow_the_surveys(reference, sex, age):
    """In a prefecture whose families are as large as the nation's."""
    families = pl.read_csv(reference / "lifestyle" / "children_by_prefecture.csv")
    ordinary = families.sort((pl.col("factor") - 1).abs())["prefecture"][0]
    table = pl.read_csv(reference / "lifestyle" / "children_by_age.csv")
    wife = age - HUSBANDS_OLDER * (sex == "male")
    published = dict(table.filter(wife_age=wife).select("children", "share").rows())
    found = draw(crowd(sex=sex, age=age, prefecture=ordinary))
    assert found.min() >= 1
    for children in range(1, 5):
        assert (found == children).mean() == pytest.approx(published[children], abs=0.01)


def test_families_are_as_much_larger_as_in_the_census(reference):
    families = pl.read_csv(reference / "lifestyle" / "children_by_prefecture.csv")
    sizes = dict(families.select("prefecture", "per_woman").rows())
    assert min(sizes, key=sizes.get) == "tokyo"
    assert max(sizes, key=sizes.get) == "okinawa"
    means = {p: draw(crowd(prefecture=p, age=45)).mean() for p in ("tokyo", "gunma", "okinawa")}
    for prefecture, mean in means.items():
        wanted = means["gunma"] * sizes[prefecture] / sizes["gunma"]
        assert mean == pytest.approx(wanted, rel=0.01), prefecture


def test_couples_past_childbearing_are_without_children_as_often_as_in_the_surveys(reference):
    """Nine of ten couples of 70 live as two or with children, in the shares of the joint."""
    as_two = draw(crowd(6_000, age=70, household="couple_only"))
    with_them = draw(crowd(2_000, age=70))
    others = draw(crowd(1_200, age=70, household="other_relatives"))
    found = (pl.concat([as_two, with_them, others]) == 0).mean()
    couples = pl.read_csv(reference / "lifestyle" / "couples.csv")
    published = couples.filter(children=0).filter(pl.col("wife_born").is_in([1940, 1959]))
    assert published["share"].min() - 0.01 < found < published["share"].max() + 0.01


def test_household_and_marriage_decide_who_has_any():
    def share(**person):
        return (draw(crowd(**person)) > 0).mean()

    assert share(age=28, household="couple_only") < 0.06
    assert share(age=72, household="couple_only") > 0.9
    assert share(marital="never_married", household="one_person") == 0
    assert share(marital="never_married", household="single_parent", sex="male") == 0
    assert 0.02 < share(marital="never_married", household="single_parent", age=35) < 0.06
    alone = {"marital": "divorced", "household": "one_person"}
    with_child = {"marital": "divorced", "household": "single_parent"}
    assert share(**with_child) > share(**with_child, sex="male") > 0.4
    assert share(**with_child) > share(**alone)


def test_nobody_has_more_than_their_age_allows():
    assert set(draw(crowd(age=18))) == {1}
    assert draw(crowd(age=20)).max() == 2
    assert draw(crowd(age=90)).max() == 4


def test_every_marriage_and_household_can_be_drawn():
    people = pl.DataFrame(
        [
            {
                "prefecture": "tokyo",
                "sex": sex,
                "age": age,
                "marital": marital,
                "household": household,
            }
            for sex in levels.SEX
            for age in (18, 50, 104)
            for marital in levels.MARITAL
            for household in levels.HOUSEHOLD
        ]
    )
    drawn = draw(people)
    assert drawn.null_count() == 0
    assert drawn.is_between(0, 4).all()


def test_few_people_stand_for_many():
    large = draw(crowd(20_000, age=60, household="one_person"))
    for seed in range(5):
        small = draw(crowd(100, age=60, household="one_person"), seed)
        # A simple draw of 100 has a standard error of 0.09.
        assert small.mean() == pytest.approx(large.mean(), abs=0.05)
