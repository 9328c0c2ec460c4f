import re
import tomllib
from pathlib import Path

import pytest

import persona_assets
from persona_assets.census.margins import MARGIN_NAMES
from persona_assets.census.tables import load_sources
from persona_assets.definitions import defs
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


def test_tables_of_the_reference_are_up_to_date():
    for page, names in (("data.md", ("data", "processing")), ("census.md", ("tables",))):
        text = read(DOCS / page)
        for name in names:
            assert doc_figures.fill(text, name) == text, f"run python -m tools.doc_figures {name}"


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
