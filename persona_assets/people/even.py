"""Even numbers: chance that few people share out as well as many.

Plain random numbers of twenty people can all be small. Along an order of people, multiples of the
golden ratio modulo 1 are spread evenly over any stretch of neighbours.
"""

import numpy as np

from persona_assets.people.systematic import GOLDEN
from persona_assets.raking import FloatArray, IntArray


def even(order: IntArray, rng: np.random.Generator) -> FloatArray:
    """Return a number in [0, 1) per person, evenly spread over neighbours in the order.

    Args:
        order: Positions of the people, those alike beside one another.
        rng: Gives the phase, one number.
    """
    numbers = np.empty(len(order))
    numbers[order] = (rng.random() + GOLDEN * np.arange(len(order))) % 1.0
    return numbers
