"""Names that fit prefecture, sex and year of birth, drawn from the lists that ship.

The weights are made by `tools/retabulate`; only the draw belongs here, with the one thing that a
recipe chooses about it: how far rare names are brought forward so that fewer people share a name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from persona_assets import levels
from persona_assets.errors import PersonaAssetsError
from persona_assets.partitions import prefecture as checked
from persona_assets.people.streams import stream
from persona_assets.raking import BoolArray, FloatArray, IntArray
from persona_assets.storage.paths import reference_dir

# Names of known people are drawn again, at most so often.
MAX_REDRAWS: Final = 50
# Frequent names are kept apart from rare ones: given names that are among the ten of a decade;
# surnames that are among so many, or whose home is known (about a thousand).
FREQUENT_SURNAMES: Final = 100
# Up to this diversity the frequent names keep their share; beyond it they give part of it to the
# rare ones, at 1 this much.
FAITHFUL_UNTIL, MOST_GIVEN_AWAY = 0.5, 0.15
# Readings of births until the first year are those of older people, from the second of younger.
OLDER_UNTIL, YOUNGER_FROM = 1970, 1990


class NameDrawError(PersonaAssetsError):
    """People for whom no name can be drawn, or a list of names that cannot be read."""


class NameStreams(NamedTuple):
    """The generators: one per column, so that changing how one is drawn leaves the others."""

    surname: np.random.Generator
    given_name: np.random.Generator
    reading: np.random.Generator

    @classmethod
    def of(cls, seed: int, prefecture: str, *edition: str) -> Self:
        """Return the streams of one prefecture, and of a later edition of its people."""
        return cls(*(stream(seed, prefecture, column, *edition) for column in cls._fields))


@dataclass(frozen=True, slots=True)
class DrawnNames:
    """What was drawn.

    Attributes:
        names: surname, surname_reading, given_name, given_name_reading, in the order of the people.
        redrawn: Given names drawn again because the full name was that of a known person.
    """

    names: pl.DataFrame
    redrawn: int


@dataclass(frozen=True)
class _Lists:
    """The lists that ship as arrays; surnames and given names go by their row.

    Attributes:
        surnames: surname, reading.
        surname_weights: National weight of each.
        homed: Rows of the surnames whose home is known.
        by_prefecture: Their weights, one column per prefecture.
        given: given_name, sex, reading.
        given_weights: Per sex its rows of `given`, and their weights, knots x rows.
        frequent: Per sex and number of the knot, which of its rows are among the ten most frequent
            names of a decade that has births of this knot.
        knots: The listed years.
        readings: See `_reading_lists`.
    """

    surnames: pl.DataFrame
    surname_weights: FloatArray
    homed: IntArray
    by_prefecture: pl.DataFrame
    given: pl.DataFrame
    given_weights: dict[str, tuple[IntArray, FloatArray]]
    frequent: dict[tuple[str, int], BoolArray]
    knots: FloatArray
    readings: tuple[pl.Series, IntArray, dict[str, FloatArray]]


@cache
def _lists(reference: Path) -> _Lists:
    folder = reference / "names"
    surnames = pl.read_csv(folder / "surnames.csv")
    by_prefecture = pl.read_csv(folder / "surnames_by_prefecture.csv")
    given = pl.read_csv(folder / "given_names.csv")
    knots = [column for column in given.columns if column.isdigit()]
    weights = {}
    for sex in levels.SEX:
        rows = np.flatnonzero((given["sex"] == sex).to_numpy())
        weights[sex] = (rows, given[rows].select(knots).to_numpy().T.astype(np.float64))
    tops = pl.read_csv(folder / "given_name_tops.csv")
    frequent = {
        (sex, number): given[rows]["given_name"]
        .is_in(
            tops.filter(pl.col("decade").is_in(_decades_near(int(knot))), sex=sex)[
                "given_name"
            ].to_list()
        )
        .to_numpy()
        for sex, (rows, _) in weights.items()
        for number, knot in enumerate(knots)
    }
    place = surnames.select("surname").with_row_index("row")
    homed = by_prefecture.join(place, on="surname", how="left", maintain_order="left")["row"]
    return _Lists(
        surnames=surnames.select("surname", "reading"),
        surname_weights=surnames["weight"].to_numpy().astype(np.float64),
        homed=homed.to_numpy().astype(np.int64),
        by_prefecture=by_prefecture,
        given=given.select("given_name", "sex", "reading"),
        given_weights=weights,
        frequent=frequent,
        knots=np.array([float(knot) for knot in knots]),
        readings=_reading_lists(given, pl.read_csv(folder / "given_name_readings.csv")),
    )


def _decades_near(knot: int) -> list[int]:
    """Return the decades with births between this listed year and the ones beside it."""
    return sorted({year // 10 * 10 for year in (knot - 4, knot + 4)})


def _reading_lists(
    given: pl.DataFrame, several: pl.DataFrame
) -> tuple[pl.Series, IntArray, dict[str, FloatArray]]:
    """Return all readings, given name after given name, where each begins, and running shares.

    The running shares of the name in row n lie between n and n + 1, so that one search finds the
    reading of any name.
    """
    alone = pl.lit(1.0)
    both = given.select("given_name", "sex", pl.col("reading").alias("first")).with_row_index("row")
    rows = both.join(several, on=["given_name", "sex"], how="left", maintain_order="left").select(
        "row",
        pl.col("reading").fill_null(pl.col("first")),
        pl.col("older").fill_null(alone),
        pl.col("younger").fill_null(alone),
    )
    running = rows.with_columns(
        pl.col(era).cum_sum().over("row") / pl.col(era).sum().over("row") + pl.col("row")
        for era in ("older", "younger")
    )
    starts = np.searchsorted(rows["row"].to_numpy(), np.arange(given.height))
    return rows["reading"], starts, {e: running[e].to_numpy() for e in ("older", "younger")}


@cache
def _given_tables(reference: Path, diversity: float) -> dict[tuple[str, int], FloatArray]:
    """Return running weights of the given names by sex and number of the knot."""
    lists = _lists(reference)
    return {
        (sex, knot): np.cumsum(_diverse(weights, lists.frequent[sex, knot], diversity))
        for sex, (_, by_knot) in lists.given_weights.items()
        for knot, weights in enumerate(by_knot)
    }


def _surname_table(lists: _Lists, key: str, diversity: float) -> FloatArray:
    """Return running weights of the surnames in one prefecture."""
    weights = lists.surname_weights.copy()
    here = lists.by_prefecture[key].to_numpy().astype(np.float64)
    # Surnames without a known home share what is left, everywhere in the same proportion.
    total = weights.sum()
    weights[lists.homed] = 0.0
    weights *= (total - here.sum()) / weights.sum()
    weights[lists.homed] = here
    frequent = np.arange(len(weights)) < FREQUENT_SURNAMES
    frequent[lists.homed] = True
    return np.cumsum(_diverse(weights, frequent, diversity))


def given_away(diversity: float) -> float:
    """Return the part of their share that frequent names give to rare ones."""
    beyond = max(0.0, diversity - FAITHFUL_UNTIL) / (1 - FAITHFUL_UNTIL)
    return MOST_GIVEN_AWAY * beyond


def _diverse(weights: FloatArray, frequent: BoolArray, diversity: float) -> FloatArray:
    """Bring rare names forward, each one's weight raised to the power 1 - diversity.

    Frequent names keep their weight up to `FAITHFUL_UNTIL`; beyond it all give up the same part.
    """
    kept = np.where(frequent, weights * (1 - given_away(diversity)), 0.0)
    rare = np.where(frequent, 0.0, weights)
    flat = np.where(rare > 0, rare, 1.0) ** (1 - diversity) * (rare > 0)
    return np.asarray(kept + flat * ((weights.sum() - kept.sum()) / flat.sum()))


def draw_names(
    sex: npt.NDArray[Any],
    birth_year: npt.NDArray[np.int64],
    prefecture: str,
    streams: NameStreams,
    *,
    diversity: float = 0.0,
    more_public_figures: Sequence[Path] = (),
    reference: Path | None = None,
) -> DrawnNames:
    """Draw a surname and a given name for each person of one prefecture.

    A surname is drawn by its share of the prefecture's residents, a given name by its share of the
    births of the person's sex and year: the years of the lists are five apart, and a birth between
    two takes one of them by chance, the nearer one more often. Years outside the lists count as
    the nearest. Points are spread evenly over the weights, so that every name gets its expected
    number rounded, in a prefecture and in a sex and listed year of it.

    If a known person bears the full name, the given name is exchanged with that of somebody else of
    the same sex and listed year, which leaves all shares as they are; if nobody fits, it is drawn
    again.

    Args:
        sex: Code per person, one of `levels.SEX`.
        birth_year: Year per person.
        prefecture: Key of the prefecture.
        streams: The same streams and people give the same names.
        diversity: From 0, names as frequent as they are, to 1, rare ones all alike; up to
            `FAITHFUL_UNTIL` the frequent ones keep their share.
        more_public_figures: Files with one full name per line, beside the list that ships.
        reference: The folder `data/reference`; by default the one that ships.

    Raises:
        NameDrawError: a sex that is not one of the codes, a list that cannot be read, or people
            whose name is still that of a known person after all redraws.
        UnknownPrefectureError: the prefecture is none of the 47.
    """
    reference = reference or reference_dir()
    lists = _lists(reference)
    key = checked(prefecture).key
    people = np.asarray(sex, dtype=np.str_)
    if unknown := sorted(set(np.unique(people)) - set(levels.SEX)):
        raise NameDrawError(f"drawing names: sex {unknown} is none of {list(levels.SEX)}")
    figures = _public_figures(reference, tuple(more_public_figures))
    surname = _pick(
        _surname_table(lists, key, diversity), _even_points(len(people), streams.surname)
    )
    groups = _groups(lists, people, birth_year, streams.given_name)
    tables = _given_tables(reference, diversity)
    given = _draw_given(lists, tables, groups, streams.given_name)
    redrawn = _known(surname, given, figures, lists.given.height).size
    _exchange(surname, given, figures, lists.given.height, groups, streams.given_name)
    todo = _known(surname, given, figures, lists.given.height)
    for _ in range(MAX_REDRAWS):
        if not todo.size:
            break
        given[todo] = _draw_given(lists, tables, groups.of(todo), streams.given_name)
        todo = todo[_known(surname[todo], given[todo], figures, lists.given.height)]
    if todo.size:
        raise NameDrawError(
            f"drawing names: {todo.size} people of {key} still have the name of a known person "
            f"after {MAX_REDRAWS} draws; shorten the lists in names.public_figures"
        )
    names = pl.DataFrame(
        {
            "surname": lists.surnames["surname"][surname],
            "surname_reading": lists.surnames["reading"][surname],
            "given_name": lists.given["given_name"][given],
            "given_name_reading": _draw_readings(lists, given, birth_year, streams.reading),
        }
    )
    return DrawnNames(names, redrawn)


@dataclass(frozen=True, slots=True)
class _Groups:
    """People by sex and listed year.

    Attributes:
        order: The people, group after group.
        first: Where each group begins in `order`, and where the last one ends.
        keys: Sex and number of the knot of each group.
        group: The group of each person.
    """

    order: IntArray
    first: IntArray
    keys: list[tuple[str, int]]
    group: IntArray

    @classmethod
    def by(cls, keys: list[tuple[str, int]], group: IntArray) -> "_Groups":
        """Sort people into groups."""
        order = np.argsort(group, kind="stable")
        return cls(order, np.searchsorted(group[order], np.arange(len(keys) + 1)), keys, group)

    def of(self, people: IntArray) -> "_Groups":
        """Return the groups of some of the people, who are counted anew from 0."""
        return _Groups.by(self.keys, self.group[people])


def _groups(
    lists: _Lists,
    sex: npt.NDArray[np.str_],
    birth_year: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> _Groups:
    """Give each person a listed year, the two nearest by their distance."""
    knots = len(lists.knots)
    position = np.interp(birth_year, lists.knots, np.arange(knots))
    knot = np.floor(position + rng.random(len(sex))).astype(np.int64).clip(max=knots - 1)
    codes = list(lists.given_weights)
    place = np.searchsorted(np.sort(codes), sex)
    return _Groups.by(
        [(code, number) for code in sorted(codes) for number in range(knots)], place * knots + knot
    )


def _draw_given(
    lists: _Lists,
    tables: Mapping[tuple[str, int], FloatArray],
    groups: _Groups,
    rng: np.random.Generator,
) -> IntArray:
    """Return the row of a given name for each person."""
    result = np.empty(len(groups.order), np.int64)
    for number, (code, knot) in enumerate(groups.keys):
        here = groups.order[groups.first[number] : groups.first[number + 1]]
        if here.size:
            picked = _pick(tables[code, knot], _even_points(here.size, rng))
            result[here] = lists.given_weights[code][0][picked]
    return result


def _exchange(
    surname: IntArray,
    given: IntArray,
    figures: IntArray,
    given_names: int,
    groups: _Groups,
    rng: np.random.Generator,
) -> None:
    """Exchange given names, in place, so that few people have the name of a known person."""
    for _ in range(MAX_REDRAWS):
        todo = _known(surname, given, figures, given_names)
        if not todo.size:
            return
        group = groups.group[todo]
        size = groups.first[group + 1] - groups.first[group]
        offset = (rng.random(todo.size) * size).astype(np.int64)
        other = groups.order[groups.first[group] + offset]
        # Nobody takes part in two exchanges at once.
        single = np.zeros(todo.size, bool)
        single[np.unique(other, return_index=True)[1]] = True
        single &= ~np.isin(other, todo)
        one, two = todo[single], other[single]
        wrong = np.zeros(one.size, bool)
        wrong[_known(surname[one], given[two], figures, given_names)] = True
        wrong[_known(surname[two], given[one], figures, given_names)] = True
        one, two = one[~wrong], two[~wrong]
        given[one], given[two] = given[two], given[one]


def _draw_readings(
    lists: _Lists, given: IntArray, birth_year: npt.NDArray[np.int64], rng: np.random.Generator
) -> pl.Series:
    """Return how each given name is read."""
    readings, starts, running = lists.readings
    which, points = rng.random((2, len(given)))
    younger = which < np.interp(birth_year, [OLDER_UNTIL, YOUNGER_FROM], [0.0, 1.0])
    ends = np.append(starts[1:], len(readings)) - 1
    found = starts[given]
    several = np.flatnonzero(ends[given] > found)
    for era, own in (("older", ~younger), ("younger", younger)):
        here = several[own[several]]
        picked = np.searchsorted(running[era], given[here] + points[here], side="right")
        found[here] = np.minimum(picked, ends[given[here]])
    return readings[found]


def _even_points(size: int, rng: np.random.Generator) -> FloatArray:
    """Return points that fall evenly over [0, 1), in random order."""
    return np.asarray((rng.permutation(size) + rng.random()) / max(size, 1))


def _pick(cumulative: FloatArray, points: FloatArray) -> IntArray:
    return np.asarray(np.searchsorted(cumulative, points * cumulative[-1], side="right"), np.int64)


def _known(surname: IntArray, given: IntArray, figures: IntArray, given_names: int) -> IntArray:
    """Return the positions of the people who bear the name of a known person."""
    codes = surname * given_names + given
    nearest = np.searchsorted(figures, codes).clip(max=max(len(figures) - 1, 0))
    return np.flatnonzero(figures[nearest] == codes) if len(figures) else np.empty(0, np.int64)


def count_known(
    people: pl.DataFrame, more: Sequence[Path] = (), reference: Path | None = None
) -> int:
    """Count the people who bear the full name, as written, of a known person.

    Args:
        people: surname, given_name.
        more: The files that were given to `draw_names`.
        reference: The folder `data/reference`; by default the one that ships.
    """
    known = _known_names(reference or reference_dir(), tuple(more)).to_frame("full_name")
    names = people.select(pl.concat_str("surname", "given_name").alias("full_name"))
    return names.join(known, on="full_name", how="semi", maintain_order="left").height


def _known_names(reference: Path, more: tuple[Path, ...]) -> pl.Series:
    ships = pl.read_csv(reference / "names" / "public_figures.csv")["full_name"]
    return pl.concat([ships, *(_full_names(path) for path in more)]).unique(maintain_order=True)


@cache
def _public_figures(reference: Path, more: tuple[Path, ...]) -> IntArray:
    """Return sorted codes of all ways to draw a full name that a known person bears.

    Names are compared as written: one that can be split in two ways is found in both.
    """
    lists = _lists(reference)
    full = _known_names(reference, more)
    lengths = lists.surnames["surname"].str.len_chars().unique().sort().to_list()
    splits = pl.concat(
        full.to_frame("full_name").select(
            pl.col("full_name").str.slice(0, cut).alias("surname"),
            pl.col("full_name").str.slice(cut).alias("given_name"),
        )
        for cut in lengths
    )
    family = lists.surnames.select("surname").with_row_index("family")
    own = lists.given.select("given_name").with_row_index("own")
    found = splits.join(family, on="surname", maintain_order="left").join(
        own, on="given_name", maintain_order="left"
    )
    codes = found["family"].cast(pl.Int64) * lists.given.height + found["own"].cast(pl.Int64)
    return np.unique(codes.to_numpy())


def _full_names(path: Path) -> pl.Series:
    """Read a reader's list: one full name per line, blank lines and lines with # left out."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NameDrawError(
            f"names.public_figures: cannot read {path}: {error}; "
            "give a text file in UTF-8 with one full name per line"
        ) from error
    names = ["".join(line.split()) for line in lines if line.strip() and line.strip()[0] != "#"]
    wrong = [name for name in names if "," in name or len(name) < 2]
    if wrong:
        raise NameDrawError(
            f"names.public_figures: {path} has '{wrong[0]}'; each line must be one full name, "
            "such as 山田太郎"
        )
    return pl.Series("full_name", names, pl.String)
