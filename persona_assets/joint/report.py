"""The page of one prefecture's joint: what it was fitted to, how near it is, what hangs together.

One HTML file that needs no network, no script and no other file. Nothing is measured here.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from markupsafe import Markup

from persona_assets import levels
from persona_assets.joint import heldout, uncertainty
from persona_assets.joint.distribution import Joint
from persona_assets.joint.fit import CHAIN_TOLERANCE, TOLERANCE, FitReport, assemble, fit_prefecture
from persona_assets.joint.inputs import Frames, Inputs
from persona_assets.joint.model import MODEL
from persona_assets.joint.plots import (
    Heat,
    error_bars,
    heat_map,
    heat_map_png,
    marital_pyramid,
    marital_pyramid_png,
    stacked_bars,
)
from persona_assets.joint.scores import (
    VARIABLES,
    against_tables,
    beside,
    margin_scores,
    tables_alone,
    without_municipalities,
)
from persona_assets.pages import environment
from persona_assets.partitions import prefectures

# Japanese and English name of each variable.
VARIABLE_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "sex": ("男女", "Sex"),
        "age_group": ("年齢階級", "Age group"),
        "age": ("年齢", "Age"),
        "marital": ("配偶関係", "Marital status"),
        "education": ("学歴", "Education"),
        "education_detail": ("学歴（細）", "Education in detail"),
        "school": ("在学先", "School"),
        "labour_status": ("労働力状態", "Labour status"),
        "work_mode": ("仕事の主従", "Way of working"),
        "employment_status": ("従業上の地位", "Employment status"),
        "occupation": ("職業", "Occupation"),
        "occupation_class": ("職業小分類", "Class of occupation"),
        "industry": ("産業", "Industry"),
        "household": ("世帯", "Household"),
        "municipality": ("市区町村", "Municipality"),
    }
)

MARGIN_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "inactivity": "非労働力の内訳",
        "occupation": "男女×職業",
        "education": "男女×学歴",
        "labour_status": "男女×労働力状態",
        "employment": "男女×年齢×就業",
        "marital_status": "男女×年齢×配偶関係",
        "education_of_cohorts": "男女×世代×学歴",
        "worker_class": "男女×雇用・自営",
        "employment_status": "従業上の地位",
        "work_mode": "仕事の主従",
        "industry": "男女×産業",
        "school": "男女×在学先",
        "household": "世帯の種類",
        "living_alone": "年齢×単独世帯",
        "population": "男女×各歳",
        "municipality_ages": "市区町村×年齢",
        "municipality_sexes": "市区町村×男女",
        "municipality_occupations": "市区町村×職業",
    }
)

CHECK_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "education_45_54": "45〜54歳の学歴（種を較正した表）",
        "education_45_54_modelled": "45〜54歳の学歴（見ていない種）",
        "education_45_54_modelled_cohorts": "同上、2000年の世代を加えたもの",
        "never_married_by_education_45_54": "45〜54歳の学歴別未婚率",
        "living_alone": "単独世帯・施設にいる人の割合",
        "ages_of_those_alone": "単独世帯・施設にいる人の年齢",
        "education_by_status_25_34": "25〜34歳の学歴×従業上の地位",
        "never_married_25_34": "25〜34歳の有業者の未婚率",
        "never_married_by_education_25_34": "25〜34歳の有業者の学歴別未婚率",
        "occupation_middles": "職業中分類",
        "marital_curve": "配偶関係の曲線（全国）",
        "marital_curve_prefectures": "配偶関係の曲線（都道府県）",
    }
)

STATUS_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "by definition": "定義による",
        "measured": "実測",
        "measured (coarser)": "粗い区分で実測",
        "other source": "別の年・調査から",
        "assumed": "仮定",
        "assumed independent": "独立と仮定",
    }
)


@dataclass(frozen=True)
class Fitted:
    """What a page is made of.

    Attributes:
        joint: The prefecture's joint.
        report: How its fit went.
        alone: Its joint fitted to the tables alone (`scores.tables_alone`).
    """

    joint: Joint
    report: FitReport
    alone: Joint

    @cached_property
    def compared(self) -> pl.DataFrame:
        """How much its variables hang together (`scores.beside`); seconds, so once."""
        return beside(self.joint, self.alone)


def render_page(
    fitted: Fitted, margins: Frames, shapes: Frames, held_out: pl.DataFrame | None = None
) -> str:
    """Render the page of one prefecture.

    Args:
        fitted: Its joints.
        margins: Every margin of `census.margins`.
        shapes: `inputs.load_shapes`.
        held_out: Of `heldout.score_all`; without it the page says how to have it.

    Returns:
        A whole HTML document. The same arguments give the same text.
    """
    joint = fitted.joint
    scores = margin_scores(fitted.report).with_columns(
        pl.when(pl.col("weight") == 1).then(
            pl.col("factor").replace_strict(
                {spec.name: CHAIN_TOLERANCE if spec.chain else TOLERANCE for spec in MODEL}
            )
        ).alias("allowed")
    )  # fmt: skip
    relations = uncertainty.relations()
    return (
        environment("persona_assets.joint", escape=True)
        .get_template("joint.html.jinja")
        .render(
            name=prefectures()[joint.prefecture].name,
            joint=joint,
            report=fitted.report,
            adults=float(joint.adults["weight"].sum()),
            largest=scores.filter(pl.col("weight") == 1)["largest_error"].max(),
            entropy=without_municipalities(joint).entropy,
            entropy_alone=fitted.alone.entropy,
            figures=_figures(joint, scores, fitted.compared),
            soft=scores.filter(pl.col("weight") < 1).to_dicts(),
            margin_names=MARGIN_NAMES,
            compared=fitted.compared.sort("nats", descending=True, maintain_order=True).to_dicts(),
            tables=against_tables(joint, margins, Inputs(shapes, {})).to_dicts(),
            variables=VARIABLE_NAMES,
            checks=_checks(held_out),
            relations=_matrix(relations),
            statuses=[
                (uncertainty.SIGNS[uncertainty.Status(status)], status, STATUS_NAMES[status], count)
                for status, count in uncertainty.counts(relations).items()
            ],
            pairs=relations.to_dicts(),
        )
    )


def page_scores(fitted: Fitted, margins: Frames, shapes: Frames) -> dict[str, Any]:
    """Return one prefecture's scores as plain values, for a file of all."""
    report = fitted.report
    return {
        "prefecture": fitted.joint.prefecture,
        "figures": fitted.joint.figures,
        "sweeps": report.sweeps,
        "entropy_nats": report.entropy,
        "effective_cells": report.effective_cells,
        "entropy_without_municipalities_nats": without_municipalities(fitted.joint).entropy,
        "entropy_of_tables_alone_nats": fitted.alone.entropy,
        "margins": margin_scores(report).to_dicts(),
        "dependence": fitted.compared.to_dicts(),
        "against_tables": against_tables(fitted.joint, margins, Inputs(shapes, {})).to_dicts(),
    }


