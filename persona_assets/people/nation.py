"""The nation's rounding: whole numbers for every fitted table, a part of them each prefecture's.

Runs are independent per prefecture, and the roundings of 47 prefectures would add up to a nation
that is further off than it must be. So each prefecture rounds the nation up to and including itself
and takes off the nation before it: what one prefecture rounds up, the next rounds down. How many
adults each prefecture has in each cell comes from the figures that ship; with others a prefecture's
tables are still rounded, but their roundings cancel less well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from persona_assets import levels
from persona_assets.joint.domain import COARSE, OPEN_AXES, Domain, age_bounds
from persona_assets.joint.model import MODEL
from persona_assets.people.network import FORESEEN, QUOTA_AXES
from persona_assets.people.rounding import controlled_rounding, divided
from persona_assets.people.streams import stream
from persona_assets.raking import FloatArray, IntArray


# Compared by identity: there is one per reference folder, and its rounding is kept.
@dataclass(frozen=True, eq=False)
class Nation:
    """Adults of every prefecture in each cell of every fitted table.

    Attributes:
        prefectures: Keys, in the order of their codes.
        adults: By table, an array of prefectures by cells (row-major over the table's axes).
    """

    prefectures: tuple[str, ...]
    adults: Mapping[str, FloatArray]

    def offsets(self, prefecture: str, quotas: pl.DataFrame, seed: int) -> dict[str, FloatArray]:
        """Return by how much each cell of a prefecture's tables is rounded up or down.

        Args:
            prefecture: Its key.
            quotas: prefecture, sex, age_group, quota of the whole nation.
            seed: Decides which prefecture is rounded first.

        Returns:
            Of each table, people to add to a cell's expectation to make it whole; the tables of a
            prefecture agree with each other.
        """
        whole = _rounded_nation(self, _quota_array(quotas, self.prefectures).tobytes(), seed)
        own = self.prefectures.index(prefecture)
        people = whole["population"][own].sum()
        total = self.adults["population"][own].sum()
        return {
            name: whole[name][own] - people * adults[own] / total
            for name, adults in self.adults.items()
        }


def _quota_array(quotas: pl.DataFrame, prefectures: tuple[str, ...]) -> IntArray:
    wide = quotas.pivot(on="prefecture", index=list(QUOTA_AXES), values="quota")
    return wide.select(prefectures).to_numpy().T.astype(np.int64)


@cache
def _rounded_nation(nation: Nation, quotas: bytes, seed: int) -> dict[str, IntArray]:
    """Round one prefecture after the other, each with what the ones before left over."""
    count = len(nation.prefectures)
    quota = np.frombuffer(quotas, dtype=np.int64).reshape(count, len(levels.SEX), -1)
    whole = {name: np.zeros(adults.shape, dtype=np.int64) for name, adults in nation.adults.items()}
    rounding = NestedRounding()
    start = int(stream(seed, "rounding").integers(count))
    for own in (*range(start, count), *range(start)):
        tables = rounding.next({n: a[own] for n, a in nation.adults.items()}, quota[own])
        for name, table in tables.items():
            whole[name][own] = table
    return whole


class NestedRounding:
    """Rounds the tables of one population after the other so that little is left over in all.

    The tables of one population agree with its quotas and with each other: where cells divide a
    total that another table gives, they add up to it.
    """

    def __init__(self) -> None:
        self._left: dict[str, FloatArray] = {}

    def next(self, adults: Mapping[str, FloatArray], quota: IntArray) -> dict[str, IntArray]:
        """Return the whole numbers of one population.

        Args:
            adults: By table, the adults of each cell.
            quota: People by sex and age group.
        """
        scale = quota.sum() / max(float(adults["population"].sum()), 1.0)
        exact = {
            name: (cells * scale).reshape(table_domain(name).shape)
            for name, cells in adults.items()
        }
        done: dict[str, IntArray] = {}

        def divide(
            name: str, group: IntArray, totals: IntArray, most: IntArray | None = None
        ) -> IntArray:
            """Round a table whose groups of cells add up to totals."""
            done[name] = self._to_totals(name, exact[name], group, totals, most)
            return done[name]

        by_sex, sexes = quota.sum(axis=1), np.arange(len(levels.SEX))[:, None]
        status = divide("labour_status", sexes, by_sex)
        working = status[:, _position("labour_status", "labour_force", "employed")]
        inactive = status[:, _position("labour_status", "labour_force", "inactive")]
        yes = _position("employment", "works", "yes")
        done["employment"] = np.empty(exact["employment"].shape, dtype=np.int64)
        exact["employment"] = exact["employment"][:, :, yes]
        employed = self._to_totals("employment", exact["employment"], sexes, working, quota)
        done["employment"][:, :, yes] = employed
        done["employment"][:, :, 1 - yes] = quota - employed
        all_in_one = np.zeros(1, dtype=np.int64)
        divide("occupation", sexes, working)
        divide("industry", sexes, working)
        divide("work_mode", all_in_one, working.sum(keepdims=True))
        classes = divide("worker_class", sexes, working)
        divide("employment_status", _class_of_status(), classes.sum(axis=0))

        education = divide("education", sexes, by_sex)
        students = education[:, _position("education", "education", "in_school")]
        done["students"] = np.empty(exact["students"].shape, dtype=np.int64)
        yes = _position("students", "in_school", "yes")
        done["students"][:, yes], done["students"][:, 1 - yes] = students, by_sex - students
        divide("school", sexes, students)
        # Who does nothing but study is at school.
        most = np.where(
            np.arange(exact["inactivity"].size)
            == _position("inactivity", "labour_status", "studying"),
            students.sum(),
            quota.sum(),
        )
        divide("inactivity", all_in_one, inactive.sum(keepdims=True), most)
        done["education_of_cohorts"] = self._cohorts(exact, quota, education)

        groups = np.arange(quota.size).reshape(quota.shape)
        # Minors are of the first group, without anybody.
        with_minors = np.concatenate([groups[:, :1], groups], axis=1)
        divide("marital_status", with_minors[:, :, None], quota.ravel())
        divide("population", groups[:, _group_of_age()], quota.ravel())
        household = divide("household", all_in_one, quota.sum(keepdims=True).ravel())
        alone = household[_position("household", "household", "one_person")]
        divide("living_alone", all_in_one, np.array([alone]))
        return {name: done[name].ravel() for name in adults}

    def _to_totals(
        self,
        name: str,
        exact: FloatArray,
        group: IntArray,
        totals: IntArray,
        most: IntArray | None = None,
    ) -> IntArray:
        """Scale groups of cells to whole totals, add what is left over, round, keep the rest."""
        of = np.broadcast_to(group, exact.shape).ravel()
        flat = exact.ravel()
        sums = np.bincount(of, flat, len(totals))
        scaled = flat * np.divide(totals, sums, out=np.zeros(len(totals)), where=sums > 0)[of]
        wanted = scaled + self._left.get(name, 0.0)
        limit = np.where(flat > 0, np.iinfo(np.int64).max if most is None else most.ravel(), 0)
        rounded = divided(wanted, of, totals, limit)
        self._left[name] = wanted - rounded
        return rounded.reshape(exact.shape)

    def _cohorts(
        self, exact: Mapping[str, FloatArray], quota: IntArray, education: IntArray
    ) -> IntArray:
        """Round schooling by cohort: it divides both the quotas and the schooling of all ages."""
        name = "education_of_cohorts"
        domain = table_domain(name)
        cohort_of, schooling_of = _cohort_of_age(), _cohort_education()
        cohorts, schoolings = domain.shape[1:]
        result = np.empty(domain.shape, dtype=np.int64)
        left = self._left.setdefault(name, np.zeros(domain.shape))
        for sex in range(len(levels.SEX)):
            rows = np.bincount(cohort_of, quota[sex], cohorts).astype(np.float64)
            columns = np.bincount(schooling_of, education[sex], schoolings).astype(np.float64)
            # The table leaves out the youngest and students; they are what is left of the sums.
            inside = exact[name][sex]
            youngest = np.bincount(schooling_of, exact["education"][sex]) - inside.sum(axis=0)
            wanted = np.where(inside.sum(axis=1, keepdims=True) > 0, inside, youngest)
            wanted = _proportional(np.maximum(wanted, 1e-9), rows, columns) + left[sex]
            result[sex] = controlled_rounding(wanted, rows.astype(int), columns.astype(int))
            left[sex] = wanted - result[sex]
        result[exact[name] == 0] = 0
        return result


def _proportional(table: FloatArray, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """Scale a positive table until its rows and columns add up to totals of equal sum."""
    for _ in range(50):
        table = table * (columns / table.sum(axis=0))
        table = table * (rows / np.maximum(table.sum(axis=1), 1e-12))[:, None]
        table = np.maximum(table, 1e-12)
    return table


@cache
def table_domain(name: str) -> Domain:
    """Return the axes and levels of a fitted table."""
    measured = next(
        m
        for spec in MODEL
        for m in (*spec.measured, *FORESEEN.get(spec.name, ()))
        if m.margin == name
    )
    return Domain.of(*measured.axes)


@cache
def national_tables() -> tuple[str, ...]:
    """Return the tables whose cells are the same in every prefecture."""
    return tuple(
        m.margin
        for spec in MODEL
        for m in (*spec.measured, *FORESEEN.get(spec.name, ()))
        if not set(m.axes) & set(OPEN_AXES)
    )


def _position(table: str, axis: str, level: str) -> int:
    return table_domain(table).levels_of(axis).index(level)


@cache
def _class_of_status() -> IntArray:
    classes = table_domain("worker_class").levels_of("worker_class")
    group = COARSE["worker_class"].group
    statuses = table_domain("employment_status").levels_of("employment_status")
    return np.array([classes.index(group[status]) for status in statuses])


@cache
def _cohort_of_age() -> IntArray:
    """Return the cohort of each adult age group."""
    cohorts = table_domain("education_of_cohorts").levels_of("cohort")
    group = COARSE["cohort"].group
    return np.array([cohorts.index(group[age]) for age in levels.ADULT_AGE_GROUPS])


@cache
def _cohort_education() -> IntArray:
    """Return the coarse schooling of each schooling."""
    coarse = table_domain("education_of_cohorts").levels_of("cohort_education")
    group = COARSE["cohort_education"].group
    return np.array(
        [coarse.index(group[e]) for e in table_domain("education").levels_of("education")]
    )


@cache
def _group_of_age() -> IntArray:
    """Return the adult age group of each single age; minors, of whom none are, the first."""
    firsts = [age_bounds(group)[0] for group in levels.ADULT_AGE_GROUPS]
    ages = np.array(table_domain("population").levels_of("age"), dtype=np.int64)
    return np.asarray(np.maximum(np.searchsorted(firsts, ages, side="right") - 1, 0))


@cache
def load_nation(reference: Path) -> Nation:
    """Read the adults of the fitted tables that ship."""
    frame = pl.read_csv(reference / "nation" / "adults.csv")
    return nation_from(frame)


def nation_from(frame: pl.DataFrame) -> Nation:
    """Return the nation of a frame of table, cell and a column of adults per prefecture."""
    keys = tuple(c for c in frame.columns if c not in ("table", "cell"))
    adults = {}
    for name in national_tables():
        labels = pl.DataFrame({"cell": table_domain(name).row_labels()})
        cells = labels.join(
            frame.filter(pl.col("table") == name), on="cell", how="left", maintain_order="left"
        )
        adults[name] = cells.select(keys).fill_null(0.0).to_numpy().T.astype(np.float64)
    return Nation(keys, adults)
