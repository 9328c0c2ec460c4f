"""Draw people beside plain NumPy and pgmpy; build all columns with two worker processes.

    python -m benchmarks.people [SIZE] [PART]

SIZE people of all 47 prefectures, by default a million. PART is `draw` or `build`, by default both;
`build` alone is for sizes of which a comparison would take hours, such as ten million. The joints
are fitted first, with two workers, into a temporary folder.

`draw`: everybody draws from the same factors of the same joints, on one core, prefecture after
prefecture, and seconds are a core's.

- ours, `draw_people`, controlled;
- plain NumPy, one by one at random: for each factor the cumulative shares of all parent cells on
  one line, a uniform number per person, one `searchsorted`. Its tables are made from the joint's
  frames as ours are, and its codes become the same frame of labels; each part is timed, and the
  ratio is given with and without them;
- pgmpy's forward sampling of the same network: each variable a node with a dense table, coarse
  ones too. Optional, and not in the pinned requirements: `pip install pgmpy`.

That both draw from the same distribution is checked: their distances to the margins are those
expected of a random draw.

`build`: `build_people` of all columns, one worker a core, seconds and memory of each.
"""

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from benchmarks import fit
from persona_assets import levels
from persona_assets.joint.distribution import SPECS, Joint, add_coarse
from persona_assets.joint.domain import COARSE, Level
from persona_assets.joint.fit import fit_prefecture
from persona_assets.joint.model import FactorSpec
from persona_assets.partitions import prefectures
from persona_assets.people.build import build_people
from persona_assets.people.draw import draw_people
from persona_assets.people.fidelity import (
    Counts,
    Scope,
    distances,
    drawn_margins,
    fitted_margins,
    together,
)
from persona_assets.people.nation import load_nation
from persona_assets.people.network import network_of
from persona_assets.people.quotas import draw_quotas
from persona_assets.raking import FloatArray, IntArray
from persona_assets.recipe import Recipe
from persona_assets.storage.paths import reference_dir

SEED = 1
WORKERS = 2


class Table(NamedTuple):
    """One factor as plain NumPy draws from it.

    Attributes:
        parents: Axis and, by its code, what it adds to the number of the parent cell.
        group: By number of the parent cell, its place on the line.
        line: Cumulative shares; those of place g end at g + 1.
        adds: Axis and code of each outcome on the line.
    """

    parents: list[tuple[str, IntArray]]
    group: IntArray
    line: FloatArray
    adds: dict[str, IntArray]


class Network(NamedTuple):
    """All factors as plain NumPy draws from them.

    Attributes:
        names: Of the levels of each axis; the code after the last says that a person has none.
        tables: By factor, parents first.
        has: By factor that not all of its parent's people have: an axis and, by its code, who.
    """

    names: dict[str, list[Level]]
    tables: dict[str, Table]
    has: dict[str, tuple[str, IntArray]]


def possible(joint: Joint, name: str) -> pl.DataFrame:
    """Return the cells of a factor in which adults are."""
    factor = joint.factors[name].filter(pl.col("weight") > 0)
    known = "age_group" in factor.columns
    return factor.filter(pl.col("age_group").is_in(levels.ADULT_AGE_GROUPS)) if known else factor


def prepare(joint: Joint) -> Network:
    """Return the tables of plain NumPy."""
    names: dict[str, list[Level]] = {}
    tables, has = {}, {}
    for name, spec in SPECS.items():
        cells = possible(joint, name)
        for axis in spec.adds:
            names[axis] = cells[axis].drop_nulls().unique(maintain_order=True).to_list()
        tables[name] = _table(spec, cells, names)
        if spec.who is not None:
            axis = spec.who.meta.root_names()[0]
            who = pl.DataFrame({axis: [*names[axis], None]}).select(spec.who.fill_null(value=False))
            has[name] = axis, who.to_series().to_numpy()
    return Network(names, tables, has)


