import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.people.digital_skill import draw_digital_skill

PERSON = {
    "prefecture": "tokyo",
    "age_group": "70-74",
    "education": "upper_secondary",
    "occupation": None,
    "occupation_class": None,
}
TYPES = dict.fromkeys(PERSON, pl.String)
CLERK = {"occupation": "C", "occupation_class": "総合事務員"}
PROGRAMMER = {"occupation": "B", "occupation_class": "ソフトウェア作成者"}


def crowd(size=4_000, **person):
    return pl.DataFrame([PERSON | person] * size, schema=TYPES)


def shares(people, seed=1):
    drawn = draw_digital_skill(people, np.random.default_rng(seed))["digital_skill"]
    return {level: (drawn == level).mean() for level in levels.DIGITAL_SKILL}


@pytest.fixture(scope="module")
def of_schooling(reference):
    """Graduates of each schooling at 70-74, as many as there are, one for every 500."""
    table = pl.read_csv(reference / "shapes" / "education_by_age.csv").filter(age_group="70-74")
    return [
        (education, count // 500)
        for education, count in table.group_by("education", maintain_order=True)
        .agg(pl.col("graduates").sum().cast(pl.Int64))
        .iter_rows()
    ]


@pytest.mark.parametrize("prefecture", ["tokyo", "akita", "okinawa"])
def test_as_many_use_the_internet_as_the_ministry_says(reference, of_schooling, prefecture):
    people = pl.concat(
        crowd(size, prefecture=prefecture, education=education) for education, size in of_schooling
    )
    rates = pl.read_csv(reference / "lifestyle" / "internet_use.csv")
    rate = rates.filter(prefecture=prefecture, age_group="70-74")["rate"].item()
    users = pl.read_csv(reference / "lifestyle" / "skill_of_users.csv").filter(age_group="70-74")
    found = shares(people)
    assert found["none"] == pytest.approx(1 - rate, abs=0.015)
    for level, share in users.select("level", "share").iter_rows():
        assert found[level] == pytest.approx(rate * share, abs=0.015), level


def test_the_old_and_those_of_less_schooling_are_less_skilled():
    def skilled(**person):
        found = shares(crowd(**person))
        return found["everyday"] + found["advanced"]

    by_age = [skilled(age_group=age) for age in ("25-29", "50-54", "65-69", "80-84")]
    assert by_age == sorted(by_age, reverse=True)
    by_school = [
        skilled(education=education)
        for education in ("lower_secondary", "upper_secondary", "junior_college", "university")
    ]
    assert by_school == sorted(by_school)


def test_who_works_at_a_desk_is_not_without_use_and_the_age_keeps_its_share():
    few, rest = crowd(400, **CLERK), crowd(3_600, occupation="K", occupation_class="清掃")
    people = pl.concat([few, rest])
    drawn = people.hstack(draw_digital_skill(people, np.random.default_rng(1)))
    assert "none" not in set(drawn.filter(occupation="C")["digital_skill"])
    before = shares(crowd(4_000))["none"]
    assert (drawn["digital_skill"] == "none").mean() == pytest.approx(before, abs=0.005)


def test_who_writes_software_uses_computers_every_day():
    found = shares(crowd(**PROGRAMMER))
    assert found["none"] == found["basic"] == 0
    assert found["advanced"] > 0


def test_few_people_stand_for_many():
    large = shares(crowd(20_000))
    for seed in range(5):
        small = shares(crowd(100), seed)
        for level, share in large.items():
            # A simple draw of 100 has a standard error of up to 0.05.
            assert small[level] == pytest.approx(share, abs=0.015), level


def test_all_desk_workers_are_given_some_use_even_without_anybody_to_change_with():
    assert shares(crowd(50, **CLERK))["none"] == 0
    assert shares(crowd(1, **CLERK))["none"] == 0
