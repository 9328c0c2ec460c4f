"""Margins: tables made tidy and consistent, so that one joint can meet them all.

Three rules make tables agree (docs/census.md):

1. One authority: residents by prefecture, sex and age set the size of every cell; everything
   else is scaled to it.
2. Unknowns (不詳) are spread within their own cell, in proportion to what is known there.
3. Published and imputed (不詳補完値) series are never added up: where an imputed total exists it
   is the authority, and the published table gives only the shape inside it.

Every margin is a frame of axis columns and `count` (persons, float, >= 0) over residents aged 15
or more, the universe of the census tables on schooling and work. Arrays inside have the axes
prefecture (47), sex (2), then the table's own.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandera.polars as pa
import polars as pl

from persona_assets import levels
from persona_assets.census.tables import TableError
from persona_assets.partitions import prefectures
from persona_assets.raking import FloatArray, IntArray, Target, rake

Tables = Mapping[str, pl.DataFrame]

OLDEST_AGE = 104
SINGLE_AGES = tuple(range(15, OLDEST_AGE + 1))
# Groups of the census tables on marital status and work: 15-19 is one there.
CENSUS_AGE_GROUPS = ("15-19", *levels.AGE_GROUPS[2:])

# Margins must agree better than the joint is asked to meet them.
TOLERANCE = 1e-12

MARGIN_NAMES = (
    "population",
    "marital_status",
    "employment",
    "labour_status",
    "inactivity",
    "education",
    "school",
    "employment_status",
    "occupation",
    "industry",
)


def build_margins(tables: Tables) -> dict[str, pl.DataFrame]:
    """Return every margin, by name, from the tables of `data/reference/census`.

    Args:
        tables: The census tables by their name, such as `marital_status`.

    Returns:
        The frames named in MARGIN_NAMES, each with `prefecture`, its axes, and `count`.
    """
    population = single_year_population(tables)
    by_group = _to_groups(population)
    by_census_group = np.concatenate(
        [by_group[..., :2].sum(axis=-1, keepdims=True), by_group[..., 2:]], axis=-1
    )
    marital, marital_unknown = _marital(tables, by_group, by_census_group)
    labour = _labour(tables, by_group.sum(axis=-1))
    employed, unemployed, inactive = np.moveaxis(labour, -1, 0)
    education = _education(tables, by_group.sum(axis=-1))
    in_school = education[..., list(levels.EDUCATION).index("in_school")]
    keys, sex = tuple(prefectures()), tuple(levels.SEX)
    frames = {
        "population": _frame(population, prefecture=keys, sex=sex, age=SINGLE_AGES),
        "marital_status": _frame(
            marital, prefecture=keys, sex=sex, age_group=levels.AGE_GROUPS, marital=levels.MARITAL
        ),
        "employment": _frame(
            _employment(tables, by_census_group, marital_unknown, employed),
            prefecture=keys,
            sex=sex,
            age_group=CENSUS_AGE_GROUPS,
            employed=("yes", "no"),
        ),
        "labour_status": _frame(
            np.stack([employed, unemployed, inactive], axis=-1),
            prefecture=keys,
            sex=sex,
            labour_status=("employed", "unemployed", "inactive"),
        ),
        "inactivity": _frame(
            _inactivity(tables, inactive.sum(axis=-1)),
            prefecture=keys,
            labour_status=("housework", "studying", "other"),
        ),
        "education": _frame(education, prefecture=keys, sex=sex, education=levels.EDUCATION),
        "school": _frame(
            _school(tables, in_school), prefecture=keys, sex=sex, school=SCHOOLS_FROM_15
        ),
        "employment_status": _frame(
            _scaled(
                _array(tables["employment_status"], sex=sex,
                       employment_status=tuple(levels.EMPLOYMENT_STATUS)),
                employed,
            ),
            prefecture=keys, sex=sex, employment_status=levels.EMPLOYMENT_STATUS,
        ),
        "occupation": _frame(
            _imputed(tables, "occupation", tuple(levels.OCCUPATION), employed),
            prefecture=keys, sex=sex, occupation=levels.OCCUPATION,
        ),
        "industry": _frame(
            _imputed(tables, "industry", tuple(levels.INDUSTRY), employed),
            prefecture=keys, sex=sex, industry=levels.INDUSTRY,
        ),
    }  # fmt: skip
    return {name: margin_schema(name).validate(frames[name]) for name in MARGIN_NAMES}


SCHOOLS_FROM_15 = ("lower_secondary", *levels.SCHOOL)

MARGIN_AXES: Mapping[str, tuple[str, ...]] = {
    "population": ("prefecture", "sex", "age"),
    "marital_status": ("prefecture", "sex", "age_group", "marital"),
    "employment": ("prefecture", "sex", "age_group", "employed"),
    "labour_status": ("prefecture", "sex", "labour_status"),
    "inactivity": ("prefecture", "labour_status"),
    "education": ("prefecture", "sex", "education"),
    "school": ("prefecture", "sex", "school"),
    "employment_status": ("prefecture", "sex", "employment_status"),
    "occupation": ("prefecture", "sex", "occupation"),
    "industry": ("prefecture", "sex", "industry"),
}


def margin_schema(name: str) -> pa.DataFrameSchema:
    """Return the contract of one margin: its axes, then `count`, 0 or more, no cell twice."""
    axes = MARGIN_AXES[name]
    columns = {axis: pa.Column(pl.Int64 if axis == "age" else pl.String) for axis in axes}
    columns["count"] = pa.Column(pl.Float64, pa.Check.ge(0))
    return pa.DataFrameSchema(columns, strict=True, ordered=True, unique=list(axes), name=name)


def single_year_population(tables: Tables) -> FloatArray:
    """Return residents by prefecture, sex and single year of age 15 to 104, unknown ages spread.

    The published counts of known ages are scaled, within 0-14, 15-64 and 65 or more, to the imputed
    counts of prefecture and sex. Single years to 18 are published. From 20, a monotone cubic spline
    through the cumulative five-year counts gives the years inside a group (PCHIP, Fritsch and
    Carlson 1980), so every group keeps its count exactly.
    """
    # Half a second to import, and only the statistics need it, not the runs of 47 prefectures.
    from scipy.interpolate import PchipInterpolator

    groups = (*(f"{a}-{a + 4}" for a in range(0, 100, 5)), "100+")
    sex = tuple(levels.SEX)
    known = _array(tables["population_by_age"], sex=sex, age_group=groups)
    imputed = _array(tables["population_imputed"], sex=sex, age_group=("0-14", "15-64", "65+"))
    # 0-14 are three five-year groups, 15-64 ten, 65 or more eight.
    broad = np.add.reduceat(known, [0, 3, 13], axis=-1)
    spread = np.repeat(imputed / broad, [3, 10, 8], axis=-1)
    known = known * spread
    single = (
        _array(tables["population_single_years"], sex=sex, age=tuple(str(a) for a in range(19)))[
            ..., 15:
        ]
        * spread[..., groups.index("15-19")][..., None]
    )
    at_19 = known[..., groups.index("15-19")] - single.sum(axis=-1)
    # Cumulative counts at ages 0, 5, ..., 100; the last group has no upper end.
    cumulative = np.concatenate(
        [np.zeros((*known.shape[:2], 1)), known[..., :-1].cumsum(axis=-1)], axis=-1
    )
    years = np.diff(
        PchipInterpolator(np.arange(0, 101, 5), cumulative, axis=-1)(np.arange(20, 101)), axis=-1
    )
    centenarians = known[..., -1:] * _tail(known[..., -2].sum(), known[..., -1].sum())
    return np.concatenate([single, at_19[..., None], years, centenarians], axis=-1)


def _tail(at_95_to_99: float, at_100: float) -> FloatArray:
    """Return the share of each year from 100 to 104 among those of 100 or more.

    If each year keeps the share r of the year before, the ratio of the two counts is
    r^5 / (1 - r^5), which gives r from the census itself.
    """
    ratio = at_100 / at_95_to_99
    kept = (ratio / (1 + ratio)) ** 0.2
    years = kept ** np.arange(OLDEST_AGE - 99)
    return np.asarray(years / years.sum())


def age_group_of(ages: Sequence[int]) -> IntArray:
    """Return the position in AGE_GROUPS of each single year of age, 15 or more."""
    starts = [int(group.removesuffix("+").split("-")[0]) for group in levels.AGE_GROUPS]
    return np.searchsorted(np.array(starts), np.asarray(ages), side="right") - 1


def _to_groups(population: FloatArray) -> FloatArray:
    position = age_group_of(SINGLE_AGES)
    return np.stack(
        [population[..., position == g].sum(axis=-1) for g in range(len(levels.AGE_GROUPS))],
        axis=-1,
    )


def _marital(
    tables: Tables, by_group: FloatArray, by_census_group: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return marital status by model age group, and how many have none known, by census group.

    Nobody of 15-17 counts as ever married: in 2020 men could marry from 18 and women from 16, few
    of whom did (ASSUMED none). The few married of 15-19 are therefore 18 or 19. The table has no
    widowed of 15-19 or 20-24, only 1,645 of both together in the nation: those cells are empty.
    """
    known = _array(
        tables["marital_status"],
        sex=tuple(levels.SEX), age_group=CENSUS_AGE_GROUPS, marital=tuple(levels.MARITAL),
        missing=0.0,
    )  # fmt: skip
    unknown = np.maximum(by_census_group - known.sum(axis=-1), 0)
    spread = _scaled(known, by_census_group)
    teens = spread[..., 0, :].copy()
    never = list(levels.MARITAL).index("never_married")
    minors = np.zeros_like(teens)
    minors[..., never] = by_group[..., 0]
    adults = teens - minors
    return np.concatenate(
        [np.stack([minors, adults], axis=-2), spread[..., 1:, :]], axis=-2
    ), unknown


