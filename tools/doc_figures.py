"""Write the measured tables into the pages of `docs/`.

    python -m tools.doc_figures               all of them, about ten minutes
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
from persona_assets.people.activities import KINDS as KINDS_OF_LEISURE
from persona_assets.people.activities import rates
from persona_assets.people.build import build, build_people
from persona_assets.people.dependence import HANGS_ON, INDEPENDENT, dependence
from persona_assets.people.fidelity import (
    FITTED,
    MOST_TIMES_FLOOR,
    Scope,
    distances,
    drawn_margins,
    fitted_margins,
    impossible,
    misplaced,
    together,
)
from persona_assets.people.life_stage import life_stage as times_of
from persona_assets.people.names import NameStreams, draw_names, given_away
from persona_assets.people.quotas import adult_population, draw_quotas
from persona_assets.people.traits import TRAITS
from persona_assets.raking import FloatArray, Target, rake
from persona_assets.recipe import Figures, Names, Recipe, load_recipe
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
DISTANCE_SIZES = (1_000, 10_000, 100_000, 1_000_000)


# What a person is in the joint.
SAME = (
    "sex", "age", "marital", "household", "education", "education_detail", "school",
    "labour_status", "occupation", "work_mode", "employment_status", "industry",
    "occupation_class", "municipality_code",
)  # fmt: skip


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


@cache
def _drawn(size: int) -> pl.DataFrame:
    return pl.concat(
        build_people(joint, _margins()["population"], Recipe(size=size), REFERENCE)
        for joint, _ in _fitted().values()
    )


def life() -> str:
    """Return what is published of children, traits, skill and leisure beside 47,000 people."""
    drawn = _drawn(SIZES[-1])
    of_45_49 = drawn.filter(pl.col("age").is_between(45, 49))
    mothers, fathers = (of_45_49.filter(sex=sex)["children"] for sex in ("female", "male"))
    couples = drawn.filter(pl.col("age").is_between(48, 52), sex="female", marital="married")
    working = drawn.filter(pl.col("age") < 65)["digital_skill"]
    seventies = drawn.filter(pl.col("age").is_between(70, 79))["digital_skill"]
    traits = drawn.select(TRAITS)
    published = pl.read_csv(REFERENCE / "lifestyle" / "trait_correlations.csv")
    correlations = traits.corr()
    far = max(
        abs(correlations[first][TRAITS.index(second)] - value)
        for first, second, value in published.select("first", "second", "published").iter_rows()
    )

    def percent(shares: pl.Series) -> str:
        return f"{100 * shares.to_numpy().mean():.1f} %"

    rows = [
        ("women of 45-49 without children (held out; 1971-1975, surveyed at 40-44)", "27.6 %",
         percent(mothers == 0)),
        ("men of 45-49 without children (held out; likewise)", "39.9 %", percent(fathers == 0)),
        ("children per woman, per man of 45-49 (held out; likewise)", "1.42, 1.17",
         f"{mothers.to_numpy().mean():.2f}, {fathers.to_numpy().mean():.2f}"),
        ("wives of 48-52 without, with one, two, three, four children (couples of 2010 and 2015)",
         "6 %, 16-19 %, 54-56 %, 18-19 %, 2-3 %",
         ", ".join(percent(couples["children"] == n) for n in range(5))),
        ("18-64: advanced; basic or without use", "34.6 %, 17.8 %",
         f"{percent(working == 'advanced')}, {percent(working.is_in(['none', 'basic']))}"),
        ("70-79: without use of the internet", "40.6 %", percent(seventies == "none")),
        ("trait scores: farthest mean from 50, farthest deviation from 10",
         "0, 0",
         f"{max(abs(traits[t].to_numpy().mean() - 50) for t in TRAITS):.2f}, "
         f"{max(abs(traits[t].to_numpy().std() - 10) for t in TRAITS):.2f}"),
        ("trait scores: farthest correlation from the published one", "0", f"{far:.3f}"),
    ]  # fmt: skip
    for kind in KINDS_OF_LEISURE:
        own = [(rates(REFERENCE, key, kind), key) for key in prefectures()]
        people_ = sum(rate.people.sum() for rate, _ in own)
        survey = sum((rate.people * rate.any).sum() for rate, _ in own) / people_
        adults = sum(rate.people[:, 2:].sum() for rate, _ in own)
        wanted = sum((rate.people * rate.any)[:, 2:].sum() for rate, _ in own) / adults
        found = percent(drawn.filter(pl.col("household") != "institution")[kind].list.len() > 0)
        rows.append(
            (f"`{kind}`: any, people of 10 or more; 18 or more, not in institutions",
             f"{100 * survey:.1f} %; {100 * wanted:.1f} %", found)
        )  # fmt: skip
    return markdown(("what", "published", "drawn"), rows)


def editions() -> str:
    """How many people of an earlier edition stay under changed figures; Tottori of a million."""
    key, recipe = "tottori", Recipe(size=1_000_000)
    first = build(_fitted()[key][0], _margins()["population"], recipe, REFERENCE).people

    def moved(margin: str, axis: str, source: str, target: str, share: float) -> pl.DataFrame:
        """Move a share of the people of one level of Tottori's margin to another level."""
        table = _margins()[margin]
        others = [column for column in table.columns if column not in (axis, "count")]
        here = pl.col("prefecture") == key
        leaving = table.filter(here, pl.col(axis) == source).select(
            *others, pl.col("count").alias("left") * share
        )
        return table.join(leaving, on=others, how="left", maintain_order="left").select(
            *others, axis,
            pl.col("count")
            + pl.col("left").fill_null(0)
            * ((pl.col(axis) == target).cast(pl.Int8) - (pl.col(axis) == source).cast(pl.Int8)),
        ).select(table.columns)  # fmt: skip

    rows = []
    for what, changed in {
        "nothing changed": {},
        "2 % of makers (H) serve (E)": {"occupation": moved("occupation", "occupation", "H", "E", 0.02)},
        "20 % of makers serve": {"occupation": moved("occupation", "occupation", "H", "E", 0.2)},
        "3 % of couples are divorced": {
            "marital_status": moved("marital_status", "marital", "married", "divorced", 0.03)
        },
    }.items():  # fmt: skip
        margins_ = {**_margins(), **changed}
        joint, _ = fit_prefecture(key, margins_, _structure())
        later = build(joint, margins_["population"], recipe, REFERENCE, first)
        fresh = build(joint, margins_["population"], recipe, REFERENCE).people
        alike = first.group_by(SAME, maintain_order=True).len().join(
            fresh.group_by(SAME, maintain_order=True).len(), on=SAME, nulls_equal=True,
            maintain_order="left",
        )  # fmt: skip
        as_before = alike.select(pl.min_horizontal("len", "len_right")).sum().item()
        found = distances(drawn_margins(later.people), fitted_margins([joint]))
        rows.append(
            (what, f"{first.height:,}", f"{later.gone:,}", f"{later.least_gone:,}",
             f"{first.height - as_before:,}", f"{found['times_floor'].to_numpy().max():.2f}")
        )  # fmt: skip
    return markdown(
        ("figures", "people", "gone", "had to go at least", "gone if drawn anew",
         "furthest margin, times the floor"), rows)  # fmt: skip


