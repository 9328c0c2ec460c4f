"""The model: which factors the joint has, what each is fitted to, and what it starts from.

Everything that the fit knows is declared here, so that the same lists make the fit, the table of
what is measured and what is assumed, and the tests. Values of seeds are in `seeds.py`, reasons of
impossible combinations in `zeros.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import polars as pl

from persona_assets.joint import cohorts, households, labour, places, schooling, seeds, zeros
from persona_assets.joint.domain import Level
from persona_assets.joint.inputs import Inputs
from persona_assets.joint.zeros import StructuralZero


class Evidence(StrEnum):
    """Where a relation between variables comes from."""

    MEASURED = "measured"
    OTHER_SOURCE = "other source"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Interaction:
    """One term of a seed: a factor over some axes, 1 where its table has no row.

    Attributes:
        name: What it is called; one name, one term.
        axes: The axes whose relation it carries.
        evidence: OTHER_SOURCE (another year, region or survey) or ASSUMED.
        source: The shapes or constants that it is made of, for the reader.
        table: From the inputs to a frame of the axes and `value`.
        local: Whether it reads the prefecture's own margins.
        complete: Whether combinations that its table lacks cannot occur.
    """

    name: str
    axes: tuple[str, ...]
    evidence: Evidence
    source: str
    table: Callable[[Inputs], pl.DataFrame]
    local: bool = False
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """A margin that a factor is fitted to.

    Attributes:
        margin: Its name: of a margin of the census stage, or of what `table` makes.
        axes: Column of the margin for each axis of the model.
        weight: 1 for a hard margin; less for a soft one (`raking.Target`).
        table: From the inputs to its frame, where it is not one of the census stage.
        source: What `table` reads, for the reader.
        covers: The levels that the margin speaks of, for an axis of which it does not give all.
        where: The level of other axes that its people have.
    """

    margin: str
    axes: Mapping[str, str]
    weight: float = 1.0
    table: Callable[[Inputs], pl.DataFrame] | None = None
    source: str = ""
    covers: Mapping[str, tuple[Level, ...]] = field(default_factory=dict)
    where: Mapping[str, Level] = field(default_factory=dict)

    @property
    def hard(self) -> bool:
        """Whether it must be met."""
        return self.weight == 1


@dataclass(frozen=True, slots=True)
class FactorSpec:
    """One factor of the junction tree.

    Attributes:
        name: Its name.
        adds: The variables that it brings in.
        given: Axes shared with the parent, coarse ones where the finer tells nothing more.
        parent: The factor that it hangs on; None for the root.
        who: Which of the parent's people have the variable; None for all.
        zeros: Combinations that cannot occur.
        measured: What it is fitted to.
        seed: The terms of its seed.
        chain: Whether it hangs below the fitted level: it keeps what is fitted above it and hands
            nothing back.
    """

    name: str
    adds: tuple[str, ...]
    given: tuple[str, ...] = ()
    parent: str | None = None
    who: pl.Expr | None = None
    zeros: tuple[StructuralZero, ...] = ()
    measured: tuple[Measured, ...] = ()
    seed: tuple[Interaction, ...] = ()
    chain: bool = False


def _same(
    margin: str, *axes: str, covers: Mapping[str, tuple[Level, ...]] | None = None, **renamed: str
) -> Measured:
    """Return a hard margin of the census stage whose columns are axes, but for those renamed."""
    named = {**{axis: axis for axis in axes}, **renamed}
    return Measured(margin, named, covers=covers or {})


OTHER, ASSUMED = Evidence.OTHER_SOURCE, Evidence.ASSUMED
WORKS = pl.col("labour_status") == "employed"

PEOPLE = FactorSpec(
    "people",
    # The order of the axes is the order in which the systematic draw controls them.
    ("sex", "age_group", "labour_status", "occupation", "education", "marital"),
    zeros=zeros.PEOPLE,
    measured=(
        _same("inactivity", "labour_status",
              covers={"labour_status": ("housework", "studying", "other")}),
        _same("occupation", "sex", "occupation"),
        _same("education", "sex", "education"),
        _same("labour_status", "sex", labour_force="labour_status"),
        _same("employment", "sex", census_age="age_group", works="employed"),
        _same("marital_status", "sex", "age_group", "marital"),
        Measured(
            "education_of_cohorts",
            {"sex": "sex", "cohort": "cohort", "cohort_education": "cohort_education"},
            weight=cohorts.WEIGHT,
            covers={"cohort": tuple(cohorts.GROWN.values()),
                    "cohort_education": cohorts.EDUCATIONS},
            table=cohorts.education_of_cohorts,
            source="shapes/education_of_cohorts (census 2000, twenty years older)",
        ),
    ),
    seed=(
        Interaction(
            "education_by_age", ("sex", "age_group", "education"), OTHER,
            "shapes/education_by_age, shapes/in_school_by_age", seeds.education_by_age,
        ),
        Interaction(
            "activity_by_age", ("sex", "age_group", "in_school", "labour_status"), OTHER,
            "shapes/labour_rates, shapes/in_school_by_age, STUDENTS_TAKE_PART_ODDS (ASSUMED)",
            seeds.activity_by_age,
        ),
        Interaction(
            "occupation_by_age", ("sex", "age_group", "occupation"), OTHER,
            "shapes/occupation_by_age", seeds.occupation_by_age,
        ),
        Interaction(
            "education_by_occupation", ("occupation", "education"), OTHER,
            "occupations/titles (job tag, several answers: weak)", seeds.education_by_occupation,
        ),
        Interaction(
            "education_by_marriage", ("sex", "age_group", "education", "ever_married"), OTHER,
            "shapes/education_by_marital_45_54, shapes/education_by_status_25_34",
            seeds.education_by_marriage,
        ),
        Interaction(
            "students_unmarried", ("in_school", "ever_married"), ASSUMED,
            "STUDENTS_EVER_MARRIED_ODDS", seeds.students_unmarried,
        ),
        Interaction(
            "housework_by_marriage", ("sex", "age_group", "marital", "labour_status"), ASSUMED,
            "HOUSEWORK_SHARE, OLD_HOUSEWORK_FACTOR", seeds.housework_by_marriage,
        ),
        Interaction(
            "work_by_marriage", ("sex", "age_group", "ever_married", "labour_force"), ASSUMED,
            "NEVER_MARRIED_OUT_OF_WORK_ODDS (two ages of women and men from surveys)",
            seeds.work_by_marriage,
        ),
    ),
)  # fmt: skip

EMPLOYMENT_STATUS = FactorSpec(
    "employment_status",
    ("employment_status",),
    given=("sex", "age_group", "ever_married", "education", "occupation"),
    parent="people",
    who=WORKS,
    zeros=zeros.EMPLOYMENT_STATUS,
    measured=(
        _same("worker_class", "sex", "worker_class"),
        _same("employment_status", "employment_status"),
    ),
    seed=(
        Interaction(
            "employment_status_by_age", ("sex", "age_group", "employment_status"), OTHER,
            "shapes/employment_status_by_age, shapes/employment_status_by_sex",
            labour.employment_status_by_age,
        ),
        Interaction(
            "employment_status_by_occupation", ("occupation", "employment_status"), OTHER,
            "shapes/employment_form_by_occupation (job tag, several answers: weak)",
            labour.employment_status_by_occupation,
        ),
        Interaction(
            "employment_status_by_education",
            ("sex", "ever_married", "education", "employment_status"), OTHER,
            "shapes/education_by_status_25_34 (ages 25-34 stand for all)",
            labour.employment_status_by_education,
        ),
        Interaction(
            "students_work_part_time", ("in_school", "employment_status"), ASSUMED,
            "STUDENTS_REGULAR", labour.students_work_part_time,
        ),
    ),
)  # fmt: skip

WORK_MODE = FactorSpec(
    "work_mode",
    ("work_mode",),
    given=("sex", "age_group", "ever_married", "in_school", "employment_status"),
    parent="employment_status",
    zeros=zeros.WORK_MODE,
    measured=(_same("work_mode", "work_mode"),),
    seed=(
        Interaction(
            "work_mode_by_marriage",
            ("sex", "ever_married", "in_school", "employment_status", "work_mode"), ASSUMED,
            "BESIDE_HOUSEWORK, ABSENT, STUDENTS_BESIDE_STUDY", labour.work_mode_by_marriage,
        ),
    ),
)  # fmt: skip

OCCUPATION_CLASS = FactorSpec(
    "occupation_class",
    ("occupation_class",),
    given=("sex", "work_age", "education", "occupation", "worker_kind"),
    parent="employment_status",
    zeros=zeros.OCCUPATION_CLASS,
    seed=(
        Interaction(
            "classes",
            ("sex", "work_age", "education", "occupation", "worker_kind", "occupation_class"),
            OTHER,
            "occupations/titles (census 2020 workers of each class; sex, schooling and self-"
            "employment of its titles)",
            labour.classes, complete=True,
        ),
        Interaction(
            "class_by_age", ("sex", "work_age", "occupation_class"), OTHER,
            "shapes/occupation_middle_by_age (25 middle groups of six major groups)",
            labour.class_by_age,
        ),
        Interaction(
            "directors", ("worker_kind", "occupation_class"), ASSUMED,
            "EMPLOYED_DIRECTORS", labour.directors,
        ),
    ),
)  # fmt: skip

INDUSTRY = FactorSpec(
    "industry",
    ("industry",),
    given=("sex", "occupation", "occupation_class", "worker_kind"),
    parent="occupation_class",
    zeros=zeros.INDUSTRY,
    measured=(_same("industry", "sex", "industry"),),
    seed=(
        Interaction(
            "industry_by_class", ("occupation_class", "industry"), OTHER,
            "occupations/class_industries (ASSUMED), occupations/industry_sizes",
            labour.industry_by_class, complete=True,
        ),
    ),
)  # fmt: skip

SCHOOL = FactorSpec(
    "school",
    ("school",),
    given=("sex", "age_group", "marital", "education"),
    parent="people",
    zeros=zeros.SCHOOL,
    measured=(_same("school", "sex", "school"),),
    seed=(
        Interaction(
            "school_by_age", ("sex", "age_group", "school"), ASSUMED,
            "SCHOOLING_AT_AGE, summed over the ages of the group", schooling.school_by_age,
            local=True,
        ),
    ),
)  # fmt: skip

HOUSEHOLD = FactorSpec(
    "household",
    ("household",),
    given=("sex", "age_group", "marital", "labour_status"),
    parent="people",
    zeros=zeros.HOUSEHOLD,
    measured=(
        _same("household", "household"),
        Measured(
            "living_alone", {"age_band": "age_band"}, where={"household": "one_person"},
        ),
    ),
    seed=(
        Interaction(
            "living_alone_by_age", ("sex", "age_group", "labour_force", "apart"), OTHER,
            "shapes/living_alone_by_age", households.living_alone_by_age, local=True,
        ),
        Interaction(
            "household_by_marriage", ("age_group", "marital", "household"), ASSUMED,
            "PROPENSITIES", households.household_by_marriage,
        ),
        Interaction(
            "household_by_work", ("labour_status", "household"), ASSUMED,
            "IN_INSTITUTIONS", households.household_by_work,
        ),
    ),
)  # fmt: skip

EDUCATION_DETAIL = FactorSpec(
    "education_detail",
    ("education_detail",),
    given=("sex", "age_group", "education", "occupation"),
    parent="people",
    zeros=zeros.EDUCATION_DETAIL,
    seed=(
        Interaction(
            "education_detail_by_age", ("sex", "age_group", "education", "education_detail"), OTHER,
            "shapes/education_by_status_25_34, shapes/after_upper_secondary",
            schooling.education_detail_by_age,
        ),
        Interaction(
            "education_detail_by_occupation", ("occupation", "education_detail"), OTHER,
            "shapes/education_detail_by_occupation (job tag, several answers: weak)",
            schooling.education_detail_by_occupation,
        ),
    ),
    chain=True,
)  # fmt: skip

AGE = FactorSpec(
    "age",
    ("age",),
    given=("sex", "age_group", "marital", "education", "school"),
    parent="school",
    zeros=zeros.AGE,
    measured=(_same("population", "sex", "age"),),
    seed=(
        Interaction(
            "schooling_by_single_age", ("education", "school", "age"), ASSUMED,
            "SCHOOLING_AT_AGE", schooling.schooling_by_single_age,
        ),
        Interaction(
            "marital_by_single_age", ("sex", "marital", "age"), OTHER,
            "splines through marital_status by age group", schooling.marital_by_single_age,
            local=True,
        ),
    ),
    chain=True,
)  # fmt: skip

MUNICIPALITY = FactorSpec(
    "municipality",
    ("municipality",),
    given=("sex", "age_group", "occupation"),
    parent="people",
    measured=(
        Measured(
            "municipality_ages", {"municipality": "municipality", "age_band": "age_band"},
            table=places.residents_by_age, source="geography/municipalities",
        ),
        Measured(
            "municipality_sexes", {"municipality": "municipality", "sex": "sex"},
            weight=places.WEIGHT, table=places.residents_by_sex,
            source="geography/municipalities (children included)",
        ),
        Measured(
            "municipality_occupations",
            {"municipality": "municipality", "occupation": "occupation"},
            weight=places.WEIGHT, table=places.workers_by_occupation,
            source="geography/municipality_work",
        ),
    ),
    seed=(
        Interaction(
            "residents_by_age", ("sex", "age_group", "municipality"), OTHER,
            "geography/municipality_ages (projection for 2020, or census 2015)",
            places.residents_by_age_group, local=True, complete=True,
        ),
    ),
    chain=True,
)  # fmt: skip

Model = tuple[FactorSpec, ...]

MODEL: Model = (
    PEOPLE,
    EMPLOYMENT_STATUS,
    WORK_MODE,
    OCCUPATION_CLASS,
    INDUSTRY,
    SCHOOL,
    HOUSEHOLD,
    EDUCATION_DETAIL,
    AGE,
    MUNICIPALITY,
)


def without(names: Iterable[str], instead: Mapping[str, Interaction] | None = None) -> Model:
    """Return the model without some soft margins and terms of seeds.

    Args:
        names: What to leave out; a factor's name leaves the whole factor out.
        instead: Terms that take the place of others, by the name of what they replace.

    Raises:
        KeyError: nothing has that name, or a factor that stays hangs on one that is left out.
    """
    left_out, replaced = set(names), dict(instead or {})
    known = {spec.name for spec in MODEL}
    known |= {term.name for spec in MODEL for term in spec.seed}
    known |= {measured.margin for spec in MODEL for measured in spec.measured}
    if unknown := (left_out | set(replaced)) - known:
        raise KeyError(f"no factor, margin or term of the model is called {sorted(unknown)}")
    orphans = [s.name for s in MODEL if s.parent in left_out and s.name not in left_out]
    if orphans:
        raise KeyError(f"{orphans} hang on what is left out; leave them out too")
    return tuple(
        replace(
            spec,
            measured=tuple(m for m in spec.measured if m.margin not in left_out),
            seed=tuple(
                replaced.get(term.name, term) for term in spec.seed if term.name not in left_out
            ),
        )
        for spec in MODEL
        if spec.name not in left_out
    )
