import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_assets.raking import Block, Link, MarginConflictError, Target, rake, rake_tree

ROWS, COLUMNS = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])


def targets(rows, columns):
    return [
        Target("rows", ROWS, np.array(rows, float), ("a", "b")),
        Target("columns", COLUMNS, np.array(columns, float), ("x", "y")),
    ]


def test_uniform_seed_gives_independence():
    raked = rake(np.ones(4), targets([30, 70], [40, 60]))
    assert raked.weights == pytest.approx([12, 18, 28, 42])


def test_seed_keeps_its_odds_ratio():
    w = rake(np.array([4.0, 1, 1, 1]), targets([30, 70], [40, 60])).weights
    assert w[0] * w[3] / (w[1] * w[2]) == pytest.approx(4)


def test_structural_zero_stays():
    assert rake(np.array([0.0, 1, 1, 1]), targets([30, 70], [40, 60])).weights[0] == 0


def test_conflict_names_both_margins_and_the_size():
    with pytest.raises(MarginConflictError, match=r"'(rows|columns)' and '(rows|columns)' cannot"):
        rake(np.ones(4), targets([30, 70], [40, 90]))


def test_impossible_cell_is_named():
    with pytest.raises(MarginConflictError, match="structural zero"):
        rake(np.array([0.0, 0, 1, 1]), targets([30, 70], [40, 60]))


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_bad_count_is_named(bad):
    with pytest.raises(MarginConflictError, match="margin 'rows', cell a"):
        rake(np.ones(4), targets([bad, 70], [40, 60]))


@st.composite
def tables(draw):
    """A seed without zeros and the margins of another table of the same shape."""
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    cells = st.floats(0.05, 20)
    seed, table = (
        np.array(draw(st.lists(cells, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])))
        for _ in range(2)
    )
    rows, columns = np.indices(shape).reshape(2, -1)
    return seed, table, rows, columns


@settings(max_examples=60, deadline=None)
@given(tables())
def test_raking_meets_margins_and_keeps_every_odds_ratio(drawn):
    seed, table, rows, columns = drawn
    wanted = [
        Target(name, index, np.bincount(index, table), [str(n) for n in range(index.max() + 1)])
        for name, index in (("rows", rows), ("columns", columns))
    ]
    raked = rake(seed, wanted)
    assert max(raked.errors.values()) <= 1e-9
    for target in wanted:
        sums = np.bincount(target.index, raked.weights)
        assert sums == pytest.approx(target.counts, abs=1e-8 * table.sum())
    # The scaling has one factor per row and one per column: log ratios are a rank-one pattern.
    scale = np.log(raked.weights / seed).reshape(rows.max() + 1, columns.max() + 1)
    interaction = scale - scale.mean(0) - scale.mean(1)[:, None] + scale.mean()
    assert np.abs(interaction).max() < 1e-7


def test_target_that_leaves_cells_free_does_not_move_them():
    index = np.array([0, 0, -1, -1])
    raked = rake(np.array([1.0, 3, 5, 7]), [Target("some", index, np.array([8.0]), ("a",))])
    assert raked.weights.tolist() == [2, 6, 5, 7]


def test_empty_target_is_named():
    with pytest.raises(MarginConflictError, match="'rows' adds up to zero"):
        rake(np.ones(4), targets([0, 0], [40, 60]))


def test_target_without_rows_is_named():
    nothing = Target("rows", np.full(4, -1), np.array([]), ())
    with pytest.raises(MarginConflictError, match="'rows' has no rows"):
        rake(np.ones(4), [nothing])


def test_no_target_leaves_the_seed_as_it_is():
    seed = np.array([1.0, 0, 3])
    assert rake(seed, []).weights.tolist() == seed.tolist()


# A tree of four blocks over a, b, c, d, e: a person with the last b has neither c nor d.
SIZES = {"a": 2, "b": 3, "c": 2, "d": 2, "e": 2}
BLOCKS = {"root": "ab", "child": "bc", "grandchild": "cd", "other": "ae"}
PARENTS = {"child": ("root", "b"), "grandchild": ("child", "c"), "other": ("root", "a")}
AIMS = {"a": "root", "b": "root", "c": "child", "bc": "child", "d": "grandchild", "e": "other"}
WITHOUT = SIZES["b"] - 1


def cells_of(axes):
    """The codes of a block's cells by axis; a child has none for the last b."""
    grid = dict(zip(axes, np.indices([SIZES[x] for x in axes]).reshape(len(axes), -1), strict=True))
    if axes == "bc":
        grid = {axis: codes[grid["b"] != WITHOUT] for axis, codes in grid.items()}
    return grid


def rows_of(cells, axes):
    """Each cell's row in the table of some axes; -1 where it has no value of one."""
    has = np.all([cells[axis] >= 0 for axis in axes], axis=0)
    codes = [np.where(has, cells[axis], 0) for axis in axes]
    return np.where(has, np.ravel_multi_index(codes, [SIZES[axis] for axis in axes]), -1)


