from itertools import pairwise

import polars as pl
import pytest

from persona_assets import levels
from persona_assets.census.consistency import ConflictError
from persona_assets.census.margins import (
    ADJUSTMENT_SCHEMA,
    MARGIN_AXES,
    MARGIN_NAMES,
    MARGINS,
    STEPS,
    build_adjusted,
)
from persona_assets.census.tables import TableError

FROM_15 = 108_258_569
PLACE = (pl.col("prefecture") == "tottori") & (pl.col("sex") == "male")


@pytest.fixture(scope="module")
def adjusted(tables):
    return build_adjusted(tables)


@pytest.fixture(scope="module")
def adjustments(adjusted):
    return pl.concat([done.adjustments for done in adjusted.values()])


def step(adjustments, margin, name):
    """The nation's figures of one step."""
    rows = adjustments.filter(margin=margin, step=name)
    return {column: rows[column].sum() for column in ("before", "after", "moved")}


def count(table, **where):
    return table.filter(**where)["count"].sum()


def inputs(name, tables, margins):
    margin = MARGINS[name]
    return {n: tables[n] for n in margin.tables}, {n: margins[n] for n in margin.margins}


def test_every_margin_covers_its_universe(margins):
    from_15 = margins["population"]["count"].sum()
    for name in ("marital_status", "employment", "labour_status", "education"):
        assert margins[name]["count"].sum() == pytest.approx(from_15, rel=1e-9)
    employed = margins["labour_status"].filter(pl.col("labour_status") == "employed")["count"].sum()
    for name in ("worker_class", "employment_status", "work_mode", "occupation", "industry"):
        assert margins[name]["count"].sum() == pytest.approx(employed, rel=1e-9)


def by_prefecture(table, *by, **where):
    return (
        table.filter(**where).group_by("prefecture", *by, maintain_order=True).agg(pl.sum("count"))
    )


def assert_same(one, other):
    """Both frames have the same cells and, to 1e-9 of each, the same people."""
    keys = [column for column in one.columns if column != "count"]
    both = one.join(other, on=keys, how="full", coalesce=True, maintain_order="left")
    assert both.height == one.height == other.height > 0
    assert (both["count"] / both["count_right"] - 1).abs().max() < 1e-9


@pytest.mark.parametrize("name", MARGIN_NAMES)
def test_every_count_is_a_number_of_people(name, margins):
    assert margins[name]["count"].is_finite().all()
    assert margins[name]["count"].min() >= 0


def test_margins_that_count_the_same_people_agree_in_every_prefecture(margins):
    employed = by_prefecture(margins["labour_status"], labour_status="employed")
    for name in ("worker_class", "employment_status", "work_mode"):
        assert_same(by_prefecture(margins[name]), employed)
    by_class = margins["employment_status"].with_columns(
        pl.col("employment_status").replace_strict(levels.WORKER_CLASS_OF).alias("worker_class")
    )
    assert_same(
        by_prefecture(by_class, "worker_class"),
        by_prefecture(margins["worker_class"], "worker_class"),
    )
    assert_same(by_prefecture(margins["household"]), by_prefecture(margins["population"]))
    assert_same(
        by_prefecture(margins["living_alone"]),
        by_prefecture(margins["household"], household="one_person"),
    )


def test_new_margins_have_the_levels_of_the_model(margins):
    for name, axis, codes in (
        ("worker_class", "worker_class", levels.WORKER_CLASS),
        ("employment_status", "employment_status", levels.EMPLOYMENT_STATUS),
        ("work_mode", "work_mode", levels.WORK_MODE),
        ("household", "household", levels.HOUSEHOLD),
        ("living_alone", "age_band", ["15-64", "65+"]),
    ):
        sexes = 2 if "sex" in MARGIN_AXES[name] else 1
        assert margins[name].height == 47 * sexes * len(codes)
        assert margins[name][axis].unique(maintain_order=True).to_list() == list(codes)


def test_employment_status_keeps_the_published_shares_of_each_class(margins, tables):
    """By hand: F2409, F2410, F2411 and F2402 of Tottori are its employees."""
    detail = dict(tables["employment_detail"].filter(prefecture="tottori")["item", "count"].rows())
    made = dict(
        margins["employment_status"].filter(prefecture="tottori")["employment_status", "count"]
        .rows()
    )  # fmt: skip
    employees = ("regular", "dispatched", "part_time", "executive")
    published = sum(detail[code] for code in employees)
    assert published == count(
        tables["employment_status"], prefecture="tottori", employment_status="employee"
    )
    total = count(margins["worker_class"], prefecture="tottori", worker_class="employee")
    for code in employees:
        assert made[code] == pytest.approx(detail[code] / published * total, rel=1e-12)
    family = count(margins["worker_class"], prefecture="tottori", worker_class="family_worker")
    assert made["family_worker"] == pytest.approx(family, rel=1e-12)


