"""Surnames, given names by decade of birth, and the names of known people, for the draw of names.

Names come only from lists whose licence lets them ship (classed P1 and P2 in the collection's
notes). Lists without such a licence give facts, not names: the ten most frequent names of each
year weigh names that the licensed lists have, and births of 1989-2008 are counted by ending only.
"""

from collections import defaultdict
from pathlib import Path

import polars as pl
import yaml

DECADES = tuple(range(1910, 2010, 10))
SURNAMES = 6_000
# Frequency of surnames falls about as 1 / rank^1.2 beyond the counted ones; ASSUMED.
TAIL_EXPONENT = 1.2

# Share of a decade's births whose name is among the ten most frequent of its year; ASSUMED, falling
# as names diversify (8 % of the births of the 2000s, a third of those before the war).
TOP_TEN_SHARE = dict(
    zip(DECADES, (0.35, 0.35, 0.33, 0.30, 0.27, 0.24, 0.20, 0.17, 0.12, 0.08), strict=True)
)
# Until the births of this decade a name must stand in the frequency list of adults of about 2000.
LAST_ADULT_DECADE = 1970
LAST_TOP_TEN_DECADE = 1980
# Weights are written as births per million; rarer names are left out.
LEAST_WEIGHT = 1e-5

NOTICE = """# Names: licences and credits

Surnames and given names are taken from these lists and no others:

- jinmei-dict (s1r-J), Apache-2.0; includes NAIST-jdic (BSD-3-Clause) and mecab-ipadic-neologd
  (Apache-2.0)
- mecab-ipadic (NAIST; Nara Institute of Science and Technology licence, with ICOT's no-warranty
  terms) and mecab-jumandic (University of Tokyo, BSD-3-Clause)
- gimei (willnet), MIT
- faker-japanese-name (yantene), data from Wikidata, CC0-1.0
- japanese-personal-name-dataset (shuheilocale), MIT
- japanese-names-rb (Terry Yin), MIT

Names of known people, used to draw again where one would result: mozcdic-ut-personal-names
(utuhiro78), Apache-2.0; house-of-councillors (SmartNews Media Research Institute), MIT;
mecab-ipadic-neologd, Apache-2.0; Wikidata, CC0-1.0.

Weights by decade of birth use the yearly ranks of Meiji Yasuda Life's survey of names (facts, not
the table) and counts by ending of births of 1989-2008.
"""


def write(input_dir: Path, out_dir: Path) -> None:
    """Write `names/`: surnames, given names, public figures, sources and notice.

    Args:
        input_dir: The folder of the source files, with `names/` in it.
        out_dir: The folder `data/reference`.
    """
    source, target = input_dir / "names", out_dir / "names"
    target.mkdir(parents=True, exist_ok=True)
    surnames = _surnames(pl.read_csv(source / "surnames.csv", infer_schema=False))
    given = _given_names(
        pl.read_csv(source / "given_names_lexicon.csv.gz", infer_schema=False),
        pl.read_csv(source / "given_names_by_birth_year.csv", infer_schema=False),
        pl.read_csv(source / "given_names_1989_2009_bands.csv.gz"),
    )
    figures = _public_figures(
        pl.read_csv(source / "public_figures.csv.gz"),
        set(surnames["surname"]),
        set(given["given_name"]),
    )
    lists = {"surnames": surnames, "given_names": given, "public_figures": figures}
    entries = {}
    for name, frame in lists.items():
        frame.write_csv(target / f"{name}.csv", line_terminator="\n")
        entries[f"names/{name}"] = {
            **SOURCES[name],
            "columns": frame.columns,
            "rows": frame.height,
            "totals": [],
        }
    (target / "sources.yaml").write_text(
        "# Written by tools/retabulate. Fields: persona_assets/census/tables.py\n"
        + yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=100),
        encoding="utf-8",
    )
    (target / "NOTICE.md").write_text(NOTICE, encoding="utf-8")


