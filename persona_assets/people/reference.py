"""Reading the tables of `lifestyle` that people are drawn from."""

from functools import cache
from pathlib import Path

import polars as pl


@cache
def life_table(reference: Path, name: str) -> pl.DataFrame:
    """Return one table of `data/reference/lifestyle`, nothing as an empty text."""
    return pl.read_csv(reference / "lifestyle" / f"{name}.csv").with_columns(
        pl.col(pl.String).fill_null("")
    )