def sums_of(cells, axes, weights):
    size = int(np.prod([SIZES[axis] for axis in axes]))
    return np.bincount(rows_of(cells, axes) + 1, weights, size + 1)[1:]


def everybody():
    """The cells of all variables at once; c and d are -1 with the last b."""
    grid = dict(zip("abcde", np.indices(list(SIZES.values())).reshape(5, -1), strict=True))
    without = grid["b"] == WITHOUT
    once = ~without | ((grid["c"] == 0) & (grid["d"] == 0))
    none = {axis: np.where(without, -1, grid[axis]) for axis in "cd"}
    return {axis: codes[once] for axis, codes in {**grid, **none}.items()}


def target_of(axes, cells, counts, weight=1.0):
    labels = [f"{axes} {row}" for row in range(len(counts))]
    return Target(axes, rows_of(cells, axes), counts, labels, weight)


def product_of(weights):
    """The one distribution that the blocks stand for: their product over what they share."""
    full = everybody()
    product = np.ones(len(full["a"]))
    for name, axes in BLOCKS.items():
        has = np.all([full[axis] >= 0 for axis in axes], axis=0)
        cells, here = cells_of(axes), weights[name]
        table = np.zeros(int(np.prod([SIZES[axis] for axis in axes])))
        table[rows_of(cells, axes)] = here
        if name in PARENTS:
            shared = PARENTS[name][1]
            table[rows_of(cells, axes)] /= sums_of(cells, shared, here)[cells[shared]]
        product *= np.where(has, table[rows_of(full, axes)], 1)
    return product


def tree_of(seeds, counts, weights):
    blocks = []
    for name, axes in BLOCKS.items():
        cells, link = cells_of(axes), None
        if name in PARENTS:
            parent, shared = PARENTS[name]
            above = cells_of(BLOCKS[parent])
            theirs = above[shared]
            if shared == "b":
                theirs = np.where(theirs == WITHOUT, -1, theirs)
            link = Link(parent, cells[shared], theirs, [f"{shared}{n}" for n in range(3)])
        aims = [
            target_of(aim, cells, counts[aim], weights.get(aim, 1.0))
            for aim, block in AIMS.items()
            if block == name and aim in counts
        ]
        blocks.append(Block(name, seeds[name], aims, link))
    return blocks


@st.composite
def trees(draw, always=()):
    """Seeds of the tree's blocks, and counts of some of the targets in another distribution."""

    def numbers(size):
        return np.array(draw(st.lists(st.floats(0.3, 3), min_size=size, max_size=size)))

    seeds = {name: numbers(len(next(iter(cells_of(a).values())))) for name, a in BLOCKS.items()}
    full = everybody()
    truth = numbers(len(full["a"]))
    chosen = draw(st.sets(st.sampled_from(list(AIMS)), min_size=1)) | set(always)
    return seeds, {aim: sums_of(full, aim, truth) for aim in sorted(chosen)}


@settings(max_examples=40, deadline=None)
@given(trees())
def test_tree_of_blocks_is_the_same_distribution_as_all_cells_at_once(drawn):
    seeds, counts = drawn
    tree = rake_tree(tree_of(seeds, counts, {}))
    full = everybody()
    wanted = rake(product_of(seeds), [target_of(aim, full, counts[aim]) for aim in counts])
    assert product_of(tree.weights) == pytest.approx(wanted.weights, rel=1e-6)
    assert max(tree.errors.values()) <= 1e-9
    for name, (parent, shared) in PARENTS.items():
        below, above = (
            sums_of(cells_of(BLOCKS[block]), shared, tree.weights[block])
            for block in (name, parent)
        )
        # To the last digits: the last step hands the root's sums down.
        assert below[below > 0] == pytest.approx(above[below > 0], rel=1e-13)


@settings(max_examples=30, deadline=None)
@given(trees(always=["d"]), st.floats(0.05, 0.9))
def test_soft_target_of_a_tree_is_held_where_its_weight_puts_it(drawn, weight):
    seeds, counts = drawn
    counts["d"] = counts["d"] * [2, 0.5]  # nothing that the hard ones would allow
    tree = rake_tree(tree_of(seeds, counts, {"d": weight}))
    sums = sums_of(cells_of("cd"), "d", tree.weights["grandchild"])
    assert tree.pulls["d"] == pytest.approx((counts["d"] / sums) ** (weight / (1 - weight)))
    # The same targets over all cells at once.
    full = everybody()
    all_at_once = rake(
        product_of(seeds),
        [target_of(aim, full, counts[aim], weight if aim == "d" else 1.0) for aim in counts],
    )
    assert product_of(tree.weights) == pytest.approx(all_at_once.weights, rel=1e-6)