def distances_prefectures() -> str:
    """How far people are from every fitted margin, prefecture by prefecture; minutes."""
    return _distances(Scope.PREFECTURES)


def distances_nation() -> str:
    """How far people are from every fitted margin, prefectures added up; minutes."""
    return _distances(Scope.NATION)


def _distances(scope: Scope) -> str:
    found = {size: part.filter(pl.col("scope") == scope) for size, part in _far_off()[0].items()}
    rows: list[tuple[str, ...]] = []
    for margin in FITTED:
        parts = (
            part.row(by_predicate=pl.col("margin") == margin, named=True) for part in found.values()
        )
        rows.append(
            (f"`{margin}`",
             *(" / ".join(f"{100 * row[name]:.2g}" for name in ("tvd", "floor", "iid")) for row in parts))
        )  # fmt: skip
    times = [part["times_floor"].to_numpy() for part in found.values()]
    rows.append((f"within {MOST_TIMES_FLOOR:g} times the floor",
                 *(f"{(part <= MOST_TIMES_FLOOR).sum()} of {len(part)}" for part in times)))  # fmt: skip
    rows.append(("furthest, times the floor", *(f"{part.max():.1f}" for part in times)))
    if scope == Scope.PREFECTURES:
        rows.append(
            ("people who are impossible or misplaced", *(str(n) for n in _far_off()[1].values()))
        )
    return markdown(("margin", *(f"{size:,}" for size in found)), rows)


