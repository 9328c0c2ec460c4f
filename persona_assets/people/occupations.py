"""Job titles of employed people, drawn from the titles of their small class of occupation.

Belongs here: which job title fits a person whose class, industry and schooling are known. How many
people work in each class and industry is the joint's business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from persona_assets import levels
from persona_assets.errors import PersonaAssetsError
from persona_assets.joint.titles import SCHOOLING_RANK, load_titles
from persona_assets.people.systematic import GOLDEN
from persona_assets.raking import BoolArray, FloatArray, IntArray
from persona_assets.storage.paths import reference_dir

# What a title's chance depends on, beside age; each with its levels.
GIVEN: Final = {
    "sex": tuple(levels.SEX),
    "education": tuple(levels.EDUCATION),
    "employment_status": tuple(levels.EMPLOYMENT_STATUS),
    "industry": tuple(levels.INDUSTRY),
}

# That none of a job's some fifty answers names a schooling or standing leaves this share; ASSUMED.
LEAST_SHARE: Final = 0.002

# Years away from any age at which a title is usual.
NEVER: Final = 1_000


class OccupationError(PersonaAssetsError):
    """People for whom no title can be drawn; names the column and the value."""


@dataclass(frozen=True)
class ClassTitles:
    """The titles of one class of occupation, T of them, as factors of their chances.

    Attributes:
        titles: Their rows in `load_titles`.
        by_level: For each column of `GIVEN` but the industry, an array (levels, T): 0 where the
            title is not for such a person, else how likely it is.
        by_industry: (industries, T): P(industry | title).
        limits: Ages at which what is allowed changes, ascending.
        unusual: (stretches of age, T): how many years a stretch is away from the ages at which the
            title is usual; 0 within. Stretch i starts at limits[i - 1] and ends before limits[i].
        eras: Years since when titles are used, ascending.
        too_new: (eras, T): how many years an era is before the title was used.
        allowed: (stretches of age, T): whether anybody so young may bear the title.
    """

    titles: IntArray
    by_level: tuple[FloatArray, FloatArray, FloatArray]
    by_industry: FloatArray
    limits: IntArray
    unusual: IntArray
    allowed: BoolArray
    eras: IntArray
    too_new: IntArray

    @property
    def shape(self) -> tuple[int, ...]:
        """The kinds of people told apart: levels of each column of `GIVEN`, age, year."""
        return (*(len(names) for names in GIVEN.values()), len(self.limits) + 1, len(self.eras))

    def chances(self, kinds: IntArray) -> FloatArray:
        """Return the chance of each title for some kinds of people, up to a factor.

        The title's frequency times P(sex | title), P(education | title), the share of self-employed
        (or not) in the job and P(industry | title), among titles that are for the person's sex,
        schooling, employment status, age and industry and usual at the age and time; where no such
        title is, those that are usual at the nearest ones.

        Args:
            kinds: Positions in an array of `shape`, one per kind of people.

        Returns:
            (kinds, T); a row of zeros where no title is for such a person.
        """
        sex, education, status, industry, stretch, era = np.unravel_index(kinds, self.shape)
        chances = self.allowed[stretch] * self.by_level[0][sex]
        chances = chances * self.by_level[1][education] * self.by_level[2][status]
        chances = chances * self.by_industry[industry]
        years = np.where(chances > 0, self.unusual[stretch] + self.too_new[era], NEVER)
        nearest: FloatArray = chances * (years == years.min(axis=1, keepdims=True))
        return nearest


@cache
def load_industry_sizes(reference: Path) -> dict[str, int]:
    """Return the employed people of each industry letter, nationwide in 2020."""
    sizes = pl.read_csv(reference / "occupations" / "industry_sizes.csv")
    return dict(sizes.select("industry", "employed").iter_rows())


@cache
def class_titles(reference: Path) -> dict[tuple[str, str], ClassTitles]:
    """Return the titles of each major group and class of occupation."""
    sizes = load_industry_sizes(reference)
    table = load_titles(reference).with_row_index("row")
    return {
        (str(occupation), str(name)): _factors(part, np.array([sizes[i] for i in levels.INDUSTRY]))
        for (occupation, name), part in table.group_by(
            "occupation", "occupation_class", maintain_order=True
        )
    }


def _factors(part: pl.DataFrame, sizes: IntArray) -> ClassTitles:
    def listed(column: str, names: Iterable[str]) -> BoolArray:
        lists = [text.split("|") for text in part[column]]
        return np.array([[name in texts for texts in lists] for name in names])

    female = part["female_share"].to_numpy()
    own = part["self_employed_share"].to_numpy().clip(LEAST_SHARE, 1 - LEAST_SHARE)
    kinds = [levels.WORKER_KIND_OF[status] == "employee" for status in levels.EMPLOYMENT_STATUS]
    of_sex = np.array([female if sex == "female" else 1 - female for sex in levels.SEX])
    of_education = part.select(f"edu_{level}" for level in levels.EDUCATION).to_numpy().T
    rank = np.array([SCHOOLING_RANK[level] for level in levels.EDUCATION])
    least_rank = np.array([SCHOOLING_RANK[level] for level in part["min_education"]])
    ages = {name: part[name].to_numpy() for name in ("min_age", "max_age", "least_age")}
    limits = np.unique(np.concatenate([ages["min_age"], ages["max_age"] + 1, ages["least_age"]]))
    first = np.r_[0, limits][:, None]
    since = part["since"].to_numpy()
    eras = np.unique(since)
    industries = listed("industries", levels.INDUSTRY) * sizes[:, None]
    return ClassTitles(
        titles=part["row"].to_numpy().astype(np.int64),
        by_level=(
            part["frequency"].to_numpy()
            * of_sex
            * ((part["sex"].to_numpy() == "") | listed("sex", levels.SEX)),
            of_education.clip(LEAST_SHARE) * (least_rank <= rank[:, None]),
            np.where(np.array(kinds)[:, None], 1 - own, own)
            * listed("statuses", levels.EMPLOYMENT_STATUS),
        ),
        by_industry=industries / industries.sum(axis=0),
        limits=limits,
        unusual=np.maximum(ages["min_age"] - first, first - ages["max_age"]).clip(0),
        allowed=ages["least_age"] <= first,
        eras=eras,
        too_new=(since - eras[:, None]).clip(0),
    )


def draw_titles(
    people: pl.DataFrame,
    rng: np.random.Generator,
    reference: Path | None = None,
    years: IntArray | None = None,
) -> pl.DataFrame:
    """Draw a job title for each employed person, by the chances of `ClassTitles.chances`.

    People of a class are put in order of what their chances depend on and given points of a
    sequence on multiples of the golden ratio, so that a title's number comes nearer to what is
    expected than by chance (a randomly shifted quasi-Monte Carlo sequence: Cranley and Patterson
    1976); each person's own chances stay the exact ones.

    Args:
        people: One row per person: sex, age (years), education, employment_status, industry
            (JSIC letter), occupation (JSOC letter), occupation_class; the last four are null for
            those without work.
        rng: Generator; one number is drawn per row, employed or not, and one before.
        reference: The folder `data/reference`; by default the one that ships.
        years: When each person does or did the work; by default the census year.

    Returns:
        `occupation_title`, in the order of `people`; null without work.

    Raises:
        OccupationError: an unknown major group or class, or a person whom no title fits.
    """
    reference = reference or reference_dir()
    phase, ties = rng.random(), rng.random(people.height)
    row = np.full(people.height, -1, dtype=np.int64)
    employed = people.with_row_index("place").filter(pl.col("occupation").is_not_null())
    codes = {
        name: employed[name].cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64)
        for name, names in GIVEN.items()
    }
    place, age = employed["place"].to_numpy(), employed["age"].to_numpy()
    year = np.full(people.height, levels.CENSUS_YEAR) if years is None else years
    classes = (
        employed.select("occupation", "occupation_class", at=pl.int_range(pl.len()))
        .group_by("occupation", "occupation_class", maintain_order=True)
        .agg("at")
        .sort("occupation", "occupation_class")
    )
    drawn = 0
    for occupation, name, members in classes.iter_rows():
        known = _known(reference, occupation, name)
        at = np.array(members)
        stretch = np.searchsorted(known.limits, age[at], side="right")
        era = np.searchsorted(known.eras, year[place[at]], side="right") - 1
        kind = np.ravel_multi_index((*(codes[c][at] for c in GIVEN), stretch, era), known.shape)
        order = np.lexsort((ties[place[at]], kind))
        kinds, sizes = np.unique(kind, return_counts=True)
        cumulative = known.chances(kinds).cumsum(axis=1)
        if not cumulative[:, -1].all():
            first = order[sizes[: int(cumulative[:, -1].argmin())].sum()]
            raise _nobody(employed.row(int(at[first]), named=True))
        points = (phase + (drawn + np.arange(at.size)) * GOLDEN) % 1.0
        below = np.repeat(cumulative / cumulative[:, -1:], sizes, axis=0) <= points[:, None]
        row[place[at[order]]] = known.titles[below.sum(axis=1)]
        drawn += at.size
    titles = load_titles(reference)["title"].alias("occupation_title")
    return titles.gather(pl.Series(row).replace(-1, None)).to_frame()


def _known(reference: Path, occupation: str, name: str) -> ClassTitles:
    known = class_titles(reference)
    if (occupation, name) in known:
        return known[occupation, name]
    majors = sorted({major for major, _ in known})
    if occupation not in majors:
        raise OccupationError(
            f"drawing job titles: occupation '{occupation}' has none; use one of {majors}"
        )
    raise OccupationError(
        f"drawing job titles: occupation class '{name}' has none among those of '{occupation}'; "
        "add one to titles.csv"
    )


def _nobody(person: Mapping[str, Any]) -> OccupationError:
    values = ", ".join(f"{name}={person[name]}" for name in (*GIVEN, "age"))
    return OccupationError(
        f"drawing a job title: none of occupation class '{person['occupation_class']}' allows "
        f"{values}; widen title_rules.csv or add one to added_titles.csv"
    )


def title_details(reference: Path) -> pl.DataFrame:
    """Return what is known of each job title.

    Returns:
        occupation_class, occupation_title, skills and certifications (lists of noun phrases, may
        be empty); one row per class and title.
    """
    return (
        load_titles(reference)
        .unique(["occupation_class", "title"], maintain_order=True)
        .select(
            "occupation_class",
            pl.col("title").alias("occupation_title"),
            *(
                pl.col(name).str.split("|").list.filter(pl.element() != "").alias(name)
                for name in ("skills", "certifications")
            ),
        )
    )
