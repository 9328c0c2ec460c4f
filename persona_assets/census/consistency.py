"""Consistency: what tables of one census must say alike, and where two of them do not.

Every relation is stated once, in RELATIONS. Published and imputed (不詳補完値) counts are never
held to be equal, only "at most": the publisher's imputation adds people and takes none away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
import polars as pl

from persona_assets import levels
from persona_assets.census.tables import TableError
from persona_assets.partitions import prefectures
from persona_assets.raking import FloatArray

Tables = Mapping[str, pl.DataFrame]

# Tables count whole persons, so half a person is rounding in what was computed from them.
ROUNDING = 0.5


class ConflictError(TableError):
    """Two tables that cannot both hold; names them, the place and the size of the conflict."""


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one table to add up: those with one of the codes in every column named."""

    table: str
    where: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Relation:
    """What holds between two parts in every prefecture, and for each sex unless said otherwise."""

    quantity: str
    first: Part
    relation: Literal["=", "<="]
    second: Part
    by_sex: bool = True


def _part(table: str, **where: str | Sequence[str]) -> Part:
    return Part(table, {c: (v,) if isinstance(v, str) else tuple(v) for c, v in where.items()})


def _labour(series: str, *statuses: str) -> Part:
    return _part("labour_status", series=series, labour_status=statuses)


_OLDEST = ("85-89", "90-94", "95-99", "100+")
_WORKING_AGES = tuple(f"{age}-{age + 4}" for age in range(15, 65, 5))
_OLD_AGES = (*(f"{age}-{age + 4}" for age in range(65, 85, 5)), *_OLDEST)
_CHILD_AGES = ("0-4", "5-9", "10-14")
# Age groups of the tables on marital status and work, and the groups of residents in each.
_RESIDENTS = {age: (age,) for age in (*_WORKING_AGES, *_OLD_AGES[:4])} | {"85+": _OLDEST}


def _population() -> list[Relation]:
    by_age, imputed, single = "population_by_age", "population_imputed", "population_single_years"
    broad = {"0-14": _CHILD_AGES, "15-64": _WORKING_AGES, "65+": _OLD_AGES}
    years = {age: [str(int(age.split("-")[0]) + n) for n in range(5)] for age in _CHILD_AGES}
    return [
        # Everybody is counted, only the ages are imputed: the totals are equal in both series.
        Relation("residents", _part(by_age), "=", _part(imputed)),
        *(
            Relation(
                f"residents of {age} (published, imputed)",
                _part(by_age, age_group=groups), "<=", _part(imputed, age_group=age),
            )
            for age, groups in broad.items()
        ),
        *(
            Relation(
                f"residents of {age} (published)",
                _part(single, age=years[age]), "=", _part(by_age, age_group=age),
            )
            for age in _CHILD_AGES
        ),
        Relation(
            "residents of 15-18 among those of 15-19 (published)",
            _part(single, age=("15", "16", "17", "18")), "<=", _part(by_age, age_group="15-19"),
        ),
        *(
            Relation(
                f"residents of {age} whose {what} (published)",
                _part(table, age_group=age), "<=", _part(by_age, age_group=groups),
            )
            for table, what in (
                ("marital_status", "marital status is known"),
                ("employed_by_age", "work is known"),
            )
            for age, groups in _RESIDENTS.items()
        ),
        # The widowed under 25 are one figure for 15-24.
        Relation(
            "residents of 15-24 whose marital status is known (published)",
            _part("marital_status", age_group=("15-19", "15-24", "20-24")),
            "<=", _part(by_age, age_group=("15-19", "20-24")),
        ),
        Relation(
            "residents of 15 or more of known age (published)",
            _part(by_age, age_group=(*_WORKING_AGES, *_OLD_AGES)),
            "=", _labour("published", "total"),
        ),
    ]  # fmt: skip


