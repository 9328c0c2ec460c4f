"""Write the measured tables into the pages of `docs/`.

    python -m tools.doc_figures               all of them, about a minute
    python -m tools.doc_figures data census   only these

A page holds the place of each table between two comments; prose belongs in the pages.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from persona_assets import levels
from persona_assets.automation.preview import preview
from persona_assets.census import consistency
from persona_assets.census.client import EStatClient
from persona_assets.census.editions import EMPLOYMENT_STATUS_ID, collect_areas, shipped_tables
from persona_assets.census.estat_server import KINDS, Content, EStatServer
from persona_assets.census.margins import FEWEST_ADULTS, MARGINS, STEPS, Adjusted, build_adjusted
from persona_assets.census.raw import Axis, Member, RawTable
from persona_assets.census.refresh import refresh
from persona_assets.census.registry import TableEntry, load_registry
from persona_assets.census.snapshots import SnapshotStore
from persona_assets.census.tables import TABLE_FOLDERS, TableSource, load_sources, load_table
from persona_assets.joint import heldout, uncertainty
from persona_assets.joint.distribution import Joint
from persona_assets.joint.fit import (
    FitReport,
    Structure,
    assemble,
    combinations,
    fit_prefecture,
)
from persona_assets.joint.inputs import load_shapes
from persona_assets.joint.model import MODEL
from persona_assets.joint.scores import margin_scores
from persona_assets.partitions import prefectures
from persona_assets.people.build import build_people
from persona_assets.people.quotas import adult_population, draw_quotas
from persona_assets.quality.fidelity import margin_fits
from persona_assets.raking import FloatArray, Target, rake
from persona_assets.recipe import Figures, Recipe, load_recipe
from persona_assets.release.columns import to_records
from persona_assets.storage.paths import (
    data_root,
    project_root,
    reference_dir,
    snapshots_dir,
)

DOCS = project_root() / "docs"
REFERENCE = reference_dir()
SIZES = (4_700, 47_000)


def markdown(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table."""
    names = list(head)
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


@cache
def _adjusted() -> dict[str, Adjusted]:
    return build_adjusted(_tables())


def _margins() -> dict[str, pl.DataFrame]:
    return {name: adjusted.margin for name, adjusted in _adjusted().items()}


def _tables() -> dict[str, pl.DataFrame]:
    return {
        key.split("/")[1]: load_table(key, REFERENCE)
        for key in load_sources(REFERENCE)
        if key.startswith("census/")
    }


@cache
def _structure() -> Structure:
    return assemble(load_shapes(REFERENCE))


@cache
def _fitted() -> dict[str, tuple[Joint, FitReport]]:
    return {key: fit_prefecture(key, _margins(), _structure()) for key in prefectures()}


def tables() -> str:
    """Tables of the census and the shapes: id, series, totals that are checked."""
    return markdown(
        ("table", "e-Stat id", "series", "kind", "rows", "published totals that are checked"),
        (
            (f"`{key}`", source.table_id or "not known", source.series or "-", source.kind,
             f"{source.rows:,}", _totals(source))
            for key, source in load_sources(REFERENCE).items()
            if key.split("/")[0] in TABLE_FOLDERS
        ),
    )  # fmt: skip


def _totals(source: TableSource) -> str:
    return "; ".join(
        f"{', '.join(str(value) for value in total.where.values()) or 'all'} {total.equals:,}"
        for total in source.totals
    )


def registry() -> str:
    """Every table of the registry: how it is found, and what is expected of it."""
    return markdown(
        ("table", "e-Stat id, or search", "number", "evidence", "series", "needed", "rows",
         "universe", "unknown answers"),
        (
            (f"`{name}`", _found_by(entry), entry.number or "-", entry.evidence, entry.series,
             "no" if entry.optional else "yes", "-" if entry.rows is None else f"{entry.rows:,}",
             entry.universe, entry.unknown)
            for name, entry in load_registry().tables.items()
        ),
    )  # fmt: skip


def _found_by(entry: TableEntry) -> str:
    found = entry.id or f"search: {entry.find.words if entry.find else ''}"
    return found + "".join(f"; or book {book.file} ({book.evidence})" for book in entry.books)


