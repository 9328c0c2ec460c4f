from collections import Counter

import numpy as np
import polars as pl
import pytest

from persona_assets.people.occupations import (
    OccupationError,
    draw_occupations,
    load_titles,
    title_details,
)

RANK = {
    name: rank
    for rank, name in enumerate(
        ("lower_secondary", "upper_secondary", "junior_college", "university", "graduate_school")
    )
}


def crowd(size=400, **person):
    given = {
        "sex": "male", "age": 40, "education": "university", "employment_status": "employee",
        "industry": "E", "occupation": "B",
    } | person  # fmt: skip
    return pl.DataFrame(
        [given] * size,
        schema_overrides={"occupation": pl.String, "industry": pl.String, "age": pl.Int64},
    )


def draw(people, seed=1):
    return draw_occupations(people, np.random.default_rng(seed))


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


def test_profession_by_law_needs_its_schooling():
    doctors = {"医師", "歯科医師", "獣医師", "薬剤師"}
    with_degree = draw(crowd(2_000, industry="P"))["occupation_class"]
    assert doctors & set(with_degree)
    without = draw(crowd(2_000, industry="P", education="upper_secondary"))["occupation_class"]
    assert not doctors & set(without)


def test_women_and_men_are_drawn_by_their_share_of_the_job():
    def share(sex, name):
        classes = draw(crowd(3_000, sex=sex, industry="P", education="junior_college"))
        return classes["occupation_class"].str.contains(name).mean()

    assert share("female", "看護師") > 2 * share("male", "看護師")
    assert share("female", "助産師") > 0 == share("male", "助産師")


def test_titles_follow_the_workers_of_their_classes(reference):
    drawn = draw(crowd(6_000, occupation="C", industry="S", education="university"))
    counts = Counter(drawn["occupation_class"])
    workers = dict(
        pl.read_csv(reference / "occupations" / "classes.csv")
        .select("occupation_class", "workers")
        .rows()
    )
    assert counts.most_common(1)[0][0] == max(
        (name for name in counts), key=lambda name: workers[name]
    )


def test_impossible_industry_is_given_up_and_the_rest_holds(limits):
    # Nobody of the security group works in fisheries.
    drawn = draw(crowd(occupation="F", industry="B", education="upper_secondary"))
    for key in set(drawn.rows()):
        assert any(row["occupation"] == "F" and row["min_age"] <= 40 for row in limits[key])


def test_people_without_work_get_nothing_and_change_nobody_elses_draw():
    works = crowd(50)
    idle = crowd(50, occupation=None, industry=None, employment_status=None)
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