def _surnames(table: pl.DataFrame) -> pl.DataFrame:
    """Return surname, reading, weight (people): counted ones, then a tail in order of frequency."""
    usable = table.filter(
        pl.col("existence_tier").is_in(["P1", "P2"])
        & pl.col("reading").str.contains(r"^[ぁ-んー]+$")
        & pl.col("surname").str.contains(r"^[\p{Han}ヶノ々]{1,5}$")
    ).with_columns(pl.col("shuheilocale_people", "terryyin_order").cast(pl.Float64))
    counted = usable.filter(pl.col("shuheilocale_people") > 0).sort(
        "shuheilocale_people", "surname", descending=[True, False]
    )
    rest = (
        usable.filter(
            pl.col("shuheilocale_people").is_null() & pl.col("terryyin_order").is_not_null()
        )
        .sort("terryyin_order", "surname")
        .head(SURNAMES - counted.height)
    )
    last, rank = counted["shuheilocale_people"][-1], counted.height
    tail = [last * (rank / (rank + n)) ** TAIL_EXPONENT for n in range(1, rest.height + 1)]
    weights = [*counted["shuheilocale_people"], *tail]
    return pl.concat([counted, rest]).select(
        "surname", "reading", pl.Series("weight", [round(w) for w in weights])
    )


def _given_names(lexicon: pl.DataFrame, ranks: pl.DataFrame, births: pl.DataFrame) -> pl.DataFrame:
    """Return given_name, reading, sex and a weight per decade (share of that sex's births)."""
    usable = (
        lexicon.filter(
            pl.col("tier").is_in(["P1", "P2"])
            & (pl.col("legal_chars") == "1")
            & pl.col("reading").str.contains(r"^[ぁ-んー]{2,6}$")
            & pl.col("given_name").str.contains(r"^([\p{Han}々]{1,3}|[ぁ-ん]{2,4}|[ァ-ン]{2,3})$")
        )
        .with_columns(
            pl.coalesce("sex_listed_p1", "sex_listed_p2").alias("listed"),
            pl.col("terryyin_order").cast(pl.Float64).alias("order"),
            pl.col("sources").str.split("|").list.len().alias("votes"),
        )
        .filter(pl.col("listed").is_in(["M", "F"]))
        # Of several readings only the best attested stays.
        .sort("given_name", "listed", "votes", "order", "reading",
              descending=[False, False, True, False, False], nulls_last=True)
        .unique(["given_name", "listed"], keep="first", maintain_order=True)
    )  # fmt: skip
    parts = []
    for listed, sex in (("M", "male"), ("F", "female")):
        names = usable.filter(pl.col("listed") == listed)
        top = _top_ten(ranks.filter(pl.col("sex") == listed), set(names["given_name"]))
        endings = _endings(top, births.filter(pl.col("sex") == listed))
        weights = {d: _decade(names, top, endings[d], d) for d in DECADES}
        parts.append(
            names.select(
                "given_name",
                "reading",
                pl.lit(sex).alias("sex"),
                *(pl.Series(str(d), weights[d]) for d in DECADES),
            )
        )
    columns = [str(d) for d in DECADES]
    return (
        pl.concat(parts)
        .with_columns(
            pl.when(pl.col(c) >= LEAST_WEIGHT).then(pl.col(c)).otherwise(0) for c in columns
        )
        .filter(pl.sum_horizontal(columns) > 0)
        .with_columns((pl.col(columns) * 1e6).round(0).cast(pl.Int64))
        .sort("sex", "given_name", "reading")
    )


def _top_ten(ranks: pl.DataFrame, known: set[str]) -> dict[int, dict[str, float]]:
    """Return each decade's frequent names, a name of rank r in a year counting 1 / (r + 2)."""
    result: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    rows = ranks.filter(pl.col("source") == "meiji_yasuda").select(
        "given_name", "birth_year_from", "rank"
    )
    for name, year, rank in rows.iter_rows():
        decade = int(year) // 10 * 10
        if int(rank) <= 10 and decade in DECADES and name in known:
            result[decade][name] += 1 / (int(rank) + 2)
    return {decade: dict(names) for decade, names in result.items()}


def _ending(name: str) -> str:
    """The last character tells the fashion; names of one character and in kana are kinds too."""
    if len(name) == 1:
        return "一字"
    return "かな" if "ぁ" <= name[-1] <= "ヶ" else name[-1]


