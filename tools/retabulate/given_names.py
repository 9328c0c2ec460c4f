"""Given names by sex and year of birth, with readings.

Names and readings come from licensed lists (P1 and P2 in the collection's notes). How frequent they
were comes from facts that are not licensed as tables: the ten most frequent names of each year
(ranks only) and the counted births of 1989-2003. What is written is the model below, rounded; of
the counts only the ten most frequent names of a band keep their share, all others a class of half
an octave.

Weights are given at every fifth year ("knots"); a birth between two knots has a mixture of both.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from persona_assets.raking import FloatArray

# Everybody of age was born in these years.
FIRST_YEAR, LAST_YEAR = 1912, 2003
KNOTS = tuple(range(1915, 2005, 5))
DECADES = tuple(range(1910, 2010, 10))
# Births are counted in bands of years; each is taken for the knot in it.
BANDS: Mapping[int, int] = {1990: 1989, 1995: 1994, 2000: 1999}
LAST_MODELLED = 1985
# Weights are written as births per so many; rarer names are left out of a knot.
UNIT = 1_000_000
TOP = 10

# Share of births whose name is among the ten most frequent of its year, by decade; ASSUMED before
# 1989, rising from what was counted after it (6 % of girls, 7 % of boys in 1989-1993) to the years
# in which parents agreed most: nearly all girls' names ended in one character, boys' did not.
TOP_TEN_SHARE: Mapping[str, tuple[float, ...]] = {
    "M": (0.15, 0.16, 0.16, 0.15, 0.13, 0.11, 0.09, 0.08),
    "F": (0.18, 0.22, 0.25, 0.24, 0.20, 0.15, 0.11, 0.08),
}
# Within the ten, a name of rank r has a share that falls as 1 / (r + 2); ASSUMED.
RANK_OFFSET = 2
# The name of place n in the order of frequency among adults of about 2000 has a weight that falls
# as 1 / (n + 100), a reading as 1 / (n + 30); ASSUMED.
ORDER_OFFSET, READING_OFFSET = 100, 30
# The order is mostly of men. A woman's name of an older ending that it lacks stands after its last
# place, unless it was given to so many girls of 1989-2003; ASSUMED.
LAST_PLACE, OLDER_ENDINGS, FEW_BIRTHS = 72_000, "子枝江代恵美", 300
# How much of the names below the ten follows the endings of the ten, the rest being as among all
# adults; ASSUMED.
FASHION = {"M": 0.6, "F": 0.8}
# How much of the names below the ten is as in the births of 1989-1993 already; ASSUMED.
MODERN: Mapping[int, float] = {1965: 0.03, 1970: 0.10, 1975: 0.25, 1980: 0.50, 1985: 0.80}
# A name that was given at least so many times as often in 1999-2003 as in 1989-1993 was young then.
YOUNG_TIMES, FIRST_YOUNG = 2.0, 1980
# A character that first stood in a frequent name more than so many years later is too young.
CHARACTER_YEARS = 10

SEXES: Mapping[str, str] = {"M": "male", "F": "female"}
# Lists that give readings by sex; only theirs may be a second reading.
BY_SEX_SOURCES = ("gimei", "wikidata_cc0")
# Readings rarer than this among a name's bearers are left out.
LEAST_READING = 0.05
# A sex has no reading of which the names read so of the other sex are more than this share, if the
# name has another. Strict for women, since the order of frequency is mostly of men.
OTHER_SEX = {"M": 0.95, "F": 0.8}
# A last character that is read in one way only; a pair with another reading is a list's mistake.
ENDINGS: Mapping[str, str] = {
    "子": "こ", "美": "み", "代": "よ", "江": "え", "枝": "え", "郎": "ろう", "夫": "お",
}  # fmt: skip
# Small kana that a list writes large, in names with a character that is read so.
LARGE_KANA: Mapping[str, str] = {
    "りゆう": "りゅう", "りよう": "りょう", "しよう": "しょう", "じゆん": "じゅん",
}  # fmt: skip
SMALL_KANA_CHARACTERS = "龍竜了陵亮正尚章彰潤純順"


def read(source: Path) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Read the collection's tables and make the three files; see `tabulate`."""
    return tabulate(
        pl.read_csv(source / "given_names_lexicon.csv.gz", infer_schema=False),
        pl.read_csv(source / "given_names_by_birth_year.csv", infer_schema=False),
        pl.read_csv(source / "given_names_1989_2009_bands.csv.gz"),
    )


