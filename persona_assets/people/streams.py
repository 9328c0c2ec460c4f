"""Random streams: one per recipe, prefecture and purpose.

Counter-based (Philox) and keyed by what they are for, so that changing how one attribute is drawn
leaves every other column as it was.
"""

import zlib

import numpy as np


def stream(seed: int, prefecture: str, purpose: str) -> np.random.Generator:
    """Return the generator of one purpose in one prefecture."""
    key = [seed, zlib.crc32(prefecture.encode()), zlib.crc32(purpose.encode())]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))
