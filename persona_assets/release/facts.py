"""What a release says about itself: the facts that the card and the report print.

Only plain values belong here. How they are gathered is the assets' work, how they are shown the
card's and the report's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from persona_assets.census.origins import API_CREDIT
from persona_assets.partitions import PREFECTURE_COUNT

DATA_LICENCE: Final = "CC BY 4.0"
DATA_LICENCE_ID: Final = "cc-by-4.0"
DATA_LICENCE_URL: Final = "https://creativecommons.org/licenses/by/4.0/"


# The wordings that e-Stat's terms of use ask for. The second one belongs only where a release was
# made from answers of e-Stat's API; saying it of files that were downloaded would be untrue.
ESTAT_CREDIT: Final = "政府統計の総合窓口（e-Stat）の統計表を加工して作成"
ESTAT_API_CREDIT: Final = API_CREDIT

# How a source's figures came to be, from `sources.yaml`: label and its English.
SOURCE_KINDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "official": ("公表値", "as published"),
        "derived": ("加工値", "derived from published figures"),
        "modelled": ("推計値", "modelled by others"),
        "assumed": ("仮定値", "assumed by this project"),
    }
)


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """One release in figures and names.

    Attributes:
        name: The dataset's name, such as `personas-japan`.
        version: Its version, `major.minor.patch`.
        size: Released people.
        prefectures: Japanese names of the prefectures included, in JIS order.
        seed: The recipe's seed.
        fingerprint: The recipe's fingerprint.
        backend: What wrote the texts: the rule-based writer or a language model's endpoint.
        model: The language model's name; not shown when the backend is `offline`.
        prompt_hashes: Hashes of the prompts by step; several where prefectures differ.
        package_version: Version of persona-assets that made the release.
        sources: One mapping per table with `key`, `title`, `table_id`, `survey`, `year`,
            `publisher`, `licence` and `kind`; other keys are ignored.
        quarantined: People who were drawn and not released because a check objected.
        full_names: How many different full names, as written, the released people have.
        name_diversity: The recipe's `names.diversity`.
        estat_api: Whether e-Stat's API answered for any table of this release.
    """

    name: str
    version: str
    size: int
    prefectures: tuple[str, ...]
    seed: int
    fingerprint: str
    backend: Literal["offline", "openai"]
    model: str
    prompt_hashes: Mapping[str, Sequence[str]]
    package_version: str
    sources: tuple[Mapping[str, Any], ...]
    quarantined: int
    full_names: int
    name_diversity: float
    estat_api: bool = False

    @property
    def is_offline(self) -> bool:
        """Whether no language model took part."""
        return self.backend == "offline"

    @property
    def covers_japan(self) -> bool:
        """Whether all 47 prefectures are included."""
        return len(self.prefectures) == PREFECTURE_COUNT

    @property
    def title(self) -> str:
        """The name for people: `personas-japan` becomes `Personas Japan`."""
        return " ".join(word.capitalize() for word in self.name.split("-"))
