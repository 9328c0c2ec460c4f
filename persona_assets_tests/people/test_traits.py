import numpy as np
import polars as pl
import pytest

from persona_assets.people.traits import TRAITS, draw_traits


@pytest.fixture(scope="module")
def nation(reference):
    """One person for every 2,000 adults of each sex and age."""
    adults = (
        pl.read_csv(reference / "lifestyle" / "residents.csv")
        .filter(~pl.col("age_group").is_in(["10-14", "15-17"]))
        .with_columns(pl.col("age_group").replace(dict.fromkeys(("85-89", "90-94", "95+"), "85+")))
        .group_by("sex", "age_group", maintain_order=True)
        .agg(pl.col("count").sum() // 2_000)
    )
    return adults.select(pl.col("sex", "age_group").repeat_by("count").explode())


@pytest.fixture(scope="module")
def drawn(nation):
    return nation.hstack(draw_traits(nation, np.random.default_rng(1)))


def test_adults_of_the_nation_have_mean_50_and_deviation_10(drawn):
    for trait in TRAITS:
        assert drawn[trait].mean() == pytest.approx(50, abs=0.15), trait
        assert drawn[trait].std() == pytest.approx(10, abs=0.15), trait
        assert drawn[trait].is_between(20, 80).all()


def test_traits_correlate_as_published(drawn, reference):
    published = pl.read_csv(reference / "lifestyle" / "trait_correlations.csv")
    found = drawn.select(TRAITS).corr()
    for first, second, value in published.select("first", "second", "published").iter_rows():
        assert found[first][TRAITS.index(second)] == pytest.approx(value, abs=0.015)


def test_means_follow_sex_and_age_as_published(drawn, reference):
    published = pl.read_csv(reference / "lifestyle" / "trait_means.csv")
    found = (
        drawn.group_by("sex", "age_group")
        .agg(pl.col(TRAITS).mean(), size=pl.len())
        .unpivot(TRAITS, index=["sex", "age_group", "size"], variable_name="trait")
    )
    both = published.join(found, on=["trait", "sex", "age_group"])
    off = (both["mean"] - both["value"]).abs() / (10 / both["size"].sqrt())
    assert both.height == 150
    assert off.max() < 4.5
    women = drawn.filter(sex="female").select(TRAITS).mean().row(0, named=True)
    men = drawn.filter(sex="male").select(TRAITS).mean().row(0, named=True)
    assert women["neuroticism"] > men["neuroticism"] + 3
    assert women["agreeableness"] > men["agreeableness"] + 2


def test_few_people_stand_for_many():
    people = pl.DataFrame({"sex": ["female"] * 100, "age_group": ["45-49"] * 100})
    many = pl.concat([people] * 100)
    large = draw_traits(many, np.random.default_rng(1))
    for seed in range(5):
        small = draw_traits(people, np.random.default_rng(seed))
        for trait in TRAITS:
            # A simple draw of 100 has a standard error of 1.0 here, and 0.7 for the deviation.
            assert small[trait].mean() == pytest.approx(large[trait].mean(), abs=0.15), trait
            assert small[trait].std() == pytest.approx(large[trait].std(), abs=0.35), trait
        off = small.corr().to_numpy() - large.corr().to_numpy()
        assert np.abs(off).max() < 0.08


def test_one_person_and_nobody_can_be_drawn():
    people = pl.DataFrame({"sex": ["male"], "age_group": ["85+"]})
    assert draw_traits(people, np.random.default_rng(1)).height == 1
    assert draw_traits(people.head(0), np.random.default_rng(1)).columns == list(TRAITS)
