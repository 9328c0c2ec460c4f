"""The command line: build, preview, doctor, official figures. Thin: the work is elsewhere.

Heavy imports stay inside the commands, so that `--help` and a typing error answer at once.
"""

import os
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.cells import chop_cells
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from persona_assets.errors import PersonaAssetsError

app = typer.Typer(
    help="Synthetic Japanese personas from official statistics.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
estat_app = typer.Typer(
    help="Official tables of e-Stat: fetch them, read downloads, see what is in use.",
    no_args_is_help=True,
)
app.add_typer(estat_app, name="estat")
joint_app = typer.Typer(
    help="The joint distributions that people are drawn from.", no_args_is_help=True
)
app.add_typer(joint_app, name="joint")
console = Console()

RecipeOption = Annotated[
    Path | None, typer.Option("--recipe", help="Recipe file; by default dataset.yaml.")
]
SizeOption = Annotated[
    int | None, typer.Option("--size", help="People in the full dataset, over all prefectures.")
]
TableOption = Annotated[
    list[str] | None,
    typer.Option("--table", "-t", help="Name of a table of the registry; may be repeated."),
]
PrefectureOption = Annotated[
    list[str] | None,
    typer.Option("--prefecture", "-p", help="Prefecture key such as tokyo; may be repeated."),
]


@app.command()
def build(
    prefecture: PrefectureOption = None,
    size: SizeOption = None,
    recipe: RecipeOption = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=1, help="Prefectures at once; by default one per core, at most 4."
        ),
    ] = None,
) -> None:
    """Build prefectures (all 47 by default) and release the dataset."""
    from persona_assets.partitions import prefecture as find
    from persona_assets.partitions import prefectures
    from persona_assets.recipe import RECIPE_VARIABLE, load_recipe
    from persona_assets.storage.paths import data_root, project_root

    started = time.monotonic()
    # What is wrong with the request is said at once, before the slow imports.
    load_recipe(recipe, size=size)
    keys = [find(key).key for key in prefecture or []]
    named = recipe or os.environ.get(RECIPE_VARIABLE)
    bar = Progress(
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    with bar:
        task = bar.add_task("starting", total=None)
        from persona_assets.automation import build as building
        from persona_assets.storage.resources import Folders, RecipeResource

        chosen = RecipeResource(path=str(Path(named).resolve()) if named else None, size=size)
        folders = Folders(root=str(data_root()))
        # The paths in dagster.yaml are relative to its folder; the caller's own were taken first.
        os.chdir(project_root())
        names = {key: place.name for key, place in prefectures().items()}

        def show(progress: building.Progress) -> None:
            step = names.get(progress.finished, progress.finished)
            bar.update(
                task,
                description=step or "statistics",
                completed=progress.done,
                total=progress.total,
            )

        def warn(text: str) -> None:
            bar.console.print(Text.assemble(("note", "bold yellow"), f" {text}"), soft_wrap=True)

        folder = building.build(
            keys, chosen, folders, workers=workers, on_progress=show, on_warning=warn
        )
    _show_release(folder, time.monotonic() - started)


def _show_release(folder: Path, seconds: float) -> None:
    import polars as pl

    records = pl.read_parquet(folder / "data" / "*.parquet")
    latest = folder.parent / "latest"
    summary = Table.grid(padding=(0, 2))
    summary.add_row(
        "records", f"{records.height:,}; prefectures: {records['prefecture'].n_unique()}"
    )
    summary.add_row("release", str(folder))
    summary.add_row("report", str(folder / "report.html"))
    summary.add_row("load it", f'datasets.load_dataset("{latest}")')
    summary.add_row("time", f"{seconds:.0f} s")
    console.print(Panel(summary, title="Released", expand=False))
    for record in records[:: max(1, records.height // 3)][:3].to_dicts():
        _show_person(record)


def _show_person(record: dict[str, Any]) -> None:
    head = "　".join(
        str(record[name])
        for name in ("sex", "age", "marital_status", "education_level", "occupation", "prefecture")
    )
    # Wrapped here: Japanese breaks anywhere, rich would break at the space within the name only.
    width = console.width - 4
    body = "\n\n".join(
        "\n".join(chop_cells(str(record[name]), width))
        for name in ("persona", "professional_persona", "culinary_persona", "travel_persona")
    )
    console.print(Panel(Text(body), title=Text(head), title_align="left"))


@app.command()
def preview(
    count: Annotated[int, typer.Argument(min=1, max=1000, help="How many people.")],
    prefecture: Annotated[str, typer.Option("--prefecture", "-p")] = "tokyo",
    size: SizeOption = None,
    recipe: RecipeOption = None,
) -> None:
    """Print people and personas of one prefecture without writing anything."""
    from persona_assets.partitions import prefecture as find
    from persona_assets.recipe import load_recipe
    from persona_assets.storage.paths import data_root, reference_dir, snapshots_dir

    chosen, key = load_recipe(recipe, size=size), find(prefecture).key
    with console.status("fitting and writing ..."):
        from persona_assets.automation.preview import preview as run
        from persona_assets.release.columns import to_records

        people = run(key, count, chosen, reference_dir(), snapshots_dir(data_root()))
        records = to_records(people, "default")
    for record in records.to_dicts():
        _show_person(record)
    if records.height < count:
        console.print(
            f"{records.height} people: {prefecture} has no more among the {chosen.size:,} of the "
            "recipe; ask for more with --size"
        )


@app.command()
def doctor(recipe: RecipeOption = None) -> None:
    """Check environment, recipe, figures, disk and endpoint; say what to do where one fails."""
    from persona_assets.automation.doctor import examine

    table = Table(show_header=False, box=None, padding=(0, 2))
    findings = examine(recipe)
    for finding in findings:
        mark = Text("ok", style="green") if finding.good else Text("problem", style="bold red")
        table.add_row(mark, finding.subject, finding.text)
    console.print(table)
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


@estat_app.command()
def fetch(
    table: TableOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Fetch also what has the date of the newest snapshot.")
    ] = False,
    recipe: RecipeOption = None,
) -> None:
    """Ask e-Stat what has changed, and keep it as snapshots; needs an application id."""
    from persona_assets.census.client import ID_URL
    from persona_assets.census.refresh import make_client, refresh
    from persona_assets.census.registry import load_registry, needed_tables
    from persona_assets.census.snapshots import SnapshotStore
    from persona_assets.census.wire import EStatError
    from persona_assets.recipe import load_recipe
    from persona_assets.storage.paths import data_root, snapshots_dir

    figures = load_recipe(recipe).figures
    wanted = _known_tables(table) or list(load_registry().tables)
    client = make_client(figures)
    if client is None:
        raise EStatError(
            f"{figures.app_id_env} is not set; get an application id, free of charge, at {ID_URL}"
        )
    failed = 0
    with client:
        for look in refresh(client, SnapshotStore(snapshots_dir(data_root())), wanted, force=force):
            needed = look.table in needed_tables()
            failed += look.status == "failed" and needed
            style = {"failed": "bold red" if needed else "yellow", "new content": "green"}
            console.print(
                Text.assemble(
                    f"{look.table:<26}",
                    (f"{look.status:<16}", style.get(look.status, "")),
                    look.message or (look.snapshot.key if look.snapshot else ""),
                ),
                soft_wrap=True,
            )
    if failed:
        raise EStatError(
            f"{failed} of {len(wanted)} tables could not be had; the newest good figures stay in "
            "use"
        )


@estat_app.command()
def read(file: Annotated[Path, typer.Argument(help="CSV, Excel book or saved answer of e-Stat.")],
         table: TableOption = None) -> None:  # fmt: skip
    """Keep a file that was downloaded from e-Stat, for the tables that are in it."""
    from persona_assets.census.refresh import read_file
    from persona_assets.census.snapshots import SnapshotStore
    from persona_assets.storage.paths import data_root, snapshots_dir

    store = SnapshotStore(snapshots_dir(data_root()))
    for look in read_file(file, store, _known_tables(table)):
        key = look.snapshot.key if look.snapshot else ""
        console.print(f"{look.table:<26}{look.status:<16}{key}")


@estat_app.command()
def status(recipe: RecipeOption = None) -> None:
    """Show each table of the registry, and where its figures come from."""
    from persona_assets.census.origins import find_origin
    from persona_assets.census.registry import load_registry
    from persona_assets.census.snapshots import SnapshotStore
    from persona_assets.recipe import load_recipe
    from persona_assets.storage.paths import data_root, reference_dir, snapshots_dir

    figures = load_recipe(recipe).figures
    store = SnapshotStore(snapshots_dir(data_root()))
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for heading in ("table", "e-Stat id", "in use", "updated", "content"):
        table.add_column(heading, no_wrap=True)
    for name, entry in load_registry().tables.items():
        origin = find_origin(name, reference_dir(), store, figures)
        row = [name, entry.id or "searched for", "not fetched", "", ""]
        if origin is not None:
            row[1] = origin.table_id or row[1]
            row[2:] = [origin.door, origin.updated_date, origin.content_hash[:8]]
        table.add_row(*row)
    console.print(table)


@joint_app.command("report")
def joint_report(
    prefecture: PrefectureOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder to write to; by default reports/joint."),
    ] = None,
    held_out: Annotated[
        bool,
        typer.Option(
            "--held-out", help="Also score tables that the fit has not seen; some minutes."
        ),
    ] = False,
    recipe: RecipeOption = None,
) -> None:
    """Fit prefectures (all 47 by default) and write a page of each and the scores of all."""
    from persona_assets.partitions import prefecture as find
    from persona_assets.partitions import prefectures
    from persona_assets.recipe import load_recipe
    from persona_assets.storage.paths import data_root, reference_dir, reports_dir, snapshots_dir

    figures = load_recipe(recipe).figures
    keys = [find(key).key for key in prefecture or prefectures()]
    folder = out or reports_dir(data_root())
    bar = Progress(
        TextColumn("{task.description:<34}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    with bar:
        task = bar.add_task("figures", total=len(keys))
        from persona_assets.census.margins import build_margins
        from persona_assets.census.origins import needed_figures
        from persona_assets.census.snapshots import SnapshotStore
        from persona_assets.joint.inputs import load_shapes
        from persona_assets.joint.report import write_reports

        store = SnapshotStore(snapshots_dir(data_root()))
        margins = build_margins(needed_figures(reference_dir(), store, figures))

        def show(step: str, done: int, total: int) -> None:
            bar.update(task, description=step, completed=done, total=total)

        written = write_reports(
            keys, margins, load_shapes(reference_dir()), folder, held_out=held_out,
            on_progress=show,
        )  # fmt: skip
    _show_scores(written, folder)


def _show_scores(written: dict[str, Any], folder: Path) -> None:
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for heading in ("prefecture", "sweeps", "largest error", "entropy", "effective cells"):
        table.add_column(heading, justify="left" if heading == "prefecture" else "right")
    for one in written["prefectures"]:
        hard = [m["largest_error"] for m in one["margins"] if m["weight"] == 1]
        table.add_row(
            one["prefecture"], str(one["sweeps"]), f"{max(hard):.1e}",
            f"{one['entropy_nats']:.3f} nat", f"{one['effective_cells']:,.0f}",
        )  # fmt: skip
    console.print(table)
    if written["held_out"] is not None:
        checks = Table(box=None, padding=(0, 1), pad_edge=False)
        checks.add_column("mean error, points")
        for heading in ("held out", "in use", "baseline"):
            checks.add_column(heading, justify="right")
        for row in written["held_out"]["checks"]:
            means = [row[f"mean_{name}"] for name in ("held_out", "production", "baseline")]
            checks.add_row(row["check"], *("" if m is None else f"{m:.2f}" for m in means))
        console.print(checks)
    known = Table.grid(padding=(0, 2))
    for status, count in written["relations"]["counts"].items():
        known.add_row(status, f"{count} pairs of variables")
    console.print(Panel(known, title="What is known", expand=False))
    console.print(
        f"A page of each ({len(written['prefectures'])}) and scores.json in {folder}",
        soft_wrap=True,
    )


@app.command("estat-mock")
def estat_mock(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8322,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            help="KIND[=VALUE][@FUNCTION][#CALL][xTIMES], such as html@getStatsData#2; may be "
            "repeated.",
        ),
    ] = None,
) -> None:
    """Serve the shipped figures on this machine as e-Stat does, to try things out."""
    from persona_assets.census.editions import collect_areas, shipped_tables
    from persona_assets.census.estat_server import Content, EStatServer, parse_fault
    from persona_assets.storage.paths import reference_dir

    faults = [parse_fault(text) for text in fault or []]
    tables = shipped_tables(reference_dir())
    content = Content(tables=tables, areas=collect_areas(tables))
    with EStatServer(content, port=port, faults=faults) as server:
        console.print(
            f"{len(tables)} tables at {server.url}\n"
            f"In the recipe: figures: {{base_url: '{server.url}', pause: 0}}\n"
            "ESTAT_APP_ID may be any word of eight or more letters. Ctrl-C ends it.",
            soft_wrap=True,
        )
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            console.print("ended")


@app.command()
def pin(
    manifest: Annotated[Path, typer.Argument(help="manifest.json of a release.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The recipe to write.")] = Path(
        "pinned.yaml"
    ),
) -> None:
    """Write a recipe that builds a release again from the very figures it was built from."""
    from persona_assets.release.pin import pinned_recipe

    text = pinned_recipe(manifest)
    if output.exists():
        raise PersonaAssetsError(f"{output} is there already; name another file with --output")
    output.write_text(text, encoding="utf-8")
    console.print(f"{output}: build it with `persona-assets build --recipe {output}`")


def _known_tables(names: list[str] | None) -> list[str] | None:
    from persona_assets.census.registry import load_registry

    known = load_registry().tables
    for name in names or []:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=3, cutoff=0.4) or list(known)
            raise PersonaAssetsError(f"no table '{name}' in the registry; near: {', '.join(near)}")
    return names


def main() -> None:
    """Run the command line; an error for the user is one line on standard error and exit code 1."""
    # Libraries' notes to programmers are not for users; workers inherit the variable.
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    try:
        app()
    except PersonaAssetsError as error:
        text = Text.assemble(("error", "bold red"), f" {error}")
        Console(stderr=True).print(text, soft_wrap=True)
        sys.exit(1)
