"""How near a release is to the official figures, as the card and the report tell it.

Arithmetic on the fit table belongs here. Measuring the released rows belongs in `quality`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import polars as pl

from persona_assets.errors import PersonaAssetsError

FIT_COLUMNS: Final = (
    "margin",
    "level",
    "label",
    "official",
    "released",
    "difference_pp",
    "allowed_pp",
)

# Title of each margin: Japanese, English. Their order is the order in which they are shown.
MARGIN_TITLES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "prefecture": ("都道府県", "Prefecture"),
        "sex": ("男女", "Sex"),
        "age_group": ("年齢階級", "Age group"),
        "marital": ("配偶関係", "Marital status"),
        "household": ("世帯の家族類型", "Household"),
        "education": ("学歴", "Education"),
        "education_detail": ("学歴（専門学校・高専を分けた区分）", "Education in finer levels"),
        "school": ("在学者の学校", "School of those enrolled"),
        "labour_status": ("労働力状態", "Labour status"),
        "work_mode": ("就業の状態（就業者）", "How workers work"),
        "employment_status": ("従業上の地位（就業者）", "Employment status of workers"),
        "occupation": ("職業大分類（就業者）", "Occupation of workers"),
        "industry": ("産業大分類（就業者）", "Industry of workers"),
    }
)

# Differences and allowances are sums of rounded figures; less than this is no difference.
_TOLERANCE_PP = 1e-9


class FitTableError(PersonaAssetsError):
    """A fit table that cannot be shown; says which column or margin."""


@dataclass(frozen=True, slots=True)
class MarginFit:
    """One margin: its levels with shares in percent, and how far off the worst level is.

    `levels` has `level, label, official, released` (percent of the margin's total),
    `difference_pp` and `allowed_pp` (percentage points, null where nothing is promised).
    """

    margin: str
    title: str
    title_en: str
    levels: pl.DataFrame
    largest_pp: float | None
    largest_label: str
    allowed_pp: float | None
    exceeded: int


def margin_fits(fits: pl.DataFrame) -> list[MarginFit]:
    """Split the fit table into its margins.

    Args:
        fits: `margin, level, label, official, released, difference_pp, allowed_pp`; one row per
            level. `official` and `released` may be counts or shares, in any unit: they are shown
            as shares of their margin's total. The last two are in percentage points.

    Returns:
        The margins, known ones in the order of `MARGIN_TITLES`, then others as they come.

    Raises:
        FitTableError: a column is missing, or a margin has no people.
    """
    missing = [column for column in FIT_COLUMNS if column not in fits.columns]
    if missing:
        raise FitTableError(
            f"reading the fit table, found no column {', '.join(missing)}; "
            f"it needs {', '.join(FIT_COLUMNS)}"
        )
    found: list[str] = fits["margin"].unique(maintain_order=True).to_list()
    known = [margin for margin in MARGIN_TITLES if margin in found]
    return [
        _margin_fit(margin, fits.filter(pl.col("margin") == margin))
        for margin in known + [margin for margin in found if margin not in MARGIN_TITLES]
    ]


def as_shares(fit: pl.DataFrame, name: str = "fit") -> pl.DataFrame:
    """Return the frame with `official` and `released` as percent of their own totals.

    Raises:
        FitTableError: one of the two adds up to nothing.
    """
    for column in ("official", "released"):
        if not fit[column].sum() > 0:
            raise FitTableError(
                f"taking shares of '{name}', found that '{column}' adds up to "
                f"{fit[column].sum()}; give it at least one person"
            )
    counts = pl.col("official", "released")
    return fit.with_columns(counts / counts.sum() * 100)


def _margin_fit(margin: str, rows: pl.DataFrame) -> MarginFit:
    levels = (
        as_shares(rows, margin)
        .select(FIT_COLUMNS[1:])
        .with_columns(pl.col("difference_pp", "allowed_pp").cast(pl.Float64).fill_nan(None))
    )
    off = levels.with_columns(pl.col("difference_pp").abs().alias("off"))
    worst = off.sort("off", descending=True, nulls_last=True, maintain_order=True).row(
        0, named=True
    )
    exceeded = off.filter(pl.col("off") > pl.col("allowed_pp") + _TOLERANCE_PP)
    title, title_en = MARGIN_TITLES.get(margin, (margin, margin))
    return MarginFit(
        margin=margin,
        title=title,
        title_en=title_en,
        levels=levels,
        largest_pp=worst["off"],
        largest_label=worst["label"],
        # the smallest promise of the margin is the one that holds for every level
        allowed_pp=levels.select(pl.col("allowed_pp").min()).item(),
        exceeded=exceeded.height,
    )
