import shutil
from collections import namedtuple

import pytest

from persona_assets.automation import doctor
from persona_assets.automation.doctor import examine
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
    assert {f.subject for f in findings} == {"environment", "recipe", "figures", "disk", "writer"}
    assert not problems()


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
