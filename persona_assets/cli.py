"""The command line: build, preview, doctor. Thin: what it does is in `automation`.

Heavy imports stay inside the commands, so that `--help` and a typing error answer at once.
"""

import os
import sys
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
console = Console()

RecipeOption = Annotated[
    Path | None, typer.Option("--recipe", help="Recipe file; by default dataset.yaml.")
]
SizeOption = Annotated[
    int | None, typer.Option("--size", help="People in the full dataset, over all prefectures.")
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
