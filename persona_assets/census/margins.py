"""Margins: tables made tidy and consistent, so that one joint can meet them all.

Three rules make tables agree (docs/census.md):

1. One authority: residents by prefecture, sex and age set the size of every cell; everything
   else is scaled to it.
2. Unknowns (不詳) are spread within their own cell, in proportion to what is known there.
3. Published and imputed (不詳補完値) series are never added up: where an imputed total exists it
   is the authority, and the published table gives only the shape inside it.

Every margin is a frame of axis columns and `count` (persons, float, >= 0) over residents aged 15
or more, the universe of the census tables on schooling and work. It comes with a report of every
adjustment on the way from the tables to it. Arrays inside have the axes prefecture (47), sex (2,
or 1 where a table has no sexes), then the table's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
import pandera.polars as pa
import polars as pl

from persona_assets import levels
from persona_assets.census.consistency import ROUNDING, ConflictError, remainder
from persona_assets.census.tables import TableError
from persona_assets.partitions import prefectures
from persona_assets.raking import FloatArray, IntArray, MarginConflictError, Target, rake

Tables = Mapping[str, pl.DataFrame]
Margins = Mapping[str, pl.DataFrame]

OLDEST_AGE = 104
SINGLE_AGES = tuple(range(15, OLDEST_AGE + 1))
# Groups of the census tables on marital status and work: 15-19 is one there.
CENSUS_AGE_GROUPS = ("15-19", *levels.AGE_GROUPS[2:])
# Groups of the census table on residents, those of unknown age left out.
POPULATION_AGE_GROUPS = (*(f"{a}-{a + 4}" for a in range(0, 100, 5)), "100+")
# The family types of general households, and the fewest adults that a household of a type with
# children has. In households of the other types live no children.
FAMILY_TYPES = tuple(code for code in levels.HOUSEHOLD if code != "institution")
FEWEST_ADULTS: Mapping[str, int] = MappingProxyType(
    {"couple_with_children": 2, "single_parent": 1, "other_relatives": 2, "non_relatives": 2}
)
# How often a member beyond these is under 15, against one of a couple with children. With a single
# parent and in other families more of them are grown children and grandparents; ASSUMED.
UNDER_15: Mapping[str, float] = MappingProxyType(
    {"couple_with_children": 1, "single_parent": 0.4, "other_relatives": 0.4, "non_relatives": 0.4}
)
LIVING_ALONE_BANDS = ("15-64", "65+")
SCHOOLS_FROM_15 = ("lower_secondary", *levels.SCHOOL)
WORKING = ("employed", "unemployed", "inactive")
SEX = tuple(levels.SEX)

# Margins must agree better than the joint is asked to meet them.
TOLERANCE = 1e-12
# Seeds of employment rates: nobody's age makes work impossible, nor certain.
LOWEST_RATE, HIGHEST_RATE = 1e-4, 0.99


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A margin and what was done to the tables to get it.

    Attributes:
        margin: The frame of `margin_schema`.
        adjustments: The frame of ADJUSTMENT_SCHEMA.
    """

    margin: pl.DataFrame
    adjustments: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Margin:
    """How one margin is made, and from what alone.

    Attributes:
        name: Its name.
        make: The function from tables and margins, both by name, to the margin.
        tables: The census tables it reads.
        margins: The margins it reads.
        description: One sentence for the UI.
    """

    name: str
    make: Callable[[Tables, Margins], Adjusted]
    tables: tuple[str, ...]
    margins: tuple[str, ...]
    description: str


def build_margins(tables: Tables) -> dict[str, pl.DataFrame]:
    """Return every margin, by name, from the tables of `data/reference/census`.

    Args:
        tables: The census tables by their name, such as `marital_status`.

    Returns:
        The frames named in MARGIN_NAMES, each with `prefecture`, its axes, and `count`.
    """
    return {name: adjusted.margin for name, adjusted in build_adjusted(tables).items()}


def build_adjusted(tables: Tables) -> dict[str, Adjusted]:
    """Return every margin with its adjustments, by name; see `build_margins`.

    Raises:
        ConflictError: two tables cannot both hold.
        TableError: a table lacks a cell.
    """
    done: dict[str, Adjusted] = {}
    for name, margin in MARGINS.items():
        done[name] = margin.make(
            {table: tables[table] for table in margin.tables},
            {other: done[other].margin for other in margin.margins},
        )
    return done


