"""Names: whom they fit, how often they come, and whom nobody is called like."""

import numpy as np
import polars as pl
import pytest

from persona_assets.partitions import UnknownPrefectureError
from persona_assets.people.names import (
    NameDrawError,
    NameStreams,
    count_known,
    draw_names,
    given_away,
)
from persona_assets.recipe import Names
from tools.doc_figures import given_name_rates, named_nation

DEFAULT = Names().diversity


def drawn(sex, years, prefecture="tokyo", seed=1, **settings):
    years = np.asarray(years)
    streams = NameStreams.of(seed, prefecture)
    settings = {"diversity": DEFAULT} | settings
    return draw_names(np.full(len(years), sex), years, prefecture, streams, **settings)


@pytest.fixture(scope="module")
def shares(reference):
    """Published share of every surname."""
    table = pl.read_csv(reference / "names" / "surnames.csv")
    return dict(table.select("surname", pl.col("weight") / 1e7).iter_rows())


def share_of(names, column, value):
    return (names[column] == value).mean()


@pytest.mark.parametrize(
    ("prefecture", "at_home", "elsewhere"),
    [
        ("okinawa", ["比嘉", "金城", "大城"], "佐藤"),
        ("miyazaki", ["黒木", "甲斐", "日高"], "佐藤"),
        ("aomori", ["工藤", "木村", "三上"], "田中"),
        ("akita", ["佐藤", "高橋", "佐々木"], "山本"),
    ],
)
def test_surnames_are_many_where_they_are_at_home(shares, prefecture, at_home, elsewhere):
    names = drawn("male", np.full(20_000, 1975), prefecture).names
    for surname in at_home:
        here = share_of(names, "surname", surname)
        assert here > 0.007, surname
        assert here > 3 * shares[surname], surname
    assert share_of(names, "surname", elsewhere) < 0.9 * shares[elsewhere]


def test_names_fit_the_year_of_birth():
    old = drawn("female", np.full(4_000, 1940)).names["given_name"]
    new = drawn("female", np.full(4_000, 2001)).names["given_name"]
    assert old.str.ends_with("子").mean() > 0.6
    assert new.str.ends_with("子").mean() < 0.12
    assert not {"陽菜", "結衣", "美咲"} & set(old)
    assert "美咲" in set(new)
    men = drawn("male", np.full(4_000, 1946)).names["given_name"]
    assert not {"大空", "翔太", "大翔"} & set(men)


def test_names_of_one_year_pass_into_those_of_the_next():
    """No jump where one decade or one listed year ends."""
    by_year = [
        share_of(drawn("male", np.full(5_000, year)).names, "given_name", "誠")
        for year in range(1955, 1981)
    ]
    assert max(by_year) > 0.018
    assert np.abs(np.diff(by_year)).max() < 0.005


def test_readings_fit_name_and_sex(reference):
    names = pl.concat(
        drawn(sex, np.repeat(np.arange(1920, 2003), 300)).names.with_columns(sex=pl.lit(sex))
        for sex in ("male", "female")
    )
    assert names["surname_reading"].str.contains("^[ぁ-んー]+$").all()
    assert names["given_name_reading"].str.contains("^[ぁ-んー]+$").all()
    read = names.group_by("sex", "given_name").agg(pl.col("given_name_reading").unique())
    known = {(sex, name): set(as_) for sex, name, as_ in read.iter_rows()}
    assert known["male", "清"] == {"きよし"}
    assert known["female", "和子"] == {"かずこ"}
    assert known["female", "裕子"] == {"ゆうこ", "ひろこ"}
    assert known["female", "陽子"] == {"ようこ"}


@pytest.mark.parametrize(
    ("surname", "reading"),
    [("金子", "かねこ"), ("三輪", "みわ"), ("喜屋武", "きゃん"), ("東", "ひがし"), ("比嘉", "ひが"),
     ("浅見", "あさみ"), ("上村", "うえむら"), ("渡部", "わたなべ"), ("五十嵐", "いがらし"),
     ("長田", "おさだ")],
)  # fmt: skip
def test_readings_of_surnames_are_those_people_have(reference, surname, reading):
    table = pl.read_csv(reference / "names" / "surnames.csv")
    assert table.filter(surname=surname)["reading"].to_list() == [reading]


def test_names_of_known_people_are_drawn_again(reference, tmp_path):
    found = drawn("male", np.full(20_000, 1975))
    assert found.redrawn > 100
    assert count_known(found.names) == 0
    known = set(pl.read_csv(reference / "names" / "public_figures.csv")["full_name"])
    assert {"安倍晋三", "大谷翔平", "渡辺謙"} <= known
    own = tmp_path / "own.txt"
    usual = (found.names["surname"] + found.names["given_name"])[:3_000]
    own.write_text("# not these\n\n" + "\n".join(usual), encoding="utf-8")
    again = drawn("male", np.full(20_000, 1975), more_public_figures=[own])
    assert again.redrawn >= 3_000
    assert count_known(found.names, [own]) >= 3_000
    assert count_known(again.names, [own]) == 0
    # The shares stay: given names change hands.
    assert again.names["surname"].equals(found.names["surname"])
    assert (again.names["given_name"].sort() == found.names["given_name"].sort()).mean() > 0.99


