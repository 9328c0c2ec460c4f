from collections import Counter

import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.joint.titles import OccupationError, load_titles
from persona_assets.people.occupations import draw_titles, title_details

RANK = {
    name: rank
    for rank, name in enumerate(
        ("lower_secondary", "upper_secondary", "junior_college", "university", "graduate_school")
    )
}


ENGINEERS = "機械技術者"


def crowd(size=400, **person):
    given = {
        "sex": "male", "age": 40, "education": "university", "employment_status": "regular",
        "industry": "E", "occupation": "B", "occupation_class": ENGINEERS,
    } | person  # fmt: skip
    return pl.DataFrame(
        [given] * size,
        schema_overrides={"age": pl.Int64} | dict.fromkeys(
            ("employment_status", "industry", "occupation", "occupation_class"), pl.String
        ),
    )  # fmt: skip


def draw(people, seed=1):
    return draw_titles(people, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def limits(reference):
    """Every title's row by class and title; some titles stand in several industries' rows."""
    found = {}
    for row in load_titles(reference).iter_rows(named=True):
        found.setdefault((row["occupation_class"], row["title"]), []).append(row)
    return found


def test_everybody_who_works_has_a_title_of_the_own_major_group(people, limits):
    for person in people.iter_rows(named=True):
        if person["labour_status"] == "employed":
            rows = limits[person["occupation_class"], person["occupation_title"]]
            assert person["occupation"] in {row["occupation"] for row in rows}
        else:
            assert person["occupation_class"] is None
            assert person["occupation_title"] is None


def test_sex_and_licence_hold_for_everybody(people, limits):
    for person in people.filter(labour_status="employed").iter_rows(named=True):
        rank = RANK.get(person["education"], RANK["upper_secondary"])
        assert any(
            row["sex"] in ("", person["sex"]) and RANK.get(row["min_education"], 0) <= rank
            for row in limits[person["occupation_class"], person["occupation_title"]]
        ), person


def test_age_and_industry_hold_for_nearly_everybody(people, limits):
    workers = people.filter(labour_status="employed")
    fit = Counter()
    for person in workers.iter_rows(named=True):
        rows = limits[person["occupation_class"], person["occupation_title"]]
        fit["age"] += any(row["min_age"] <= person["age"] <= row["max_age"] for row in rows)
        fit["industry"] += any(person["industry"] in row["industries"].split("|") for row in rows)
    assert fit["age"] > 0.97 * workers.height
    assert fit["industry"] > 0.9 * workers.height


def test_self_employment_of_the_title_is_that_of_the_person_if_one_fits(people, limits):
    """A title for employees only goes to the self-employed of its class if there is no other."""
    open_to_own = {
        key[0]
        for key, rows in limits.items()
        if any(row["employment"] in ("", "self_employed") for row in rows)
    }
    wrong = 0
    workers = people.filter(labour_status="employed")
    for person in workers.iter_rows(named=True):
        own = levels.WORKER_CLASS_OF[person["employment_status"]] != "employee"
        rows = limits[person["occupation_class"], person["occupation_title"]]
        kinds = {row["employment"] for row in rows}
        wrong += own and person["occupation_class"] in open_to_own and kinds == {"employee"}
    assert wrong <= 0.01 * workers.height


def test_title_is_one_of_the_class_that_the_joint_gave(limits):
    drawn = draw(crowd(100))["occupation_title"]
    assert {ENGINEERS} == {
        name for name, title in limits if title in set(drawn) and name == ENGINEERS
    }
    assert all((ENGINEERS, title) in limits for title in drawn)


def test_profession_by_law_needs_its_schooling():
    doctor = {"occupation_class": "医師", "industry": "P"}
    assert draw(crowd(20, **doctor))["occupation_title"].null_count() == 0
    with pytest.raises(OccupationError, match="none of occupation class '医師' allows"):
        draw(crowd(1, education="upper_secondary", **doctor))


def test_titles_of_one_sex_are_given_to_it_alone(limits):
    def titles(sex):
        return set(draw(crowd(1_000, sex=sex, occupation_class="保育士", industry="P",
                              education="junior_college"))["occupation_title"])  # fmt: skip

    for sex, other in (("male", "female"), ("female", "male")):
        for title in titles(sex):
            assert {row["sex"] for row in limits["保育士", title]} != {other}


def test_titles_follow_their_workers(limits):
    drawn = Counter(draw(crowd(6_000))["occupation_title"])
    weights = Counter()
    for (name, title), rows in limits.items():
        if name == ENGINEERS:
            for row in rows:
                fits = "E" in row["industries"].split("|") and row["min_age"] <= 40
                weights[title] += row["weight"] * fits
    assert drawn.most_common(1)[0][0] in [title for title, _ in weights.most_common(3)]


def test_impossible_industry_is_given_up_and_the_rest_holds(limits):
    # Nobody of the police works in fisheries.
    drawn = draw(crowd(occupation="F", occupation_class="警察官,海上保安官", industry="B",
                       education="upper_secondary"))  # fmt: skip
    for title in set(drawn["occupation_title"]):
        assert any(row["min_age"] <= 40 for row in limits["警察官,海上保安官", title])


def test_people_without_work_get_nothing_and_change_nobody_elses_draw():
    works = crowd(50)
    idle = crowd(50, occupation=None, occupation_class=None, industry=None, employment_status=None)
    drawn = draw(pl.concat([works, idle]))
    assert drawn["occupation_title"][50:].null_count() == 50
    assert drawn.head(50).equals(draw(works))


def test_same_generator_same_titles_and_another_others():
    people = crowd(200)
    assert draw(people).equals(draw(people))
    assert not draw(people).equals(draw(people, seed=2))


def test_unknown_major_group_is_named():
    with pytest.raises(OccupationError, match="occupation 'Z' has none"):
        draw(crowd(1, occupation="Z"))


def test_class_of_another_major_group_is_named():
    with pytest.raises(OccupationError, match="class '大工' has none among those of 'B'"):
        draw(crowd(1, occupation_class="大工"))


def test_details_are_one_row_per_class_and_title(reference):
    details = title_details(reference)
    assert details.select("occupation_class", "occupation_title").is_duplicated().sum() == 0
    assert details.null_count().sum_horizontal().item() == 0
    words = [
        word
        for column in ("skills", "certifications")
        for word in details[column].explode().drop_nulls()
    ]
    assert len(words) > 1_000
    assert all(word and "|" not in word for word in words)
    # Anybody can be drawn a title that the details know.
    titles = load_titles(reference).select("occupation_class", pl.col("title"))
    assert titles.join(
        details, left_on=["occupation_class", "title"],
        right_on=["occupation_class", "occupation_title"], how="anti",
    ).is_empty()  # fmt: skip
