import json
import re

import polars as pl
import pytest

from persona_assets.joint import heldout
from persona_assets.joint.fit import assemble, fit_prefecture
from persona_assets.joint.heldout import CHECKS, SCORE_SCHEMA
from persona_assets.joint.model import MODEL
from persona_assets.joint.report import (
    CHECK_NAMES,
    MARGIN_NAMES,
    STATUS_NAMES,
    VARIABLE_NAMES,
    Fitted,
    render_page,
    write_reports,
)
from persona_assets.joint.scores import tables_alone
from persona_assets.joint.uncertainty import VARIABLES, Status
from persona_assets_tests.pages import Page


@pytest.fixture(scope="module")
def fitted(margins, shapes, structure):
    joint, report = fit_prefecture("tottori", margins, structure)
    alone, _ = fit_prefecture("tottori", margins, assemble(shapes, tables_alone()))
    return Fitted(joint, report, alone)


@pytest.fixture(scope="module")
def held_out():
    rows = [(check.name, "all", 1e6, 10.0, 11.25, 10.5, 17.0) for check in CHECKS]
    rows.append(("marital_curve", "male 20-24 widowed", 1e6, 1.0, 1.125, None, 4.0))
    return pl.DataFrame(rows, schema=SCORE_SCHEMA, orient="row")


@pytest.fixture(scope="module")
def html(fitted, margins, shapes, held_out):
    return render_page(fitted, margins, shapes, held_out)


def test_page_needs_no_network_no_script_and_no_other_file(html):
    page = Page(html)
    assert page.loads == ["data:,"]
    assert page.links == []
    assert "script" not in page.tags
    assert page.tags.count("svg") == 10
    # Only the name of SVG's vocabulary looks like an address.
    assert set(re.findall(r"https?://[^\s\"'<]+", html)) == {"http://www.w3.org/2000/svg"}
    assert "url(" not in html
    assert "xlink:href" not in html


def test_every_margin_check_variable_and_status_has_a_name():
    assert set(MARGIN_NAMES) == {m.margin for spec in MODEL for m in spec.measured}
    curves = {"marital_curve", "marital_curve_prefectures"}
    assert set(CHECK_NAMES) == {check.name for check in CHECKS} | curves
    assert set(VARIABLE_NAMES) == set(VARIABLES)
    assert set(STATUS_NAMES) == {status.value for status in Status}


def test_page_tells_the_figures_of_the_fit(html, fitted):
    text = " ".join(Page(html).text)
    assert "鳥取県" in text
    assert f"{fitted.report.entropy:.3f}" in text
    assert f"{fitted.report.effective_cells:,.0f}" in text
    assert fitted.joint.figures in text
    for name in MARGIN_NAMES.values():
        assert name in text
    assert "1.25 / 1.2" in text
    assert "— " in text or "—" in text


def test_figures_have_what_they_show(html, fitted):
    named = r'<svg[^>]*aria-label="([^"]+)"[^>]*>(.*?)</svg>'
    drawn = dict(re.findall(named, html, re.DOTALL))
    # Four statuses on two sides, then the patches of the legend.
    pyramid = next(svg for title, svg in drawn.items() if "配偶関係別" in title)
    assert len(re.findall(r"--plot-level-[1-4],", pyramid)) == 12
    shades = next(svg for title, svg in drawn.items() if title == "職業別の学歴の割合")
    assert len(re.findall("--plot-level-1,", shades)) == 11 * 5


def test_without_held_out_checks_the_page_says_how_to_have_them(fitted, margins, shapes):
    text = render_page(fitted, margins, shapes)
    assert "persona-assets joint report --held-out" in text
    assert render_page(fitted, margins, shapes) == text


def test_written_scores_are_those_of_the_pages(tmp_path, margins, shapes, monkeypatch, held_out):
    weights = pl.DataFrame({"weight": [0.8], "mean_error": [0.3]})
    monkeypatch.setattr(heldout, "score_all", lambda *_, **__: held_out)
    monkeypatch.setattr(heldout, "cohorts_1990_to_2000", lambda _: weights)
    steps = []
    found = write_reports(
        ["tottori"], margins, shapes, tmp_path / "out", held_out=True,
        on_progress=lambda *step: steps.append(step),
    )  # fmt: skip
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["scores.json", "tottori.html"]
    assert json.loads((tmp_path / "out" / "scores.json").read_text(encoding="utf-8")) == found
    (scores,) = found["prefectures"]
    assert scores["entropy_without_municipalities_nats"] < scores["entropy_of_tables_alone_nats"]
    assert len(scores["margins"]) == len(MARGIN_NAMES)
    assert len(found["held_out"]["checks"]) == len(CHECKS) + 1
    assert found["held_out"]["cohorts_1990_to_2000"] == weights.to_dicts()
    assert found["held_out"]["checks"][0]["source"] == CHECKS[0].source
    assert sum(found["relations"]["counts"].values()) == len(found["relations"]["pairs"])
    assert steps[-1] == ("done", 1, 1)
