"""Ids of people: the same for the same dataset, prefecture and place in the draw."""

import hashlib
import uuid
from collections.abc import Iterable
from typing import Final

import numpy as np

PERSON_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "person.persona-assets")


def new_ids(people: int, *names: str, taken: Iterable[str] = ()) -> list[str]:
    """Return as many ids, uuid5 of the names and a running number, as 32 hexadecimal digits.

    Args:
        people: How many.
        names: Dataset, prefecture, and of a later edition what tells it from the first.
        taken: Ids that nobody may get: of people who are here, and of those who are gone.
    """
    known = set(taken)
    ids = [one for one in _uuids("/".join(names), people + len(known)) if one not in known]
    return ids[:people]


def _uuids(start: str, count: int) -> list[str]:
    """Return the uuid5 of start and place for each place, as hexadecimal digits."""
    name = PERSON_NAMESPACE.bytes + f"{start}/".encode()
    digests = b"".join(
        hashlib.sha1(name + b"%d" % place, usedforsecurity=False).digest()[:16]
        for place in range(count)
    )
    raw = np.frombuffer(digests, dtype=np.uint8).reshape(count, 16).copy()
    # Version 5 and variant of RFC 9562.
    raw[:, 6] = raw[:, 6] & 0x0F | 0x50
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    text = raw.tobytes().hex()
    return [text[i : i + 32] for i in range(0, len(text), 32)]
