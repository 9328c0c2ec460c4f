"""The engine: asks a backend for each person's texts, accepts, asks again, or gives up.

A text is accepted only if it parses, fits the response model, passes the record rules and is no
other person's text of the same run. What is not accepted after the last attempt is kept with its
reasons: nothing is silently dropped.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandera.polars as pa
import polars as pl
from pydantic import ValidationError

from persona_assets.personas.backends import AnswerError, Backend, Request, Usage
from persona_assets.personas.models import STEPS, field_names
from persona_assets.personas.prompts import prompt_hash, render
from persona_assets.rules import check_texts

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one person's step: texts, or the reasons why there are none."""

    texts: Mapping[str, Any] | None
    attempts: int
    reasons: tuple[str, ...]
    answer: str | None


def nameless(text: str, full_name: str) -> str:
    """Return a text without its person's name, which alone makes no text another."""
    return text.replace(full_name, "")


class _TextsSoFar:
    """The texts accepted so far in a run, as hashes."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def repeated(self, texts: Mapping[str, Any], person: Facts) -> list[str]:
        """Return the fields whose text somebody else has; if there are none, remember the texts."""
        keys = {
            field: hash((field, nameless(text, person["full_name"])))
            for field, text in texts.items()
            if isinstance(text, str)
        }
        repeated = [field for field, key in keys.items() if key in self._seen]
        if not repeated:
            self._seen.update(keys.values())
        return repeated


@dataclass(slots=True)
class StepStats:
    """What a step cost, for metadata."""

    seconds: float = 0.0
    accepted: int = 0
    rejected: int = 0
    repaired: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    usage: Usage = field(default_factory=Usage)


def step_schema(step: str) -> pa.DataFrameSchema:
    """Return the contract of a step's frame: one row per person, texts null if not accepted."""
    lists = {name for name, info in STEPS[step].model_fields.items() if info.annotation is not str}
    return pa.DataFrameSchema(
        {
            "prefecture": pa.Column(pl.String),
            "person_id": pa.Column(pl.String, unique=True),
            "accepted": pa.Column(pl.Boolean),
            **{
                name: pa.Column(pl.List(pl.String) if name in lists else pl.String, nullable=True)
                for name in field_names(step)
            },
            "backend": pa.Column(pl.String),
            "model": pa.Column(pl.String),
            "prompt_hash": pa.Column(pl.String),
            "attempts": pa.Column(pl.Int64, pa.Check.ge(1)),
            "reasons": pa.Column(pl.List(pl.String)),
            "answer": pa.Column(pl.String, nullable=True),
        },
        strict=True,
        ordered=True,
        name=step,
    )


def run_step(
    step: str,
    people: Sequence[Facts],
    backend: Backend,
    *,
    attributes: Mapping[str, Facts] | None = None,
    concurrency: int = 16,
    max_attempts: int = 3,
    on_progress: Callable[[int], None] = lambda _: None,
) -> tuple[pl.DataFrame, StepStats]:
    """Run one step for many people.

    Args:
        step: `attributes` or `personas`.
        people: The people's facts and labels.
        backend: What answers; it is closed at the end.
        attributes: Per person_id the first step's texts, in the second step.
        concurrency: Requests in flight at once.
        max_attempts: How often one person is asked for.
        on_progress: Called with the number of people done.

    Returns:
        The step's frame in the order of `people` (see `step_schema`), and what it cost.

    Raises:
        EndpointError: the endpoint cannot be used.
    """
    started = time.monotonic()
    outcomes = asyncio.run(
        _all(step, people, backend, attributes or {}, concurrency, max_attempts, on_progress)
    )
    stats = StepStats(seconds=time.monotonic() - started, usage=backend.usage)
    rows = []
    for person, outcome in zip(people, outcomes, strict=True):
        accepted = outcome.texts is not None
        stats.accepted += accepted
        stats.rejected += not accepted
        stats.repaired += accepted and outcome.attempts > 1
        stats.reasons.update(reason.split(":")[0] for reason in outcome.reasons)
        rows.append(
            {
                "prefecture": person["prefecture"],
                "person_id": person["person_id"],
                "accepted": accepted,
                **(outcome.texts or dict.fromkeys(field_names(step))),
                "backend": backend.name,
                "model": backend.model,
                "prompt_hash": prompt_hash(step),
                "attempts": outcome.attempts,
                "reasons": list(outcome.reasons),
                "answer": None if accepted else outcome.answer,
            }
        )
    schema = step_schema(step)
    types = {name: column.dtype.type for name, column in schema.columns.items()}
    return schema.validate(pl.DataFrame(rows, schema=types)), stats


async def _all(
    step: str,
    people: Sequence[Facts],
    backend: Backend,
    attributes: Mapping[str, Facts],
    concurrency: int,
    max_attempts: int,
    on_progress: Callable[[int], None],
) -> list[Outcome]:
    outcomes: list[Outcome | None] = [None] * len(people)
    places = iter(range(len(people)))
    so_far = _TextsSoFar()
    done = 0

    async def work(todo: Iterator[int]) -> None:
        nonlocal done
        for place in todo:
            person = people[place]
            outcomes[place] = await _one(
                step, person, backend, attributes.get(person["person_id"]), max_attempts, so_far
            )
            done += 1
            on_progress(done)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(people))):
                group.create_task(work(places))
    except* Exception as failed:  # noqa: BLE001 - raised again, without the group around it
        raise failed.exceptions[0] from None
    finally:
        await backend.close()
    return [outcome for outcome in outcomes if outcome is not None]


async def _one(
    step: str,
    person: Facts,
    backend: Backend,
    attributes: Facts | None,
    max_attempts: int,
    so_far: _TextsSoFar,
) -> Outcome:
    """Ask for one person's texts until they are accepted or the attempts are used up."""
    system, user = render(step, person, attributes)
    answer: str | None = None
    reasons: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    for attempt in range(1, max_attempts + 1):
        request = Request(
            step, person, attributes, system, user, STEPS[step], attempt, complaints, answer
        )
        try:
            answer = await backend.answer(request)
        except AnswerError as error:
            reasons, complaints = (f"{error.kind}: {error}",), ()
            continue
        texts, reasons, complaints = accept(step, answer, person)
        if texts is None:
            continue
        repeated = so_far.repeated(texts, person)
        if not repeated:
            return Outcome(texts, attempt, (), answer)
        reasons = tuple(f"repeated_text: {field}: another person has it" for field in repeated)
        complaints = tuple(
            f"{field}: ほかの人とまったく同じ文章です。この人だけのことを書いてください。"
            for field in repeated
        )
    return Outcome(None, max_attempts, reasons, answer)


def accept(
    step: str, answer: str, person: Facts
) -> tuple[dict[str, Any] | None, tuple[str, ...], tuple[str, ...]]:
    """Return the texts if they are good, else why not: for people, and for the model.

    Args:
        step: `attributes` or `personas`.
        answer: JSON text.
        person: The person's facts and labels.
    """
    try:
        texts = STEPS[step].model_validate_json(answer).model_dump()
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])) or 'JSON'}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        ]
        return None, tuple(f"schema: {p}" for p in problems), tuple(problems)
    findings = [f for f in check_texts(texts, person) if f.severity == "error"]
    if findings:
        return (
            None,
            tuple(f"{f.rule}: {f.field}: {f.reason} ({f.evidence})" for f in findings),
            tuple(f"{f.field}: {f.suggestion}" for f in findings),
        )
    return texts, (), ()
