"""What the rules know of a person, from the people asset's columns or from a record alone."""

import ast
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from persona_assets.levels import (
    DIGITAL_SKILL,
    EDUCATION,
    EDUCATION_DETAIL,
    HOUSEHOLD,
    LABOUR_STATUS,
    MARITAL,
    SEX,
)
from persona_assets.rules.fields import LIST_FIELDS, PERSONA_FIELDS, TEXT_FIELDS

# Key and name as in data/reference/geography/prefectures.csv (a test compares them). Kept here so
# that rules are plain constants: they read no files.
PREFECTURES: Final = dict(
    pair.split(":")
    for pair in [
        "hokkaido:北海道",
        "aomori:青森県",
        "iwate:岩手県",
        "miyagi:宮城県",
        "akita:秋田県",
        "yamagata:山形県",
        "fukushima:福島県",
        "ibaraki:茨城県",
        "tochigi:栃木県",
        "gunma:群馬県",
        "saitama:埼玉県",
        "chiba:千葉県",
        "tokyo:東京都",
        "kanagawa:神奈川県",
        "niigata:新潟県",
        "toyama:富山県",
        "ishikawa:石川県",
        "fukui:福井県",
        "yamanashi:山梨県",
        "nagano:長野県",
        "gifu:岐阜県",
        "shizuoka:静岡県",
        "aichi:愛知県",
        "mie:三重県",
        "shiga:滋賀県",
        "kyoto:京都府",
        "osaka:大阪府",
        "hyogo:兵庫県",
        "nara:奈良県",
        "wakayama:和歌山県",
        "tottori:鳥取県",
        "shimane:島根県",
        "okayama:岡山県",
        "hiroshima:広島県",
        "yamaguchi:山口県",
        "tokushima:徳島県",
        "kagawa:香川県",
        "ehime:愛媛県",
        "kochi:高知県",
        "fukuoka:福岡県",
        "saga:佐賀県",
        "nagasaki:長崎県",
        "kumamoto:熊本県",
        "oita:大分県",
        "miyazaki:宮崎県",
        "kagoshima:鹿児島県",
        "okinawa:沖縄県",
    ]
)

WITH_CHILDREN: Final = "子供あり"

_NAME_CHARACTER = r"[\u3400-\u9fff\U00020000-\U0003ffffぁ-ゖァ-ヺ々〆ヶー]"
_OPENING_SURNAME = re.compile(rf"({_NAME_CHARACTER}{{1,6}})[ \u3000](?={_NAME_CHARACTER})")
_NAME_RUN = re.compile(rf"{_NAME_CHARACTER}+")
_AFTER_NAME = frozenset("はが、（(")
_GIVEN_NAME_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a person; None where it is not known, and no rule then relies on it.

    Attributes:
        surname: Family name as written.
        given_name: Given name as written.
        sex: Code of `levels.SEX`.
        age: Years.
        marital: Code of `levels.MARITAL`.
        household: Code of `levels.HOUSEHOLD`.
        student: Whether the person is enrolled.
        employed: Whether the person has work.
        former_title: Job title of a retired person.
        children: How many children the person has.
        has_children: Whether there are any; known of more records than how many.
        digital_skill: Code of `levels.DIGITAL_SKILL`.
        education: Code of `levels.EDUCATION`.
        education_detail: Code of `levels.EDUCATION_DETAIL`.
        prefecture: Name with its suffix.
    """

    surname: str | None = None
    given_name: str | None = None
    sex: str | None = None
    age: int | None = None
    marital: str | None = None
    household: str | None = None
    student: bool | None = None
    employed: bool | None = None
    former_title: str | None = None
    children: int | None = None
    has_children: bool | None = None
    digital_skill: str | None = None
    education: str | None = None
    education_detail: str | None = None
    prefecture: str | None = None

    @classmethod
    def of(cls, person: Mapping[str, Any]) -> "Facts":
        """Read a person's columns; a code and its label are taken alike."""
        labour_status = _code(LABOUR_STATUS, person.get("labour_status"))
        age = person.get("age")
        children = person.get("children")
        prefecture = person.get("prefecture")
        return cls(
            surname=person.get("surname") or None,
            given_name=person.get("given_name") or None,
            sex=_code(SEX, person.get("sex")),
            age=None if age is None else int(age),
            marital=_code(MARITAL, person.get("marital")),
            household=_code(HOUSEHOLD, person.get("household")),
            student=_is_student(person.get("education")),
            employed=None if labour_status is None else labour_status == "employed",
            former_title=person.get("former_occupation_title") or None,
            children=None if children is None else int(children),
            has_children=person.get("has_children") if children is None else int(children) > 0,
            digital_skill=_code(DIGITAL_SKILL, person.get("digital_skill")),
            education=_code(EDUCATION, person.get("education")),
            education_detail=_code(EDUCATION_DETAIL, person.get("education_detail")),
            prefecture=PREFECTURES.get(prefecture or "", prefecture),
        )


