"""People: one sampled row of context each, drawn from the joint."""