def test_work_mode_keeps_the_published_shares(margins, tables):
    detail = tables["labour_detail"].filter(prefecture="tokyo")
    made = margins["work_mode"].filter(prefecture="tokyo")
    published = detail.filter(pl.col("item").is_in(list(levels.WORK_MODE)))["count"].sum()
    for code in levels.WORK_MODE:
        share = count(detail, item=code) / published
        assert count(made, work_mode=code) / made["count"].sum() == pytest.approx(share)


def household_figures(tables, key):
    """One prefecture's published figures: members, households, residents under 15."""
    members, households = (
        dict(tables[f"household_{what}"].filter(prefecture=key)["household", "count"].rows())
        for what in ("members", "counts")
    )
    children = count(tables["population_imputed"], prefecture=key, age_group="0-14")
    return members, households, children


@pytest.mark.parametrize("key", ["tottori", "tokyo", "okinawa"])
def test_children_are_members_beyond_the_fewest_adults(key, margins, tables):
    members, households, children = household_figures(tables, key)
    made = dict(margins["household"].filter(prefecture=key)["household", "count"].rows())
    total = members.pop("total")
    spread = total / sum(members.values())
    fewest = {"couple_with_children": 2, "single_parent": 1, "other_relatives": 2,
              "non_relatives": 2}  # fmt: skip
    beyond = {code: members[code] - n * households[code] for code, n in fewest.items()}
    # A member beyond them is under 15 less often where it may be a grown child or a grandparent.
    young = {code: n * (1 if code == "couple_with_children" else 0.4) for code, n in beyond.items()}
    for code in members:
        share = young.get(code, 0) / sum(young.values())
        expected = members[code] * spread - share * children
        assert made[code] == pytest.approx(expected, rel=1e-9)
        # There are at least the adults that every such household has.
        assert made[code] >= households[code] * fewest.get(code, 1)
    institution = count(tables["household_kinds"], prefecture=key, household_kind="institution")
    assert made["institution"] == pytest.approx(institution, rel=1e-12)


def test_households_without_children_are_as_published_but_for_those_of_unknown_type(
    margins, tables
):
    """469,844 of 123,162,995 people are in households of unknown type, 0.38 in 100."""
    for code, published in (("one_person", 21_151_042), ("couple_only", 22_317_680)):
        assert count(tables["household_members"], household=code) == published
        made = count(margins["household"], household=code)
        assert 1 < made / published < 1.005
    institution = count(margins["household"], household="institution")
    assert institution == pytest.approx(2_983_104, rel=1e-12)


def test_people_living_alone_keep_the_published_shares(margins, tables):
    made = margins["living_alone"]
    assert 0 < count(made, age_band="65+") / 6_716_806 - 1 < 0.005
    for key in ("tottori", "tokyo"):
        alone = {
            band: count(tables["living_alone"], prefecture=key, age_band=band)
            for band in ("all", "65+")
        }
        here = made.filter(prefecture=key)
        share = count(here, age_band="65+") / here["count"].sum()
        assert share == pytest.approx(alone["65+"] / alone["all"])


def test_steps_of_the_household_margin_are_the_unknown_and_the_children(adjustments, tables):
    unknown = step(adjustments, "household", "unknown_spread")
    # 世帯の家族類型「不詳」 of the published table.
    assert unknown["moved"] == pytest.approx(469_844)
    assert unknown["after"] == pytest.approx(126_146_099)
    children = step(adjustments, "household", "assumed")
    assert children["moved"] == pytest.approx(count(tables["population_imputed"], age_group="0-14"))
    assert step(adjustments, "household", "scaled_to_authority")["moved"] < 1e-3


