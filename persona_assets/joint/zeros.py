"""Structural zeros: combinations that cannot occur, each with its reason. They are not cells."""

from dataclasses import dataclass

import polars as pl

from persona_assets import levels
from persona_assets.joint.domain import age_bounds, first_age
from persona_assets.joint.schooling import SCHOOL_AGES, SCHOOLING_AT_AGE


@dataclass(frozen=True, slots=True)
class StructuralZero:
    """A combination that cannot occur, as a condition over the variables, and why.

    Attributes:
        reason: Why; ASSUMED where it is a judgement and not the definition of the table.
        condition: True for the combinations.
    """

    reason: str
    condition: pl.Expr


_STUDENTS = pl.col("education") == "in_school"
_AGE = pl.col("age_group")
_WORKS = pl.col("labour_status") == "employed"
_STATUS = pl.col("employment_status")
_KIND = pl.col("worker_kind")
_OLD = [*levels.AGE_GROUPS[5:]]
_TEENS = ["15-17", "18-19"]

PEOPLE: tuple[StructuralZero, ...] = (
    StructuralZero(
        "who works has an occupation, and nobody else",
        pl.col("occupation").is_null() == _WORKS,
    ),
    StructuralZero(
        "nobody of 15-17 counts as ever married",
        (_AGE == "15-17") & (pl.col("marital") != "never_married"),
    ),
    StructuralZero(
        "the census tables give no widowed people under 25",
        (pl.col("marital") == "widowed") & _AGE.is_in([*_TEENS, "20-24"]),
    ),
    StructuralZero(
        "junior college and university are left at 20 or later",
        _AGE.is_in(_TEENS)
        & pl.col("education").is_in(["junior_college", "university", "graduate_school"]),
    ),
    StructuralZero(
        "upper secondary school is left at 18 or later",
        (_AGE == "15-17") & (pl.col("education") == "upper_secondary"),
    ),
    StructuralZero(
        "only who is in school can be studying without working",
        ~_STUDENTS & (pl.col("labour_status") == "studying"),
    ),
    StructuralZero(
        "nobody of 35 or more is in school (ASSUMED; the census counts few and gives no ages)",
        _STUDENTS & _AGE.is_in(_OLD),
    ),
    StructuralZero(
        "who is in school and neither works nor looks for work is counted as studying",
        _STUDENTS & pl.col("labour_status").is_in(["housework", "other"]),
    ),
)

EMPLOYMENT_STATUS: tuple[StructuralZero, ...] = (
    StructuralZero("who works has an employment status", _STATUS.is_null()),
    StructuralZero(
        "police, fire service and guards are employed (ASSUMED of the few guards on their own)",
        (pl.col("occupation") == "F")
        & _STATUS.is_in(["executive", "employer", "own_account", "family_worker"]),
    ),
    StructuralZero(
        "managers are those of companies and offices: directors or employees (ASSUMED of owners)",
        (pl.col("occupation") == "A") & _STATUS.is_in(["employer", "own_account", "family_worker"]),
    ),
    StructuralZero(
        "nobody of 15-17 directs a company or employs others (ASSUMED)",
        (_AGE == "15-17") & _STATUS.is_in(["executive", "employer"]),
    ),
)

WORK_MODE: tuple[StructuralZero, ...] = (
    StructuralZero("who works does so in one of the four ways", pl.col("work_mode").is_null()),
    StructuralZero(
        "only who is in school works beside school",
        (pl.col("in_school") == "no") & (pl.col("work_mode") == "working_beside_study"),
    ),
)

OCCUPATION_CLASS: tuple[StructuralZero, ...] = (
    StructuralZero(
        "public officials direct no company",
        (pl.col("occupation_class") == "管理的公務員") & (_KIND == "executive"),
    ),
)

INDUSTRY: tuple[StructuralZero, ...] = (
    StructuralZero("who works does so in an industry", pl.col("industry").is_null()),
    StructuralZero(
        "public service has employees only",
        (pl.col("industry") == "S") & (_KIND != "employee"),
    ),
)

SCHOOL: tuple[StructuralZero, ...] = (
    StructuralZero(
        "who is in school goes to a school, and nobody else",
        pl.col("school").is_null() == _STUDENTS,
    ),
    *(
        StructuralZero(
            f"ages of {school}: {', '.join(groups)} (ASSUMED, wide enough for late starters)",
            (pl.col("school") == school) & ~_AGE.is_in(list(groups)),
        )
        for school, groups in SCHOOL_AGES.items()
    ),
)


def _outside(group: str) -> pl.Expr:
    return _AGE.eq(group) & ~pl.col("age").is_between(*age_bounds(group))


def _before(name: str, first: int) -> pl.Expr:
    education, _, school = name.partition("/")
    condition = (pl.col("education") == education) & (pl.col("age") < first)
    return condition & (pl.col("school") == school) if school else condition


# A schooling that starts with an age group is no cell of the groups before, by the zeros above.
_STARTS = [first_age(group) for group in levels.AGE_GROUPS]

AGE: tuple[StructuralZero, ...] = (
    StructuralZero(
        "an age lies in its age group",
        pl.any_horizontal(_outside(group) for group in levels.AGE_GROUPS),
    ),
    *(
        StructuralZero(f"{name} is not reached before {min(curve)}", _before(name, min(curve)))
        for name, curve in SCHOOLING_AT_AGE.items()
        if min(curve) not in _STARTS
    ),
    StructuralZero(
        "lower secondary school is left at 16",
        (pl.col("school") == "lower_secondary") & (pl.col("age") >= 16),
    ),
)

HOUSEHOLD: tuple[StructuralZero, ...] = (
    StructuralZero(
        "a couple-only household is a married couple (the census counts unregistered marriage)",
        (pl.col("household") == "couple_only") & (pl.col("marital") != "married"),
    ),
    StructuralZero(
        "nobody keeps house in an institution (ASSUMED)",
        (pl.col("household") == "institution") & (pl.col("labour_status") == "housework"),
    ),
)

_DETAIL = pl.col("education_detail")
EDUCATION_DETAIL: tuple[StructuralZero, ...] = (
    StructuralZero(
        "the census counts each kind of school among one level, vocational schools among three",
        ~pl.any_horizontal(
            (pl.col("education") == level) & _DETAIL.is_in(list(details))
            for level, details in levels.EDUCATION_DETAILS_OF.items()
        ),
    ),
    StructuralZero(
        "vocational schools (専修学校) exist since 1976: who was 18 before has left none "
        "(ASSUMED: they were entered at 18)",
        (_DETAIL == "vocational_school") & _AGE.is_in([*levels.AGE_GROUPS[11:]]),
    ),
    StructuralZero(
        "technical colleges (高専) exist since 1962: who was 15 before has left none",
        (_DETAIL == "technical_college") & _AGE.is_in([*levels.AGE_GROUPS[13:]]),
    ),
)
