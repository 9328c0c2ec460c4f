"""Surnames: reading, national share, and where their bearers live.

Names and readings come from licensed lists (classed P1 and P2 in the collection's notes). People by
surname of the 2,000 most frequent ones come from a licensed list too; the shares of the others
follow a curve. Where a surname is at home is known only in words (an unlicensed list names up to
five prefectures for each of 1,000): these facts set the tilts of the model below, and only what
the model makes of them, fitted to national shares and residents and rounded, is written. A surname
that is not among the 30,000 of a telephone directory (no licence either) is left out: those are pen
and stage names, or too rare.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from scipy.optimize import brentq

from persona_assets.partitions import prefectures
from persona_assets.raking import FloatArray

# Residents of Japan in the year of the list of people by surname.
RESIDENTS = 126_100_000
# Shares are written as bearers per so many people.
UNIT = 10_000_000

# How many times its national share a surname has in the prefecture that is named first as its home:
# so much times the national share to this power, at most the third figure. ASSUMED, near what was
# published of single names: 佐藤 over 5 % in five prefectures of the north (4 times the nation's
# share), 高橋 4.6 % of Iwate (4 times), 工藤 3 % of Aomori (19 times).
HOME_TIMES, HOME_POWER, MOST_TIMES = 0.12, -0.8, 80.0
# Of that excess, for places named second, third ...; and for those named as having "rather many".
NEXT_HOME, RATHER_MANY = 0.6, 0.4
# A large prefecture is home to many names and has fewer bearers for its size: the excess falls with
# the share of residents beyond 1 % (田中 2 % of Osaka, twice the nation's share). ASSUMED.
SIZE_EXPONENT = 0.75
# Prefectures of the same region have so much of the mean excess there; those of other regions have
# less than the national share, but for the region to which people of all regions moved. ASSUMED.
NEAR, FAR_TIMES, TO_WHERE_ALL_MOVE = 0.3, 0.6, "関東地方"
# Okinawa's surnames are its own: 比嘉, 金城 and 大城 live there by 89, 82 and 76 %, and few others
# moved there (佐藤 is its 317th). Its own are those at home there first whose place in the order of
# frequency, of authors, is this many times their place by people. ASSUMED to fit these.
OKINAWA, OKINAWA_TIMES, OKINAWA_ORDER, OKINAWA_OTHERS = "okinawa", 10.0, 2.0, 0.1

# Readings that were found wrong by eye: the vote of the lists, or small kana written large.
READINGS: Mapping[str, str] = {
    "上村": "うえむら", "菅": "すが", "玉城": "たましろ", "喜屋武": "きゃん", "三條": "さんじょう",
}  # fmt: skip


def tabulate(
    table: pl.DataFrame, residents: Mapping[str, int]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make the two files of surnames.

    Args:
        table: The collection's `surnames.csv`, all columns as text.
        residents: Adults by prefecture key, in the order of the columns.

    Returns:
        surname, reading, weight (bearers per ten million), the most frequent first; and for those
        whose home is known: surname and bearers per ten million of each prefecture's residents.
    """
    usable = table.filter(
        pl.col("existence_tier").is_in(["P1", "P2"])
        & pl.col("reading").str.contains(r"^[ぁ-んー]+$")
        & pl.col("surname").str.contains(r"^[\p{Han}ヶノ々]{1,5}$")
        & pl.col("phonebook_count").is_not_null()
    ).with_columns(
        pl.col("shuheilocale_people", "terryyin_order").cast(pl.Float64),
        pl.col("surname").replace_strict(READINGS, default=pl.col("reading")).alias("reading"),
        pl.col("existence_sources").str.split("|").list.len().alias("votes"),
    )
    counted = usable.filter(pl.col("shuheilocale_people") > 0).sort(
        "shuheilocale_people", "surname", descending=[True, False]
    )
    # Those with a place in the order of frequency first, then those that more lists have.
    rest = usable.filter(pl.col("shuheilocale_people").is_null()).sort(
        "terryyin_order", "votes", "surname", descending=[False, True, False], nulls_last=True
    )
    shares = _with_tail(counted["shuheilocale_people"].to_numpy() / RESIDENTS, rest.height)
    ordered = pl.concat([counted, rest])
    surnames = ordered.select(
        "surname",
        "reading",
        pl.Series("weight", np.maximum(np.rint(shares * UNIT), 1).astype(np.int64)),
    )
    homed = (ordered["pref_many"].is_not_null() | ordered["pref_some"].is_not_null()).to_numpy()
    people = np.array(list(residents.values()), np.float64)
    fitted = _fit(
        _tilts(ordered.filter(homed), shares[homed], residents),
        shares[homed],
        people / people.sum(),
    )
    by_prefecture = ordered.filter(homed).select(
        "surname",
        *(
            pl.Series(key, np.rint(column * UNIT).astype(np.int64))
            for key, column in zip(residents, fitted.T, strict=True)
        ),
    )
    return surnames, by_prefecture