def _labour(tables: Tables, residents: FloatArray) -> FloatArray:
    """Return employed, unemployed, inactive: the imputed series, scaled to all residents of 15+."""
    table = tables["labour_status"].filter(pl.col("series") == "imputed").drop("series")
    imputed = _array(
        table, sex=tuple(levels.SEX), labour_status=("employed", "unemployed", "inactive")
    )
    return _scaled(imputed, residents)


def _employment(
    tables: Tables, residents: FloatArray, unknown: FloatArray, employed: FloatArray
) -> FloatArray:
    """Return employed and not, by census age group, adding up to the imputed employed.

    The published table by age lacks those whose labour status is unknown, and these are not evenly
    spread: young men in cities are missed most. They are placed by age as those whose marital
    status is unknown are; the published rate among the rest is then raked to the imputed total.
    Against the Labour Force Survey's employment rates of 2020 this is right within 4 points at
    every age from 20 to 74, where scaling the odds of all ages alike is off by up to 12
    (docs/census.md).
    """
    published = _array(
        tables["employed_by_age"], sex=tuple(levels.SEX), age_group=CENSUS_AGE_GROUPS
    )
    labour = tables["labour_status"].filter(pl.col("series") == "published").drop("series")
    known = _array(labour, sex=tuple(levels.SEX), labour_status=("labour_force", "inactive")).sum(
        axis=-1
    )
    missing = np.maximum(residents.sum(axis=-1) - known, 0)
    missing_by_age = _scaled(unknown, missing)
    rate = np.clip(published / np.maximum(residents - missing_by_age, 1), 1e-4, 0.99)
    result = np.empty((*residents.shape, 2))
    ages = np.arange(residents.shape[-1])
    for where in np.ndindex(residents.shape[:2]):
        seed = np.stack([rate[where], 1 - rate[where]], axis=-1) * residents[where][:, None]
        total = residents[where].sum()
        raked = rake(
            seed.ravel(),
            [
                Target("population", np.repeat(ages, 2), residents[where], CENSUS_AGE_GROUPS),
                Target(
                    "labour_status",
                    np.tile([0, 1], len(ages)),
                    np.array([employed[where], total - employed[where]]),
                    ("employed", "not employed"),
                ),
            ],
            tolerance=TOLERANCE,
        )
        result[where] = raked.weights.reshape(-1, 2)
    return result