def _work() -> list[Relation]:
    employed = _labour("published", "employed")
    detail = "labour_detail"
    return [
        *(
            Relation(
                f"labour force ({series})", _labour(series, "employed", "unemployed"),
                "=", _labour(series, "labour_force"),
            )
            for series in ("published", "imputed")
        ),
        Relation(
            "people of known labour status (published)",
            _labour("published", "labour_force", "inactive"), "<=", _labour("published", "total"),
        ),
        # The imputed series leaves nobody unknown.
        Relation(
            "labour force and inactive (imputed)",
            _labour("imputed", "labour_force", "inactive"), "=", _labour("imputed", "total"),
        ),
        *(
            Relation(
                f"{status} (published, imputed)",
                _labour("published", status), "<=", _labour("imputed", status),
            )
            for status in ("total", "labour_force", "employed", "unemployed", "inactive")
        ),
        *(
            Relation("employed (published)", _part(table), "=", employed)
            for table in ("employed_by_age", "employment_status", "occupation", "industry")
        ),
        *(
            Relation(
                f"workers of the class {worker_class} (published)",
                _part(
                    "employment_detail",
                    item=[s for s, c in levels.WORKER_CLASS_OF.items() if c == worker_class],
                ),
                "=", _part("employment_status", employment_status=worker_class), by_sex=False,
            )
            for worker_class in levels.WORKER_CLASS
        ),
        Relation(
            "employed (published)",
            _part(detail, item=("mainly_working", "working_beside_housework",
                                "working_beside_study", "absent")),
            "=", employed, by_sex=False,
        ),
        Relation(
            "inactive (published)", _part(detail, item=("housework", "studying", "other")),
            "=", _labour("published", "inactive"), by_sex=False,
        ),
        *chain.from_iterable(
            (
                Relation(
                    "employed (imputed)", _part(f"{axis}_imputed"),
                    "=", _labour("imputed", "employed"), by_sex=False,
                ),
                *(
                    Relation(
                        f"employed in {axis} {code} (published, imputed)",
                        _part(axis, **{axis: code}), "<=", _part(f"{axis}_imputed", **{axis: code}),
                        by_sex=False,
                    )
                    for code in codes
                ),
            )
            for axis, codes in (("occupation", levels.OCCUPATION), ("industry", levels.INDUSTRY))
        ),
    ]  # fmt: skip


def _schooling() -> list[Relation]:
    in_school = _part("education", education="in_school")
    return [
        Relation(
            "residents of 15 or more of known age (published)",
            _part("education"), "=", _labour("published", "total"),
        ),
        # Some of 15 are still in lower secondary, and some did not say in which school.
        Relation(
            "in school from upper secondary on (published)",
            _part("enrolment", school=tuple(levels.SCHOOL)), "<=", in_school,
        ),
    ]  # fmt: skip


def _households() -> list[Relation]:
    members, counts, kinds = "household_members", "household_counts", "household_kinds"
    types = tuple(code for code in levels.HOUSEHOLD if code != "institution")
    return [
        Relation(
            "residents in households of every kind (published)",
            _part(kinds), "=", _part("population_by_age"), by_sex=False,
        ),
        Relation(
            "members of general households (published)",
            _part(members, household="total"), "=", _part(kinds, household_kind="general"),
            by_sex=False,
        ),
        *(
            Relation(
                f"{what} of known family type (published)",
                _part(table, household=types), "<=", _part(table, household="total"),
                by_sex=False,
            )
            for table, what in ((members, "members of households"), (counts, "households"))
        ),
        Relation(
            "people living alone (published)",
            _part(members, household="one_person"), "=", _part(counts, household="one_person"),
            by_sex=False,
        ),
        *(
            Relation(
                f"households {code}, each of which has members (published)",
                _part(counts, household=code), "<=", _part(members, household=code),
                by_sex=False,
            )
            for code in types if code != "one_person"
        ),
        Relation(
            "people living alone (published)",
            _part("living_alone", age_band="all"), "=", _part(members, household="one_person"),
            by_sex=False,
        ),
        Relation(
            "people of 65 or more living alone (published)",
            _part("living_alone", age_band="65+"), "<=", _part(members, household="one_person"),
            by_sex=False,
        ),
        Relation(
            "people of 65 or more living alone (published, imputed)",
            _part("living_alone", age_band="65+"), "<=",
            _part("population_imputed", age_group="65+"), by_sex=False,
        ),
    ]  # fmt: skip


RELATIONS = (*_population(), *_work(), *_schooling(), *_households())

