"""Job titles with weights and profiles, from job tag occupations and census class workers.

Only the shaping of the published files belongs here. What we judged ourselves (industries, ages,
rare jobs, wording, titles that no source has) is written by hand in four files beside the output
and only read here: `class_industries.csv`, `title_rules.csv`, `title_edits.csv` and
`added_titles.csv`.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from persona_assets.levels import EMPLOYMENT_STATUS, OCCUPATION, SEX

EDUCATION_ANSWERS = {
    "lower_secondary": ("edu_below_high_school",),
    "upper_secondary": ("edu_high_school",),
    # Census tables count vocational schools of two years or more with junior colleges.
    "junior_college": ("edu_vocational_school", "edu_junior_college", "edu_technical_college"),
    "university": ("edu_university",),
    "graduate_school": ("edu_masters", "edu_doctorate"),
}
# Answers come from some fifty workers per occupation, so each profile leans on its class and
# major group.
OWN_SHARE, CLASS_SHARE, MAJOR_SHARE = 0.7, 0.2, 0.1

RULE_COLUMNS = (
    "relative",
    "frequency",
    "industries",
    "female_percent",
    "min_age",
    "max_age",
    "sex",
    "employment",
    "statuses",
    "min_education",
    "least_age",
    "since",
)
DEFAULTS = {
    "min_age": "15",
    "max_age": "120",
    "female_percent": "50",
    "least_age": "15",
    "since": "1900",
}

# Who may bear a title, by the kind of worker that the title names.
STATUSES = {
    "": tuple(EMPLOYMENT_STATUS),
    "employee": ("regular", "dispatched", "part_time", "executive"),
    "self_employed": ("executive", "employer", "own_account", "family_worker"),
}

# How much more often people use job tag's own name of a job than each other word for it; ASSUMED.
HEAD = 3.0

# The wage survey tells some jobs of one census class apart. Lorry drivers of three kinds of firm
# are one job to job tag; one job is filed under another's code there.
SURVEY_OF = {"OA機器営業": "機械器具・通信・システム営業職業従事者（自動車を除く）"}
SURVEY_SUMS = {
    "営業用大型貨物自動車運転者": (
        "営業用大型貨物自動車運転者",
        "営業用貨物自動車運転者（大型車を除く）",
        "自家用貨物自動車運転者",
    )
}

SUFFIXES = {
    "製造": "製造工",
    "組立": "組立工",
    "縫製": "縫製工",
    "成形": "成形工",
    "据付": "据付工",
    "修理": "修理工",
    "営業": "営業担当",
    "販売": "販売員",
    "事務": "事務員",
}

# Labels that are sentences or lists, as noun phrases; the others are used as they are.
SKILL_PHRASES = {
    "外国語を読む": "外国語の読解",
    "外国語を聞く": "外国語の聞き取り",
    "外国語で書く": "外国語の文書作成",
    "外国語で話す": "外国語での会話",
    "論理と推論（批判的思考）": "論理的思考",
    "要件分析（仕様作成）": "要件分析",
    "道具、機器、設備の選択": "道具や機器の選択",
    "故障等の原因特定": "故障の原因特定",
    "クオリティチェック": "品質のチェック",
    "企業・組織の活動の分析": "組織活動の分析",
    "企業・組織の活動の評価": "組織活動の評価",
    "操作と制御": "機器の操作と制御",
    "設置と設定": "機器の設置と設定",
    "保守点検": "機器の保守点検",
    "修理": "機器の修理",
    "交渉": "交渉力",
    "説得": "説得力",
    "指導": "指導力",
    "他者の反応の理解": "相手の反応を読む力",
    "他者との調整": "関係者との調整",
    "新しい情報の応用力": "新しい情報の応用",
}
KNOWLEDGE_PHRASES = {
    "法律学、政治学": "法律・政治の知識",
    "日本語の語彙・文法": "日本語の語彙・文法の知識",
    "外国語の語彙・文法": "外国語の語彙・文法の知識",
    "コミュニケーションとメディア": "メディアの知識",
    "ビジネスと経営": "ビジネスと経営の知識",
}
SKILLS_PER_TITLE, KNOWLEDGE_PER_TITLE, CERTIFICATIONS_PER_TITLE = 3, 2, 3
# Labels are taken from the best third of an occupation's own scores.
BEST_PART = 3
GRADE = r"特級|[123一二三]級|第[一二三123]種|[甲乙丙]種|\(\)|准(?=1級)"

# A job may list the licence of a neighbouring profession (歯科助手: 歯科衛生士); naming it for
# someone outside that profession would contradict their schooling.
LICENCES = frozenset(
    [
        "医師",
        "歯科医師",
        "獣医師",
        "薬剤師",
        "看護師",
        "准看護師",
        "保健師",
        "助産師",
        "臨床検査技師",
        "診療放射線技師",
        "理学療法士",
        "作業療法士",
        "言語聴覚士",
        "視能訓練士",
        "臨床工学技士",
        "義肢装具士",
        "歯科衛生士",
        "歯科技工士",
        "管理栄養士",
        "栄養士",
        "公認会計士",
        "税理士",
        "弁理士",
        "司法書士",
        "司法試験",
        "医師国家試験",
        "専門看護師",
        "認定看護師",
        "認定看護管理者",
        "衛生検査技師",
        "救急救命士",
        "柔道整復師",
        "はり師",
        "きゅう師",
        "あん摩マッサージ指圧師",
        "公認心理師",
        "臨床心理士",
        "不動産鑑定士",
        "社会保険労務士",
        "土地家屋調査士",
        "美容師",
        "理容師",
        "特定行為研修修了者",
        "愛玩動物看護師",
        "一級建築士",
        "原子炉主任技術者",
        "保育士",
        "精神保健福祉士",
        "アクチュアリー",
    ]
)
UNCLEAR_CERTIFICATIONS = ("その他の", "国家試験", "防火管理者", "ォークリフト", "(厚生労働省)")


# Where the work that people of an age group of 2020 did before shows: the same people five or ten
# years earlier. The survey's table starts in 2009 and has no ages from 65 on before 2013, so those
# of 60-64 stand for everybody older (ASSUMED); it has no figures for 2011.
FORMER = {
    "60-64": ("55", (2014, 2015, 2016)),
    "65-69": ("55", (2009, 2010)),
    "70-74": ("60", (2009, 2010)),
    "75+": ("60", (2009, 2010)),
}
# The working people of 2020 with whom they are compared.
NOW = ("55", (2019, 2020, 2021))
# When people of an age group of 2020 were 55-59; the table of rates starts in 2012, which stands
# for everybody older (ASSUMED).
CAREER_YEARS = {"60-64": "2015", "65-69": "2012", "70-74": "2012", "75+": "2012"}


# The rows of `title_rules.csv` by level and name.
Rules = Mapping[tuple[str, str], Mapping[str, str]]


class OccupationInputError(ValueError):
    """An input that does not fit the hand-written rules; names the file and the value."""


@dataclass(frozen=True)
class _Occupation:
    """One job tag occupation of a census class that has workers."""

    tag_id: str
    name: str
    census_class: str
    major: str


def write(input_dir: Path, out_dir: Path) -> None:
    """Write the tables of `occupations/` that are not written by hand.

    Args:
        input_dir: The folder of the source files, with `occupations/` and `census/` in it.
        out_dir: `data/reference`; its `occupations/` holds the hand-written files.

    Raises:
        OccupationInputError: a rule names something that does not exist.
    """
    source, target = input_dir / "occupations", out_dir / "occupations"
    industries = {
        row["occupation_class"]: row["industries"] for row in _read(target / "class_industries.csv")
    }
    classes = _classes(source, industries)
    classes.write_csv(target / "classes.csv")
    _industry_sizes(input_dir).write_csv(target / "industry_sizes.csv")
    _titles(source, target, classes).write_csv(target / "titles.csv")
    _former_work(input_dir / "shapes").write_csv(target / "former_work.csv")
    _careers(input_dir / "shapes").write_csv(target / "careers.csv")


def _read(path: Path) -> list[dict[str, str]]:
    return pl.read_csv(path, infer_schema=False).fill_null("").to_dicts()


def _classes(source: Path, industries: Mapping[str, str]) -> pl.DataFrame:
    """Return the census classes that have a number of workers, with their groups."""
    labels = {
        row["code"]: row["name"]
        for row in _read(source / "jsoc2009_classification.csv")
        if row["level"] == "middle"
    }
    # A class that joins jobs of several middle groups is in one of them only.
    rows: list[dict[str, Any]] = [
        {
            "occupation_class": row["census_small_name"],
            "occupation": row["jsoc_major"],
            "middle": row["jsoc_middle"],
            "middle_label": labels[row["jsoc_middle"]],
            "workers": int(row["workers_2020_national_both_sexes"]),
            "industries": industries.get(row["census_small_name"], ""),
        }
        for row in _read(source / "census2020_small_class_workers.csv")
        if row["workers_2020_national_both_sexes"]
    ]
    names = {row["occupation_class"] for row in rows}
    if names != industries.keys() or not all(industries.values()):
        raise OccupationInputError(
            "class_industries.csv must name every class with workers once: unmatched "
            f"{sorted(names ^ industries.keys())}; edit the file"
        )
    return pl.DataFrame(rows)


def _industry_sizes(input_dir: Path) -> pl.DataFrame:
    """Return the employed people of each industry, nationwide, with the unknown spread (2020)."""
    path = input_dir / "census" / "municipality_labour_industry_occupation_2020_imputed.csv"
    nation = next(row for row in _read(path) if row["area_code"] == "00000")
    columns = list(nation)
    industries = columns[: columns.index("A.管理的職業従事者")]
    found = [(c[0], int(nation[c])) for c in industries if re.match(r"[A-S]\.", c)]
    return pl.DataFrame(found, schema=["industry", "employed"], orient="row")


@dataclass(frozen=True)
class _Known:
    """What is known of every occupation: from the sources, and by `title_rules.csv`."""

    rules: Rules
    wordings: Mapping[_Occupation, Sequence[str]]
    heads: set[tuple[_Occupation, str]]
    profiles: Mapping[_Occupation, Mapping[str, float]]
    labels: Mapping[_Occupation, Sequence[str]]
    certifications: Mapping[_Occupation, Sequence[str]]
    surveyed: Mapping[str, tuple[str, float]]

    def members(self, name: str) -> list[_Occupation]:
        """Return the occupations of a class that have titles."""
        return [o for o in self.wordings if o.census_class == name and self.wordings[o]]


def _titles(source: Path, target: Path, classes: pl.DataFrame) -> pl.DataFrame:
    major = dict(classes.select("occupation_class", "occupation").iter_rows())
    edits = {row["source_title"]: row["titles"] for row in _read(target / "title_edits.csv")}
    rules = {(row["level"], row["name"]): row for row in _read(target / "title_rules.csv")}
    wordings, heads = _all_wordings(source, major, edits)
    _check_rules(rules, wordings)
    added: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _read(target / "added_titles.csv"):
        added[row["occupation_class"]].append(row)
    _check_used(added, set(major), "added_titles.csv")
    known = _Known(
        rules, wordings, heads, _profiles(source, wordings), _labels(source, wordings),
        _certifications(source, wordings), _surveyed(source),
    )  # fmt: skip
    rows: list[dict[str, Any]] = []
    for name, workers, industries in classes.select(
        "occupation_class", "workers", "industries"
    ).iter_rows():
        frequencies = _frequencies(known, known.members(name))
        if not frequencies:
            raise OccupationInputError(f"title_edits.csv leaves no title for the class '{name}'")
        rows += _source_titles(known, name, workers, industries, frequencies)
        rows += _added_titles(known, name, industries, frequencies, added[name])
    return pl.DataFrame(rows)


def _all_wordings(
    source: Path, major: Mapping[str, str], edits: Mapping[str, str]
) -> tuple[dict[_Occupation, list[str]], set[tuple[_Occupation, str]]]:
    """Return the titles of each occupation, and those that are its own name to job tag."""
    wordings: dict[_Occupation, list[str]] = defaultdict(list)
    heads = set()
    seen = set()
    for row in _read(source / "job_title_weights_derived_equal_split.csv"):
        name = row["census_small_name"]
        seen.add(row["job_title"])
        if name not in major:
            continue  # four occupations belong to no census class with workers
        occupation = _Occupation(row["jobtag_id"], row["jobtag_title"], name, major[name])
        for title in _wordings(row["job_title"], edits):
            if title not in wordings[occupation]:
                wordings[occupation].append(title)
            if row["kind"] == "title":
                heads.add((occupation, title))
    _check_used(edits, seen, "title_edits.csv")
    return wordings, heads


def _source_titles(
    known: _Known, name: str, workers: int, industries: str, frequencies: Mapping[str, float]
) -> Iterable[dict[str, Any]]:
    """Return the rows of a class's titles from job tag."""
    members = known.members(name)
    shares = _shares([_number(known.rules, "occupation", o.name, "relative") for o in members])
    merged: dict[str, dict[str, Any]] = {}
    for occupation, share in zip(members, shares, strict=True):
        titles = known.wordings[occupation]
        parts = _shares([_number(known.rules, "title", t, "relative") for t in titles])
        for title, part in zip(titles, parts, strict=True):
            weight = workers * share * part
            if title in merged:
                merged[title]["weight"] = round(merged[title]["weight"] + weight, 1)
                continue
            merged[title] = {
                "title": title,
                "occupation_class": name,
                "occupation": occupation.major,
                "weight": round(weight, 1),
                "frequency": round(frequencies[title], 6),
                **{key: round(value, 4) for key, value in known.profiles[occupation].items()},
                **_limits(_judgement(known.rules, name, occupation, title), industries),
                "skills": "|".join(known.labels[occupation]),
                "certifications": "|".join(known.certifications[occupation]),
            }
    return merged.values()


