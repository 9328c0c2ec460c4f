"""The grammar of the offline writer: texts put together from phrase banks and one person's facts.

Belongs here: which sentences a text is made of and when a sentence may be said. What is said is in
the banks: `activities`, `duties`, `local`, `traits` and, by field, `phrases`. Nonsense is kept out
by construction: a frame takes one clause and names no time of its own, each clause belongs to one
activity, occupation, food or dish, and nothing is said twice of one person.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from string import Formatter
from typing import Any, Final

import numpy as np

from persona_assets.levels import DIGITAL_SKILL, MOST_CHILDREN, WORKER_CLASS_OF
from persona_assets.people.life_stage import Years
from persona_assets.personas.offline import local, phrases
from persona_assets.personas.offline.activities import ACTIVITIES, HOBBIES, SPORTS, TRAVEL, Activity
from persona_assets.personas.offline.duties import DUTIES
from persona_assets.personas.offline.traits import ORDINARY, WAYS
from persona_assets.personas.prompts import everyday_ways

Facts = Mapping[str, Any]
Say = Callable[[], str]

YOUNG_UNTIL, OLDER_FROM = 29, 55
ACTIVITY_YOUNG_UNTIL, ACTIVITY_OLDER_FROM = 34, 50
RETIRING_FROM, PENSION_FROM = 60, 65
# Unmarried people of a couple's household are its children; of these the parents may not live.
PARENTS_UNTIL = 60
# Children of people of this age have left, if the household does not hold them.
CHILDREN_GONE_FROM = 55

ANCHORS: Final = (
    "municipality",
    "prefecture_name",
    "dish",
    "craft",
    "festival",
    "festival_city",
)
# What soon sounds like a refrain: no more than this often in the texts of one step.
SCARCE: Final = {"dish": 2, "craft": 2, "fest": 2}

SCHOOLS: Final = {
    "upper_secondary": "高校",
    "junior_college": "学校",
    "university": "大学",
    "graduate_school": "大学院",
}
# A word before the title; the others are told in sentences of their own, or by the title.
STANDINGS: Final = {"dispatched": "派遣社員", "employer": "自営業", "own_account": "自営業"}
HOME_KINDS: Final = {
    "one_person": "alone",
    "couple_only": "couple",
    "couple_with_children": "parent",
    "single_parent": "parent_child",
    "other_relatives": "kin",
    "non_relatives": "others",
}
# What those who have no house of their own do not do: people in dormitories, homes and hospitals.
HOUSEKEEPING: Final = re.compile(
    r"家の|家で(?!の)|家を|家は|台所|戸締まり|押し入れ|冷蔵庫|献立|家計|換気扇|留守|鍋|包丁|こしらえ|作り方|かごに"
    r"|値引き|惣菜|売り場|店先|特売|買い置き|買いすぎ|洗濯|買い忘れ|直売所|市場や店|買う店|作るとき|下ごしらえ|ゆで|茹で|煮込ん|住まい|間取り|物を減らし"
)
# What many people of a prefecture do, in the words of prose; see `Place.industries`.
INDUSTRIES: Final = {
    "農業，林業": "農業や林業", "漁業": "漁業", "鉱業，採石業，砂利採取業": "鉱業", "建設業": "建設の仕事", "製造業": "ものづくりの仕事",
    "電気・ガス・熱供給・水道業": "電気やガス、水道の仕事", "情報通信業": "情報や通信の仕事", "運輸業，郵便業": "運輸や郵便の仕事", "卸売業，小売業": "商い", "金融業，保険業": "金融や保険の仕事",
    "不動産業，物品賃貸業": "不動産の仕事", "学術研究，専門・技術サービス業": "専門や技術の仕事", "宿泊業，飲食サービス業": "宿や飲食の仕事", "生活関連サービス業，娯楽業": "暮らしや娯楽の仕事", "教育，学習支援業": "教育の仕事", "医療，福祉": "医療や福祉の仕事",
    "複合サービス事業": "郵便局や組合の仕事", "サービス業": "サービスの仕事", "公務": "公務",
}  # fmt: skip
KANJI: Final = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十")
# Hobbies that a text on the arts is about only if there is no other.
NOT_ARTS: Final = frozenset(
    ("パチンコ", "ゲーム", "スポーツ観戦", "キャンプ", "料理・菓子作り", "ガーデニング")
)
DANCING: Final = frozenset(("ダンス", "日本舞踊"))
COOKING: Final = frozenset(("料理・菓子作り", "料理や裁縫の学習"))
# Certificates that workers of a title may still aim at; licences they must already hold.
OPTIONAL_CERTIFICATE: Final = re.compile(r"技能士|検定")

# Kana of ingredients that dish names write in kanji, and the other way round.
READINGS: Final = {
    "鮭": "さけ", "鯛": "たい", "鯖": "さば", "鰯": "いわし", "鰤": "ぶり", "鱈": "たら", "鮎": "あゆ", "鰻": "うなぎ", "穴子": "あなご", "蛸": "たこ", "人参": "にんじん", "大根": "だいこん", "里芋": "さといも",
    "芋": "いも", "餅": "もち", "栗": "くり", "柿": "かき", "牡蠣": "かき", "蕎麦": "そば", "素麺": "そうめん", "胡麻": "ごま", "茄子": "なす", "葱": "ねぎ", "蓮根": "れんこん", "牛蒡": "ごぼう", "南瓜": "かぼちゃ", "筍": "たけのこ",
    "海老": "えび", "蟹": "かに", "鰊": "にしん", "鰹": "かつお", "鯉": "こい", "味噌": "みそ", "小豆": "あずき", "生姜": "しょうが", "山芋": "やまいも", "鮪": "まぐろ", "豚": "ぶた", "鶏": "とり", "卵": "たまご", "玉子": "たまご",
    "鮒": "ふな", "椎茸": "しいたけ", "米": "こめ", "飯": "めし",
}  # fmt: skip
SEASONINGS: Final = re.compile(
    r"砂糖|塩$|醤油|しょうゆ|みりん|^酢$|甘酢|酒$|だし|水$|油$|片栗粉|小麦粉|パン粉|調味|ゆで汁|水あめ|^米$|^お?白?ご?飯$"
)
HIRAGANA: Final = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ"))}


def write_attributes(person: Facts, rng: np.random.Generator) -> dict[str, Any]:
    """Write the first step's fields.

    Args:
        person: Columns and labels of one person, with the skills of the job title.
        rng: The same generator and person give the same texts.

    Returns:
        The fields of `models.Attributes`.
    """
    w = _Writer(person, rng)
    skills = _chosen_skills(w)
    local_hobby = w.one(tuple(phrases.HOBBIES_LOCAL))
    hobbies = [*person["hobbies"], *person["sports"], *person["learning"], *person["travel"]]
    named = max(2, min(len(hobbies), 6))
    return {
        "cultural_background": _background(w),
        "skills_and_expertise": _skills_text(w, skills),
        "skills_and_expertise_list": skills,
        "hobbies_and_interests": _hobbies_text(w, phrases.HOBBIES_LOCAL[local_hobby]),
        "hobbies_and_interests_list": [*hobbies, local_hobby.format(**person)][:named],
        "career_goals_and_ambitions": _goals(w),
    }


def write_personas(person: Facts, attributes: Facts, rng: np.random.Generator) -> dict[str, Any]:
    """Write the second step's fields; see `write_attributes`.

    Args:
        person: Columns and labels of one person.
        attributes: The first step's fields; the skills told there are the ones told here, and its
            sentences are not said again.
        rng: The generator of this step.

    Returns:
        The fields of `models.Personas`.
    """
    told = "。".join(text for text in attributes.values() if isinstance(text, str))
    w = _Writer({**person, "skills": attributes["skills_and_expertise_list"]}, rng, told)
    # What needs the dish and the craft comes first; they are scarce.
    food, arts = _food(w), _arts(w)
    return {
        "professional_persona": _work(w),
        "sports_persona": _sports(w),
        "arts_persona": arts,
        "travel_persona": _travel(w),
        "culinary_persona": food,
        "persona": f"{w.say(phrases.PERSONA, who=w.say(_who(w)), brief=w.brief())}。",
    }


class _Writer:
    """One person's facts, a stream of choices and what has been said so far."""

    def __init__(self, person: Facts, rng: np.random.Generator, told: str = "") -> None:
        self.person = person
        self.told = told
        self.state = _state(person)
        self.age: int = person["age"]
        self._rng = rng
        self._points: list[float] = []
        self._used: set[str] = set()
        self._unfit = _unfit(person)
        self.home = _home_kind(person)
        self._said: Counter[str] = Counter()
        self.skills: Sequence[str] = (
            person["skills"]
            if self.state.startswith("working") and person["skills"]
            else phrases.EVERYDAY_SKILLS[_days(self.state)]
        )
        ways = everyday_ways(person)
        self.ways = self.some(ways, len(ways))
        self._habits = [*self.ways, *self.ways]
        self.hobby = HOBBIES[self.one(person["hobbies"])]
        self.facts: dict[str, Any] = {
            "n": person["full_name"],
            "muni": person["municipality"],
            "pref": person["prefecture_name"],
            "age": self.age,
            "job": person["occupation_label"],
            "craft": person["craft"],
            "fest": _festival(person),
            "dish": person["dish"],
            "of": _dish_origin(person),
            "h": self.hobby.word,
            "a": self.hobby.word,
        }
        if person["school"]:
            self.facts["school"] = SCHOOLS[person["school"]]
        if former := person["former_occupation_title"]:
            self.facts["former"] = former
        if 1 < person["children"] < MOST_CHILDREN:
            self.facts["kids"] = KANJI[person["children"]]
        if standing := _standing(person):
            self.facts["standing"] = standing
        if ingredients := _telling_ingredients(person["dish"], tuple(person["dish_ingredients"])):
            self.facts["i"] = "と".join(ingredients)

    def point(self) -> float:
        """Return the next number of the stream, in [0, 1)."""
        if not self._points:
            self._points = self._rng.random(128).tolist()
        return self._points.pop()

    def below(self, end: int) -> int:
        """Choose a whole number from 0 on."""
        return int(self.point() * end)

    def chance(self, share: float) -> bool:
        """Tell whether something with this share happens."""
        return self.point() < share

    def one(self, options: Sequence[str]) -> str:
        """Choose one of the options."""
        return options[self.below(len(options))]

    def some(self, options: Sequence[str], number: int) -> list[str]:
        """Choose several options in random order."""
        return sorted(options, key=lambda _: self.point())[:number]

    def fitting(self, options: Sequence[str]) -> Sequence[str]:
        """Return the options that fit how the person lives, or all if none does."""
        return _fitting(tuple(options), self._unfit) if self._unfit else options

    def new(self, options: Sequence[str]) -> str:
        """Choose an option that is nowhere in what has been said, else one new to this step."""
        options = self.fitting(options)
        fresh = [option for option in options if option not in self.told]
        fresh = fresh or [option for option in options if option not in self._used]
        option = self.one(fresh or options)
        self.told += option
        self._used.add(option)
        return option

    def say(self, bank: Sequence[str], **more: Any) -> str:
        """Choose a phrase that can be filled and was not said before, and fill its slots."""
        slots = {**self.facts, **more}
        bank = self.fitting(bank)
        text = ""
        for _ in range(20):
            phrase = self.one(bank)
            needs = _slots(phrase)
            if phrase in self._used or any(
                self._said[fact] >= most for fact, most in SCARCE.items() if fact in needs
            ):
                continue
            if "home" in needs:
                slots["home"] = self._home()
            if not needs <= slots.keys():
                continue
            text = phrase.format_map(slots)
            if text not in self.told:
                break
        else:
            # A small bank, all said: then a repetition is better than nothing.
            fits = [phrase for phrase in bank if _slots(phrase) <= {*slots, "home"}]
            phrase = self.one(fits)
            text = phrase.format_map({"home": self.facts["muni"], **slots})
        self._used.add(phrase)
        self._said.update(_slots(phrase) & SCARCE.keys())
        self.told += f"{text}。"
        return text

    def _home(self) -> str:
        municipality, prefecture = str(self.facts["muni"]), str(self.facts["pref"])
        point = self.point()
        # Whose texts all name one town seem to know no other.
        if point < 0.15 or self.told.count(municipality) > 4:
            return prefecture
        return municipality if point < 0.8 else f"{prefecture}{municipality}"

    def about(self, frames: Sequence[str], activity: Activity) -> str:
        """Say that an activity is done, and how."""
        return self.say(frames, a=activity.word, d=self.new(activity.does))

    def note(self, activity: Activity) -> str:
        """Say something more on an activity, or nothing if all has been said."""
        notes = activity.notes
        if self.age <= ACTIVITY_YOUNG_UNTIL:
            notes += activity.young
        elif self.age >= ACTIVITY_OLDER_FROM:
            notes += activity.older
        unsaid = [note for note in notes if note not in self.told]
        return self.say(unsaid) if unsaid else ""

    def staged(self, banks: Mapping[str, Sequence[str]]) -> Sequence[str]:
        """Return the sentences of a bank that fit the person's age."""
        if self.age <= YOUNG_UNTIL:
            return (*banks["any"], *banks["young"])
        if self.age >= OLDER_FROM:
            return (*banks["any"], *banks["older"])
        return banks["any"]

    def habit(self, kind: str) -> list[Say]:
        """Return how to tell a pronounced habit that is still to be told, if there is one."""
        if not self._habits or self.chance(0.35):
            return []
        bank: Sequence[str] = getattr(WAYS[self._habits.pop()], kind)
        return [partial(self.say, bank)]

    def at_home(self, banks: Mapping[str, Sequence[str]], share: float) -> list[Say]:
        """Return how to tell something of the household, sometimes and if there is something."""
        bank = banks.get(self.home or "", ())
        if banks is phrases.HOME_DAY:
            bank = (*bank, *_on_children(self))
        return [partial(self.say, bank)] if bank and self.chance(share) else []

    def brief(self) -> str:
        """Return a habit that stands before a noun."""
        return self.new(WAYS[self.one(self.ways)].brief if self.ways else ORDINARY)

    def text(
        self,
        parts: list[str],
        more: Sequence[Say],
        span: tuple[int, int],
        last: Sequence[str] = (),
    ) -> str:
        """Join sentences, with more of them before the last until a length in the span is reached."""
        goal = span[0] + self.below(span[1] - span[0])
        for say in more:
            if sum(len(part) + 1 for part in (*parts, *last)) >= goal:
                break
            parts.append(say())
        return "。".join(part for part in (*parts, *last) if part) + "。"

    def place(self, parts: list[str], bank: Sequence[str], share: float) -> list[str]:
        """Tell of the place: always if nothing said so far names it, else sometimes."""
        text = "".join(parts)
        named = any(self.person[anchor] in text for anchor in ANCHORS)
        return [self.say(bank)] if not named or self.chance(share) else []


