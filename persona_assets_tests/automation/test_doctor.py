import shutil
from collections import namedtuple

import pytest
import yaml

from persona_assets.automation import doctor
from persona_assets.automation.doctor import examine
from persona_assets.census.estat_server import EStatServer
from persona_assets_tests.census.estat import APP_ID, shipped_content
from persona_assets_tests.personas.chat_server import MODEL, ChatServer, Reply


@pytest.fixture(autouse=True)
def own_root(tmp_path, monkeypatch):
    monkeypatch.setenv("PERSONA_ASSETS_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("PERSONA_ASSETS_SIZE", raising=False)


def problems(path=None):
    return {finding.subject: finding.text for finding in examine(path) if not finding.good}


def recipe(tmp_path, **writer):
    path = tmp_path / "recipe.yaml"
    fields = "".join(f"  {name}: {value}\n" for name, value in writer.items())
    path.write_text(f"writer:\n  backend: openai\n{fields}", encoding="utf-8")
    return path


def test_everything_is_good_where_the_demo_runs():
    findings = examine()
    assert {f.subject for f in findings} == {
        "environment", "recipe", "figures", "tables", "e-Stat", "disk", "writer",
    }  # fmt: skip
    assert not problems()


def figures_recipe(tmp_path, **figures):
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({"figures": figures}), encoding="utf-8")
    return path


def test_estat_is_asked_once_if_there_is_an_application_id(tmp_path, monkeypatch):
    content = shipped_content()
    with EStatServer(content, app_ids=[APP_ID]) as server:
        path = figures_recipe(tmp_path, base_url=server.url, pause=0)
        monkeypatch.setenv("ESTAT_APP_ID", APP_ID)
        (finding,) = (f for f in examine(path) if f.subject == "e-Stat")
        assert finding.good
        assert "労働力状態" in finding.text
        assert [asked.function for asked in server.requests] == ["getMetaInfo"]
        monkeypatch.setenv("ESTAT_APP_ID", "not-the-one-that-is-accepted")
        text = problems(path)["e-Stat"]
        assert "ESTAT_APP_ID is not accepted" in text
        assert "not-the-one" not in text
        monkeypatch.setenv("ESTAT_APP_ID", "短い")
        assert "holds no application id" in problems(path)["e-Stat"]


def test_estat_that_does_not_answer_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setenv("ESTAT_APP_ID", APP_ID)
    path = figures_recipe(tmp_path, base_url="http://127.0.0.1:9/rest/3.0/app", pause=0)
    assert set(problems(path)) == {"e-Stat"}
    assert APP_ID not in problems(path)["e-Stat"]


def test_a_pinned_snapshot_that_is_not_here_is_a_problem(tmp_path):
    path = figures_recipe(tmp_path, pinned={"occupation": "0123456789abcdef"})
    assert "no single snapshot '0123456789abcdef'" in problems(path)["tables"]


def test_bad_recipe_is_one_problem_and_the_rest_is_still_looked_at(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("size: 3", encoding="utf-8")
    assert set(problems(path)) == {"recipe"}
    assert "field 'size' is 3" in problems(path)["recipe"]


def test_changed_figure_is_a_problem_that_names_the_file(tmp_path, reference, monkeypatch):
    copy = tmp_path / "reference"
    shutil.copytree(reference, copy)
    path = copy / "census" / "education.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",1", ",2", 1), encoding="utf-8")
    monkeypatch.setattr(doctor, "reference_dir", lambda: copy)
    assert "census/education.csv" in problems()["figures"]


def test_unwritable_and_full_disks_are_problems(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("PERSONA_ASSETS_DATA", str(file / "data"))
    assert "cannot write" in problems()["disk"]
    monkeypatch.setenv("PERSONA_ASSETS_DATA", str(tmp_path))
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage(1_000_000))
    assert "free some space" in problems()["disk"]


def test_endpoint_with_the_model_is_good(tmp_path):
    with ChatServer(usual=lambda _: Reply()) as server:
        path = recipe(tmp_path, base_url=server.base_url, model=MODEL)
        assert not problems(path)
        wrong = recipe(tmp_path, base_url=server.base_url, model="other")
        assert problems(wrong) == {"writer": f"no model 'other' there; it has: {MODEL}"}


def test_endpoint_that_does_not_answer_is_a_problem_and_the_key_stays_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    path = recipe(tmp_path, base_url="http://127.0.0.1:9/v1")
    assert problems(path) == {"writer": "http://127.0.0.1:9/v1 does not answer; start the server"}
    assert "sk-very-secret" not in str(examine(path))
