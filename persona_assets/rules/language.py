"""Rules on wording that betrays a language model: translated pronouns and trait vocabulary."""

import re
from collections.abc import Iterator
from typing import Final

from persona_assets.rules.fields import PROSE_FIELDS, TEXT_FIELDS
from persona_assets.rules.model import Hit, Rule, Subject

# 彼らしい (like him) is another word. 彼らを, 彼らに, 彼らと refer to other people, as does a 彼らの
# or 彼らが after a plural in the same sentence; 彼らは takes up the person of the text.
_PLURAL_PRONOUN = re.compile(
    r"彼(?:女)?(?:ら|等|たち|達)(?!し[いくさげ])(?P<topic>[はも、]|自身)?(?P<other>[がの])?"
)
_SEVERAL_PEOPLE = re.compile(
    r"(?:た(?<!彼)ち|達|(?<!彼)(?<!女)等|世代|若者|若手|仲間|同僚|後輩|先輩|部下|生徒|学生|児童|利用者|住民|子ども|子供|友人"
    r"|メンバー|スタッフ|選手|職人|高齢者|家族|夫婦|両親|顧客|客)"
)


def _plural_pronoun(subject: Subject) -> Iterator[Hit]:
    for field, text in subject.prose.items():
        for found in _PLURAL_PRONOUN.finditer(text):
            start = text.rfind("。", 0, found.start()) + 1
            before = text[start : found.start()].strip()
            others = found["other"] and not _SEVERAL_PEOPLE.search(before)
            if found["topic"] or others or not before:
                yield Hit(
                    field,
                    found[0],
                    f"一人の人物を「{found[0]}」で受けないでください。主語を省くか氏名で書いてください。",
                )
                break


# The five factors as terms. Plain words for a character (誠実な人, 社交的, 神経質な) are allowed, as
# are 開放的な for a place and the illness 神経症.
_TRAIT_JARGON = re.compile(
    r"開放性|誠実性|勤勉性|外向性|内向性|協調性|調和性|神経質傾向|神経症(?!患者|の患者|の治療|の診療)"
    r"|情緒(?:の)?(?:不)?安定性|経験への開放|外向的|内向的|協調的|神経症的"
    r"|開放的(?!な(?:空間|景色|風景|眺め|眺望|露天|雰囲気|間取り|庭|テラス|窓|店|海|自然|環境|場所))"
    r"|ビッグ・?ファイブ|Big ?Five|OCEAN|性格特性|[TＴ](?:スコア|得点)",
    re.IGNORECASE,
)


def _trait_jargon(subject: Subject) -> Iterator[Hit]:
    for field, text in subject.strings(TEXT_FIELDS):
        if found := list(dict.fromkeys(_TRAIT_JARGON.findall(text))):
            words = "、".join(found)
            yield Hit(
                field,
                words,
                f"「{words}」という性格検査の用語を使わず、具体的な行動や習慣で性格を表してください。",
            )


LANGUAGE_RULES: Final = (
    Rule(
        "plural_pronoun",
        "error",
        "One person is called 彼ら, a calque of the English singular they.",
        PROSE_FIELDS,
        _plural_pronoun,
        frozenset("彼"),
    ),
    Rule(
        "trait_jargon",
        "error",
        "Terms of the Big Five stand in for what the person does.",
        TEXT_FIELDS,
        _trait_jargon,
        frozenset("性向的症験グFfNnＴTCc"),
    ),
)