@pytest.mark.parametrize(
    ("margin", "table", "cell", "figure", "named"),
    [
        ("household", "household_members", {"household": "one_person"}, 1e7,
         r"census/household_members: members of households of known family type in tottori, both"),
        ("household", "household_counts", {"household": "single_parent"}, 1e6,
         r"census/household_counts and census/household_members: the fewest adults, single_parent "
         r"in tottori, both sexes: 1,000,000 against at most "),
        ("household", "population_imputed", {"age_group": "0-14", "sex": "male"}, 1e6,
         r"census/population_imputed and census/household_members: residents under 15 among "
         r"members beyond the fewest adults in tottori, both sexes"),
        ("living_alone", "living_alone", {"age_band": "65+"}, 1e6,
         r"census/living_alone: people of 65 or more living alone in tottori, both sexes: "
         r"1,000,000 against at most "),
        ("employment_status", "employment_detail", {"item": "family_worker"}, 0,
         r"census/employment_detail and census/employment_status: workers of the class "
         r"family_worker in tottori, both sexes: 0 against "),
    ],
)  # fmt: skip
def test_a_household_or_status_that_cannot_be_is_a_conflict(
    margin, table, cell, figure, named, tables, margins
):
    where = pl.all_horizontal(
        *(pl.col(c) == v for c, v in ({"prefecture": "tottori"} | cell).items())
    )
    changed = tables[table].with_columns(
        count=pl.when(where).then(pl.lit(float(figure))).otherwise("count")
    )
    own_tables, own_margins = inputs(margin, {**tables, table: changed}, margins)
    with pytest.raises(ConflictError, match=named):
        MARGINS[margin].make(own_tables, own_margins)


def test_a_new_table_that_lacks_a_cell_is_named(tables, margins):
    for margin, table in (
        ("employment_status", "employment_detail"),
        ("work_mode", "labour_detail"),
        ("household", "household_counts"),
        ("household", "household_kinds"),
        ("living_alone", "living_alone"),
    ):
        less = tables[table].filter(pl.col("prefecture") != "tottori")
        own_tables, own_margins = inputs(margin, {**tables, table: less}, margins)
        with pytest.raises(TableError, match=r"no cell.*tottori"):
            MARGINS[margin].make(own_tables, own_margins)


def test_employment_by_age_is_near_the_labour_force_survey(margins, shapes):
    rates = (
        margins["employment"]
        .group_by("sex", "age_group")
        .agg(rate=pl.col("count").filter(pl.col("employed") == "yes").sum() / pl.col("count").sum())
        .join(shapes["labour_rates"], on=["sex", "age_group"])
        .filter(~pl.col("age_group").is_in(["15-19", "75+"]))
    )
    assert rates.height == 22
    assert (rates["rate"] - rates["employment_rate"]).abs().max() < 0.04


@pytest.mark.parametrize("name", MARGIN_NAMES)
def test_a_margin_is_made_of_what_it_declares_and_of_all_of_it(name, tables, margins):
    own_tables, own_margins = inputs(name, tables, margins)
    assert MARGINS[name].make(own_tables, own_margins).margin.equals(margins[name])
    for left_out in own_tables:
        with pytest.raises(KeyError, match=left_out):
            MARGINS[name].make({n: own_tables[n] for n in own_tables if n != left_out}, own_margins)
    for left_out in own_margins:
        with pytest.raises(KeyError, match=left_out):
            MARGINS[name].make(
                own_tables, {n: own_margins[n] for n in own_margins if n != left_out}
            )


def test_margins_are_in_build_order_and_every_table_is_read(tables):
    assert set(MARGIN_NAMES) == set(MARGIN_AXES)
    for position, margin in enumerate(MARGINS.values()):
        assert set(margin.margins) <= set(MARGIN_NAMES[:position])
        assert margin.description.endswith(".")
    assert {name for margin in MARGINS.values() for name in margin.tables} == set(tables)


def test_every_step_is_reported_for_every_place(adjusted, adjustments, tables):
    assert set(adjustments["step"]) == set(STEPS)
    assert {name for names in adjustments["tables"] for name in names.split(", ")} == set(tables)
    for name, done in adjusted.items():
        ADJUSTMENT_SCHEMA.validate(done.adjustments)
        sexes = 2 if "sex" in MARGIN_AXES[name] else 1
        sizes = done.adjustments.group_by("step").len()["len"]
        assert sizes.unique().to_list() == [47 * sexes]
    assert (adjustments["share"] - adjustments["moved"] / adjustments["after"]).abs().max() == 0


def test_steps_lead_from_the_table_to_the_margin(adjusted):
    """What one step leaves is what the next one begins with, and the last one leaves the margin."""
    for name in ("labour_status", "education", "school", "worker_class", "occupation", "industry",
                 "employment", "employment_status", "work_mode", "household",
                 "living_alone"):  # fmt: skip
        steps = adjusted[name].adjustments.partition_by("step", maintain_order=True)
        for one, other in pairwise(steps):
            assert (one["after"] - other["before"]).abs().max() < 1e-6
        people = adjusted[name].margin
        if name == "employment":
            people = people.filter(employed="yes")
        people = by_prefecture(people, *{"sex"} & set(people.columns))
        assert (steps[-1]["after"] - people["count"]).abs().max() < 1e-3


