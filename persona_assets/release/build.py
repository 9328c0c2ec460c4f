"""Building a release: gates, then data, card, report and manifest in one folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

import persona_assets
from persona_assets.census.origins import SHIPPED
from persona_assets.census.tables import content_hash, load_sources
from persona_assets.joint.distribution import Joint
from persona_assets.joint.fit import figures_version
from persona_assets.partitions import prefectures
from persona_assets.people.fidelity import distances, drawn_margins, fitted_margins
from persona_assets.personas.models import STEPS
from persona_assets.quality.fidelity import GUARANTEED_FROM_SIZE, age_pyramid, margin_fits
from persona_assets.quality.records import rule_counts, without_repeats
from persona_assets.recipe import Recipe
from persona_assets.release.card import render_card
from persona_assets.release.columns import field_table, to_records
from persona_assets.release.facts import ReleaseFacts
from persona_assets.release.report import render_report
from persona_assets.release.writer import ReleaseError, write_release

SAMPLES = 12
LICENCE_TEXT = (
    "This dataset is licensed under Creative Commons Attribution 4.0 International (CC BY 4.0).\n"
    "https://creativecommons.org/licenses/by/4.0/legalcode\n\n"
    "Sources and credits: README.md\n"
)


@dataclass(frozen=True, slots=True)
class Built:
    """What a release came to.

    Attributes:
        folder: Where it is.
        records: How many people it has.
        prefectures: Of how many prefectures.
        fits: `quality.fidelity.margin_fits` of its rows.
        distances: `people.fidelity.distances` of its rows.
    """

    folder: Path
    records: int
    prefectures: int
    fits: pl.DataFrame
    distances: pl.DataFrame


def build_release(
    checked: pl.DataFrame,
    *,
    quarantine: pl.DataFrame,
    findings: pl.DataFrame,
    joints: pl.DataFrame,
    margins: Mapping[str, pl.DataFrame],
    origins: pl.DataFrame,
    recipe: Recipe,
    releases: Path,
    reference_dir: Path,
) -> Built:
    """Release the checked records of all prefectures that were built.

    Who repeats another person's text is left out and counted as quarantined.

    Args:
        checked: Checked records, prefecture after prefecture.
        quarantine: Who did not pass, of the same prefectures.
        findings: What the rules found.
        joints: The joints' frames.
        margins: Every margin as it is now, by name.
        origins: Where the census tables come from (`census.origins`).
        recipe: The recipe that all of them were made from.
        releases: The folder of all versions.
        reference_dir: The figures and word lists that ship.

    Raises:
        ReleaseError: records of different recipes or of other figures meet, too many repeat
            another's text, or a guaranteed margin is missed; nothing is written and `latest` stays
            what it was.
    """
    here = [key for key in prefectures() if key in set(checked["prefecture"].unique())]
    _refuse_mixed_recipes(checked, recipe)
    _refuse_other_figures(checked, margins)
    drawn = checked.height
    checked, repeats = without_repeats(checked)
    _refuse_repeats(repeats, drawn, recipe)
    left_out = quarantine.height + drawn - checked.height
    joint_list = [Joint.from_frame(joints.filter(pl.col("prefecture") == key)) for key in here]
    population = margins["population"]
    fits = margin_fits(checked, population, joint_list, recipe.quality.max_share_difference)
    full = len(here) == len(prefectures())
    if full and recipe.size >= GUARANTEED_FROM_SIZE:
        _refuse_missed_margins(fits)
    far = distances(drawn_margins(checked), fitted_margins(joint_list))
    sources = _sources(origins, reference_dir)
    facts = ReleaseFacts(
        name=recipe.name,
        version=recipe.version,
        size=checked.height,
        prefectures=tuple(prefectures()[key].name for key in here),
        seed=recipe.seed,
        fingerprint=recipe.fingerprint,
        # One recipe, one writer; its prompts may have changed from one prefecture to the next.
        backend=checked["backend"][0],
        model=checked["model"][0],
        prompt_hashes={step: sorted(checked[f"{step}_prompt"].unique()) for step in STEPS},
        package_version=persona_assets.__version__,
        sources=tuple({"key": key, **source} for key, source in sources.items()),
        quarantined=left_out,
        full_names=checked.select(pl.concat_str("surname", "given_name").n_unique()).item(),
        name_diversity=recipe.names.diversity,
        estat_api="api" in origins["door"],
    )
    samples = to_records(checked[:: max(1, checked.height // SAMPLES)][:SAMPLES], "default")
    folder = write_release(
        checked,
        releases=releases,
        version=recipe.version,
        documents={
            "README.md": render_card(facts, fits, field_table()),
            "report.html": render_report(
                facts,
                fits,
                age_pyramid(checked, population),
                samples.to_dicts(),
                rule_counts(findings),
                far,
            ),
            "LICENSE": LICENCE_TEXT,
            # The terms of the name lists ask for their notice wherever the names go.
            "NOTICE.md": (reference_dir / "names" / "NOTICE.md").read_text(encoding="utf-8"),
        },
        lineage={
            "name": recipe.name,
            "version": recipe.version,
            "recipe": json.loads(recipe.model_dump_json()),
            "recipe_fingerprint": recipe.fingerprint,
            "package_version": persona_assets.__version__,
            "prefectures": here,
            "quarantined": left_out,
            "repeated_texts": repeats.height,
            "writer": {"backend": facts.backend, "model": facts.model,
                       "prompts": facts.prompt_hashes},
            "sources": sources,
            "largest_difference_pp": {
                str(margin): float(largest or 0.0)
                for margin, largest in fits.group_by("margin", maintain_order=True)
                .agg(pl.col("difference_pp").abs().max())
                .iter_rows()
            },
            "distances": [
                {"margin": row["margin"], "scope": row["scope"], "cells": row["cells"],
                 "people": row["people"],
                 **{name: round(row[name], 9) for name in ("tvd", "floor", "iid")}}
                for row in far.iter_rows(named=True)
            ],
        },
    )  # fmt: skip
    return Built(folder, checked.height, len(here), fits, far)


def _sources(origins: pl.DataFrame, reference_dir: Path) -> dict[str, dict[str, Any]]:
    """Return where every figure and word comes from, with the hash of its content.

    Census tables are those that the margins were made from: as they ship, or snapshots of e-Stat.
    """
    sources = {
        key: {
            **source.model_dump(include={"title", "table_id", "survey", "year", "publisher",
                                         "licence", "kind"}),
            "door": SHIPPED,
            "sha256": content_hash(key, reference_dir),
        }
        for key, source in load_sources(reference_dir).items()
    }  # fmt: skip
    for origin in origins.filter(pl.col("door") != SHIPPED).iter_rows(named=True):
        sources[f"census/{origin['table']}"] |= {
            "title": origin["title"],
            "table_id": origin["table_id"],
            "door": origin["door"],
            "updated_date": origin["updated_date"],
            "fetched": origin["fetched"],
            "sha256": origin["content_hash"],
        }
    return sources


def _refuse_mixed_recipes(checked: pl.DataFrame, recipe: Recipe) -> None:
    other = checked.filter(pl.col("recipe") != recipe.fingerprint)["prefecture"].unique()
    if len(other):
        order = [key for key in prefectures() if key in set(other)]
        names = ", ".join(order[:5]) + (f" and {len(order) - 5} more" if len(order) > 5 else "")
        raise ReleaseError(
            f"{names} were built from another recipe (size, seed, name or writer differ from "
            f"{recipe.fingerprint}); build them again with this recipe, or go back to the other one"
        )


def _refuse_other_figures(checked: pl.DataFrame, margins: Mapping[str, pl.DataFrame]) -> None:
    """The manifest names the figures in use now, so all people must come from them."""
    found = set(checked.select("prefecture", "figures").unique(maintain_order=True).iter_rows())
    old = {key for key, version in found if version != figures_version(key, margins)}
    other = [key for key in prefectures() if key in old]
    if other:
        names = ", ".join(other[:5]) + (f" and {len(other) - 5} more" if len(other) > 5 else "")
        raise ReleaseError(
            f"{names}: the official figures changed since these people were drawn; build them "
            "again, or pin the figures in the recipe (`persona-assets pin`)"
        )


def _refuse_repeats(repeats: pl.DataFrame, drawn: int, recipe: Recipe) -> None:
    people = repeats["person_id"].n_unique()
    allowed = recipe.quality.max_quarantined_share
    if people > allowed * drawn:
        worst = (
            repeats.group_by("field", "text", maintain_order=True)
            .len()
            .sort("len", "text", descending=True)
            .row(0)
        )
        raise ReleaseError(
            f"{people} of {drawn} people have a text that somebody else has, allowed are "
            f"{allowed:.2%}; the most frequent, in {worst[0]} of {worst[2] + 1} people: "
            f"{worst[1][:80]}"
        )


def _refuse_missed_margins(fits: pl.DataFrame) -> None:
    missed = fits.filter(pl.col("difference_pp").abs() > pl.col("allowed_pp"))
    if missed.height:
        worst = missed.row(0, named=True)
        raise ReleaseError(
            f"the released share of {worst['margin']} {worst['label']} is "
            f"{worst['difference_pp']:+.3f} points off the census, allowed are "
            f"{worst['allowed_pp']}; too many people of it are in quarantine"
        )
