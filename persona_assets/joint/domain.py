"""Domains and factors: the small types that the fit and every figure of a joint are made of.

A domain is some axes with their levels; a factor is a weight for each of its cells. Cells are kept
as integer codes, one row per possible combination, so that a sum over any axes is one `bincount`.
A coarse axis (ages in bands, married ever or never) is read off the axis that it groups, so a
census table may speak of the coarser and a factor of the finer one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import polars as pl

from persona_assets import levels
from persona_assets.census.margins import SINGLE_AGES
from persona_assets.raking import FloatArray, IntArray

Level = str | int | None
Levels = tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Coarse:
    """An axis that groups the levels of another one.

    Attributes:
        of: The finer axis.
        group: The coarse level of each fine one.
    """

    of: str
    group: Mapping[Level, Level]

    @property
    def levels(self) -> Levels:
        """The coarse levels in the order of the fine ones."""
        return tuple(dict.fromkeys(self.group.values()))


# The upper bound of an age group that has none.
NO_LAST_AGE = 200


def age_bounds(group: str) -> tuple[int, int]:
    """Return the first and the last year of an age group such as `25-29` or `85+`."""
    low, _, high = group.removesuffix("+").partition("-")
    return int(low), int(high) if high else NO_LAST_AGE


def first_age(group: str) -> int:
    """Return the first year of an age group."""
    return age_bounds(group)[0]


def _bands(*starts: int) -> Mapping[Level, Level]:
    """Return the band of each age group; the last band has no upper end."""
    names = [f"{a}-{b - 1}" for a, b in pairwise(starts)] + [f"{starts[-1]}+"]
    return {
        group: names[max(i for i, start in enumerate(starts) if start <= first_age(group))]
        for group in levels.AGE_GROUPS
    }


def _fine(group: Mapping[str, str]) -> Mapping[Level, Level]:
    """Return a grouping that leaves those without a level without one."""
    return {None: None, **{fine: coarse for fine, coarse in group.items()}}  # noqa: C416 - types


# None is the level of those who cannot have the others: an occupation without work.
AXES: Mapping[str, Levels] = MappingProxyType(
    {
        "sex": tuple(levels.SEX),
        "age_group": levels.AGE_GROUPS,
        "labour_status": tuple(levels.LABOUR_STATUS),
        "occupation": (*levels.OCCUPATION, None),
        "education": tuple(levels.EDUCATION),
        "marital": tuple(levels.MARITAL),
        "employment_status": (*levels.EMPLOYMENT_STATUS, None),
        "work_mode": (*levels.WORK_MODE, None),
        "industry": (*levels.INDUSTRY, None),
        "school": (*levels.SCHOOL, "lower_secondary", None),
        "age": SINGLE_AGES,
        "education_detail": tuple(levels.EDUCATION_DETAIL),
        "household": tuple(levels.HOUSEHOLD),
    }
)
# Axes whose levels are data: small classes of occupation, the municipalities of a prefecture.
OPEN_AXES = ("occupation_class", "municipality")

COARSE: Mapping[str, Coarse] = MappingProxyType(
    {
        "census_age": Coarse(
            "age_group",
            {g: "15-19" if g in ("15-17", "18-19") else g for g in levels.AGE_GROUPS},
        ),
        "age_band": Coarse("age_group", _bands(15, 65)),
        "work_age": Coarse("age_group", _bands(15, 20, 25, 35, 50, 65)),
        "cohort": Coarse("age_group", _bands(15, 40, 50, 60, 70, 80)),
        "labour_force": Coarse(
            "labour_status",
            {
                status: status if status in ("employed", "unemployed") else "inactive"
                for status in levels.LABOUR_STATUS
            },
        ),
        "works": Coarse(
            "labour_status",
            {
                status: "yes" if status == "employed" else "no"
                for status in levels.LABOUR_STATUS
            },
        ),
        "ever_married": Coarse(
            "marital", {m: "no" if m == "never_married" else "yes" for m in levels.MARITAL}
        ),
        "in_school": Coarse(
            "education", {e: "yes" if e == "in_school" else "no" for e in levels.EDUCATION}
        ),
        "cohort_education": Coarse(
            "education",
            {e: "university" if e == "graduate_school" else e for e in levels.EDUCATION},
        ),
        "apart": Coarse(
            "household",
            {h: "yes" if h in ("one_person", "institution") else "no" for h in levels.HOUSEHOLD},
        ),
        "worker_class": Coarse("employment_status", _fine(levels.WORKER_CLASS_OF)),
        "worker_kind": Coarse("employment_status", _fine(levels.WORKER_KIND_OF)),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Domain:
    """Axes and their levels, in order.

    Attributes:
        axes: Names of the axes.
        levels: The levels of each axis.
    """

    axes: tuple[str, ...]
    levels: tuple[Levels, ...]

    @classmethod
    def of(cls, *axes: str, **open_axes: Sequence[Level]) -> "Domain":
        """Return the domain of axes of the model, with the levels of those that are data."""
        return cls(
            axes,
            tuple(
                tuple(open_axes[axis])
                if axis in open_axes
                else COARSE[axis].levels if axis in COARSE else AXES[axis]
                for axis in axes
            ),
        )  # fmt: skip

    @property
    def shape(self) -> tuple[int, ...]:
        """How many levels each axis has."""
        return tuple(len(names) for names in self.levels)

    @property
    def size(self) -> int:
        """How many combinations there are."""
        return int(np.prod(self.shape))

    def __contains__(self, axis: str) -> bool:
        """Whether a cell has a level of this axis, of its own or by grouping one that it has."""
        return axis in self.axes or (axis in COARSE and COARSE[axis].of in self.axes)

    def levels_of(self, axis: str) -> Levels:
        """Return the levels of an axis of this domain, or of one that groups an axis of it."""
        return self.levels[self.axes.index(axis)] if axis in self.axes else COARSE[axis].levels

    def row_labels(self) -> list[str]:
        """Return what each combination is called in messages, in row-major order."""
        positions = np.unravel_index(np.arange(self.size), self.shape)
        names = [[str(level) for level in of_axis] for of_axis in self.levels]
        return [
            " ".join(names[axis][i] for axis, i in enumerate(row))
            for row in zip(*positions, strict=True)
        ]


@dataclass(frozen=True)
class Cells:
    """The possible combinations of a domain.

    Attributes:
        domain: The axes.
        codes: One row per cell, one column per axis: the position of the level.
    """

    domain: Domain
    codes: IntArray

    def __len__(self) -> int:
        """How many cells there are."""
        return len(self.codes)

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, **open_axes: Sequence[Level]) -> "Cells":
        """Return the cells of a frame of levels, one row per cell."""
        domain = Domain.of(*frame.columns, **open_axes)
        columns = [
            _codes(frame[axis], names)
            for axis, names in zip(domain.axes, domain.levels, strict=True)
        ]
        return cls(domain, np.stack(columns, axis=1))

    def to_frame(self, axes: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the levels of each cell, of some axes or all."""
        return pl.DataFrame(
            {
                axis: pl.Series(axis, names, strict=False)[self.codes[:, i]]
                for i, (axis, names) in enumerate(
                    zip(self.domain.axes, self.domain.levels, strict=True)
                )
                if axes is None or axis in axes
            }
        )

    def column(self, axis: str) -> IntArray:
        """Return the position of each cell's level of an axis, which may be a coarse one."""
        if axis in self.domain.axes:
            return self.codes[:, self.domain.axes.index(axis)]
        coarse = COARSE[axis]
        fine = self.domain.levels_of(coarse.of)
        position = {level: i for i, level in enumerate(coarse.levels)}
        group = np.array([position[coarse.group[level]] for level in fine])
        return np.asarray(group[self.column(coarse.of)])

    def index(self, axes: Sequence[str]) -> tuple[IntArray, Domain]:
        """Return each cell's row in the table of some axes (row-major), and that table's domain."""
        table = Domain(tuple(axes), tuple(self.domain.levels_of(axis) for axis in axes))
        if not axes:
            return np.zeros(len(self), dtype=np.intp), table
        columns = [self.column(axis) for axis in axes]
        return np.asarray(np.ravel_multi_index(columns, table.shape)), table


