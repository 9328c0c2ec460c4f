"""The shapes and municipalities that ship: figures read off the sources, and completeness."""

import polars as pl
import pytest

from persona_assets import levels
from persona_assets.census.tables import load_sources, load_table
from persona_assets.partitions import prefectures
from persona_assets.storage.paths import reference_dir

KEYS = [key for key in load_sources(reference_dir()) if key.startswith("shapes/")]
TO_85 = [*(f"{age}-{age + 4}" for age in range(15, 85, 5)), "85+"]
TO_75 = [*(f"{age}-{age + 4}" for age in range(15, 75, 5)), "75+"]
MIDDLE_MAJORS = set("BCDEHK")

# Codes of a shape that the model does not have, by the axis that has them.
FINER = {
    "employment_status": {"other", "self_employed", "non_regular"},
    "education": {
        "vocational_1", "vocational_2", "vocational_4", "technical_college", "tertiary",
    },
    "marital": {"ever_married"},
    "sex": {"both"},
}  # fmt: skip
LEVELS = {
    "sex": levels.SEX, "occupation": levels.OCCUPATION, "marital": levels.MARITAL,
    "education": levels.EDUCATION, "education_detail": levels.EDUCATION_DETAIL,
    "employment_status": levels.EMPLOYMENT_STATUS,
}  # fmt: skip


@pytest.fixture
def shape(reference):
    return lambda name: load_table(f"shapes/{name}", reference)


@pytest.fixture
def ages(reference):
    return load_table("geography/municipality_ages", reference)


@pytest.fixture
def work(reference):
    return load_table("geography/municipality_work", reference)


@pytest.fixture
def municipalities(reference):
    return load_table("geography/municipalities", reference)


@pytest.fixture
def from_15(reference):
    """Residents of 15 or more, ages imputed: the published ages leave three million unknown."""
    population = load_table("census/population_imputed", reference)
    return population.filter(pl.col("age_group") != "0-14")["count"].sum()


@pytest.mark.parametrize("key", KEYS)
def test_codes_are_levels_or_declared_finer(key, reference):
    table = load_table(key, reference)
    for axis in LEVELS.keys() & set(table.columns):
        codes = set(table[axis].unique())
        assert codes <= set(LEVELS[axis]) | FINER.get(axis, set()), axis


@pytest.mark.parametrize("key", KEYS)
def test_no_row_is_there_twice(key, reference):
    table = load_table(key, reference)
    axes = [name for name, dtype in table.schema.items() if dtype == pl.String]
    assert not table.select(axes).is_duplicated().any()


def value(table, column, **where):
    rows = table.filter(**where)
    assert rows.height == 1, where
    return rows[column].item()


def test_employment_status_by_age_is_whole_for_men_to_64_and_regular_for_women(shape):
    table = shape("employment_status_by_age")
    men = table.filter(sex="male", basis="census")
    sums = men.group_by("age_group", maintain_order=True).agg(
        pl.col("share").sum(), pl.len().alias("n")
    )
    assert sums["age_group"].to_list() == TO_75[:11]
    whole = sums.filter(pl.col("age_group") != "65-69")
    assert set(whole["n"]) == {5}
    assert whole["share"].is_between(0.998, 1.002).all()
    assert sums.filter(age_group="65-69")["n"].item() == 3
    women = table.filter(sex="female")
    assert set(women["employment_status"]) == {"regular"}
    assert set(women["basis"]) == {"derived"}
    assert women["age_group"].to_list() == TO_75[1:9]
    assert value(table, "share", sex="male", age_group="30-34", employment_status="regular") == (
        0.812
    )
    assert value(table, "share", sex="female", age_group="50-54") == 0.3791


def test_employment_status_by_sex_is_as_quoted(shape):
    table = shape("employment_status_by_sex")
    assert table.filter(sex="male")["share"].to_list() == [0.652, 0.127, 0.021, 0.076, 0.114, 0.01]
    assert table.filter(sex="female")["share"].sum() == pytest.approx(1)
    assert value(table, "share", sex="female", employment_status="part_time") == 0.415