def evidence() -> str:
    """How sure the entries of the registry are."""
    entries = load_registry().tables
    kinds = ("recorded", "documented", "expected")
    by_kind = {
        kind: [name for name, entry in entries.items() if entry.evidence == kind] for kind in kinds
    }
    return markdown(
        ("evidence", "entries", "tables"),
        (
            (kind, len(names), ", ".join(f"`{name}`" for name in names))
            for kind, names in by_kind.items()
        ),
    )


def faults() -> str:
    """What the conformance server can do wrong."""
    return markdown(
        ("fault", "what happens", "value"),
        (
            (f"`{kind}`", meaning,
             "needed" if default is None else f"{default}, unless given" if default else "none")
            for kind, (meaning, default) in KINDS.items()
        ),
    )  # fmt: skip


def drift() -> str:
    """What a look at a table says that is no longer what the registry expects."""
    work, labour, status = "0003410411", "0000010106", EMPLOYMENT_STATUS_ID
    cases: Mapping[str, tuple[str, str, Callable[[RawTable], RawTable | None]]] = {
        "An axis has another name": ("occupation", work, _renamed),
        "A member is new": ("occupation", work, lambda t: _relabelled(t, "cat01", "220", "Ｍ新職業")),
        "A code stands for another place": (
            "occupation", work, lambda t: _relabelled(t, "area", "31000", "島根県"),
        ),
        "A prefecture is missing": ("occupation", work, _without_tottori),
        "A cell no longer adds up": (
            "labour_detail", labour, lambda t: _with_text(t, lambda text: str(int(text) + 5)),
        ),
        "A figure is withheld": ("labour_detail", labour, lambda t: _with_text(t, lambda _: "X")),
        "The id means another table": (
            "occupation", work,
            lambda t: replace(t, info=replace(t.info, title="職業（小分類）")),
        ),
        "The table is listed no more": ("occupation", work, lambda _: None),
        "A search finds two tables": (
            "employment_status", status,
            lambda t: replace(t, info=replace(t.info, id="9900000077")),
        ),
    }  # fmt: skip
    return "\n".join(
        f"- {what}: `{_failure(name, table_id, change)}`"
        for what, (name, table_id, change) in cases.items()
    )


def _failure(name: str, table_id: str, change: Callable[[RawTable], RawTable | None]) -> str:
    """Return what a look says at a server whose table was changed."""
    offered = dict(_offered())
    changed = change(offered[table_id])
    if changed is None:
        del offered[table_id]
    else:
        offered[changed.info.id] = changed
    content = Content(tables=offered, areas=collect_areas(offered))
    with (
        TemporaryDirectory() as folder,
        EStatServer(content) as server,
        EStatClient("a-word-as-good-as-any", base_url=server.url, pause=0) as client,
    ):
        (look,) = refresh(client, SnapshotStore(Path(folder)), [name])
    assert look.status == "failed", name
    return look.message


@cache
def _offered() -> dict[str, RawTable]:
    return shipped_tables(REFERENCE)


def _renamed(table: RawTable) -> RawTable:
    axes = (replace(a, name="仕事の種類") if a.id == "cat01" else a for a in table.axes)
    return replace(table, axes=tuple(axes))


def _relabelled(table: RawTable, axis_id: str, code: str, label: str) -> RawTable:
    def member(one: Member) -> Member:
        return replace(one, name=label) if one.code == code else one

    axes = (
        Axis(a.id, a.name, tuple(map(member, a.members))) if a.id == axis_id else a
        for a in table.axes
    )
    return replace(table, axes=tuple(axes))


def _without_tottori(table: RawTable) -> RawTable:
    axes = (
        Axis(a.id, a.name, tuple(m for m in a.members if m.code != "31000")) for a in table.axes
    )
    cells = table.cells.filter(pl.col("area").cast(pl.String) != "31000")
    return replace(table, axes=tuple(axes), cells=cells)


def _with_text(table: RawTable, change: Callable[[str], str]) -> RawTable:
    """Return the table with Tottori's number of people at home changed."""
    here = (pl.col("cat01").cast(pl.String) == "F1109") & (
        pl.col("area").cast(pl.String) == "31000"
    )
    text = table.cells.filter(here)["text"].item()
    changed = pl.when(here).then(pl.lit(change(text))).otherwise("text").alias("text")
    return replace(table, cells=table.cells.with_columns(changed))


