"""Random streams: one per recipe, prefecture and purpose.

Counter-based (Philox) and keyed by what they are for, so that changing how one attribute is drawn
leaves every other column as it was.
"""

import hashlib

import numpy as np


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return the generator of one purpose, such as `name` in `tokyo`, or one person's text."""
    # 128 bits: people are named here by the million, and no two may share a stream.
    digest = hashlib.blake2b("/".join(names).encode(), digest_size=16).digest()
    sequence = np.random.SeedSequence([seed, int.from_bytes(digest, "big")])
    return np.random.Generator(np.random.Philox(sequence))
