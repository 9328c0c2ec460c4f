import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from persona_assets import cli

SCRIPT = Path(sys.executable).parent / "persona-assets"


def run(*arguments, **environment):
    """Run the installed command in a process of its own, as a user does."""
    return subprocess.run(
        [SCRIPT, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "80"} | environment,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("build", "-p", "tokio"), "error unknown prefecture 'tokio': did you mean tokyo"),
        (("build", "--size", "0"), "error the given size: field 'size' is 0; input should be"),
        (("build", "--recipe", "none.yaml"), "none.yaml: No such file or directory"),
        (("preview", "1", "-p", "edo"), "error unknown prefecture 'edo': use one of hokkaido"),
    ],
)
def test_known_errors_are_one_line_without_a_traceback(arguments, message, tmp_path):
    result = run(*arguments, PERSONA_ASSETS_DATA=str(tmp_path))
    assert result.returncode == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stdout + result.stderr
    assert list(tmp_path.iterdir()) == []


def test_misspelt_recipe_field_names_file_field_and_cure(tmp_path):
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("sise: 100\n", encoding="utf-8")
    result = run("build", "--recipe", str(recipe))
    assert result.returncode == 1
    assert result.stderr.strip() == (f"error {recipe}: unknown field 'sise'; did you mean 'size'?")


def test_preview_prints_people_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PERSONA_ASSETS_DATA", str(tmp_path))
    result = CliRunner().invoke(cli.app, ["preview", "2", "-p", "tottori"])
    assert result.exit_code == 0, result.output
    assert result.output.count("鳥取県") >= 2
    assert list(tmp_path.iterdir()) == []


def test_preview_says_when_there_are_no_more_people():
    result = CliRunner().invoke(cli.app, ["preview", "1000", "-p", "tottori", "--size", "500"])
    assert result.exit_code == 0, result.output
    assert "ask for more with --size" in " ".join(result.output.split())


def test_doctor_exits_with_1_if_something_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setenv("PERSONA_ASSETS_DATA", str(tmp_path))
    assert CliRunner().invoke(cli.app, ["doctor"]).exit_code == 0
    recipe = tmp_path / "bad.yaml"
    recipe.write_text("size: many", encoding="utf-8")
    result = CliRunner().invoke(cli.app, ["doctor", "--recipe", str(recipe)])
    assert result.exit_code == 1
    assert "problem" in result.output


def test_long_japanese_lines_do_not_break_at_the_name(capsys):
    record = dict.fromkeys(
        ("sex", "age", "marital_status", "education_level", "occupation", "prefecture"), "x"
    ) | dict.fromkeys(
        ("persona", "professional_persona", "culinary_persona", "travel_persona"),
        "川べりの道を歩く佐藤 和子は" + "、空の色を眺める" * 12,
    )
    cli._show_person(record)
    assert "川べりの道を歩く佐藤 和子は、" in capsys.readouterr().out
