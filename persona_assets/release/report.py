"""The release's report: one HTML page that needs no network, no script and no other file.

It shows the released rows beside the official figures. What it shows is measured elsewhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import polars as pl
from markupsafe import Markup

from persona_assets.drawing import signed
from persona_assets.joint.report import MARGIN_NAMES
from persona_assets.pages import environment
from persona_assets.people.fidelity import MOST_TIMES_FLOOR, Scope
from persona_assets.release import facts as wording
from persona_assets.release.facts import ReleaseFacts
from persona_assets.release.fit import MarginFit, margin_fits
from persona_assets.release.plots import age_pyramid, margin_bars, margin_distances

# The margins whose largest difference stands at the top of the page.
KEY_MARGINS: Final = ("prefecture", "sex", "age_group")

SCOPES: Final = {
    Scope.PREFECTURES: ("都道府県ごと", "Each prefecture by itself"),
    Scope.NATION: ("全都道府県の合計", "All prefectures together"),
}

# The texts of a sample card: column, Japanese heading. The summary stands above them.
SAMPLE_TEXTS: Final = (
    ("professional_persona", "仕事"),
    ("sports_persona", "スポーツ"),
    ("arts_persona", "芸術・文化"),
    ("travel_persona", "旅"),
    ("culinary_persona", "食"),
    ("cultural_background", "背景"),
    ("skills_and_expertise", "技能"),
    ("hobbies_and_interests", "趣味"),
    ("career_goals_and_ambitions", "これから"),
)
_SAMPLE_FACTS = ("sex", "prefecture", "occupation", "education_level", "marital_status")

# The severities that rules have, gravest first; an unknown one is shown as it is, last.
_SEVERITIES: Final = {
    "error": "除外 error",
    "warning": "注意 warning",
    "info": "参考 info",
}


def render_report(
    facts: ReleaseFacts,
    fits: pl.DataFrame,
    pyramid: pl.DataFrame,
    samples: Sequence[Mapping[str, Any]],
    rule_counts: pl.DataFrame,
    distances: pl.DataFrame,
) -> str:
    """Render the report.

    Args:
        facts: The release's names and figures.
        fits: `margin, level, label, official, released, difference_pp, allowed_pp`, one row per
            level; see `margin_fits` for the units.
        pyramid: `sex, age, official, released` of the adults; see `age_pyramid`.
        samples: Some released records with the 22 columns, about a dozen.
        rule_counts: `rule, severity, records`: how many records each rule objected to.
        distances: How far the released rows are from every fitted margin
            (`people.fidelity.distances`).

    Returns:
        A whole HTML document. The same arguments give the same text.

    Raises:
        FitTableError: the fit table lacks a column, or a margin or the pyramid has nobody.
    """
    margins = margin_fits(fits)
    return (
        environment("persona_assets.release", escape=True)
        .get_template("report.html.jinja")
        .render(
            facts=facts,
            wording=wording,
            kinds=wording.SOURCE_KINDS,
            margins=margins,
            key_margins=[margin for margin in margins if margin.margin in KEY_MARGINS],
            # the figures are ours and escape their own labels
            pyramid=Markup(age_pyramid(pyramid)),  # noqa: S704
            charts={margin.margin: _chart(margin) for margin in margins},
            distances=[_distances(part) for part in distances.partition_by("scope")],
            most_times_floor=MOST_TIMES_FLOOR,
            samples=[_sample(record) for record in samples],
            findings=_findings(rule_counts),
            signed=signed,
            table_ids=table_ids,
        )
    )


def table_ids(source: Mapping[str, Any]) -> str:
    """Return a source's table ids as text; empty when the table has none."""
    ids = source.get("table_id")
    if ids is None:
        return ""
    return ids if isinstance(ids, str) else ", ".join(map(str, ids))


def _chart(margin: MarginFit) -> Markup:
    title = f"{margin.title} {margin.title_en}: 公的統計と本データ"
    return Markup(margin_bars(margin.levels, title))  # noqa: S704 - as above


def _distances(distances: pl.DataFrame) -> dict[str, Any]:
    """Return what the page shows of the distances of one scope."""
    scope = distances["scope"][0]
    title, title_en = SCOPES[scope]
    chart = margin_distances(distances, MARGIN_NAMES, f"{title} {title_en}: 周辺分布との距離")
    return {
        "scope": scope,
        "title": title,
        "title_en": title_en,
        "chart": Markup(chart),  # noqa: S704 - as above
        "within": distances.filter(pl.col("times_floor") <= MOST_TIMES_FLOOR).height,
        "rows": [
            row | {"title": MARGIN_NAMES[row["margin"]]} for row in distances.iter_rows(named=True)
        ],
    }


def _sample(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "uuid": record["uuid"],
        "age": record["age"],
        "facts": [record[column] for column in _SAMPLE_FACTS if record[column]],
        "summary": record["persona"],
        "texts": [(heading, record[column]) for column, heading in SAMPLE_TEXTS],
        "tags": [*_items(record["hobbies_and_interests_list"])],
    }


def _items(value: Iterable[str] | None) -> Iterable[str]:
    return value or ()


def _findings(rule_counts: pl.DataFrame) -> list[dict[str, Any]]:
    order = list(_SEVERITIES)
    return sorted(
        (
            {**row, "severity_label": _SEVERITIES.get(row["severity"], row["severity"])}
            for row in rule_counts.select("rule", "severity", "records").iter_rows(named=True)
            if row["records"]
        ),
        key=lambda row: (
            order.index(row["severity"]) if row["severity"] in order else len(order),
            -row["records"],
            row["rule"],
        ),
    )
