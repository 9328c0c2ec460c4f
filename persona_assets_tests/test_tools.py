"""The parts of `tools/retabulate` that need no input folder, and what ships against its rules."""

import csv
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from persona_assets.levels import EMPLOYMENT_STATUS
from persona_assets.partitions import prefectures
from tools.retabulate import (
    census,
    geography,
    given_names,
    life,
    lifestyle,
    names,
    occupations,
    shapes,
    surnames,
)

POPULATION = """prefecture_code,sex,age_lower,age_upper,count
01,male,0,4,100
31,female,85,,7
47,female,unknown,unknown,1
"""


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def test_prefecture_keys_are_the_packages_in_jis_order():
    keys = [(f"{place:02d}", key) for place, key in enumerate(census.PREFECTURE_KEYS, start=1)]
    assert keys == [(p.code, p.key) for p in prefectures().values()]
    assert lifestyle.PREFECTURE_KEYS == census.PREFECTURE_KEYS


def test_ages_and_codes_become_the_models(tmp_path):
    write(tmp_path, "census/population_prefecture_sex_age5_2020.csv", POPULATION)
    assert census._population_by_age(tmp_path).rows() == [
        ("hokkaido", "male", "0-4", 100),
        ("tottori", "female", "85+", 7),
        ("okinawa", "female", "unknown", 1),
    ]


def test_unknown_prefecture_code_is_an_error(tmp_path):
    write(
        tmp_path, "census/population_prefecture_sex_age5_2020.csv", POPULATION.replace("47", "48")
    )
    with pytest.raises(pl.exceptions.PolarsError):
        census._population_by_age(tmp_path)


def test_labels_become_codes_and_a_missing_one_is_named(tmp_path):
    rows = [f"31,{sex},{label},{place}" for sex in ("male", "female", "total")
            for place, label in enumerate(census.SCHOOL)]  # fmt: skip
    text = "\n".join(["prefecture_code,sex,enrolment_ja,count", *rows, "31,male,総数,999"])
    name = "census/enrolment_prefecture_sex_2020.csv"
    table = census._enrolment(write(tmp_path, name, text))
    assert table.columns == ["prefecture", "sex", "school", "count"]
    assert table.height == 2 * len(census.SCHOOL)
    assert table.filter(sex="male", school="university")["count"].item() == 2
    broken = write(tmp_path, name, text.replace("（在学者）大学院", "大学院"))
    with pytest.raises(census.CensusInputError, match=r"enrolment_ja.*（在学者）大学院"):
        census._enrolment(broken)


def test_major_groups_are_told_by_their_letter(tmp_path):
    text = (
        "prefecture_code,sex,occupation_ja,count\n"
        "13,male,A_管理的職業従事者,5\n13,male,総数_計,9\n13,male,L_分類不能の職業,2\n"
    )
    write(tmp_path, "census/occupation_major_prefecture_sex_2020.csv", text)
    assert census._occupation(tmp_path).rows() == [
        ("tokyo", "male", "A", 5),
        ("tokyo", "male", "L", 2),
    ]


def test_label_that_a_shape_lacks_is_named():
    table = pl.DataFrame({"kind": ["家事", "通学", "無業者総数"], "count": [1, 2, 3]})
    found = shapes._labelled(table, "file.csv", {"kind": {"家事": "housework", "通学": "studying"}})
    assert found.rows() == [("housework", 1), ("studying", 2)]
    with pytest.raises(census.CensusInputError, match=r"file.csv: 'kind' lacks \['その他'\]"):
        shapes._labelled(table, "file.csv", {"kind": shapes.NONWORKERS})


def test_shares_that_do_not_add_up_are_named():
    table = pl.DataFrame({"sex": ["male", "male", "female"], "share": [0.7, 0.3, 0.9]})
    with pytest.raises(census.CensusInputError, match=r"file.csv: shares .*'female'"):
        shapes._check_shares(table, ["sex"], "file.csv")
    shapes._check_shares(table.filter(sex="male"), ["sex"], "file.csv")