MARGIN_AXES: Mapping[str, tuple[str, ...]] = {
    "population": ("prefecture", "sex", "age"),
    "marital_status": ("prefecture", "sex", "age_group", "marital"),
    "employment": ("prefecture", "sex", "age_group", "employed"),
    "labour_status": ("prefecture", "sex", "labour_status"),
    "inactivity": ("prefecture", "labour_status"),
    "education": ("prefecture", "sex", "education"),
    "school": ("prefecture", "sex", "school"),
    "worker_class": ("prefecture", "sex", "worker_class"),
    "employment_status": ("prefecture", "employment_status"),
    "work_mode": ("prefecture", "work_mode"),
    "occupation": ("prefecture", "sex", "occupation"),
    "industry": ("prefecture", "sex", "industry"),
    "household": ("prefecture", "household"),
    "living_alone": ("prefecture", "age_band"),
}


def margin_schema(name: str) -> pa.DataFrameSchema:
    """Return the contract of one margin: its axes, then `count`, 0 or more, no cell twice."""
    axes = MARGIN_AXES[name]
    columns = {axis: pa.Column(pl.Int64 if axis == "age" else pl.String) for axis in axes}
    columns["count"] = pa.Column(pl.Float64, pa.Check.ge(0))
    return pa.DataFrameSchema(columns, strict=True, ordered=True, unique=list(axes), name=name)


# Every kind of adjustment and its reason.
STEPS: Mapping[str, str] = MappingProxyType(
    {
        "unknown_spread": "People whose answer is unknown (不詳) are spread over the known answers "
        "of their own cell in proportion, because nothing else is known of them.",
        "published_to_imputed": "The published count lacks everybody whose labour status is "
        "unknown, so the publisher's imputed count (不詳補完値) takes its place.",
        "scaled_to_authority": "A table of fewer people is multiplied to the count of its "
        "authority, with its proportions kept, because margins of one joint must have one size.",
        "raked": "Counts inside fixed totals are moved until the totals of a second table hold too "
        "(iterative proportional fitting), the smallest change that meets both.",
        "merged": "Answers that the model does not tell apart are counted as one: primary school "
        "and never attended are lower secondary (中学卒).",
        "dropped": "A figure that no cell of the margin takes is left out, and its people get the "
        "other answers of their place: the widowed under 25 are one figure for 15-24.",
        "assumed": "No table says where these people belong, so a stated assumption places them "
        "(docs/census.md).",
        "capped": "A share that the assumption before it puts above 99 in 100 is lowered to 99, "
        "because no cell may have more employed people than residents, or nearly all.",
        "interpolated": "The table has five-year groups; a curve through their cumulative counts "
        "gives single years, and moved is the difference from five equal years.",
    }
)

ADJUSTMENT_SCHEMA = pa.DataFrameSchema(
    {
        "margin": pa.Column(pl.String, pa.Check.isin(list(MARGIN_AXES))),
        "step": pa.Column(pl.String, pa.Check.isin(list(STEPS))),
        "tables": pa.Column(pl.String),
        "prefecture": pa.Column(pl.String),
        "sex": pa.Column(pl.String, pa.Check.isin([*SEX, "both"])),
        **{
            column: pa.Column(pl.Float64, pa.Check.ge(0))
            for column in ("before", "after", "moved", "share")
        },
    },
    strict=True,
    ordered=True,
    unique=["margin", "step", "prefecture", "sex"],
    name="adjustments",
)


def _adjusted(name: str, margin: pl.DataFrame, *steps: pl.DataFrame) -> Adjusted:
    adjustments = pl.concat(steps).select(pl.lit(name).alias("margin"), pl.all())
    return Adjusted(margin_schema(name).validate(margin), ADJUSTMENT_SCHEMA.validate(adjustments))


def _step(step: str, tables: str, before: FloatArray, after: FloatArray) -> pl.DataFrame:
    """Return one step's rows: people before and after, and how many changed their cell.

    Where the sum changes too, `moved` is the larger of what cells gained and what cells lost: the
    fewest people that must be added, removed or moved to get from one to the other.
    """
    sexes = SEX if before.shape[1] == len(SEX) else ("both",)
    places = (len(before), len(sexes), -1)
    change = (after - before).reshape(places)
    moved = np.maximum(
        np.clip(change, 0, None).sum(axis=-1), np.clip(-change, 0, None).sum(axis=-1)
    )
    rows = _frame(moved, sex=sexes).rename({"count": "moved"})
    return rows.select(
        pl.lit(step).alias("step"),
        pl.lit(tables).alias("tables"),
        "prefecture",
        "sex",
        pl.Series("before", before.reshape(places).sum(axis=-1).ravel()),
        pl.Series("after", after.reshape(places).sum(axis=-1).ravel()),
        "moved",
    ).with_columns(share=(pl.col("moved") / pl.col("after")).fill_nan(0.0))


