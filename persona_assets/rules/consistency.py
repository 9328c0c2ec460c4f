"""Rules on facts: a text must not contradict the name, age, sex, status, work or place given."""

import re
from collections.abc import Iterator
from typing import Final

from persona_assets.levels import DIGITAL_SKILL, HOUSEHOLD, MOST_CHILDREN
from persona_assets.people.life_stage import (
    ERAS,
    Years,
    birth_years,
    compulsory_end,
    leaving_years,
    school_entry,
)
from persona_assets.rules.facts import PREFECTURES
from persona_assets.rules.fields import PERSONA_FIELDS, PROSE_FIELDS
from persona_assets.rules.model import Hit, Rule, Subject

# Somebody else whom a sentence may be about.
_SOMEBODY_ELSE = re.compile(
    r"息子|娘|孫|子ども|子供|お子|父|母|両親|親|兄|弟|姉|妹|夫|妻|祖|叔|伯|姪|甥|いとこ|友人|知人|恋人"
    r"|同僚|上司|先輩|後輩|部下|生徒|教え子|利用者|患者|顧客|シニア|高齢者|世代|若者|向け"
)
_FUTURE = re.compile(
    r"たい|つもり|予定|目標|目指|将来|いずれ|いつか|夢|計画|構想|準備|描い|描く|見据え|備え|見込|考え"
)


def _sentence(text: str, position: int) -> str:
    end = text.find("。", position)
    return text[text.rfind("。", 0, position) + 1 : end if end >= 0 else len(text)]


def _name_missing(subject: Subject) -> Iterator[Hit]:
    surname, given_name = subject.facts.surname, subject.facts.given_name
    for field in PERSONA_FIELDS:
        text = subject.prose.get(field)
        if text is None:
            continue
        if surname is None or given_name is None:
            yield Hit(field, text[:12], "文頭に「姓 名は、」の形で氏名を書いてください。")
        elif surname + given_name not in text.replace(" ", "").replace("\u3000", ""):
            yield Hit(
                field,
                text[:12],
                f"氏名「{surname} {given_name}」をそのまま本文に書いてください。",
            )


_NUMBER = r"[0-9０-９]{1,3}|[〇一二三四五六七八九十百]{1,5}"
# An age said of now: "N歳の" somebody, "N歳である", at the end or before a comma. "N歳で", "N歳から",
# "N歳のとき" tell of another time and are not claims.
_AGE = re.compile(
    rf"(?<![0-9０-９〇一二三四五六七八九十百千万第〜~～.\-－])(?P<number>{_NUMBER})[歳才]"
    r"(?=で(?:ある|あり|す)|だ(?:が|$|[。、])|[、。）)]|$|(?:に|と)な(?:った|る)(?:今|現在)|を迎えた(?:今|現在)"
    r"|の(?!と[きこ]|時|頃|ころ|折|春|夏|秋|冬|年|誕生|若さ|節目|記念|自分|転機|定年|壁|初|手習|子|男の子|女の子))"
)
_AGE_NOT_OURS = re.compile(
    r"(?:平均(?:年齢)?|対象|生後|から|より|最年[少長](?:の)?|目標|当時|や|と|・|、)$"
)
_AGE_IN_BRACKETS = re.compile(rf"[（(](?P<number>{_NUMBER})[歳才]?[）)]")
_KANJI = {digit: value for value, digit in enumerate("〇一二三四五六七八九")}


def _number(text: str) -> int:
    """Read an ASCII, full-width or kanji number: 74, ７４, 七四, 七十四, 百二."""
    if text[0] not in "〇一二三四五六七八九十百":
        return int(text)
    if "十" not in text and "百" not in text:
        return int("".join(str(_KANJI[digit]) for digit in text))
    total = digit = 0
    for character in text:
        if character in _KANJI:
            digit = _KANJI[character]
        else:
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
    return total + digit


