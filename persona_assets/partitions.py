"""The 47 prefectures: key, JIS code, names, region, area, and Dagster's partitions over them."""

import csv
from dataclasses import dataclass
from functools import cache
from typing import Final

from persona_assets.errors import PersonaAssetsError
from persona_assets.storage.paths import reference_dir

PREFECTURE_COUNT: Final = 47


@dataclass(frozen=True, slots=True)
class Prefecture:
    """One prefecture. `key` is the partition key, `code` the JIS X 0401 code."""

    code: str
    key: str
    name: str
    region: str
    area: str


class UnknownPrefectureError(PersonaAssetsError):
    """A prefecture that is not one of the 47."""


@cache
def prefectures() -> dict[str, Prefecture]:
    """Return the 47 prefectures by key, in JIS order."""
    path = reference_dir() / "geography" / "prefectures.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["key"]: Prefecture(**row) for row in csv.DictReader(file)}


def prefecture(key: str) -> Prefecture:
    """Return one prefecture by its key.

    Raises:
        UnknownPrefectureError: the key is none of the 47; the nearest ones are named.
    """
    found = prefectures().get(key)
    if found is None:
        # difflib is only needed when something went wrong
        from difflib import get_close_matches

        near = get_close_matches(key.lower(), prefectures(), n=3, cutoff=0.5)
        hint = (
            f"did you mean {' or '.join(near)}?"
            if near
            else f"use one of {', '.join(prefectures())}"
        )
        raise UnknownPrefectureError(f"unknown prefecture '{key}': {hint}")
    return found
