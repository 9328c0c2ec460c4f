"""Census assets: what e-Stat has, one per table, one per margin, and what made them agree.

A table is observed (`estat/*`), read (`census/*`), and made into margins (`margin/*`). Each step
asks to be built again only when the content above it has changed.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import polars as pl

from persona_assets.census.consistency import (
    ConflictError,
    agreements,
    conflicts,
    describe_conflicts,
)
from persona_assets.census.margins import MARGINS, STEPS, Adjusted
from persona_assets.census.origins import (
    Loaded,
    find_origin,
    load_figures,
    origins_frame,
)
from persona_assets.census.registry import load_registry, needed_tables
from persona_assets.census.snapshots import SnapshotStore
from persona_assets.census.tables import (
    content_hash,
    inventory,
    load_sources,
    load_table,
    published_totals,
    table_summary,
)
from persona_assets.census.wire import StatusError
from persona_assets.storage.conditions import VERSIONS_BY_PREFECTURE, when_inputs_changed
from persona_assets.storage.io_manager import (
    data_version,
    markdown_table,
    versions_by_prefecture,
)
from persona_assets.storage.paths import reference_dir, snapshots_dir
from persona_assets.storage.resources import Folders, RecipeResource

GROUP = "census"
WORD_FOLDERS = ("geography", "culture", "names", "occupations", "lifestyle", "nation")

TABLES = tuple(load_registry().tables)
NEEDED_TABLES = needed_tables()
SHAPES = tuple(
    key.split("/")[1] for key in load_sources(reference_dir()) if key.startswith("shapes/")
)
TABLE_KEYS = (
    *(f"census/{name}" for name in NEEDED_TABLES),
    *(f"shapes/{name}" for name in SHAPES),
)


def snapshot_store(folders: Folders) -> SnapshotStore:
    """Return the snapshots under the data root."""
    return SnapshotStore(snapshots_dir(folders.data_root))


@dg.multi_observable_source_asset(  # type: ignore[untyped-decorator]
    specs=[
        dg.AssetSpec(
            ["estat", name],
            group_name=GROUP,
            kinds={"api"},
            description=f"What there is of `census/{name}`: its newest snapshot of e-Stat, or the "
            "figures that ship. Observing asks e-Stat for the updated date, and fetches the table "
            "if it moved; the data version is the hash of the content.",
            metadata={
                "table_id": entry.id or f"searched for: {entry.find.words if entry.find else ''}",
                "universe": entry.universe,
                "series": entry.series,
                "evidence": entry.evidence,
            },
        )
        for name, entry in load_registry().tables.items()
    ],
    can_subset=True,
)
def estat(
    context: dg.AssetExecutionContext, folders: Folders, recipe: RecipeResource
) -> Iterator[dg.ObserveResult]:
    """Observe official tables: without an application id, only what is already here."""
    # The HTTP client takes a fifth of a second to import, and the runs of 47 prefectures need none.
    from persona_assets.census.refresh import make_client, refresh

    choice, store = recipe.load().figures, snapshot_store(folders)
    wanted = sorted(key.path[-1] for key in context.selected_asset_keys)
    status = dict.fromkeys(wanted, "not asked")
    failures = []
    # What is held at one state needs no question.
    asked = [name for name in wanted if name not in choice.pinned and choice.source != "shipped"]
    client = make_client(choice) if asked else None
    if client is not None:
        try:
            with client:
                for look in refresh(client, store, asked):
                    status[look.table] = look.status
                    context.log.info("census/%s: %s %s", look.table, look.status, look.message)
                    if look.status == "failed" and look.table in NEEDED_TABLES:
                        failures.append(look.message)
        except StatusError as error:
            failures.append(str(error))
    for name in wanted:
        origin = find_origin(name, folders.reference_dir, store, choice)
        yield dg.ObserveResult(
            asset_key=["estat", name],
            data_version=dg.DataVersion(origin.content_hash if origin else "not here"),
            metadata={
                "door": origin.door if origin else "none",
                "answer": status[name],
                "updated_date": (origin.updated_date if origin else "") or "-",
                "fetched": (origin.fetched if origin else "") or "-",
                "observed": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )
    if failures:
        raise dg.Failure(
            f"{len(failures)} of {len(asked)} tables could not be had, the newest good figures "
            "stay in use: "
            f"{'; '.join(failures)}",
            allow_retries=False,
        )


def _table_asset(name: str) -> dg.AssetsDefinition:
    registry = load_registry()
    entry, survey = registry.tables[name], registry.survey(name)

    @dg.asset(
        key=["census", name],
        deps=[["estat", name]],
        group_name=GROUP,
        kinds={"csv" if name in NEEDED_TABLES else "api", "polars"},
        code_version="2",
        output_required=not entry.optional,
        automation_condition=when_inputs_changed(),
        description=f"{survey.name} {survey.year}: {entry.universe}. Unknown answers: "
        f"{entry.unknown}." + (" Only e-Stat has it, no margin needs it." * entry.optional),
    )
    def table(
        context: dg.AssetExecutionContext, folders: Folders, recipe: RecipeResource
    ) -> Iterator[dg.Output[pl.DataFrame]]:
        loaded = load_figures(
            name, folders.reference_dir, snapshot_store(folders), recipe.load().figures
        )
        if loaded is None:
            context.log.info("census/%s does not ship; fetch it with an application id", name)
            return
        yield dg.Output(
            loaded.frame,
            metadata=_table_metadata(name, loaded),
            data_version=data_version(loaded.frame),
        )

    return table


def _table_metadata(name: str, loaded: Loaded) -> dict[str, dg.MetadataValue | str | int | float]:
    entry, origin = load_registry().tables[name], loaded.origin
    totals = published_totals(loaded.frame, entry.totals)
    return {
        "rows": loaded.frame.height,
        "people": float(loaded.frame["count"].sum()),
        "published_totals": dg.MetadataValue.md(markdown_table(totals)),
        "sums_checked": dg.MetadataValue.md(
            "none" if loaded.sums is None else markdown_table(loaded.sums)
        ),
        "door": origin.door,
        "table_id": origin.table_id or "not known",
        "title": origin.title,
        "series": entry.series,
        "updated_date": origin.updated_date or "-",
        "fetched": origin.fetched or "-",
        "sha256": origin.content_hash,
        "credit": origin.credit,
        "preview": dg.MetadataValue.md(markdown_table(loaded.frame, 10)),
    }


def _shape_asset(name: str) -> dg.AssetsDefinition:
    key = f"shapes/{name}"
    source = load_sources(reference_dir())[key]

    @dg.asset(
        key=["shapes", name],
        group_name=GROUP,
        kinds={"csv", "polars"},
        code_version="1",
        description=f"{source.title} ({source.survey}, {source.year}). {source.processing}",
    )
    def shape(folders: Folders) -> dg.MaterializeResult[pl.DataFrame]:
        frame = load_table(key, folders.reference_dir)
        return dg.MaterializeResult(
            value=frame,
            metadata={
                **table_summary(key, frame, folders.reference_dir),
                "preview": dg.MetadataValue.md(markdown_table(frame, 10)),
            },
            data_version=dg.DataVersion(content_hash(key, folders.reference_dir)),
        )

    return shape


def _words_asset(folder: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=["words", folder],
        group_name=GROUP,
        kinds={"csv"},
        code_version="1",
        description=f"Inventory of the lists of {folder} that ship: file, rows, hash, source.",
    )
    def words(folders: Folders) -> dg.MaterializeResult[pl.DataFrame]:
        frame = inventory(folder, folders.reference_dir)
        return dg.MaterializeResult(
            value=frame,
            metadata={"lists": dg.MetadataValue.md(markdown_table(frame))},
            data_version=data_version(frame),
        )

    return words


def _margin_asset(name: str) -> dg.AssetsDefinition:
    margin = MARGINS[name]

    @dg.multi_asset(
        name=f"margin_{name}",
        outs={
            "margin": dg.AssetOut(
                key=["margin", name],
                group_name=GROUP,
                kinds={"polars"},
                code_version="2",
                automation_condition=when_inputs_changed(),
                description=margin.description,
            ),
            "adjustments": dg.AssetOut(
                key=["adjustments", name],
                group_name=GROUP,
                kinds={"polars"},
                code_version="1",
                automation_condition=when_inputs_changed(),
                description=f"What was done to make `margin/{name}`: every adjustment, and how "
                "many people it moved.",
            ),
        },
        ins={
            **{f"table_{table}": dg.AssetIn(key=["census", table]) for table in margin.tables},
            **{f"margin_{other}": dg.AssetIn(key=["margin", other]) for other in margin.margins},
        },
    )
    def make(**inputs: pl.DataFrame) -> Iterator[dg.Output[pl.DataFrame]]:
        adjusted = margin.make(
            {table: inputs[f"table_{table}"] for table in margin.tables},
            {other: inputs[f"margin_{other}"] for other in margin.margins},
        )
        yield from _margin_outputs(adjusted)

    return make


def _margin_outputs(adjusted: Adjusted) -> Iterator[dg.Output[pl.DataFrame]]:
    frame, adjustments = adjusted.margin, adjusted.adjustments
    sizes = adjustments.group_by("step", "tables", maintain_order=True).agg(
        pl.col("before", "after", "moved").sum()
    )
    reasons = sizes.with_columns(pl.col("step").replace_strict(dict(STEPS)).alias("why"))
    yield dg.Output(
        frame,
        output_name="margin",
        metadata={
            "rows": frame.height,
            "people": float(frame["count"].sum()),
            "adjustments": dg.MetadataValue.md(markdown_table(sizes)),
            "preview": dg.MetadataValue.md(markdown_table(frame, 10)),
            VERSIONS_BY_PREFECTURE: dg.MetadataValue.json(versions_by_prefecture(frame)),
        },
        data_version=data_version(frame),
    )
    yield dg.Output(
        adjustments,
        output_name="adjustments",
        metadata={"steps": dg.MetadataValue.md(markdown_table(reasons))},
        data_version=data_version(adjustments),
    )


@dg.asset(
    group_name=GROUP,
    kinds={"polars"},
    code_version="1",
    ins={name: dg.AssetIn(key=["census", name]) for name in NEEDED_TABLES},
    automation_condition=when_inputs_changed(),
)
def table_agreements(**tables: pl.DataFrame) -> dg.MaterializeResult[pl.DataFrame]:
    """What two tables both state, side by side; two that cannot both hold stop the statistics."""
    frame = agreements(tables)
    found = conflicts(frame)
    if found.height:
        raise ConflictError(describe_conflicts(found))
    summary = frame.group_by("first", "second", "quantity", "relation", maintain_order=True).agg(
        pl.len().alias("cells"), pl.col("difference").abs().max().alias("largest_difference")
    )
    return dg.MaterializeResult(
        value=frame,
        metadata={
            "relations": dg.MetadataValue.md(markdown_table(summary, 60)),
            VERSIONS_BY_PREFECTURE: dg.MetadataValue.json(versions_by_prefecture(frame)),
        },
        data_version=data_version(frame),
    )


@dg.asset(
    group_name=GROUP,
    kinds={"polars"},
    code_version="1",
    ins={name: dg.AssetIn(key=["census", name]) for name in NEEDED_TABLES},
    automation_condition=when_inputs_changed(),
)
def table_origins(
    folders: Folders, recipe: RecipeResource, **tables: pl.DataFrame
) -> dg.MaterializeResult[pl.DataFrame]:
    """Where each table's figures come from: door, id, dates and hash; a release carries it on."""
    choice, store = recipe.load().figures, snapshot_store(folders)
    origins = [
        (find_origin(name, folders.reference_dir, store, choice), tables[name].height)
        for name in NEEDED_TABLES
    ]
    frame = origins_frame((origin, rows) for origin, rows in origins if origin is not None)
    return dg.MaterializeResult(
        value=frame,
        metadata={"origins": dg.MetadataValue.md(markdown_table(frame))},
        data_version=data_version(frame),
    )


observed_assets = [estat]
census_assets = [
    *(_table_asset(name) for name in TABLES),
    *(_shape_asset(name) for name in SHAPES),
    *(_words_asset(folder) for folder in WORD_FOLDERS),
    *(_margin_asset(name) for name in MARGINS),
    table_agreements,
    table_origins,
]
