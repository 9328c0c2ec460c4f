"""Adults of every prefecture in each cell of every fitted table, from the figures that ship.

The draw of one prefecture rounds its tables as its part of the nation (`people/nation.py`); what
the other prefectures hold is read here, so that none has to wait for the others' joints.
"""

from pathlib import Path

import polars as pl
import yaml

from persona_assets.census.margins import build_margins
from persona_assets.census.tables import load_sources, load_table
from persona_assets.joint.fit import assemble, fit_prefecture
from persona_assets.joint.inputs import load_shapes
from persona_assets.partitions import prefectures
from persona_assets.people.nation import national_tables, table_domain
from persona_assets.people.network import network_of
from persona_assets.people.quotas import adult_population

SOURCE = {
    "title": "Adults by prefecture in each cell of the fitted tables",
    "table_id": None,
    "survey": "国勢調査 and the shapes that the joint is fitted with",
    "year": 2020,
    "publisher": "persona-assets",
    "licence": "as the tables of census/ and shapes/ that it is made of",
    "url": None,
    "kind": "derived",
    "series": None,
    "universe": "people of 18 or more",
    "processing": "The margins of the 47 joints fitted to the figures that ship, from age 18.",
}


def write(_: Path, out_dir: Path) -> None:
    """Write `nation/`: what each prefecture has of the adults of each cell.

    Args:
        out_dir: The folder `data/reference`, its other folders written already.
    """
    target = out_dir / "nation"
    target.mkdir(parents=True, exist_ok=True)
    frame = adults(out_dir)
    frame.write_csv(target / "adults.csv", line_terminator="\n")
    entry = {**SOURCE, "columns": frame.columns, "rows": frame.height, "totals": []}
    (target / "sources.yaml").write_text(
        "# Written by tools/retabulate. Fields: persona_assets/census/tables.py\n"
        + yaml.safe_dump({"nation/adults": entry}, allow_unicode=True, sort_keys=False, width=100),
        encoding="utf-8",
    )


def adults(reference: Path) -> pl.DataFrame:
    """Return table, cell and the adults of each prefecture (people, two decimals)."""
    tables = {
        key.removeprefix("census/"): load_table(key, reference)
        for key in load_sources(reference)
        if key.startswith("census/")
    }
    margins = build_margins(tables)
    structure = assemble(load_shapes(reference))
    totals = dict(
        adult_population(margins["population"])
        .group_by("prefecture", maintain_order=True)
        .agg(pl.col("count").sum())
        .iter_rows()
    )
    columns: dict[str, dict[str, pl.Series]] = {name: {} for name in national_tables()}
    for key in prefectures():
        joint, _ = fit_prefecture(key, margins, structure)
        for branch in network_of(joint).branches.values():
            for table in branch.tables:
                if table.name in columns:
                    columns[table.name][key] = pl.Series(table.shares * totals[key]).round(2)
    frame = pl.concat(
        pl.DataFrame({"table": name, "cell": table_domain(name).row_labels(), **shares})
        for name, shares in columns.items()
    )
    return frame.filter(pl.sum_horizontal(*totals) > 0)
