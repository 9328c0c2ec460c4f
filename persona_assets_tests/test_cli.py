import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from persona_assets import cli
from persona_assets.census.client import EStatClient
from persona_assets.census.estat_server import EStatServer, Fault
from persona_assets_tests.census.estat import APP_ID, RECORDED, shipped_content

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


@pytest.fixture
def estat(tmp_path, monkeypatch):
    """The conformance server, a recipe that names it, and a data root of its own."""
    monkeypatch.setenv("PERSONA_ASSETS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ESTAT_APP_ID", APP_ID)
    monkeypatch.setenv("COLUMNS", "120")
    with EStatServer(shipped_content()) as server:
        recipe = tmp_path / "recipe.yaml"
        recipe.write_text(f"figures: {{base_url: '{server.url}', pause: 0}}\n", encoding="utf-8")
        server.recipe = str(recipe)
        yield server


def invoke(*arguments):
    return CliRunner().invoke(cli.app, list(arguments), catch_exceptions=True)


def test_fetched_tables_are_in_use_from_then_on(estat):
    result = invoke("estat", "fetch", "-t", "occupation", "--recipe", estat.recipe)
    assert result.exit_code == 0, result.output
    assert result.output.split()[:3] == ["occupation", "new", "content"]
    again = invoke("estat", "fetch", "-t", "occupation", "--recipe", estat.recipe)
    assert "date unchanged" in again.output
    forced = invoke("estat", "fetch", "-t", "occupation", "--force", "--recipe", estat.recipe)
    assert "same content" in forced.output
    lines = invoke("estat", "status").output.splitlines()
    doors = {line.split()[0]: line for line in lines}
    assert " api " in doors["occupation"]
    assert " shipped " in doors["industry"]
    assert "not fetched" in doors["population_by_single_year"]


def test_a_table_that_cannot_be_had_fails_the_command(estat):
    estat.faults = [Fault("status", "getMetaInfo", value=300)]
    result = invoke("estat", "fetch", "-t", "occupation", "--recipe", estat.recipe)
    assert result.exit_code == 1
    assert "1 of 1 tables could not be had" in str(result.exception)
    assert APP_ID not in result.output + str(result.exception)


def test_fetching_needs_an_application_id(estat, monkeypatch):
    monkeypatch.delenv("ESTAT_APP_ID")
    result = invoke("estat", "fetch", "--recipe", estat.recipe)
    assert "ESTAT_APP_ID is not set" in str(result.exception)
    assert estat.requests == []


def test_an_unknown_table_is_named_with_those_near(estat):
    result = invoke("estat", "fetch", "-t", "ocupation")
    assert "no table 'ocupation' in the registry; near: occupation" in str(result.exception)


def test_a_download_is_read_from_disk(estat):
    result = invoke("estat", "read", str(RECORDED / "census_labor_0003412176_long.csv.gz"))
    assert result.exit_code == 0, result.output
    assert result.output.split()[0] == "labour_status"
    assert " download " in next(
        line for line in invoke("estat", "status").output.splitlines() if "labour_status " in line
    )


def test_the_mock_serves_from_the_command_line(tmp_path):
    process = subprocess.Popen(
        [SCRIPT, "estat-mock", "--port", "0", "--fault", "html@getStatsList#1"],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        with EStatClient(APP_ID, base_url=url, pause=0, backoff=0.01) as client:
            served = {table.id for table in client.list_tables("00200521")}
        known = [table.info for table in shipped_content().tables.values()]
        assert served == {info.id for info in known if info.survey_code == "00200521"}
    finally:
        process.terminate()
        assert process.wait(20) == -signal.SIGTERM
    wrong = run("estat-mock", "--fault", "flood")
    assert wrong.returncode == 1
    assert "there is no fault 'flood'" in wrong.stderr


def test_what_is_no_manifest_is_not_pinned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    result = invoke("pin", "manifest.json")
    assert "manifest.json is no manifest of a release" in str(result.exception)
    assert not (tmp_path / "pinned.yaml").exists()


def test_a_joint_report_is_written_where_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("PERSONA_ASSETS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "120")
    result = invoke("joint", "report", "-p", "tottori", "--out", str(tmp_path / "pages"))
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["scores.json", "tottori.html"]
    assert "tottori" in result.output
    assert "assumed independent" in result.output
    assert "A page of each (1) and scores.json" in result.output


def test_a_joint_report_of_no_prefecture_is_refused(tmp_path):
    result = invoke("joint", "report", "-p", "totori", "--out", str(tmp_path / "pages"))
    assert "did you mean tottori" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_long_japanese_lines_do_not_break_at_the_name(capsys):
    record = dict.fromkeys(
        ("sex", "age", "marital_status", "education_level", "occupation", "prefecture"), "x"
    ) | dict.fromkeys(
        ("persona", "professional_persona", "culinary_persona", "travel_persona"),
        "川べりの道を歩く佐藤 和子は" + "、空の色を眺める" * 12,
    )
    cli._show_person(record)
    assert "川べりの道を歩く佐藤 和子は、" in capsys.readouterr().out
