"""persona-assets: from Japan's official statistics to a released dataset of synthetic personas."""

__version__ = "0.1.0"