def _population(tables: Tables, _: Margins) -> Adjusted:
    """Return residents by prefecture, sex and single year of age 15 to 104, unknown ages spread.

    The published counts of known ages are scaled, within 0-14, 15-64 and 65 or more, to the imputed
    counts of prefecture and sex. Single years to 18 are published. From 20, a monotone cubic spline
    through the cumulative five-year counts gives the years inside a group (PCHIP, Fritsch and
    Carlson 1980), so every group keeps its count exactly.
    """
    # Half a second to import, and only the statistics need it, not the runs of 47 prefectures.
    from scipy.interpolate import PchipInterpolator

    broad_groups = ("0-14", "15-64", "65+")
    published = _array(tables["population_by_age"], sex=SEX, age_group=POPULATION_AGE_GROUPS)
    imputed = _array(tables["population_imputed"], sex=SEX, age_group=broad_groups)
    # 0-14 are three five-year groups, 15-64 ten, 65 or more eight.
    broad = np.add.reduceat(published, [0, 3, 13], axis=-1)
    remainder(imputed, broad, "population_by_age", "population_imputed", "residents", broad_groups)
    spread = np.repeat(imputed / broad, [3, 10, 8], axis=-1)
    known = published * spread
    at_15_to_19 = POPULATION_AGE_GROUPS.index("15-19")
    single = (
        _array(tables["population_single_years"], sex=SEX, age=("15", "16", "17", "18"))
        * spread[..., at_15_to_19][..., None]
    )
    at_19 = remainder(
        known[..., at_15_to_19], single.sum(axis=-1), "population_single_years",
        "population_by_age", "residents of 15-18 among those of 15-19",
    )  # fmt: skip
    # Cumulative counts at ages 0, 5, ..., 100; the last group has no upper end.
    cumulative = np.concatenate(
        [np.zeros((*known.shape[:2], 1)), known[..., :-1].cumsum(axis=-1)], axis=-1
    )
    years = np.diff(
        PchipInterpolator(np.arange(0, 101, 5), cumulative, axis=-1)(np.arange(20, 101)), axis=-1
    )
    centenarians = known[..., -1:] * _tail(known[..., -2].sum(), known[..., -1].sum())
    single_years = np.concatenate([single, at_19[..., None], years, centenarians], axis=-1)
    from_20 = at_15_to_19 + 1
    return _adjusted(
        "population",
        _frame(single_years, sex=SEX, age=SINGLE_AGES),
        _step(
            "unknown_spread", "population_by_age, population_imputed",
            published[..., at_15_to_19:], known[..., at_15_to_19:],
        ),
        _step(
            "interpolated", "population_by_age",
            np.repeat(known[..., from_20:] / 5, 5, axis=-1), single_years[..., 5:],
        ),
    )  # fmt: skip


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


def _residents(margins: Margins) -> FloatArray:
    """Return residents by the model's age groups."""
    single_years = _array(margins["population"], sex=SEX, age=SINGLE_AGES)
    position = age_group_of(SINGLE_AGES)
    return np.stack(
        [single_years[..., position == g].sum(axis=-1) for g in range(len(levels.AGE_GROUPS))],
        axis=-1,
    )


def _to_census_groups(by_group: FloatArray) -> FloatArray:
    """Return counts by the model's age groups as counts by those of the census."""
    teens = by_group[..., :2].sum(axis=-1, keepdims=True)
    return np.concatenate([teens, by_group[..., 2:]], axis=-1)


def _marital_known(tables: Tables) -> FloatArray:
    """Return people of known marital status by census age group, 0 where the table has no cell."""
    return _array(
        tables["marital_status"],
        sex=SEX, age_group=CENSUS_AGE_GROUPS, marital=tuple(levels.MARITAL), missing=0.0,
    )  # fmt: skip


