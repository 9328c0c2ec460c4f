"""Rules on form: that fields are there, are Japanese prose or lists, and hold nothing else."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from persona_assets.rules.fields import (
    ATTRIBUTE_FIELDS,
    LIST_FIELDS,
    PERSONA_FIELDS,
    PROSE_FIELDS,
    TEXT_FIELDS,
)
from persona_assets.rules.model import Hit, Rule, Subject

# Characters, least and most. Wide: Nemotron-Personas-Japan runs from 28 (hobbies) to 293
# (professional persona), its one-sentence persona from 37 to 164.
LENGTHS: Final = {
    **dict.fromkeys(PERSONA_FIELDS, (30, 400)),
    "persona": (20, 250),
    **dict.fromkeys(set(ATTRIBUTE_FIELDS) - set(LIST_FIELDS), (20, 300)),
}
LIST_ITEMS: Final = (2, 12)
LIST_ITEM_CHARACTERS: Final = 40

MIN_JAPANESE_SHARE: Final = 0.8
MAX_LATIN_RUN: Final = 24
# Names that are written in small letters; other words in small letters are English left standing.
SMALL_LETTER_NAMES: Final = frozenset({"freee", "kintone", "mixi", "note", "pixiv"})
MIN_SENTENCE: Final = 12


def _missing_or_empty(subject: Subject) -> Iterator[Hit]:
    for step in (PERSONA_FIELDS, ATTRIBUTE_FIELDS):
        # the engine checks one step at a time: a step none of whose fields is there is not asked of
        if not any(field in subject.values for field in step):
            continue
        for field in step:
            value = subject.values.get(field)
            if value is None or (isinstance(value, str) and not value.strip()):
                yield Hit(field, "", f"{field}が空です。内容を日本語で書いてください。")
            elif field in PROSE_FIELDS and not isinstance(value, str):
                yield Hit(field, str(value), f"{field}は文字列で書いてください。")


def _lists(subject: Subject) -> Iterator[Hit]:
    least, most = LIST_ITEMS
    for field in LIST_FIELDS:
        value = subject.values.get(field)
        if value is None or value == "":
            continue
        if not isinstance(value, list | tuple):
            yield Hit(field, str(value), f"{field}は文字列のリストで書いてください。")
            continue
        if not least <= len(value) <= most:
            yield Hit(
                field,
                str(len(value)),
                f"{field}は{least}～{most}個の項目にしてください。",
            )
        seen: set[str] = set()
        for item in value:
            if not isinstance(item, str) or not item.strip():
                yield Hit(field, str(item), "空の項目や文字列でない項目を除いてください。")
                continue
            if len(item) > LIST_ITEM_CHARACTERS:
                yield Hit(
                    field,
                    item,
                    f"各項目は{LIST_ITEM_CHARACTERS}字以内の語句にしてください。",
                )
            folded = unicodedata.normalize("NFKC", item).casefold().replace(" ", "")
            if folded in seen:
                yield Hit(
                    field,
                    item,
                    f"同じ項目「{item}」が重なっています。一つにしてください。",
                )
            seen.add(folded)


def _length(subject: Subject) -> Iterator[Hit]:
    for field, text in subject.prose.items():
        least, most = LENGTHS[field]
        if not least <= len(text) <= most:
            yield Hit(
                field,
                f"{len(text)} characters",
                f"{len(text)}字です。{least}字以上{most}字以内で書いてください。",
            )


# Full-width letters (ＳＮＳ) are counted as Japanese; ASCII digits, signs and spaces do not count.
_JAPANESE = (
    r"\u3000-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
    r"\U00020000-\U0003ffff"
)
_NEUTRAL = (
    r"\x00-\x40\x5b-\x60\x7b-\xbf×÷\u2010-\u203f\u2070-\u209f\u2100-\u218f\u2190-\u23ff"
    r"\u2460-\u26ff℃Α-Ωα-ω\ufe0f\ufeff\ufffd\ue000-\uf8ff\ud800-\udfff"
)
_OTHER_SCRIPT = re.compile(rf"[^{_JAPANESE}{_NEUTRAL}]+")
_LATIN_RUN = re.compile(r"[A-Za-z][A-Za-z0-9 .,'&+/:;\-]*[A-Za-z0-9]")
_SMALL_LETTER_WORD = re.compile(r"(?<![A-Za-z\-/.])[a-z]{4,}(?![A-Za-z\-/.])")
_ASCII_WORD = re.compile(r"[A-Za-zÀ-ɏ]+")


def _script(subject: Subject) -> Iterator[Hit]:
    advice = "日本語の語句に言い換えてください。"
    for field, text in subject.strings(TEXT_FIELDS):
        others = _OTHER_SCRIPT.findall(text)
        if not others:
            continue
        if foreign := next((run for run in others if not _ASCII_WORD.fullmatch(run)), None):
            yield Hit(field, foreign, f"「{foreign}」は日本語の文字ではありません。{advice}")
        if field in LIST_FIELDS:
            # an item may be a product's name and nothing else
            share = 1.0
        else:
            japanese = sum(character >= "\u3000" for character in text)
            share = japanese / (japanese + sum(map(len, others)))
        if share < MIN_JAPANESE_SHARE:
            yield Hit(
                field,
                f"{share:.2f}",
                "日本語で書かれていない部分が多すぎます。" + advice,
            )
            continue
        for run in _LATIN_RUN.finditer(text):
            if len(run[0]) > MAX_LATIN_RUN:
                yield Hit(field, run[0], f"「{run[0]}」を{advice}")
                continue
            for word in _SMALL_LETTER_WORD.findall(run[0]):
                if word not in SMALL_LETTER_NAMES:
                    yield Hit(field, word, f"「{word}」を{advice}")


# U+FFFD, controls and line breaks, private use, unpaired surrogates and invisible marks; then
# UTF-8 read as Latin-1 or Windows-1252 (ã followed by ... , â€), and as Shift_JIS (縺昴≧縺倥).
_MOJIBAKE = re.compile(
    r"[\ufffd\x00-\x1f\x7f-\x9f\ue000-\uf8ff\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2060\ufeff]+"
    r"|ã[\x80-\xbf€-ⅿ]|[ÂÃ][\x80-\xbf]|â€|ï¼|(?:[縺繧繝][^れら].?){2}"
)


def _mojibake(subject: Subject) -> Iterator[Hit]:
    for field, text in subject.strings(TEXT_FIELDS):
        if found := _MOJIBAKE.search(text):
            near = text[max(0, found.start() - 5) : found.end() + 5]
            yield Hit(
                field,
                ascii(found[0]).strip("'"),
                f"「{near.strip()}」の付近の文字化け・改行・制御文字を除き、書き直してください。",
            )


def _simplified_only() -> frozenset[str]:
    """Return the characters of GB 2312 that JIS X 0213 does not have.

    Both standards hold the kanji that the two reforms left alike (国, 学, 会, 万, 点), so none of
    those is in the set; of JIS X 0213's rare forms that are everyday simplified Chinese, the
    unmistakable ones are added.
    """
    chinese = bytes(
        byte for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF) for byte in (row, cell)
    ).decode("gb2312", errors="ignore")
    japanese = chinese.encode("euc_jis_2004", errors="ignore").decode("euc_jis_2004")
    everyday = "关养减凑启响园复开异惊您她离种确达迁运构极阳阴"
    return frozenset(chinese) - frozenset(japanese) | frozenset(everyday)


SIMPLIFIED: Final = _simplified_only()
# Chinese words in characters that Japanese has too. What follows or precedes some of them tells
# them from a chance meeting of two Japanese words (最新意匠, 複数据える, 草創新聞).
_CHINESE_WORD = re.compile(
    r"創新(?!聞)|(?<![最革更刷維斬])新意(?![匠識欲味義志思向見図外])|(?<!複)(?<!多)数据(?!え)|數據"
    r"|互聯網|網絡|視頻|軟件|手機|我們|團隊|提升|志願活動|打造"
)
_CHINESE_WORD_CUES = frozenset("創意据據聯網視軟機們團升願打")


def _simplified_chinese(subject: Subject) -> Iterator[Hit]:
    for field, text in subject.strings(TEXT_FIELDS):
        found = sorted({character for character in text if character in SIMPLIFIED}, key=text.index)
        found += _CHINESE_WORD.findall(text)
        if found:
            words = "、".join(found)
            yield Hit(
                field,
                words,
                f"「{words}」は中国語の表記です。日本語の表記に直してください。",
            )


_KANJI_DIGITS = "〇一二三四五六七八九十"
_RESIDUE = re.compile(
    r"\*\*|```|`|^#{1,6}\s|^\s*[-*•]\s|^\s*\d+[.)]\s|[{}｛｝]|【|】|</?[A-Za-z][^>\n]*>|\]\(|\\n"
    r"|[a-z]+_[a-z_]+|\b(?:null|None|N/A|TODO|undefined|JSON)\b"
    rf"|(?<![{_KANJI_DIGITS}])[〇○◯]{{2,}}(?![{_KANJI_DIGITS}])|△△|××|\bX{{2,}}\b"
    r"|パーソナ(?![ルリ])|(?<!顧客)(?<!客)(?<!ユーザー)ペルソナ(?!設計|分析|マーケ|シリーズ|[0-9０-９])"
    r"|(?:^|(?<=[。、「]))以下(?=[のにはを、：:])|上記の(?:人物|情報|設定|プロフィール)"
    r"|としての[^。\n]{1,30}を(?:記述|生成|出力)|(?:人物像|人格|設定)を(?:記述|生成|出力)"
    r"|この人物|当該人物|プロンプト(?=に従|の指示)"
    r"|AI(?:アシスタント)?として|(?:大規模)?言語モデルとして|申し訳(?:ありません|ございません)"
    r"|お答えできません|^(?:承知(?:いた)?しました|かしこまりました|はい、)",
    re.MULTILINE,
)
_NOTHING = frozenset({"なし", "特になし", "該当なし", "不明", "未定", "未設定"})


def _markup_or_prompt_residue(subject: Subject) -> Iterator[Hit]:
    for field, text in subject.strings(TEXT_FIELDS):
        if text.rstrip("。") in _NOTHING:
            yield Hit(field, text, f"「{text}」ではなく、具体的な内容を書いてください。")
        elif found := _RESIDUE.search(text):
            yield Hit(
                field,
                found[0].strip(),
                f"「{found[0].strip()}」のような記号・指示文・定型句を除き、本文だけを書いてください。",
            )


_HYPHEN = r"[-－‐‑–−]"
_CONTACT = re.compile(
    rf"〒|(?<![\d-])0\d{{1,4}}{_HYPHEN}\d{{1,4}}{_HYPHEN}\d{{3,4}}(?!\d)|(?<!\d)0\d{{9,10}}(?!\d)"
    rf"|(?<!\d)(?<!\d{_HYPHEN})\d{{3}}{_HYPHEN}\d{{4}}(?!\d|{_HYPHEN})"
    r"|[\w.+-]+[@＠][\w-]+(?:\.[\w-]+)+|https?:|www\.|\w\.(?:co\.jp|com|ne\.jp|or\.jp|jp)\b"
    r"|\d+丁目\d+|\d番地",
    re.ASCII | re.IGNORECASE,
)


def _contact_data(subject: Subject) -> Iterator[Hit]:
    for field, text in subject.strings(TEXT_FIELDS):
        # full-width digits and signs are the same number
        if found := _CONTACT.search(unicodedata.normalize("NFKC", text)):
            yield Hit(
                field,
                found[0],
                "電話番号・メールアドレス・URL・郵便番号・番地は書かないでください。",
            )


def _repeated_sentence(subject: Subject) -> Iterator[Hit]:
    facts = subject.facts
    openings = [f"{facts.surname}{gap}{facts.given_name}は" for gap in (" ", "\u3000", "")]
    seen: set[str] = set()
    for field, text in subject.prose.items():
        for part in text.split("。"):
            sentence = part.strip()
            for opening in openings:
                if sentence.startswith(opening):
                    sentence = sentence.removeprefix(opening).removeprefix("、")
            if len(sentence) < MIN_SENTENCE:
                continue
            if sentence in seen:
                yield Hit(
                    field,
                    sentence,
                    "ほかの欄と同じ文です。この欄に固有の内容に書き換えてください。",
                )
            seen.add(sentence)


_DIGITS = frozenset("0123456789０１２３４５６７８９")

FORM_RULES: Final = (
    Rule(
        "missing_or_empty_field",
        "error",
        "Every text field of a step must hold text.",
        TEXT_FIELDS,
        _missing_or_empty,
    ),
    Rule(
        "list_items",
        "error",
        "A list field is a native list of a few short, different phrases.",
        LIST_FIELDS,
        _lists,
    ),
    Rule(
        "length",
        "error",
        "The text is shorter or longer than any useful text of its field.",
        PROSE_FIELDS,
        _length,
    ),
    Rule(
        "script",
        "error",
        "The text is to be Japanese; Latin letters are for names and abbreviations only.",
        TEXT_FIELDS,
        _script,
    ),
    Rule(
        "mojibake",
        "error",
        "The text holds damaged, invisible or control characters, or a line break.",
        TEXT_FIELDS,
        _mojibake,
    ),
    Rule(
        "simplified_chinese",
        "error",
        "The text holds characters or words of Chinese that Japanese does not use.",
        TEXT_FIELDS,
        _simplified_chinese,
        SIMPLIFIED | _CHINESE_WORD_CUES,
    ),
    Rule(
        "markup_or_prompt_residue",
        "error",
        "The text holds markup, a placeholder, words of the prompt or an assistant's phrases.",
        TEXT_FIELDS,
        _markup_or_prompt_residue,
    ),
    Rule(
        "contact_data",
        "error",
        "A synthetic person has no telephone, address or page; a given one may be a real person's.",
        TEXT_FIELDS,
        _contact_data,
        _DIGITS | frozenset("〒@＠:.：．"),
    ),
    Rule(
        "repeated_sentence",
        "error",
        "The same sentence stands twice in one record.",
        PROSE_FIELDS,
        _repeated_sentence,
    ),
)
