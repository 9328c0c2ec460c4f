"""The shapes the rules share: a rule, what it looks at and what it finds. No rule lives here."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from persona_assets.rules.facts import Facts
from persona_assets.rules.fields import LIST_FIELDS, TEXT_FIELDS

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One objection to one field.

    Attributes:
        rule: Id of the rule that objects.
        severity: An error keeps a text from being accepted, a warning does not.
        field: The text field objected to.
        evidence: The words objected to; empty where nothing is there.
        reason: English sentence: why such words are wrong in any record.
        suggestion: Japanese sentence telling a model what to change.
    """

    rule: str
    severity: Severity
    field: str
    evidence: str
    reason: str
    suggestion: str


class Hit(NamedTuple):
    """What a check found: the part of a `Finding` that is not the rule's own."""

    field: str
    evidence: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What the rules look at: the fields of one record, or of one generation step.

    Attributes:
        values: The text fields present, as given.
        prose: The prose fields that hold text.
        lists: The usable strings of each list field that is a list.
        characters: Every character of `prose` and `lists`.
        facts: What is known of the person.
    """

    values: Mapping[str, Any]
    prose: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]
    characters: frozenset[str]
    facts: Facts

    @classmethod
    def of(cls, texts: Mapping[str, Any], facts: Facts) -> "Subject":
        """Sort the known text fields of `texts`; other keys are left out."""
        values = {field: texts[field] for field in TEXT_FIELDS if field in texts}
        prose: dict[str, str] = {}
        lists: dict[str, tuple[str, ...]] = {}
        for field, value in values.items():
            if field in LIST_FIELDS:
                if isinstance(value, list | tuple):
                    lists[field] = tuple(item for item in value if isinstance(item, str))
            elif isinstance(value, str) and value.strip():
                prose[field] = value
        characters: set[str] = set()
        characters.update(*prose.values())
        for items in lists.values():
            characters.update(*items)
        return cls(values, prose, lists, frozenset(characters), facts)

    def strings(self, fields: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield the field and text of each prose field and list item among `fields`."""
        for field in fields:
            if field in self.prose:
                yield field, self.prose[field]
            for item in self.lists.get(field, ()):
                yield field, item


@dataclass(frozen=True, slots=True)
class Rule:
    """One property every good record has.

    Attributes:
        id: Stable name, used in findings, metrics and documentation.
        severity: Severity of its findings.
        reason: English sentence: why what it finds is wrong.
        fields: The text fields it reads.
        check: Yields a hit for each objection.
        cues: Characters of which at least one is in every text the rule objects to; a record
            without any of them is not looked at further. None: always look.
    """

    id: str
    severity: Severity
    reason: str
    fields: tuple[str, ...]
    check: Callable[[Subject], Iterable[Hit]]
    cues: frozenset[str] | None = None

    def findings(self, subject: Subject) -> Iterator[Finding]:
        """Yield the rule's findings on one subject."""
        if self.cues is not None and self.cues.isdisjoint(subject.characters):
            return
        for hit in self.check(subject):
            yield Finding(
                self.id,
                self.severity,
                hit.field,
                hit.evidence,
                self.reason,
                hit.suggestion,
            )