def _endings(top: dict[int, dict[str, float]], births: pl.DataFrame) -> dict[int, dict[str, float]]:
    """Return each decade's shares of endings.

    Before 1989 from the frequent names of the decade and its neighbours, after it from births.
    """
    counted: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for name, year, count in births.select("given_name", "birth_year_from", "count").iter_rows():
        counted[1990 if year < 1999 else 2000][_ending(name)] += count
    result: dict[int, dict[str, float]] = {}
    for decade in DECADES:
        shares: dict[str, float] = defaultdict(float)
        if decade > LAST_TOP_TEN_DECADE:
            shares.update(counted[decade])
        else:
            for near, part in ((-10, 0.5), (0, 1.0), (10, 0.5)):
                for name, weight in top.get(decade + near, {}).items():
                    shares[_ending(name)] += weight * part
        total = sum(shares.values())
        result[decade] = {ending: n / total for ending, n in shares.items()}
    return result


def _decade(
    names: pl.DataFrame, top: dict[int, dict[str, float]], endings: dict[str, float], decade: int
) -> list[float]:
    """Return the weight of each name in one decade: frequent names, then a body by ending."""
    rows = list(names.select("given_name", "order", "votes").iter_rows())
    first = _first_decades(top)
    popularity = []
    for name, order, votes in rows:
        adult = order is not None
        if not adult and decade <= LAST_ADULT_DECADE:
            popularity.append(0.0)
        elif adult:
            popularity.append(1 / (order + 30))
        else:
            popularity.append(1e-6 * votes**2)
        # A character that came into fashion more than ten years later gives the name away.
        if any(first.get(character, 0) > decade + 10 for character in name):
            popularity[-1] = 0.0
    by_ending: dict[str, float] = defaultdict(float)
    for (name, _, _), weight in zip(rows, popularity, strict=True):
        by_ending[_ending(name)] += weight
    body = [
        endings.get(_ending(name), 0.0) * weight / by_ending[_ending(name)] if weight else 0.0
        for (name, _, _), weight in zip(rows, popularity, strict=True)
    ]
    total, frequent = sum(body), sum(top[decade].values())
    share = TOP_TEN_SHARE[decade]
    return [
        share * top[decade].get(name, 0.0) / frequent + (1 - share) * weight / total
        for (name, _, _), weight in zip(rows, body, strict=True)
    ]


def _first_decades(top: dict[int, dict[str, float]]) -> dict[str, int]:
    """Return the decade in which each character first stood in a frequent name."""
    first: dict[str, int] = {}
    for decade in DECADES:
        for character in "".join(top[decade]):
            first.setdefault(character, decade)
    return first


def _public_figures(table: pl.DataFrame, surnames: set[str], given: set[str]) -> pl.DataFrame:
    """Return the known people whose name could be drawn: full_name."""
    possible = [
        name
        for name in sorted(set(table["full_name"]))
        if any(name[:cut] in surnames and name[cut:] in given for cut in range(1, len(name)))
    ]
    return pl.DataFrame({"full_name": possible})


_COMMON = {
    "table_id": None,
    "publisher": "see NOTICE.md",
    "licence": "permissive, by list: see NOTICE.md",
    "url": None,
    "series": None,
}
SOURCES = {
    "surnames": {
        "title": "Surnames with reading and weight",
        "survey": "published name lists",
        "year": "2010-2026",
        "kind": "derived",
        "universe": "people in Japan",
        "processing": "People by surname as published for about 2,000; the tail falls with rank "
        "(ASSUMED).",
        **_COMMON,
    },
    "given_names": {
        "title": "Given names with reading, sex and share of births by decade",
        "survey": "published name lists; yearly ranks of names",
        "year": "1912-2009",
        "kind": "derived",
        "universe": "births of a decade",
        "processing": "The yearly ten most frequent names hold an ASSUMED share; the others follow "
        "the endings in fashion and the frequency among adults of about 2000.",
        **_COMMON,
    },
    "public_figures": {
        "title": "Full names of known people that a draw could give",
        "survey": "published name lists",
        "year": "2015-2026",
        "kind": "derived",
        "universe": "known people",
        "processing": "Only names that can be split into a surname and a given name that ship.",
        **_COMMON,
    },
}
