"""The grammar of the offline writer: sentences from phrase banks and the facts of one person.

Every text is put together from several independent choices and the person's own facts (place,
work, dish, craft, festival, leisure), so that no two people share a text. Nothing is claimed that
the facts do not give: no family, no employer, no place but those drawn.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from persona_assets.personas.offline import phrases
from persona_assets.personas.prompts import everyday_ways

Facts = Mapping[str, Any]

CENSUS_YEAR = 2020
YOUNG_UNTIL, MIDDLE_UNTIL, OLD_FROM = 30, 54, 60
# Hobbies that a text on the arts can be about; others only if there is none of these.
NOT_ARTS = frozenset(
    ("パチンコ", "ゲーム", "スポーツ観戦", "キャンプ", "料理・菓子作り", "ガーデニング")
)


class _Writer:
    """One person's texts: the facts, and a stream of choices."""

    def __init__(self, person: Facts, rng: np.random.Generator) -> None:
        self.person = person
        self._points = iter(rng.random(160).tolist())
        self.name: str = person["full_name"]
        self.job: str = person["occupation_label"]
        self.state = _state(person)
        self.skills = _skills(person)
        self.ways = everyday_ways(person)
        self.hobby = self.one(person["hobbies"])

    def one(self, options: Sequence[str]) -> str:
        """Choose one of the options."""
        return options[int(next(self._points) * len(options))]

    def say(self, options: Sequence[str], **more: str) -> str:
        """Choose a phrase and fill its slots with facts."""
        person = self.person
        foods = person["foods"]
        return self.one(options).format(
            n=self.name,
            job=self.job,
            muni=person["municipality"],
            pref=person["prefecture_name"],
            age=person["age"],
            hobby=self.hobby,
            skill=self.one(self.skills),
            craft=person["craft"],
            category=_category(person["craft_category"]),
            festival=person["festival"],
            city=person["festival_city"],
            dish=person["dish"],
            food=self.one(foods) if foods else person["dish"],
            season=self.one(phrases.SEASONS),
            time=self.one(phrases.TIMES),
            **more,
        )

    def way(self) -> str:
        """A pronounced habit, or nothing."""
        return f"{self.one(self.ways)}。" if self.ways else ""


def write_attributes(person: Facts, rng: np.random.Generator) -> dict[str, Any]:
    """Write the first step's fields.

    Args:
        person: Columns and labels of one person, with the skills of the job title.
        rng: The same generator and person give the same texts.

    Returns:
        The fields of `models.Attributes`.
    """
    writer = _Writer(person, rng)
    skills = writer.skills[:4]
    done = [*person["hobbies"], *person["sports"], *person["learning"], *person["travel"]]
    # A list wants two items; who does only one thing still eats what the place is known for.
    hobbies = list(dict.fromkeys([*done, "郷土の味"]))[: max(2, min(len(done), 5))]
    return {
        "cultural_background": _background(writer),
        "skills_and_expertise": _skills_text(writer, skills),
        "skills_and_expertise_list": skills,
        "hobbies_and_interests": _hobbies_text(writer, hobbies),
        "hobbies_and_interests_list": hobbies,
        "career_goals_and_ambitions": _goals(writer),
    }


def write_personas(person: Facts, attributes: Facts, rng: np.random.Generator) -> dict[str, Any]:
    """Write the second step's fields; see `write_attributes`.

    Args:
        person: Columns and labels of one person.
        attributes: The first step's fields; the skills told there are the ones told here.
        rng: The generator of this step.

    Returns:
        The fields of `models.Personas`.
    """
    writer = _Writer({**person, "skills": attributes["skills_and_expertise_list"],
                      "certifications": []}, rng)  # fmt: skip
    return {
        "professional_persona": _work(writer),
        "sports_persona": _sports(writer),
        "arts_persona": _arts(writer),
        "travel_persona": _travel(writer),
        "culinary_persona": _food(writer),
        "persona": _summary(writer),
    }


def _state(person: Facts) -> str:
    """Return `working` or what the person does instead; keys of the phrase banks."""
    status: str = person["labour_status"]
    if status == "employed":
        return "working"
    if status == "other":
        return "other_old" if person["age"] >= OLD_FROM else "other_young"
    return status


def _stage(age: int) -> str:
    if age <= YOUNG_UNTIL:
        return "young"
    return "middle" if age <= MIDDLE_UNTIL else "older"


