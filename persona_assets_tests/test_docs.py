import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer.main

import persona_assets
from persona_assets import cli
from persona_assets.automation.jobs import JOBS
from persona_assets.automation.sensors import SENSORS
from persona_assets.census.client import EStatClient
from persona_assets.census.margins import MARGIN_NAMES
from persona_assets.census.origins import API_CREDIT
from persona_assets.census.refresh import Status
from persona_assets.census.registry import load_registry
from persona_assets.census.snapshots import Snapshot
from persona_assets.census.tables import load_sources
from persona_assets.definitions import defs
from persona_assets.recipe import Figures
from persona_assets.rules import RULES
from persona_assets.storage.paths import project_root, reference_dir
from tools import doc_figures, recipe_page

ROOT = project_root()
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
PACKAGE = Path(persona_assets.__file__).parent
STAGES = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
# A place in the code: a file, or a file and a name in it.
PLACE = re.compile(r"`((?:persona_assets|tools)/[\w/]+\.py)`(?:: ((?:`\w+`(?:, )?)+))?")


def read(path):
    return path.read_text(encoding="utf-8")


def slugs(text):
    heads = re.findall(r"^#+ (.+)$", CODE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda p: p.name)
def test_every_link_resolves(page):
    for target, anchor in LINK.findall(CODE.sub("", read(page))):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{page.name} links to {target}"
        if anchor and path.suffix == ".md":
            assert anchor in slugs(read(path)), f"{page.name} links to {target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_no_page_names_a_place_outside_the_repository(page):
    text = read(page)
    assert "/work" not in text
    assert "shared/" not in text


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_place_in_the_code_is_there(page):
    for file, names in PLACE.findall(read(page)):
        assert (ROOT / file).is_file(), f"{page.name} names {file}"
        code = read(ROOT / file)
        for name in re.findall(r"\w+", names):
            assert re.search(rf"^(?:def |class )?{name}\b", code, re.MULTILINE), f"{file}: {name}"


def test_every_stage_has_a_page_and_every_page_is_on_the_map():
    assert {f"{stage}.md" for stage in STAGES} <= {page.name for page in PAGES}
    index = read(DOCS / "index.md")
    on_map = {target for target, _ in LINK.findall(index)}
    assert {p.name for p in DOCS.glob("*.md")} - {"index.md"} <= on_map


def test_every_asset_and_check_is_on_the_map():
    index = read(DOCS / "index.md")
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        name = key.to_user_string()
        folder = f"{key.path[0]}/*"
        assert name in index or folder in index, name
    for check in graph.asset_check_keys:
        assert check.name in index, check.name


def test_recipe_page_is_what_the_model_says():
    assert read(DOCS / "recipe.md") == recipe_page.render()


def test_every_reference_file_is_named():
    page = read(DOCS / "data.md")
    for key in load_sources(reference_dir()):
        assert page.count(f"`{key}`") >= 2, key


# Tables that take no fit, so that a test can make them again.
GENERATED = {
    "data.md": ("data", "processing"),
    "census.md": (
        "tables",
        "margins",
        "adjustments",
        "steps",
        "agreements",
        "conflict",
        "households",
        "employment",
    ),
    "estat.md": ("registry", "evidence", "drift", "faults"),
    "joint.md": ("targets", "terms", "zeros", "relations"),
    "people.md": ("surname_homes", "given_name_tops"),
}


@pytest.mark.parametrize("page", GENERATED)
def test_generated_tables_are_up_to_date(page):
    text = read(DOCS / page)
    for name in GENERATED[page]:
        assert f"<!-- figures: {name} -->" in text
        assert doc_figures.fill(text, name) == text, f"run python -m tools.doc_figures {name}"


def test_every_place_for_a_table_has_one():
    places = [name for page in [ROOT / "README.md", *PAGES] for name in
              re.findall(r"<!-- figures: (\S+) -->", read(page))]  # fmt: skip
    assert sorted(places) == sorted(doc_figures.TABLES)


# ---- the command line ---------------------------------------------------------------------------

COMMANDS = typer.main.get_command(cli.app)
GROUPS = ("estat", "joint")
KNOWN = {
    **{name: command for name, command in COMMANDS.commands.items() if name not in GROUPS},
    **{
        f"{group} {name}": command
        for group in GROUPS
        for name, command in COMMANDS.commands[group].commands.items()
    },
}
# In a block after the prompt, or in the text of a page between marks of code.
CALLS = re.compile(r"(?:^\$ .*?|`)(?:\.venv/bin/)?persona-assets ([^`\n]+)", re.MULTILINE)
SHORT = re.compile(r"`(estat (?:[a-z]+)[^`]*|estat-mock[^`]*)`")


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda p: p.name)
def test_every_command_and_option_is_there(page):
    text = read(page)
    for call in [*CALLS.findall(text), *SHORT.findall(text)]:
        words = shlex.split(re.split(r"\s#\s", call)[0])
        name = " ".join(words[:2]) if words[0] in GROUPS else words[0]
        if (len(words) == 1 and words[0] in GROUPS) or "|" in words:
            continue
        assert name in KNOWN, f"{page.name}: {call}"
        options = {option for parameter in KNOWN[name].params for option in parameter.opts}
        used = {word for word in words if re.fullmatch(r"--?[a-z]+", word)}
        assert used <= options | {"--help"}, f"{page.name}: {call}"


