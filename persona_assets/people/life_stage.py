"""What a person's age, schooling and home say of their life: years, cohorts, times, places.

Belongs here: facts that follow from the columns of a person and from figures that ship. They are
derived where they are needed and are no columns. All are plain values; how they are worded is the
business of those who write.

Census day is 1 October 2020, so that everybody of one age was born in one of two calendar years,
and went to school with one of two years of pupils; whatever hangs on them is given as both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from persona_assets import levels
from persona_assets.levels import CENSUS_YEAR

# First year of an era and its name; the year of a change counts by the new era.
ERAS: Final = ((2019, "令和"), (1989, "平成"), (1926, "昭和"), (1912, "大正"), (1868, "明治"))

# The first year of pupils with nine years of compulsory schooling: they entered lower secondary
# when it began (学校教育法, in force from 1 April 1947). School years are told of them and later.
NINE_YEARS_FROM: Final = 1934


class Years(NamedTuple):
    """The two years of which one is the person's, in order."""

    first: int
    last: int


class Cohort(NamedTuple):
    """A generation with a name of its own, by the years of birth that bound it."""

    name: str
    first: int
    last: int


# 団塊の世代: 1947-1949 as in the white papers of health and labour (厚生労働白書). 団塊ジュニア:
# the second baby boom, 1971-1974 (厚生労働省 人口動態統計). 昭和ひとけた: years 1-9 of Shōwa.
BIRTH_COHORTS: Final = (
    Cohort("昭和ひとけた", 1926, 1934),
    Cohort("団塊の世代", 1947, 1949),
    Cohort("団塊ジュニア", 1971, 1974),
)
# By year of pupils (born from 2 April to 1 April of the next year): whom the courses of study of
# 2002 (学習指導要領, to 2010 in elementary and to 2011 in lower secondary schools) taught.
SCHOOL_COHORTS: Final = (Cohort("ゆとり世代", 1987, 2003),)

# By year of leaving school. 就職氷河期: about 1993 to 2004, as the ministry that supports them
# defines it (厚生労働省 就職氷河期世代). バブル景気: the expansion from November 1986 to February
# 1991 (内閣府 景気基準日付, https://www.esri.cao.go.jp/jp/stat/di/hiduke.html). 高度経済成長期:
# from the end of post-war recovery (経済白書 1956) to the oil crisis of autumn 1973.
LEAVING_PERIODS: Final = (
    Cohort("高度経済成長期", 1956, 1973),
    Cohort("バブル景気", 1987, 1991),
    Cohort("就職氷河期", 1993, 2004),
)

# Years from the end of compulsory schooling (15) to leaving, without repeated or waiting years;
# a master's degree stands for graduate school.
_YEARS_AFTER_COMPULSORY: Final = {
    "lower_secondary": 0,
    "upper_secondary": 3,
    "junior_college": 5,
    "technical_college": 5,
    "university": 7,
    "graduate_school": 9,
}
# The census counts vocational schools by their years (`levels.EDUCATION_DETAILS_OF`).
_VOCATIONAL_YEARS: Final = {"upper_secondary": 4, "junior_college": 5, "university": 7}

# Industries of a prefecture worth telling: with at least this share of its workers.
_INDUSTRY_FROM: Final = 0.03
_INDUSTRIES, _FOODS = 2, 3


