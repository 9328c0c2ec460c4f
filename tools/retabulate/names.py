"""Surnames, given names and the names of known people, for the draw of names.

Names come only from lists whose licence lets them ship (classed P1 and P2 in the collection's
notes). Lists without such a licence give facts for the models of `surnames` and `given_names`,
never a name, and never their table.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

import polars as pl
import yaml

from tools.retabulate import given_names, surnames
from tools.retabulate.census import PREFECTURE_KEYS

# People so well known that they must not be missing, whom the lists lack; written by hand.
KNOWN_PEOPLE = Path(__file__).with_name("known_people.txt")

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
mecab-ipadic-neologd, Apache-2.0; Wikidata, CC0-1.0; some hundred written by hand for this project.

Weights are this project's own model, rounded. Facts behind it that no licence covers as a table, none
of which is copied: the yearly ten most frequent names of Meiji Yasuda Life's survey of names; counted
births by name of 1989-2003 (of the ten most frequent of five years the share, of all others a class
of half an octave); readings that parents of 2008-2022 gave; in which prefectures a thousand surnames
are many (words, no counts), from which tilts are assumed.
"""


def write(input_dir: Path, out_dir: Path) -> None:
    """Write `names/`: surnames, given names, public figures, sources and notice.

    Args:
        input_dir: The folder of the source files, with `names/` and `census/` in it.
        out_dir: The folder `data/reference`.
    """
    source, target = input_dir / "names", out_dir / "names"
    target.mkdir(parents=True, exist_ok=True)
    family, by_prefecture = surnames.read(source, _residents(input_dir))
    given, readings, tops = given_names.read(source)
    figures = _public_figures(
        [
            *pl.read_csv(source / "public_figures.csv.gz")["full_name"],
            *KNOWN_PEOPLE.read_text(encoding="utf-8").split(),
        ],
        family["surname"],
        given["given_name"],
    )
    lists = {
        "surnames": family,
        "surnames_by_prefecture": by_prefecture,
        "given_names": given,
        "given_name_readings": readings,
        "given_name_tops": tops,
        "public_figures": figures,
    }
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


def _residents(input_dir: Path) -> dict[str, int]:
    """Return residents of 20 or more by prefecture key, in JIS order."""
    table = pl.read_csv(
        input_dir / "census" / "population_prefecture_sex_age5_2020.csv",
        schema_overrides={"prefecture_code": pl.String},
    ).filter((pl.col("age_lower") >= 20) & pl.col("sex").is_in(["male", "female"]))
    counts = (
        table.group_by("prefecture_code", maintain_order=True)
        .agg(pl.col("count").sum())
        .sort("prefecture_code")
    )
    return dict(zip(PREFECTURE_KEYS, counts["count"], strict=True))


def _public_figures(
    listed: Iterable[str], surnames: Collection[str], given: Collection[str]
) -> pl.DataFrame:
    """Return the known people whose name could be drawn: full_name."""
    family, own = frozenset(surnames), frozenset(given)
    possible = [
        name
        for name in sorted(set(listed))
        if any(name[:cut] in family and name[cut:] in own for cut in range(1, len(name)))
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
        "processing": "Bearers per ten million. Of the 2,000 most frequent as published by a "
        "licensed list, over 126.1 million residents; the others in a licensed order of frequency, "
        "falling as the power of the rank that gives them the people left (ASSUMED).",
        **_COMMON,
    },
    "surnames_by_prefecture": {
        "title": "Surnames whose home is known, by prefecture",
        "survey": "published name lists; population census for the residents",
        "year": "2010-2026",
        "kind": "assumed",
        "universe": "residents of each prefecture",
        "processing": "Bearers per ten million residents: a model (ASSUMED tilts, see "
        "tools/retabulate/surnames.py) of the facts in which prefectures a surname is many, fitted "
        "so that every surname keeps its national share. No table of surnames by prefecture was "
        "found that may ship; the facts come from a list without a licence, which is not copied.",
        **_COMMON,
        "licence": "names permissive, by list: see NOTICE.md; shares made by this project's model, "
        "Apache-2.0",
    },
    "given_names": {
        "title": "Given names with reading, sex and share of births at every fifth year",
        "survey": "published name lists; yearly ranks of names; counted births of 1989-2003",
        "year": "1912-2003",
        "kind": "derived",
        "universe": "births",
        "processing": "Births per million of the sex. Before 1989 the yearly ten most frequent "
        "names hold an ASSUMED share, which falls with the rank; the others follow the endings in "
        "fashion and the order of frequency among adults of about 2000. From 1989 the ten most "
        "frequent of five years have their counted share, the others a class of half an octave. "
        "Fitted to given_name_tops. The ranks and counts come from lists without a licence and "
        "are facts behind the model; neither list is copied.",
        **_COMMON,
    },
    "given_name_readings": {
        "title": "Readings of given names that have several",
        "survey": "published name lists; readings that parents of 2008-2022 said",
        "year": "2010-2026",
        "kind": "derived",
        "universe": "bearers of the name",
        "processing": "Share of each reading among older people by the order of frequency of pairs, "
        "among younger ones by lists and by what parents said (ASSUMED weights); further readings "
        "only if a list by sex has them.",
        **_COMMON,
    },
    "given_name_tops": {
        "title": "The ten most frequent given names of each decade and sex",
        "survey": "yearly ranks of names; counted births of 1989-2003",
        "year": "1912-2003",
        "kind": "derived",
        "universe": "births of a decade",
        "processing": "Share that the weights are fitted to; before 1989 from ranks by the ASSUMED "
        "model of given_names, then as counted (births of 2000-2009 by those of 1999-2003).",
        **_COMMON,
    },
    "public_figures": {
        "title": "Full names of known people that a draw could give",
        "survey": "published name lists",
        "year": "2015-2026",
        "kind": "derived",
        "universe": "known people",
        "processing": "Only names that can be split into a surname and a given name that ship; some "
        "hundred of the best known were added by hand.",
        **_COMMON,
    },
}