def margins() -> str:
    """Each margin: what it is made from, and its size."""
    return markdown(
        ("margin", "tables it reads", "margins it reads", "columns", "rows", "people"),
        (
            (f"`{name}`", _code(MARGINS[name].tables), _code(MARGINS[name].margins) or "-",
             _code(frame.columns), f"{frame.height:,}", f"{frame['count'].sum():,.0f}")
            for name, frame in _margins().items()
        ),
    )  # fmt: skip


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def adjustments() -> str:
    """What was done to the tables to get each margin, over the nation."""
    rows = pl.concat(adjusted.adjustments for adjusted in _adjusted().values())
    nation = rows.group_by("margin", "step", "tables", maintain_order=True).agg(
        pl.col("before", "after", "moved").sum()
    )
    return markdown(
        ("margin", "step", "tables", "before", "after", "moved", "share"),
        (
            (f"`{margin}`", f"`{step}`", _code(tables.split(", ")), f"{before:,.0f}", f"{after:,.0f}",
             f"{moved:,.0f}", f"{moved / after:.2%}")
            for margin, step, tables, before, after, moved in nation.iter_rows()
        ),
    )  # fmt: skip


def steps() -> str:
    """Every kind of adjustment and its reason."""
    return markdown(("step", "why"), ((f"`{step}`", why) for step, why in STEPS.items()))


def agreements() -> str:
    """Every pair of tables that state the same, and how far apart they are."""
    found = consistency.agreements(_tables())
    pairs = found.group_by("first", "second", "relation", maintain_order=True).agg(
        pl.struct("quantity").n_unique().alias("relations"),
        pl.len().alias("places"),
        pl.col("difference").max().alias("largest"),
        pl.col("difference").min().alias("smallest"),
    )
    rows = [
        (f"`{first}`", {"=": "equals", "<=": "is at most"}[relation], f"`{second}`", relations,
         f"{places:,}", f"{largest:,.0f}", f"{smallest:,.0f}")
        for first, second, relation, relations, places, largest, smallest in pairs.iter_rows()
    ]  # fmt: skip
    conflicts = consistency.conflicts(found).height
    total = ("together", "", "", pairs["relations"].sum(), f"{found.height:,}",
             f"{conflicts} conflicts", "")  # fmt: skip
    return markdown(
        ("first", "", "second", "relations", "compared", "first minus second, at most", "at least"),
        [*rows, total],
    )


def data() -> str:
    """Every file of data/reference."""
    return markdown(
        ("file", "title", "publisher", "year", "rows", "kind", "licence"),
        (
            (f"`{key}`", source.title, source.publisher, source.year, f"{source.rows:,}",
             source.kind, source.licence)
            for key, source in load_sources(REFERENCE).items()
        ),
    )  # fmt: skip


def processing() -> str:
    """What was done to every file of data/reference."""
    return "\n".join(
        f"- `{key}`: {source.processing}" for key, source in load_sources(REFERENCE).items()
    )


def conflict() -> str:
    """What two tables say that cannot both hold, because one cell of one was changed."""
    tables = _tables()
    here = (pl.col("prefecture") == "tottori") & (pl.col("sex") == "male")
    managers = here & (pl.col("occupation") == "A")
    more = pl.when(managers).then(pl.col("count") + 4).otherwise("count").alias("count")
    tables["occupation"] = tables["occupation"].with_columns(more)
    found = consistency.conflicts(consistency.agreements(tables))
    return f"- `{consistency.describe_conflicts(found)}`"