# --- the fields -------------------------------------------------------------------------------


def _background(w: _Writer) -> str:
    born = w.person["life"].born.last
    generation = next(clauses for until, clauses in phrases.GENERATIONS if born < until)
    parts = [w.say(phrases.BACKGROUND_FIRST, g=w.new((*generation, *_schooling(w))))]
    point = w.point()
    times = _times(w)
    if times and point < 0.4:
        parts.append(w.say(times[0], **times[1]))
    elif point < 0.6:
        bank, figures = _place(w)
        parts.append(w.say(bank, **figures))
    else:
        parts.append(w.say(phrases.BACKGROUND_LOCAL))
    return w.text(parts, [partial(w.say, phrases.BACKGROUND_LOCAL)], (60, 70))


def _schooling(w: _Writer) -> list[str]:
    """Return how many of the person's age and sex went on to schools, where it marks a time."""
    life, who = w.person["life"], {"male": "男子", "female": "女子"}[w.person["sex"]]
    clauses = []
    if life.upper_secondary_share and life.upper_secondary_share < 0.85:
        tenths = KANJI[round(10 * life.upper_secondary_share)]
        clauses.append(f"高校へ進む{who}がまだ{tenths}割ほどだった")
    if life.college_share and life.college_share >= 0.05:
        tenths = KANJI[max(1, round(10 * life.college_share))]
        clauses.append(f"大学や短大へ進む{who}が{tenths}割ほどだった")
    return clauses