_SCHEMA = {
    "first": pl.String,
    "second": pl.String,
    "quantity": pl.String,
    "relation": pl.String,
    "prefecture": pl.String,
    "sex": pl.String,
    "first_count": pl.Float64,
    "second_count": pl.Float64,
}
_DIFFERENCE = (pl.col("first_count") - pl.col("second_count")).alias("difference")


def agreements(tables: Tables) -> pl.DataFrame:
    """Return every relation between tables in every place, with what both sides say.

    Args:
        tables: The census tables by their name, such as `marital_status`.

    Returns:
        One row per relation, prefecture and sex ("both" where a table has no sexes): `first`,
        `second`, `quantity`, `relation` ("=" or "<="), the two counts, and `difference`, the
        first count minus the second.
    """
    return pl.concat([_compare(tables, relation) for relation in RELATIONS])


def _compare(tables: Tables, relation: Relation) -> pl.DataFrame:
    by = ["prefecture", "sex"] if relation.by_sex else ["prefecture"]
    first, second = (
        tables[part.table]
        .filter(pl.lit(value=True), *(pl.col(c).is_in(v) for c, v in part.where.items()))
        .group_by(by, maintain_order=True)
        .agg(pl.col("count").sum().alias(side))
        for part, side in ((relation.first, "first_count"), (relation.second, "second_count"))
    )
    # A place that only one table has must show as well.
    both = first.join(second, on=by, how="full", coalesce=True, maintain_order="left_right")
    return both.select(
        pl.lit(relation.first.table).alias("first"),
        pl.lit(relation.second.table).alias("second"),
        pl.lit(relation.quantity).alias("quantity"),
        pl.lit(relation.relation).alias("relation"),
        "prefecture",
        "sex" if relation.by_sex else pl.lit("both").alias("sex"),
        pl.col("first_count", "second_count").fill_null(0.0),
    ).with_columns(_DIFFERENCE)


def conflicts(agreements: pl.DataFrame) -> pl.DataFrame:
    """Return the rows whose relation does not hold, the largest difference first."""
    size = pl.when(relation="=").then(pl.col("difference").abs()).otherwise("difference")
    return agreements.filter(size > ROUNDING).sort(
        pl.col("difference").abs(), descending=True, maintain_order=True
    )


def describe_conflicts(conflicts: pl.DataFrame) -> str:
    """Return one line on the first conflict: both tables, quantity, place and size."""
    if conflicts.is_empty():
        return "no conflict"
    row = conflicts.row(0, named=True)
    names = dict.fromkeys((f"census/{row['first']}", f"census/{row['second']}"))
    sex = "both sexes" if row["sex"] == "both" else row["sex"]
    limit = "at most " if row["relation"] == "<=" else ""
    more = f"; and {conflicts.height - 1:,} more" if conflicts.height > 1 else ""
    return (
        f"{' and '.join(names)}: {row['quantity']} in {row['prefecture']}, {sex}: "
        f"{row['first_count']:,.0f} against {limit}{row['second_count']:,.0f} "
        f"({row['difference']:+,.0f}){more}"
    )


def remainder(
    whole: FloatArray, part: FloatArray, first: str, second: str, quantity: str,
    labels: Sequence[str] = (),
) -> FloatArray:  # fmt: skip
    """Return `whole - part`, 0 or more.

    Args:
        whole: Counts by prefecture, sex (or one column for both) and, with `labels`, one more axis.
        part: Counts of the same cells that are among those of `whole`.
        first: The table that says `part`.
        second: The table that says `whole`.
        quantity: What both count.
        labels: The codes of the third axis.

    Raises:
        ConflictError: a part exceeds its whole by more than rounding.
    """
    rest = whole - part
    if (rest < -ROUNDING).any():
        sexes = tuple(levels.SEX) if rest.shape[1] == len(levels.SEX) else ("both",)
        rows = []
        for cell in map(tuple, np.argwhere(rest < -ROUNDING)):
            where = f", {labels[cell[2]]}" if labels else ""
            place = (tuple(prefectures())[cell[0]], sexes[cell[1]])
            rows.append((first, second, quantity + where, "<=", *place, part[cell], whole[cell]))
        frame = pl.DataFrame(rows, _SCHEMA, orient="row").with_columns(_DIFFERENCE)
        raise ConflictError(f"{describe_conflicts(conflicts(frame))}; correct one of the tables")
    return np.maximum(rest, 0)
