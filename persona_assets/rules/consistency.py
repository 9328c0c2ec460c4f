"""Rules on facts: a text must not contradict the name, age, sex, status, work or place given."""

import re
from collections.abc import Iterator
from typing import Final

from persona_assets.levels import HOUSEHOLD
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
    in_brackets = (
        re.compile(
            rf"{facts.surname}\s?{facts.given_name}\s?[（(](?P<number>{_NUMBER})[歳才]?[）)]"
        )
        if facts.surname
        else None
    )
    for field, text in subject.prose.items():
        found = [
            match
            for match in _AGE.finditer(text)
            # the comma is no boundary when a list of ages goes on (8歳、5歳の…)
            if not _AGE_NOT_OURS.search(text[: match.start()].removesuffix("、"))
            and not _SOMEBODY_ELSE.search(text[max(0, match.start() - 8) : match.end() + 8])
        ]
        if in_brackets is not None:
            found += in_brackets.finditer(text)
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


def _work_contradiction(subject: Subject) -> Iterator[Hit]:
    facts = subject.facts
    too_young = facts.age is not None and facts.age < RETIREMENT_AGE
    for field, text in subject.prose.items():
        claims = []
        if too_young:
            claims += [
                (match, f"{facts.age}歳で、定年には達していません。")
                for match in _RETIRED.finditer(text)
                if not _FUTURE.search(_sentence(text, match.start()))
            ]
        if facts.student is False:
            claims += [(match, "在学中ではありません。") for match in _PUPIL.finditer(text)]
        if facts.employed:
            claims += [(match, "仕事に就いています。") for match in _NO_WORK.finditer(text)]
        for match, fact in claims:
            if not _SOMEBODY_ELSE.search(_sentence(text, match.start())):
                yield Hit(field, match[0], f"この人は{fact}「{match[0]}」を改めてください。")


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
        frozenset("定学職専現高短"),
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