def _age_contradiction(subject: Subject) -> Iterator[Hit]:
    facts = subject.facts
    if facts.age is None:
        return
    name = (facts.surname or "") + (facts.given_name or "")
    for field, text in subject.prose.items():
        found = [
            match
            for match in _AGE.finditer(text)
            # the comma is no boundary when a list of ages goes on (8歳、5歳の…)
            if not _AGE_NOT_OURS.search(text[: match.start()].removesuffix("、"))
            and not _SOMEBODY_ELSE.search(text[max(0, match.start() - 8) : match.end() + 8])
        ]
        if name:
            found += [
                match
                for match in _AGE_IN_BRACKETS.finditer(text)
                if "".join(text[: match.start()].split()).endswith(name)
            ]
        for match in found:
            if _number(match["number"]) != facts.age:
                yield Hit(
                    field,
                    match[0],
                    f"年齢は{facts.age}歳です。「{match[0]}」を改めてください。",
                )


# Said of the person: pronoun as topic, or a word for the other sex as predicate. Sentences that
# name somebody of that sex are left alone.
_OTHER_SEX: Final = {
    "male": (
        re.compile(
            r"(?:^|(?<=[。、「]))彼女(?:は|自身)|(?:^|(?<=。))彼女[がのも]"
            r"|(?:専業主婦|主婦|女性|母親|[児人]の母|妻)(?:である|です|だ(?=。|$)|であり|として)"
        ),
        re.compile(
            r"娘|姉|妹|祖母|(?:の|は)妻|母(?!親?(?:で|だ|とし))|妻(?!で|だ|とし)|恋人|女性[^で]|孫|友人|後輩|先輩|同僚"
        ),
    ),
    "female": (
        re.compile(
            r"(?:^|(?<=[。、「]))彼(?:は|自身)|(?:^|(?<=。))彼(?:[がも]|の(?!地|国))"
            r"|(?:専業主夫|主夫|男性|父親|[児人]の父|夫)(?:である|です|だ(?=。|$)|であり|として)"
        ),
        re.compile(
            r"息子|兄|弟|祖父|(?:の|は)夫|父(?!親?(?:で|だ|とし))|(?<!主)夫(?!で|だ|とし)|恋人|男性[^で]|孫|友人|後輩|先輩|同僚"
        ),
    ),
}


def _sex_contradiction(subject: Subject) -> Iterator[Hit]:
    if subject.facts.sex not in _OTHER_SEX:
        return
    words, others = _OTHER_SEX[subject.facts.sex]
    label = {"male": "男性", "female": "女性"}[subject.facts.sex]
    for field, text in subject.prose.items():
        for match in words.finditer(text):
            if not others.search(_sentence(text, match.start())):
                yield Hit(
                    field,
                    match[0],
                    f"この人は{label}です。「{match[0]}」を改めてください。",
                )


