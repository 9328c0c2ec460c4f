"""The release's card: a README that the Hugging Face Hub and people read, in both languages."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import yaml

from persona_assets.joint.report import VARIABLE_NAMES
from persona_assets.joint.uncertainty import relations_markdown
from persona_assets.pages import environment
from persona_assets.people.names import given_away
from persona_assets.release import facts as wording
from persona_assets.release.columns import DEFAULT
from persona_assets.release.facts import ReleaseFacts
from persona_assets.release.fit import margin_fits

# The Hub's classes of size: upper bound, name.
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
LARGEST = "1M<n<10M"


def render_card(
    facts: ReleaseFacts, fits: pl.DataFrame, fields: Sequence[tuple[str, str, str, str]]
) -> str:
    """Render the card.

    Args:
        facts: The release's names and figures.
        fits: The fit table; see `fit.margin_fits`.
        fields: Column, type, Japanese and English of every column, the default ones first.

    Returns:
        Markdown with a YAML header that `datasets.load_dataset` reads the configurations from.

    Raises:
        FitTableError: the fit table cannot be shown.
    """
    header = yaml.safe_dump(_header(facts), allow_unicode=True, sort_keys=False)
    template = environment("persona_assets.release", escape=False).get_template("card.md.jinja")
    return template.render(
        header=header,
        facts=facts,
        wording=wording,
        given_away=given_away(facts.name_diversity),
        margins=margin_fits(fits),
        fields=[tuple(_cell(part) for part in field) for field in fields],
        default_columns=len(DEFAULT),
        relations=relations_markdown(
            names={variable: f"{ja} {en}" for variable, (ja, en) in VARIABLE_NAMES.items()}
        ),
        sources=[_source(source) for source in facts.sources],
    )


def _header(facts: ReleaseFacts) -> dict[str, Any]:
    size = next((name for bound, name in SIZES if facts.size < bound), LARGEST)
    return {
        "license": wording.DATA_LICENCE_ID,
        "language": ["ja"],
        "pretty_name": facts.title,
        "task_categories": ["text-generation"],
        "size_categories": [size],
        "tags": ["synthetic", "personas", "japan", "census"],
        "configs": [
            {"config_name": "default", "data_files": "data/*.parquet", "default": True},
            {"config_name": "extended", "data_files": "extended/*.parquet"},
        ],
    }


def _source(source: Mapping[str, Any]) -> dict[str, str]:
    ids = source.get("table_id") or "-"
    label, english = wording.SOURCE_KINDS[str(source["kind"])]
    return {
        "title": _cell(source["title"]),
        "survey": _cell(f"{source['survey']}, {source['year']}"),
        "table_id": _cell(ids if isinstance(ids, str) else ", ".join(ids)),
        "publisher": _cell(source["publisher"]),
        "kind": f"{label} / {english}",
        "licence": _cell(source["licence"]),
    }


def _cell(value: object) -> str:
    """Keep a value from breaking its table row."""
    return str(value).replace("|", "\\|").replace("\n", " ")
