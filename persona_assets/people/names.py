"""Names that fit sex and year of birth, drawn from the lists that ship.

Weights by decade are made by `tools/retabulate`; only the draw belongs here.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from persona_assets import levels
from persona_assets.errors import PersonaAssetsError
from persona_assets.storage.paths import reference_dir

# Names of known people are drawn again, at most so often.
MAX_REDRAWS = 50


class NameDrawError(PersonaAssetsError):
    """People for whom no name can be drawn; names the column and the value."""


@dataclass(frozen=True)
class _Lists:
    """The lists as arrays; `given` holds per sex and decade the cumulative weights."""

    surnames: pl.DataFrame
    surname_weights: npt.NDArray[np.float64]
    given: dict[str, pl.DataFrame]
    given_weights: dict[tuple[str, int], npt.NDArray[np.float64]]
    decades: npt.NDArray[np.int64]
    public_figures: frozenset[str]


@cache
def _lists(reference: Path) -> _Lists:
    folder = reference / "names"
    surnames = pl.read_csv(folder / "surnames.csv")
    given = pl.read_csv(folder / "given_names.csv")
    decades = sorted(int(c) for c in given.columns if c.isdigit())
    by_sex = {sex: given.filter(pl.col("sex") == sex) for sex in levels.SEX}
    return _Lists(
        surnames=surnames.select("surname", "reading"),
        surname_weights=np.cumsum(surnames["weight"].to_numpy().astype(np.float64)),
        given={sex: part.select("given_name", "reading") for sex, part in by_sex.items()},
        given_weights={
            (sex, decade): np.cumsum(part[str(decade)].to_numpy().astype(np.float64))
            for sex, part in by_sex.items()
            for decade in decades
        },
        decades=np.array(decades),
        public_figures=frozenset(pl.read_csv(folder / "public_figures.csv")["full_name"]),
    )


def draw_names(
    sex: npt.NDArray[Any],
    birth_year: npt.NDArray[np.int64],
    rng: np.random.Generator,
    reference: Path | None = None,
) -> pl.DataFrame:
    """Draw a surname and a given name for each person.

    A given name is drawn by its share of the births of the person's sex and decade; years outside
    the lists count as the nearest decade. A full name that a known person bears is drawn again.

    Args:
        sex: Code per person, one of `levels.SEX`.
        birth_year: Year per person.
        rng: The same generator and people give the same names.
        reference: The folder `data/reference`; by default the one that ships.

    Returns:
        surname, surname_reading, given_name, given_name_reading, in the order of the people.

    Raises:
        NameDrawError: a sex that is not one of the codes.
    """
    lists = _lists(reference or reference_dir())
    unknown = sorted(set(map(str, sex)) - set(levels.SEX))
    if unknown:
        raise NameDrawError(f"drawing names: sex {unknown} is none of {list(levels.SEX)}")
    decade = np.clip(np.asarray(birth_year) // 10 * 10, lists.decades[0], lists.decades[-1])
    size = len(decade)
    surname = np.zeros(size, np.int64)
    given = np.zeros(size, np.int64)
    todo = np.arange(size)
    for _ in range(MAX_REDRAWS):
        surname[todo] = _pick(lists.surname_weights, rng.random(len(todo)))
        points = rng.random(len(todo))
        for (code, start), weights in lists.given_weights.items():
            here = (sex[todo] == code) & (decade[todo] == start)
            given[todo[here]] = _pick(weights, points[here])
        names = _frame(lists, sex, surname, given)
        full = names.select(pl.concat_str("surname", "given_name")).to_series()
        todo = np.flatnonzero(full.is_in(list(lists.public_figures)).to_numpy())
        if not todo.size:
            break
    return names


def _pick(
    cumulative: npt.NDArray[np.float64], points: npt.NDArray[np.float64]
) -> npt.NDArray[np.intp]:
    return np.asarray(np.searchsorted(cumulative, points * cumulative[-1], side="right"))


def _frame(
    lists: _Lists,
    sex: npt.NDArray[Any],
    surname: npt.NDArray[np.int64],
    given: npt.NDArray[np.int64],
) -> pl.DataFrame:
    family = lists.surnames[surname]
    both = pl.concat(list(lists.given.values()))
    offset = np.where(
        sex == next(iter(lists.given)), 0, lists.given[next(iter(lists.given))].height
    )
    own = both[given + offset]
    return pl.DataFrame(
        {
            "surname": family["surname"],
            "surname_reading": family["reading"],
            "given_name": own["given_name"],
            "given_name_reading": own["reading"],
        }
    )