@cache
def _far_off() -> tuple[dict[int, pl.DataFrame], dict[int, int]]:
    """Return by size the distances of people, and how many are what or where nobody can be."""
    joints = [joint for joint, _ in _fitted().values()]
    fitted = fitted_margins(joints)
    found, wrong = {}, {}
    for size in DISTANCE_SIZES:
        parts = []
        wrong[size] = 0
        for joint in joints:
            people = build_people(joint, _margins()["population"], Recipe(size=size), REFERENCE)
            parts.append(drawn_margins(people))
            wrong[size] += int(impossible(people, [joint])["people"].sum()) + misplaced(people)
        found[size] = distances(together(parts), fitted)
    return found, wrong


def dependences() -> str:
    """What each column of a person hangs on, and how much, of some 46,000 people."""
    joints = [_fitted()[key][0] for key in ("aomori", "kyoto", "tottori", "okinawa")]
    people = pl.concat(
        build_people(joint, _margins()["population"], Recipe(size=1_000_000), REFERENCE)
        for joint in joints
    )
    rng = np.random.default_rng(1)
    rows = []
    for column, hangs in HANGS_ON.items():
        for on in hangs.on:
            one = dependence(people, column, on, hangs.given, rng)
            rows.append((f"`{column}`", f"`{on}`", _code(hangs.given) or "-",
                         f"{one.nats:.4f}", f"{one.chance:.4f}", hangs.source))  # fmt: skip
    rows += [(f"`{column}`", "nothing", "-", "-", "-", why) for column, why in INDEPENDENT.items()]
    return markdown(("column", "hangs on", "given", "nats", "by chance", "from"), rows)


def titles() -> str:
    """Distinct job titles and the most frequent ones, of people who work and of retired people."""
    rows = []
    for size in (*SIZES, 1_000_000):
        drawn = pl.concat(
            build_people(joint, _margins()["population"], Recipe(size=size), REFERENCE).select(
                "occupation_title", "former_occupation_title"
            )
            for joint, _ in _fitted().values()
        )
        for column in drawn.columns:
            counts = drawn[column].drop_nulls().value_counts(sort=True)
            first = counts[column][0], counts["count"][0] / counts["count"].sum()
            rows.append(
                (f"{size:,}", f"`{column}`", f"{counts['count'].sum():,}", f"{counts.height:,}",
                 f"{first[0]}, {first[1]:.1%}")
            )  # fmt: skip
    return markdown(("size", "column", "people", "distinct titles", "most frequent"), rows)


