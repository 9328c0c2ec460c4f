"""The joint distribution: the model's variables, the fit and its report."""