@dataclass(frozen=True, slots=True)
class LifeStage:
    """The times of one life.

    Attributes:
        born: Calendar years of birth.
        cohort: Common name of the generation; None without one, or if one of the two years is
            outside its bounds.
        school_from: Years of entering elementary school, in April.
        compulsory_until: Years of finishing compulsory schooling, in March.
        left_school: Years of leaving the finest schooling known, in March; None for people in
            school.
        leaving_period: Name of the economy's period then, likewise.
        openings: General job openings per applicant in the person's prefecture, in the fiscal years
            that ended with `left_school`; empty where no figure is known.
        upper_secondary_share: Of those who ended compulsory schooling with the person, of the same
            sex and nationwide, how many went on; None where no figure is known.
        college_share: Entrants to universities and junior colleges three years later, per one of
            them.

    The last seven but `leaving_period` are None or empty for people who were pupils before the nine
    compulsory years.
    """

    born: Years
    cohort: str | None
    school_from: Years | None
    compulsory_until: Years | None
    left_school: Years | None
    leaving_period: str | None
    openings: tuple[float, ...]
    upper_secondary_share: float | None
    college_share: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person lives, in figures.

    Attributes:
        residents: People of the municipality in 2020.
        share_65: Share of them aged 65 or more.
        snow_days: Days with snowfall a year at the prefectural capital.
        industries: Label, share of the prefecture's workers and of the nation's, of what marks it
            most.
        capital: The prefectural capital.
        foods: Item and spending of the capital's households as a multiple of the nation's, of what
            marks it most.
    """

    residents: int
    share_65: float
    snow_days: int
    industries: tuple[tuple[str, float, float], ...]
    capital: str
    foods: tuple[tuple[str, float], ...]


def birth_years(age: int) -> Years:
    """Return the years in one of which somebody of this age on census day was born.

    Three quarters of a year of births are before 2 October: the later year is the likelier one.
    """
    return Years(CENSUS_YEAR - age - 1, CENSUS_YEAR - age)


def pupil_years(age: int) -> Years:
    """Return the years whose pupils, born from 2 April on, somebody of this age belongs to.

    Half are born from 2 April to 1 October and belong to the later one.
    """
    return birth_years(age)


def era_year(year: int) -> str:
    """Return a year in Japanese count, such as 昭和51年; the year of a change by the new era."""
    first, era = next((first, era) for first, era in ERAS if year >= first)
    number = year - first + 1
    return f"{era}{'元' if number == 1 else number}年"


def school_entry(age: int) -> Years | None:
    """Return when somebody entered elementary school; None before the nine compulsory years."""
    return _after(pupil_years(age), 7)


def compulsory_end(age: int) -> Years | None:
    """Return when somebody finished lower secondary school; None if it was not there yet."""
    return _after(pupil_years(age), 16)


def leaving_years(age: int, education: str, education_detail: str) -> Years | None:
    """Return when somebody left the finest schooling known, without repeated or waiting years.

    Args:
        age: Years on census day.
        education: Code of `levels.EDUCATION`: the length of a vocational school.
        education_detail: Code of `levels.EDUCATION_DETAIL`.
    """
    if education_detail == "vocational_school":
        years = _VOCATIONAL_YEARS[education]
    elif education_detail in _YEARS_AFTER_COMPULSORY:
        years = _YEARS_AFTER_COMPULSORY[education_detail]
    else:
        return None
    left = _after(pupil_years(age), 16 + years)
    # Who has left school by census day has not left it in a later year.
    return left and Years(*(min(year, CENSUS_YEAR) for year in left))


def cohort_name(age: int) -> str | None:
    """Return the common name of a generation, if both possible years are within its bounds."""
    return _named(BIRTH_COHORTS, birth_years(age)) or _named(SCHOOL_COHORTS, pupil_years(age))


def leaving_period(left: Years | None) -> str | None:
    """Return what the economy's period was when somebody left school, if both years are in it."""
    return None if left is None else _named(LEAVING_PERIODS, left)


def _after(pupils: Years, years: int) -> Years | None:
    if pupils.first < NINE_YEARS_FROM:
        return None
    return Years(pupils.first + years, pupils.last + years)


def _named(cohorts: tuple[Cohort, ...], years: Years) -> str | None:
    return next((c.name for c in cohorts if c.first <= years.first and years.last <= c.last), None)


def life_stage(person: Mapping[str, Any], reference: Path) -> LifeStage:
    """Return the times of one person's life.

    Args:
        person: Columns of the `people` asset: age, sex, prefecture, education, education_detail.
        reference: The folder of the figures that ship.
    """
    return _life_stage(
        person["age"], person["sex"], person["prefecture"],
        person["education"], person["education_detail"], reference,
    )  # fmt: skip