def _table(spec: FactorSpec, cells: pl.DataFrame, names: Mapping[str, list[Level]]) -> Table:
    number = np.zeros(cells.height, np.int64)
    parents, size = [], 1
    for axis in spec.given:
        fine = COARSE[axis].of if axis in COARSE and axis not in names else axis
        # The level of this axis at each code of the axis that people have.
        named = add_coarse(pl.DataFrame({fine: [*names[fine], None]}), [axis])[axis]
        own = named.drop_nulls().unique(maintain_order=True).to_list()
        parents.append((fine, _codes(named, own) * size))
        number += _codes(cells[axis], own) * size
        size *= len(own) + 1
    order = np.argsort(number, kind="stable")
    number, weight = number[order], cells["weight"].to_numpy()[order]
    found, first = np.unique(number, return_index=True)
    group = np.full(size, -1)
    group[found] = np.arange(len(found))
    place = group[number]
    sums = np.cumsum(weight)
    before = (sums - weight)[first][place]
    line = place + (sums - before) / np.add.reduceat(weight, first)[place]
    # Where a place ends is a whole number, whatever floats add up to.
    ends = np.append(first[1:], len(line)) - 1
    line[ends] = np.arange(1, len(found) + 1)
    adds = {axis: _codes(cells[axis], names[axis])[order] for axis in spec.adds}
    return Table(parents, group, line, adds)


def _codes(column: pl.Series, names: list[Level]) -> IntArray:
    codes = column.cast(pl.String).cast(pl.Enum([str(name) for name in names])).to_physical()
    codes = codes.fill_null(len(names))
    return codes.to_numpy().astype(np.intp)


def sample(network: Network, size: int, rng: np.random.Generator) -> dict[str, IntArray]:
    """Draw people one by one at random; return their codes by axis."""
    codes: dict[str, IntArray] = {}
    people: dict[str | None, IntArray] = {None: np.arange(size)}
    for name, table in network.tables.items():
        who = people[SPECS[name].parent]
        if name in network.has:
            axis, has = network.has[name]
            who = who[has[codes[axis][who]]]
        people[name] = who
        number = np.zeros(len(who), np.intp)
        for axis, steps in table.parents:
            number += steps[codes[axis] if len(who) == size else codes[axis][who]]
        row = table.line.searchsorted(table.group[number] + rng.random(len(who)), side="right")
        # A sum with a number just below 1 may be rounded to the next place's.
        np.minimum(row, len(table.line) - 1, out=row)
        for axis, added in table.adds.items():
            if len(who) == size:
                codes[axis] = added[row]
            else:
                codes[axis] = np.full(size, len(network.names[axis]))
                codes[axis][who] = added[row]
    return codes


def labelled(network: Network, codes: Mapping[str, IntArray], prefecture: str) -> pl.DataFrame:
    """Return drawn codes as the frame of labels that `draw_people` returns."""
    frame = pl.DataFrame(
        {axis: pl.Series([*network.names[axis], None])[drawn] for axis, drawn in codes.items()}
    )
    return frame.rename({"municipality": "municipality_code"}).with_columns(
        prefecture=pl.lit(prefecture)
    )


class Node(NamedTuple):
    """One variable as pgmpy has it: its parents and its shares, one column per parent cell."""

    name: str
    states: int
    parents: tuple[str, ...]
    shares: FloatArray