def life_stage() -> str:
    """Return of how many people each fact of their times is known."""
    lives = [
        times_of(person, REFERENCE)
        for person in _drawn(SIZES[-1]).select(
            "age", "sex", "prefecture", "education", "education_detail"
        ).iter_rows(named=True)
    ]  # fmt: skip
    known = {
        "school years": [life.school_from is not None for life in lives],
        "years of leaving school": [life.left_school is not None for life in lives],
        "job openings then": [bool(life.openings) for life in lives],
        "a period of leaving with a name": [life.leaving_period is not None for life in lives],
        "a generation with a name": [life.cohort is not None for life in lives],
        "how many went on to upper secondary school": [
            life.upper_secondary_share is not None for life in lives
        ],
        "how many entered college": [life.college_share is not None for life in lives],
    }
    rows = [(name, f"{np.mean(told):.1%}") for name, told in known.items()]
    return markdown(("fact", f"known of, of {len(lives):,} people"), rows)


def openings() -> str:
    """Return the lowest, middle and highest ratio of openings among prefectures in some years."""
    table = pl.read_csv(REFERENCE / "culture" / "job_openings.csv")
    names = {p.key: p.name for p in prefectures().values()}
    rows = []
    for year in (1975, 1986, 1990, 1999, 2009, 2018, 2020):
        of_year = table.filter(pl.col("year") == year).sort("ratio", maintain_order=True)
        low, middle, high = (of_year.row(i, named=True) for i in (0, of_year.height // 2, -1))
        rows.append(
            (
                str(year),
                *(f"{names[r['prefecture']]} {r['ratio']:.2f}" for r in (low, middle, high)),
            )
        )
    return markdown(("fiscal year", "fewest", "middle", "most"), rows)


@cache
def named_nation(diversity: float, size: int = 1_000_000) -> tuple[pl.DataFrame, int]:
    """Name the nation's adults of 2020, by prefecture, sex and year of age.

    Returns:
        prefecture, sex, year (of birth), surname, surname_reading, given_name, given_name_reading;
        and how many names were drawn again.
    """
    adults = _margins()["population"].filter(pl.col("age") >= 18)
    until = np.rint(adults["count"].cum_sum().to_numpy() * size / adults["count"].sum())
    people = adults.with_columns(people=pl.Series(np.diff(until, prepend=0).astype(int))).select(
        pl.col("prefecture", "sex").repeat_by("people").explode(empty_as_null=False),
        (2020 - pl.col("age")).repeat_by("people").explode(empty_as_null=False).alias("year"),
    )
    parts, redrawn = [], 0
    for (key,), own in people.group_by("prefecture", maintain_order=True):
        streams = NameStreams.of(Recipe().seed, str(key))
        found = draw_names(
            own["sex"].to_numpy(), own["year"].to_numpy(), str(key), streams, diversity=diversity
        )
        parts.append(own.hstack(found.names))
        redrawn += found.redrawn
    return pl.concat(parts), redrawn


def given_name_rates(diversity: float, births: int = 100_000) -> pl.DataFrame:
    """Compare given names with the ten most frequent of each decade and sex.

    Returns:
        The rows of `names/given_name_tops` with `found`, the share of each name among as many
        people of the decade, all its years alike.
    """
    tops = pl.read_csv(REFERENCE / "names" / "given_name_tops.csv")
    found = []
    for decade, sex in tops.select("decade", "sex").unique(maintain_order=True).iter_rows():
        # The lists know births from 1912; adults of 2020 were born until 2002.
        years = np.arange(max(decade, 1912), min(decade + 10, 2003))
        year = np.repeat(years, births // len(years))
        names = draw_names(
            np.full(len(year), sex), year, "tokyo", NameStreams.of(1, "tokyo"), diversity=diversity
        ).names
        found.append(
            names.group_by("given_name", maintain_order=True)
            .agg(pl.len() / names.height)
            .rename({"len": "found"})
            .with_columns(decade=pl.lit(decade), sex=pl.lit(sex))
        )
    return tops.join(
        pl.concat(found), on=["decade", "sex", "given_name"], how="left", maintain_order="left"
    )


def names() -> str:
    """Count distinct full names of a million people by the recipe's setting; how far heads move."""
    first = pl.read_csv(REFERENCE / "names" / "surnames.csv").head(100)
    rows = []
    for diversity in (0.0, 0.25, 0.5, 0.75, 1.0):
        people, redrawn = named_nation(diversity)
        full = people.select(pl.concat_str("surname", "given_name")).to_series()
        counts = people["surname"].value_counts()
        wanted = first["weight"] / 1e7
        found = first.join(counts, on="surname", how="left", maintain_order="left")["count"]
        surname = ((found / people.height) / wanted - 1).abs().to_numpy().max()
        rates = given_name_rates(diversity)
        given = (rates["found"] / rates["share"] - 1).abs().to_numpy().max()
        rows.append(
            (f"{diversity:g}" + (", the default" if diversity == Names().diversity else ""),
             f"{full.n_unique():,}", f"{full.is_duplicated().sum():,}", f"{redrawn:,}", f"{given_away(diversity):.1%}", f"{surname:.1%}",
             f"{given:.1%}")
        )  # fmt: skip
    return markdown(
        ("`names.diversity`", "distinct full names of 1,000,000", "people who share theirs", "drawn again",
         "frequent names give away", "100 surnames, largest deviation",
         "ten given names of a decade, largest deviation"),
        rows,
    )  # fmt: skip


# Shares of single surnames that were published of a prefecture (名字由来net in the press, 2014-2025).
PUBLISHED_HOMES = (
    ("比嘉", "okinawa", "3.5 %"),
    ("金城", "okinawa", "3.4 %"),
    ("大城", "okinawa", "3.2 %"),
    ("工藤", "aomori", "3.1 %"),
    ("佐藤", "aomori", "2.5 %"),
    ("佐藤", "akita", "more than 5 %"),
    ("佐藤", "miyagi", "more than 5 %"),
    ("高橋", "iwate", "4.6 %"),
    ("木村", "aomori", "1.8 %"),
    ("田中", "osaka", "about 2 %"),
    ("田中", "kumamoto", "about 2 %"),
)


def surname_homes() -> str:
    """Compare the model's share of surnames at home with single published ones."""
    folder = REFERENCE / "names"
    national = dict(pl.read_csv(folder / "surnames.csv").select("surname", "weight").iter_rows())
    here = pl.read_csv(folder / "surnames_by_prefecture.csv").rows_by_key("surname", named=True)
    rows = [
        (name, prefectures()[key].name, f"{national[name] / 1e7:.2%}",
         f"{here[name][0][key] / 1e7:.1%}", published)
        for name, key, published in PUBLISHED_HOMES
    ]  # fmt: skip
    return markdown(("surname", "in", "share of the nation", "there", "published"), rows)


def given_name_tops() -> str:
    """The three most frequent given names of each decade and sex, with their share of births."""
    tops = pl.read_csv(REFERENCE / "names" / "given_name_tops.csv").filter(pl.col("rank") <= 3)
    rows = []
    for decade, part in tops.group_by("decade", maintain_order=True):
        told = [
            ", ".join(f"{name} {share:.1%}" for name, share in
                      part.filter(sex=sex).select("given_name", "share").iter_rows())
            for sex in levels.SEX
        ]  # fmt: skip
        rows.append((f"{decade[0]}s", *told, part["basis"][0]))
    return markdown(("born in the", *levels.SEX, "share"), rows)


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
        life,
        titles,
        life_stage,
        openings,
        distances_prefectures,
        distances_nation,
        editions,
        dependences,
        names,
        surname_homes,
        given_name_tops,
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


def main(wanted: Iterable[str]) -> None:
    """Write the named tables into every page that has a place for them."""
    for path in [project_root() / "README.md", *sorted(DOCS.rglob("*.md"))]:
        page = text = path.read_text(encoding="utf-8")
        for name in wanted:
            text = fill(text, name)
        if text != page:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(project_root()))


if __name__ == "__main__":
    wanted = sys.argv[1:] or list(TABLES)
    if unknown := set(wanted) - set(TABLES):
        sys.exit(f"no table {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
    main(wanted)
