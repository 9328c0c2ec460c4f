"""persona-assets: from Japan's official statistics to a released dataset of synthetic personas."""

import warnings

__version__ = "0.1.0"

# Partitioned checks and data versions of outputs are new in Dagster, whose version is pinned; the
# same note at every run would hide the warnings that matter.
warnings.filterwarnings("ignore", message=r".*is currently in (beta|preview)")
