import polars as pl
import pytest

from persona_assets import levels
from persona_assets.partitions import prefectures
from persona_assets.people.life_stage import (
    Years,
    birth_years,
    cohort_name,
    compulsory_end,
    era_year,
    leaving_period,
    leaving_years,
    life_stage,
    place,
    school_entry,
)

# Who turned 44 from 2 October 2019 to 1 October 2020; half of them were pupils of 1975.
AGE = 44


def test_years_of_one_age_are_the_two_that_census_day_leaves_open():
    assert birth_years(AGE) == (1975, 1976)
    assert school_entry(AGE) == (1982, 1983)
    assert compulsory_end(AGE) == (1991, 1992)


@pytest.mark.parametrize(
    ("education", "detail", "left"),
    [
        ("lower_secondary", "lower_secondary", (1991, 1992)),
        ("upper_secondary", "upper_secondary", (1994, 1995)),
        ("upper_secondary", "vocational_school", (1995, 1996)),
        ("junior_college", "vocational_school", (1996, 1997)),
        ("junior_college", "technical_college", (1996, 1997)),
        ("university", "vocational_school", (1998, 1999)),
        ("university", "university", (1998, 1999)),
        ("graduate_school", "graduate_school", (2000, 2001)),
        ("in_school", "in_school", None),
    ],
)
def test_leaving_follows_from_the_length_of_schools(education, detail, left):
    assert leaving_years(AGE, education, detail) == left


def test_every_schooling_has_a_leaving_year():
    for education, details in levels.EDUCATION_DETAILS_OF.items():
        for detail in details:
            assert (leaving_years(AGE, education, detail) is None) == (detail == "in_school")


def test_nobody_leaves_school_after_census_day():
    assert leaving_years(18, "upper_secondary", "upper_secondary") == (2020, 2020)
    assert leaving_years(23, "university", "university") == (2019, 2020)


def test_school_years_are_not_told_of_those_before_the_nine_compulsory_years():
    assert school_entry(86) is None
    assert leaving_years(86, "upper_secondary", "upper_secondary") is None
    # Pupils of 1934 were the first; all aged 85 are of 1934 or 1935.
    assert compulsory_end(85) == (1950, 1951)


@pytest.mark.parametrize(
    ("year", "text"),
    [
        (1926, "昭和元年"),
        (1976, "昭和51年"),
        (1988, "昭和63年"),
        (1989, "平成元年"),
        (2019, "令和元年"),
    ],
)
def test_years_in_japanese_count(year, text):
    assert era_year(year) == text


@pytest.mark.parametrize(
    ("age", "name"),
    [(71, "団塊の世代"), (72, "団塊の世代"), (73, None), (70, None), (46, "団塊ジュニア"),
     (45, None), (32, "ゆとり世代"), (33, None), (18, "ゆとり世代"), (90, "昭和ひとけた")],
)  # fmt: skip
def test_a_generation_is_named_only_if_both_years_are_in_its_bounds(age, name):
    assert cohort_name(age) == name


@pytest.mark.parametrize(
    ("left", "period"),
    [(Years(1993, 1994), "就職氷河期"), (Years(2004, 2005), None),
     (Years(1990, 1991), "バブル景気"), (Years(1972, 1973), "高度経済成長期"),
     (Years(1980, 1981), None), (None, None)],
)  # fmt: skip
def test_a_period_is_named_only_if_both_years_are_in_it(left, period):
    assert leaving_period(left) == period


def test_openings_are_those_of_the_last_school_years_in_the_own_prefecture(reference):
    person = {"age": 40, "sex": "female", "education": "university",
              "education_detail": "university"}  # fmt: skip
    okinawa = life_stage(person | {"prefecture": "okinawa"}, reference)
    assert okinawa.left_school == (2002, 2003)
    # Published of Okinawa: 0.21 in the fiscal year 2001, 0.26 in 2002.
    assert okinawa.openings == (0.21, 0.26)
    assert life_stage(person | {"prefecture": "fukui"}, reference).openings == (0.57, 0.54)
    old = life_stage(person | {"prefecture": "fukui", "age": 80}, reference)
    assert old.openings == ()


def test_schooling_spread_over_the_generations(reference):
    def shares(age, sex):
        life = life_stage({"age": age, "sex": sex, "prefecture": "tokyo",
                           "education": "university", "education_detail": "university"},
                          reference)  # fmt: skip
        return life.upper_secondary_share, life.college_share

    assert shares(80, "female")[0] < 0.5 < shares(80, "male")[0] < 0.6
    assert shares(44, "female")[0] > 0.95
    assert shares(80, "female")[1] < 0.06 < 0.4 < shares(44, "female")[1]


def test_every_place_has_figures_that_fit_it(people, reference):
    municipalities = pl.read_csv(
        reference / "geography" / "municipalities.csv", schema_overrides={"code": pl.String}
    )
    for prefecture, code in municipalities.select("prefecture", "code").iter_rows():
        here = place(prefecture, code, reference)
        assert 0 <= here.share_65 < 0.8
        assert len(here.industries) == 2
        assert all(share > nation for _, share, nation in here.industries)
        assert [ratio for _, ratio in here.foods] == sorted(
            (r for _, r in here.foods), reverse=True
        )
    snow = {
        key: place(
            key, municipalities.filter(pl.col("prefecture") == key)["code"][0], reference
        ).snow_days
        for key in prefectures()
    }
    assert snow["okinawa"] == 0
    assert max(snow, key=snow.__getitem__) == "hokkaido"
