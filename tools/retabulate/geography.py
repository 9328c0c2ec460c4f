"""Prefectures and municipalities: names, people, and the shapes of ages and work within them."""

from pathlib import Path

import polars as pl

from tools.retabulate.census import (
    EMPLOYED_IMPUTED,
    MEN,
    STATISTICS_BUREAU,
    WOMEN,
    CensusInputError,
    Table,
    _key,
    _read,
    _totals,
    write_tables,
)

AGES = (*(f"{age}-{age + 4}" for age in range(15, 85, 5)), "85+")
SEXES = ("male", "female")
# Two towns became cities within their borders and got new codes; older files have the old ones.
NEW_CODES = {"40305": "40231", "04423": "04216"}
WORK = "census/municipality_labour_industry_occupation_2020_imputed.csv"


def write(input_dir: Path, out_dir: Path) -> None:
    """Write geography/ with its `sources.yaml`.

    Args:
        input_dir: The folder with `census/` and `lifestyle/` of the tidy figures.
        out_dir: The folder `data/reference`.

    Raises:
        CensusInputError: an input lacks a municipality or does not add up as it should.
    """
    write_tables(TABLES, input_dir, out_dir)


def _prefectures(input_dir: Path) -> pl.DataFrame:
    return _read(input_dir, "lifestyle/prefecture_regions.csv").select(
        pl.col("pref_code").alias("code"),
        _key("pref_code").alias("key"),
        pl.col("prefecture").alias("name"),
        pl.col("region8").alias("region"),
        pl.col("area_east_west").alias("area"),
    )


def _municipalities(input_dir: Path) -> pl.DataFrame:
    columns = {
        "A110101_総人口（男）": "male",
        "A110102_総人口（女）": "female",
        "A1301_15歳未満人口": "age_0_14",
        "A1302_15～64歳人口": "age_15_64",
        "A1303_65歳以上人口": "age_65_plus",
    }
    table = _read(input_dir, "census/municipality_ssdse_a_2026_columns_of_2020.csv")
    figures = [
        # A dash, or nothing, is nobody: Futaba was still evacuated.
        pl.col(source).str.replace("-", "0").fill_null("0").cast(pl.Int64).alias(name)
        for source, name in columns.items()
    ]
    code = pl.col("area_code").str.slice(1)
    return table.with_columns(code.str.slice(0, 2).alias("prefecture_code")).select(
        _key(), code.alias("code"), pl.col("municipality").alias("name"), *figures
    )


def _municipality_ages(input_dir: Path) -> pl.DataFrame:
    """Residents by age: the newest figures there are of each municipality.

    Where few or none lived in 2015 (evacuated after the accident of 2011), the ages of that year
    say nothing of those of 2020, and the census of 2010 stands in.
    """
    residents = _municipalities(input_dir).select(
        "code", (pl.col("male") + pl.col("female")).alias("residents")
    )
    ipss = "census/municipality_sex_age5_ipss2018_2015_2045.csv"
    census = "census/municipality_sex_age5_census_1980_2015.csv"
    candidates = [
        _ages_of(input_dir, ipss, "2020", "projection_2020"),
        _ages_of(input_dir, census, "2015", "census_2015"),
        _ages_of(input_dir, census, "2010", "census_2010"),
    ]
    everyone = pl.sum_horizontal(AGES).sum().over("code")
    enough = [
        table.with_columns(everyone.alias("people"))
        .join(residents, on="code", how="inner", maintain_order="left")
        .filter(2 * pl.col("people") > pl.col("residents"))
        for table in candidates
    ]
    chosen = (
        pl.concat(enough)
        .unique(["code", "sex"], keep="first", maintain_order=True)
        .sort("code", pl.col("sex").cast(pl.Enum(SEXES)))
        .select("code", "sex", *AGES, "basis")
    )
    expected = [(code, sex) for code in sorted(residents["code"]) for sex in SEXES]
    if chosen.select("code", "sex").rows() != expected:
        missing = sorted(set(expected) - set(chosen.select("code", "sex").iter_rows()))
        raise CensusInputError(f"{ipss} and {census} lack {missing}: find their former codes")
    return chosen


def _ages_of(input_dir: Path, name: str, year: str, basis: str) -> pl.DataFrame:
    """Return one year of a file of municipalities, a column for each age group."""
    # Both files end in two groups from 85 on, which the census leaves without an upper age.
    lower = pl.col("age_lower").cast(pl.Int64)
    table = (
        _read(input_dir, name)
        .filter(pl.col("age_upper").fill_null("") != "unknown", lower >= 15)
        .select(
            pl.col("area_code").replace(NEW_CODES).alias("code"),
            "sex",
            pl.when(lower >= 85)
            .then(pl.lit("85+"))
            .otherwise(pl.col("age_lower") + "-" + pl.col("age_upper"))
            .alias("age_group"),
            pl.col(year).cast(pl.Int64).alias("people"),
        )
    )
    return table.pivot(
        on="age_group", index=["code", "sex"], values="people", aggregate_function="sum"
    ).select("code", "sex", *AGES, pl.lit(basis).alias("basis"))