def nodes(joint: Joint, network: Network) -> list[Node]:
    """Return the factors as dense conditional tables, one node per variable, coarse ones too."""
    found: dict[str, Node] = {}
    names = dict(network.names)

    def add(axis: str, parents: tuple[str, ...], cells: pl.DataFrame) -> None:
        shape = [found[parent].states for parent in parents]
        column = np.zeros(cells.height, np.intp)
        for parent in parents:
            column = column * found[parent].states + _codes(cells[parent], names[parent])
        states = len(names[axis]) + 1
        shares = np.zeros((states, int(np.prod(shape))))
        np.add.at(shares, (_codes(cells[axis], names[axis]), column), cells["weight"].to_numpy())
        # Parent cells in which nobody is need shares all the same.
        shares[-1, shares.sum(axis=0) == 0] = 1
        found[axis] = Node(axis, states, parents, shares / shares.sum(axis=0))

    for name, spec in SPECS.items():
        for axis in spec.given:
            if axis not in found:
                fine = COARSE[axis].of
                alone = pl.DataFrame({fine: [*names[fine], None]}).with_columns(weight=1.0)
                alone = add_coarse(alone, [axis])
                names[axis] = alone[axis].drop_nulls().unique(maintain_order=True).to_list()
                add(axis, (fine,), alone)
        for position, axis in enumerate(spec.adds):
            add(axis, (*spec.given, *spec.adds[:position]), possible(joint, name))
    return list(found.values())


def pgmpy_sampler(network: list[Node]) -> Callable[[int], pl.DataFrame]:
    """Return pgmpy's forward sampling of a network."""
    model = import_module("pgmpy.models").DiscreteBayesianNetwork(
        [(parent, node.name) for node in network for parent in node.parents]
    )
    states = {node.name: node.states for node in network}
    for node in network:
        model.add_cpds(
            import_module("pgmpy.factors.discrete").TabularCPD(
                node.name, node.states, node.shares, node.parents,
                [states[parent] for parent in node.parents],
            )
        )  # fmt: skip
    sampling = import_module("pgmpy.sampling").BayesianModelSampling(model)

    def draw(size: int) -> Any:
        return sampling.forward_sample(size, seed=SEED, show_progress=False)

    return draw


def fit_into(folder: Path, key: str) -> None:
    """Fit a prefecture in a worker of `benchmarks.fit` and keep its joint."""
    joint, _ = fit_prefecture(key, *fit.figures())
    joint.to_frame().write_parquet(folder / f"{key}.parquet")


def load(folder: Path, key: str) -> Joint:
    """Return a joint that was kept."""
    return Joint.from_frame(pl.read_parquet(folder / f"{key}.parquet"))