def _times(w: _Writer) -> tuple[Sequence[str], Mapping[str, Any]] | None:
    """Return sentences on the times of the person's youth and what they name, if any is known."""
    life, banks = w.person["life"], phrases.BACKGROUND_TIMES
    known = [name for name in (life.cohort, life.leaving_period) if name in banks]
    figures: dict[str, Any] = {}
    if life.openings:
        ratio = sum(life.openings) / len(life.openings)
        figures["jobs"] = KANJI[max(1, round(10 * ratio))] if ratio < 1 else ""
        known += ["scarce"] if ratio < phrases.SCARCE_BELOW else []
        known += ["plenty"] if ratio >= phrases.PLENTY_FROM else []
    if life.school_from:
        figures |= {"entry": _around(life.school_from), "ended": _around(life.compulsory_until)}
        known = known or ["school"]
    return (banks[w.one(known)], figures) if known else None


def _around(years: Years) -> str:
    """Tell a year that is one of two: 1980年代の半ば, 1970年ごろ."""
    parts = {(year // 10, _part(year % 10)) for year in years}
    if len(parts) > 1:
        return f"{years.last}年ごろ"
    [(decade, part)] = parts
    return f"{decade}0年代の{part}"


def _part(digit: int) -> str:
    return "初め" if digit < 3 else "半ば" if digit < 7 else "終わり"


def _place(w: _Writer) -> tuple[Sequence[str], Mapping[str, Any]]:
    """Return sentences on the person's place and the figures that they name."""
    place = w.person["place"]
    snowy = phrases.BACKGROUND_SNOW if place.snow_days >= phrases.SNOWY_FROM else ()
    return (*phrases.BACKGROUND_PLACE, *snowy), {
        "people": _about(place.residents),
        "tenths": KANJI[max(1, round(10 * place.share_65))],
        "industry": INDUSTRIES[place.industries[0][0]],
        "capital": place.capital,
        "food": local.FOOD_TYPES[place.foods[0][0]][1],
        "snow": place.snow_days,
    }


def _about(people: int) -> str:
    """Tell a number of people in round words."""
    if people >= 10_000:
        return f"{round(people / 10_000)}万人"
    return f"{max(1, round(people / 1_000))}千人" if people >= 1_000 else "数百人"


def _chosen_skills(w: _Writer) -> list[str]:
    """Return the skills of the list; the retired keep two of their former work."""
    former = [skill for skill in w.person["former_skills"] if "former" in w.facts]
    if len(former) < 2:
        return w.some(w.skills, 3 + w.below(3))
    kept = w.some(former, 2)
    return [*kept, *w.some([skill for skill in w.skills if skill not in kept], 1 + w.below(3))]


def _skills_text(w: _Writer, skills: Sequence[str]) -> str:
    more = {"s": skills[0], "t": skills[1], "l": skills[2]}
    if w.state.startswith("working"):
        duty = w.new(DUTIES[w.person["occupation_class"]])
        parts = [
            w.say(phrases.SKILLS_WORK, d=duty, **more),
            w.say(phrases.SKILLS_WORK_LAST, **more),
        ]
    elif skills[0] in w.person["former_skills"]:
        parts = [w.say(phrases.SKILLS_FORMER, **more), w.say(phrases.SKILLS_DAY_LAST, **more)]
    else:
        day = w.new(phrases.DAYS[_days(w.state)])
        parts = [w.say(phrases.SKILLS_DAY, d=day, **more), w.say(phrases.SKILLS_DAY_LAST, **more)]
    if w.state == "working_student":
        parts.append(w.say(phrases.STUDENT_SKILLS))
    free = _activity(w, ("hobbies", "learning"))
    more_said: list[Say] = [
        partial(w.say, phrases.SKILLS_FREE, a=free.word),
    ]
    if w.state != "resident":
        more_said.append(partial(w.say, phrases.DEVICES[w.person["digital_skill"]]))
    if w.chance(0.5):
        more_said.reverse()
    return w.text(parts, more_said, (70, 92))


def _hobbies_text(w: _Writer, instead: Sequence[str]) -> str:
    person = w.person
    main = HOBBIES[person["hobbies"][0]]
    others = [HOBBIES[h].word for h in person["hobbies"][1:]]
    others += [SPORTS[s].word for s in person["sports"]]
    parts = [w.about(phrases.HOBBIES_FIRST, main)]
    if others:
        parts.append(w.say(phrases.HOBBIES_OTHERS, o="、".join(w.some(others, 1 + w.below(2)))))
    else:
        parts.append(w.say(instead))
    more: list[Say] = [
        partial(w.about, frames, ACTIVITIES[kind][w.one(person[kind])])
        for kind, frames in (("volunteering", phrases.VOLUNTEER), ("learning", phrases.LEARN))
        if person[kind]
    ]
    last = w.place(parts, phrases.HOBBIES_PLACE, 0)
    return w.text(parts, [*more, *[partial(w.note, main)] * 2], (62, 84), last)


def _goals(w: _Writer) -> str:
    person = w.person
    working = w.state.startswith("working")
    duties = DUTIES[person["occupation_class"]] if working else ("",)
    key = _stage(w) if w.state == "working" else w.state
    if key == "unemployed" and w.age >= OLDER_FROM:
        key = "unemployed_older"
    skill = w.one(person["skills"] or w.skills)
    goals = phrases.GOALS[key]
    if w.state == "working" and key != "manager":
        goals += phrases.STANDING_GOALS.get(person["employment_status"], ())
    parts = [w.say(goals, d=w.new(duties), s=skill)]
    certificates = [c for c in person["certifications"] if OPTIONAL_CERTIFICATE.search(c)]
    if w.state == "working" and certificates and w.age < OLDER_FROM and w.chance(0.4):
        certificate = w.one(certificates)
        test = certificate if "検定" in certificate else f"{certificate}の試験"
        parts.append(w.say(phrases.CERTIFICATE_WISHES, cert=test))
    if person["learning"] and w.chance(0.4):
        learning = ACTIVITIES["learning"][w.one(person["learning"])]
        parts.append(w.say(phrases.LEARN_WISHES, a=learning.word))
    more: list[Say] = [
        *w.at_home(phrases.HOME_WISHES, 0.3),
        partial(w.about, phrases.WISHES_FREE, w.hobby),
        partial(w.say, phrases.WISHES_MORE),
    ]
    return w.text(parts, more, (66, 84), w.place(parts, phrases.WISHES_PLACE, 0.3))


def _work(w: _Writer) -> str:
    if w.state.startswith("working"):
        return _job(w)
    days = phrases.DAYS[_days(w.state)]
    parts = [w.say(phrases.DAY_FIRST, who=w.say(phrases.DAY_WHO[w.state]), d=w.new(days))]
    notes: Sequence[str] = phrases.DAY_NOTES[_days(w.state)]
    if "former" in w.facts:
        duty = w.new(DUTIES[w.person["former_occupation_class"]])
        parts.append(w.say(phrases.FORMER_WORK, d=duty))
        notes = (*notes, *phrases.FORMER_NOTES)
    else:
        parts.append(w.say(phrases.DAY_SECOND, e=w.new(days)))
    note = partial(w.say, notes)
    habit: list[Say] = (
        [partial(w.say, phrases.DAY_HABITS, brief=w.brief())] if w.chance(0.6) else []
    )
    home = w.at_home(phrases.HOME_DAY, 0.6)
    return w.text(parts, [*home, note, *habit, note, note], (105, 150))


def _job(w: _Writer) -> str:
    duties = DUTIES[w.person["occupation_class"]]
    absent = w.person["work_mode"] == "absent"
    second = phrases.ABSENT_WORK_SECOND if absent else phrases.WORK_SECOND
    parts = [w.say(_job_first(w), d=w.new(duties)), w.say(second, e=w.new(duties))]
    notes = [partial(w.say, bank) for bank in _job_notes(w)]
    more: list[Say] = [
        *w.at_home(phrases.HOME_DAY, 0.15),
        *w.habit("work"),
        partial(w.say, phrases.SKILL_NOTES, s=w.one(w.skills)),
    ]
    if w.chance(0.5):
        more.reverse()
    return w.text(parts, [notes[0], *more, *notes[1:], notes[-1]], (105, 155))


def _job_first(w: _Writer) -> Sequence[str]:
    """Return the frames that tell what work the person has, and how it stands beside the rest."""
    if w.state == "working_absent":
        return phrases.ABSENT_WORK_FIRST
    if w.state == "working_enrolled":
        return phrases.ENROLLED_WORK_FIRST
    if w.state == "working_student":
        return phrases.STUDENT_WORK_FIRST
    told = "standing" in w.facts and w.chance(0.6)
    return phrases.WORK_FIRST_STANDING if told else phrases.WORK_FIRST


def _job_notes(w: _Writer) -> list[Sequence[str]]:
    """Return the banks of what may be said of the work; the first is what most marks it."""
    person = w.person
    if person["work_mode"] == "absent":
        return [phrases.ABSENT_WORK_NOTES]
    if w.state == "working_enrolled":
        return [phrases.ENROLLED_WORK_NOTES]
    if w.state == "working_student":
        return [phrases.STUDENT_WORK_NOTES]
    stage, status = _stage(w), str(person["employment_status"])
    # Who works alone or in a family business has no pay rise to wait for.
    salaried = WORKER_CLASS_OF[status] == "employee" and status != "executive"
    marks: list[Sequence[str]] = []
    if status in phrases.STANDING_NOTES:
        marks.append(phrases.STANDING_NOTES[status])
    if stage == "manager":
        return [phrases.WORK_NOTES["manager"]]
    if person["work_mode"] == "working_beside_housework":
        marks.insert(w.below(len(marks) + 1), phrases.HOUSEWORK_NOTES)
    return [*marks, phrases.WORK_NOTES[stage]] if salaried or not marks else marks


def _sports(w: _Writer) -> str:
    if w.state == "resident":
        return _without(w, phrases.RESIDENT_SPORT_FIRST, w.staged(phrases.RESIDENT_SPORT_NOTES))
    sports = [SPORTS[sport] for sport in w.person["sports"]]
    if sports:
        parts = [w.about(phrases.SPORT_FIRST, sports[0]), w.note(sports[0])]
        return _outdoors(w, parts, sports, "free", w.place(parts, phrases.SPORT_PLACE, 0.25))
    if dances := [HOBBIES[hobby] for hobby in w.person["hobbies"] if hobby in DANCING]:
        parts = [w.about(phrases.DANCE_FIRST, dances[0]), w.note(dances[0])]
        return _outdoors(w, parts, dances[:1], "free", w.place(parts, phrases.SPORT_PLACE, 1))
    return _without(w, phrases.NO_SPORT_FIRST, w.staged(phrases.NO_SPORT_NOTES))


def _without(w: _Writer, first: Sequence[str], notes: Sequence[str]) -> str:
    """Tell of a life without sport, and what takes its place."""
    note = partial(w.say, notes)
    parts = [w.say(first), note()]
    instead = w.about(phrases.NO_SPORT_HOBBY, w.hobby)
    return w.text(parts, [note, note], (95, 125), [instead])


def _travel(w: _Writer) -> str:
    if w.state == "resident":
        note = partial(w.say, w.staged(phrases.RESIDENT_TRIP_NOTES))
        parts = [w.say(phrases.RESIDENT_TRIP_FIRST), note()]
        return w.text(parts, [note, note], (95, 125), [w.say(phrases.RESIDENT_TRIP_HOME)])
    trips = [TRAVEL[trip] for trip in w.person["travel"]]
    if trips:
        parts = [w.about(phrases.TRIP_FIRST, trips[0]), w.note(trips[0])]
        return _outdoors(w, parts, trips, "out", w.place(parts, phrases.TRIP_PLACE, 0.6))
    note = partial(w.say, phrases.NO_TRIP_NOTES)
    parts = [w.say(phrases.NO_TRIP_FIRST), note()]
    instead = w.about(phrases.NO_TRIP_HOME, _activity(w, ("hobbies",)))
    return w.text(parts, [note, note], (95, 125), [instead])


def _outdoors(
    w: _Writer, parts: list[str], done: Sequence[Activity], habit: str, last: Sequence[str]
) -> str:
    """Go on about the first of some activities, or change to the second and stay with it."""
    second = [partial(w.about, phrases.SECOND, done[-1])] if len(done) > 1 else []
    note = partial(w.note, done[-1])
    more: list[Say] = [*second, note, *w.habit(habit), note]
    return w.text(parts, more, (90, 130), last)


def _arts(w: _Writer) -> str:
    names = [h for h in w.person["hobbies"] if h not in NOT_ARTS] or w.person["hobbies"]
    main = HOBBIES[w.one(names)]
    parts = [w.about(phrases.ARTS_FIRST, main), w.note(main)]
    craft, category = str(w.person["craft"]), str(w.person["craft_category"])
    category = local.CRAFT_EXCEPTIONS.get(craft, category)
    crafts = (*local.CRAFTS[category], *local.CRAFTS["any"])
    last = [w.say(crafts if w.chance(0.7) else local.FESTIVALS)]
    more: list[Say] = [*w.habit("free"), partial(w.note, main)]
    return w.text(parts, more, (100, 136), last)


def _food(w: _Writer) -> str:
    person = w.person
    cooks = person["household"] != "institution" and (
        bool(COOKING & {*person["hobbies"], *person["learning"]})
        or w.state == "housework"
        or w.chance(0.5)
    )
    first = (*phrases.DISH_FIRST, *phrases.DISH_COOK) if cooks else phrases.DISH_FIRST
    parts = [w.say(first)]
    if w.chance(0.6):
        parts.append(w.say(local.DISHES[local.dish_shape(person["dish"])]))
    foods = [food for food in person["foods"] if not _shared(food, person["dish"])]
    for food in w.some(foods, 2 if len(parts) == 1 and w.chance(0.4) else 1):
        kind, word = local.FOOD_TYPES[food]
        parts.append(w.say(local.FOODS[kind], food=word))
    eating = (*w.staged(phrases.EATING), *phrases.EATING["cook" if cooks else "noncook"])
    more: list[Say] = [
        *w.at_home(phrases.HOME_TABLE, 0.5),
        *w.habit("table"),
        *[partial(w.say, eating)] * 3,
    ]
    return w.text(parts, more, (90, 130))


# --- what the facts mean ----------------------------------------------------------------------


def _unfit(person: Facts) -> tuple[re.Pattern[str], ...]:
    """Return patterns of what is not said of somebody who lives like this."""
    unfit = (HOUSEKEEPING,) if person["household"] == "institution" else ()
    offline = person["digital_skill"] == next(iter(DIGITAL_SKILL))
    return (*unfit, phrases.ONLINE) if offline else unfit


# The banks are few, and the same for everybody.
@cache
def _fitting(options: tuple[str, ...], unfit: tuple[re.Pattern[str], ...]) -> Sequence[str]:
    for pattern in unfit:
        options = tuple(o for o in options if not pattern.search(o)) or options
    return options


def _who(w: _Writer) -> Sequence[str]:
    """Return the words for what the person does, or did."""
    if "former" not in w.facts:
        return phrases.WHO[w.state]
    return phrases.FORMER_WHO_RESIDENT if w.state == "resident" else phrases.FORMER_WHO


def _on_children(w: _Writer) -> Sequence[str]:
    """Return sentences on children beside those on the household."""
    if not w.person["children"]:
        return ()
    if w.home == "parent" and "kids" in w.facts:
        return phrases.CHILDREN_DAY
    away = w.home in ("alone", "couple") and w.age >= CHILDREN_GONE_FROM
    return phrases.CHILDREN_AWAY if away else ()


def _state(person: Facts) -> str:
    """Return what kind of life a person leads; a key of the phrase banks."""
    status: str = person["labour_status"]
    if status == "employed":
        if not person["school"]:
            return "working_absent" if person["work_mode"] == "absent" else "working"
        studies = person["work_mode"] in ("working_beside_study", "absent")
        return "working_student" if studies else "working_enrolled"
    if _is_resident(person):
        return "resident"
    if status == "unemployed" and person["school"]:
        return "unemployed_student"
    if status != "other":
        return status
    if person["school"]:
        return "studying"
    if person["age"] < RETIRING_FROM:
        return "resting"
    return "pensioner" if person["age"] >= PENSION_FROM else "retiring"


def _days(state: str) -> str:
    """Return the key of the banks on days and everyday skills, which know the main state alone."""
    return state.partition("_")[0]


def _stage(w: _Writer) -> str:
    if w.person["occupation"] == "A":
        return "manager"
    if w.age <= YOUNG_UNTIL:
        return "young"
    return "older" if w.age >= OLDER_FROM else "middle"


def _is_resident(person: Facts) -> bool:
    """Tell whether a person without work or school lives in a home, a hospital or the like."""
    outside = person["labour_status"] in ("employed", "unemployed") or person["school"]
    return person["household"] == "institution" and not outside


def _home_kind(person: Facts) -> str | None:
    """Return with whom a person lives; a key of the phrase banks, None where nothing is sure.

    Married people of a couple with children are its parents (the census counts couples without a
    wedding as married), all others are its children.
    """
    household: str = person["household"]
    if household == "institution":
        if person["school"]:
            return "dormitory"
        return "resident" if _is_resident(person) else None
    if household == "couple_with_children" and person["marital"] != "married":
        return "child" if person["age"] < PARENTS_UNTIL else None
    if household == "couple_with_children" and not person["children"]:
        return None
    return HOME_KINDS[household]


def _standing(person: Facts) -> str | None:
    """Return a word for the employment status that goes before a title, if there is one."""
    status: str | None = person["employment_status"]
    # Who manages is told by the title: there is no self-employed managing director to speak of.
    if status is None or person["occupation"] == "A":
        return None
    if status == "part_time":
        # The census counts those on contract with them; these two are neither.
        if person["school"]:
            return "アルバイト"
        return "パート" if person["work_mode"] == "working_beside_housework" else None
    return STANDINGS.get(status)


def _activity(w: _Writer, kinds: Sequence[str]) -> Activity:
    """Choose one of all the person's activities of these kinds."""
    options = [(kind, name) for kind in kinds for name in w.person[kind]]
    kind, name = options[w.below(len(options))]
    return ACTIVITIES[kind][name]


def _festival(person: Facts) -> str:
    """Return the festival, with its city unless the name tells it or it is the person's own."""
    festival, city = person["festival"], person["festival_city"]
    if city == person["municipality"]:
        return f"地元の{festival}"
    return str(festival) if city[:-1] in festival else f"{city}の{festival}"


@cache
def _slots(phrase: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(phrase) if name)


def _dish_origin(person: Facts) -> str:
    """Return whose dish it is, in words that stand before its name."""
    area, prefecture = person["dish_area"], person["prefecture_name"]
    # Lists of places and words such as 県内 say too much or too little before a dish.
    if (
        area.endswith("全域")
        or area.startswith("県")
        or re.search(r"[、・，\s（）及]|および|周辺|など", area)
    ):
        return f"{prefecture}の"
    if area[:2] in person["dish"]:
        return f"{prefecture}の"
    if area.endswith(("市", "町", "村", "区", "島")):
        return f"{area}の"
    return f"{prefecture}の{area}に伝わる" if prefecture not in area else f"{area}に伝わる"


@cache
def _kana(word: str) -> str:
    """Write a word as far as possible in hiragana, for comparison."""
    for kanji, reading in READINGS.items():
        word = word.replace(kanji, reading)
    return word.translate(HIRAGANA)


@cache
def _shared(word: str, name: str) -> bool:
    """Tell whether a word, or a telling part of it, is heard in a name."""
    word, name = _kana(word), _kana(name)
    return any(
        word[at : at + 2] in name or (word[at] >= "一" and word[at] in name)
        for at in range(max(1, len(word) - 1))
    )


@cache
def _telling_ingredients(dish: str, ingredients: tuple[str, ...]) -> tuple[str, ...]:
    """Return up to two ingredients that the name of the dish does not already tell."""
    told = [i for i in ingredients if not SEASONINGS.search(i) and not _shared(i, dish)]
    return tuple(told[:2])
