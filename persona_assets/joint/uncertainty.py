"""What is known of every pair of variables: measured, from elsewhere, assumed, or nothing at all.

Read off the model's declarations, so that no table of it can be out of date. The reading is
strict: it is of pairs, and a pair that some table contains says nothing of how it varies with a
third variable.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from types import MappingProxyType

import polars as pl

from persona_assets.joint.domain import COARSE
from persona_assets.joint.model import MODEL, Evidence, FactorSpec, Measured, Model

VARIABLES = (
    "sex", "age_group", "age", "marital", "education", "education_detail", "school",
    "labour_status", "work_mode", "employment_status", "occupation", "occupation_class",
    "industry", "household", "municipality",
)  # fmt: skip


class Status(StrEnum):
    """What is known of the relation of two variables, best first."""

    DEFINITION = "by definition"
    MEASURED = "measured"
    COARSER = "measured (coarser)"
    OTHER_SOURCE = "other source"
    ASSUMED = "assumed"
    INDEPENDENT = "assumed independent"


# How the matrix shows each status.
SIGNS: Mapping[Status, str] = MappingProxyType(
    {
        Status.DEFINITION: "=",
        Status.MEASURED: "M",
        Status.COARSER: "m",
        Status.OTHER_SOURCE: "s",
        Status.ASSUMED: "a",
        Status.INDEPENDENT: "·",
    }
)

# A variable and the one whose levels it divides: what a table says of the coarser one it says of
# the finer one, more coarsely, and the other way round exactly.
DIVIDES: Mapping[str, str] = MappingProxyType(
    {"age": "age_group", "occupation_class": "occupation"}
)

# Variables that the people of one level of another have, and nobody else.
ONLY_FOR: Mapping[str, str] = MappingProxyType(
    {
        "school": "education",
        **dict.fromkeys(
            ("work_mode", "employment_status", "occupation", "occupation_class", "industry"),
            "labour_status",
        ),
    }
)

Pair = frozenset[str]


@dataclass(frozen=True, slots=True)
class Claim:
    """What one margin, term or impossible combination says of one pair.

    Attributes:
        pair: The two variables.
        status: What that makes of their relation.
        by: Its name, and the coarse axes or single level that it has in place of a variable.
    """

    pair: Pair
    status: Status
    by: str


def relations(model: Model = MODEL, variables: Sequence[str] = VARIABLES) -> pl.DataFrame:
    """Return what is known of the relation of every pair of variables.

    Args:
        model: The factors, parents first.
        variables: Of which pairs are made.

    Returns:
        first, second, status (of `Status`), by (what it rests on), also (what else speaks of the
        pair, less well), given (of the assumed independent: variables given which the one tells
        nothing of the other; none where both shape a third variable, which leaves them a little
        dependent).
    """
    found: dict[Pair, list[Claim]] = {}
    for claim in _claims(model):
        found.setdefault(claim.pair, []).append(claim)
    order = list(Status)
    rows = []
    for first, second in combinations(variables, 2):
        claims = found.get(frozenset((first, second)), [])
        claims = sorted(claims, key=lambda claim: order.index(claim.status))
        status = claims[0].status if claims else Status.INDEPENDENT
        by = dict.fromkeys(claim.by for claim in claims if claim.status == status)
        also = dict.fromkeys(claim.by for claim in claims if claim.by not in by)
        given: list[str] = []
        if not claims:
            links = _links(model, (first, second))
            if second in links[first]:
                also = dict.fromkeys([f"both shape {_shaped(model, first, second)}"])
            else:
                given = _separator(links, first, second)
        rows.append((first, second, status.value, *("; ".join(t) for t in (by, also, given))))
    return pl.DataFrame(
        rows, schema=["first", "second", "status", "by", "also", "given"], orient="row"
    )


def relations_markdown(
    variables: Sequence[str] = VARIABLES, names: Mapping[str, str] | None = None
) -> str:
    """Return the relations as a Markdown matrix with its legend.

    Args:
        variables: Rows and columns.
        names: What to call a variable in its row; its own name by default.
    """
    sign = {
        frozenset((first, second)): SIGNS[Status(status)]
        for first, second, status in relations(variables=variables)
        .select("first", "second", "status")
        .iter_rows()
    }
    called = [(names or {}).get(variable, variable) for variable in variables]
    lines = [
        f"| | {' | '.join(str(i) for i in range(1, len(variables)))} |",
        "|---" + "|:-:" * (len(variables) - 1) + "|",
    ]
    for row, variable in enumerate(variables):
        cells = [sign[frozenset((variable, other))] for other in variables[:row]]
        cells += [""] * (len(variables) - 1 - row)
        lines.append(f"| {row + 1} {called[row]} | {' | '.join(cells[: len(variables) - 1])} |")
    legend = "; ".join(f"`{SIGNS[status]}` {status}" for status in Status)
    return (
        "\n".join(lines)
        + f"\n\n{legend}. Coarser: measured for a coarser grouping of one of the two, or for one "
        "level of it only. Assumed independent: given the variables that link the two.\n"
    )


def counts(frame: pl.DataFrame) -> dict[str, int]:
    """Return how many pairs of `relations` have each status, best first, all of them named."""
    found = dict(frame.group_by("status", maintain_order=True).len().iter_rows())
    return {status.value: found.get(status.value, 0) for status in Status}


def _claims(model: Model) -> Iterator[Claim]:
    for fine, coarse in DIVIDES.items():
        yield Claim(frozenset((fine, coarse)), Status.DEFINITION, f"{fine} divides {coarse}")
    for variable, of in ONLY_FOR.items():
        yield Claim(frozenset((variable, of)), Status.DEFINITION, f"one {of} has {variable}")
    for spec in model:
        for measured in spec.measured:
            yield from _of_margin(measured)
        for term in spec.seed:
            other = term.evidence == Evidence.OTHER_SOURCE
            status = Status.OTHER_SOURCE if other else Status.ASSUMED
            yield from _pairs(term.name, term.axes, status, spec)
        for zero in spec.zeros:
            axes = tuple(dict.fromkeys(zero.condition.meta.root_names()))
            yield from _pairs("impossible combinations", axes, Status.ASSUMED, spec)


def _of_margin(measured: Measured) -> Iterator[Claim]:
    levels = {axis: f"{axis} = {level}" for axis, level in measured.where.items()}
    for a, b in combinations([*measured.axes, *measured.where], 2):
        coarse = [levels.get(axis, axis) for axis in (a, b) if axis in COARSE or axis in levels]
        name = f"{measured.margin} ({', '.join(coarse)})" if coarse else measured.margin
        status = Status.COARSER if coarse else Status.MEASURED
        yield from _spread(a, b, status if measured.hard else Status.OTHER_SOURCE, name)


def _pairs(name: str, axes: Iterable[str], status: Status, spec: FactorSpec) -> Iterator[Claim]:
    """Yield what a term says: of the variables that its factor adds, and of nothing above it."""
    for a, b in combinations(axes, 2):
        if {_fine(a), _fine(b)} & set(spec.adds):
            coarse = [axis for axis in (a, b) if axis in COARSE]
            yield from _spread(a, b, status, f"{name} ({', '.join(coarse)})" if coarse else name)


def _spread(a: str, b: str, status: Status, name: str) -> Iterator[Claim]:
    """Yield the claim of two axes, and what it means for finer and coarser variables."""
    first, second = _fine(a), _fine(b)
    if first == second:
        return
    yield Claim(frozenset((first, second)), status, name)
    finer = {coarse: fine for fine, coarse in DIVIDES.items()}
    for one, other in ((first, second), (second, first)):
        if one in finer and finer[one] != other:
            less = Status.COARSER if status == Status.MEASURED else status
            by = name if status in (Status.ASSUMED, Status.COARSER) else f"{name} ({one})"
            yield Claim(frozenset((finer[one], other)), less, by)
        if one in DIVIDES and DIVIDES[one] != other:
            yield Claim(frozenset((DIVIDES[one], other)), status, name)


def _fine(axis: str) -> str:
    return COARSE[axis].of if axis in COARSE else axis


def _links(model: Model, pair: tuple[str, str]) -> dict[str, set[str]]:
    """Return for each variable those that the density does not take apart from it.

    Below the root a factor is what its variables are likely to be given the others that its terms
    and margins name, so these are linked with each other too. A factor below the fitted level is
    left out where no variable of the pair is its own: what is above it does not know of it.
    """
    specs = [spec for spec in model if not spec.chain or set(spec.adds) & set(pair)]
    together: list[tuple[str, ...]] = [*DIVIDES.items(), *ONLY_FOR.items()]
    for spec in specs:
        named = _named(spec)
        together += named if spec.parent is None else [tuple(axis for n in named for axis in n)]
    links: dict[str, set[str]] = {axis: set() for spec in specs for axis in spec.adds}
    for axes in together:
        fine = {_fine(axis) for axis in axes} & set(links)
        for axis in fine:
            links[axis] |= fine - {axis}
    return links


def _named(spec: FactorSpec) -> list[tuple[str, ...]]:
    """Return the axes of each margin, term and condition of a factor, and of what it adds."""
    return [
        spec.adds if spec.parent is not None else (),
        *((*measured.axes, *measured.where) for measured in spec.measured),
        *(term.axes for term in spec.seed),
        *(tuple(zero.condition.meta.root_names()) for zero in spec.zeros),
    ]


def _shaped(model: Model, first: str, second: str) -> str:
    """Return the factor whose variables depend on both."""
    return next(
        spec.name
        for spec in model
        if spec.parent is not None
        and {first, second} <= {_fine(axis) for axes in _named(spec) for axis in axes}
    )


def _separator(links: Mapping[str, set[str]], first: str, second: str) -> list[str]:
    """Return few variables given which two have nothing to do with each other.

    A density that is a product over the linked ones has this of every set that cuts the graph
    (Lauritzen 1996): here of those neighbours of the one from which the other can be reached.
    """
    cuts = []
    for one, other in ((first, second), (second, first)):
        reached, edge = {other}, [other]
        while edge:
            found = links[edge.pop()] - links[one] - reached
            reached |= found
            edge += found
        cuts.append({axis for axis in links[one] if links[axis] & reached})
    return [axis for axis in links if axis in min(cuts, key=lambda cut: len(cut))]
