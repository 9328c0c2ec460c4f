"""Fit all prefectures with one worker process and with two; rake beside other packages.

    python -m benchmarks.fit [PREFECTURES] [ROUNDS]

The first part fits the real figures and prints seconds, memory, sweeps and errors. The second gives
ours, a plain loop of numpy, ipfn and humanleague the same seed and margins, in turn, and prints the
medians of a core's seconds and their ratios to ours, all of one run on one machine. The two
packages are the optional group `benchmarks` of pyproject.toml and not in the pinned requirements:
`pip install ipfn humanleague`. Without them the rest runs.

The others take a dense box of cells and plain sums over its axes, and know neither factors nor
margins that group levels or cover some. So the problems are made to suit them: work and occupation
are one axis, and each margin is the fitted joint's sum over axes of the box, close to the table's.
What cannot occur is a zero of their seed and no cell of ours. Everybody stops at the same error,
and it is measured on the result:

- ours at that tolerance, as in production;
- numpy and ipfn after just as many sweeps as they need, which a run before finds out: ipfn's own
  criterion is another one;
- humanleague always stops at 1e-8 people, so it is given shares that add up to 0.01, of which
  that is the tolerance. What it takes with a million people, to a smaller error, is shown too, of
  one round.

A plain loop of numpy over the dense box shows what of the ratios is the packages' own.
"""

import contextlib
import io
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import NamedTuple

import numpy as np

from persona_assets.census.margins import build_margins
from persona_assets.census.tables import load_sources, load_table
from persona_assets.joint.distribution import Joint
from persona_assets.joint.domain import Cells
from persona_assets.joint.fit import Structure, assemble, fit_prefecture
from persona_assets.joint.inputs import Frames, load_shapes
from persona_assets.joint.model import MODEL
from persona_assets.partitions import prefectures
from persona_assets.raking import Block, FloatArray, IntArray, Target, rake_tree
from persona_assets.storage.paths import reference_dir

TOLERANCE = 1e-6
# humanleague's own, in people.
HUMANLEAGUE_TOLERANCE = 1e-8
PEERS = ("ipfn", "humanleague")
WITH_PEOPLE = "humanleague, people"
# Many people, few, and those whose fit takes long.
COMPARED = ("tokyo", "tottori", "nagano")
HARD = tuple(m.margin for spec in MODEL for m in spec.measured if m.hard)

PEOPLE = ("sex", "age_group", "activity", "education", "marital")
PEOPLE_MARGINS = (
    ("sex", "activity"),  # occupation, labour_status, inactivity
    ("sex", "education"),
    ("sex", "age_group", "activity"),  # employment
    ("sex", "age_group", "marital"),
)
STATUS = "employment_status"
STATUS_MARGIN = ("sex", STATUS)  # worker_class, employment_status


class Fitted(NamedTuple):
    """What a worker tells of one fit."""

    key: str
    cells: int
    sweeps: int
    errors: dict[str, float]
    memory: float


# A worker process's figures: read once by `start_worker`, used by each task.
_worker: tuple[Frames, Structure] | None = None


def read_margins() -> Frames:
    """Return the margins of all prefectures."""
    folder = reference_dir()
    tables = {
        key.split("/")[1]: load_table(key, folder)
        for key in load_sources(folder)
        if key.startswith("census/")
    }
    return build_margins(tables)


def read() -> tuple[Frames, Structure]:
    """Return the margins and what all fits share."""
    return read_margins(), assemble(load_shapes(reference_dir()))


def start_worker() -> None:
    """Read the figures of a worker process."""
    global _worker
    _worker = read()


def figures() -> tuple[Frames, Structure]:
    """Return what a worker has read."""
    assert _worker is not None  # noqa: S101 - the pool's initializer made it
    return _worker


def fit(key: str) -> Fitted:
    """Fit one prefecture in a worker."""
    joint, report = fit_prefecture(key, *figures())
    cells = sum(frame.height for frame in joint.factors.values())
    hard = {name: report.errors[name] for name in HARD}
    return Fitted(key, cells, report.sweeps, hard, peak_memory())


