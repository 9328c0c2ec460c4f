from collections import Counter

import numpy as np
import polars as pl
import pytest

from persona_assets import levels
from persona_assets.census.tables import load_sources
from persona_assets.joint.distribution import Joint, add_coarse
from persona_assets.joint.titles import load_titles
from persona_assets.people.draw import draw_people
from persona_assets.people.network import network_of
from persona_assets.people.occupations import (
    GIVEN,
    OccupationError,
    class_titles,
    draw_titles,
    title_details,
)
from persona_assets.people.quotas import draw_quotas
from persona_assets.storage.paths import reference_dir

RANK = {
    name: rank
    for rank, name in enumerate(
        ("lower_secondary", "upper_secondary", "junior_college", "university", "graduate_school")
    )
}


ENGINEERS = "機械技術者"


def crowd(size=400, **person):
    given = {
        "sex": "male", "age": 40, "education": "university", "employment_status": "regular",
        "industry": "E", "occupation": "B", "occupation_class": ENGINEERS,
    } | person  # fmt: skip
    return pl.DataFrame(
        [given] * size,
        schema_overrides={"age": pl.Int64} | dict.fromkeys(
            ("employment_status", "industry", "occupation", "occupation_class"), pl.String
        ),
    )  # fmt: skip


def draw(people, seed=1):
    return draw_titles(people, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def limits(reference):
    """Every title's row by class and title; some titles stand in several industries' rows."""
    found = {}
    for row in load_titles(reference).iter_rows(named=True):
        found.setdefault((row["occupation_class"], row["title"]), []).append(row)
    return found


def test_everybody_who_works_has_a_title_of_the_own_major_group(people, limits):
    for person in people.iter_rows(named=True):
        if person["labour_status"] == "employed":
            rows = limits[person["occupation_class"], person["occupation_title"]]
            assert person["occupation"] in {row["occupation"] for row in rows}
        else:
            assert person["occupation_class"] is None
            assert person["occupation_title"] is None


def test_no_limit_of_a_title_is_broken(people, limits):
    """Sex, licence, least age, employment status and industry hold for everybody."""
    usual = 0
    workers = people.filter(labour_status="employed")
    for person in workers.iter_rows(named=True):
        rank = RANK.get(person["education"], RANK["upper_secondary"])
        rows = [
            row
            for row in limits[person["occupation_class"], person["occupation_title"]]
            if row["sex"] in ("", person["sex"])
            and RANK.get(row["min_education"], 0) <= rank
            and row["least_age"] <= person["age"]
            and person["employment_status"] in row["statuses"].split("|")
            and person["industry"] in row["industries"].split("|")
        ]
        assert rows, person
        usual += any(row["min_age"] <= person["age"] <= row["max_age"] for row in rows)
    assert usual > 0.97 * workers.height


def reachable(joint: Joint, occupation: str, name: str) -> pl.DataFrame:
    """Every kind of person whom the joint can put into a class: GIVEN and age."""
    of_class = (pl.col("occupation") == occupation, pl.col("occupation_class") == name)
    status, age = (
        add_coarse(joint.factors[factor].filter(pl.col("weight") > 0), axes)
        for factor, axes in (("employment_status", ["work_age", "worker_kind"]),
                             ("age", ["work_age"]))
    )  # fmt: skip
    who = ["sex", "work_age", "education"]
    kinds = joint.factors["occupation_class"].filter(*of_class, pl.col("weight") > 0)
    kinds = kinds.join(
        status.select(*who, "occupation", "worker_kind", "employment_status").unique(),
        on=[*who, "occupation", "worker_kind"],
    ).join(age.filter(pl.col("age") >= 18).select(*who, "age").unique(), on=who)
    industries = joint.factors["industry"].filter(*of_class, pl.col("weight") > 0)
    return kinds.join(
        industries.select("sex", "worker_kind", "industry"), on=["sex", "worker_kind"]
    ).select(*GIVEN, "age")


def test_whoever_the_joint_can_give_a_class_has_a_title_and_no_forbidden_one(tottori, reference):
    table = load_titles(reference)
    kinds = 0
    for (occupation, name), known in class_titles(reference).items():
        people = reachable(tottori, occupation, name)
        if people.is_empty():
            continue
        codes = [people[c].cast(pl.Enum(names)).to_physical() for c, names in GIVEN.items()]
        stretch = np.searchsorted(known.limits, people["age"], side="right")
        now = np.full(people.height, len(known.eras) - 1)
        kind = np.unique(np.ravel_multi_index((*codes, stretch, now), known.shape))
        chances = known.chances(kind)
        assert chances.any(axis=1).all(), name
        kinds += len(kind)
        sex, education, status, industry, age = np.unravel_index(kind, known.shape)[:5]
        youngest = np.r_[0, known.limits][age]
        for column, row in enumerate(table[known.titles].iter_rows(named=True)):
            taken = chances[:, column] > 0
            allowed = {
                "sex": row["sex"] or "|".join(levels.SEX),
                "employment_status": row["statuses"],
                "industry": row["industries"],
            }
            for axis, codes_of in (("sex", sex), ("employment_status", status),
                                   ("industry", industry)):  # fmt: skip
                names = {GIVEN[axis][i] for i in np.unique(codes_of[taken])}
                assert names <= set(allowed[axis].split("|")), (row["title"], axis)
            schooling = {GIVEN["education"][i] for i in np.unique(education[taken])}
            least = RANK.get(row["min_education"], 0)
            assert all(RANK.get(e, RANK["upper_secondary"]) >= least for e in schooling)
            assert (youngest[taken] >= row["least_age"]).all(), row["title"]
    assert kinds > 30_000


def test_public_servants_and_bosses_are_of_the_status_that_they_need(reference):
    statuses = {
        row["title"]: set(row["statuses"].split("|"))
        for row in load_titles(reference).iter_rows(named=True)
    }
    owners = {"employer", "own_account", "family_worker"}
    for title in ("国家公務員", "市役所職員", "警察官", "消防士", "小学校教諭", "刑務官"):
        assert not statuses[title] & {*owners, "dispatched", "executive"}, title
    for title in ("会社社長", "取締役", "会社会長"):
        assert statuses[title] == {"executive"}, title
    for title in ("一般事務員", "スーパーレジ係", "ビル清掃員", "トラック運転手"):
        assert "executive" not in statuses[title], title
    assert statuses["商店主"] <= {*owners, "executive"}
    assert not statuses["デパート店員"] & owners


def test_title_is_one_of_the_class_that_the_joint_gave(limits):
    drawn = draw(crowd(100))["occupation_title"]
    assert {ENGINEERS} == {
        name for name, title in limits if title in set(drawn) and name == ENGINEERS
    }
    assert all((ENGINEERS, title) in limits for title in drawn)


def test_profession_by_law_needs_its_schooling():
    doctor = {"occupation_class": "医師", "industry": "P"}
    assert draw(crowd(20, **doctor))["occupation_title"].null_count() == 0
    with pytest.raises(OccupationError, match="none of occupation class '医師' allows"):
        draw(crowd(1, education="upper_secondary", **doctor))


def test_titles_of_one_sex_are_given_to_it_alone(limits):
    def titles(sex):
        return set(draw(crowd(1_000, sex=sex, occupation_class="保育士", industry="P",
                              education="junior_college"))["occupation_title"])  # fmt: skip

    for sex, other in (("male", "female"), ("female", "male")):
        for title in titles(sex):
            assert {row["sex"] for row in limits["保育士", title]} != {other}


def test_titles_follow_their_workers(limits):
    drawn = Counter(draw(crowd(6_000))["occupation_title"])
    weights = Counter()
    for (name, title), rows in limits.items():
        if name == ENGINEERS:
            for row in rows:
                fits = "E" in row["industries"].split("|") and row["min_age"] <= 40
                weights[title] += row["weight"] * fits
    assert drawn.most_common(1)[0][0] in [title for title, _ in weights.most_common(3)]


def test_impossible_industry_is_refused():
    # Nobody of the police works in fisheries.
    with pytest.raises(OccupationError, match="industry=B"):
        draw(crowd(1, occupation="F", occupation_class="警察官,海上保安官", industry="B",
                   education="upper_secondary"))  # fmt: skip


def test_age_at_which_no_title_is_usual_takes_the_nearest(limits):
    drawn = draw(crowd(300, age=95, occupation="A", occupation_class="管理的公務員", industry="S"))
    latest = max(
        row["max_age"]
        for (name, _), rows in limits.items()
        for row in rows
        if name == "管理的公務員" and "regular" in row["statuses"]
    )
    for title in set(drawn["occupation_title"]):
        assert limits["管理的公務員", title][0]["max_age"] == latest


def test_numbers_of_titles_are_nearer_to_what_is_expected_than_by_chance():
    """Of one kind of people, each title's number is off by no more than a few people."""
    size = 5_000
    (known,) = (v for (_, name), v in class_titles(reference_dir()).items() if name == ENGINEERS)
    drawn = Counter(draw(crowd(size))["occupation_title"])
    codes = [
        GIVEN[axis].index(level)
        for axis, level in zip(GIVEN, ("male", "university", "regular", "E"), strict=True)
    ]
    stretch = int(np.searchsorted(known.limits, 40, side="right"))
    kind = np.ravel_multi_index((*codes, stretch, len(known.eras) - 1), known.shape)
    chances = known.chances(np.array([kind]))[0]
    titles = load_titles(reference_dir())["title"][known.titles]
    for title, expected in zip(titles, chances / chances.sum() * size, strict=True):
        assert abs(drawn[title] - expected) < 6, title


def test_work_of_an_earlier_year_has_titles_of_its_time(limits):
    clerks = crowd(2_000, occupation="C", occupation_class="その他の一般事務従事者", industry="I")
    then = draw_titles(clerks, np.random.default_rng(1), years=np.full(2_000, 1990))
    new = {
        title
        for (name, title), rows in limits.items()
        if name == "その他の一般事務従事者" and min(row["since"] for row in rows) > 1990
    }
    assert "ネット通販の企画担当" in new & set(draw(clerks)["occupation_title"])
    assert not new & set(then["occupation_title"])


@pytest.mark.slow
def test_a_million_people_have_1500_titles_and_the_classes_of_the_joint(tottori, margins):
    here = margins["population"].filter(pl.col("prefecture") == "tottori")
    quotas = draw_quotas(here, 1_000_000)
    people = draw_people(network_of(tottori), quotas, {}, 1).people
    titles = draw(people)["occupation_title"]
    assert titles.n_unique() >= 1_500
    classes = people.filter(titles.is_not_null())["occupation_class"].value_counts()
    wanted = tottori.margin("occupation_class").with_columns(
        share=pl.col("count") / pl.col("count").sum()
    )
    both = wanted.join(classes, on="occupation_class", how="left").fill_null(0)
    found = both["count_right"] / both["count_right"].sum()
    assert (found - both["share"]).abs().max() < 0.001


def test_people_without_work_get_nothing_and_change_nobody_elses_draw():
    works = crowd(50)
    idle = crowd(50, occupation=None, occupation_class=None, industry=None, employment_status=None)
    drawn = draw(pl.concat([works, idle]))
    assert drawn["occupation_title"][50:].null_count() == 50
    assert drawn.head(50).equals(draw(works))


def test_same_generator_same_titles_and_another_others():
    people = crowd(200)
    assert draw(people).equals(draw(people))
    assert not draw(people).equals(draw(people, seed=2))


def test_unknown_major_group_is_named():
    with pytest.raises(OccupationError, match="occupation 'Z' has none"):
        draw(crowd(1, occupation="Z"))


def test_class_of_another_major_group_is_named():
    with pytest.raises(OccupationError, match="class '大工' has none among those of 'B'"):
        draw(crowd(1, occupation_class="大工"))


def test_sources_say_what_the_word_lists_hold(reference):
    for key, source in load_sources(reference).items():
        if key.startswith("occupations/"):
            table = pl.read_csv(reference / f"{key}.csv", infer_schema=False)
            assert (table.columns, table.height) == (source.columns, source.rows), key


def test_details_are_one_row_per_class_and_title(reference):
    details = title_details(reference)
    assert details.select("occupation_class", "occupation_title").is_duplicated().sum() == 0
    assert details.null_count().sum_horizontal().item() == 0
    words = [
        word
        for column in ("skills", "certifications")
        for word in details[column].explode().drop_nulls()
    ]
    assert len(words) > 1_000
    assert all(word and "|" not in word for word in words)
    # Anybody can be drawn a title that the details know.
    titles = load_titles(reference).select("occupation_class", pl.col("title"))
    assert titles.join(
        details, left_on=["occupation_class", "title"],
        right_on=["occupation_class", "occupation_title"], how="anti",
    ).is_empty()  # fmt: skip