def test_unknown_answers_are_those_of_the_tables(adjustments, tables):
    marital = step(adjustments, "marital_status", "unknown_spread")
    assert marital["before"] == tables["marital_status"]["count"].sum()
    assert marital["after"] == FROM_15
    assert marital["moved"] == FROM_15 - 103_640_448 == 4_618_121
    widowed = count(tables["marital_status"], age_group="15-24")
    assert step(adjustments, "marital_status", "dropped")["moved"] == widowed == 1_645

    education = tables["education"]
    graduates = count(education, education="graduates_unknown")
    assert graduates == 15_059_305
    unknown = step(adjustments, "education", "unknown_spread")["moved"]
    assert unknown == pytest.approx(graduates + count(education, education="unknown"))
    merged = step(adjustments, "education", "merged")
    assert merged["moved"] == 804_293 + count(education, education="never_attended")
    assert merged["before"] == merged["after"]

    for name, table, code in (
        ("occupation", "occupation", "L"),
        ("industry", "industry", "T"),
        ("worker_class", "employment_status", "unknown"),
    ):
        moved = step(adjustments, name, "unknown_spread")["moved"]
        assert moved == pytest.approx(count(tables[table], **{table: code}))


def test_unknown_ages_are_those_that_the_publisher_imputed(adjustments, tables):
    ages = step(adjustments, "population", "unknown_spread")
    from_15 = tables["population_imputed"].filter(pl.col("age_group") != "0-14")["count"].sum()
    assert ages["before"] == FROM_15
    assert ages["after"] == pytest.approx(from_15)
    assert ages["moved"] == pytest.approx(from_15 - FROM_15)
    for name in ("marital_status", "labour_status", "education"):
        scaled = step(adjustments, name, "scaled_to_authority")
        assert scaled == pytest.approx(ages)


def test_published_employed_become_the_imputed_ones(adjustments, tables):
    moved = step(adjustments, "employment", "published_to_imputed")
    assert moved == pytest.approx(
        {"before": 57_643_225, "after": 65_468_436, "moved": 65_468_436 - 57_643_225}
    )
    labour = tables["labour_status"].filter(labour_status="employed")
    tokyo = {"prefecture": "tokyo", "sex": "male"}
    row = adjustments.filter(margin="employment", step="published_to_imputed", **tokyo).row(
        0, named=True
    )
    assert row["before"] == count(labour, series="published", **tokyo)
    assert row["after"] == pytest.approx(count(labour, series="imputed", **tokyo))
    assert (round(row["before"] / 1e6, 2), round(row["after"] / 1e6, 2)) == (3.23, 4.38)
    assert row["share"] == pytest.approx(1 - row["before"] / row["after"])


def test_what_is_assumed_has_its_size(adjustments, tables, margins):
    placed = step(adjustments, "school", "assumed")
    upper = ["upper_secondary", "junior_college", "university", "graduate_school"]
    known = tables["enrolment"].filter(pl.col("school").is_in(upper))["count"].sum()
    in_school = count(tables["education"], education="in_school")
    assert placed == {"before": known, "after": in_school, "moved": in_school - known}

    # The ever married of 15-19 are all 18 or 19; by the residents alone some would be 15-17.
    ages = margins["population"].filter(pl.col("age") < 20)
    ever = margins["marital_status"].filter(
        pl.col("age_group").is_in(["15-17", "18-19"]), pl.col("marital") != "never_married"
    )
    for key in ("tottori", "tokyo"):
        for sex in ("male", "female"):
            here = ages.filter(prefecture=key, sex=sex)
            young = here.filter(pl.col("age") < 18)["count"].sum() / here["count"].sum()
            expected = young * count(ever, prefecture=key, sex=sex)
            row = adjustments.filter(
                margin="marital_status", step="assumed", prefecture=key, sex=sex
            )
            assert row["moved"].item() == pytest.approx(expected)


def test_only_the_men_of_tokyo_are_capped(adjustments):
    capped = adjustments.filter(pl.col("moved") > 0, step="capped")
    assert capped.select("prefecture", "sex").rows() == [("tokyo", "male")]
    assert capped["moved"].item() == pytest.approx(47_496, abs=1)