def write_reports(
    keys: Sequence[str],
    margins: Frames,
    shapes: Frames,
    folder: Path,
    *,
    held_out: bool = False,
    on_progress: Callable[[str, int, int], None] | None = None,
    on_fitted: Callable[[Fitted, dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Fit prefectures and write `KEY.html` of each and `scores.json` of all to a folder.

    Args:
        keys: Prefectures.
        margins: Every margin of `census.margins`, of all prefectures.
        shapes: `inputs.load_shapes`.
        folder: Is made if it is not there; pages of the same prefectures are replaced.
        held_out: Whether to score tables that the fit has not seen, always of all prefectures.
        on_progress: Is told each step, how many of its parts are done, and of how many.
        on_fitted: Is given each prefecture's joints and scores.

    Returns:
        What `scores.json` holds.
    """

    def tell(step: str, done: int, total: int) -> None:
        if on_progress is not None:
            on_progress(step, done, total)

    folder.mkdir(parents=True, exist_ok=True)
    checked, weights = None, None
    if held_out:
        every = list(prefectures())
        checked = heldout.score_all(
            margins, shapes, on_progress=lambda name, key: tell(name, every.index(key), len(every))
        )
        tell("cohorts of 1990", 0, 1)
        weights = heldout.cohorts_1990_to_2000(shapes)
    structure, alone = assemble(shapes), assemble(shapes, tables_alone())
    scores = []
    for done, key in enumerate(keys):
        tell(key, done, len(keys))
        joint, report = fit_prefecture(key, margins, structure)
        fitted = Fitted(joint, report, fit_prefecture(key, margins, alone)[0])
        page = render_page(fitted, margins, shapes, checked)
        (folder / f"{key}.html").write_text(page, encoding="utf-8")
        scores.append(page_scores(fitted, margins, shapes))
        if on_fitted is not None:
            on_fitted(fitted, scores[-1])
    relations = uncertainty.relations()
    found = {
        "prefectures": scores,
        "held_out": held_out_scores(checked, weights),
        "relations": {
            "counts": uncertainty.counts(relations),
            "pairs": relations.to_dicts(),
        },
    }
    text = json.dumps(found, ensure_ascii=False, indent=1)
    (folder / "scores.json").write_text(text + "\n", encoding="utf-8")
    tell("done", len(keys), len(keys))
    return found


def held_out_scores(
    scores: pl.DataFrame | None, weights: pl.DataFrame | None
) -> dict[str, Any] | None:
    """Return the held-out checks as plain values: their errors, every cell, and the cohorts."""
    if scores is None or weights is None:
        return None
    about = {check.name: check for check in heldout.CHECKS}
    return {
        "checks": [
            {
                **row,
                **{
                    field: getattr(about[row["check"]], field)
                    for field in ("what", "source", "seen", "held")
                    if row["check"] in about
                },
            }
            for row in heldout.summary(scores).iter_rows(named=True)
        ],
        "cells": scores.to_dicts(),
        "cohorts_1990_to_2000": weights.to_dicts(),
    }


def pictures(fitted: Fitted) -> dict[str, bytes]:
    """Return the age pyramid by marital status and the dependence, as PNG."""
    margin = fitted.joint.margin("sex", "age", "marital")
    return {
        "people": marital_pyramid_png(margin),
        "dependence_given_sex_and_age": heat_map_png(_dependence(fitted.compared, "given_sex_age")),
    }


def _figures(joint: Joint, scores: pl.DataFrame, compared: pl.DataFrame) -> dict[str, Markup]:
    """Draw every figure; the figures are ours and escape their own labels."""
    ages = {group: f"{group}歳" for group in levels.ADULT_AGE_GROUPS}
    drawn = {
        "errors": error_bars(scores, MARGIN_NAMES, "統計表ごとの最大誤差"),
        "pyramid": marital_pyramid(
            joint.margin("sex", "age", "marital"), "男女・年齢・配偶関係別の人口"
        ),
        "household": stacked_bars(
            joint.margin("age_group", "household").rename({"household": "part"}),
            "age_group", levels.HOUSEHOLD, ages, "年齢別の世帯",
        ),
        "occupation": heat_map(
            _occupation_by_education(joint), "職業別の学歴の割合"
        ),
        "dependence": heat_map(_dependence(compared, "given_sex_age"), "変数間の依存"),
        "alone": heat_map(
            _dependence(compared, "alone_given_sex_age"), "統計表だけによる変数間の依存"
        ),
    }  # fmt: skip
    for sex in levels.SEX:
        for variable, names in (
            ("education_detail", levels.EDUCATION_DETAIL),
            ("employment_status", levels.EMPLOYMENT_STATUS),
        ):
            of_sex = joint.margin("sex", "age_group", variable).filter(pl.col("sex") == sex)
            drawn[f"{variable}_{sex}"] = stacked_bars(
                of_sex.rename({variable: "part"}), "age_group", names, ages,
                f"{levels.SEX[sex]}の年齢別{VARIABLE_NAMES[variable][0]}",
            )  # fmt: skip
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704


def _occupation_by_education(joint: Joint) -> Heat:
    schooling = [name for name in levels.EDUCATION if name != "in_school"]
    counts = {
        (occupation, education): count
        for occupation, education, count in joint.margin("occupation", "education").iter_rows()
    }
    table = np.array([[counts.get((o, e), 0.0) for e in schooling] for o in levels.OCCUPATION])
    shares = 100 * table / np.maximum(table.sum(axis=1, keepdims=True), 1e-9)
    return Heat(
        [f"{code} {label}" for code, label in levels.OCCUPATION.items()],
        [levels.EDUCATION[name].removesuffix("卒") for name in schooling],
        shares,
        [[f"{value:.0f}" for value in row] for row in shares],
    )


def _dependence(compared: pl.DataFrame, column: str) -> Heat:
    """Return the lower half of the matrix of pairs, in thousandths of a nat.

    Pairs whose relation is a definition are left out, sex and age too, which are given; shades are
    of the square root, so that small ones differ.
    """
    values = np.full((len(VARIABLES), len(VARIABLES)), np.nan)
    defined = compared["status"] == uncertainty.Status.DEFINITION.value
    for first, second, value in (
        compared.filter(~defined).select("first", "second", column).iter_rows()
    ):
        if value is not None and {first, second} != {"education", "education_detail"}:
            values[VARIABLES.index(second), VARIABLES.index(first)] = value
    names = [VARIABLE_NAMES[variable][0] for variable in VARIABLES]
    text = [
        ["" if np.isnan(value) else f"{1000 * value:.0f}" for value in row[:-1]]
        for row in values[1:]
    ]
    return Heat(names[1:], names[:-1], np.sqrt(values[1:, :-1]), text)


def _checks(scores: pl.DataFrame | None) -> list[dict[str, Any]] | None:
    if scores is None:
        return None
    about = {check.name: check for check in heldout.CHECKS}
    return [
        {
            **row,
            "title": CHECK_NAMES.get(row["check"], row["check"]),
            "what": about[row["check"]].what if row["check"] in about else heldout.CURVE_WHAT,
            "held": about[row["check"]].held if row["check"] in about else heldout.CURVE_HELD,
            "seen": about[row["check"]].seen if row["check"] in about else "",
        }
        for row in heldout.summary(scores).iter_rows(named=True)
    ]


def _matrix(relations: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of the matrix of relations: signs, and what to say of each."""
    pairs = {
        frozenset((row["first"], row["second"])): row for row in relations.iter_rows(named=True)
    }

    def cell(first: str, second: str) -> dict[str, str]:
        row = pairs[frozenset((first, second))]
        sign = uncertainty.SIGNS[uncertainty.Status(row["status"])]
        said = row["by"] or (f"given {row['given']}" if row["given"] else row["also"])
        return {"sign": sign, "said": f"{first}, {second}: {row['status']}: {said}"}

    variables: Sequence[str] = uncertainty.VARIABLES
    return [
        {"name": variable, "cells": [cell(variable, other) for other in variables[:i]]}
        for i, variable in enumerate(variables)
    ]