def facts_from_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the person columns that a released record tells, for `check_texts`.

    Works for any dataset with the record's columns, such as Nemotron-Personas-Japan, whose labels
    say more than a level's label (既婚 (子供あり), 大学卒 文系). The name, which no column holds, is
    read from the openings 「姓 名は」 of the persona texts.

    Args:
        record: One row of the 22 record columns; what is missing is left out of the facts.

    Returns:
        Some of `surname`, `given_name`, `sex`, `age`, `marital`, `has_children`, `education`,
        `prefecture`.
    """
    columns = {
        "sex": "sex",
        "age": "age",
        "marital": "marital_status",
        "education": "education_level",
        "prefecture": "prefecture",
    }
    facts = {fact: record.get(column) for fact, column in columns.items()}
    # Only a status that names children tells of them: other datasets may never do.
    if WITH_CHILDREN in str(facts["marital"]):
        facts["has_children"] = True
    facts["surname"], facts["given_name"] = _name_in_openings(record)
    return {fact: value for fact, value in facts.items() if value is not None}


def texts_from_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the text fields of a record, with lists that are written as Python literals read.

    A string that is no list literal is returned as it is, for the rules to object to.
    """
    texts = {field: record[field] for field in TEXT_FIELDS if field in record}
    for field in LIST_FIELDS:
        if isinstance(texts.get(field), str):
            texts[field] = _list_literal(texts[field])
    return texts


def _list_literal(text: str) -> Any:
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return text
    return value if isinstance(value, list) else text


def _code(levels: Mapping[str, str], value: Any) -> str | None:
    """Return the code of a code, a label, or a text that starts with a label."""
    if not isinstance(value, str):
        return None
    if value in levels:
        return value
    return next((code for code, label in levels.items() if value.startswith(label)), None)


def _is_student(education: Any) -> bool | None:
    if not isinstance(education, str) or not education:
        return None
    return education == "in_school" or "在学" in education


def _name_in_openings(record: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the surname and given name with which most persona texts open, or two None.

    A kana name may itself hold a は (みはる) and the text may go on without a comma (美智は千葉の),
    so each opening yields several readings; the one most texts share wins, then the longest.
    """
    readings: Counter[tuple[str, str]] = Counter()
    for field in PERSONA_FIELDS:
        text = record.get(field)
        if not isinstance(text, str) or not (surname := _OPENING_SURNAME.match(text)):
            continue
        rest = text[surname.end() :]
        run = _NAME_RUN.match(rest)
        longest = min(len(run[0]) if run else 0, _GIVEN_NAME_LENGTH)
        readings.update(
            (surname[1], rest[:length])
            for length in range(1, longest + 1)
            if rest[length : length + 1] in _AFTER_NAME
        )
    if not readings:
        return None, None
    most = max(readings.values())
    shared = [reading for reading, count in readings.items() if count == most]
    # With a single text nothing tells the name from what follows; the shortest reading is it then.
    return max(shared, key=_length) if most > 1 else min(shared, key=_length)


def _length(reading: tuple[str, str]) -> int:
    return len(reading[1])