def _marital(tables: Tables, margins: Margins) -> Adjusted:
    """Return marital status by model age group.

    Nobody of 15-17 counts as ever married: in 2020 men could marry from 18 and women from 16, few
    of whom did (ASSUMED none). The few married of 15-19 are therefore 18 or 19. The table has no
    widowed of 15-19 or 20-24, only 1,645 of both together in the nation: those cells are empty.
    """
    by_group = _residents(margins)
    by_census_group = _to_census_groups(by_group)
    known = _marital_known(tables)
    # The published residents of known age tell those of unknown status from those of unknown age.
    residents = _array(tables["population_by_age"], sex=SEX, age_group=POPULATION_AGE_GROUPS[3:])
    residents = np.concatenate(
        [residents[..., :14], residents[..., 14:].sum(axis=-1, keepdims=True)], axis=-1
    )
    remainder(
        residents, known.sum(axis=-1), "marital_status", "population_by_age",
        "residents of known marital status", CENSUS_AGE_GROUPS,
    )  # fmt: skip
    spread = _scaled(known, by_census_group)
    teens = spread[..., 0, :].copy()
    never = list(levels.MARITAL).index("never_married")
    ever = np.delete(teens, never, axis=-1)
    remainder(
        by_group[..., 1], ever.sum(axis=-1), "marital_status", "population_single_years",
        "ever married of 15-19, taken to be 18 or 19",
    )  # fmt: skip
    minors = np.zeros_like(teens)
    minors[..., never] = by_group[..., 0]
    adults = teens - minors
    marital = np.concatenate([np.stack([minors, adults], axis=-2), spread[..., 1:, :]], axis=-2)

    under_25 = pl.col("age_group") == "15-24"
    widowed = _array(tables["marital_status"].filter(under_25), sex=SEX, missing=0.0)
    everyone = residents.sum(axis=-1)
    by_residents = ever * (by_group[..., 0] / by_census_group[..., 0])[..., None]
    return _adjusted(
        "marital_status",
        _frame(marital, sex=SEX, age_group=levels.AGE_GROUPS, marital=levels.MARITAL),
        _step(
            "unknown_spread", "marital_status, population_by_age",
            known.sum(axis=(-2, -1)) + widowed, everyone,
        ),
        _step(
            "dropped", "marital_status",
            np.stack([everyone - widowed, widowed], axis=-1),
            np.stack([everyone, np.zeros_like(widowed)], axis=-1),
        ),
        _step(
            "scaled_to_authority", "marital_status, population_imputed", residents, by_census_group
        ),
        _step(
            "assumed", "marital_status, population_single_years",
            np.stack([by_residents, ever - by_residents], axis=-1),
            np.stack([np.zeros_like(ever), ever], axis=-1),
        ),
    )  # fmt: skip


def _labour_series(tables: Tables, series: str, *statuses: str) -> FloatArray:
    table = tables["labour_status"].filter(pl.col("series") == series).drop("series")
    return _array(table, sex=SEX, labour_status=statuses)


def _labour(tables: Tables, margins: Margins) -> Adjusted:
    """Return employed, unemployed, inactive: the imputed series, scaled to all residents of 15+."""
    imputed = _labour_series(tables, "imputed", *WORKING)
    labour = _scaled(imputed, _residents(margins).sum(axis=-1))
    return _adjusted(
        "labour_status",
        _frame(labour, sex=SEX, labour_status=WORKING),
        _step(
            "published_to_imputed", "labour_status",
            _labour_series(tables, "published", *WORKING), imputed,
        ),
        _step("scaled_to_authority", "labour_status, population_imputed", imputed, labour),
    )  # fmt: skip


def _working(margins: Margins, status: str) -> FloatArray:
    """Return people of one labour status, from the margin."""
    return _array(margins["labour_status"], sex=SEX, labour_status=WORKING)[
        ..., WORKING.index(status)
    ]