@pytest.mark.parametrize(
    ("name", "axis", "codes"),
    [
        (
            "employment_form_by_occupation",
            "employment_status",
            ["regular", "dispatched", "part_time", "executive", "self_employed"],
        ),
        (
            "education_detail_by_occupation",
            "education_detail",
            [code for code in levels.EDUCATION_DETAIL if code != "in_school"],
        ),
    ],
)
def test_shares_of_an_occupation_add_up_to_one(shape, name, axis, codes):
    table = shape(name)
    assert table.select("occupation", axis).rows() == [
        (letter, code) for letter in levels.OCCUPATION for code in codes
    ]
    sums = table.group_by("occupation", maintain_order=True).agg(pl.col("share").sum())
    assert sums["share"].is_between(0.999, 1.001).all()


def test_part_time_and_graduate_school_are_sums_of_answers(shape):
    forms = shape("employment_form_by_occupation")
    # Part-time .0192, students .0155, other casual .0149, contract .0162.
    assert value(forms, "share", occupation="A", employment_status="part_time") == 0.0658
    schooling = shape("education_detail_by_occupation")
    # Master's .1076, doctor's .0376.
    assert value(schooling, "share", occupation="B", education_detail="graduate_school") == 0.1452


def test_living_alone_is_the_published_number_but_for_rounding(shape):
    table = shape("living_alone_by_age")
    assert table.height == 2 * 7 * 3
    found = dict(
        table.group_by("sex", maintain_order=True).agg(pl.col("households_10k").sum()).iter_rows()
    )
    assert found["male"] == pytest.approx(944, abs=3)
    assert found["female"] == pytest.approx(1045, abs=3)
    assert value(
        table, "households_10k", sex="female", age_group="75+", working="inactive"
    ) == 428  # fmt: skip


def test_middle_groups_lie_within_their_major_group(shape):
    middle, major = shape("occupation_middle_by_age"), shape("occupation_by_age")
    assert middle.height == 25 * 13 * 2
    assert set(middle["occupation"]) == MIDDLE_MAJORS
    assert middle.select("occupation_middle", "label", "occupation").n_unique() == 25
    sums = middle.group_by("sex", "occupation", maintain_order=True).agg(
        pl.col("employed_10k").sum()
    )
    whole = major.group_by("sex", "occupation", maintain_order=True).agg(
        pl.col("employed_10k").sum().alias("whole")
    )
    both = sums.join(whole, on=["sex", "occupation"], how="left", maintain_order="left")
    assert ((both["employed_10k"] - both["whole"]).abs() < 8).all()
    assert set(middle["age_group"]) == set(TO_75)
    engineers = {"sex": "male", "age_group": "40-44", "occupation_middle": "003"}
    assert value(middle, "employed_10k", **engineers) == 40.333


def test_education_by_marital_is_of_three_censuses(shape):
    table = shape("education_by_marital_45_54")
    assert table["year"].unique(maintain_order=True).to_list() == ["1990", "2010", "2020"]
    assert table.height == 3 * 2 * 4
    assert (table["never_married"] < table["people"]).all()
    row = {"year": "2020", "sex": "female", "education": "university"}
    assert value(table, "people", **row) == 693_960
    assert value(table, "never_married", **row) == 127_957


def test_workers_of_25_34_are_all_minus_never_married(shape):
    table = shape("education_by_status_25_34")
    assert table.height == 2 * 2 * 2 * 4 * 10
    row = {"sex": "male", "age_group": "25-29", "education": "university"}
    regular = {**row, "employment_status": "regular"}
    assert value(table, "workers", **regular, marital="never_married") == 859_300
    assert value(table, "workers", **regular, marital="ever_married") == 1_130_100 - 859_300
    # Employees minus regular and non-regular ones: 969,200 - 859,300 - 101,400.
    executive = {**row, "employment_status": "executive", "marital": "never_married"}
    assert value(table, "workers", **executive) == 8_500
    # 14,600 - 13,100 - 1,600 is below nothing by rounding.
    rounded = {"sex": "female", "age_group": "25-29", "marital": "never_married"}
    rounded |= {"employment_status": "executive", "education": "vocational_4"}
    assert value(table, "workers", **rounded) == 0


def test_nonworkers_are_of_every_schooling_and_kind(shape):
    table = shape("nonworkers_25_34")
    assert table.height == 2 * 2 * 10 * 3
    row = {"sex": "female", "age_group": "30-34", "education": "university", "kind": "housework"}
    assert value(table, "people", **row) == 16_800


def test_modelled_education_covers_the_population(shape, from_15):
    table = shape("education_modelled")
    assert table["age_group"].unique(maintain_order=True).to_list() == TO_85
    assert table.height == 15 * 2 * 3
    assert table["people_thousand"].sum() * 1000 == pytest.approx(from_15, rel=0.01)


