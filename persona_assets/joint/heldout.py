"""Tables held out of the fit, and how near the fit comes to them without having seen them.

A check leaves out of the model whatever was made from its table, fits all prefectures again and
compares their sum with the table: in percentage points, beside the model that was not held back
and beside the independence model, in which what is scored does not depend on sex or age or
whatever else divides the table.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from persona_assets import levels
from persona_assets.census.margins import SINGLE_AGES, age_group_of
from persona_assets.joint import cohorts, labour, seeds
from persona_assets.joint.distribution import Joint, add_coarse
from persona_assets.joint.domain import first_age
from persona_assets.joint.fit import assemble, fit_prefecture
from persona_assets.joint.inputs import Frames, Inputs
from persona_assets.joint.model import MODEL, Interaction, Model, without
from persona_assets.joint.schooling import smooth_share
from persona_assets.partitions import prefectures
from persona_assets.raking import FloatArray, Target, rake

# Factors that take what is above them and give nothing back: no check needs them.
BELOW = tuple(spec.name for spec in MODEL if spec.chain)

SCORE_SCHEMA: Mapping[str, type[pl.DataType]] = {
    "check": pl.String,
    "cell": pl.String,
    "people": pl.Float64,
    "official": pl.Float64,
    "held_out": pl.Float64,
    "production": pl.Float64,
    "baseline": pl.Float64,
}


# A factor and some of its axes, coarse ones too.
Ask = tuple[str, tuple[str, ...]]


class Nation:
    """The joints of prefectures added up, where a check asks: they are too large to keep."""

    def __init__(self, joints: Iterable[Joint], asks: Iterable[Ask]) -> None:
        self._sums: dict[Ask, pl.DataFrame] = {}
        asked = list(asks)
        for joint in joints:
            for factor, axes in asked:
                here = (
                    add_coarse(joint.factors[factor], axes)
                    .group_by(axes, maintain_order=True)
                    .agg(pl.col("weight").sum().alias("count"))
                )
                before = self._sums.get((factor, axes))
                self._sums[factor, axes] = (
                    here
                    if before is None
                    else pl.concat([before, here])
                    .group_by(axes, maintain_order=True)
                    .agg(pl.col("count").sum())
                )

    def sums(self, factor: str, axes: Iterable[str]) -> pl.DataFrame:
        """Return the sums of one factor over some of its axes.

        People of 15-17 are in, who are not drawn: official tables have them.

        Returns:
            The axes and `count`.
        """
        return self._sums[factor, tuple(axes)]


@dataclass(frozen=True)
class HeldOut:
    """A table, what is left out of the model so that the fit has not seen it, and how to compare.

    Attributes:
        name: What the check is called.
        what: What is compared, for the reader.
        source: The table.
        seen: What of it the production model has seen; "" for nothing.
        held: What the held-out model lacks or has in its place, for the reader.
        model: Makes the held-out model.
        factor: The factor that has all its axes.
        axes: Of the factor.
        recode: From sums over the axes, and the shapes, to the columns of `groups` and `cells` and
            `count`; a group is null for people outside the table, who count in the independence
            model only.
        groups: Within which shares are taken.
        cells: Whose shares are compared.
        official: From the shapes to groups, cells and `count`.
        only: The cells that are shown, where the rest is their complement.
        kept: Those groups on which the independence model too depends.
    """

    name: str
    what: str
    source: str
    seen: str
    held: str
    model: Callable[[], Model]
    factor: str
    axes: tuple[str, ...]
    recode: Callable[[pl.DataFrame, Inputs], pl.DataFrame]
    groups: tuple[str, ...]
    cells: tuple[str, ...]
    official: Callable[[Inputs], pl.DataFrame]
    only: Mapping[str, str] | None = None
    kept: tuple[str, ...] = ()


def fit_nation(
    margins: Frames,
    shapes: Frames,
    asks: Iterable[Ask],
    model: Model = MODEL,
    *,
    keys: Sequence[str] | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Nation:
    """Fit prefectures without what hangs below the fitted level: a quarter of a second each.

    Args:
        margins: Every margin of `census.margins`, of all prefectures.
        shapes: `inputs.load_shapes`.
        asks: What to add up.
        model: The factors; those below are left out.
        keys: Prefectures; all by default.
        on_progress: Is told each prefecture's key before its fit.
    """
    structure = assemble(shapes, tuple(spec for spec in model if spec.name not in BELOW))

    def joints() -> Iterator[Joint]:
        for key in keys or list(prefectures()):
            if on_progress is not None:
                on_progress(key)
            yield fit_prefecture(key, margins, structure)[0]

    return Nation(joints(), asks)


def score(check: HeldOut, held_out: Nation, production: Nation, shapes: Frames) -> pl.DataFrame:
    """Return the shares of one check's cells, in percent of their group.

    Args:
        check: The check.
        held_out: Fitted with the check's model.
        production: Fitted with the model as it is.
        shapes: `inputs.load_shapes`.

    Returns:
        SCORE_SCHEMA: check, cell, people (official, of the group), official, held_out, production
        and baseline (independence) shares.
    """
    by = [*check.groups, *check.cells]
    inputs = Inputs(shapes, {})
    table = check.official(inputs)
    official = _shares(table, check, "official").join(
        table
        .group_by(list(check.groups), maintain_order=True)
        .agg(pl.col("count").sum().alias("people")),
        on=list(check.groups), maintain_order="left",
    )  # fmt: skip
    both = {
        name: check.recode(nation.sums(check.factor, check.axes), inputs)
        for name, nation in (("held_out", held_out), ("production", production))
    }
    everyone = both["production"]
    overall = everyone.group_by([*check.kept, *check.cells], maintain_order=True).agg(
        pl.col("count").sum()
    )
    total = pl.col("count").sum()
    overall = overall.with_columns(
        (100 * pl.col("count") / (total.over(list(check.kept)) if check.kept else total)).alias(
            "baseline"
        )
    )
    table = official
    for name, frame in both.items():
        inside = frame.drop_nulls(list(check.groups))
        table = table.join(
            _shares(inside, check, name), on=by, how="left", maintain_order="left"
        ).with_columns(pl.col(name).fill_null(0))
    table = table.join(
        overall.drop("count"), on=[*check.kept, *check.cells], how="left", maintain_order="left"
    ).with_columns(pl.col("baseline").fill_null(0))
    for column, level in (check.only or {}).items():
        table = table.filter(pl.col(column) == level)
    return table.select(
        pl.lit(check.name).alias("check"),
        pl.concat_str(by, separator=" ").alias("cell"),
        "people", "official", "held_out", "production", "baseline",
    )  # fmt: skip


def _shares(frame: pl.DataFrame, check: HeldOut, name: str) -> pl.DataFrame:
    by = [*check.groups, *check.cells]
    sums = frame.group_by(by, maintain_order=True).agg(pl.col("count").sum())
    share = 100 * pl.col("count") / pl.col("count").sum().over(list(check.groups))
    return sums.select(*by, share.alias(name))


def score_all(
    margins: Frames,
    shapes: Frames,
    *,
    keys: Sequence[str] | None = None,
    checks: Sequence[HeldOut] | None = None,
    on_progress: Callable[[str, str], None] | None = None,
) -> pl.DataFrame:
    """Return the scores of all checks; some ten seconds for each model that is fitted.

    Args:
        margins: Every margin of `census.margins`, of all prefectures.
        shapes: `inputs.load_shapes`.
        keys: Prefectures that stand for the nation; all by default.
        checks: Which; all of CHECKS by default.
        on_progress: Is told each model's and prefecture's name before the fit.

    Returns:
        SCORE_SCHEMA.
    """
    chosen = CHECKS if checks is None else checks
    by_model: dict[Callable[[], Model], list[HeldOut]] = {_as_is: []}
    for check in chosen:
        by_model.setdefault(check.model, []).append(check)

    def fit(name: str, model: Model, of: Sequence[HeldOut]) -> Nation:
        def tell(key: str) -> None:
            if on_progress is not None:
                on_progress(name, key)

        asks = dict.fromkeys((check.factor, check.axes) for check in of)
        return fit_nation(margins, shapes, asks, model, keys=keys, on_progress=tell)

    production = fit("production", MODEL, chosen)
    scored: dict[str, pl.DataFrame] = {}
    for make, of in by_model.items():
        nation = production if make is _as_is else fit(of[0].name, make(), of)
        scored |= {check.name: score(check, nation, production, shapes) for check in of}
    parts = [scored[check.name] for check in chosen]
    if checks is None:
        parts.append(marital_single_years(margins, keys))
    return pl.concat(parts)


def summary(scores: pl.DataFrame) -> pl.DataFrame:
    """Return each check's errors in percentage points.

    Returns:
        check, cells, then for each of held_out, production and baseline `mean_*` (mean absolute
        error of a cell, each group with the weight of its people) and `largest_*`. Null where a
        check has no such model.
    """
    errors = {
        name: (pl.col(name) - pl.col("official")).abs()
        for name in ("held_out", "production", "baseline")
    }
    weight = pl.col("people")
    return scores.group_by("check", maintain_order=True).agg(
        pl.len().alias("cells"),
        *(
            pl.when(error.is_not_null().any())
            .then((error * weight).sum() / weight.filter(error.is_not_null()).sum())
            .alias(f"mean_{name}")
            for name, error in errors.items()
        ),
        *(error.max().alias(f"largest_{name}") for name, error in errors.items()),
    )


# ---- schooling at 45-54 --------------------------------------------------------------------------

_MIDDLE_AGED = ("45-49", "50-54")


def _graduates(sums: pl.DataFrame, _: Inputs) -> pl.DataFrame:
    """Recode to the four levels of the older tables, and to sexes of 45-54."""
    inside = pl.col("age_group").is_in(list(_MIDDLE_AGED))
    return sums.filter(pl.col("education") != "in_school").with_columns(
        pl.col("education").replace({"graduate_school": "university"}),
        pl.when(inside).then("sex").alias("sex"),
    )


def _never_married(sums: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """Recode likewise, with schooling as a part of the group."""
    inside = pl.col("age_group").is_in(list(_MIDDLE_AGED))
    return _graduates(sums, inputs).with_columns(
        pl.when(inside).then("education").alias("education")
    )


def _census_45_54(inputs: Inputs) -> pl.DataFrame:
    """Return the census of 2020 by sex, schooling and whether ever married."""
    table = inputs.shapes["education_by_marital_45_54"].filter(pl.col("year") == "2020")
    return table.select(
        "sex",
        "education",
        pl.col("never_married").alias("no"),
        (pl.col("people") - pl.col("never_married")).alias("yes"),
    ).unpivot(
        ["no", "yes"], index=["sex", "education"], variable_name="ever_married",
        value_name="count",
    )  # fmt: skip


def _as_is() -> Model:
    return MODEL


def _modelled_seed() -> Model:
    """Leave out what was calibrated on the table, cohorts included."""
    return without(["education_of_cohorts", "education_by_marriage"], instead=_instead_of_derived())


def _modelled_seed_with_cohorts() -> Model:
    """Leave out what was calibrated on the table; the cohorts start from the modelled schooling."""
    today = partial(cohorts.education_of_cohorts, today=seeds.education_modelled)
    model = without(["education_by_marriage"], instead=_instead_of_derived())
    return tuple(
        replace(
            spec,
            measured=tuple(
                replace(m, table=today) if m.margin == "education_of_cohorts" else m
                for m in spec.measured
            ),
        )
        for spec in model
    )


def _instead_of_derived() -> dict[str, Interaction]:
    terms = {term.name: term for spec in MODEL for term in spec.seed}
    return {"education_by_age": replace(terms["education_by_age"], table=seeds.education_modelled)}


def _no_education_by_marriage() -> Model:
    return without(["education_by_marriage"])


# ---- people who live alone -----------------------------------------------------------------------

_BANDS = ("15-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75+")


def _apart(sums: pl.DataFrame, _: Inputs) -> pl.DataFrame:
    return sums.with_columns(seeds.in_bands("age_group", _BANDS).alias("band"))


def _ages_of_apart(sums: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    return _apart(sums, inputs).with_columns(
        pl.when(pl.col("apart") == "yes").then("sex").alias("sex")
    )


def _survey_apart(inputs: Inputs) -> pl.DataFrame:
    """Return residents by sex, band and whether the survey counts them as a household of one."""
    alone = (
        inputs.shapes["living_alone_by_age"]
        .group_by("sex", "age_group", maintain_order=True)
        .agg((pl.col("households_10k").sum() * 1e4).alias("yes"))
        .rename({"age_group": "band"})
    )
    people = (
        inputs.shapes["in_school_by_age"]
        .group_by("sex", seeds.in_bands("age_group", _BANDS).alias("band"), maintain_order=True)
        .agg(pl.col("population").sum())
    )
    return (
        people.join(alone, on=["sex", "band"], how="left", maintain_order="left")
        .with_columns((pl.col("population") - pl.col("yes")).alias("no"))
        .unpivot(
            ["yes", "no"], index=["sex", "band"], variable_name="apart", value_name="count"
        )
    )  # fmt: skip


def _survey_ages_of_apart(inputs: Inputs) -> pl.DataFrame:
    return _survey_apart(inputs).filter(pl.col("apart") == "yes").drop("apart")


def _no_living_alone() -> Model:
    return without(["living_alone_by_age"])


# ---- workers of 25-34 ----------------------------------------------------------------------------

_YOUNG = ("25-29", "30-34")
_SURVEY_STATUS: Mapping[str, str] = {
    "regular": "regular",
    "dispatched": "non_regular",
    "part_time": "non_regular",
    "executive": "executive",
    "employer": "self_employed",
    "own_account": "self_employed",
}


def _young_workers(sums: pl.DataFrame, _: Inputs) -> pl.DataFrame:
    """Recode to the survey's statuses; its workers have left school and help no family."""
    young = pl.col("age_group").is_in(list(_YOUNG))
    return sums.filter(
        (pl.col("education") != "in_school") & (pl.col("employment_status") != "family_worker")
    ).with_columns(
        pl.col("employment_status").replace_strict(_SURVEY_STATUS),
        pl.when(young).then("age_group").alias("age_group"),
    )