RESIDENTS = [
    "area_code,municipality,A110101_総人口（男）,A110102_総人口（女）,"
    "A1301_15歳未満人口,A1302_15～64歳人口,A1303_65歳以上人口",
    "R40231,那珂川市,40,40,20,50,10",
    "R07543,富岡町,30,10,5,20,15",
    "R07201,福島市,50,50,20,60,20",
]


def ages_file(columns, people):
    """Every age group from 10 on with the same people; the last two are open-ended."""
    lines = [f"area_code,sex,age_lower,age_upper,{columns}"]
    for code, figures in people.items():
        for sex in ("male", "female"):
            for lower in (*range(10, 85, 5), 85, 90):
                upper = "" if lower >= 85 else lower + 4
                lines.append(f"{code},{sex},{lower},{upper},{figures}")
            lines.append(f"{code},{sex},,unknown,{figures}")
    return "\n".join(lines)


def test_ages_of_a_municipality_are_the_newest_that_fit_it(tmp_path):
    write(tmp_path, "census/municipality_ssdse_a_2026_columns_of_2020.csv", "\n".join(RESIDENTS))
    projected = ages_file("2020", {"40305": "3"})
    write(tmp_path, "census/municipality_sex_age5_ipss2018_2015_2045.csv", projected)
    counted = {"40305": "9,8", "07201": "5,4", "07543": "6,0"}
    census_file = "census/municipality_sex_age5_census_1980_2015.csv"
    write(tmp_path, census_file, ages_file("2010,2015", counted))
    found = geography._municipality_ages(tmp_path)
    # Under its new code; the two groups from 85 on are one, and those under 15 left out.
    assert found.filter(code="40231").row(0) == (
        "40231", "male", *([3] * 14), 6, "projection_2020",
    )  # fmt: skip
    assert found.filter(code="07201")["basis"].to_list() == ["census_2015"] * 2
    # Evacuated in 2015.
    assert found.filter(code="07543").row(1) == (
        "07543", "female", *([6] * 14), 12, "census_2010",
    )  # fmt: skip
    write(tmp_path, census_file, ages_file("2010,2015", {"07201": "5,4"}))
    with pytest.raises(census.CensusInputError, match=r"lack \[\('07543', 'female'\)"):
        geography._municipality_ages(tmp_path)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("第52回 倉吉打吹まつり(2019年)", "倉吉打吹まつり"),
        ("しゃんしゃん祭り 一斉踊り", "しゃんしゃん祭り"),
        ("米子がいな祭「やんちゃYOSAKOI」", "米子がいな祭"),
        ("納涼花火大会", None),  # nothing of its own
        ("ホテル前の夏祭り", None),
        ("Summer花火大会", None),
        ("鳥取の朝市", None),
        ("とても長い名前の" * 4 + "祭り", None),
    ],
)
def test_festival_names_lose_number_and_year_and_must_be_names(text, name):
    assert lifestyle._festival_name(text) == name


@pytest.mark.parametrize(
    ("text", "city"),
    [
        ("鳥取市", "鳥取市"),
        ("西伯郡大山町", "大山町"),
        ("札幌市中央区", "札幌市"),
        ("新宿区", "新宿区"),
        ("どこか市", None),
    ],
)
def test_city_is_a_municipality_that_exists(text, city):
    assert lifestyle._city(text, {"鳥取市", "大山町", "札幌市", "新宿区"}) == city


@pytest.mark.parametrize(
    ("area", "plain"),
    [
        ("県内全域", "鳥取県全域"),
        ("鳥取県内全域", "鳥取県全域"),
        ("東部、県全域", "鳥取県全域"),
        ("境港市（弓浜半島）", "境港市"),
        ("大山町他", "大山町"),
        ("東伯郡、" + "西伯郡・" * 8, "東伯郡"),
    ],
)
def test_area_of_a_dish_is_short_and_whole_prefectures_are_named(area, plain):
    assert lifestyle._area(area, "鳥取県") == plain