def test_a_column_is_drawn_from_its_own_stream():
    years, sex = np.full(3_000, 1970), np.full(3_000, "female")
    first = draw_names(sex, years, "tokyo", NameStreams.of(1, "tokyo")).names
    streams = NameStreams.of(1, "tokyo")._replace(reading=np.random.default_rng(2))
    other = draw_names(sex, years, "tokyo", streams).names
    assert other.drop("given_name_reading").equals(first.drop("given_name_reading"))
    assert not other["given_name_reading"].equals(first["given_name_reading"])
    streams = NameStreams.of(1, "tokyo")._replace(given_name=np.random.default_rng(2))
    other = draw_names(sex, years, "tokyo", streams).names
    assert other["surname"].equals(first["surname"])
    assert not other["given_name"].equals(first["given_name"])


@pytest.mark.parametrize("people", [0, 1, 7])
def test_few_people_get_names_too(people):
    names = drawn("female", np.full(people, 1960), "tottori").names
    assert names.height == people
    assert names.null_count().sum_horizontal().to_list() == [0]


def test_frequent_names_keep_their_share_up_to_the_middle():
    assert given_away(0.0) == given_away(0.5) == 0.0
    assert given_away(1.0) == pytest.approx(2 * given_away(0.75)) == 0.15


def test_what_cannot_be_drawn_is_named(tmp_path):
    with pytest.raises(NameDrawError, match="'x'"):
        drawn("x", [1980])
    with pytest.raises(UnknownPrefectureError, match="did you mean tokyo"):
        drawn("male", [1980], "tokio")
    with pytest.raises(NameDrawError, match=r"names.public_figures: cannot read .*none.txt"):
        drawn("male", [1980], more_public_figures=[tmp_path / "none.txt"])
    table = tmp_path / "table.csv"
    table.write_text("山田太郎,俳優\n", encoding="utf-8")
    with pytest.raises(
        NameDrawError, match=r"table.csv has '山田太郎,俳優'; each line must be one"
    ):
        drawn("male", [1980], more_public_figures=[table])


def test_names_that_cannot_be_avoided_are_refused(reference, tmp_path):
    given = pl.read_csv(reference / "names" / "given_names.csv")["given_name"].unique()
    surnames = pl.read_csv(reference / "names" / "surnames.csv")["surname"]
    every = tmp_path / "every.txt"
    family = drawn("male", [1980]).names["surname"][0]
    every.write_text("\n".join(family + given), encoding="utf-8")
    assert family in set(surnames)
    with pytest.raises(NameDrawError, match="1 people of tokyo still have the name"):
        drawn("male", [1980], more_public_figures=[every])


# The nation's adults of 2020: a million, drawn once for each setting.


@pytest.mark.slow
@pytest.mark.parametrize(("diversity", "least", "most"), [
    (0.0, 700_000, 870_000), (DEFAULT, 900_000, 930_000), (1.0, 945_000, 960_000),
])  # fmt: skip
def test_distinct_full_names_of_a_million(diversity, least, most):
    names, redrawn = named_nation(diversity)
    assert names.height == 1_000_000
    distinct = names.select(pl.concat_str("surname", "given_name").n_unique()).item()
    assert least <= distinct <= most
    assert count_known(names) == 0
    assert 0 < redrawn < 50_000


@pytest.mark.slow
@pytest.mark.parametrize("diversity", [0.0, DEFAULT])
def test_frequent_surnames_have_their_published_share(shares, diversity):
    names, _ = named_nation(diversity)
    counts = dict(names["surname"].value_counts().iter_rows())
    for surname in list(shares)[:100]:
        found = counts[surname] / names.height
        assert found == pytest.approx(shares[surname], rel=0.1), surname
    # What Meiji Yasuda Life published in 2018 of 6.55 million policies.
    for surname, policies in {"佐藤": 100_588, "鈴木": 94_706, "高橋": 74_442, "田中": 69_195,
                              "渡辺": 61_794, "伊藤": 58_889, "中村": 55_912, "小林": 54_350,
                              "山本": 53_604, "加藤": 46_464}.items():  # fmt: skip
        assert counts[surname] / names.height == pytest.approx(policies / 6_550_000, rel=0.13)


@pytest.mark.slow
def test_frequent_given_names_of_each_decade_have_their_share():
    rates = given_name_rates(DEFAULT)
    assert rates.height == 10 * 2 * 10
    far = rates.filter((pl.col("found") / pl.col("share") - 1).abs().fill_null(1.0) > 0.2)
    assert far.is_empty(), far
    for (decade, sex), ten in rates.group_by("decade", "sex", maintain_order=True):
        found = ten.sort("found", descending=True)["given_name"].to_list()
        assert found[:3] == ten["given_name"].to_list()[:3], (decade, sex)


@pytest.mark.slow
def test_names_of_the_2010s_are_not_on_people_over_60():
    """The ten most frequent of 2010-2019 that were never so before 1990."""
    young = ["蓮", "大翔", "悠真", "陽翔", "湊", "颯太", "悠人", "陽太", "蒼", "颯", "悠斗", "大和",
             "陽菜", "結愛", "結菜", "結衣", "葵", "さくら", "凛", "陽葵", "咲良", "芽依", "莉子",
             "心春", "杏", "大空", "心愛", "結月"]  # fmt: skip
    names, _ = named_nation(DEFAULT)
    old = names.filter(pl.col("year") < 1960)
    assert old["given_name"].is_in(young).mean() < 0.001
    assert names.filter(pl.col("year") > 1995)["given_name"].is_in(young).mean() > 0.01