def _municipality_work(input_dir: Path) -> pl.DataFrame:
    """Labour force by sex, and workers by industry and by occupation."""
    table = _read(input_dir, WORK)
    headings = [column for column in table.columns if column[1:2] == "."]
    industries = [column for column in headings if not column.endswith("従事者")]
    occupations = [column for column in headings if column.endswith("従事者")]
    names = {
        "male_labour_force": "labour_force_male",
        "female_labour_force": "labour_force_female",
        "15歳以上就業者数": "employed",
        **{column: f"industry_{column[0]}" for column in industries},
        **{column: f"occupation_{column[0]}" for column in occupations},
    }
    figures = list(names.values())
    # Nothing is nobody, as among the municipalities.
    table = table.select(
        "prefecture_code",
        "area_kind",
        pl.col("area_code").alias("code"),
        *(
            pl.col(column).fill_null("0").cast(pl.Int64).alias(name)
            for column, name in names.items()
        ),
    )
    codes = _municipalities(input_dir)["code"]
    chosen = table.filter(pl.col("code").is_in(codes.implode()))
    if sorted(chosen["code"]) != sorted(codes):
        raise CensusInputError(f"{WORK} lacks {sorted(set(codes) - set(chosen['code']))}")
    _check_work(chosen, table.filter(pl.col("area_kind") == "a"), figures)
    return chosen.sort("code").select("code", *figures)


def _check_work(chosen: pl.DataFrame, whole: pl.DataFrame, figures: list[str]) -> None:
    """Raise unless groups add up to the employed, and municipalities to their prefecture."""
    for axis in ("industry", "occupation"):
        parts = pl.sum_horizontal(name for name in figures if name.startswith(f"{axis}_"))
        off = chosen.filter(parts != pl.col("employed"))
        if off.height:
            raise CensusInputError(f"{WORK}: {axis} of {off['code'].to_list()} is not the employed")
    sums = chosen.group_by("prefecture_code", maintain_order=True).agg(pl.col(figures).sum())
    published = whole.filter(pl.col("prefecture_code") != "00").sort("prefecture_code")
    if not sums.sort("prefecture_code").equals(published.select("prefecture_code", *figures)):
        raise CensusInputError(f"{WORK}: municipalities do not add up to their prefectures")


TABLES = (
    Table(
        "geography/prefectures", _prefectures, "都道府県，地方，東日本・西日本", None,
        "Keys are the romanised names. Eight regions by convention; east and west as Nemotron-"
        "Personas-Japan divides them where observed.",
        survey="JIS X 0401", year=2020, series=None, universe="47 prefectures", kind="assumed",
        publisher="persona-assets", licence="Apache-2.0", url="https://www.jisc.go.jp/",
    ),
    Table(
        "geography/municipalities", _municipalities, "市区町村別人口（SSDSE-A-2026の2020年値）",
        "SSDSE-A-2026",
        "Sex and three age groups of the census of 2020; designated cities whole, Tokyo's special "
        "wards apart.",
        survey="国勢調査", publisher="独立行政法人統計センター",
        licence="出典：独立行政法人 統計センター SSDSE-A-2026 を加工して作成",
        url="https://www.nstac.go.jp/use/literacy/SSDSE/",
        totals=[*_totals(({}, MEN), column="male"), *_totals(({}, WOMEN), column="female")],
    ),
    Table(
        "geography/municipality_ages", _municipality_ages,
        "男女，年齢（5歳階級），市区町村別人口の形（2020年値への当てはめ用）", None,
        "NOT figures of 2020: shapes for a fit to the totals of 2020. Basis 'projection_2020': "
        "the year 2020 of the projection of 2018, made from the census of 2015; it has no "
        "municipality of Fukushima. Basis 'census_2015': that census, of Fukushima. Basis "
        "'census_2010': where the census of 2015 counted at most half as many people of 15 or "
        "more as all residents of 2020, since the area was evacuated. Unknown ages left out; two "
        "former codes replaced; municipalities as in geography/municipalities.",
        survey="日本の地域別将来推計人口（平成30(2018)年推計）; 国勢調査", year="2010-2020",
        publisher=f"国立社会保障・人口問題研究所; {STATISTICS_BUREAU}",
        licence="出典：国立社会保障・人口問題研究所「日本の地域別将来推計人口（平成30年推計）」、"
        "総務省統計局「国勢調査」（政府統計の総合窓口（e-Stat））を加工して作成",
        url="https://www.ipss.go.jp/", kind="modelled", series=None,
        universe="residents aged 15 or more",
    ),
    Table(
        "geography/municipality_work", _municipality_work,
        "都道府県・市区町村別の主な結果（労働力人口，産業・職業大分類，不詳補完値）", "000032143614",
        "Labour force by sex, employed people by industry and by occupation, both sexes; imputed "
        "by the publisher, no unclassifiable group. Adds up to every prefecture. Municipalities "
        "as in geography/municipalities; nothing printed (Futaba) is nobody.",
        series="imputed", universe="residents aged 15 or more",
        totals=_totals(({}, EMPLOYED_IMPUTED), column="employed"),
    ),
)  # fmt: skip