def test_what_is_raked_is_the_distance_between_two_tables(adjustments, margins, tables):
    """By hand for one place: the published shape scaled to the employed, against the margin."""
    published = tables["industry"].filter(PLACE, pl.col("industry") != "T")["count"]
    made = margins["industry"].filter(PLACE)["count"]
    alike = published * (made.sum() / published.sum())
    row = adjustments.filter(PLACE, margin="industry", step="raked")
    assert row["moved"].item() == pytest.approx((alike - made).abs().sum() / 2)
    assert row["before"].item() == pytest.approx(row["after"].item())


@pytest.mark.parametrize(
    ("margin", "table", "cell", "figure", "named"),
    [
        ("population", "population_single_years", {"age": "18"}, 1e6,
         r"census/population_single_years and census/population_by_age: residents of 15-18"),
        ("population", "population_imputed", {"age_group": "65+"}, 0,
         r"census/population_by_age and census/population_imputed: residents, 65\+"),
        ("marital_status", "marital_status", {"age_group": "30-34", "marital": "married"}, 1e6,
         r"census/marital_status and census/population_by_age: .*, 30-34 in tottori, male: "
         r"1,006,453 against at most 12,982 \(\+993,471\)"),
        ("marital_status", "marital_status", {"age_group": "15-19", "marital": "never_married"}, 0,
         r"census/marital_status and census/population_single_years: ever married of 15-19"),
        ("employment", "labour_status", {"series": "published", "labour_status": "inactive"}, 1e6,
         r"census/labour_status and census/population_imputed: residents of known labour status"),
        ("employment", "marital_status", {"age_group": "85+", "marital": "widowed"}, 1e6,
         r"census/marital_status and census/population_by_age: .*, 85\+ in tottori, male"),
        ("school", "enrolment", {"school": "university"}, 1e6,
         r"census/enrolment and census/education: in school from upper secondary"),
    ],
)  # fmt: skip
def test_a_part_above_its_whole_is_a_conflict_not_clipped(
    margin, table, cell, figure, named, tables, margins
):
    where = PLACE & pl.all_horizontal(*(pl.col(c) == v for c, v in cell.items()))
    changed = tables[table].with_columns(
        count=pl.when(where).then(pl.lit(float(figure))).otherwise("count")
    )
    own_tables, own_margins = inputs(margin, {**tables, table: changed}, margins)
    with pytest.raises(ConflictError, match=named):
        MARGINS[margin].make(own_tables, own_margins)


def test_rounding_is_no_conflict(tables, margins):
    own_tables, own_margins = inputs("school", tables, margins)
    rest = count(tables["education"].filter(PLACE), education="in_school")
    cell = PLACE & (pl.col("school") == "university")
    others = tables["enrolment"].filter(
        PLACE, pl.col("school").is_in(["upper_secondary", "junior_college", "graduate_school"])
    )["count"].sum()  # fmt: skip
    own_tables["enrolment"] = tables["enrolment"].with_columns(
        count=pl.when(cell).then(rest - others + 0.4).otherwise("count")
    )
    made = MARGINS["school"].make(own_tables, own_margins).margin
    assert count(made.filter(PLACE), school="lower_secondary") == 0


def test_tables_that_raking_cannot_reconcile_are_both_named(tables, margins):
    own_tables, own_margins = inputs("occupation", tables, margins)
    published = pl.col("count")
    # Men of one prefecture in one occupation only: more of them than it has people.
    only_a = pl.when(PLACE & (pl.col("occupation") != "A")).then(0.0).otherwise(published)
    own_tables["occupation"] = tables["occupation"].with_columns(count=only_a)
    with pytest.raises(
        ConflictError,
        match=r"census/occupation and census/occupation_imputed cannot both hold in tottori: "
        r"margins '\w+' and '\w+' cannot both hold: in .* the fit ends [+-][\d,.]+ people off",
    ):
        MARGINS["occupation"].make(own_tables, own_margins)
    nobody = pl.when((pl.col("prefecture") == "tottori") & (pl.col("occupation") == "F"))
    own_tables["occupation"] = tables["occupation"].with_columns(
        count=nobody.then(0.0).otherwise(published)
    )
    with pytest.raises(ConflictError, match=r"occupation_imputed cannot .* people in F, where"):
        MARGINS["occupation"].make(own_tables, own_margins)


def test_a_missing_cell_is_named(tables, margins):
    own_tables, own_margins = inputs("school", tables, margins)
    own_tables["enrolment"] = tables["enrolment"].filter(~PLACE)
    with pytest.raises(TableError, match=r"no cell.*tottori.*male"):
        MARGINS["school"].make(own_tables, own_margins)