def _skills(person: Facts) -> list[str]:
    known = [*person["skills"], *person["certifications"]]
    return known or list(phrases.EVERYDAY_SKILLS.get(_state(person), ("段取り", "片づけ", "記録")))


def _category(category: str) -> str:
    """Shorten a class of crafts to a word that fits a sentence."""
    return {"その他の工芸品": "工芸品", "その他繊維製品": "繊維の品"}.get(
        category, category.replace("・", "や")
    )


def _background(w: _Writer) -> str:
    born = CENSUS_YEAR - w.person["age"]
    generation = next(texts for until, texts in phrases.GENERATIONS if born < until)
    first = w.say(
        (
            "{pref}{muni}で暮らし、{g}。",
            "{g}。いまは{pref}{muni}に住まいがある。",
            "{muni}の{season}の景色が日々の背景にあり、{g}。",
            "住まいは{pref}の{muni}。{g}。",
        ),
        g=w.one(generation),
    )
    second = w.say(
        (
            "{city}の{festival}や{craft}といった土地のものに親しみがある。",
            "土地の味といえば{dish}、行事といえば{city}の{festival}を思い浮かべる。",
            "{category}の{craft}と{dish}の名は、{pref}を語るときによく口にする。",
            "{season}の{dish}と、{city}の{festival}のにぎわいが記憶に結びついている。",
            "{festival}で知られる{city}や、{craft}の話になると少し饒舌になる。",
        )
    )
    return first + second


def _skills_text(w: _Writer, skills: Sequence[str]) -> str:
    named = "、".join(skills[:2])
    last = skills[-1]
    if w.state == "working":
        return w.say(
            (
                "{job}の仕事を通じて{s}を身につけた。{l}は場数を踏んで覚えた部分が大きい。",
                "{s}が仕事の土台で、{l}についても日々の中で磨いている。",
                "得意なのは{s}。{l}はまだ人に聞くこともある。",
                "{job}として{s}に取り組んできた。{l}も、手順を紙に書いて少しずつ覚えた。",
            ),
            s=named,
            l=last,
        )
    return w.say(
        (
            "{s}は暮らしの中で自然と身についた。{l}も人並みにこなす。",
            "得意なのは{s}で、{l}は気が向いたときに取り組む。",
            "{s}なら人に頼らずできる。{l}には少し時間がかかる。",
        ),
        s=named,
        l=last,
    )


def _hobbies_text(w: _Writer, hobbies: Sequence[str]) -> str:
    first = hobbies[0]
    others = "、".join(hobbies[1:3])
    text = w.say(
        (
            "いちばんの楽しみは{f}で、{time}向き合うことが多い。",
            "{time}{f}に時間を使う。",
            "{f}が好きで、{season}にはとくに熱が入る。",
            "長く付き合っているのは{f}だ。",
        ),
        f=first,
    )
    if others:
        text += w.say(
            ("ほかに{o}も楽しむ。", "{o}にも関心がある。", "気分が変われば{o}にも手を出す。"),
            o=others,
        )
    if w.person["volunteering"]:
        text += w.say(("{v}にも加わっている。",), v=w.one(w.person["volunteering"]))
    return text


def _goals(w: _Writer) -> str:
    key = f"work_{_stage(w.person['age'])}" if w.state == "working" else w.state
    return w.say(phrases.GOALS[key]) + w.say(
        (
            "。{hobby}も細く長く続けるつもりだ。",
            "。{muni}での暮らしは変えずにいたいと思っている。",
            "。{season}までに、身の回りを少し整えておきたい。",
            "。{learn}にも少しずつ時間を割きたい。",
        ),
        learn=w.one(w.person["learning"]) if w.person["learning"] else w.hobby,
    )


