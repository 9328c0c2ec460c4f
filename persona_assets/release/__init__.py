"""The released folder: columns, Parquet, card, report, manifest."""