def _inactivity(tables: Tables, inactive: FloatArray) -> FloatArray:
    """Return housework, studying and other by prefecture, scaled to the imputed inactive."""
    detail = tables["labour_detail"].rename({"item": "labour_status"})
    published = _array(detail, labour_status=("housework", "studying", "other"))
    return _scaled(published, inactive)


def _education(tables: Tables, residents: FloatArray) -> FloatArray:
    """Return the model's levels, unknown schooling spread, scaled to all residents of 15+."""
    census = (
        "primary", "lower_secondary", "upper_secondary", "junior_college", "university",
        "graduate_school", "graduates_unknown", "in_school", "never_attended", "unknown",
    )  # fmt: skip
    table = _array(tables["education"], sex=tuple(levels.SEX), education=census)
    part = {name: table[..., position] for position, name in enumerate(census)}
    known = np.stack([part[name] for name in census[:6]], axis=-1)
    graduates = _scaled(known, known.sum(axis=-1) + part["graduates_unknown"])
    lower = graduates[..., 0] + graduates[..., 1] + part["never_attended"]
    merged = np.stack([lower, *np.moveaxis(graduates[..., 2:], -1, 0), part["in_school"]], axis=-1)
    return _scaled(merged, residents)


def _school(tables: Tables, in_school: FloatArray) -> FloatArray:
    """Return people of 15+ in school by its type; what no upper type explains is lower secondary.

    On 1 October those born from April to September are 15 in their last year of lower secondary.
    """
    upper = _array(tables["enrolment"], sex=tuple(levels.SEX), school=tuple(levels.SCHOOL))
    published = _array(tables["education"], sex=tuple(levels.SEX), education=("in_school",))[..., 0]
    lower = np.maximum(published - upper.sum(axis=-1), 1)
    return _scaled(np.concatenate([lower[..., None], upper], axis=-1), in_school)