@dataclass(frozen=True)
class Factor:
    """A weight for each cell of a domain: people, as a float.

    Attributes:
        cells: The possible combinations.
        weights: One per cell, >= 0.
    """

    cells: Cells
    weights: FloatArray

    def table(self, *axes: str) -> FloatArray:
        """Return the sums over some axes as an array with one dimension per axis."""
        index, domain = self.cells.index(axes)
        sums = np.bincount(index, self.weights, domain.size).astype(np.float64, copy=False)
        return sums.reshape(domain.shape)

    def to_frame(self) -> pl.DataFrame:
        """Return the levels and `weight` of each cell."""
        return self.cells.to_frame().with_columns(weight=self.weights)

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, **open_axes: Sequence[Level]) -> "Factor":
        """Return the factor of a frame of levels and `weight`."""
        return cls(Cells.from_frame(frame.drop("weight"), **open_axes), frame["weight"].to_numpy())


def _codes(column: pl.Series, names: Levels) -> IntArray:
    if column.dtype != pl.String:
        position = {name: i for i, name in enumerate(names)}
        return np.array([position[value] for value in column.to_list()], dtype=np.intp)
    # An enumeration is many times as fast as looking every value up.
    levels_, positions = _enumerated(names)
    codes = column.cast(levels_).to_physical()
    if not column.null_count():
        return np.asarray(positions[codes.to_numpy()])
    if None not in names:
        raise KeyError(f"axis '{column.name}' has no level for null")
    positions = np.append(positions, names.index(None))
    return np.asarray(positions[codes.cast(pl.UInt32).fill_null(len(positions) - 1).to_numpy()])


@lru_cache(maxsize=256)
def _enumerated(names: Levels) -> tuple[pl.Enum, IntArray]:
    """Return the levels but for None as an enumeration, and the position of each."""
    known = [i for i, name in enumerate(names) if name is not None]
    return pl.Enum([str(names[i]) for i in known]), np.array(known, dtype=np.intp)