# 妻 and 夫 as words of their own: kanji on neither side (工夫, 丈夫, 稲妻, 夫婦), and not somebody
# else's (友人の妻).
_KANJI_CHARACTER = r"[\u3400-\u9fff々]"
_SPOUSE = (
    rf"(?:(?<!{_KANJI_CHARACTER})(?<!の)|(?<=最愛の)|(?<=自分の))(?:妻|夫)(?!{_KANJI_CHARACTER})"
)
_UNMARRIED_YEARS = r"(?!時代|の頃|のころ|だった|のとき|の時)"
_STILL_SINGLE = (
    rf"独身(?:生活|貴族|を貫|を通し|である|です|で、|の身|者として){_UNMARRIED_YEARS}"
    r"|結婚(?:したこと|歴)[はが]な(?:い|く)|未婚(?:である|です|で、|のまま)"
)
_LOST_SPOUSE = r"(?<!の)亡き(?:妻|夫)|亡[妻夫](?!家)|[妻夫]に先立たれ|[妻夫]を(?:病気?で|事故で)?亡くし|[妻夫]と死別"
_LIVES_WITH_SPOUSE = (
    rf"{_SPOUSE}と(?:の)?(?:二人|ふたり)?(?:で|暮らし|きり)?(?:穏やかに|仲良く|ともに|共に|一緒に)*"
    r"(?:暮らして(?:いる|おり)|暮らしを送っている|暮らす|の暮らし|生活して(?:いる|おり))"
)
_MARITAL: Final = {
    "never_married": re.compile(
        rf"{_SPOUSE}|(?:愛妻|亡妻|亡夫|妻子)(?![{_KANJI_CHARACTER[1:-1]}])"
        r"|(?<!の)配偶者(?!控除|手当|ビザ|特別|居住|暴力|間)|(?<![人老若敵族親])夫婦(?:二人|ふたり|水入らず|で(?:暮|旅|営|経))"
        r"|結婚生活|離婚(?:後は|を経て|を機に|した後)|再婚(?:した|し、)"
    ),
    "married": re.compile(rf"{_STILL_SINGLE}|{_LOST_SPOUSE}|離婚(?:後は|後、|して以来)"),
    "widowed": re.compile(rf"{_STILL_SINGLE}|{_LIVES_WITH_SPOUSE}"),
    "divorced": re.compile(rf"{_STILL_SINGLE}|{_LIVES_WITH_SPOUSE}|{_LOST_SPOUSE}"),
}
_MARITAL_LABELS: Final = {
    "never_married": "未婚",
    "married": "既婚",
    "widowed": "配偶者と死別",
    "divorced": "離婚",
}
_MARITAL_OTHERS = re.compile(
    r"両親|父|母|友人|知人|同僚|先輩|後輩|上司|顧客|利用者|兄|姉|弟|妹|祖|(?:新郎|新婦)|カップル"
)


def _marital_contradiction(subject: Subject) -> Iterator[Hit]:
    marital = subject.facts.marital
    if marital not in _MARITAL:
        return
    for field, text in subject.prose.items():
        for match in _MARITAL[marital].finditer(text):
            sentence = _sentence(text, match.start())
            hoped_for = marital == "never_married" and _FUTURE.search(sentence)
            if not hoped_for and not _MARITAL_OTHERS.search(sentence):
                yield Hit(
                    field,
                    match[0],
                    f"婚姻の状態は{_MARITAL_LABELS[marital]}です。「{match[0]}」を改めてください。",
                )


# Households in which a claim holds, and the claim; an institution says too little to judge either.
_NOT_NOW: Final = re.compile(
    r"(?:一人|独り|ひとり)暮らしの(?:経験|人|方|高齢|老|お年|母|父|祖)|かつて|以前|昔|当時|時代|[頃ころ]|若い"
)
_HOUSEHOLD_CLAIMS: Final = (
    (frozenset({"one_person"}), re.compile(r"(?:一人|独り|ひとり)暮らし")),
    (
        frozenset({"couple_only"}),
        re.compile(r"(?<![人老若敵族親])夫婦(?:二人|ふたり)(?:きり)?(?:の|で)?(?:暮ら|生活|の家)"),
    ),
    (
        frozenset(HOUSEHOLD) - {"one_person"},
        re.compile(
            r"(?:両親|父母|母親?|父親?|親|家族|子ども|子供|息子|娘|妻|夫)と(?:二人で|一緒に|ともに|共に)?"
            r"(?:同居し|暮らして(?:いる|おり)|の(?:二人|三人|四人|五人)暮らし)"
        ),
    ),
)
_ALONE_OTHERS = re.compile(
    r"両親|父|母|友人|知人|同僚|先輩|後輩|利用者|顧客|高齢者|兄|姉|弟|妹|祖|子ども|息子|娘"
)