def _added_titles(
    known: _Known,
    name: str,
    industries: str,
    frequencies: Mapping[str, float],
    added: Iterable[Mapping[str, str]],
) -> Iterable[dict[str, Any]]:
    """Return the rows of a class's titles from `added_titles.csv`.

    They have the mean profile of the class, and the skills of its most frequent title.
    """
    members = known.members(name)
    common = max(members, key=lambda o: max(frequencies[t] for t in known.wordings[o]))
    profile = {
        key: round(sum(known.profiles[o][key] for o in members) / len(members), 4)
        for key in known.profiles[common]
    }
    for row in added:
        if row["title"] in frequencies:
            raise OccupationInputError(
                f"added_titles.csv: the sources have '{row['title']}' of '{name}'; remove it"
            )
        judged = _judgement(known.rules, name, common, "") | {"employment": ""}
        judged |= {column: value for column, value in row.items() if value}
        yield {
            "title": row["title"],
            "occupation_class": name,
            "occupation": common.major,
            "weight": 0.0,
            "frequency": float(row["frequency"]),
            **profile,
            **_limits(judged, industries),
            "skills": "|".join(known.labels[common]),
            "certifications": "",
        }


def _limits(judged: Mapping[str, str], industries: str) -> dict[str, object]:
    """Return the columns of a title that say who may bear it."""
    of_kind = STATUSES[judged["employment"]]
    allowed = judged["statuses"].split("|") if judged["statuses"] else of_kind
    statuses = [status for status in of_kind if status in allowed]
    return {
        "female_share": int(judged["female_percent"]) / 100,
        "min_age": int(judged["min_age"]),
        "max_age": int(judged["max_age"]),
        "least_age": int(judged["least_age"]),
        "since": int(judged["since"]),
        "sex": judged["sex"],
        "employment": judged["employment"],
        "statuses": "|".join(statuses),
        "min_education": judged["min_education"],
        "industries": judged["industries"] or industries,
    }


