import os
import re
import shutil
import subprocess

import polars as pl
import pytest
from PIL import Image

from persona_assets.joint.report import MARGIN_NAMES
from persona_assets.people.fidelity import FITTED, Scope
from persona_assets.quality.fidelity import age_pyramid
from persona_assets.quality.records import rule_counts
from persona_assets.release.columns import to_records
from persona_assets.release.fit import MARGIN_TITLES
from persona_assets.release.report import render_report
from persona_assets_tests.pages import Page
from persona_assets_tests.release.test_card import SOURCE, facts


@pytest.fixture(scope="module")
def html(built):
    return (built.folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def render(chain, built):
    """Render the report of the chain with what a test changes."""
    samples = to_records(chain.checked.head(3), "default").to_dicts()
    pyramid = age_pyramid(chain.checked, chain.population)

    def make(given=None, fits=built.fits, samples=samples, counts=None):
        return render_report(
            given or facts(), fits, pyramid, samples,
            rule_counts(chain.findings) if counts is None else counts, built.distances,
        )  # fmt: skip

    return make


def test_page_needs_no_network_no_script_and_no_other_file(html):
    page = Page(html)
    assert page.loads == ["data:,"]
    assert page.links == ["https://creativecommons.org/licenses/by/4.0/"]
    assert not {"script", "iframe", "object", "embed", "img"} & set(page.tags)
    style = "".join(re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL))
    assert not re.search(r"url\(|@import", style)
    assert not re.search(r"url\(\s*['\"]?(?!#)", html)


def test_ids_are_unique_and_every_margin_has_its_figure(html, built):
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    margins = built.fits["margin"].unique(maintain_order=True).to_list()
    assert page.ids == [
        *(f"margin-{name}" for name in MARGIN_TITLES if name in margins),
        "distances-prefectures", "distances-nation",
    ]  # fmt: skip
    assert page.tags.count("svg") == len(margins) + 3
    text = "".join(page.text)
    for label in built.fits["label"]:
        assert label in text


def test_figures_are_those_of_the_fit(html, built):
    sex = built.fits.filter(pl.col("margin") == "sex")
    for row in sex.iter_rows(named=True):
        numbers = [f"{100 * row[share]:.3f}" for share in ("official", "released")]
        cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
        assert f"<td>{row['label']}</td>{cells}" in html
    largest = sex["difference_pp"].abs().max()
    assert f"{largest:.3f} <small>pt</small>" in html


def test_distances_stand_beside_their_floor_and_a_random_draw(html, built):
    text = "".join(Page(html).text)
    for row in built.distances.iter_rows(named=True):
        numbers = [f"{100 * row[column]:.4f}" for column in ("tvd", "floor", "iid")]
        cells = "".join(f'<td class="number">{n}</td>' for n in (f"{row['people']:,}", *numbers))
        assert f"<td>{MARGIN_NAMES[row['margin']]}</td>{cells}" in html
    for scope in Scope:
        within = built.distances.filter(pl.col("scope") == scope, pl.col("times_floor") <= 2)
        assert f"下限の2倍以内 {within.height} / {len(FITTED)}" in text


def test_samples_are_released_people_with_all_their_texts(html, chain):
    shown = re.findall(r"<code>([0-9a-f]{32})</code>", html)
    assert len(shown) == len(set(shown)) == 12
    assert set(shown) <= set(chain.checked["person_id"])
    text = "".join(Page(html).text)
    person = chain.checked.row(by_predicate=pl.col("person_id") == shown[0], named=True)
    for field in ("persona", "professional_persona", "career_goals_and_ambitions"):
        assert person[field] in text


def test_markup_in_any_text_is_shown_as_text(render, built, chain):
    attack = '<script>alert("x")</script><img src=x onerror=alert(1)>&amp;'
    sample = to_records(chain.checked.head(1), "default").row(0, named=True)
    sample = {
        name: [attack] if isinstance(value, list) else attack if isinstance(value, str) else value
        for name, value in sample.items()
    }
    fits = built.fits.with_columns(
        label=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit(attack)).otherwise("label")
    )
    counts = pl.DataFrame({"rule": [attack], "severity": [attack], "records": [3]})
    page = Page(
        render(
            facts(
                name=attack, version=attack, backend="openai", model=attack, prefectures=(attack,),
                fingerprint=attack, prompt_hashes={attack: [attack]},
                sources=(SOURCE | {"title": attack, "publisher": attack, "licence": attack},),
            ),
            fits,
            [sample],
            counts,
        )
    )  # fmt: skip
    assert not {"script", "img"} & set(page.tags)
    assert "".join(page.text).count(attack) > 20


def test_rules_that_found_something_are_listed_gravest_first(render):
    counts = pl.DataFrame(
        {"rule": ["often", "never", "grave", "graver"],
         "severity": ["warning", "error", "error", "error"], "records": [90, 0, 1, 2]}
    )  # fmt: skip
    html = render(counts=counts)
    places = [html.index(f"<code>{rule}</code>") for rule in ("graver", "grave", "often")]
    assert places == sorted(places)
    assert "<code>never</code>" not in html
    nothing = render(counts=counts.with_columns(records=0))
    assert "No rule objected to any record" in nothing


def test_exceeded_limit_is_marked(render, built):
    assert "✓ 許容差以内" in render(fits=built.fits.with_columns(
        allowed_pp=pl.when(pl.col("allowed_pp").is_not_null()).then(50.0)))  # fmt: skip
    tight = built.fits.with_columns(
        allowed_pp=pl.when(pl.col("allowed_pp").is_not_null()).then(1e-6)
    )
    html = render(fits=tight)
    assert "✓ 許容差以内" not in html
    over = tight.filter(pl.col("difference_pp").abs() > 1e-6, pl.col("margin") == "sex").height
    assert f"✕ 許容差を超える項目 {over}" in html


def test_report_is_the_same_twice_and_says_who_wrote(render):
    assert render() == render()
    assert "no language model was used" in render()
    written = render(facts(backend="openai", model="some/model"))
    assert "some/model" in written
    assert "no language model was used" not in written


def test_browser_shows_the_report_without_an_error(built, tmp_path):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed, and CI is to look at the report with it")
        pytest.skip("chromium is not installed")
    picture = tmp_path / "report.png"
    result = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1200,3000",
            "--hide-scrollbars", "--enable-logging=stderr", "--v=0", f"--screenshot={picture}",
            (built.folder / "report.html").as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert [line for line in result.stderr.splitlines() if "CONSOLE" in line] == []
    with Image.open(picture) as image:
        assert image.size == (1200, 3000)
        grey = image.convert("L")
        # Text, bars and lines all the way down: no blank page and no page that stops half-way.
        for top in range(0, 3000, 600):
            low, high = grey.crop((0, top, 1200, top + 600)).getextrema()
            assert high - low > 100, f"nothing to see below {top}"
        # The official line is drawn in its colour.
        red = sum(
            count
            for count, (r, g, b) in image.convert("RGB").getcolors(1 << 24)
            if r - g > 80 and r - b > 80
        )
        assert red > 100