def _young_by_schooling(sums: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    young = pl.col("age_group").is_in(list(_YOUNG))
    return _young_workers(sums, inputs).with_columns(
        pl.when(young).then("education").alias("education")
    )


def _survey_25_34(inputs: Inputs) -> pl.DataFrame:
    survey = seeds.census_levels(inputs.shapes["education_by_status_25_34"])
    return survey.filter(pl.col("education") != "in_school").select(
        "sex", "age_group", "education", "employment_status",
        pl.when(pl.col("marital") == "never_married").then(pl.lit("no")).otherwise(pl.lit("yes"))
        .alias("ever_married"),
        pl.col("workers").cast(pl.Float64).alias("count"),
    )  # fmt: skip


def _no_survey_25_34() -> Model:
    return without(["employment_status_by_education", "education_by_marriage", "work_by_marriage"])


# ---- occupations ---------------------------------------------------------------------------------


def _middles(sums: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """Recode small classes to the survey's middle groups; those without one are left out."""
    groups = labour.survey_group(inputs.shapes["classes"])
    return sums.join(groups, on="occupation_class", maintain_order="left")


def _no_class_by_age() -> Model:
    return without(["class_by_age"])


def _survey_middles(inputs: Inputs) -> pl.DataFrame:
    survey = inputs.shapes["occupation_middle_by_age"]
    return survey.select(
        "sex",
        seeds.in_bands("age_group", labour.WORK_AGES).alias("work_age"),
        "occupation",
        pl.col("occupation_middle").alias("group"),
        (pl.col("employed_10k") * 1e4).alias("count"),
    )


CHECKS: tuple[HeldOut, ...] = (
    HeldOut(
        name="education_45_54",
        what="schooling of graduates of 45-54, by sex",
        source="census of 2020 (shapes/education_by_marital_45_54)",
        seen="the seed education_by_age was raked to it",
        held="nothing: this is no held-out check",
        model=_as_is,
        factor="people",
        axes=("sex", "age_group", "education"),
        recode=_graduates,
        groups=("sex",),
        cells=("education",),
        official=_census_45_54,
    ),
    HeldOut(
        name="education_45_54_modelled",
        what="the same",
        source="census of 2020 (shapes/education_by_marital_45_54)",
        seen="the seed education_by_age was raked to it",
        held="schooling by age of the Wittgenstein Centre's model in place of education_by_age; "
        "without education_of_cohorts and education_by_marriage",
        model=_modelled_seed,
        factor="people",
        axes=("sex", "age_group", "education"),
        recode=_graduates,
        groups=("sex",),
        cells=("education",),
        official=_census_45_54,
    ),
    HeldOut(
        name="education_45_54_modelled_cohorts",
        what="the same",
        source="census of 2020 (shapes/education_by_marital_45_54)",
        seen="the seed education_by_age was raked to it",
        held="likewise, but with the cohorts of 2000, laid on the modelled schooling; without "
        "education_by_marriage",
        model=_modelled_seed_with_cohorts,
        factor="people",
        axes=("sex", "age_group", "education"),
        recode=_graduates,
        groups=("sex",),
        cells=("education",),
        official=_census_45_54,
    ),
    HeldOut(
        name="never_married_by_education_45_54",
        what="never-married share of graduates of 45-54, by sex and schooling",
        source="census of 2020 (shapes/education_by_marital_45_54)",
        seen="the term education_by_marriage is made of it",
        held="without education_by_marriage",
        model=_no_education_by_marriage,
        factor="people",
        axes=("sex", "age_group", "education", "ever_married"),
        recode=_never_married,
        groups=("sex", "education"),
        cells=("ever_married",),
        official=_census_45_54,
        only={"ever_married": "no"},
    ),
    HeldOut(
        name="living_alone",
        what="share of residents who live alone or in an institution, by sex and ten-year age "
        "(15-24 with minors)",
        source="Labour Force Survey, October 2019 (shapes/living_alone_by_age), over residents of "
        "the census of 2020",
        seen="the term living_alone_by_age is made of it",
        held="without living_alone_by_age",
        model=_no_living_alone,
        factor="household",
        axes=("sex", "age_group", "apart"),
        recode=_apart,
        groups=("sex", "band"),
        cells=("apart",),
        official=_survey_apart,
        only={"apart": "yes"},
    ),
    HeldOut(
        name="ages_of_those_alone",
        what="ages of those who live alone or in an institution, by sex",
        source="Labour Force Survey, October 2019 (shapes/living_alone_by_age)",
        seen="the term living_alone_by_age is made of it",
        held="without living_alone_by_age",
        model=_no_living_alone,
        factor="household",
        axes=("sex", "age_group", "apart"),
        recode=_ages_of_apart,
        groups=("sex",),
        cells=("band",),
        official=_survey_ages_of_apart,
    ),
    HeldOut(
        name="education_by_status_25_34",
        what="schooling and employment status of workers of 25-29 and 30-34, by sex",
        source="Employment Status Survey 2022 (shapes/education_by_status_25_34)",
        seen="the term employment_status_by_education is made of it",
        held="without employment_status_by_education, education_by_marriage and work_by_marriage",
        model=_no_survey_25_34,
        factor="employment_status",
        axes=("sex", "age_group", "education", "employment_status"),
        recode=_young_workers,
        groups=("sex", "age_group"),
        cells=("education", "employment_status"),
        official=_survey_25_34,
    ),
    HeldOut(
        name="never_married_25_34",
        what="never-married share of workers of 25-29 and 30-34, by sex",
        source="Employment Status Survey 2022 (shapes/education_by_status_25_34)",
        seen="the terms education_by_marriage and work_by_marriage rest on it",
        held="without employment_status_by_education, education_by_marriage and work_by_marriage",
        model=_no_survey_25_34,
        factor="employment_status",
        axes=("sex", "age_group", "education", "employment_status", "ever_married"),
        recode=_young_workers,
        groups=("sex", "age_group"),
        cells=("ever_married",),
        official=_survey_25_34,
        only={"ever_married": "no"},
    ),
    HeldOut(
        name="never_married_by_education_25_34",
        what="never-married share of workers of 25-29 and 30-34, by sex and schooling",
        source="Employment Status Survey 2022 (shapes/education_by_status_25_34)",
        seen="the term education_by_marriage is made of it",
        held="without employment_status_by_education, education_by_marriage and work_by_marriage",
        model=_no_survey_25_34,
        factor="employment_status",
        axes=("sex", "age_group", "education", "employment_status", "ever_married"),
        recode=_young_by_schooling,
        groups=("sex", "age_group", "education"),
        cells=("ever_married",),
        official=_survey_25_34,
        only={"ever_married": "no"},
    ),
    HeldOut(
        name="occupation_middles",
        what="middle group of occupation within major groups B, C, D, E, H and K, by sex and age",
        source="Labour Force Survey, mean of 2019-2021 (shapes/occupation_middle_by_age)",
        seen="class_by_age is made of it",
        held="without class_by_age",
        model=_no_class_by_age,
        factor="occupation_class",
        axes=("sex", "work_age", "occupation", "occupation_class"),
        recode=_middles,
        groups=("sex", "work_age", "occupation"),
        cells=("group",),
        official=_survey_middles,
        kept=("occupation",),
    ),
)


# What `marital_single_years` compares, for the reader.
CURVE_WHAT = "never-married, widowed and divorced shares of five-year groups, by sex"
CURVE_HELD = "the curve through ten-year groups; the baseline is the share of the ten years"

# ---- the curve through ages ----------------------------------------------------------------------

_TEN_YEARS = ("15-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75-84", "85+")


def marital_single_years(margins: Frames, keys: Sequence[str] | None = None) -> pl.DataFrame:
    """Return how well the curve of marriage by single years finds ages that it was not given.

    No official figures of single years are here. Instead the curve is drawn through ten-year
    groups and asked for the five-year groups, which are known; the baseline gives each five years
    the share of their ten. Never married, widowed and divorced, by sex, of the nation
    (`marital_curve`) and of every prefecture (`marital_curve_prefectures`).

    Args:
        margins: `marital_status` and `population`.
        keys: Prefectures; all by default.

    Returns:
        SCORE_SCHEMA, with no production column: what is fitted has the five-year groups.
    """
    marital, population = margins["marital_status"], margins["population"]
    everywhere = [("marital_curve", marital, population)]
    for key in keys or list(prefectures()):
        here = pl.col("prefecture") == key
        everywhere.append(
            ("marital_curve_prefectures", marital.filter(here), population.filter(here))
        )
    rows = []
    for name, statuses, people in everywhere:
        for sex in levels.SEX:
            of_sex = pl.col("sex") == sex
            counts = (
                statuses.filter(of_sex)
                .group_by("age_group", "marital", maintain_order=True)
                .agg(pl.col("count").sum())
                .pivot("marital", index="age_group", values="count")
            )
            by_age = (
                people.filter(of_sex)
                .group_by("age", maintain_order=True)
                .agg(pl.col("count").sum())
                .sort("age")["count"]
                .to_numpy()
            )
            for status in ("never_married", "widowed", "divorced"):
                rows += [
                    (name, f"{sex} {group} {status}", *values)
                    for group, *values in _curve(counts, status, by_age)
                ]
    return pl.DataFrame(rows, schema=SCORE_SCHEMA, orient="row")


def _curve(
    counts: pl.DataFrame, status: str, people: FloatArray
) -> list[tuple[str, float, float, float, None, float]]:
    """Return group, people, and the share in percent: official, of the curve, none, of the step."""
    every = counts.select(list(levels.MARITAL)).sum_horizontal().to_numpy()
    has = counts[status].to_numpy()
    fives = age_group_of(SINGLE_AGES)
    tens = np.array(
        [_TEN_YEARS.index(str(seeds.age_holder(g, _TEN_YEARS))) for g in counts["age_group"]]
    )
    coarse = np.bincount(tens, has) / np.bincount(tens, every)
    single = smooth_share(coarse, people, tens[fives])
    curve = np.bincount(fives, single * people) / np.bincount(fives, people)
    return [
        (group, float(every[i]), *(100 * float(s) for s in (has[i] / every[i], curve[i])), None,
         100 * float(coarse[tens[i]]))
        for i, group in enumerate(counts["age_group"])
        # Below 20 nearly nobody has married, and the last group is no part of a ten.
        if 20 <= first_age(group) < 85
    ]  # fmt: skip


# ---- the weight of older cohorts -----------------------------------------------------------------

# Ages of the census of 1990 by what they are in 2000.
GROWN_BY_TEN: Mapping[str, str] = {
    "20-29": "30-39",
    "30-39": "40-49",
    "40-49": "50-59",
    "50-59": "60+",
    "60+": "60+",
}


# Of the older census, from none to nearly hard.
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)


def cohorts_1990_to_2000(shapes: Frames, weights: Sequence[float] = WEIGHTS) -> pl.DataFrame:
    """Return how well prefectures' cohorts of 1990 foretell their schooling by age in 2000.

    For each prefecture and sex the nation's schooling by age of 2000 is raked to the prefecture's
    ages and to its schooling of 2000, as the model does for 2020, with the cohorts of 1990 grown
    ten years older as a soft margin of each weight; 0 is without them. The baseline takes schooling
    to be independent of age.

    Args:
        shapes: `inputs.load_shapes`.
        weights: At least 0, below 1.

    Returns:
        weight, mean_error and largest_error (percentage points of the schooling of people of 30 or
        more of one prefecture, sex and age group; the mean by people), mean_baseline.
    """
    table = shapes["education_of_cohorts"]
    grown = pl.col("age_group").replace_strict(GROWN_BY_TEN, default=None)
    before = (
        table.filter(pl.col("year") == "1990")
        .with_columns(grown.alias("age_group"))
        .drop_nulls("age_group")
        .group_by("prefecture", "year", "sex", "age_group", "education", maintain_order=True)
        .agg(pl.col("graduates").sum())
    )
    tilts = cohorts.tilt(before, 1990)
    now = table.filter((pl.col("year") == "2000") & (pl.col("age_group") != "15-19"))
    nation = now.group_by("sex", "age_group", "education", maintain_order=True).agg(
        pl.col("graduates").sum().alias("nation")
    )
    keys = ["sex", "age_group", "education"]
    frame = (
        now.join(nation, on=keys, how="left", maintain_order="left")
        .join(tilts, on=["prefecture", *keys], how="left", maintain_order="left")
        .sort("prefecture", *keys)
    )
    off: dict[float, list[FloatArray]] = {w: [] for w in weights}
    people: list[FloatArray] = []
    flat: list[FloatArray] = []
    for _, part in frame.group_by("prefecture", "sex", maintain_order=True):
        shape = (part["age_group"].n_unique(), part["education"].n_unique())
        true = part["graduates"].to_numpy().reshape(shape)
        seed = part["nation"].to_numpy().reshape(shape)
        tilt = part["tilt"].to_numpy().reshape(shape)
        aged = np.isfinite(tilt).all(axis=1)
        ages, schools = (np.repeat(np.arange(shape[0]), shape[1]),
                         np.tile(np.arange(shape[1]), shape[0]))  # fmt: skip
        hard = [
            Target("ages", ages, true.sum(axis=1), [""] * shape[0]),
            Target("schooling", schools, true.sum(axis=0), [""] * shape[1]),
        ]
        here = true.sum(axis=1, keepdims=True)
        wanted = seed * np.where(np.isfinite(tilt), tilt, 0)
        wanted = wanted / np.maximum(wanted.sum(axis=1, keepdims=True), 1e-9) * here
        rows = np.where(np.repeat(aged, shape[1]), np.arange(true.size), -1)
        cohort = Target("cohorts", rows, wanted.ravel(), [""] * true.size)
        share = (true / here)[aged]
        people.append(np.broadcast_to(here, true.shape)[aged])
        flat.append(np.abs(true.sum(axis=0) / true.sum() - share))
        for w in weights:
            soft = [replace(cohort, weight=w)] if w else []
            fitted = rake(seed.ravel(), [*soft, *hard], tolerance=1e-7).weights.reshape(shape)
            off[w].append(np.abs((fitted / here)[aged] - share))
    size = np.concatenate(people)
    return pl.DataFrame(
        {
            "weight": [float(w) for w in weights],
            "mean_error": [_mean(np.concatenate(off[w]), size) for w in weights],
            "largest_error": [100 * float(np.concatenate(off[w]).max()) for w in weights],
            "mean_baseline": [_mean(np.concatenate(flat), size)] * len(weights),
        }
    )


def _mean(errors: FloatArray, people: FloatArray) -> float:
    return 100 * float((errors * people).sum() / people.sum())