@cache
def _life_stage(
    age: int, sex: str, prefecture: str, education: str, detail: str, reference: Path
) -> LifeStage:
    ended = compulsory_end(age)
    left = leaving_years(age, education, detail)
    openings = _openings(reference)
    return LifeStage(
        born=birth_years(age),
        cohort=cohort_name(age),
        school_from=school_entry(age),
        compulsory_until=ended,
        left_school=left,
        leaving_period=leaving_period(left),
        openings=tuple(
            openings[prefecture, year - 1]
            for year in left or ()
            if (prefecture, year - 1) in openings
        ),
        upper_secondary_share=_advanced(reference, sex, "upper_secondary", ended, 0),
        college_share=_advanced(reference, sex, "college", ended, 3),
    )


@cache
def _openings(reference: Path) -> dict[tuple[str, int], float]:
    table = pl.read_csv(reference / "culture" / "job_openings.csv")
    return {(key, year): ratio for key, year, ratio in table.iter_rows()}


@cache
def _advancement(reference: Path) -> dict[tuple[int, str, str], float]:
    table = pl.read_csv(reference / "culture" / "advancement.csv")
    return {(year, sex, school): share for year, sex, school, share in table.iter_rows()}


def _advanced(
    reference: Path, sex: str, school: str, ended: Years | None, later: int
) -> float | None:
    """Return the mean of the two possible years, which differ by little."""
    shares = _advancement(reference)
    keys = [(year + later, sex, school) for year in ended or ()]
    if not keys or any(key not in shares for key in keys):
        return None
    return sum(shares[key] for key in keys) / len(keys)


@cache
def place(prefecture: str, municipality_code: str, reference: Path) -> Place:
    """Return where somebody lives, in figures.

    Args:
        prefecture: Key of the prefecture.
        municipality_code: Code of the municipality.
        reference: The folder of the figures that ship.
    """
    residents, old = _residents(reference)[municipality_code]
    snow = pl.read_csv(reference / "culture" / "snow.csv")
    foods = pl.read_csv(reference / "lifestyle" / "foods.csv").filter(
        pl.col("prefecture") == prefecture
    )
    return Place(
        residents=residents,
        share_65=old / residents if residents else 0.0,
        snow_days=dict(snow.iter_rows())[prefecture],
        industries=_industries(reference)[prefecture],
        capital=foods["city"][0],
        # The table is sorted by the ratio; alcohol is left to the people's own foods.
        foods=tuple(
            foods.filter(pl.col("min_age") == 0)
            .head(_FOODS)
            .select("item", "spending_ratio")
            .iter_rows()
        ),
    )


@cache
def _residents(reference: Path) -> dict[str, tuple[int, int]]:
    table = pl.read_csv(
        reference / "geography" / "municipalities.csv", schema_overrides={"code": pl.String}
    )
    chosen = table.select("code", pl.col("male") + pl.col("female"), "age_65_plus")
    return {code: (residents, old) for code, residents, old in chosen.iter_rows()}


@cache
def _industries(reference: Path) -> dict[str, tuple[tuple[str, float, float], ...]]:
    table = pl.read_csv(reference / "census" / "industry_imputed.csv").filter(
        pl.col("industry").is_in(list(levels.INDUSTRY))
    )
    own = pl.col("count").sum().over("industry")
    shares = table.with_columns(
        share=pl.col("count") / pl.col("count").sum().over("prefecture"),
        nation=own / pl.col("count").sum(),
    ).filter(pl.col("share") >= _INDUSTRY_FROM)
    return {
        key: tuple(
            (levels.INDUSTRY[industry], share, nation)
            for industry, share, nation in rows.sort(
                pl.col("share") / pl.col("nation"), descending=True
            )
            .head(_INDUSTRIES)
            .select("industry", "share", "nation")
            .iter_rows()
        )
        for (key,), rows in shares.partition_by("prefecture", as_dict=True).items()
    }
