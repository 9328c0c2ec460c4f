import re

import polars as pl
import pytest
import yaml

from persona_assets.joint.distribution import REPORTED_AXES
from persona_assets.release.card import render_card
from persona_assets.release.columns import EXTENDED, field_table
from persona_assets.release.facts import ReleaseFacts
from persona_assets.release.fit import MARGIN_TITLES, FitTableError

SOURCE = {
    "key": "census/x", "title": "人口", "table_id": ["A1", "A2"], "survey": "国勢調査",
    "year": 2020,
    "publisher": "総務省統計局", "licence": "CC BY 4.0", "kind": "official",
}  # fmt: skip


def facts(**changed):
    return ReleaseFacts(
        **{
            "name": "personas-japan", "version": "1.2.3", "size": 4_700,
            "prefectures": ("鳥取県", "東京都"), "seed": 7,
            "fingerprint": "0123456789ab",
            "backend": "offline", "model": "rule-based",
            "prompt_hashes": {"attributes": ["a" * 12]},
            "package_version": "9.9.9", "sources": (SOURCE,), "quarantined": 12,
            "full_names": 4_690, "name_diversity": 0.5,
        }
        | changed
    )  # fmt: skip


@pytest.fixture(scope="module")
def card(built):
    return (built.folder / "README.md").read_text(encoding="utf-8")


def header(card):
    first, text, _ = card.split("---\n", 2)
    assert first == ""
    return yaml.safe_load(text)


def test_header_is_yaml_with_both_configurations(card, built):
    parsed = header(card)
    assert parsed["license"] == "cc-by-4.0"
    assert parsed["language"] == ["ja"]
    assert parsed["configs"] == [
        {"config_name": "default", "data_files": "data/*.parquet", "default": True},
        {"config_name": "extended", "data_files": "extended/*.parquet"},
    ]
    for configuration in parsed["configs"]:
        assert list(built.folder.glob(configuration["data_files"]))


@pytest.mark.parametrize(
    ("size", "name"),
    [(999, "n<1K"), (1_000, "1K<n<10K"), (4_700, "1K<n<10K"), (10_000, "10K<n<100K"),
     (999_999, "100K<n<1M"), (1_000_000, "1M<n<10M")],
)  # fmt: skip
def test_size_class_is_the_hubs(built, size, name):
    card = render_card(facts(size=size), built.fits, field_table())
    assert header(card)["size_categories"] == [name]


def test_card_shows_every_margin_column_and_source(card, built):
    for margin in built.fits["margin"].unique():
        assert MARGIN_TITLES[margin][1] in card
    for column in EXTENDED:
        assert f"| {column.name} | " in card
    largest = built.fits.filter(pl.col("margin") == "sex")["difference_pp"].abs().max()
    assert f"| 男女 | Sex | {largest:.3f} | 0.10 |" in card
    assert "国勢調査" in card
    assert "政府統計の総合窓口（e-Stat）の統計表を加工して作成" in card


def test_every_margin_that_is_compared_has_a_title():
    assert set(MARGIN_TITLES) == {"prefecture", "sex", *REPORTED_AXES}
    japanese, english = zip(*MARGIN_TITLES.values(), strict=True)
    assert len({*japanese}) == len({*english}) == len(MARGIN_TITLES)


def test_every_table_row_has_as_many_cells_as_its_head(built):
    spoilt = SOURCE | {"title": "a|b\nc"}
    card = render_card(facts(sources=(spoilt,)), built.fits, field_table())
    width = None
    tables = 0
    for line in card.splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line))
        if not line.startswith("|"):
            width = None
        elif width is None:
            width, tables = cells, tables + 1
        else:
            assert cells == width, line
    assert tables == 4
    assert "a\\|b c" in card


def test_card_says_who_wrote_the_texts(built):
    offline = render_card(facts(), built.fits, field_table())
    assert "No language model took part" in offline
    assert "rule-based" in offline
    written = render_card(facts(backend="openai", model="some/model"), built.fits, field_table())
    assert "the language model some/model wrote the texts" in written
    assert "No language model" not in written


@pytest.mark.parametrize(
    ("diversity", "japanese", "english"),
    [(0.0, "推定した頻度のまま", "as frequent as estimated for Japan"),
     (0.5, "割合は変えていません", "`names.diversity` 0.5; 0 for true frequencies"),
     (1.0, "割合は15%減らしています", "gave up 15 % of their share")],
)  # fmt: skip
def test_card_says_how_names_were_drawn(built, diversity, japanese, english):
    card = render_card(facts(name_diversity=diversity), built.fits, field_table())
    assert "4,690種" in card
    assert "4,690 different full names" in card
    assert japanese in card
    assert english in card


def test_card_says_what_it_covers(built):
    assert "鳥取県、東京都" in render_card(facts(), built.fits, field_table())
    whole = facts(prefectures=tuple(str(n) for n in range(47)))
    assert "全国47都道府県" in render_card(whole, built.fits, field_table())


def test_api_is_credited_only_if_it_answered(built):
    credit = "政府統計総合窓口(e-Stat)のAPI機能"
    assert credit not in render_card(facts(), built.fits, field_table())
    assert credit in render_card(facts(estat_api=True), built.fits, field_table())


def test_fit_table_without_a_column_is_refused(built):
    with pytest.raises(FitTableError, match="no column official"):
        render_card(facts(), built.fits.drop("official"), field_table())