def _work(w: _Writer) -> str:
    person = w.person
    if w.state == "working":
        duties = phrases.DUTIES[person["occupation"]]
        first = w.one(duties)
        second = w.one([duty for duty in duties if duty != first])
        text = w.say(
            (
                "{n}は{job}として、{d}日々を送っている。{e}ことも欠かせない。",
                "{muni}に暮らす{n}の仕事は{job}である。{d}うちに一日が過ぎ、{e}場面も多い。",
                "{d}のが、{job}の{n}にとって一日の始まりだ。{e}のもその流れのうちである。",
                "{job}の{n}は、{d}ことを大切にしている。合間に{e}のも役目のうちである。",
                "{season}になると忙しさが増す。{job}の{n}は、{d}かたわら、{e}日が続く。",
                "{e}。それが{job}として働く{n}の身についた習慣で、{d}ことも忘れない。",
            ),
            d=first,
            e=second,
        )
        text += w.say(phrases.STATUS_NOTES[person["employment_status"]]) + "。"
        return text + w.say(phrases.WORK_NOTES[_stage(person["age"])]) + "。"
    days = phrases.DAYS[w.state]
    first = w.one(days)
    second = w.one([day for day in days if day != first])
    what = {
        "studying": f"{w.job}として過ごす",
        "unemployed": "仕事を探している",
        "housework": "家のことを受け持つ",
        "other_old": "仕事を離れて暮らす",
        "other_young": "仕事に就かずに暮らす",
    }[w.state]
    text = w.say(
        (
            "{n}は{muni}で{what}。{time}{d}のが習いで、{e}ことも多い。",
            "{d}ことから始まるのが、{muni}で{what}{n}の一日だ。{e}日もある。",
            "{what}{n}は、{d}のを日課にしている。{season}には{e}ことが増える。",
            "{time}{d}。{muni}で{what}{n}の毎日はそうして過ぎ、{e}時間もとる。",
            "{season}も変わらず、{what}{n}は{d}。合間に{e}ことも忘れない。",
        ),
        what=what,
        d=first,
        e=second,
    )
    text += w.say(phrases.DAY_NOTES[w.state]) + "。"
    return text + w.say(
        (
            "{skill}には少し自信があり、{season}にはとくに役に立つ。",
            "{time}{skill}に気を向けることもある。",
            "{skill}だけは、{season}でも手を抜かない。",
            "{hobby}の時間は{time}と決めている。",
        )
    )


def _sports(w: _Writer) -> str:
    sports = w.person["sports"]
    if not sports:
        first = w.say(phrases.NO_SPORT)
        text = w.say(
            (
                "{muni}で暮らす{n}は{age}歳のいま、体を動かすことに熱心ではない。{f}。",
                "{f}。{muni}に住む{age}歳の{n}の正直なところである。",
                "{season}が来ても、{muni}の{n}の暮らしに運動の予定はない。{f}。",
                "スポーツの話になると、{muni}に住む{age}歳の{n}は聞き役に回る。{f}。",
            ),
            f=first,
        )
        note = w.say(phrases.NO_SPORT_NOTES) + "。"
        return text + note + w.say(phrases.NO_SPORT_CLOSINGS)
    text = w.say(
        (
            "{muni}の{n}は{time}{s}をするのを楽しみにしている。",
            "{s}は{age}歳の{n}の暮らしに欠かせない。{time}支度をして出かける。",
            "{season}、{muni}に暮らす{n}がいちばん心待ちにするのは{s}だ。",
            "{time}体を動かすなら、{muni}の{n}の場合は{s}である。",
            "{age}歳の{n}が体を動かす手立ては{s}で、{season}もできるだけ休まない。",
            "{muni}での暮らしの中で、{n}は{s}を細く長く続けている。",
        ),
        s=sports[0],
    )
    if len(sports) > 1:
        text += w.say(
            (
                "{s}にも手を出し、{season}にはそちらが中心になる。",
                "{s}も嫌いではなく、{time}加わることがある。",
                "ときには{s}もする。",
            ),
            s=sports[1],
        )
    return text + w.say(phrases.SPORT_NOTES) + "。" + w.say(phrases.SPORT_CLOSINGS)


def _arts(w: _Writer) -> str:
    hobbies = [h for h in w.person["hobbies"] if h not in NOT_ARTS] or w.person["hobbies"]
    text = w.say(
        (
            "{n}の楽しみは{h}で、{time}向き合う。",
            "{time}{h}に浸るのが、{n}の息抜きだ。",
            "{n}は{h}を好み、{season}にはとくに時間をかける。",
            "{h}の話になると、{n}は少し早口になる。",
            "{season}の静かな時間に、{n}は{h}を楽しむ。",
        ),
        h=w.one(hobbies),
    )
    text += w.say(phrases.ART_NOTES) + "。"
    text += w.say((*phrases.CRAFT_NOTES, *phrases.FESTIVAL_NOTES)) + "。"
    return text + w.say(phrases.ART_CLOSINGS)


