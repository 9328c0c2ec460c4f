"""Benchmarks: what takes how long, printed as ratios within one run. Not part of the tests."""
