"""How tables of households and employment status are taken from the collected figures."""

from pathlib import Path

import polars as pl
import pytest

from tools.retabulate import census

MEMBERS = "census/household_members_by_family_type_prefecture_2020.csv"
KINDS = "census/household_kind_prefecture_2020.csv"
DETAIL = "census/labour_detail_prefecture_total_2020_ssds.csv"

# What the carrier has of a prefecture, in its order.
FAMILY_TYPES = {
    "総数": 1_000, "親族のみの世帯": 780, "核家族世帯": 650, "うち夫婦のみの世帯": 200,
    "うち夫婦と子供から成る世帯": 400, "核家族以外の世帯": 130, "非親族を含む世帯": 20,
    "単独世帯": 190, "世帯の家族類型「不詳」": 10, "（再掲）3世代世帯": 90,
    "（再掲）65歳以上の単独世帯": 60,
}  # fmt: skip


def write(folder: Path, name: str, column: str, figures: dict[str, int]) -> Path:
    """Write the same figures for every prefecture."""
    rows = [
        (f"{place:02d}", key, label, count)
        for place, key in enumerate(census.PREFECTURE_KEYS, start=1)
        for label, count in figures.items()
    ]
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = ["prefecture_code", "prefecture", column, "count"]
    pl.DataFrame(rows, schema=columns, orient="row").write_csv(path)
    return folder


def family_types(folder: Path, **changes: int) -> Path:
    return write(folder, MEMBERS, "family_type_ja", {**FAMILY_TYPES, **changes})


def test_single_parents_are_nuclear_families_without_couples(tmp_path):
    made = census._by_family_type(MEMBERS)(family_types(tmp_path))
    assert made.filter(prefecture="tottori").select("household", "count").rows() == [
        ("total", 1_000), ("couple_only", 200), ("couple_with_children", 400),
        ("single_parent", 50), ("other_relatives", 130), ("non_relatives", 20),
        ("one_person", 190),
    ]  # fmt: skip
    assert made["prefecture"].unique(maintain_order=True).to_list() == list(census.PREFECTURE_KEYS)


def test_people_living_alone_are_all_and_those_of_65_or_more(tmp_path):
    made = census._living_alone(family_types(tmp_path))
    assert made.filter(prefecture="okinawa").rows() == [
        ("okinawa", "all", 190), ("okinawa", "65+", 60),
    ]  # fmt: skip


def test_family_types_that_do_not_add_up_are_refused(tmp_path):
    folder = family_types(tmp_path, 単独世帯=191)
    with pytest.raises(
        census.CensusInputError, match=rf"{MEMBERS}: the family types of hokkaido .* differ by \+1"
    ):
        census._by_family_type(MEMBERS)(folder)


def test_a_label_that_is_not_there_is_named_with_its_prefectures(tmp_path):
    figures = {label: n for label, n in FAMILY_TYPES.items() if "65歳以上" not in label}
    folder = write(tmp_path, MEMBERS, "family_type_ja", figures)
    with pytest.raises(
        census.CensusInputError,
        match=r"'family_type_ja' must have .*: \{'（再掲）65歳以上の単独世帯': 0",
    ):
        census._living_alone(folder)


def test_a_label_that_is_there_twice_is_refused(tmp_path):
    folder = family_types(tmp_path)
    path = folder / MEMBERS
    path.write_text(path.read_text(encoding="utf-8") + "31,鳥取県,単独世帯,9\n", encoding="utf-8")
    with pytest.raises(census.CensusInputError, match="once for each of 47 prefectures; 95 rows"):
        census._living_alone(folder)


def test_kinds_of_households_whose_labels_shifted_again_are_refused(tmp_path):
    """The labels are wrong in the file, so only the sums tell which row is which."""
    figures = {label: n for n, label in enumerate(census.HOUSEHOLD_KIND, start=1)}
    folder = write(tmp_path, KINDS, "item_ja", figures)
    with pytest.raises(
        census.CensusInputError,
        match=r"must add up to .*'institution': 2983104.*find the rows anew",
    ):
        census._household_kinds(folder)


def test_items_are_taken_by_code(tmp_path):
    folder = write(tmp_path, DETAIL, "ssds_code", {"F2401": 9, **dict.fromkeys(
        census.EMPLOYMENT_DETAIL, 3)})  # fmt: skip
    made = census._items(census.EMPLOYMENT_DETAIL)(folder)
    assert made.height == 47 * 7
    assert set(made["count"]) == {3}
    with pytest.raises(census.CensusInputError, match=r"'ssds_code' must have .*'F1103': 0"):
        census._items(census.LABOUR_DETAIL)(folder)