def _employment(tables: Tables, margins: Margins) -> Adjusted:
    """Return employed and not, by census age group, adding up to the imputed employed.

    The published table by age lacks those whose labour status is unknown, and these are not evenly
    spread: young men in cities are missed most. They are placed by age as those whose marital
    status is unknown are; the published rate among the rest is then raked to the imputed total.
    Against the Labour Force Survey's employment rates of 2020 this is right within 4 points at
    every age from 20 to 74, where scaling the odds of all ages alike is off by up to 12
    (docs/census.md).
    """
    residents = _to_census_groups(_residents(margins))
    employed = _working(margins, "employed")
    published = _array(tables["employed_by_age"], sex=SEX, age_group=CENSUS_AGE_GROUPS)
    known = _labour_series(tables, "published", "labour_force", "inactive").sum(axis=-1)
    missing = remainder(
        residents.sum(axis=-1), known, "labour_status", "population_imputed",
        "residents of known labour status",
    )  # fmt: skip
    unknown = remainder(
        residents, _marital_known(tables).sum(axis=-1), "marital_status", "population_by_age",
        "residents of known marital status", CENSUS_AGE_GROUPS,
    )  # fmt: skip
    missing_by_age = _scaled(unknown, missing)
    uncapped = published / np.maximum(residents - missing_by_age, 1)
    rate = np.clip(uncapped, LOWEST_RATE, HIGHEST_RATE)
    result = np.empty((*residents.shape, 2))
    ages = np.arange(residents.shape[-1])
    for where in np.ndindex(residents.shape[:2]):
        seed = np.stack([rate[where], 1 - rate[where]], axis=-1) * residents[where][:, None]
        total = residents[where].sum()
        result[where] = _raked(
            seed,
            Target("population", np.repeat(ages, 2), residents[where], CENSUS_AGE_GROUPS),
            Target(
                "labour_status",
                np.tile([0, 1], len(ages)),
                np.array([employed[where], total - employed[where]]),
                ("employed", "not employed"),
            ),
            ("employed_by_age", "labour_status"),
            f"{tuple(prefectures())[where[0]]}, {SEX[where[1]]}",
        )
    pair = "employed_by_age, labour_status"
    imputed = _scaled(published, _labour_series(tables, "imputed", "employed")[..., 0])
    alike = _scaled(published, employed)
    return _adjusted(
        "employment",
        _frame(result, sex=SEX, age_group=CENSUS_AGE_GROUPS, employed=("yes", "no")),
        _step("published_to_imputed", pair, published, imputed),
        _step("scaled_to_authority", "employed_by_age, population_imputed", imputed, alike),
        _step("assumed", "employed_by_age, marital_status", alike, uncapped * residents),
        _step("capped", "employed_by_age, marital_status", uncapped * residents, rate * residents),
        _step("raked", pair, rate * residents, result[..., 0]),
    )  # fmt: skip


def _inactivity(tables: Tables, margins: Margins) -> Adjusted:
    """Return housework, studying and other by prefecture, scaled to the imputed inactive."""
    kinds = ("housework", "studying", "other")
    published = _array(
        tables["labour_detail"].rename({"item": "labour_status"}), labour_status=kinds
    )
    scaled = _scaled(published, _working(margins, "inactive").sum(axis=-1))
    return _adjusted(
        "inactivity",
        _frame(scaled, labour_status=kinds),
        _step(
            "scaled_to_authority", "labour_detail, labour_status",
            published[:, None], scaled[:, None],
        ),
    )  # fmt: skip


def _education(tables: Tables, margins: Margins) -> Adjusted:
    """Return the model's levels, unknown schooling spread, scaled to all residents of 15+."""
    census = (
        "primary", "lower_secondary", "upper_secondary", "junior_college", "university",
        "graduate_school", "graduates_unknown", "in_school", "never_attended", "unknown",
    )  # fmt: skip
    table = _array(tables["education"], sex=SEX, education=census)
    part = {name: table[..., position] for position, name in enumerate(census)}
    known = np.stack([part[name] for name in census[:6]], axis=-1)
    graduates = _scaled(known, known.sum(axis=-1) + part["graduates_unknown"])
    lower = graduates[..., 0] + graduates[..., 1] + part["never_attended"]
    merged = np.stack([lower, *np.moveaxis(graduates[..., 2:], -1, 0), part["in_school"]], axis=-1)
    education = _scaled(merged, _residents(margins).sum(axis=-1))

    # The figures of the table, with primary and never attended beside what they become.
    columns = ("primary", "never_attended", *census[1:6], "in_school")
    apart = np.stack([part[name] for name in columns], axis=-1)
    together = apart.copy()
    together[..., 2] += apart[..., :2].sum(axis=-1)
    together[..., :2] = 0
    spread = _scaled(merged, table.sum(axis=-1))
    return _adjusted(
        "education",
        _frame(education, sex=SEX, education=levels.EDUCATION),
        _step("merged", "education", apart, together),
        _step("unknown_spread", "education", together[..., 2:], spread),
        _step("scaled_to_authority", "education, population_imputed", spread, education),
    )  # fmt: skip


def _school(tables: Tables, margins: Margins) -> Adjusted:
    """Return people of 15+ in school by its type; what no upper type explains is lower secondary.

    On 1 October those born from April to September are 15 in their last year of lower secondary.
    """
    upper = _array(tables["enrolment"], sex=SEX, school=tuple(levels.SCHOOL))
    published = _array(tables["education"], sex=SEX, education=("in_school",))[..., 0]
    lower = remainder(
        published, upper.sum(axis=-1), "enrolment", "education", "in school from upper secondary on"
    )
    placed = np.concatenate([lower[..., None], upper], axis=-1)
    in_school = _array(margins["education"], sex=SEX, education=("in_school",))[..., 0]
    school = _scaled(placed, in_school)
    unplaced = np.concatenate([np.zeros_like(lower)[..., None], upper], axis=-1)
    return _adjusted(
        "school",
        _frame(school, sex=SEX, school=SCHOOLS_FROM_15),
        _step("assumed", "education, enrolment", unplaced, placed),
        _step("scaled_to_authority", "education, population_imputed", placed, school),
    )