def households() -> str:
    """Who lives with whom in the nation, and how many of them are taken to be under 15."""
    tables = _tables()
    members, counts, made = (
        dict(frame.group_by("household").agg(pl.col("count").sum()).iter_rows())
        for frame in (
            tables["household_members"], tables["household_counts"], _margins()["household"],
        )
    )  # fmt: skip
    kinds = tables["household_kinds"].filter(pl.col("household_kind") == "institution")
    members["institution"] = kinds["count"].sum()
    # Per prefecture: those of unknown type are spread there.
    spread = pl.col("count") * (
        pl.col("count").filter(pl.col("household") == "total").sum().over("prefecture")
        / pl.col("count").filter(pl.col("household") != "total").sum().over("prefecture")
    )
    of_all_ages = dict(
        tables["household_members"].with_columns(spread).group_by("household")
        .agg(pl.col("count").sum()).iter_rows()
    )  # fmt: skip

    def thousands(people: float | None) -> str:
        return "-" if people is None else f"{people / 1000:,.0f}"

    rows = []
    for code in levels.HOUSEHOLD:
        adults = FEWEST_ADULTS.get(code)
        beyond = None if adults is None else members[code] - adults * counts[code]
        under_15 = None if adults is None else of_all_ages[code] - made[code]
        rows.append(
            (f"`{code}`",
             *map(thousands, (members[code], counts.get(code), beyond, under_15, made[code])))
        )  # fmt: skip
    return markdown(
        ("of the nation, in thousands", "members", "households", "beyond the fewest adults",
         "under 15 (assumed)", "margin `household`"),
        rows,
    )  # fmt: skip


def employment() -> str:
    """Employment rates by age, three ways of placing the missing employed, against the survey."""
    cell = ["prefecture", "sex", "age_group"]
    ours = _margins()["employment"].pivot(on="employed", index=cell, values="count")
    counts = ours.join(_tables()["employed_by_age"], on=cell, maintain_order="left").with_columns(
        residents=pl.col("yes") + pl.col("no")
    )
    group = ["prefecture", "sex"]
    total = pl.col("yes").sum().over(group)
    counts = counts.with_columns(
        by_count=pl.col("count") * total / pl.col("count").sum().over(group),
        by_odds=pl.Series(_odds_alike(counts)),
    )
    ways = {"yes": "margin `employment`", "by_count": "counts scaled alike",
            "by_odds": "odds scaled alike"}  # fmt: skip
    rates = counts.group_by("sex", "age_group").agg(pl.col(*ways, "residents").sum())
    compared = (
        load_shapes(REFERENCE)["labour_rates"]
        .join(rates, on=["sex", "age_group"])
        .filter(pl.col("age_group") != "15-19")
        .sort("sex", "age_group")
        .select(
            "sex", "age_group", "employment_rate",
            *((pl.col(way) / pl.col("residents") - pl.col("employment_rate")) * 100
              for way in ways),
        )
    )  # fmt: skip
    largest = [f"{np.abs(compared[way].to_numpy()).max():.1f}" for way in ways]
    rows = [
        (sex, age, f"{rate:.1%}", *(f"{off:+.1f}" for off in offs))
        for sex, age, rate, *offs in compared.iter_rows()
    ]
    return markdown(
        ("sex", "age", "survey", *ways.values()), [*rows, ("largest", "", "", *largest)]
    )


def _odds_alike(counts: pl.DataFrame) -> FloatArray:
    """Return employed people if every age's odds of being employed rise by the same factor."""
    parts = []
    for _, part in counts.group_by("prefecture", "sex", maintain_order=True):
        residents, published = part["residents"].to_numpy(), part["count"].to_numpy()
        ages = np.arange(len(residents))
        employed = part["yes"].sum()
        raked = rake(
            np.stack([published, residents - published], axis=-1).ravel(),
            [
                Target("age", np.repeat(ages, 2), residents, part["age_group"].to_list()),
                Target(
                    "employed",
                    np.tile([0, 1], len(ages)),
                    np.array([employed, residents.sum() - employed]),
                    ("yes", "no"),
                ),
            ],
        )
        parts.append(raked.weights.reshape(-1, 2)[:, 0])
    return np.concatenate(parts)