def test_cohorts_are_there_for_every_prefecture(shape):
    table = shape("education_of_cohorts")
    per_prefecture = 2 * 2 * (2 + 5 * 4)
    assert table.height == 47 * per_prefecture
    assert table["prefecture"].unique(maintain_order=True).to_list() == list(prefectures())
    old = table.filter(year="2000", sex="female", age_group="60+", education="university")
    assert old["graduates"].sum() == 260_073


def test_destinations_are_of_every_year_and_sexes_add_up(shape):
    table = shape("after_upper_secondary")
    assert table["year"].unique(maintain_order=True).to_list() == [
        str(year) for year in range(1975, 2024)
    ]
    wide = table.pivot(on="sex", index=["year", "item"], values="people", maintain_order=True)
    both = wide.drop_nulls()
    assert (both["male"] + both["female"] == both["both"]).all()
    assert set(wide.filter(pl.col("male").is_null())["item"]) == {
        "university", "junior_college", "vocational",
    }  # fmt: skip
    assert value(table, "people", year="2020", sex="both", item="university") == 534_312
    items = table.filter(sex="both").pivot(on="item", index="year", values="people")
    assert (items["university"] + items["junior_college"] <= items["advanced"]).all()
    # Few were born in 1966, a year of the fire horse: they leave school in March of 1985.
    graduates = dict(items.select("year", "graduates").iter_rows())
    assert graduates["1984"] < min(graduates["1983"], graduates["1985"])


def test_every_municipality_has_the_ages_of_both_sexes(ages, municipalities, from_15):
    assert ages.columns == ["code", "sex", *TO_85, "basis"]
    assert ages.select("code", "sex").rows() == [
        (code, sex) for code in municipalities["code"].sort() for sex in levels.SEX
    ]
    people = ages.select(pl.sum_horizontal(TO_85)).to_series()
    assert (people > 0).all()
    assert people.sum() == pytest.approx(from_15, rel=0.01)


def test_ages_say_where_they_come_from(ages):
    basis = dict(ages.select("code", "basis").iter_rows())
    assert ages.select("code", "basis").n_unique() == len(basis)
    assert {code for code, name in basis.items() if name != "projection_2020"} == {
        code for code in basis if code.startswith("07")
    }
    evacuated = {code for code, name in basis.items() if name == "census_2010"}
    assert evacuated == {"07542", "07543", "07545", "07546", "07547", "07548", "07564"}
    # Open-ended groups of the source are added up: 38,249 of 85-89 and 27,633 of 90 or more.
    assert value(ages, "85+", code="01100", sex="female") == 65_882
    # Nakagawa is in the source under its code as a town.
    assert basis["40231"] == "projection_2020"


def test_work_of_municipalities_adds_up(work, municipalities, reference):
    assert work["code"].to_list() == municipalities["code"].sort().to_list()
    axes = {"industry": levels.INDUSTRY, "occupation": levels.OCCUPATION}
    key = {place.code: place.key for place in prefectures().values()}
    for axis, codes in axes.items():
        columns = [f"{axis}_{code}" for code in codes]
        assert (work.select(pl.sum_horizontal(columns)).to_series() == work["employed"]).all()
        prefecture = pl.col("code").str.slice(0, 2).replace_strict(key).alias("prefecture")
        found = (
            work.group_by(prefecture, maintain_order=True)
            .agg(pl.col(columns).sum())
            .unpivot(index="prefecture", variable_name=axis, value_name="found")
            .with_columns(pl.col(axis).str.split("_").list.last())
        )
        published = load_table(f"census/{axis}_imputed", reference)
        both = published.join(found, on=["prefecture", axis], how="left", maintain_order="left")
        assert (both["count"] == both["found"]).all()
    assert (work["employed"] <= work["labour_force_male"] + work["labour_force_female"]).all()
    assert value(work, "employed", code="07546") == 0
    assert value(work, "labour_force_female", code="01100") == 492_854


def test_classes_have_a_middle_group_of_their_major_group(reference):
    classes = pl.read_csv(reference / "occupations" / "classes.csv", infer_schema=False)
    assert classes["middle"].str.contains(r"^\d\d$").all()
    assert classes["middle"].n_unique() == classes["middle_label"].n_unique() == 68
    assert classes.select("middle", "occupation").n_unique() == 68
    titles = pl.read_csv(reference / "occupations" / "titles.csv")
    assert set(titles["occupation_class"]) == set(classes["occupation_class"])
