"""The benchmarks of fit and draw: everybody solves the same problem."""

import numpy as np
import pytest

from benchmarks import fit as benchmark
from benchmarks import people as drawing
from persona_assets.people.fidelity import distances, drawn_margins, fitted_margins, impossible


@pytest.fixture(scope="module")
def figures():
    return benchmark.read()


def test_a_worker_fits_a_prefecture(figures, monkeypatch):
    monkeypatch.setattr(benchmark, "_worker", figures)
    fitted = benchmark.fit("tottori")
    assert set(fitted.errors) == set(benchmark.HARD)
    assert max(fitted.errors.values()) < 1e-6


def test_all_sides_solve_the_same_problem_and_missing_ones_are_named(figures, monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "PEERS", ("no-such-package",))
    monkeypatch.setattr(benchmark, "read", lambda: figures)
    # Raises if one misses the tolerance or finds something else.
    benchmark.compare_all(["tottori"], rounds=1)
    printed = capsys.readouterr().out
    assert "pip install no-such-package" in printed
    assert "people x employment status: ratio of plain numpy" in printed


def test_plain_numpy_draws_from_the_joint(tottori):
    network = drawing.prepare(tottori)
    codes = drawing.sample(network, 20_000, np.random.default_rng(4))
    people = drawing.labelled(network, codes, "tottori")
    assert impossible(people, [tottori])["people"].sum() == 0
    found = distances(drawn_margins(people), fitted_margins([tottori]))
    # As far as a random draw is: no nearer, as the controlled one is, and no further.
    ratio = (found["tvd"] / found["iid"]).to_numpy()
    assert 0.8 < ratio.mean() < 1.25


def test_nodes_of_pgmpy_are_the_factors_as_conditional_tables(tottori):
    network = drawing.prepare(tottori)
    nodes = {node.name: node for node in drawing.nodes(tottori, network)}
    assert set(network.names) < set(nodes)
    for node in nodes.values():
        assert node.shares.shape == (
            node.states, np.prod([nodes[parent].states for parent in node.parents])
        )  # fmt: skip
        assert node.shares.sum(axis=0) == pytest.approx(1)
    # The chain of the root's variables multiplies to the root.
    order = ("sex", "age_group", "labour_status", "occupation", "education", "marital")
    share = np.ones(())
    for axis in order:
        shape = [nodes[parent].states for parent in nodes[axis].parents]
        own = nodes[axis].shares.reshape(nodes[axis].states, *shape)
        share = share[..., None] * np.moveaxis(own, 0, -1)
    married = share.sum(axis=(0, 1, 2, 3, 4))[network.names["marital"].index("married")]
    adults = tottori.adults
    wanted = adults.filter(marital="married")["weight"].sum() / adults["weight"].sum()
    assert married == pytest.approx(wanted)


def test_missing_peer_is_named(capsys):
    assert drawing._installed("no-such-package") is None
    assert "pip install no-such-package" in capsys.readouterr().out