def peak_memory() -> float:
    """Return the largest memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fit_all(keys: Sequence[str], workers: int) -> tuple[float, float, list[Fitted]]:
    """Return the seconds from the start of the workers, those of their cores, and each fit."""
    started, used = time.monotonic(), core_seconds()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker) as pool:
        found = list(pool.map(fit, keys))
    return time.monotonic() - started, core_seconds() - used, found


def core_seconds() -> float:
    """Return how long cores have worked for the processes that this one started and saw end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def time_fits(keys: Sequence[str]) -> None:
    """Fit with one worker and with two, and print how it went."""
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    seconds: dict[int, float] = {}
    for workers in (1, 2):
        seconds[workers], used, found = fit_all(keys, workers)
        # At most: no two need to be at their largest at once.
        memory = peak_memory() + workers * max(f.memory for f in found)
        print(f"workers: {workers}; {seconds[workers]:.1f} s, {used:.1f} s of cores; "
              f"at most {memory:.0f} MB with the process that started them")  # fmt: skip
    print(f"ratio {seconds[1] / seconds[2]:.2f}")
    by_sweeps = sorted(found, key=lambda f: f.sweeps)
    few, many = by_sweeps[0], by_sweeps[-1]
    print(f"{len(keys)} prefectures, {min(f.cells for f in found):,} to "
          f"{max(f.cells for f in found):,} cells")  # fmt: skip
    print(f"sweeps: {few.sweeps} ({few.key}) to {many.sweeps} ({many.key}), "
          f"median {median(f.sweeps for f in found):.0f}")  # fmt: skip
    worst, margin, key = max((e, name, f.key) for f in found for name, e in f.errors.items())
    print(f"largest error of a hard margin, of its total: {worst:.0e} ({margin}, {key})")


@dataclass(frozen=True)
class Problem:
    """The same seed and margins in everybody's form.

    Attributes:
        name: Of the box.
        seed: The dense box, zero where nobody can be.
        dimensions: Of each margin, positions of its axes.
        margins: The sums over the other axes.
        rake: Ours: rakes, and returns the sweeps and what `box` needs.
        box: Spreads our result over the dense box.
    """

    name: str
    seed: FloatArray
    dimensions: list[list[int]]
    margins: list[FloatArray]
    rake: Callable[[], tuple[int, tuple[FloatArray, ...]]]
    box: Callable[..., FloatArray]

    def error(self, box: FloatArray) -> float:
        """Return the largest difference from a margin's count over the total."""
        sums = (_sums(box, kept) for kept in self.dimensions)
        return max(
            float(np.abs(found - wanted).max() / wanted.sum())
            for found, wanted in zip(sums, self.margins, strict=True)
        )


def people_problem(joint: Joint, structure: Structure) -> Problem:
    """Return the root factor as a box of its own."""
    factor = structure.factors["people"]
    columns = _people_columns(factor.cells)
    shape = tuple(int(columns[axis].max()) + 1 for axis in PEOPLE)
    place = np.ravel_multi_index([columns[axis] for axis in PEOPLE], shape)

    def box(weights: FloatArray) -> FloatArray:
        dense = np.zeros(shape)
        dense.flat[place] = weights
        return dense

    dimensions = [[PEOPLE.index(axis) for axis in margin] for margin in PEOPLE_MARGINS]
    fitted = box(joint.factors["people"]["weight"].to_numpy())
    margins = [_sums(fitted, kept) for kept in dimensions]

    def rake() -> tuple[int, tuple[FloatArray, ...]]:
        targets = _targets(PEOPLE_MARGINS, margins, columns)
        raked = rake_tree([Block("people", factor.seed, targets)], tolerance=TOLERANCE)
        return raked.sweeps, (raked.weights["people"],)

    return Problem("people", box(factor.seed), dimensions, margins, rake, box)


