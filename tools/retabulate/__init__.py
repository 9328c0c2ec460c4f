"""Makes `data/reference` from the tidy figures that were collected; see `__main__`."""
