import ast
from pathlib import Path

import pytest

import persona_assets

PACKAGE = Path(persona_assets.__file__).parent
BELOW = ("drawing", "errors", "levels", "pages", "partitions", "raking", "recipe", "storage")
STAGES = ("census", "joint", "people", "rules", "personas", "quality", "release")
ABOVE = ("automation", "definitions", "cli")
ORDER = dict.fromkeys(BELOW, 0) | {name: 1 + i for i, name in enumerate(STAGES)}
ORDER |= dict.fromkeys(ABOVE, 100)
KNOWS_DAGSTER = ("assets.py", "definitions.py", "cli.py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "persona_assets" and len(parts) > 1 and parts[1] in ORDER:
            assert ORDER[parts[1]] <= ORDER[own], f"{own} may not import {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_assets_know_dagster(path: Path) -> None:
    stage = path.relative_to(PACKAGE).parts[0]
    if path.name in KNOWS_DAGSTER or stage in ("automation", "storage"):
        return
    assert not any(name.split(".")[0] == "dagster" for name in imports(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rows_keep_their_order(path: Path) -> None:
    """Floats summed in the order of threads differ in the last digit: not the same bytes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            keywords = {keyword.arg for keyword in node.keywords}
            if node.func.attr == "group_by" or (node.func.attr == "join" and "on" in keywords):
                assert "maintain_order" in keywords, f"line {node.lineno}"


def test_every_module_belongs_to_a_place() -> None:
    assert {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES} <= set(
        ORDER
    )