def status_problem(joint: Joint, structure: Structure) -> Problem:
    """Return the root and the employment status of workers as one box; ours stay two factors."""
    people = people_problem(joint, structure)
    root, factor = structure.factors["people"], structure.factors[STATUS]
    link = factor.link
    assert link is not None  # noqa: S101 - it hangs on the root
    status = factor.cells.column(STATUS)
    statuses = len(factor.cells.domain.levels_of(STATUS))

    def box(root_weights: FloatArray, weights: FloatArray) -> FloatArray:
        # What hangs on the root are shares of its people; who does not work has the last status.
        shares = np.zeros((len(link.labels) + 1, statuses))
        shares[link.own, status] = weights
        shares[-1, -1] = 1
        sums = shares.sum(axis=1, keepdims=True)
        np.divide(shares, sums, out=shares, where=sums > 0)
        dense = np.zeros((people.seed.size, statuses))
        place = np.flatnonzero(people.box(np.ones(len(root.cells))))
        dense[place] = root_weights[:, None] * shares[link.parents]
        return dense.reshape(*people.seed.shape, statuses)

    axes = (*PEOPLE, STATUS)
    dimensions = [*people.dimensions, [axes.index(axis) for axis in STATUS_MARGIN]]
    fitted = box(*(joint.factors[name]["weight"].to_numpy() for name in ("people", STATUS)))
    margins = [_sums(fitted, kept) for kept in dimensions]
    columns = _people_columns(root.cells)
    status_columns = {axis: factor.cells.column(axis) for axis in STATUS_MARGIN}
    # Nobody among the workers has the last one.
    workers = [margins[-1][:, :-1]]

    def rake() -> tuple[int, tuple[FloatArray, ...]]:
        targets = _targets(PEOPLE_MARGINS, margins[:-1], columns)
        below = _targets((STATUS_MARGIN,), workers, status_columns)
        raked = rake_tree(
            [Block("people", root.seed, targets), Block(STATUS, factor.seed, below, link)],
            tolerance=TOLERANCE,
        )
        return raked.sweeps, (raked.weights["people"], raked.weights[STATUS])

    seed = box(root.seed, factor.seed)
    return Problem("people x employment status", seed, dimensions, margins, rake, box)


def _people_columns(cells: Cells) -> dict[str, IntArray]:
    labour, occupation = cells.column("labour_status"), cells.column("occupation")
    names = cells.domain.levels_of("labour_status")
    works = labour == names.index("employed")
    occupations = int(occupation[works].max()) + 1
    # The occupations, then who does not work.
    other = np.array([sum(n != "employed" for n in names[:i]) for i in range(len(names))])
    activity = np.where(works, occupation, occupations + other[labour])
    return {axis: activity if axis == "activity" else cells.column(axis) for axis in PEOPLE}


def _targets(
    axes: Sequence[tuple[str, ...]],
    margins: Sequence[FloatArray],
    columns: dict[str, IntArray],
) -> list[Target]:
    return [
        Target(
            " ".join(names),
            np.ravel_multi_index([columns[axis] for axis in names], margin.shape),
            margin.ravel(),
            [""] * margin.size,
        )
        for names, margin in zip(axes, margins, strict=True)
    ]


def _sums(box: FloatArray, kept: Sequence[int]) -> FloatArray:
    return np.asarray(box.sum(axis=tuple(axis for axis in range(box.ndim) if axis not in kept)))


def plain(problem: Problem, sweeps: int | None = None) -> tuple[int, FloatArray]:
    """Rake the dense box with a plain loop: so many sweeps, or as many as it takes."""
    box = problem.seed.copy()
    done = 0
    while problem.error(box) > TOLERANCE if sweeps is None else done < sweeps:
        for kept, wanted in zip(problem.dimensions, problem.margins, strict=True):
            sums = _sums(box, kept)
            ratio = np.divide(wanted, sums, out=np.zeros_like(sums), where=sums > 0)
            box *= np.expand_dims(ratio, tuple(a for a in range(box.ndim) if a not in kept))
        done += 1
    return done, box


def with_ipfn(problem: Problem, sweeps: int) -> tuple[int, FloatArray]:
    """Let ipfn make so many sweeps."""
    package = import_module("ipfn.ipfn")
    # It begins one more than it is told, and says on the console that it was stopped.
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(invalid="ignore"):
        done = package.ipfn(
            problem.seed.copy(), problem.margins, problem.dimensions,
            convergence_rate=0, rate_tolerance=0, max_iteration=sweeps - 1,
        ).iteration()  # fmt: skip
    return sweeps, done


