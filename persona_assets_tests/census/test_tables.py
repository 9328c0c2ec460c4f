import shutil

import pytest

from persona_assets.census.tables import TableError, load_sources, load_table
from persona_assets.storage.paths import reference_dir

KEYS = sorted(load_sources(reference_dir()))


@pytest.mark.parametrize("key", KEYS)
def test_table_is_what_was_published(key, reference):
    assert load_table(key, reference).height == load_sources(reference)[key].rows


def test_totals_of_2020(tables):
    population = tables["population_by_age"]
    assert population["count"].sum() == 126_146_099
    by_sex = dict(population.group_by("sex").agg(count=population["count"].sum()).iter_rows())
    assert set(by_sex) == {"male", "female"}
    assert tables["employed_by_age"]["count"].sum() == 57_643_225
    assert tables["occupation_imputed"]["count"].sum() == 65_468_436


def test_every_file_has_a_source_and_the_folder_is_small(reference):
    files = {str(p.relative_to(reference).with_suffix("")) for p in reference.rglob("*.csv")}
    assert files == set(KEYS) | (files & {"occupations/class_industries"})
    assert sum(p.stat().st_size for p in reference.rglob("*") if p.is_file()) < 15e6


def test_one_changed_figure_is_found(tmp_path, reference):
    copy = tmp_path / "reference"
    shutil.copytree(reference, copy)
    path = copy / "census" / "population_by_age.csv"
    text = path.read_text(encoding="utf-8")
    first = text.splitlines()[1]
    changed = first.rsplit(",", 1)[0] + "," + str(int(first.rsplit(",", 1)[1]) + 1)
    path.write_text(text.replace(first, changed, 1), encoding="utf-8")
    with pytest.raises(TableError, match=r"population_by_age.csv.*126,146,099.*\+1"):
        load_table("census/population_by_age", copy)