def test_foods_are_those_bought_clearly_more_than_elsewhere():
    def row(prefecture, item, value):
        return {"prefecture": prefecture, "city": "鳥取市", "item": item, "value": str(value)}

    spending = [
        row("全国", "かに", 1_000), row("鳥取県", "かに", 3_000),
        row("全国", "もも", 1_000), row("鳥取県", "もも", 1_100),
        row("全国", "ビール", 1_000), row("鳥取県", "ビール", 2_000),
        row("全国", "ゆず", 10), row("鳥取県", "ゆず", 90),
        row("全国", "他の果物", 1_000), row("鳥取県", "他の果物", 9_000),
    ]  # fmt: skip
    assert lifestyle._foods(spending, {"鳥取県": "tottori"}).rows() == [
        ("tottori", "鳥取市", "カニ", 3.0, 0),
        ("tottori", "鳥取市", "ビール", 2.0, 20),
    ]


def test_job_titles_are_cleaned_or_taken_from_the_edits():
    edits = {"魚屋さん": "鮮魚店員|鮮魚店主", "無用": ""}
    assert occupations._wordings("魚屋さん", edits) == ["鮮魚店員", "鮮魚店主"]
    assert occupations._wordings("無用", edits) == []
    assert occupations._wordings("家具製造（木製）", edits) == ["家具製造工"]
    assert occupations._wordings("医療事務", edits) == ["医療事務員"]
    assert occupations._wordings("大工、左官/とび", edits) == ["大工", "左官", "とび"]


def test_rule_of_a_title_goes_before_its_occupations_and_its_classes():
    rules = {
        ("major", "B"): {"min_age": "20", "statuses": "regular|part_time"},
        ("class", "教員"): {"min_age": "22", "female_percent": "40", "sex": ""},
        ("occupation", "高校教員"): {"min_age": "23", "female_percent": ""},
        ("title", "校長"): {"min_age": "45"},
    }
    teacher = occupations._Occupation("1", "高校教員", "教員", "B")
    judged = occupations._judgement(rules, "教員", teacher, "校長")
    assert (judged["min_age"], judged["female_percent"], judged["max_age"]) == ("45", "40", "120")
    assert judged["statuses"] == "regular|part_time"
    assert occupations._judgement(rules, "教員", teacher, "教諭")["min_age"] == "23"
    assert occupations._judgement(rules, "医師", teacher, "")["min_age"] == "20"


def test_only_statuses_of_the_kind_of_worker_that_a_title_names_are_left():
    judged = dict.fromkeys(occupations.RULE_COLUMNS, "") | occupations.DEFAULTS
    owner = judged | {"employment": "self_employed", "statuses": "regular|employer|family_worker"}
    assert occupations._limits(owner, "I")["statuses"] == "employer|family_worker"
    anybody = occupations._limits(judged, "I")
    assert anybody["statuses"].split("|") == list(EMPLOYMENT_STATUS)
    assert anybody["industries"] == "I"


def test_jobs_that_the_wage_survey_tells_apart_share_the_class_by_its_employees():
    bus, lorry, tanker = (
        occupations._Occupation(tag, name, "運転", "I")
        for tag, name in (("1", "バス"), ("2", "トラック"), ("3", "タンクローリー"))
    )
    wordings = {bus: ["バス運転士"], lorry: ["トラック運転手", "大型の運転手"], tanker: ["乗務員"]}
    surveyed = {"1": ("バス運転者", 100.0), "2": ("貨物", 300.0), "3": ("貨物", 300.0)}
    known = occupations._Known({}, wordings, {(lorry, "トラック運転手")}, {}, {}, {}, surveyed)
    found = occupations._frequencies(known, [bus, lorry, tanker])
    assert found == pytest.approx(
        {"バス運転士": 0.25, "トラック運転手": 0.28125, "大型の運転手": 0.09375, "乗務員": 0.375}
    )
    # A class is not divided where the survey leaves one of its jobs out.
    known = replace(known, surveyed={"1": ("バス運転者", 100.0)})
    alone = occupations._frequencies(known, [bus, lorry, tanker])
    assert alone["バス運転士"] == pytest.approx(1 / 3)


def test_rule_for_what_does_not_exist_is_named():
    with pytest.raises(occupations.OccupationInputError, match=r"edits.csv names \['b'\]"):
        occupations._check_used(["a", "b"], {"a"}, "edits.csv")