def _with_tail(counted: FloatArray, more: int) -> FloatArray:
    """Return the counted shares, the last one the smallest, and those of as many more surnames.

    Beyond the counted ones shares fall as a power of the rank (ASSUMED), the one that gives the
    names without a count the people that the others leave.
    """
    ranks = np.arange(len(counted) + 1, len(counted) + more + 1) / len(counted)
    left = 1 - counted.sum()
    power = brentq(lambda power: counted[-1] * (ranks**-power).sum() - left, 0.1, 10.0)
    tail = ranks**-power
    return np.concatenate([counted, tail * left / tail.sum()])


def _tilts(homed: pl.DataFrame, shares: FloatArray, residents: Mapping[str, int]) -> FloatArray:
    """Return how many times its national share each surname has in each prefecture, unfitted."""
    keys = list(residents)
    people = np.array(list(residents.values()), np.float64)
    size = np.minimum(1.0, (0.01 / (people / people.sum())) ** SIZE_EXPONENT)
    # The list names prefectures without 都, 府 and 県.
    column = {
        place.name if key == "hokkaido" else place.name[:-1]: keys.index(key)
        for key, place in prefectures().items()
    }
    region = np.array([place.region for place in prefectures().values()])
    same = (region[:, None] == region[None, :]) / (region[:, None] == region[None, :]).sum(1)
    okinawa = keys.index(OKINAWA)
    tilts = np.ones((homed.height, len(keys)))
    order = homed["terryyin_order"].fill_null(np.inf).to_numpy()
    own = order > OKINAWA_ORDER * np.arange(1, homed.height + 1)
    flags = homed.select(pl.col("pref_many", "pref_some").str.split("|"))
    for row, (many, some) in enumerate(flags.iter_rows()):
        most = min(HOME_TIMES * shares[row] ** HOME_POWER, MOST_TIMES) - 1
        parts = np.zeros(len(keys))
        for n, place in enumerate(many or ()):
            parts[column[place]] = NEXT_HOME**n
        for place in some or ():
            parts[column[place]] = RATHER_MANY
        near = same @ parts
        tilts[row] = np.where(near > 0, 1.0, np.where(region == TO_WHERE_ALL_MOVE, 1.0, FAR_TIMES))
        tilts[row] += most * size * np.maximum(parts, NEAR * near)
        if many and column[many[0]] == okinawa:
            tilts[row, okinawa] *= OKINAWA_TIMES if own[row] else 1.0
        elif not parts[okinawa]:
            tilts[row, okinawa] *= OKINAWA_OTHERS
    return tilts


def _fit(tilts: FloatArray, shares: FloatArray, residents: FloatArray) -> FloatArray:
    """Fit tilted shares so that every surname keeps its national share and no place overflows.

    The surnames without a known home are one more row that takes what is left in each prefecture.

    Returns:
        Share of each prefecture's residents, surnames x prefectures.
    """
    rows = np.vstack([tilts, np.ones(tilts.shape[1])])
    national = np.append(shares, 1 - shares.sum())
    cells = rows * national[:, None] * residents
    for _ in range(200):
        cells *= (residents / cells.sum(0))[None, :]
        cells *= (national / cells.sum(1))[:, None]
    return np.asarray(cells[:-1] / residents)


def read(source: Path, residents: Mapping[str, int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the collection's table and make the two files; see `tabulate`."""
    return tabulate(pl.read_csv(source / "surnames.csv", infer_schema=False), residents)
