"""The contract of a person: one sampled row of context, without prose."""

from collections.abc import Iterable

import pandera.polars as pa
import polars as pl

from persona_assets import levels
from persona_assets.people.traits import TRAITS


def _text(nullable: bool = False, levels_: Iterable[str] | None = None) -> pa.Column:
    check = pa.Check.isin(list(levels_)) if levels_ is not None else None
    return pa.Column(pl.String, check, nullable=nullable)


_TEXTS = pa.Column(pl.List(pl.String))

PEOPLE_SCHEMA = pa.DataFrameSchema(
    {
        "person_id": pa.Column(pl.String, pa.Check.str_length(32, 32), unique=True),
        "prefecture": _text(),
        "municipality_code": _text(),
        "municipality": _text(),
        "sex": _text(levels_=levels.SEX),
        "age": pa.Column(pl.Int64, pa.Check.in_range(18, 104)),
        "age_group": _text(levels_=levels.ADULT_AGE_GROUPS),
        "marital": _text(levels_=levels.MARITAL),
        "children": pa.Column(pl.Int64, pa.Check.ge(0)),
        "household": _text(levels_=levels.HOUSEHOLD),
        "education": _text(levels_=levels.EDUCATION),
        "education_detail": _text(levels_=levels.EDUCATION_DETAIL),
        "school": _text(nullable=True, levels_=levels.SCHOOL),
        "labour_status": _text(levels_=levels.LABOUR_STATUS),
        "work_mode": _text(nullable=True, levels_=levels.WORK_MODE),
        "employment_status": _text(nullable=True, levels_=levels.EMPLOYMENT_STATUS),
        "industry": _text(nullable=True, levels_=levels.INDUSTRY),
        "occupation": _text(nullable=True, levels_=levels.OCCUPATION),
        "occupation_class": _text(nullable=True),
        "occupation_title": _text(nullable=True),
        "former_occupation": _text(nullable=True, levels_=levels.OCCUPATION),
        "former_occupation_class": _text(nullable=True),
        "former_occupation_title": _text(nullable=True),
        "surname": _text(),
        "surname_reading": _text(),
        "given_name": _text(),
        "given_name_reading": _text(),
        **{trait: pa.Column(pl.Int64, pa.Check.in_range(20, 80)) for trait in TRAITS},
        "digital_skill": _text(levels_=levels.DIGITAL_SKILL),
        "sports": _TEXTS,
        "hobbies": _TEXTS,
        "learning": _TEXTS,
        "volunteering": _TEXTS,
        "travel": _TEXTS,
        "dish": _text(),
        "dish_area": _text(),
        "dish_ingredients": _TEXTS,
        "foods": _TEXTS,
        "craft": _text(),
        "craft_category": _text(),
        "festival": _text(),
        "festival_city": _text(),
        # Version of the margins that the joint was fitted to.
        "figures": pa.Column(pl.String, pa.Check.str_length(12, 12)),
    },
    strict=True,
    ordered=True,
    name="people",
)
