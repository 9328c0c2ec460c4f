import polars as pl
import pytest

from persona_assets import levels
from persona_assets.joint.titles import titles_by_major


def title(name, **different):
    education = {f"edu_{level}": 0.2 for level in levels.EDUCATION}
    return {
        "title": name, "occupation_class": "class", "occupation": "B", "weight": 100.0,
        **education, "self_employed_share": 0.25, "female_share": 0.4, "min_age": 18,
        "max_age": 70, "sex": "", "employment": "", "min_education": "", **different,
    }  # fmt: skip


def in_order(titles, occupation="B"):
    """The titles of a major group in the order of its arrays."""
    of_major = titles.filter(occupation=occupation)
    return of_major.sort("occupation_class", "title")["title"].to_list()


def chances(*rows, sex="male", education="university", work="employee", ages=(30, 34)):
    titles = pl.DataFrame(rows)
    values = titles_by_major(titles)["B"].chances(sex, education, work, ages)
    return dict(zip(in_order(titles), values.tolist(), strict=True))


@pytest.mark.parametrize(
    ("who", "chance"),
    [
        ({}, 100 * 0.6 * 0.2 * 0.75),
        ({"sex": "female"}, 100 * 0.4 * 0.2 * 0.75),
        ({"work": "self_employed"}, 100 * 0.6 * 0.2 * 0.25),
        ({"work": "family_worker"}, 100 * 0.6 * 0.2 * 0.25),
    ],
)
def test_chance_is_the_workers_times_the_shares(who, chance):
    found = chances(title("one"), **who)
    assert found["one"] == pytest.approx(chance)


def test_title_of_one_sex_and_one_employment_is_for_them_alone():
    rows = [title("any"), title("wife", sex="female"), title("own", employment="self_employed")]
    assert [name for name, value in chances(*rows).items() if value > 0] == ["any"]
    women = chances(*rows, sex="female", work="self_employed")
    assert set(women) == {name for name, value in women.items() if value > 0}


@pytest.mark.parametrize(
    ("education", "may"),
    [("upper_secondary", False), ("in_school", False), ("junior_college", False),
     ("university", True), ("graduate_school", True)],
)  # fmt: skip
def test_licence_needs_its_schooling(education, may):
    found = chances(title("doctor", min_education="university"), education=education)
    assert (found["doctor"] > 0) == may


def test_title_fits_if_it_fits_the_youngest_or_the_oldest_of_those_asked():
    rows = [title("any"), title("chief", min_age=34), title("trainee", max_age=29)]
    assert [name for name, value in chances(*rows).items() if value > 0] == ["any", "chief"]
    assert chances(*rows, ages=(20, 29))["trainee"] > 0


def test_conditions_are_given_up_in_their_order_until_a_title_is_left():
    young = title("young", max_age=20)
    owner = title("owner", employment="self_employed")
    # No employee's title fits by age, so the employment status goes before the age.
    assert [n for n, v in chances(young, owner).items() if v > 0] == ["owner"]
    # Alone, it is the age window in the end.
    assert chances(young)["young"] == pytest.approx(100 * 0.6)


def test_sex_and_licence_are_never_given_up():
    rows = [title("midwife", sex="female"), title("doctor", min_education="university")]
    assert set(chances(*rows, education="lower_secondary").values()) == {0}


def test_titles_of_a_major_group_are_in_the_order_of_their_classes():
    rows = [title("b", occupation_class="y"), title("a", occupation_class="z"),
            title("c", occupation_class="x"), title("d", occupation="A")]  # fmt: skip
    known = titles_by_major(pl.DataFrame(rows))
    assert known["B"].classes.tolist() == ["x", "y", "z"]
    assert in_order(pl.DataFrame(rows)) == ["c", "b", "a"]
    assert known["A"].classes.size == 1


def test_every_title_that_ships_can_be_somebodys(shapes):
    for occupation, known in titles_by_major(shapes["titles"]).items():
        some = sum(
            known.chances(sex, "graduate_school", work, (age, age))
            for sex in levels.SEX
            for work in levels.WORKER_CLASS
            for age in (20, 30, 50, 65, 80)
        )
        names = in_order(shapes["titles"], occupation)
        assert (some > 0).all(), [t for t, s in zip(names, some, strict=True) if s == 0]
