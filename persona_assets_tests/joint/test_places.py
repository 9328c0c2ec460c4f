import polars as pl
import pytest

from persona_assets import levels
from persona_assets.joint import places
from persona_assets.joint.inputs import Inputs

TOTTORI_CITY = "31201"
each_place = pytest.mark.parametrize("place", ["tottori", "tokyo", "fukushima"])


@pytest.fixture(scope="module")
def inputs_of(shapes, margins):
    return lambda place: Inputs(shapes, {}).of(place, margins)


def residents(margins, place, low, high):
    here = margins["population"].filter(
        pl.col("age").is_between(low, high), pl.col("prefecture") == place
    )
    return here["count"].sum()


@each_place
def test_residents_of_the_municipalities_are_the_prefectures(place, inputs_of, margins):
    table = places.residents_by_age(inputs_of(place))
    sums = dict(table.group_by("age_band").agg(pl.col("count").sum()).iter_rows())
    assert sums["15-64"] == pytest.approx(residents(margins, place, 15, 64), rel=1e-12)
    assert sums["65+"] == pytest.approx(residents(margins, place, 65, 104), rel=1e-12)
    by_sex = places.residents_by_sex(inputs_of(place))
    assert by_sex["count"].sum() == pytest.approx(sum(sums.values()), rel=1e-12)


@each_place
def test_workers_of_the_municipalities_are_the_prefectures(place, inputs_of, margins):
    table = places.workers_by_occupation(inputs_of(place))
    sums = table.group_by("occupation").agg(pl.col("count").sum())
    census = (
        margins["occupation"].filter(prefecture=place)
        .group_by("occupation").agg(pl.col("count").sum().alias("census"))
    )  # fmt: skip
    both = sums.join(census, on="occupation", how="full")
    assert both.height == len(levels.OCCUPATION)
    assert (both["count"] / both["census"] - 1).abs().max() < 1e-9


def test_share_of_a_municipality_is_that_of_its_table(inputs_of, margins):
    table = places.residents_by_age(inputs_of("tottori"))
    here = table.filter(municipality=TOTTORI_CITY, age_band="65+")["count"].item()
    old = residents(margins, "tottori", 65, 104)
    # 54,990 of the 177,059 of 65 or more in the nineteen municipalities.
    listed = places.municipalities(inputs_of("tottori"))["age_65_plus"].sum()
    assert here / old == pytest.approx(54_990 / listed)
    sexes = places.residents_by_sex(inputs_of("tottori")).filter(municipality=TOTTORI_CITY)
    men, women = (sexes.filter(sex=sex)["count"].item() for sex in ("male", "female"))
    assert men / women == pytest.approx(91_356 / 97_109)


def test_town_without_residents_is_left_out(inputs_of, shapes):
    # 双葉町, where nobody lived in 2020.
    listed = shapes["municipalities"].filter(prefecture="fukushima")["code"]
    assert set(listed) - set(places.municipalities(inputs_of("fukushima"))["code"]) == {"07546"}


@each_place
def test_seed_names_every_municipality_at_every_age(place, inputs_of, shapes):
    table = places.residents_by_age_group(inputs_of(place))
    towns = places.municipalities(inputs_of(place))
    assert table.height == towns.height * 2 * len(levels.AGE_GROUPS)
    assert table.select("sex", "age_group", "municipality").is_duplicated().sum() == 0
    assert table["value"].min() >= 0.5
    teens = [table.filter(age_group=group)["value"] for group in levels.AGE_GROUPS[:2]]
    assert teens[0].equals(teens[1])
    code = towns["code"][0]
    listed = shapes["municipality_ages"].filter(code=code, sex="female")["40-44"].item()
    here = table.filter(municipality=code, sex="female", age_group="40-44")["value"].item()
    assert here == max(listed, 0.5)


def test_fitted_people_live_where_the_tables_say(tottori, structure, margins):
    inputs = structure.inputs.of("tottori", margins)
    band = pl.col("age_group").is_in(["65-69", "70-74", "75-79", "80-84", "85+"])
    fitted = tottori.factors["municipality"]
    old = fitted.filter(band).group_by("municipality").agg(pl.col("weight").sum())
    wanted = places.residents_by_age(inputs).filter(age_band="65+")
    both = wanted.join(old, on="municipality", how="full")
    assert both.height == 19
    assert (both["weight"] / both["count"] - 1).abs().max() < 1e-4
    # Three in a hundred farmers live elsewhere than where they are counted.
    farmers = fitted.filter(occupation="G").group_by("municipality").agg(pl.col("weight").sum())
    listed = places.workers_by_occupation(inputs).filter(occupation="G")
    near = listed.join(farmers, on="municipality")
    assert near.height == 19
    assert (near["weight"] - near["count"]).abs().sum() / 2 / near["count"].sum() < 0.04
