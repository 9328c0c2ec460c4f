"""The benchmark of the fit: ours, on factors, finds what a plain loop finds on the dense box."""

import pytest

from benchmarks import fit as benchmark


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
