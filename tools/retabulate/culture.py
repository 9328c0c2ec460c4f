"""Figures that tell what times and places were like: work on leaving school, schooling, snow."""

from pathlib import Path

import polars as pl

from tools.retabulate.census import STATISTICS_BUREAU, Table, _key, _read, write_tables

# Figures that were copied by hand from a carrier of the statistics: not part of the collection.
TRANSCRIBED = Path(__file__).parent / "transcribed"

SCHOOLS = {"hs_no_corr": "upper_secondary", "univ_jr": "college"}
LAST_YEAR = "2020"
SSDS_LICENCE = (
    "政府統計の総合窓口（e-Stat）利用規約（CC BY 4.0 互換）; "
    "出典：総務省統計局「社会・人口統計体系」を加工して作成"
)


def write(input_dir: Path, out_dir: Path) -> None:
    """Write culture/ with its `sources.yaml`.

    Args:
        input_dir: The folder with `shapes/` of the tidy figures.
        out_dir: The folder `data/reference`.
    """
    write_tables(TABLES, input_dir, out_dir)


def _job_openings(_: Path) -> pl.DataFrame:
    table = _read(TRANSCRIBED, "job_openings_ratio_prefecture_1975_2020.csv")
    return table.select(_key(), "year", "ratio")


def _advancement(input_dir: Path) -> pl.DataFrame:
    table = _read(input_dir, "shapes/school_advancement_rates_sex_1950_2023.csv")
    return table.filter(
        pl.col("measure").is_in(list(SCHOOLS)), pl.col("year") <= LAST_YEAR
    ).select("year", "sex", pl.col("measure").replace_strict(SCHOOLS).alias("school"),
             pl.col("rate").alias("share"))  # fmt: skip


def _snow(_: Path) -> pl.DataFrame:
    """The mean of the years, in whole days."""
    table = _read(TRANSCRIBED, "snow_days_prefecture_2014_2018.csv")
    days = pl.col("days").cast(pl.Float64).mean().round(0).cast(pl.Int64).alias("snow_days")
    return table.group_by(_key(), maintain_order=True).agg(days)


TABLES = (
    Table(
        "culture/job_openings", _job_openings, "都道府県別有効求人倍率（一般）", "0000010206",
        "Item #F03103 of the System of Social and Demographic Statistics: general job openings "
        "per general applicant by fiscal year and prefecture of the employment office. Copied by "
        "hand from a carrier; the ranks of 1975, 1980 and 1984 agree with the carrier's. New "
        "graduates are not in it.",
        survey="職業安定業務統計（社会・人口統計体系）", year="1975-2020",
        publisher=f"厚生労働省; {STATISTICS_BUREAU}", licence=SSDS_LICENCE, series=None,
        universe="job openings and applicants at public employment offices",
    ),
    Table(
        "culture/advancement", _advancement, "男女別進学率（高等学校；大学・短期大学）", "0003147040",
        "Rates of the nation by year of entry. Upper secondary: of those who left lower secondary "
        "that spring, without correspondence courses. College: entrants to universities and junior "
        "colleges, whenever they left school, per leaver of lower secondary three years before; "
        "to 2016.",
        survey="学校基本調査", year="1950-2020", publisher="文部科学省", series=None,
        universe="school leavers",
    ),
    Table(
        "culture/snow", _snow, "都道府県庁所在市の雪日数（2014-2018年平均）", "0000010102",
        "Item B4107: days with snowfall, sleet included, at the station of the prefectural "
        "capital; the mean of five years, in whole days.",
        survey="気象庁年報（社会・人口統計体系）", year="2014-2018",
        publisher=f"気象庁; {STATISTICS_BUREAU}", licence=SSDS_LICENCE, kind="derived",
        series=None, universe="47 stations",
    ),
)  # fmt: skip
