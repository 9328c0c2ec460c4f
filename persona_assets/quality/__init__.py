"""Gates and dataset measures: what may be released, and how close it is."""