def _household_contradiction(subject: Subject) -> Iterator[Hit]:
    household = subject.facts.household
    if household is None or household == "institution":
        return
    for field, text in subject.prose.items():
        for fitting, claim in _HOUSEHOLD_CLAIMS:
            if household in fitting:
                continue
            for match in claim.finditer(text):
                sentence = _sentence(text, match.start())
                # Where the claim itself names the others, no word of the sentence excuses it.
                of_others = household != "one_person" and _ALONE_OTHERS.search(sentence)
                if not (of_others or _FUTURE.search(sentence) or _NOT_NOW.search(sentence)):
                    yield Hit(
                        field,
                        match[0],
                        f"世帯は「{HOUSEHOLD[household]}」です。「{match[0]}」を改めてください。",
                    )


RETIREMENT_AGE: Final = 50
_RETIRED = re.compile(r"定年(?:退職)?(?:後|した|して|を迎えた|を迎え、|を迎えて|まで勤め)")
_PUPIL = re.compile(
    r"(?:(?:女子)?大学生|大学院生|短大生|専門学校生|高専生|(?:女子|男子)?高校生|学生|大学[1-6１-６一二三四五六]年(?:生|次)?)"
    r"(?:である|です|だ(?=。|$)|であり|で(?=、))|(?:大学|短大|高校|大学院|高専)(?:に在学(?:中|して)|在学中(?:で(?!は)|の(?!頃|とき|時|こ)))"
)
_NO_WORK = re.compile(
    r"(?:無職|専業主[婦夫])(?:である|です|だ(?=。|$)|であり|で(?=、))|現在は(?:無職|仕事に就いて(?:いない|おらず))"
)

_AT_WORK = re.compile(
    r"(?:として|で)(?:働いて|勤めて|勤務して|従事して)(?:いる|おり|います)|現役の(?!頃|ころ|時)|現役で働"
)
_LEFT_WORK = re.compile(
    r"(?<!一線を)引退(?:した(?!ら)|して(?:いる|おり|から)|し、|後)|隠居(?:の身|生活|暮らし)|年金(?:暮らし|生活)|悠々自適"
)
_OTHER_RETIREMENT = re.compile(
    r"選手|競技|部活|現役選手|年金(?:暮らし|生活)(?:の|に(?:は|なって|なったら))"
)
_IN_THE_PAST = re.compile(r"引退|退職|退[いき]|辞め|もとは|元は|だった|していた|していて|かつて")
_FORMERLY = ("元", "もと", "以前は", "かつては")
_STILL = re.compile(r"である|です|だ(?=[。、が]|$)|であり|として(?:働|勤)")


def _still_working(text: str, title: str) -> Iterator[tuple[int, str]]:
    """Yield where a text says that somebody still has a job, and how."""
    start = text.find(title)
    while start >= 0:
        said = _STILL.match(text, start + len(title))
        if said and not text.endswith(_FORMERLY, 0, start):
            yield start, title + said[0]
        start = text.find(title, start + len(title))


def _work_contradiction(subject: Subject) -> Iterator[Hit]:
    facts = subject.facts
    too_young = facts.age is not None and facts.age < RETIREMENT_AGE
    for field, text in subject.prose.items():
        # Where, which words, what is so, and of which sentences it is not said.
        claims: list[tuple[int, str, str, tuple[re.Pattern[str], ...]]] = []

        def claim(pattern: re.Pattern[str], fact: str, *unless: re.Pattern[str]) -> None:
            claims.extend((m.start(), m[0], fact, unless) for m in pattern.finditer(text))  # noqa: B023

        if too_young:
            claim(_RETIRED, f"{facts.age}歳で、定年には達していません。", _FUTURE)
        if facts.student is False:
            claim(_PUPIL, "在学中ではありません。")
        if facts.employed:
            claim(_NO_WORK, "仕事に就いています。")
            claim(_LEFT_WORK, "仕事に就いていて、引退していません。", _FUTURE, _OTHER_RETIREMENT)
        if facts.employed is False:
            fact, past = "いまは仕事に就いていません。", (_FUTURE, _NOT_NOW, _IN_THE_PAST)
            claim(_AT_WORK, fact, *past)
            if facts.former_title:
                still = _still_working(text, facts.former_title)
                claims += [(start, words, fact, past) for start, words in still]
        for start, words, fact, unless in claims:
            sentence = _sentence(text, start)
            if not any(other.search(sentence) for other in (_SOMEBODY_ELSE, *unless)):
                yield Hit(field, words, f"この人は{fact}「{words}」を改めてください。")