def _surveyed(source: Path) -> dict[str, tuple[str, float]]:
    """Return the wage survey's occupation of each job tag occupation, and its employees (2025)."""
    employees = {
        row["occupation"]: float(row["workers_in_tens"]) * 10
        for row in _read(source / "wage_survey_2025_occupation_age_experience.csv")
        if (row["firm_size"], row["age"], row["experience"]) == ("規模計", "年齢計", "経験年数計")
    }
    found = {}
    for row in _read(source / "jobtag_to_wage_survey_code.csv"):
        if name := row["wage_survey_name"]:
            parts = SURVEY_SUMS.get(name, (name,))
            found[row["jobtag_id"]] = (name, sum(employees[part] for part in parts))
    return found


def _frequencies(known: _Known, members: Sequence[_Occupation]) -> dict[str, float]:
    """Return how often each title of a class is used, together 1.

    Jobs that the wage survey tells apart share the class by their employees there, the others
    equally but for `title_rules.csv`; of a job's wordings its own name is used HEAD times as often
    as the others.
    """
    sizes = dict(known.surveyed.values())
    names = [SURVEY_OF.get(o.name, known.surveyed.get(o.tag_id, ("", 0))[0]) for o in members]
    groups = names if all(names) else [""] * len(members)
    size = {group: sizes.get(group, 1.0) for group in groups}
    relative = [_frequency(known.rules, "occupation", o.name) for o in members]
    frequencies: dict[str, float] = defaultdict(float)
    for occupation, group, value in zip(members, groups, relative, strict=True):
        own = sum(v for v, g in zip(relative, groups, strict=True) if g == group)
        share = size[group] / sum(size.values()) * value / own
        titles = known.wordings[occupation]
        parts = _shares(
            [
                _frequency(known.rules, "title", title)
                * (HEAD if (occupation, title) in known.heads else 1)
                for title in titles
            ]
        )
        for title, part in zip(titles, parts, strict=True):
            frequencies[title] += share * part
    return frequencies