def _worker_class(tables: Tables, margins: Margins) -> Adjusted:
    """Return employed people by class of worker, unknown status spread."""
    table = tables["employment_status"]
    known = _array(table, sex=SEX, employment_status=tuple(levels.WORKER_CLASS))
    unknown = _array(table, sex=SEX, employment_status=("unknown",))
    status = _scaled(known, _working(margins, "employed"))
    spread = _scaled(known, known.sum(axis=-1) + unknown[..., 0])
    return _adjusted(
        "worker_class",
        _frame(status, sex=SEX, worker_class=levels.WORKER_CLASS),
        _step("unknown_spread", "employment_status", known, spread),
        _step("scaled_to_authority", "employment_status, labour_status", spread, status),
    )  # fmt: skip


def _employment_status(tables: Tables, margins: Margins) -> Adjusted:
    """Return employed people of both sexes by employment status.

    The table has no sexes and nobody of unknown status; each class of worker is scaled to the
    margin `worker_class`, so that the two agree.

    Raises:
        ConflictError: a class that has workers has none of any status in the table.
    """
    statuses = tuple(levels.EMPLOYMENT_STATUS)
    published = _array(
        tables["employment_detail"].rename({"item": "employment_status"}),
        employment_status=statuses,
    )
    by_sex = _array(margins["worker_class"], sex=SEX, worker_class=tuple(levels.WORKER_CLASS))
    status = np.empty_like(published)
    for position, worker_class in enumerate(levels.WORKER_CLASS):
        own = [n for n, code in enumerate(statuses) if levels.WORKER_CLASS_OF[code] == worker_class]
        totals = by_sex[..., position].sum(axis=-1)
        _refuse_empty(
            totals, published[:, own].sum(axis=-1), "employment_detail", "employment_status",
            f"workers of the class {worker_class}",
        )  # fmt: skip
        status[:, own] = _scaled(published[:, own], totals)
    return _adjusted(
        "employment_status",
        _frame(status, employment_status=statuses),
        _step(
            "scaled_to_authority", "employment_detail, employment_status",
            published[:, None], status[:, None],
        ),
    )  # fmt: skip


def _work_mode(tables: Tables, margins: Margins) -> Adjusted:
    """Return employed people by how they came to their hours, scaled to the imputed employed."""
    published = _array(
        tables["labour_detail"].rename({"item": "work_mode"}), work_mode=tuple(levels.WORK_MODE)
    )
    scaled = _scaled(published, _working(margins, "employed").sum(axis=-1))
    return _adjusted(
        "work_mode",
        _frame(scaled, work_mode=levels.WORK_MODE),
        _step(
            "scaled_to_authority", "labour_detail, labour_status",
            published[:, None], scaled[:, None],
        ),
    )  # fmt: skip


def _work(
    axis: str, codes: tuple[str, ...], other: str, tables: Tables, margins: Margins
) -> Adjusted:
    """Return employed people by sex and `axis`: published shape, raked to the imputed totals.

    `other` is the code of unclassifiable work, which the imputed totals have spread already.
    """
    table, imputed_table = tables[axis].rename({axis: "code"}), f"{axis}_imputed"
    published = _array(table, sex=SEX, code=codes)
    imputed = _array(tables[imputed_table].rename({axis: "code"}), code=codes)
    employed = _working(margins, "employed")
    totals = _scaled(imputed, employed.sum(axis=-1))
    result = np.empty_like(published)
    sexes, columns = published.shape[1:]
    for prefecture, key in enumerate(prefectures()):
        result[prefecture] = _raked(
            published[prefecture],
            Target(
                "labour_status", np.repeat(np.arange(sexes), columns), employed[prefecture], SEX
            ),
            Target(imputed_table, np.tile(np.arange(columns), sexes), totals[prefecture], codes),
            (axis, imputed_table),
            key,
        )
    unclassifiable = _array(table, sex=SEX, code=(other,))
    spread = _scaled(published, published.sum(axis=-1) + unclassifiable[..., 0])
    alike = _scaled(published, employed)
    return _adjusted(
        axis,
        _frame(result, sex=SEX, **{axis: codes}),
        _step("unknown_spread", axis, published, spread),
        _step("scaled_to_authority", f"{axis}, labour_status", spread, alike),
        _step("raked", f"{axis}, {imputed_table}", alike, result),
    )


