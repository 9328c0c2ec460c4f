import numpy as np
import polars as pl
import pytest

from persona_assets.people.build import build_people
from persona_assets.people.draw import systematic
from persona_assets.people.names import NameDrawError, draw_names
from persona_assets.people.quotas import adult_population, draw_quotas
from persona_assets.recipe import Recipe


@pytest.mark.parametrize("size", [47, 1000, 4700, 100_000])
def test_quotas_are_rounded_shares(margins, size):
    quotas = draw_quotas(margins["population"], size)
    assert quotas["quota"].sum() == size
    assert quotas.group_by("prefecture").agg(pl.col("quota").sum())["quota"].min() >= 1
    exact = adult_population(margins["population"])
    for axis in ("sex", "age_group"):
        found = quotas.group_by(axis).agg(pl.col("quota").sum())
        wanted = exact.group_by(axis).agg(pl.col("count").sum() * size / exact["count"].sum())
        both = found.join(wanted, on=axis)
        assert (both["quota"] - both["count"]).abs().max() < 2


def test_systematic_draw_is_the_expectation_rounded():
    weights = np.array([0.1, 2.6, 0.0, 1.3, 5.0, 5.0])
    sizes, counts = np.array([4, 2]), np.array([40, 7])
    drawn = np.bincount(systematic(weights, sizes, counts, 0.37), minlength=6)
    expected = np.concatenate([weights[:4] / 4.0 * 40, weights[4:] / 10 * 7])
    assert (np.abs(drawn - expected) < 1).all()
    assert drawn[2] == 0


def test_same_recipe_same_people(people, tottori, margins, reference):
    again = build_people(tottori, margins["population"], Recipe(size=94_000), reference)
    assert again.equals(people)
    other = build_people(tottori, margins["population"], Recipe(size=94_000, seed=1), reference)
    assert not other.equals(people)


def test_people_are_consistent(people):
    works = people["labour_status"] == "employed"
    assert (people["occupation_title"].is_not_null() == works).all()
    assert (people["industry"].is_not_null() == works).all()
    studying = people.filter(pl.col("labour_status") == "studying")
    assert studying["school"].null_count() == 0
    assert people.filter(pl.col("school") == "graduate_school")["age"].min() >= 22
    assert people["age"].min() == 18


def test_names_fit_the_year_of_birth():
    def share(sex, year, ending):
        size = 4000
        names = draw_names(np.full(size, sex), np.full(size, year), np.random.default_rng(3))
        return names["given_name"].str.ends_with(ending).mean(), set(names["given_name"])

    old, old_names = share("female", 1940, "子")
    new, new_names = share("female", 2001, "子")
    assert old > 0.6
    assert new < 0.12
    assert not {"陽菜", "結衣", "美咲"} & old_names
    assert {"美咲"} <= new_names
    _, men = share("male", 1946, "太")
    assert not {"大空", "翔太", "大翔"} & men


def test_names_of_known_people_are_drawn_again(reference):
    known = set(pl.read_csv(reference / "names" / "public_figures.csv")["full_name"])
    size = 20_000
    names = draw_names(np.full(size, "male"), np.full(size, 1975), np.random.default_rng(5))
    assert not known & set(names["surname"] + names["given_name"])


def test_unknown_sex_is_named():
    with pytest.raises(NameDrawError, match="'x'"):
        draw_names(np.array(["x"]), np.array([1980]), np.random.default_rng(1))
