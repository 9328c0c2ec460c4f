import polars as pl
import pytest


def test_every_margin_covers_its_universe(margins):
    from_15 = margins["population"]["count"].sum()
    for name in ("marital_status", "employment", "labour_status", "education"):
        assert margins[name]["count"].sum() == pytest.approx(from_15, rel=1e-9)
    employed = margins["labour_status"].filter(pl.col("labour_status") == "employed")["count"].sum()
    for name in ("employment_status", "occupation", "industry"):
        assert margins[name]["count"].sum() == pytest.approx(employed, rel=1e-9)


def test_employment_by_age_is_near_the_labour_force_survey(margins, shapes):
    rates = (
        margins["employment"]
        .group_by("sex", "age_group")
        .agg(rate=pl.col("count").filter(pl.col("employed") == "yes").sum() / pl.col("count").sum())
        .join(shapes["labour_rates"], on=["sex", "age_group"])
        .filter(~pl.col("age_group").is_in(["15-19", "75+"]))
    )
    assert rates.height == 22
    assert (rates["rate"] - rates["employment_rate"]).abs().max() < 0.04