def _household(tables: Tables, margins: Margins) -> Adjusted:
    """Return residents of 15 or more by the family type of their household, or in institutions.

    The table counts members of all ages. Couples alone have no children by definition; none is
    taken to live alone or in an institution (ASSUMED). The children of the other types are in
    proportion to the members beyond the fewest adults that such households can have: two
    for each household of a couple with children, of other relatives or with non-relatives, one
    for each of a single parent; by UNDER_15, because grown children and grandparents are among
    these members too (ASSUMED).

    Raises:
        ConflictError: more people of known family type than in general households, fewer than the
            adults of their households, or more children than members beyond these.
    """
    members = _array(tables["household_members"], household=FAMILY_TYPES)
    everybody = _array(tables["household_members"], household=("total",))
    remainder(
        everybody, members.sum(axis=-1, keepdims=True), "household_members", "household_members",
        "members of households of known family type",
    )  # fmt: skip
    kinds = _array(tables["household_kinds"], household_kind=("general", "institution"))
    published = np.concatenate([members, kinds[:, 1:]], axis=-1)
    spread = np.concatenate([_scaled(members, kinds[:, 0]), kinds[:, 1:]], axis=-1)

    with_children = [FAMILY_TYPES.index(code) for code in FEWEST_ADULTS]
    households = _array(tables["household_counts"], household=tuple(FEWEST_ADULTS))
    adults = households * np.array(list(FEWEST_ADULTS.values()))
    beyond = remainder(
        members[:, None, with_children], adults[:, None], "household_counts", "household_members",
        "the fewest adults", tuple(FEWEST_ADULTS),
    )[:, 0]  # fmt: skip
    # Households of unknown type are taken to be as the others of their prefecture.
    beyond *= (kinds[:, 0] / members.sum(axis=-1))[:, None]
    children = _array(tables["population_imputed"], sex=SEX, age_group=("0-14",)).sum(axis=1)
    remainder(
        beyond.sum(axis=-1, keepdims=True), children, "population_imputed", "household_members",
        "residents under 15 among members beyond the fewest adults",
    )  # fmt: skip
    from_15 = spread.copy()
    under_15 = beyond * np.array(list(UNDER_15.values()))
    from_15[:, with_children] -= _scaled(under_15, children[:, 0])
    remainder(
        beyond, _scaled(under_15, children[:, 0]), "population_imputed", "household_members",
        "residents under 15 among members beyond the fewest adults", tuple(FEWEST_ADULTS),
    )  # fmt: skip
    household = _scaled(from_15, _residents(margins).sum(axis=(1, 2)))
    return _adjusted(
        "household",
        _frame(household, household=levels.HOUSEHOLD),
        _step(
            "unknown_spread", "household_members, household_kinds",
            published[:, None], spread[:, None],
        ),
        _step(
            "assumed", "household_members, household_counts, population_imputed",
            spread[:, None], from_15[:, None],
        ),
        _step(
            "scaled_to_authority", "household_members, population_imputed",
            from_15[:, None], household[:, None],
        ),
    )  # fmt: skip


def _living_alone(tables: Tables, margins: Margins) -> Adjusted:
    """Return people in one-person households under 65 and from 65 on.

    The shares are published. The people are those of the margin `household`, which has those of
    unknown family type too.
    """
    bands = _array(tables["living_alone"], age_band=("all", "65+"))
    younger = remainder(
        bands[:, :1], bands[:, 1:], "living_alone", "living_alone",
        "people of 65 or more living alone",
    )  # fmt: skip
    published = np.concatenate([younger, bands[:, 1:]], axis=-1)
    alone = _array(margins["household"], household=("one_person",))[:, 0]
    scaled = _scaled(published, alone)
    return _adjusted(
        "living_alone",
        _frame(scaled, age_band=LIVING_ALONE_BANDS),
        _step(
            "scaled_to_authority", "living_alone, household_members",
            published[:, None], scaled[:, None],
        ),
    )  # fmt: skip