# Children of the person's own: counted, brought up, or parenthood said of the person. Sentences on
# other people's children are left alone.
_CHILD = r"(?:子ども|子供|お子さん|息子|娘)"
_COUNT = r"(?P<number>[0-9０-９]{1,2}|[一二三四五六七八九十])"
_COUNTED_CHILDREN = re.compile(
    rf"{_COUNT}人の(?P<kind>子ども|子供|息子|娘)(?:を|が(?:いる|おり)|に恵まれ|と(?:暮|の)|の(?:父|母|親))"
    rf"|(?P<kind2>子ども|子供)(?:が|は|を)?{_COUNT.replace('number', 'number2')}人(?:いる|おり|育て|の(?:父|母|親))"
    rf"|{_COUNT.replace('number', 'number3')}児の(?:父|母|親)"
)
_HAS_CHILD = re.compile(
    rf"{_CHILD}(?:たち|夫婦)?(?:が(?:いる|おり|独立|生まれ|巣立)|を(?:育て|送り|授か)|と(?:暮らし|の(?:暮らし|二人暮らし)|遊)"
    r"|の(?:成長|弁当|将来|学費|送り迎え|宿題|習い事))"
    r"|(?<!親の)子育て(?:中|の(?:合間|かたわら|真っ最中|経験)|に追われ|が一段落|を終え|と(?:仕事|両立))"
    r"|孫(?:が(?:いる|おり|生まれ|遊)|の(?:成長|顔|世話|相手|誕生|写真)|と(?:遊|過ご|の)|たち)"
    r"|[児人]の(?:父|母)(?:親)?(?:である|です|だ(?=。|$)|であり|として)"
)
_NO_CHILD = re.compile(
    r"子(?:ども|供)?(?:は|が)(?:いない|おらず|いません)|子(?:ども|供)?に(?:は)?恵まれ(?:ず|なかった)"
    r"|子(?:ども|供)?の(?:い)?ない(?:夫婦|暮らし|家)"
)
_CHILD_OTHERS = re.compile(
    r"友人|知人|同僚|先輩|後輩|上司|部下|兄|姉|弟|妹|姪|甥|いとこ|近所|地域|町内|他人|よそ|顧客|客|利用者|患者|生徒"
    r"|児童|園児|教え子|保護者|両親|父の|母の|向け|教室|支援|祖父母の"
)
_KANJI_COUNT: Final = {digit: value for value, digit in enumerate("一二三四五六七八九十", start=1)}


def _children_contradiction(subject: Subject) -> Iterator[Hit]:
    facts = subject.facts
    if facts.has_children is None:
        return
    for field, text in subject.prose.items():
        claims = []
        if facts.has_children:
            claims += [(match, "子供がいます。") for match in _NO_CHILD.finditer(text)]
        else:
            claims += [(match, "子供はいません。") for match in _HAS_CHILD.finditer(text)]
        for match in _COUNTED_CHILDREN.finditer(text):
            if facts.children is None:
                continue
            number = match["number"] or match["number2"] or match["number3"]
            count = _KANJI_COUNT.get(number) or int(number)
            # Sons and daughters are some of the children.
            some = match["kind"] in ("息子", "娘") and count < facts.children
            more = count > facts.children >= MOST_CHILDREN
            if count != facts.children and not some and not more:
                claims.append((match, f"子供は{facts.children}人です。"))
        for match, fact in claims:
            sentence = _sentence(text, match.start())
            if not (_CHILD_OTHERS.search(sentence) or _FUTURE.search(sentence)):
                yield Hit(field, match[0], f"この人は{fact}「{match[0]}」を改めてください。")


