"""The registry of rules and the one function that runs them."""

from collections.abc import Mapping
from typing import Any, Final

from persona_assets.rules.consistency import CONSISTENCY_RULES
from persona_assets.rules.facts import Facts
from persona_assets.rules.fields import TEXT_FIELDS
from persona_assets.rules.form import FORM_RULES
from persona_assets.rules.language import LANGUAGE_RULES
from persona_assets.rules.model import Finding, Rule, Subject

RULES: Final[tuple[Rule, ...]] = FORM_RULES + LANGUAGE_RULES + CONSISTENCY_RULES


def check_texts(texts: Mapping[str, Any], person: Mapping[str, Any]) -> list[Finding]:
    """Run every rule over the text fields that are present.

    Args:
        texts: The 6 fields of one generation step or the 12 of a record, by name; other keys are
            left out. `texts_from_record` prepares records whose lists are strings.
        person: The person's columns; codes and labels are taken alike. What is missing is not
            checked. `facts_from_record` derives them from a released record.

    Returns:
        The findings in the order of `RULES`; empty for a good text.

    Raises:
        ValueError: none of the keys of `texts` is a text field.
    """
    subject = Subject.of(texts, Facts.of(person))
    if not subject.values:
        raise ValueError(
            f"checking texts, found the fields {sorted(texts)}, none of which is a text field; "
            f"pass some of {', '.join(TEXT_FIELDS)}"
        )
    return [finding for rule in RULES for finding in rule.findings(subject)]
