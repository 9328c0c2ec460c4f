"""The five traits: T scores with their published correlations and relations to age and sex.

Belongs here: the draw of openness, conscientiousness, extraversion, agreeableness, neuroticism.
The figures are re-tabulated in `lifestyle/trait_means` and `lifestyle/trait_correlations`.
"""

from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from scipy.special import ndtri

from persona_assets.people.reference import life_table
from persona_assets.raking import FloatArray
from persona_assets.storage.paths import reference_dir

TRAITS: Final = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")

LOWEST, HIGHEST = 20, 80
# With fewer people chance correlations are too large to be taken out.
_CORRECTED_FROM: Final = 50


def draw_traits(
    people: pl.DataFrame, rng: np.random.Generator, reference: Path | None = None
) -> pl.DataFrame:
    """Draw the five traits as T scores.

    Over the nation's adults each has mean 50 and standard deviation 10, and they correlate as
    published. Within a sex and age they are jointly normal. Each trait takes one value from each
    of as many strata as there are people, and chance correlations between the traits are taken
    out (Iman & Conover 1982), so that few people stand well for many.

    Args:
        people: One row per person: sex, age_group (codes).
        rng: Decides who gets which values.
        reference: The folder `data/reference`; by default the one that ships.

    Returns:
        One Int64 column per trait, within 20-80, in the order of `people`.
    """
    means, deviations, correlations = _norms(reference or reference_dir())
    size = people.height
    strata = ndtri((np.arange(size) + rng.random(size)) / max(size, 1))
    scores = np.stack([strata[rng.permutation(size)] for _ in TRAITS])
    if size >= _CORRECTED_FROM:
        by_chance = np.linalg.inv(np.linalg.cholesky(np.corrcoef(scores)))
        scores = _combine(np.asarray(by_chance, dtype=np.float64), scores)
    scores = _combine(np.asarray(np.linalg.cholesky(correlations), dtype=np.float64), scores)
    own = people.select("sex", "age_group").join(
        means, on=["sex", "age_group"], how="left", maintain_order="left"
    )
    columns = {}
    for place, trait in enumerate(TRAITS):
        # Sums of strata are no strata: only the ranks are kept, and filled with strata again.
        values = np.empty(size)
        values[np.argsort(scores[place], kind="stable")] = strata
        t_scores = own[trait].to_numpy() + deviations[place] * values
        columns[trait] = np.clip(np.rint(t_scores), LOWEST, HIGHEST).astype(np.int64)
    return pl.DataFrame(columns)


def _combine(matrix: FloatArray, rows: FloatArray) -> FloatArray:
    """Return the lower triangular matrix times the rows, added up in a fixed order.

    Not a call of the linear algebra library: its order of addition differs between machines.
    """
    combined = np.zeros_like(rows)
    for place in range(len(rows)):
        for other in range(place + 1):
            combined[place] += matrix[place, other] * rows[other]
    return combined


@cache
def _norms(reference: Path) -> tuple[pl.DataFrame, FloatArray, FloatArray]:
    """Return mean T scores by sex and age, the deviations and the correlations within one."""
    means = life_table(reference, "trait_means").pivot(
        on="trait", index=["sex", "age_group"], values="mean"
    )
    within = np.eye(len(TRAITS))
    for first, second, value in (
        life_table(reference, "trait_correlations").select("first", "second", "within").iter_rows()
    ):
        j, k = TRAITS.index(first), TRAITS.index(second)
        within[j, k] = within[k, j] = value
    deviations = np.sqrt(np.diag(within))
    return means, 10 * deviations, within / np.outer(deviations, deviations)