def fit() -> str:
    """Sweeps, and the errors of every margin over all prefectures."""
    reports = {key: report for key, (_, report) in _fitted().items()}
    sweeps = sorted((report.sweeps, key) for key, report in reports.items())
    rows: list[tuple[object, ...]] = [
        ("sweeps, fewest", f"{sweeps[0][0]} ({sweeps[0][1]})", "", ""),
        ("sweeps, median", sweeps[len(sweeps) // 2][0], "", ""),
        ("sweeps, most", f"{sweeps[-1][0]} ({sweeps[-1][1]})", "", ""),
    ]
    for row in margin_scores(next(iter(reports.values()))).iter_rows(named=True):
        name, kind = row["margin"], "hard" if row["weight"] == 1 else "soft"
        worst, key = max((report.errors[name], key) for key, report in reports.items())
        total = max(report.distances[name] for report in reports.values())
        gap = max(r.gaps[name] for r in reports.values()) if kind == "soft" else None
        rows.append(
            (f"`{name}`, {kind}", f"{worst:.0e} ({key})", f"{total:.0e}",
             "" if gap is None else f"{gap:.0e}")
        )  # fmt: skip
    return markdown(
        ("all 47 prefectures", "largest error of a row, of the total", "people in the wrong row",
         "distance from where the weight puts it"),
        rows,
    )  # fmt: skip


def factors() -> str:
    """Axes and cells of each factor, one prefecture."""
    joint, _ = fit_prefecture("tokyo", _margins(), _structure())
    rows = []
    for spec in MODEL:
        given, adds = (_code(axes) if axes else "-" for axes in (spec.given, spec.adds))
        hangs = f"`{spec.parent}`" + (", chain" if spec.chain else "") if spec.parent else "-"
        rows.append((f"`{spec.name}`", hangs, given, adds, f"{joint.factors[spec.name].height:,}"))
    total = f"{sum(factor.height for factor in joint.factors.values()):,}"
    return markdown(
        ("factor", "hangs on", "given", "adds", "cells of Tokyo"),
        [*rows, ("together", "", "", "", total)],
    )


def targets() -> str:
    """What each factor is fitted to."""
    rows = [
        (f"`{measured.margin}`", f"`{spec.name}`", _code(measured.axes),
         "hard" if measured.hard else f"soft, {measured.weight:g}",
         measured.source or "census margin")
        for spec in MODEL
        for measured in spec.measured
    ]  # fmt: skip
    return markdown(("margin", "factor", "axes", "weight", "from"), rows)


def terms() -> str:
    """What each factor's seed is made of."""
    rows = [
        (f"`{term.name}`", f"`{spec.name}`", _code(term.axes), term.evidence.value, term.source)
        for spec in MODEL
        for term in spec.seed
    ]
    return markdown(("term", "factor", "axes", "evidence", "from"), rows)


def zeros() -> str:
    """Every structural zero with its reason and the combinations it rules out."""
    rows = []
    for spec in MODEL:
        if not spec.zeros:
            continue
        box = combinations(spec.name, _structure())
        rows += [
            (f"`{spec.name}`", zero.reason, f"{box.filter(zero.condition).height:,}")
            for zero in spec.zeros
        ]
    return markdown(("factor", "reason", "combinations"), rows)


def relations() -> str:
    """What stands behind the relation of every two variables."""
    return uncertainty.relations_markdown().rstrip("\n")


def held_out() -> str:
    """Errors of tables that the fit has not seen, in percentage points; minutes."""
    scores = heldout.summary(heldout.score_all(_margins(), load_shapes(REFERENCE)))
    about = {check.name: check for check in heldout.CHECKS}
    rows = []
    for row in scores.iter_rows(named=True):
        check = about.get(row["check"])
        errors = (
            f"{row[f'mean_{model}']:.2f} ({row[f'largest_{model}']:.1f})"
            if row[f"mean_{model}"] is not None
            else "-"
            for model in ("held_out", "production", "baseline")
        )
        rows.append(
            (f"`{row['check']}`", check.what if check else heldout.CURVE_WHAT,
             check.held if check else heldout.CURVE_HELD, row["cells"], *errors)
        )  # fmt: skip
    return markdown(
        ("check", "what", "held out", "cells", "held-out fit", "fit in use", "independence"), rows
    )


def cohorts() -> str:
    """How well cohorts of 1990 foretell the schooling of 2000, by weight."""
    found = heldout.cohorts_1990_to_2000(load_shapes(REFERENCE))
    return markdown(
        found.columns,
        ([f"{v:.3f}" if isinstance(v, float) else v for v in row] for row in found.iter_rows()),
    )


def quotas() -> str:
    """How far rounded totals are from exact shares, in people."""
    adults = adult_population(_margins()["population"])
    exact = pl.col("count").sum() / adults["count"].sum()
    totals = (["prefecture"], ["sex", "age_group"], ["prefecture", "sex", "age_group"])
    rows = []
    for size in (47, 470, *SIZES, 1_000_000):
        cells_of = draw_quotas(_margins()["population"], size).join(
            adults, on=["prefecture", "sex", "age_group"]
        )
        far = [
            cells_of.group_by(axes)
            .agg((pl.col("quota").sum() - exact * size).abs().alias("far"))["far"]
            .to_numpy()
            .max()
            for axes in totals
        ]
        rows.append((f"{size:,}", *(f"{value:.2f}" for value in far)))
    return markdown(("size", *(" x ".join(axes) for axes in totals)), rows)


def people() -> str:
    """Distance of drawn people to the joint, by margin and size."""
    columns = []
    for size in SIZES:
        joints = [joint for joint, _ in _fitted().values()]
        drawn = pl.concat(
            build_people(joint, _margins()["population"], Recipe(size=size), REFERENCE)
            for joint in joints
        )
        fits = margin_fits(drawn, _margins()["population"], joints, 0.1)
        columns.append(
            fits.sort(pl.col("difference_pp").abs(), descending=True)
            .unique("margin", keep="first", maintain_order=True)
            .with_columns(people=pl.col("margin").replace_strict(
                {m: drawn[m].count() for m in fits["margin"].unique()}, return_dtype=pl.Float64))
            .select(
                "margin",
                pl.col("difference_pp").abs().alias(f"{size:,} people"),
                ((pl.col("official") * (1 - pl.col("official")) / pl.col("people")).sqrt() * 100)
                .alias(f"simple draw, {size:,}"),
            )
        )  # fmt: skip
    order = fits["margin"].unique(maintain_order=True).to_frame()
    for part in columns:
        order = order.join(part, on="margin", how="left", maintain_order="left")
    return markdown(
        order.columns,
        ((f"`{margin}`", *(f"{v:.3f}" for v in values)) for margin, *values in order.iter_rows()),
    )


def sample() -> str:
    """Return one record of the demo as JSON, as the README shows it."""
    recipe = load_recipe(project_root() / "dataset.yaml")
    # What ships, whatever this machine has fetched.
    shipped = recipe.model_copy(update={"figures": Figures(source="shipped")})
    records = preview("kyoto", 4, shipped, REFERENCE, snapshots_dir(data_root()))
    record = to_records(records, "default").row(3, named=True)
    return f"```json\n{json.dumps(record, ensure_ascii=False, indent=1)}\n```"


TABLES: Mapping[str, Callable[[], str]] = {
    part.__name__: part
    for part in (
        tables,
        registry,
        evidence,
        faults,
        drift,
        margins,
        adjustments,
        steps,
        agreements,
        conflict,
        data,
        processing,
        households,
        employment,
        fit,
        factors,
        targets,
        terms,
        zeros,
        relations,
        held_out,
        cohorts,
        quotas,
        people,
        sample,
    )
}
_BLOCK = r"(<!-- figures: {} -->\n)(?:.*?\n)??(<!-- end -->)"


def fill(page: str, name: str) -> str:
    """Return the page with one table written anew; the page as it is where it has no such place."""
    block = re.compile(_BLOCK.format(name), re.DOTALL)
    if not block.search(page):
        return page
    text = TABLES[name]()
    return block.sub(lambda match: f"{match[1]}{text}\n{match[2]}", page)


def main(names: Iterable[str]) -> None:
    """Write the named tables into every page that has a place for them."""
    for path in [project_root() / "README.md", *sorted(DOCS.rglob("*.md"))]:
        page = text = path.read_text(encoding="utf-8")
        for name in names:
            text = fill(text, name)
        if text != page:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(project_root()))


if __name__ == "__main__":
    wanted = sys.argv[1:] or list(TABLES)
    if unknown := set(wanted) - set(TABLES):
        sys.exit(f"no table {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
    main(wanted)
