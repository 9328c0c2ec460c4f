"""What makes one record good: pure rules over its texts and the facts of its person.

The generation engine runs them before it accepts a response, the asset checks over what is
released, the audit over any dataset with the record's columns. Measures of a whole dataset
(diversity, duplicates, fidelity) do not belong here.
"""

from persona_assets.rules.check import RULES, check_texts
from persona_assets.rules.facts import facts_from_record, texts_from_record
from persona_assets.rules.model import Finding, Rule, Severity

__all__ = [
    "RULES",
    "Finding",
    "Rule",
    "Severity",
    "check_texts",
    "facts_from_record",
    "texts_from_record",
]