def _frequency(rules: Rules, level: str, name: str) -> float:
    rule = rules.get((level, name), {})
    return float(rule.get("frequency") or rule.get("relative") or 1)


def _former_work(shapes: Path) -> pl.DataFrame:
    """Return the working people by occupation at the ages of FORMER, and those of NOW."""
    counts = {
        (row["sex"], row["age_lower"], row["jsoc_major"], int(row["year"])): row[
            "employed_10thousand"
        ]
        for row in _read(shapes / "occupation_age_sex_lfs_2009_2025.csv")
        if row["level"] == "major" and row["sex"] != "total"
    }

    def mean(sex: str, occupation: str, age: str, years: Sequence[int]) -> float:
        return sum(float(counts[sex, age, occupation, year]) for year in years) / len(years)

    rows = [
        (sex, group, occupation, f"{age}-{int(age) + 4}", f"{years[0]}-{years[-1]}",
         round(mean(sex, occupation, age, years), 3), round(mean(sex, occupation, *NOW), 3))
        for sex in SEX
        for group, (age, years) in FORMER.items()
        for occupation in OCCUPATION
    ]  # fmt: skip
    columns = ["sex", "age_group", "occupation", "age_then", "years", "then_10k", "now_10k"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def _careers(shapes: Path) -> pl.DataFrame:
    """Return the labour force participation of people over 60 in 2020, and theirs at 55-59."""
    rates = {
        (row["sex"], row["age_lower"], row["year"]): float(row["labour_force_participation_rate"])
        for row in _read(shapes / "lfs_rates_age_sex_2012_2025.csv")
    }
    rows = [
        (sex, group, year, rates[sex, "55", year], rates[sex, group[:2], "2020"])
        for sex in SEX
        for group, year in CAREER_YEARS.items()
    ]
    columns = ["sex", "age_group", "year", "participation_55_59", "participation_2020"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def _wordings(source_title: str, edits: Mapping[str, str]) -> list[str]:
    """Return the titles that a source title becomes: hand-written, else cleaned, else none."""
    if source_title in edits:
        return [title for title in edits[source_title].split("|") if title]
    text = re.sub(r"\([^()]*\)?", "", unicodedata.normalize("NFKC", source_title)).strip()
    for ending, job in SUFFIXES.items():
        if text.endswith(ending):
            text = text.removesuffix(ending) + job
    return [part.strip() for part in re.split(r"[、/]", text)]


def _check_used(names: Iterable[str], known: set[str], file: str) -> None:
    unknown = sorted(set(names) - known)
    if unknown:
        raise OccupationInputError(f"{file} names {unknown}, not in the sources: remove them")


def _check_rules(
    rules: Mapping[tuple[str, str], object], wordings: Mapping[_Occupation, list[str]]
) -> None:
    known = {
        "major": {o.major for o in wordings},
        "class": {o.census_class for o in wordings},
        "occupation": {o.name for o in wordings},
        "title": {title for titles in wordings.values() for title in titles},
    }
    for level, names in known.items():
        _check_used((n for rule_level, n in rules if rule_level == level), names, "title_rules.csv")


def _number(rules: Rules, level: str, name: str, column: str) -> float:
    return float(rules.get((level, name), {}).get(column) or 1)


def _shares(relative: list[float]) -> list[float]:
    return [value / sum(relative) for value in relative]


def _judgement(
    rules: Rules,
    name: str,
    occupation: _Occupation,
    title: str,
) -> dict[str, str]:
    """Return the rules of a title: its own over its occupation's, its class's, its major group's.

    Without a title, those of the class.
    """
    judged = dict.fromkeys(RULE_COLUMNS, "") | DEFAULTS
    keys = [("major", occupation.major), ("class", name)]
    if title:
        keys += [("occupation", occupation.name), ("title", title)]
    for key in keys:
        judged |= {column: value for column, value in rules.get(key, {}).items() if value}
    return judged


def _profiles(
    source: Path, occupations: Iterable[_Occupation]
) -> dict[_Occupation, dict[str, float]]:
    """Return P(level | occupation) of education, and the shares of students and self-employed."""
    rows = {row["id"]: row for row in _read(source / "jobtag_occupations.csv")}
    occupations = list(occupations)

    def blocks(tag_id: str) -> dict[str, float]:
        row = rows[tag_id]
        answers: dict[str, float] = {}
        if row["edu_university"]:
            education = {
                level: sum(float(row[c]) for c in columns)
                for level, columns in EDUCATION_ANSWERS.items()
            }
            total = sum(education.values())
            if total:
                answers |= {f"edu_{level}": value / total for level, value in education.items()}
        if row["emp_regular_employee"]:
            total = sum(float(v) for k, v in row.items() if k.startswith("emp_") and v)
            answers["edu_in_school"] = float(row["emp_casual_student"]) / total
            answers["self_employed_share"] = float(row["emp_self_employed_freelance"]) / total
        return answers

    own = {o: blocks(o.tag_id) for o in occupations}
    columns = [f"edu_{level}" for level in EDUCATION_ANSWERS]
    columns += ["edu_in_school", "self_employed_share"]

    def mean(members: Iterable[_Occupation], column: str) -> float | None:
        values = [own[o][column] for o in members if column in own[o]]
        return sum(values) / len(values) if values else None

    by_class: dict[str, list[_Occupation]] = defaultdict(list)
    by_major: dict[str, list[_Occupation]] = defaultdict(list)
    for o in occupations:
        by_class[o.census_class].append(o)
        by_major[o.major].append(o)
    profiles = {}
    for o in occupations:
        profile = {}
        for column in columns:
            of_major = mean(by_major[o.major], column) or 0.0
            of_class = mean(by_class[o.census_class], column)
            if of_class is None:
                of_class = of_major
            value = own[o].get(column, of_class)
            profile[column] = OWN_SHARE * value + CLASS_SHARE * of_class + MAJOR_SHARE * of_major
        profiles[o] = profile
    return profiles


def _labels(source: Path, occupations: Iterable[_Occupation]) -> dict[_Occupation, list[str]]:
    """Return the skill and knowledge labels in which an occupation stands out most.

    Everyone scores high on listening and speaking, so among an occupation's own best scores those
    are named that lie furthest above the mean of all occupations, in standard deviations.
    Occupations without scores take the mean of their class, else of their major group.
    """
    names = {
        f"{row['section']}.{row['key']}": row["label_ja"]
        for row in _read(source / "jobtag_score_labels.csv")
        if row["section"] in ("skills", "knowledge")
    }
    scores = pl.read_csv(source / "jobtag_scores.csv", schema_overrides={"id": pl.String})
    members = pl.DataFrame(
        [{"id": o.tag_id, "class": o.census_class, "major": o.major} for o in occupations]
    ).join(scores.select("id", *names), on="id", how="left")
    filled = members.with_columns(
        pl.coalesce(c, pl.col(c).mean().over("class"), pl.col(c).mean().over("major")).alias(c)
        for c in names
    )
    deviation = filled.select(
        "id", *(((pl.col(c) - pl.col(c).mean()) / pl.col(c).std()).alias(c) for c in names)
    )
    raw = {row["id"]: row for row in filled.to_dicts()}
    above = {row["id"]: row for row in deviation.to_dicts()}

    def best(tag_id: str, section: str, count: int) -> list[str]:
        columns = [c for c in names if c.startswith(section)]
        own = sorted(columns, key=lambda c: -raw[tag_id][c])[: len(columns) // BEST_PART]
        return [names[c] for c in sorted(own, key=lambda c: -above[tag_id][c])[:count]]

    labels = {}
    for o in occupations:
        skills = best(o.tag_id, "skills", SKILLS_PER_TITLE)
        knowledge = best(o.tag_id, "knowledge", KNOWLEDGE_PER_TITLE)
        labels[o] = [SKILL_PHRASES.get(s, s) for s in skills]
        labels[o] += [KNOWLEDGE_PHRASES.get(k, f"{k}の知識") for k in knowledge]
    return labels


def _certifications(
    source: Path, occupations: Iterable[_Occupation]
) -> dict[_Occupation, list[str]]:
    """Return up to three certifications of each occupation, one grade of each.

    The occupation's own licence comes first, then what few other occupations name.
    """
    by_id: dict[str, list[str]] = defaultdict(list)
    mentions: Counter[str] = Counter()
    for row in _read(source / "jobtag_certifications.csv"):
        name = unicodedata.normalize("NFKC", row["certification"])
        name = re.sub(r"\((旧:|専修・)[^()]*\)", "", name)
        by_id[row["id"]].append(name)
        mentions[name] += 1
    chosen = {}
    for o in occupations:
        own = f"{o.name} {o.census_class}"
        by_stem: dict[str, str] = {}
        for name in by_id[o.tag_id]:
            if any(part in name for part in UNCLEAR_CERTIFICATIONS):
                continue
            if name in LICENCES and name not in own:
                continue
            stem = re.sub(GRADE, "", name)
            # The middle grade is the one that most holders have.
            if stem not in by_stem or re.search("2級|二級|第二種|乙種", name):
                by_stem[stem] = name
        ranked = sorted(by_stem.values(), key=lambda name: (name not in own, mentions[name]))
        chosen[o] = ranked[:CERTIFICATIONS_PER_TITLE]
    return chosen
