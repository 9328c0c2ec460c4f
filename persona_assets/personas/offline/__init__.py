"""The offline writer: Japanese by rule, with no language model."""