def tabulate(
    lexicon: pl.DataFrame, ranks: pl.DataFrame, births: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Make the files of given names.

    Args:
        lexicon: Name and reading, with the lists that have them; all columns as text.
        ranks: Ranks of names by year of birth; all columns as text.
        births: Births by name, sex and band of years.

    Returns:
        given_name, sex, its first reading and a weight per knot (births per million); for names
        with several readings each one with its share among the older and the younger bearers; and
        the ten most frequent names of each decade and sex with the share that the weights are
        fitted to.
    """
    usable = _usable(lexicon)
    names, readings, tops = [], [], []
    for code, sex in SEXES.items():
        pairs = _of_sex(usable, code)
        lines = _lines(pairs, births, code)
        years = _top_ten(ranks.filter(pl.col("sex") == code), lines["given_name"].to_list())
        decades = _decade_tops(lines, years, code)
        kept = np.rint(_fitted(_weights(lines, years, code), decades) * UNIT).astype(np.int64)
        read_as = _readings(pairs, ranks)
        first = read_as.unique("given_name", keep="first", maintain_order=True)
        names.append(
            lines.select("given_name", pl.lit(sex).alias("sex"))
            .join(first.select("given_name", "reading"), on="given_name", maintain_order="left")
            .with_columns(pl.Series(str(knot), kept[:, n]) for n, knot in enumerate(KNOTS))
            .filter(pl.Series(kept.sum(1) > 0))
        )
        readings.append(
            read_as.filter(~pl.col("given_name").is_unique()).join(
                names[-1].select("given_name", "sex"), on="given_name", maintain_order="left"
            )
        )
        tops += [
            (decade, sex, place + 1, lines["given_name"][int(row)], round(float(share[row]), 4),
             "counted" if decade >= min(BANDS) else "modelled")
            for decade, share in decades.items()
            for place, row in enumerate(np.argsort(-share, kind="stable")[:TOP])
        ]  # fmt: skip
    return (
        pl.concat(names),
        pl.concat(readings).select("given_name", "sex", "reading", "older", "younger"),
        pl.DataFrame(
            tops,
            schema=["decade", "sex", "rank", "given_name", "share", "basis"],
            orient="row",
        ),
    )


def _usable(lexicon: pl.DataFrame) -> pl.DataFrame:
    """Return licensed pairs of a legal name and a plain reading."""
    mistaken = pl.any_horizontal(
        pl.col("given_name").str.contains(f".{last}$") & ~pl.col("reading").str.ends_with(end)
        for last, end in ENDINGS.items()
    )
    small = pl.col("reading").str.replace_many(LARGE_KANA)
    of_small = pl.col("given_name").str.contains(f"[{SMALL_KANA_CHARACTERS}]")
    return (
        lexicon.with_columns(pl.when(of_small).then(small).otherwise("reading").alias("reading"))
        .unique(["given_name", "reading"], keep="first", maintain_order=True)
        .filter(
            ~mistaken
            & pl.col("tier").is_in(["P1", "P2"])
            & (pl.col("legal_chars") == "1")
            & pl.col("reading").str.contains(r"^[ぁ-んー]{2,6}$")
            & pl.col("given_name").str.contains(r"^([\p{Han}々]{1,3}|[ぁ-ん]{2,4}|[ァ-ン]{2,3})$")
        )
        .with_columns(
            pl.coalesce("sex_listed_p1", "sex_listed_p2").alias("listed"),
            pl.col("terryyin_order", "heisei_count_m", "heisei_count_f").cast(pl.Float64),
            pl.col("sources").str.split("|").alias("lists"),
        )
    )


def _of_sex(usable: pl.DataFrame, code: str) -> pl.DataFrame:
    """Return the pairs of one sex: of its names by a list or by births, and of its readings."""
    own, other = ("m", "f") if code == "M" else ("f", "m")
    own_births, other_births = (
        pl.col(f"heisei_count_{sex}").fill_null(0).max().over("given_name") for sex in (own, other)
    )
    listed = pl.col("listed").fill_null("").max().over("given_name")
    ordered = pl.col("terryyin_order").is_not_null().any().over("given_name")
    by_births = pl.col("sex").str.contains(code) & ((own_births >= 5) | ordered)
    births = own_births + other_births
    part = pl.when(births >= 20).then(own_births / births).otherwise(
        pl.when(listed.str.len_chars() > 1).then(0.5).otherwise(1.0)
    )  # fmt: skip
    # Among names of one sex only, how many of those that are read so are of the other.
    only = pl.col("listed")
    foreign = ((only != code).sum() / (only.count() + 1)).over("reading")
    return (
        usable.with_columns(
            foreign=foreign.fill_null(0.5), own_births=own_births, of_this_sex=part.fill_null(1.0)
        )
        .filter(pl.when(listed == "").then(by_births).otherwise(listed.str.contains(code)))
        # A name of one list only that no child was given is a pen name more often than not.
        .filter(
            (own_births > 0) | (pl.col("lists").list.explode().n_unique().over("given_name") > 1)
        )
        # In the order of frequency men's names in kana are pen names.
        .filter(
            ~pl.col("given_name").str.contains("[ぁ-んァ-ン]$") | (own_births >= 5) | (code == "F")
        )
        .filter(
            (pl.col("foreign") <= OTHER_SEX[code])
            | (pl.col("foreign").min().over("given_name") > OTHER_SEX[code])
        )
    )


def _readings(pairs: pl.DataFrame, ranks: pl.DataFrame) -> pl.DataFrame:
    """Return given_name, reading and its share among older and younger bearers, the first first.

    Older people read a name as the order of frequency among adults has it, if it is there. Younger
    ones as parents of 2008-2022 said and as most lists have it. All readings but the first must be
    in a list by sex.
    """
    said = (
        ranks.filter(pl.col("source") == "baby_calendar")
        .group_by("given_name", "reading", maintain_order=True)
        .agg(pl.col("count").cast(pl.Float64).sum().alias("said"))
    )
    votes = pl.col("lists").list.len().cast(pl.Float64)
    known = pl.col("terryyin_order").is_not_null().any().over("given_name")
    frequency = 1 / (pl.col("terryyin_order") + READING_OFFSET)
    by_sex = pl.any_horizontal(*(pl.col("lists").list.contains(s) for s in BY_SEX_SOURCES))
    younger = (
        (pl.col("said").fill_null(0) + 1)
        * votes**2
        * frequency.fill_null(1 / LAST_PLACE).sqrt()
        * pl.when(by_sex).then(3).otherwise(1)
    )
    older = pl.when(known).then(frequency.fill_null(0)).otherwise(younger)

    def shares() -> list[pl.Expr]:
        return [pl.col(era) / pl.col(era).sum().over("given_name") for era in ("older", "younger")]

    return (
        pairs.join(said, on=["given_name", "reading"], how="left", maintain_order="left")
        .with_columns(older=older, younger=younger, by_sex=by_sex)
        .with_columns(shares())
        .with_columns(both=pl.col("older") + pl.col("younger"))
        .sort("given_name", "both", "terryyin_order", "reading",
              descending=[False, True, False, False], nulls_last=True)
        .filter(
            pl.col("given_name").is_first_distinct()
            | (pl.col("by_sex") & (pl.max_horizontal("older", "younger") >= LEAST_READING))
        )
        .with_columns(shares())
        # The first may be unknown to one of both.
        .with_columns(pl.col("older", "younger").fill_nan(1.0).round(2))
        .select("given_name", "reading", "older", "younger")
    )  # fmt: skip


def _lines(pairs: pl.DataFrame, births: pl.DataFrame, code: str) -> pl.DataFrame:
    """Return one row per name of one sex: popularity among adults and births by band."""
    counts = (
        births.filter((pl.col("sex") == code) & pl.col("birth_year_from").is_in(BANDS.values()))
        .pivot(on="birth_year_from", index="given_name", values="count", maintain_order=True)
        .rename({str(first): f"births_{knot}" for knot, first in BANDS.items()})
    )
    older = (
        pl.lit(code == "F")
        & pl.col("given_name").str.contains(f"[{OLDER_ENDINGS}]$")
        & (pl.col("own_births") < FEW_BIRTHS)
    )
    order = pl.when(older).then(pl.col("order").fill_null(LAST_PLACE)).otherwise("order")
    return (
        pairs.group_by("given_name", maintain_order=True)
        .agg(pl.col("terryyin_order").min().alias("order"),
             pl.col("own_births", "of_this_sex").first())
        .with_columns(adult=(pl.col("of_this_sex") / (order + ORDER_OFFSET)).fill_null(0))
        .join(counts, on="given_name", how="left", maintain_order="left")
        .with_columns(pl.col([f"births_{knot}" for knot in BANDS]).fill_null(0))
        .sort("given_name")
    )  # fmt: skip


def _top_ten(ranks: pl.DataFrame, names: list[str]) -> FloatArray:
    """Return each year's ten most frequent names: names x years, each year adding up to one."""
    place = {name: row for row, name in enumerate(names)}
    shares = np.zeros((len(names), LAST_YEAR - FIRST_YEAR + 1))
    rows = ranks.filter(pl.col("source") == "meiji_yasuda").select(
        "given_name", pl.col("birth_year_from").cast(pl.Int64), pl.col("rank").cast(pl.Int64)
    )
    for name, year, rank in rows.iter_rows():
        if rank <= TOP and FIRST_YEAR <= year <= LAST_YEAR and name in place:
            shares[place[name], year - FIRST_YEAR] = 1 / (rank + RANK_OFFSET)
    return np.asarray(shares / shares.sum(0))


def _ending(name: str) -> str:
    """The last character tells the fashion; names of one character and in kana are kinds too."""
    if len(name) == 1:
        return "一字"
    return "かな" if "ぁ" <= name[-1] <= "ヶ" else name[-1]


def _top_ten_share(code: str) -> FloatArray:
    """Return the share of the ten by year, straight between the middles of decades."""
    years = np.arange(FIRST_YEAR, LAST_YEAR + 1)
    shares = TOP_TEN_SHARE[code]
    return np.interp(years, [decade + 4.5 for decade in DECADES[: len(shares)]], shares)


def _weights(lines: pl.DataFrame, years: FloatArray, code: str) -> FloatArray:
    """Return the share of each name at each knot: the frequent ones, then a body by ending."""
    names = lines["given_name"].to_list()
    every_year = np.arange(FIRST_YEAR, LAST_YEAR + 1)
    kinds, ending = np.unique([_ending(name) for name in names], return_inverse=True)
    adult = lines["adult"].to_numpy()
    counted = {knot: _classes(lines[f"births_{knot}"].to_numpy()) for knot in BANDS}
    young = lines["births_2000"].to_numpy() >= YOUNG_TIMES * lines["births_1990"].to_numpy().clip(
        10
    )
    born = _first_years(names, years)
    share = _top_ten_share(code)
    result = np.zeros((len(names), len(KNOTS)))
    for n, knot in enumerate(KNOTS):
        if knot in BANDS:
            result[:, n] = counted[knot]
            continue
        near = np.clip(1 - np.abs(every_year - knot) / 5, 0, None)
        top = years @ (near * share) / near.sum()
        wide = np.clip(1 - np.abs(every_year - knot) / 15, 0, None)
        fashion = np.bincount(ending, years @ wide, len(kinds))
        old = adult * (born <= knot + CHARACTER_YEARS) * ~(young & (knot < FIRST_YOUNG))
        general = np.bincount(ending, old, len(kinds))
        wanted = (
            FASHION[code] * fashion / fashion.sum() + (1 - FASHION[code]) * general / general.sum()
        )
        body = old * np.divide(wanted, general, out=np.zeros(len(kinds)), where=general > 0)[ending]
        modern = counted[1990] * (born <= knot + CHARACTER_YEARS) * ~(young & (knot < FIRST_YOUNG))
        part = MODERN.get(knot, 0.0)
        body = (1 - part) * body / body.sum() + part * modern / modern.sum()
        # Below the ten no name is as frequent as the tenth.
        least = share[knot - FIRST_YEAR] * 1 / (TOP + RANK_OFFSET) / _harmonic() * 0.9
        body = np.where(top > 0, 0.0, np.minimum(body, least))
        result[:, n] = top + body * (1 - top.sum()) / body.sum()
    return result


def _harmonic() -> float:
    return float(sum(1 / (rank + RANK_OFFSET) for rank in range(1, TOP + 1)))


def _classes(births: FloatArray) -> FloatArray:
    """Return shares of births, rounded: the ten most frequent as counted, others by half octaves."""
    shares = births / births.sum()
    first = np.argsort(-shares, kind="stable")[:TOP]
    others = np.ones(len(shares), bool)
    others[first] = False
    with np.errstate(divide="ignore"):
        rounded = np.where(shares > 0, 2 ** (np.rint(2 * np.log2(shares)) / 2), 0.0)
    rounded = np.where(others, np.minimum(rounded, shares[first[-1]]), 0.0)
    return np.asarray(np.where(others, rounded * (1 - shares[first].sum()) / rounded.sum(), shares))


def _first_years(names: list[str], years: FloatArray) -> FloatArray:
    """Return the year in which the youngest character of each name first was in a frequent one."""
    first: dict[str, int] = {}
    for year in range(years.shape[1]):
        for row in np.flatnonzero(years[:, year]):
            for character in names[row]:
                first.setdefault(character, FIRST_YEAR + year)
    return np.array([max(first.get(c, FIRST_YEAR) for c in name) for name in names], np.float64)


def _decade_tops(lines: pl.DataFrame, years: FloatArray, code: str) -> dict[int, FloatArray]:
    """Return the shares of the ten most frequent names of each decade; others have none."""
    share = _top_ten_share(code)
    result = {}
    for decade in DECADES:
        if decade >= min(BANDS):
            knots = [knot for knot in BANDS if decade <= knot < decade + 10]
            births = lines.select(f"births_{knot}" for knot in knots).to_numpy().sum(1)
            pooled = np.asarray(births / births.sum())
        else:
            here = [
                year - FIRST_YEAR
                for year in range(decade, decade + 10)
                if FIRST_YEAR <= year <= LAST_YEAR
            ]
            pooled = np.asarray(years[:, here] @ share[here] / len(here))
        cut = np.sort(pooled)[-TOP]
        result[decade] = np.where(pooled >= cut, pooled, 0.0)
    return result


def mixture(years: range) -> FloatArray:
    """Return how much each knot counts for births of each year: years x knots."""
    knots = np.array(KNOTS, np.float64)
    place = np.clip(np.array(years, np.float64), knots[0], knots[-1])
    return np.asarray(np.clip(1 - np.abs(place[:, None] - knots) / 5, 0, None))


def _fitted(weights: FloatArray, decades: Mapping[int, FloatArray]) -> FloatArray:
    """Fit the knots so that the frequent names have their share of each decade's births."""
    blends = {
        decade: mixture(range(max(decade, FIRST_YEAR), min(decade + 10, LAST_YEAR))).mean(0)
        for decade in decades
    }
    weights = weights.copy()
    for _ in range(60):
        for decade, wanted in decades.items():
            rows = np.flatnonzero(wanted)
            ratio = np.clip(wanted[rows] / (weights[rows] @ blends[decade]), 0.25, 4.0)
            weights[rows] *= 1 + (ratio[:, None] - 1) * (blends[decade] / blends[decade].max())
        fixed = np.any([wanted > 0 for wanted in decades.values()], axis=0)
        free = weights[~fixed].sum(0)
        weights[~fixed] *= (1 - weights[fixed].sum(0)) / free
    return weights