MARGINS: Mapping[str, Margin] = MappingProxyType(
    {
        margin.name: margin
        for margin in (
            Margin(
                "population",
                _population,
                ("population_by_age", "population_imputed", "population_single_years"),
                (),
                "Residents by sex and single year of age from 15, unknown ages spread.",
            ),
            Margin(
                "marital_status",
                _marital,
                ("marital_status", "population_by_age"),
                ("population",),
                "Residents by sex, age group and marital status, unknown status spread.",
            ),
            Margin(
                "labour_status",
                _labour,
                ("labour_status",),
                ("population",),
                "Residents by sex who are employed, unemployed or inactive, by the imputed series.",
            ),
            Margin(
                "employment",
                _employment,
                ("employed_by_age", "marital_status", "labour_status"),
                ("population", "labour_status"),
                "Residents by sex and age group, employed or not, with the missing placed by age.",
            ),
            Margin(
                "inactivity",
                _inactivity,
                ("labour_detail",),
                ("labour_status",),
                "Inactive residents by what they do: housework, studying or other.",
            ),
            Margin(
                "education",
                _education,
                ("education",),
                ("population",),
                "Residents by sex and schooling, unknown schooling spread.",
            ),
            Margin(
                "school",
                _school,
                ("enrolment", "education"),
                ("education",),
                "Residents in school by sex and type of school.",
            ),
            Margin(
                "worker_class",
                _worker_class,
                ("employment_status",),
                ("labour_status",),
                "Employed residents by sex and class of worker, unknown status spread.",
            ),
            Margin(
                "employment_status",
                _employment_status,
                ("employment_detail",),
                ("worker_class",),
                "Employed residents by employment status, each class as in worker_class.",
            ),
            Margin(
                "work_mode",
                _work_mode,
                ("labour_detail",),
                ("labour_status",),
                "Employed residents by how they work: mainly, beside something else, or absent.",
            ),
            Margin(
                "occupation",
                partial(_work, "occupation", tuple(levels.OCCUPATION), "L"),
                ("occupation", "occupation_imputed"),
                ("labour_status",),
                "Employed residents by sex and occupation, raked to the imputed totals.",
            ),
            Margin(
                "industry",
                partial(_work, "industry", tuple(levels.INDUSTRY), "T"),
                ("industry", "industry_imputed"),
                ("labour_status",),
                "Employed residents by sex and industry, raked to the imputed totals.",
            ),
            Margin(
                "household",
                _household,
                ("household_members", "household_counts", "household_kinds", "population_imputed"),
                ("population",),
                "Residents by the family type of their household, children under 15 taken out.",
            ),
            Margin(
                "living_alone",
                _living_alone,
                ("living_alone",),
                ("household",),
                "Residents in one-person households, under 65 and from 65 on.",
            ),
        )
    }
)
MARGIN_NAMES = tuple(MARGINS)


def _raked(
    seed: FloatArray, first: Target, second: Target, tables: tuple[str, str], place: str
) -> FloatArray:
    """Return the seed raked to two targets.

    Raises:
        ConflictError: no distribution over the seed's cells meets both; names the tables and the
            place.
    """
    try:
        weights = rake(seed.ravel(), [first, second], tolerance=TOLERANCE).weights
    except MarginConflictError as error:
        names = " and ".join(f"census/{table}" for table in tables)
        raise ConflictError(f"{names} cannot both hold in {place}: {error}") from error
    return weights.reshape(seed.shape)


def _refuse_empty(
    wholes: FloatArray, parts: FloatArray, first: str, second: str, quantity: str
) -> None:
    """Raise ConflictError if `first` has nobody where `second` has people, by prefecture."""
    empty = (parts <= 0) & (wholes > ROUNDING)
    if empty.any():
        where = int(empty.argmax())
        raise ConflictError(
            f"census/{first} and census/{second}: {quantity} in {tuple(prefectures())[where]}, "
            f"both sexes: 0 against {wholes[where]:,.0f}; correct one of the tables"
        )


def _scaled(parts: FloatArray, totals: FloatArray) -> FloatArray:
    """Scale `parts` along its last axis so that they add up to `totals`."""
    scaled: FloatArray = parts * (totals / parts.sum(axis=-1))[..., None]
    return scaled


def _array(
    table: pl.DataFrame, *, missing: float | None = None, **axes: Sequence[str] | Sequence[int]
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
    """Return an array of prefecture and the given axes as a frame, the opposite of `_array`."""
    axes = {"prefecture": tuple(prefectures()), **axes}
    codes = [list(levels_) for levels_ in axes.values()]
    positions = np.unravel_index(np.arange(counts.size), counts.shape)
    columns = {axis: pl.Series(axis, codes[i]).gather(positions[i]) for i, axis in enumerate(axes)}
    return pl.DataFrame({**columns, "count": counts.ravel()})