# Use of devices said of who uses none, and the other way round.
_DEVICE = (
    r"(?:スマートフォン|スマホ|パソコン|タブレット|SNS|アプリ|ネット(?:通販|ショッピング|検索)|インターネット|動画配信"
    r"|表計算|Excel)"
)
_USES_DEVICES = re.compile(
    rf"{_DEVICE}(?:を|で|に)[^。、]{{0,12}}(?:使いこな|投稿|作成|検索|調べ|注文|操|楽しむ|楽しみ|買い物|更新|活用)"
)
_USES_NONE = re.compile(
    rf"{_DEVICE}(?:を|は|が)(?:[^。、]{{0,6}})(?:持た(?:ない|ず)|使え(?:ない|ず)|使わ(?:ない|ず)|触ったことがな)"
    r"|機械(?:に|は)(?:疎|めっぽう弱)"
)


def _digital_contradiction(subject: Subject) -> Iterator[Hit]:
    skill = subject.facts.digital_skill
    lowest, *_, highest = DIGITAL_SKILL
    claim = {lowest: _USES_DEVICES, highest: _USES_NONE}.get(skill or "")
    if skill is None or claim is None:
        return
    for field, text in subject.prose.items():
        for match in claim.finditer(text):
            sentence = _sentence(text, match.start())
            if not (_SOMEBODY_ELSE.search(sentence) or _FUTURE.search(sentence)):
                yield Hit(
                    field,
                    match[0],
                    f"情報機器との付き合いは「{DIGITAL_SKILL[skill]}」です。「{match[0]}」を改めてください。",
                )


_ERA_YEAR = rf"(?:{'|'.join(name for _, name in ERAS)})(?:元|[0-9０-９]{{1,2}}|[〇一二三四五六七八九十]{{1,3}})"
_YEAR = rf"(?P<year>[12][0-9]{{3}}|{_ERA_YEAR})年(?!代|ごろ|頃|前後)"
_SPRING = r"(?:に|の?[春三3３]月?に?|、)?(?:、)?"
_BORN = re.compile(
    rf"{_YEAR}(?:生まれ|に生まれ|の生まれ|[0-9]{{1,2}}月(?:[0-9]{{1,2}}日)?(?:に)?生まれ)"
)
_ENTERED = re.compile(rf"{_YEAR}{_SPRING}[^。、]{{0,6}}小学校(?:に|へ)(?:入|上が)")
_LEFT = re.compile(
    rf"{_YEAR}{_SPRING}[^。、]{{0,8}}(?P<school>中学(?:校)?|高校|高等学校|短大|短期大学|大学院|大学|専門学校|高専)"
    r"を(?:卒業|出[てた]|終え|修了)"
)
# Waiting for a place and repeated years: how much later than in time people leave school.
LATE_YEARS: Final = 5
_SCHOOLS_LEFT: Final = {
    "中学": ("lower_secondary", "lower_secondary"),
    "高校": ("upper_secondary", "upper_secondary"),
    "高等学校": ("upper_secondary", "upper_secondary"),
    "短大": ("junior_college", "junior_college"),
    "短期大学": ("junior_college", "junior_college"),
    "高専": ("junior_college", "technical_college"),
    "専門学校": ("upper_secondary", "vocational_school"),
    "大学": ("university", "university"),
    "大学院": ("graduate_school", "graduate_school"),
}


def _western_year(text: str) -> int:
    for first, era in ERAS:
        if text.startswith(era):
            number = text.removeprefix(era)
            return first + (1 if number == "元" else _number(number)) - 1
    return int(text)