def with_humanleague(problem: Problem, scale: float) -> tuple[int, FloatArray]:
    """Let humanleague rake counts that are scaled."""
    package = import_module("humanleague")
    scaled = [margin * scale for margin in problem.margins]
    done, said = package.ipf(problem.seed, problem.dimensions, scaled)
    return int(said["iterations"]), done / scale


def compare(problem: Problem, peers: Sequence[str], rounds: int) -> dict[str, float]:
    """Print everybody's seconds, sweeps and errors; return the ratios to ours.

    Raises:
        RuntimeError: somebody missed the tolerance, or found something else.
    """
    needed, _ = plain(problem)
    scale = HUMANLEAGUE_TOLERANCE / TOLERANCE / float(problem.margins[0].sum())
    sides: dict[str, Callable[[], tuple[int, FloatArray | tuple[FloatArray, ...]]]] = {
        "persona-assets": problem.rake,
        "plain numpy": lambda: plain(problem, needed),
    }
    if "ipfn" in peers:
        sides["ipfn"] = lambda: with_ipfn(problem, needed)
    if "humanleague" in peers:
        sides["humanleague"] = lambda: with_humanleague(problem, scale)
        # It refuses sums of many millions that differ by their rounding, so a million people.
        million = 1e6 / float(problem.margins[0].sum())
        sides[WITH_PEOPLE] = lambda: with_humanleague(problem, million)
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    results: dict[str, tuple[int, FloatArray]] = {}
    for turn in range(rounds):
        for name, side in sides.items():
            if turn and name == WITH_PEOPLE:
                continue
            # Each uses one thread; a core's time is right beside other processes too.
            started = time.process_time()
            sweeps, found = side()
            seconds[name].append(time.process_time() - started)
            results[name] = sweeps, problem.box(*found) if isinstance(found, tuple) else found
    ours = median(seconds["persona-assets"])
    total = float(problem.margins[0].sum())
    ratios = {name: median(taken) / ours for name, taken in seconds.items()}
    for name, (sweeps, box) in results.items():
        error = problem.error(box)
        away = np.abs(box - results["persona-assets"][1]).max() / total
        print(f"  {name:20} {median(seconds[name]):8.4f} s {sweeps:5} sweeps  error {error:.1e}  "
              f"away from ours {away:.0e}  ratio {ratios[name]:.1f}")  # fmt: skip
        # The limit is one; where each stops depends on how it goes there.
        if error > TOLERANCE * 1.001 or away > 10 * TOLERANCE:
            raise RuntimeError(f"{name} solved something else")
    return ratios


def compare_all(keys: Sequence[str], rounds: int) -> None:
    """Compare on some prefectures and print the medians of the ratios."""
    peers = []
    for name in PEERS:
        try:
            print(f"{name} {version(name)}")
            peers.append(name)
        except PackageNotFoundError:
            print(f"{name} is missing and left out; to compare with it: pip install {name}")
    print(f"numpy {np.__version__}; error at most {TOLERANCE} of the total; "
          f"medians of {rounds} rounds in turn")  # fmt: skip
    margins, structure = read()
    ratios: dict[tuple[str, str], list[float]] = {}
    for key in keys:
        joint, _ = fit_prefecture(key, margins, structure)
        for problem in (people_problem(joint, structure), status_problem(joint, structure)):
            possible = np.count_nonzero(problem.seed)
            print(f"{key}, {problem.name}: {problem.seed.size:,} cells, {possible:,} possible, "
                  f"{len(problem.margins)} margins")  # fmt: skip
            for name, ratio in compare(problem, peers, rounds).items():
                ratios.setdefault((problem.name, name), []).append(ratio)
    for (problem_name, name), found in ratios.items():
        if name != "persona-assets":
            print(f"{problem_name}: ratio of {name} {median(found):.1f}, "
                  f"least {min(found):.1f}, most {max(found):.1f}")  # fmt: skip


def main() -> None:
    """Run both parts."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else len(prefectures())
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    time_fits(list(prefectures())[:count])
    compare_all(COMPARED, rounds)


if __name__ == "__main__":
    main()
