import numpy as np
import polars as pl
import pytest

from persona_assets.people.nation import load_nation, national_tables, table_domain
from persona_assets.people.network import network_of
from persona_assets.people.quotas import adult_population, draw_quotas


@pytest.fixture(scope="module")
def nation(reference):
    return load_nation(reference)


@pytest.fixture(scope="module", params=[1_000, 100_000])
def rounded(request, nation, margins):
    """By table, whole people of every prefecture; and their expectations."""
    quotas = draw_quotas(margins["population"], request.param)
    whole, exact = {}, {}
    for place, key in enumerate(nation.prefectures):
        people = quotas.filter(prefecture=key)["quota"].sum()
        total = nation.adults["population"][place].sum()
        for name, offset in nation.offsets(key, quotas, 7).items():
            expected = people * nation.adults[name][place] / total
            whole.setdefault(name, []).append(expected + offset)
            exact.setdefault(name, []).append(expected)
    return quotas, {n: np.array(v) for n, v in whole.items()}, {
        n: np.array(v) for n, v in exact.items()
    }  # fmt: skip


def table(numbers, name):
    return numbers[name].reshape(-1, *table_domain(name).shape)


def test_what_ships_is_what_the_joint_has(nation, tottori, margins):
    place = nation.prefectures.index("tottori")
    adults = adult_population(margins["population"].filter(prefecture="tottori"))["count"].sum()
    found = {
        t.name: t.shares * adults for b in network_of(tottori).branches.values() for t in b.tables
    }
    for name in national_tables():
        assert np.abs(nation.adults[name][place] - found[name]).max() < 0.02, name


def test_tables_of_a_prefecture_are_whole_and_agree(rounded):
    quotas, whole, _ = rounded
    for name, numbers in whole.items():
        assert np.abs(numbers - np.rint(numbers)).max() < 1e-6, name
        assert np.rint(numbers).min() >= 0, name
    by_sex = (
        quotas.group_by("prefecture", "sex", maintain_order=True)
        .agg(pl.col("quota").sum())["quota"]
        .to_numpy()
        .reshape(-1, 2)
    )
    for name in ("labour_status", "education", "population"):
        assert np.allclose(table(whole, name).sum(axis=2), by_sex), name
    employed = table(whole, "labour_status")[:, :, 0]
    assert np.allclose(table(whole, "occupation").sum(axis=2), employed)
    assert np.allclose(table(whole, "industry").sum(axis=2), employed)
    assert np.allclose(table(whole, "worker_class").sum(axis=2), employed)
    assert np.allclose(whole["work_mode"].sum(axis=1), employed.sum(axis=1))
    assert np.allclose(whole["employment_status"].sum(axis=1), employed.sum(axis=1))
    yes = table_domain("employment").levels_of("works").index("yes")
    assert np.allclose(table(whole, "employment")[..., yes].sum(axis=2), employed)
    alone = table_domain("household").levels_of("household").index("one_person")
    assert np.allclose(whole["living_alone"].sum(axis=1), whole["household"][:, alone])


def test_what_one_prefecture_rounds_up_the_others_round_down(rounded):
    _, whole, exact = rounded
    for name in national_tables():
        nation = np.abs((whole[name] - exact[name]).sum(axis=0))
        # 47 roundings on their own would be two people off in a cell, and six in the worst.
        assert nation.max() < 4, name
        assert nation.mean() < 0.9, name
        assert np.abs(whole[name] - exact[name]).max() < 3, name
