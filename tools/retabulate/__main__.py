"""Write `data/reference` anew: `python -m tools.retabulate INPUT [--out data/reference]`.

INPUT is the folder of the collected figures, with `census/`, `shapes/`, `lifestyle/`,
`occupations/` and `names/`. The same input gives the same bytes.
"""

import argparse
from pathlib import Path

from tools.retabulate import (
    census,
    culture,
    geography,
    life,
    lifestyle,
    names,
    nation,
    occupations,
    shapes,
)


def main() -> None:
    """Read the command line and write every folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input", type=Path, help="folder of the collected figures")
    parser.add_argument("--out", type=Path, default=Path("data/reference"), help="where to write")
    arguments = parser.parse_args()
    parts = (census, shapes, geography, culture, names, occupations, lifestyle, life, nation)
    for part in parts:
        part.write(arguments.input, arguments.out)
        print(f"{part.__name__.rsplit('.', 1)[-1]}: done")


if __name__ == "__main__":
    main()
