"""The cells of the joint: the model's variables, and the combinations that cannot occur.

A structural zero is not a cell. Each is declared here with its reason; seeds and targets are not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from persona_assets import levels
from persona_assets.census.margins import SINGLE_AGES, age_group_of

ADULT_AGES = tuple(age for age in SINGLE_AGES if age >= 18)


@dataclass(frozen=True, slots=True)
class StructuralZero:
    """A combination that cannot occur, as a condition over the variables, and why."""

    reason: str
    condition: pl.Expr


_STUDENTS = pl.col("education") == "in_school"
_AGE = pl.col("age_group")

STRUCTURAL_ZEROS: tuple[StructuralZero, ...] = (
    StructuralZero(
        "nobody of 15-17 counts as ever married",
        (_AGE == "15-17") & (pl.col("marital") != "never_married"),
    ),
    StructuralZero(
        "the census tables give no widowed people under 25",
        (pl.col("marital") == "widowed") & _AGE.is_in(["18-19", "20-24"]),
    ),
    StructuralZero(
        "junior college and university are left at 20 or later",
        _AGE.is_in(["15-17", "18-19"])
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
        _STUDENTS & _AGE.is_in([*levels.AGE_GROUPS[5:]]),
    ),
    StructuralZero(
        "who is in school and neither works nor looks for work is counted as studying",
        _STUDENTS & pl.col("labour_status").is_in(["housework", "other"]),
    ),
)

WORK_ZEROS: tuple[StructuralZero, ...] = (
    StructuralZero(
        "police, fire service and guards are employed (ASSUMED of the few guards on their own)",
        (pl.col("occupation") == "F") & (pl.col("employment_status") != "employee"),
    ),
    StructuralZero(
        "who manages a company or an office is not its family worker",
        (pl.col("occupation") == "A") & (pl.col("employment_status") == "family_worker"),
    ),
)
INDUSTRY_ZEROS: tuple[StructuralZero, ...] = (
    *WORK_ZEROS,
    StructuralZero(
        "public service has employees only",
        (pl.col("industry") == "S") & (pl.col("employment_status") != "employee"),
    ),
)

# Activity is labour status with, for the employed, the occupation: one axis, so that nobody who
# does not work takes up cells of occupations.
ACTIVITIES = pl.DataFrame(
    [("employed", code) for code in levels.OCCUPATION]
    + [(code, None) for code in levels.LABOUR_STATUS if code != "employed"],
    schema={"labour_status": pl.String, "occupation": pl.String},
    orient="row",
)


def people_cells() -> pl.DataFrame:
    """Return every possible combination of sex, age group, activity, education, marital status.

    The order of the axes is the order in which the systematic draw controls them.
    """
    cells = _product(sex=levels.SEX, age_group=levels.AGE_GROUPS)
    cells = cells.join(ACTIVITIES, how="cross")
    cells = cells.join(_product(education=levels.EDUCATION, marital=levels.MARITAL), how="cross")
    return _possible(cells, STRUCTURAL_ZEROS)


# Ages at which each kind of school is attended; ASSUMED, wide enough for late starters.
SCHOOL_AGES: Mapping[str, tuple[str, ...]] = {
    "lower_secondary": ("15-17",),
    "upper_secondary": ("15-17", "18-19"),
    "junior_college": ("15-17", "18-19", "20-24"),
    "university": ("18-19", "20-24", "25-29", "30-34"),
    "graduate_school": ("20-24", "25-29", "30-34"),
}


# How likely each schooling is at a single year of age, up to a factor, on census day (1 October):
# who was born from April to September is still a year behind those born from October to March, so
# half of those aged 18 are in upper secondary school. The halves follow from the school year, the
# rest is ASSUMED. Below the first age named: 0; above the last: as at the last.
SCHOOLING_AT_AGE: Mapping[str, Mapping[int, float]] = {
    "upper_secondary": {18: 0.5, 19: 1},
    "junior_college": {20: 0.5, 21: 1},
    "university": {22: 0.5, 23: 1},
    "graduate_school": {24: 0.5, 25: 1},
    "in_school/lower_secondary": {15: 0.5, 16: 0},
    "in_school/upper_secondary": {15: 0.5, 16: 1, 18: 0.5, 19: 0.02},
    "in_school/junior_college": {15: 0.1, 18: 0.5, 19: 1, 20: 0.5, 21: 0.1, 22: 0.05, 23: 0.02},
    "in_school/university": {18: 0.5, 19: 1, 22: 0.5, 23: 0.15, 24: 0.1, 25: 0.02},
    "in_school/graduate_school": {22: 0.5, 23: 1, 24: 0.8, 25: 0.4, 26: 0.3, 28: 0.1},
}


def schooling_at(name: str, age: int) -> float:
    """Return the value of one curve of SCHOOLING_AT_AGE at an age; 1 where there is no curve."""
    curve = SCHOOLING_AT_AGE.get(name)
    if curve is None:
        return 1.0
    named = [start for start in curve if start <= age]
    return curve[max(named)] if named else 0.0


def school_cells() -> pl.DataFrame:
    """Return sex, age group and kind of school of people in school, with a seed.

    The seed is the sum of the school's curve over the ages of the group.
    """
    rows = [
        (sex, group, school, sum(schooling_at(f"in_school/{school}", age) for age in ages))
        for sex in levels.SEX
        for school, groups in SCHOOL_AGES.items()
        for group in groups
        for ages in [
            [age for age in SINGLE_AGES if levels.AGE_GROUPS[age_group_of([age])[0]] == group]
        ]
    ]
    return pl.DataFrame(rows, schema=["sex", "age_group", "school", "seed"], orient="row")


def age_cells() -> pl.DataFrame:
    """Return adults' sex, age group, single year of age, education and school, with a seed.

    Returns:
        sex, age_group, age, education, school (null unless in school), seed; combinations that
        cannot occur are left out.
    """
    schooling: list[tuple[str, str | None]] = [
        (level, None) for level in levels.EDUCATION if level != "in_school"
    ]
    schooling += [("in_school", school) for school in levels.SCHOOL]
    rows = []
    for sex in levels.SEX:
        for age in ADULT_AGES:
            group = levels.AGE_GROUPS[int(age_group_of([age])[0])]
            for education, school in schooling:
                if school is not None and group not in SCHOOL_AGES[school]:
                    continue
                name = education if school is None else f"{education}/{school}"
                seed = schooling_at(name, age)
                if seed > 0:
                    rows.append((sex, group, age, education, school, seed))
    return pl.DataFrame(
        rows, schema=["sex", "age_group", "age", "education", "school", "seed"], orient="row"
    )


def employment_status_cells() -> pl.DataFrame:
    """Return sex, age group, occupation and employment status of employed people."""
    cells = _product(
        sex=levels.SEX,
        age_group=levels.AGE_GROUPS,
        occupation=levels.OCCUPATION,
        employment_status=levels.EMPLOYMENT_STATUS,
    )
    return _possible(cells, WORK_ZEROS)


def industry_cells() -> pl.DataFrame:
    """Return sex, occupation, employment status and industry of employed people."""
    cells = _product(
        sex=levels.SEX,
        occupation=levels.OCCUPATION,
        employment_status=levels.EMPLOYMENT_STATUS,
        industry=levels.INDUSTRY,
    )
    return _possible(cells, INDUSTRY_ZEROS)


def _possible(cells: pl.DataFrame, zeros: tuple[StructuralZero, ...]) -> pl.DataFrame:
    return cells.filter(~pl.any_horizontal(zero.condition for zero in zeros))


def _product(**axes: Mapping[str, str] | tuple[str, ...]) -> pl.DataFrame:
    frame: pl.DataFrame | None = None
    for axis, codes in axes.items():
        column = pl.DataFrame({axis: list(codes)})
        frame = column if frame is None else frame.join(column, how="cross")
    assert frame is not None  # noqa: S101 - every caller names at least one axis
    return frame
