"""How well a person uses computers and the internet.

Belongs here: the draw of `digital_skill`. Who uses the internet at all follows the official rates
of the prefecture and age (`lifestyle/internet_use`); how users divide into three levels is assumed
by age and anchored in a survey of adults' skills (`lifestyle/skill_of_users`).
"""

from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtri

from persona_assets import levels
from persona_assets.people.even import even
from persona_assets.people.reference import life_table
from persona_assets.raking import FloatArray, IntArray
from persona_assets.storage.paths import reference_dir

# ASSUMED: nobody works in these major groups (managers, professionals, clerks) without any use.
_DESK: Final = ("A", "B", "C")
# ASSUMED: who makes or runs computer systems uses them every day at least.
_COMPUTING: Final = (
    "システムコンサルタント・設計者",
    "ソフトウェア作成者",
    "その他の情報処理・通信技術者",
)

_LEVELS: Final = tuple(levels.DIGITAL_SKILL)
_NONE, _BASIC, _EVERYDAY = 0, 1, 2


def draw_digital_skill(
    people: pl.DataFrame, rng: np.random.Generator, reference: Path | None = None
) -> pl.DataFrame:
    """Draw each person's digital skill.

    Args:
        people: One row per person: prefecture, age_group, education, occupation, occupation_class
            (codes, null without work).
        rng: Decides who of the same age and schooling is more skilled.
        reference: The folder `data/reference`; by default the one that ships.

    Returns:
        `digital_skill`, codes of `levels.DIGITAL_SKILL`, in the order of `people`.
    """
    reference = reference or reference_dir()
    moves = life_table(reference, "skill_by_schooling")
    own = (
        people.select("prefecture", "age_group", "education")
        .join(
            _thresholds(reference),
            on=["prefecture", "age_group"],
            how="left",
            maintain_order="left",
        )
        .join(moves, on=["age_group", "education"], how="left", maintain_order="left")
        # Pupils and students have no row: they stand in the middle of their age.
        .with_columns(pl.col("moved").fill_null(0), pl.col("left").fill_null(1))
    )
    size = people.height
    alike = (people[column].rank("dense").to_numpy() for column in ("education", "age_group"))
    chance = ndtri(even(np.lexsort((rng.random(size), *alike)), rng))
    skill = own["moved"].to_numpy() + own["left"].to_numpy() * chance
    level: IntArray = np.zeros(size, dtype=np.int64)
    for threshold in _LEVELS[:-1]:
        level += skill > own[threshold].to_numpy()
    desk = people["occupation"].is_in(_DESK).fill_null(value=False).to_numpy()
    _swap(level, skill, desk, people["age_group"])
    computing = people["occupation_class"].is_in(_COMPUTING).fill_null(value=False).to_numpy()
    level = np.where(computing, np.maximum(level, _EVERYDAY), level)
    return pl.DataFrame({"digital_skill": pl.Series(_LEVELS, dtype=pl.String)[level]})


def _swap(level: IntArray, skill: FloatArray, desk: npt.NDArray[np.bool_], ages: pl.Series) -> None:
    """Let desk workers without any use change places with the least skilled users of their age.

    So the share of users at each age stays as it was. Changes `level` in place.
    """
    group = ages.rank("dense").to_numpy()
    without = np.flatnonzero(desk & (level == _NONE))
    others = np.flatnonzero(~desk & (level == _BASIC))
    others = others[np.lexsort((skill[others], group[others]))]
    starts = np.searchsorted(group[others], group[without], side="left")
    ends = np.searchsorted(group[others], group[without], side="right")
    order = np.argsort(group[without], kind="stable")
    firsts = np.searchsorted(group[without][order], group[without][order], side="left")
    place = starts[order] + np.arange(len(order)) - firsts
    level[without] = _BASIC
    level[others[place[place < ends[order]]]] = _NONE


@cache
def _thresholds(reference: Path) -> pl.DataFrame:
    """Return, by prefecture and age, the standard scores above which the next level begins."""
    users = life_table(reference, "skill_of_users").pivot(
        on="level", index="age_group", values="share"
    )
    table = life_table(reference, "internet_use").join(
        users, on="age_group", how="left", maintain_order="left"
    )
    rate = table["rate"].to_numpy()
    upto = {
        "none": 1 - rate,
        "basic": 1 - rate * (1 - table["basic"].to_numpy()),
        "everyday": 1 - rate * table["advanced"].to_numpy(),
    }
    scores = {name: pl.Series(ndtri(share)) for name, share in upto.items()}
    return table.select("prefecture", "age_group").with_columns(**scores)
