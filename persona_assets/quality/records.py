"""Records: people and their texts joined, and split into what passes and what is quarantined."""

import pandera.polars as pa
import polars as pl

from persona_assets.people.labels import with_labels
from persona_assets.people.schema import PEOPLE_SCHEMA
from persona_assets.personas.engine import nameless
from persona_assets.personas.models import STEPS, field_names
from persona_assets.rules import RULES, check_texts

TEXT_FIELDS = [name for step in STEPS for name in field_names(step)]

PROVENANCE = ("backend", "model", "attributes_prompt", "personas_prompt", "attempts", "recipe")

_LISTS = {name for name in TEXT_FIELDS if name.endswith("_list")}
PROSE_FIELDS = [name for name in TEXT_FIELDS if name not in _LISTS]

CHECKED_SCHEMA = pa.DataFrameSchema(
    {
        **PEOPLE_SCHEMA.columns,
        **{
            name: pa.Column(pl.List(pl.String) if name in _LISTS else pl.String)
            for name in TEXT_FIELDS
        },
        "backend": pa.Column(pl.String),
        "model": pa.Column(pl.String),
        "attributes_prompt": pa.Column(pl.String),
        "personas_prompt": pa.Column(pl.String),
        "attempts": pa.Column(pl.Int64, pa.Check.ge(2)),
        "recipe": pa.Column(pl.String, pa.Check.str_length(12, 12)),
    },
    strict=True,
    ordered=True,
    name="checked_records",
)

QUARANTINE_SCHEMA = pa.DataFrameSchema(
    {
        "prefecture": pa.Column(pl.String),
        "person_id": pa.Column(pl.String, unique=True),
        "stage": pa.Column(pl.String, pa.Check.isin([*STEPS, "record"])),
        "rules": pa.Column(pl.List(pl.String)),
        "reasons": pa.Column(pl.List(pl.String)),
        "answer": pa.Column(pl.String, nullable=True),
    },
    strict=True,
    ordered=True,
    name="quarantine",
)

FINDINGS_SCHEMA = {"person_id": pl.String, "rule": pl.String, "severity": pl.String}


def check_records(
    people: pl.DataFrame, attributes: pl.DataFrame, personas: pl.DataFrame, recipe: str
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Join people with their texts and check each whole record.

    Args:
        people: The `people` asset.
        attributes: The first step's frame.
        personas: The second step's frame, of the people whose attributes were accepted.
        recipe: The recipe's fingerprint.

    Returns:
        The records that pass (CHECKED_SCHEMA), those that do not with their reasons
        (QUARANTINE_SCHEMA), and every finding of severity error or warning (person_id, rule,
        severity).
    """
    failed = [
        frame.filter(~pl.col("accepted")).select(
            "prefecture",
            "person_id",
            pl.lit(step).alias("stage"),
            pl.col("reasons").list.eval(pl.element().str.split(":").list.first()).alias("rules"),
            "reasons",
            "answer",
        )
        for step, frame in (("attributes", attributes), ("personas", personas))
    ]
    texts = (
        attributes.filter(pl.col("accepted"))
        .select(
            "person_id",
            *field_names("attributes"),
            pl.col("prompt_hash").alias("attributes_prompt"),
            pl.col("attempts").alias("first_attempts"),
        )
        .join(
            personas.filter(pl.col("accepted")).select(
                "person_id",
                *field_names("personas"),
                "backend",
                "model",
                pl.col("prompt_hash").alias("personas_prompt"),
                "attempts",
            ),
            on="person_id",
            maintain_order="left",
        )
        .with_columns(pl.col("attempts") + pl.col("first_attempts"), pl.lit(recipe).alias("recipe"))
    )
    records = people.join(texts, on="person_id", maintain_order="left").select(
        list(CHECKED_SCHEMA.columns)
    )
    findings, refused = [], {}
    for record in with_labels(records).iter_rows(named=True):
        found = check_texts({name: record[name] for name in TEXT_FIELDS}, record)
        findings += [(record["person_id"], f.rule, f.severity) for f in found]
        errors = [f for f in found if f.severity == "error"]
        if errors:
            refused[record["person_id"]] = errors
    places = dict(people.select("person_id", "prefecture").iter_rows())
    failed.append(
        pl.DataFrame(
            [
                {
                    "prefecture": places[person],
                    "person_id": person,
                    "stage": "record",
                    "rules": [f.rule for f in errors],
                    "reasons": [f"{f.rule}: {f.field}: {f.reason} ({f.evidence})" for f in errors],
                    "answer": None,
                }
                for person, errors in refused.items()
            ],
            schema={name: c.dtype.type for name, c in QUARANTINE_SCHEMA.columns.items()},
        )
    )
    checked = records.filter(~pl.col("person_id").is_in(list(refused)))
    return (
        CHECKED_SCHEMA.validate(checked),
        QUARANTINE_SCHEMA.validate(pl.concat(failed)),
        pl.DataFrame(findings, schema=FINDINGS_SCHEMA, orient="row"),
    )


def rule_counts(findings: pl.DataFrame) -> pl.DataFrame:
    """Return per rule how many records it found something in: rule, severity, records."""
    known = pl.DataFrame(
        [(rule.id, rule.severity) for rule in RULES], schema=["rule", "severity"], orient="row"
    )
    hit = findings.group_by("rule", maintain_order=True).agg(
        pl.col("person_id").n_unique().alias("records")
    )
    return known.join(hit, on="rule", how="left", maintain_order="left").with_columns(
        pl.col("records").fill_null(0).cast(pl.Int64)
    )


def without_repeats(records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split records into those whose texts are their own and those that repeat an earlier one.

    The engine sees to it within a prefecture; two prefectures may still meet in a text. The
    person's own name does not make a text another: it is taken out first.

    Args:
        records: Records in their final order; the first of two with the same text stays.

    Returns:
        The records that stay, and `person_id, field, text` of those that do not.
    """
    names = (records["surname"] + " " + records["given_name"]).to_list()
    texts = pl.concat(
        records.select(
            "person_id",
            pl.lit(field).alias("field"),
            pl.Series("text", list(map(nameless, records[field], names)), pl.String),
        )
        for field in PROSE_FIELDS
    )
    repeats = texts.filter(~pl.struct("field", "text").is_first_distinct())
    return records.join(repeats, on="person_id", how="anti", maintain_order="left"), repeats