def test_every_command_and_its_options_are_in_the_table():
    rows = read(DOCS / "automation.md").splitlines()
    for name, command in KNOWN.items():
        (row,) = [line for line in rows if re.match(rf"\| `persona-assets {name}[ `]", line)]
        for parameter in command.params:
            option = parameter.opts[0]
            assert not option.startswith("--") or f"`{option}`" in row, f"{name} {option}"


# ---- official figures ---------------------------------------------------------------------------


def test_every_job_and_sensor_is_named():
    page = read(DOCS / "automation.md")
    for one in [*JOBS, *SENSORS]:
        assert f"`{one.name}`" in page


def test_every_answer_of_a_look_and_every_choice_of_figures_is_explained():
    page = read(DOCS / "estat.md")
    assert all(f"| `{status}` |" in page for status in Status.__args__)
    assert all(f"| `{door}`" in page for door in Figures.model_fields["source"].annotation.__args__)
    assert all(f"**{kind}**" in page for kind in ("recorded", "documented", "expected"))


def test_the_politeness_that_is_told_is_the_one_that_is_kept():
    page = read(DOCS / "estat.md")
    recipe = {name: field.default for name, field in Figures.model_fields.items()}
    assert f"`figures.pause` seconds ({recipe['pause']:g})" in page
    assert f"`figures.timeout` seconds ({recipe['timeout']:g})" in page
    own = EStatClient.__init__.__kwdefaults__
    assert (own["attempts"], own["backoff"]) == (5, 2.0)
    assert "2, 4, 8 and 16 seconds" in page


def test_numbers_of_tables_are_those_of_the_registry():
    tables = load_registry().tables
    needed = [name for name, entry in tables.items() if not entry.optional]
    assert f"census/*, {len(tables)} tables" in read(DOCS / "index.md")
    assert f"The {len(needed)} tables that margins need ship" in read(DOCS / "estat.md")
    assert {f"census/{name}" for name in needed} == {
        key for key in load_sources(reference_dir()) if key.startswith("census/")
    }


def test_the_credit_line_is_the_one_of_the_terms():
    for page in (DOCS / "estat.md", ROOT / "README.md"):
        assert API_CREDIT in read(page).replace("\n", "")


def test_snapshots_in_the_docs_have_the_fields_of_today():
    page = read(DOCS / "estat.md")
    diary, snapshot = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.S))
    assert set(diary) == {
        "time", "table", "table_id", "updated_date", "content_hash", "change"
    }  # fmt: skip
    assert set(snapshot) == set(Snapshot.__dataclass_fields__) - {"path"}


def test_every_margin_and_rule_is_named():
    assert all(f"`{name}`" in read(DOCS / "census.md") for name in MARGIN_NAMES)
    page = read(DOCS / "rules.md")
    assert all(f"| `{rule.id}` | {rule.severity} |" in page for rule in RULES)


def test_every_assumption_marked_in_the_code_has_its_file_named():
    pages = "".join(read(page) for page in PAGES)
    for folder in ("persona_assets", "tools"):
        for path in (ROOT / folder).rglob("*.py"):
            if re.search(r"#.*\bASSUMED\b", read(path)):
                assert f"`{path.relative_to(ROOT).as_posix()}`" in pages, path


def test_every_direct_dependency_has_its_line():
    project = tomllib.loads(read(ROOT / "pyproject.toml"))
    groups = project["dependency-groups"]
    wanted = {
        "Runtime": project["project"]["dependencies"],
        "Development": groups["dev"],
        "Build": [*groups["build"], *project["build-system"]["requires"]],
        "Benchmarks": groups["benchmarks"],
    }
    parts = re.split(r"^## (.+)$", read(DOCS / "dependencies.md"), flags=re.MULTILINE)
    found = {
        head: re.findall(r"^\| `([^`]+)` \| \S", text, re.MULTILINE)
        for head, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    names = {
        head: {re.match(r"[\w.\-]+", requirement)[0] for requirement in requirements}
        for head, requirements in wanted.items()
    }
    assert {head: set(lines) for head, lines in found.items()} == names
    assert all(len(lines) == len(set(lines)) for lines in found.values())