def _imputed(tables: Tables, axis: str, codes: tuple[str, ...], employed: FloatArray) -> FloatArray:
    """Return employed people by sex and `axis`: published shape, raked to the imputed totals."""
    published = _array(tables[axis].rename({axis: "code"}), sex=tuple(levels.SEX), code=codes)
    imputed = _array(tables[f"{axis}_imputed"].rename({axis: "code"}), code=codes)
    totals = _scaled(imputed, employed.sum(axis=-1))
    result = np.empty_like(published)
    sexes, columns = published.shape[1:]
    for prefecture in range(len(published)):
        raked = rake(
            published[prefecture].ravel(),
            [
                Target(
                    "labour_status", np.repeat(np.arange(sexes), columns), employed[prefecture],
                    tuple(levels.SEX),
                ),
                Target(
                    f"{axis}_imputed", np.tile(np.arange(columns), sexes), totals[prefecture], codes
                ),
            ],
            tolerance=TOLERANCE,
        )  # fmt: skip
        result[prefecture] = raked.weights.reshape(sexes, columns)
    return result


def _scaled(parts: FloatArray, totals: FloatArray) -> FloatArray:
    """Scale `parts` along its last axis so that they add up to `totals`."""
    scaled: FloatArray = parts * (totals / parts.sum(axis=-1))[..., None]
    return scaled


def _array(
    table: pl.DataFrame, *, missing: float | None = None, **axes: Sequence[str]
) -> FloatArray:
    """Return the table's counts as an array of prefecture and the given axes, in their order.

    Raises:
        TableError: a cell is missing from the table and nothing was said to stand for it.
    """
    axes = {"prefecture": tuple(prefectures()), **axes}
    grid = pl.DataFrame({"cell": [0]})
    for axis, codes in axes.items():
        grid = grid.join(pl.DataFrame({axis: codes}), how="cross")
    counts = grid.join(table, on=list(axes), how="left", maintain_order="left")["count"]
    if missing is not None:
        counts = counts.fill_null(missing)
    if counts.null_count():
        cell = grid.drop("cell").row(int(counts.is_null().arg_max() or 0), named=True)
        raise TableError(f"a census table has no cell {cell}; restore the table")
    return counts.to_numpy().reshape([len(codes) for codes in axes.values()]).astype(np.float64)


def _frame(counts: FloatArray, **axes: Sequence[object] | Mapping[str, str]) -> pl.DataFrame:
    """Return an array as a frame with one row per cell, the opposite of `_array`."""
    codes = [list(levels_) for levels_ in axes.values()]
    positions = np.unravel_index(np.arange(counts.size), counts.shape)
    columns = {axis: pl.Series(axis, codes[i]).gather(positions[i]) for i, axis in enumerate(axes)}
    return pl.DataFrame({**columns, "count": counts.ravel()})