@pytest.mark.parametrize(
    ("name", "ending"), [("和子", "子"), ("翔", "一字"), ("さくら", "かな"), ("大翔", "翔")]
)
def test_ending_tells_the_fashion(name, ending):
    assert given_names._ending(name) == ending


def test_name_is_as_old_as_its_youngest_character():
    listed = ["和子", "陽子", "清"]
    years = np.zeros((3, 3))
    years[0, 0] = years[1, 2] = 1.0
    first = given_names.FIRST_YEAR
    assert given_names._first_years(listed, years).tolist() == [first, first + 2, first]


def test_counts_are_kept_for_the_ten_most_frequent_only():
    births = np.array([1000.0 - n for n in range(10)] + [700.0, 690.0, 30.0, 0.0])
    shares = given_names._classes(births)
    assert shares[:10] == pytest.approx(births[:10] / births.sum())
    assert shares[10] == shares[11] > shares[12] > shares[13] == 0
    assert shares.sum() == pytest.approx(1)
    assert np.log2(shares[10] / shares[12]) * 2 == pytest.approx(9)


@pytest.mark.parametrize(("year", "knots"), [
    (1900, {1915: 1.0}), (1930, {1930: 1.0}), (1932, {1930: 0.6, 1935: 0.4}), (2010, {2000: 1.0}),
])  # fmt: skip
def test_births_between_two_listed_years_have_a_mixture(year, knots):
    found = given_names.mixture(range(year, year + 1))[0]
    parts = {k: pytest.approx(p) for k, p in zip(given_names.KNOTS, found, strict=True) if p}
    assert parts == knots


NAME_COLUMNS = [
    "surname", "reading", "existence_tier", "shuheilocale_people", "terryyin_order",
    "phonebook_count", "pref_many", "pref_some", "existence_sources",
]  # fmt: skip


def test_surnames_are_counted_ones_then_a_falling_tail():
    table = pl.DataFrame(
        [
            ("佐藤", "さとう", "P1", "4000000", "1", "9", "秋田", "宮城", "a|b"),
            ("鈴木", "すずき", "P2", "3000000", "2", "9", "静岡", None, "a|b"),
            ("比嘉", "ひが", "P1", "2200000", "70", "9", "沖縄|大阪", None, "a"),
            ("御手洗", "みたらい", "P1", None, "7", "9", None, None, "a"),
            ("一", "にのまえ", "P1", None, "3", "9", None, None, "a"),
            ("高橋", "たかはし", "U", "9999", None, "9", None, None, "a"),
            ("Smith", "すみす", "P1", "9999", None, "9", None, None, "a"),
            ("田中", "TANAKA", "P1", "9999", None, "9", None, None, "a"),
            ("筆名", "ひつめい", "P1", None, "5", None, None, None, "a"),
            *(
                (chr(0x4E00 + n), "か", "P1", None, str(n), "9", None, None, "a")
                for n in range(100, 170)
            ),
        ],
        schema=NAME_COLUMNS,
        orient="row",
    )
    people = dict.fromkeys(census.PREFECTURE_KEYS, 1_000)
    found, by_prefecture = surnames.tabulate(table, people)
    assert found["surname"].to_list()[:5] == ["佐藤", "鈴木", "比嘉", "一", "御手洗"]
    assert found.height == 75
    weights = found["weight"].to_list()
    assert weights[:3] == [round(n / 12.61) for n in (4_000_000, 3_000_000, 2_200_000)]
    assert weights[2] > weights[3] > weights[4]
    assert sum(weights) == pytest.approx(surnames.UNIT, abs=40)
    # Every surname keeps its national share, and lives where it is at home.
    assert by_prefecture["surname"].to_list() == ["佐藤", "鈴木", "比嘉"]
    shares = by_prefecture.drop("surname").to_numpy()
    assert shares.mean(1) == pytest.approx(weights[:3], rel=1e-4)
    here = {row["surname"]: row for row in by_prefecture.to_dicts()}
    assert here["佐藤"]["akita"] > here["佐藤"]["miyagi"] > here["佐藤"]["osaka"]
    assert here["比嘉"]["okinawa"] > here["比嘉"]["osaka"] > here["比嘉"]["akita"]