def _year_contradiction(subject: Subject) -> Iterator[Hit]:
    age = subject.facts.age
    if age is None:
        return
    for field, text in subject.prose.items():
        claims: list[tuple[re.Match[str], Years | None, int, str]] = [
            *((match, birth_years(age), 0, "生まれた年") for match in _BORN.finditer(text)),
            *(
                (match, school_entry(age), 0, "小学校に入った年")
                for match in _ENTERED.finditer(text)
            ),
        ]
        for match in _LEFT.finditer(text):
            school = (
                match["school"].removesuffix("校") if "中学" in match["school"] else match["school"]
            )
            if school == "中学":
                claims.append((match, compulsory_end(age), 0, "中学校を出た年"))
            else:
                left = leaving_years(age, *_SCHOOLS_LEFT[school])
                claims.append((match, left, LATE_YEARS, f"{school}を出た年"))
        for match, years, late, what in claims:
            if years is None or _SOMEBODY_ELSE.search(_sentence(text, match.start())):
                continue
            if not years.first <= _western_year(match["year"]) <= years.last + late:
                yield Hit(
                    field,
                    match[0],
                    f"{what}は{years.first}年か{years.last}年です。「{match[0]}」を改めてください。",
                )


# The longer name first and from the left: 東京都府中市 holds 京都府 and 東京都, only the latter is it.
_PREFECTURE = re.compile("|".join(PREFECTURES.values()))


def _place_outside_prefecture(subject: Subject) -> Iterator[Hit]:
    prefecture = subject.facts.prefecture
    field = "cultural_background"
    if prefecture is None or field not in subject.prose:
        return
    named = dict.fromkeys(_PREFECTURE.findall(subject.prose[field]))
    for other in named:
        if other != prefecture:
            yield Hit(
                field,
                other,
                f"住んでいるのは{prefecture}です。{other}とのつながりが確かでなければ書き直してください。",
            )


CONSISTENCY_RULES: Final = (
    Rule(
        "name_missing",
        "error",
        "Each persona names its person, so that it can stand alone.",
        PERSONA_FIELDS,
        _name_missing,
    ),
    Rule(
        "age_contradiction",
        "error",
        "The text gives the person another age.",
        PROSE_FIELDS,
        _age_contradiction,
        frozenset("歳才（("),
    ),
    Rule(
        "sex_contradiction",
        "error",
        "The text speaks of the person as of the other sex.",
        PROSE_FIELDS,
        _sex_contradiction,
        frozenset("彼婦夫女男母父妻"),
    ),
    Rule(
        "marital_contradiction",
        "error",
        "The text gives the person another marital status.",
        PROSE_FIELDS,
        _marital_contradiction,
        frozenset("妻夫偶婚独"),
    ),
    Rule(
        "household_contradiction",
        "error",
        "The text puts the person into another household.",
        PROSE_FIELDS,
        _household_contradiction,
        frozenset("暮同"),
    ),
    Rule(
        "work_contradiction",
        "error",
        "The text gives the person a working or school life that the facts rule out.",
        PROSE_FIELDS,
        _work_contradiction,
    ),
    Rule(
        "children_contradiction",
        "error",
        "The text gives the person children, or a number of them, against the facts.",
        PROSE_FIELDS,
        _children_contradiction,
        frozenset("子児孫息娘"),
    ),
    Rule(
        "digital_contradiction",
        "error",
        "The text has the person use devices, or not, against the facts.",
        PROSE_FIELDS,
        _digital_contradiction,
        frozenset("スパタSアネイ動表E機"),
    ),
    Rule(
        "year_contradiction",
        "error",
        "A year of birth or of school is none that the age allows.",
        PROSE_FIELDS,
        _year_contradiction,
        frozenset("年"),
    ),
    Rule(
        "place_outside_prefecture",
        "warning",
        "The cultural background names another prefecture; people move, so this only warns.",
        ("cultural_background",),
        _place_outside_prefecture,
        frozenset("都道府県"),
    ),
)