class Clock:
    """Seconds of this process's cores, by what they went into."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def on(self, name: str) -> Iterator[None]:
        """Add what happens meanwhile to a name."""
        started = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0) + time.process_time() - started

    def sum(self, *names: str) -> float:
        """Return the seconds of some names."""
        return sum(self.seconds[name] for name in names)


def compare(folder: Path, size: int) -> None:
    """Draw every prefecture with ours and with plain NumPy, a few with pgmpy, and print ratios.

    Raises:
        RuntimeError: somebody drew from something else.
    """
    population = fit.read_margins()["population"]
    quotas = draw_quotas(population, size)
    nation = load_nation(reference_dir())
    peer = _installed("pgmpy")
    rng = np.random.default_rng(SEED)
    clock = Clock()
    fitted: list[Counts] = []
    drawn: dict[str, list[Counts]] = {}
    for key in prefectures():
        joint = load(folder, key)
        own = quotas.filter(pl.col("prefecture") == key)
        people = int(own["quota"].sum())
        with clock.on("our tables"):
            tables = network_of(joint)
            offsets = nation.offsets(key, quotas, SEED)
        with clock.on("our draws"):
            draw_people(tables, own, offsets, SEED)
        with clock.on("tables"):
            network = prepare(joint)
        with clock.on("draws"):
            codes = sample(network, people, rng)
        with clock.on("labels"):
            frame = labelled(network, codes, key)
        fitted.append(fitted_margins([joint]))
        drawn.setdefault("plain NumPy", []).append(drawn_margins(frame))
        if peer:
            with clock.on("pgmpy's tables"):
                draw = pgmpy_sampler(nodes(joint, network))
            with clock.on("pgmpy's draws"):
                found = draw(people)
            codes = {axis: found[axis].to_numpy() for axis in network.names}
            frame = labelled(network, codes, key)
            drawn.setdefault("pgmpy", []).append(drawn_margins(frame))
    for name, parts in drawn.items():
        _check(name, together(parts), together(fitted))
    ours, our_draws = clock.sum("our tables", "our draws"), clock.sum("our draws")
    print(f"{size:,} people of {len(prefectures())} prefectures, seconds of one core")
    print(f"  ours: tables {ours - our_draws:.2f}, draws with labels {our_draws:.2f}")
    print(f"  plain NumPy {np.__version__}: tables {clock.sum('tables'):.2f}, "
          f"draws {clock.sum('draws'):.2f}, labels {clock.sum('labels'):.2f}")  # fmt: skip
    print(f"  ours over plain NumPy: {ours / clock.sum('tables', 'draws', 'labels'):.2f}, without "
          f"tables {our_draws / clock.sum('draws', 'labels'):.2f}")  # fmt: skip
    if peer:
        peer_tables, peer_draws = clock.sum("pgmpy's tables"), clock.sum("pgmpy's draws")
        print(f"  pgmpy {peer}: tables {peer_tables:.2f}, draws {peer_draws:.2f}")
        print(f"  pgmpy over ours: {(peer_tables + peer_draws) / ours:.1f}, without tables "
              f"{peer_draws / our_draws:.1f}")  # fmt: skip


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        print(f"{package} is missing and left out; to compare with it: pip install {package}")
        return None


def _check(name: str, drawn: Counts, fitted: Counts) -> None:
    """Raise RuntimeError unless people are as far from the margins as random ones must be."""
    found = distances(drawn, fitted).filter(pl.col("scope") == Scope.PREFECTURES)
    ratio = (found["tvd"] / found["iid"]).to_numpy()
    print(f"  {name}: distances are {ratio.mean():.2f} times those expected of a random draw")
    if not 0.8 < ratio.mean() < 1.25:
        raise RuntimeError(f"{name} drew from another distribution")


_building: tuple[Path, pl.DataFrame] | None = None


def start_builder(folder: Path) -> None:
    """Read what every prefecture of a worker needs."""
    global _building
    _building = folder, fit.read_margins()["population"]


def build_one(key: str, size: int) -> tuple[int, int, float]:
    """Build all columns of a prefecture; return its people, the worker's id and its memory."""
    assert _building is not None  # noqa: S101 - the pool's initializer made it
    folder, population = _building
    people = build_people(load(folder, key), population, Recipe(size=size), reference_dir())
    return people.height, os.getpid(), fit.peak_memory()


def build_all(folder: Path, size: int) -> None:
    """Build all prefectures with WORKERS processes and print seconds and memory."""
    keys = list(prefectures())
    started, used = time.monotonic(), fit.core_seconds()
    with _pool(WORKERS, start_builder, folder) as pool:
        found = list(pool.map(build_one, keys, [size] * len(keys)))
    seconds = time.monotonic() - started
    peaks: dict[int, float] = {}
    for _, worker, memory in found:
        peaks[worker] = max(peaks.get(worker, 0), memory)
    print(f"{sum(people for people, *_ in found):,} people, all columns, {WORKERS} workers: "
          f"{seconds:.1f} s from their start, {fit.core_seconds() - used:.1f} s of cores; peak "
          f"memory {' and '.join(f'{peak:,.0f} MB' for peak in sorted(peaks.values()))}, "
          f"{fit.peak_memory():,.0f} MB of the process that started them")  # fmt: skip


def _pool(workers: int, initializer: Callable[..., object], *given: object) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=initializer, initargs=given)


def main() -> None:
    """Fit, then run the parts."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    parts = sys.argv[2:] or ["draw", "build"]
    # Workers have one core each; this is read when polars is imported there.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="persona-assets-") as name:
        folder = Path(name)
        with _pool(WORKERS, fit.start_worker) as pool:
            list(pool.map(fit_into, [folder] * len(prefectures()), prefectures()))
        if "draw" in parts:
            with _pool(1, time.monotonic) as pool:
                pool.submit(compare, folder, size).result()
        if "build" in parts:
            build_all(folder, size)


if __name__ == "__main__":
    main()