def test_known_people_are_kept_only_if_a_draw_could_give_them():
    listed = ["佐藤和子", "佐藤和子", "鈴木和子", "佐藤一", "佐藤"]
    kept = names._public_figures(listed, ["佐藤"], ["和子"])
    assert kept["full_name"].to_list() == ["佐藤和子"]


def test_what_ships_keeps_the_limits_of_the_tool(reference):
    def table(name):
        with (reference / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    keys = set(census.PREFECTURE_KEYS)
    foods = table("lifestyle/foods.csv")
    assert {row["prefecture"] for row in foods} == keys
    assert min(float(row["spending_ratio"]) for row in foods) >= lifestyle.MIN_SPENDING_RATIO
    festivals = table("lifestyle/festivals.csv")
    for key in keys:
        own = [row for row in festivals if row["prefecture"] == key]
        assert lifestyle.MIN_FESTIVALS <= len(own) <= lifestyle.MAX_FESTIVALS
    assert all(len(r["festival"]) <= lifestyle.MAX_FESTIVAL_LENGTH for r in festivals)
    possible = {row["surname"] for row in table("names/surnames.csv")}
    given = {row["given_name"] for row in table("names/given_names.csv")}
    assert all(
        any(name[:cut] in possible and name[cut:] in given for cut in range(1, len(name)))
        for name in (row["full_name"] for row in table("names/public_figures.csv"))
    )


def test_assumed_ages_at_first_births_give_the_published_mean_ages():
    """Mothers of 2015 were 30.7, 32.5 and 33.5 at their first, second and third births."""
    final = pl.DataFrame({"share": life.COUPLES[1976][1:], "first": life.FIRST_BIRTH})
    for birth, published in ((1, 30.7), (2, 32.5), (3, 33.5)):
        those = final[birth - 1 :]
        first = (those["share"] * those["first"]).sum() / those["share"].sum()
        later = life.MARRIED_AT_BIRTH[birth - 1] - life.MARRIED_AT_BIRTH[0]
        assert first + later == pytest.approx(published, abs=0.25)


def test_use_of_the_internet_is_that_of_the_prefecture(reference):
    """Published of people of 6 or more; children and pupils are put back by their rates."""
    residents = life._residents(reference).with_columns(
        age_group=pl.col("age_group").replace(dict.fromkeys(life.OLDEST, "85+"))
    )
    use = pl.read_csv(reference / "lifestyle" / "internet_use.csv")
    for prefecture in ("tokyo", "akita", "tottori"):
        both = residents.filter(prefecture=prefecture).join(
            use, on=["prefecture", "age_group"], how="left"
        )
        low, high = (
            (both["rate"].fill_null(young) * both["count"]).sum() / both["count"].sum()
            for young in (0.75, 1.0)
        )
        assert low < life.INTERNET_BY_PREFECTURE[prefecture] / 100 < high


def test_what_the_pandemic_shut_has_the_rates_of_2016(reference):
    activities = pl.read_csv(reference / "lifestyle" / "activities.csv")
    of_2016 = set(activities.filter(year=2016).select("kind", "item").rows())
    assert {("travel", "any"), ("volunteering", "any"), ("hobbies", "カラオケ")} <= of_2016
    assert not {("sports", "any"), ("hobbies", "any"), ("sports", "ヨガ")} & of_2016
    assert activities.group_by("kind", "item").agg(pl.col("year").n_unique())["year"].max() == 1
    abroad = activities.filter(kind="travel", item="海外（観光旅行）", prefecture="tokyo")
    assert abroad["rate"].min() > 0.1


def test_openings_of_every_prefecture_and_year_ship(reference):
    rows = pl.read_csv(reference / "culture" / "job_openings.csv").to_dicts()
    ratios = {(row["prefecture"], int(row["year"])): float(row["ratio"]) for row in rows}
    assert len(rows) == len(ratios) == 47 * 46
    assert {year for _, year in ratios} == set(range(1975, 2021))
    assert ratios["okinawa", 1999] == 0.19
    assert ratios["tokyo", 1990] == 1.76
    assert all(0 < ratio < 3 for ratio in ratios.values())