def _travel(w: _Writer) -> str:
    trips = w.person["travel"]
    if not trips:
        first = w.say(phrases.NO_TRIP)
        return (
            w.say(
                (
                    "{n}は旅に縁が薄い。{f}。",
                    "{f}。{muni}の{n}はそういう暮らしをしている。",
                    "旅支度をする{n}の姿はあまり見られない。{f}。",
                    "{season}の行楽の時期も、{n}は家にいることが多い。{f}。",
                ),
                f=first,
            )
            + w.say(phrases.NO_TRIP_NOTES)
            + "。"
            + w.say(phrases.HOME_CLOSINGS)
        )
    text = w.say(
        (
            "{n}は{season}に{t}へ出るのを心待ちにしている。",
            "{t}の支度を始めると、{n}は落ち着かなくなる。",
            "{season}が来ると、{n}は{t}の計画を立てる。",
            "{muni}から{t}に出る日、{n}はいつもより早く起きる。",
            "{t}となると、{age}歳の{n}は{season}を選ぶことが多い。",
        ),
        t=w.one(trips),
    )
    return (
        text
        + w.say(phrases.TRIP_NOTES)
        + "。"
        + w.say(
            (
                "{city}の{festival}に合わせて日を選んだこともある。",
                "行き先で{hobby}にちなむものを探す。",
                "帰ると{dish}が食べたくなる。",
                "次は{city}の{festival}を見に行くつもりだ。",
                "土地の{category}を見るのも楽しみで、{craft}と比べてみる。",
                "{food}に似た味に出会うと、うれしくなる。",
            )
        )
        + w.say(phrases.TRIP_CLOSINGS)
    )


def _food(w: _Writer) -> str:
    ingredients = w.person["dish_ingredients"][:2]
    made_of = "と".join(ingredients) if ingredients else "季節のもの"
    text = w.say(
        (
            "{n}の好物は{pref}の{dish}で、{season}になると食べたくなる。",
            "{i}の{dish}を前にすると、{n}は口数が減る。",
            "{season}の食卓に{dish}が並ぶと、{n}の機嫌がよい。",
            "{n}は{dish}の{i}の加減にこだわりがある。",
            "土地の味といえば、{n}にとっては{i}で作る{dish}だ。",
            "{time}{dish}をこしらえることがある{n}は、{i}を切らさない。",
        ),
        i=made_of,
    )
    return (
        text
        + w.say(phrases.FOOD_SHOP)
        + "。"
        + w.say(phrases.FOOD_NOTES)
        + "。"
        + w.say(phrases.FOOD_CLOSINGS)
    )


def _summary(w: _Writer) -> str:
    if w.state == "working":
        who = w.say(
            (
                "{muni}で暮らす{age}歳の{job}",
                "{job}として働く{muni}の{age}歳",
                "{pref}{muni}に住む{job}",
            )
        )
    else:
        what = {
            "studying": w.job,
            "unemployed": "求職中の人",
            "housework": "家事を担う人",
            "other_old": "年金世代" if w.person["age"] >= 65 else "仕事を離れた人",
            "other_young": "家で過ごす人",
        }[w.state]
        who = w.say(
            ("{muni}に暮らす{age}歳の{what}", "{pref}{muni}の{what}", "{age}歳、{muni}の{what}"),
            what=what,
        )
    like = w.say(
        (
            "{hobby}を楽しみに",
            "{dish}を好み、{hobby}に親しみながら",
            "{festival}の季節を待ちながら",
            "{hobby}と{food}を心の支えに",
            "{season}の{hobby}を励みに",
            "{craft}に心を寄せつつ",
        )
    )
    way = (
        w.one(w.ways)
        if w.ways
        else w.one(
            (
                "目立たないが約束は守る",
                "気負わず日々を重ねる",
                "小さなことを気長に続ける",
                "少し心配しすぎる",
                "身の丈に合った楽しみを知っている",
            )
        )
    )
    return w.say(
        (
            "{n}は、{who}で、{like}暮らす、{way}人である。",
            "{like}過ごす{n}は、{who}で、{way}人だ。",
            "{who}の{n}は、{like}毎日を送る、{way}人である。",
            "{way}たちの{n}は、{who}で、{like}日を送っている。",
        ),
        who=who,
        like=like,
        way=way,
    )