def test_blocks_share_their_sums_and_who_has_no_cell_below_stays():
    ones = {name: np.ones(len(next(iter(cells_of(a).values())))) for name, a in BLOCKS.items()}
    tree = rake_tree(tree_of(ones, {"b": np.array([6.0, 4, 5]), "c": np.array([7.0, 3])}, {}))
    child = tree.weights["child"]
    assert sums_of(cells_of("bc"), "b", child) == pytest.approx([6, 4, 0])
    assert sums_of(cells_of("ab"), "b", tree.weights["root"]) == pytest.approx([6, 4, 5])
    # Independent given b: 70 % of each b.
    assert child == pytest.approx([4.2, 1.8, 2.8, 1.2])
    assert tree.weights["grandchild"] == pytest.approx([3.5, 3.5, 1.5, 1.5])


def test_people_without_a_cell_below_are_named():
    root = Block("root", np.ones(4), targets([30, 70], [40, 60]))
    link = Link("root", np.array([0, 0]), ROWS, ("a", "b"))
    with pytest.raises(
        MarginConflictError, match=r"'child' has no cell for b, where 'root' has 70\.0 people"
    ):
        rake_tree([root, Block("child", np.ones(2), [], link)])


def test_conflict_between_blocks_names_both_margins_and_the_cell():
    root = Block("root", np.ones(4), targets([30, 70], [40, 60])[:1])
    below = Target("below", np.array([0, 1]), np.array([35.0, 65]), ("a here", "b here"))
    child = Block("child", np.ones(2), [below], Link("root", np.array([0, 1]), ROWS, ("a", "b")))
    with pytest.raises(
        MarginConflictError, match=r"cannot both hold: in [ab]( here)? the"
    ) as error:
        rake_tree([root, child])
    assert "'rows'" in str(error.value)
    assert "'below'" in str(error.value)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=2), st.floats(0.01, 0.99))
def test_one_soft_target_closes_its_weights_share_of_the_distance(counts, weight):
    soft = Target("rows", ROWS, np.array(counts), ("a", "b"), weight)
    raked = rake(np.ones(4), [soft])
    assert raked.weights == pytest.approx(((np.array(counts) / 2) ** weight)[ROWS])


@pytest.mark.parametrize("weight", [0.1, 0.5, 0.9])
def test_soft_target_gives_way_to_a_hard_one(weight):
    hard, columns = targets([30, 70], [40, 60])
    against = Target("against", ROWS, np.array([70.0, 30]), ("a", "b"), weight)
    raked = rake(np.array([4.0, 1, 1, 1]), [hard, against, columns])
    assert raked.weights == pytest.approx(
        rake(np.array([4.0, 1, 1, 1]), [hard, columns]).weights, rel=1e-6
    )
    assert raked.errors["against"] == pytest.approx(0.4)


def test_soft_target_may_want_people_where_none_can_be():
    seed = np.array([0.0, 0, 1, 1])
    soft = Target("rows", ROWS, np.array([5.0, 8]), ("a", "b"), 0.5)
    raked = rake(seed, [soft])
    # Half way from 2 to 8, as a ratio.
    assert raked.weights == pytest.approx([0, 0, 2, 2])


def relative_entropy(some, other):
    return float((some * np.log(some / other) - some + other).sum())


@settings(max_examples=40, deadline=None)
@given(tables(), st.floats(0.1, 0.9), st.integers(0, 2**32 - 1))
def test_soft_optimum_is_better_than_what_is_beside_it(drawn, weight, chance):
    seed, table, rows, columns = drawn
    names = [str(n) for n in range(seed.size)]
    hard = Target("rows", rows, np.bincount(rows, table), names)
    soft = Target("columns", columns, np.bincount(columns, table)[::-1].copy(), names, weight)
    weights = rake(seed, [hard, soft]).weights

    def loss(here):
        sums = np.bincount(columns, here)
        stiff = weight / (1 - weight)
        return relative_entropy(here, seed) + stiff * relative_entropy(sums, soft.counts)

    moves = np.random.default_rng(chance).uniform(-1, 1, (20, seed.size))
    for move in moves:
        # People change their column and never their row.
        move -= (np.bincount(rows, move * weights) / np.bincount(rows, weights))[rows]
        for step in (0.3, 0.01):
            beside = weights * (1 + step * move / max(1, np.abs(move).max()))
            assert np.bincount(rows, beside) == pytest.approx(hard.counts, rel=1e-6)
            assert loss(weights) <= loss(beside) + 1e-9 * table.sum()


@pytest.mark.parametrize("weight", [0.0, -0.1, 1.01, float("nan")])
def test_weight_that_is_no_share_is_named(weight):
    with pytest.raises(
        MarginConflictError, match=r"margin 'rows' has weight .* above 0 and at most"
    ):
        rake(np.ones(4), [Target("rows", ROWS, np.array([30.0, 70]), ("a", "b"), weight)])
