"""Activities, foods, dishes, crafts and festivals by prefecture, cleaned for use in sentences.

Only the shaping of the published files belongs here. How an activity is worded and at what ages
it is plausible is written by hand in `activity_phrases.csv` beside the output and only read here.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import polars as pl

# JIS order: the position is the two-digit code in the sources' area codes.
PREFECTURE_KEYS = tuple(
    [
        "hokkaido",
        "aomori",
        "iwate",
        "miyagi",
        "akita",
        "yamagata",
        "fukushima",
        "ibaraki",
        "tochigi",
        "gunma",
        "saitama",
        "chiba",
        "tokyo",
        "kanagawa",
        "niigata",
        "toyama",
        "ishikawa",
        "fukui",
        "yamanashi",
        "nagano",
        "gifu",
        "shizuoka",
        "aichi",
        "mie",
        "shiga",
        "kyoto",
        "osaka",
        "hyogo",
        "nara",
        "wakayama",
        "tottori",
        "shimane",
        "okayama",
        "hiroshima",
        "yamaguchi",
        "tokushima",
        "kagawa",
        "ehime",
        "kochi",
        "fukuoka",
        "saga",
        "nagasaki",
        "kumamoto",
        "oita",
        "miyazaki",
        "kagoshima",
        "okinawa",
    ]
)

KINDS = {
    "スポーツ": "sports",
    "趣味・娯楽": "hobbies",
    "学習・自己啓発・訓練": "learning",
    "ボランティア活動": "volunteering",
    "旅行・行楽": "travel",
}
ANY = "any"
# What fell by a fifth or more since 2016 was shut by the pandemic of 2021: 2016 tells more of it.
SHUT_BELOW = 0.8
RENAMED = {
    "スポーツ観覧(テレビ・スマートフォン・パソコンなどは除く)": "スポーツ観覧・観戦(テレビ・スマートフォン・パソコンなどは除く)",
    "音楽会などによるクラシック音楽鑑賞": "コンサートなどによるクラシック音楽鑑賞",
    "音楽会などによるポピュラー音楽・歌謡曲鑑賞": "コンサートなどによるポピュラー音楽・歌謡曲鑑賞",
}
# Asked otherwise in 2016: games on telephones were left out, comics were reading.
OTHER_DEFINITION = (
    "テレビゲーム・パソコンゲーム(家庭で行うもの、携帯用を含む)",
    "趣味としての読書",
)

MIN_SPENDING_RATIO, MIN_NATIONAL_YEN, MAX_FOODS = 1.15, 200, 15
# Items that are not a food one could name as a favourite.
FOOD_EXCLUDED = re.compile(
    r"^\d\d|合計|世帯人員|^他の|その他|^(小麦粉|食塩|砂糖|食用油|粉ミルク|弁当|おにぎり・その他|サラダ|冷凍調理食品"
    r"|そうざい材料セット|調理パン|和食|洋食|中華食|飲酒代|喫茶代|学校給食|風味調味料|つゆ・たれ|乾燥スープ"
    r"|果物加工品|乳飲料|茶飲料|炭酸飲料|即席麺|カップ麺|ふりかけ|マーガリン|ドレッシング|豆類|魚介の缶詰|ソース"
    r"|スポーツドリンク|ミネラルウォーター|ココア・ココア飲料|コーヒー飲料|カツレツ|天ぷら・フライ|合いびき肉|酢"
    r"|ケチャップ|マヨネーズ|カレールウ|しょう油|バター|もやし|乳酸菌飲料)"
)
FOOD_PHRASES = dict(
    pair.split("=")
    for pair in [
        "ぎょうざ=餃子",
        "しゅうまい=シュウマイ",
        "すし（弁当）=持ち帰りのすし",
        "すし（外食）=外食のすし",
        "日本そば・うどん=外食のそばやうどん",
        "生うどん・そば=生麺のうどんやそば",
        "乾うどん・そば=乾麺のうどんやそば",
        "かき（貝）=牡蠣",
        "ほたて貝=ホタテ",
        "まぐろ=マグロ",
        "あじ=アジ",
        "いわし=イワシ",
        "かつお=カツオ",
        "かれい=カレイ",
        "さけ=鮭",
        "さば=サバ",
        "さんま=サンマ",
        "たい=鯛",
        "ぶり=ブリ",
        "いか=イカ",
        "たこ=タコ",
        "えび=エビ",
        "かに=カニ",
        "あさり=アサリ",
        "しじみ=シジミ",
        "さしみ盛合わせ=刺身の盛り合わせ",
        "塩さけ=塩鮭",
        "干しあじ=アジの干物",
        "うなぎのかば焼き=うなぎの蒲焼き",
        "かつお節・削り節=かつお節",
        "魚介のつくだ煮=魚介の佃煮",
        "こんぶ=昆布",
        "こんぶつくだ煮=昆布の佃煮",
        "だいこん漬=大根の漬物",
        "はくさい漬=白菜の漬物",
        "だいこん=大根",
        "はくさい=白菜",
        "さといも=里芋",
        "さやまめ=枝豆などのさや豆",
        "油揚げ・がんもどき=油揚げやがんもどき",
        "もち=餅",
        "やきとり=焼き鳥",
        "みそ=味噌",
        "アイスクリーム・シャーベット=アイスクリーム",
        "キャンデー=キャンディー",
        "干しのり=海苔",
        "果実・野菜ジュース=果実や野菜のジュース",
        "チューハイ・カクテル=チューハイ",
        "発泡酒・ビール風アルコール飲料=発泡酒",
    ]
)
DRINKING_AGE = 20
ALCOHOL = frozenset(
    [
        "清酒",
        "焼酎",
        "ビール",
        "ウイスキー",
        "ワイン",
        "チューハイ・カクテル",
        "発泡酒・ビール風アルコール飲料",
    ]
)

MAX_INGREDIENTS = 6
MAX_AREA_LENGTH = 20

# Facts typed wrongly in the source.
CRAFT_CORRECTIONS = {"真壁石燈籍": "真壁石燈籠"}

MAX_FESTIVALS, MIN_FESTIVALS, MAX_FESTIVAL_LENGTH = 40, 5, 22
# Neighbourhood events are less well described; they only fill up prefectures with few others.
FILLED_TO = 8
FESTIVAL_MARKS = re.compile(r"[0-9「」『』【】\[\]()〜~×!?&/…\"'①-⑳♪☆★‐]|円|中止")
FESTIVAL_LATIN = re.compile(r"[A-Za-z]{2,}")
# Sales events, private venues and neighbourhood gatherings that nobody else would know.
FESTIVAL_EXCLUDED = re.compile(
    "リトルワールド|遊園地|ホテル|旅館|モール|イオン|ららぽーと|アリオ|プール|明治村|ランド|パーク|動物園|水族館|植物園"
    "|百貨店|競馬|競艇|ボート|ドーム|駐屯地|基地|病院|クリニック|保育|幼稚園|こども園|学校|大学|工場|マンション|ハイツ"
    "|団地|アパート|町会|町内会|自治会|丁目|商店会|ビア|ビール|マルシェ|フリマ|屋台村|バザー|ナイト|コミセン"
    "|コミュニティ|公民館|キッズ|こども|子ども|子供|ファミリー|ママ|体験|ワークショップ|上映|イベント|記念|周年"
    "|プリンセス|市場|スーパー|ショー|爆|ＤＪ|第一部|第二部|ヒロロ|縁日|夜市|フェス|フェア|カーニバル|感謝祭|交流|何か"
    "|これこそ|協賛|特別|前夜|グルメ|朝市|バーベキュー|駅前|老人|施設|作業所|福祉|リゾート|温泉街|スタジアム|運営|出典|や地域|ステージ|一番|英語"
    "|主要|三大|お昼|手持ち|師匠|西武園|東武|ファイターズ|フィナーレ|ナツ夏|シティ|アニメ|ゆうえんち|第三回|令和年|新聞"
    "|みんなの|岩村城再建|競技|セブン|祈願|縁祭|古着|音楽"
)
FESTIVAL_VENUES = re.compile(
    "モール|イオン|umie|ホテル|プール|百貨店|駐屯地|工場|ららぽーと|遊園地|病院"
)
FESTIVAL_GENERIC = re.compile(
    "納涼|盆踊り|花火|大会|夏|秋|春|冬|祭り|まつり|祭|祭礼|例|大|の|市民|町民|村民|区民|ふるさと|ふれあい|市|町|村|区"
    "|青年|商工会|灯ろう流し|とうろう流し|七夕|桜|港|みなと|産業|打上|打ち上げ|風鈴|神社|八幡|宮|稲荷|氷川|熊野|天神|神輿"
)


class LifestyleInputError(ValueError):
    """An input that does not fit what the tool expects; names the file and the value."""


def write(input_dir: Path, out_dir: Path) -> None:
    """Write the tables of `lifestyle/`: activities, foods, dishes, crafts and festivals.

    Args:
        input_dir: The folder of the source files, with `lifestyle/` in it.
        out_dir: `data/reference`; its `lifestyle/` holds `activity_phrases.csv`.

    Raises:
        LifestyleInputError: a phrase names an unknown item, or a prefecture has too few festivals.
    """
    source, target = input_dir / "lifestyle", out_dir / "lifestyle"
    survey = _read(source / "stula2021_activity_by_pref_sex.csv")
    keys = _prefecture_keys(survey)
    municipalities: dict[str, set[str]] = defaultdict(set)
    for row in _read(source / "municipalities_2020census.csv"):
        municipalities[row["prefecture"]].add(row["municipality"])

    before = _read(source / "stula2016_activity_by_pref_sex.csv")
    activities = _activities(survey, before, keys)
    _check_phrases(target / "activity_phrases.csv", activities)
    activities.write_csv(target / "activities.csv")
    foods = _read(source / "kakei_food_by_prefcapital_2022_2024.csv")
    _foods(foods, keys).write_csv(target / "foods.csv")
    _dishes(_read(source / "kyodo_ryori_maff.csv"), keys).write_csv(target / "dishes.csv")
    _crafts(_read(source / "traditional_crafts_list.csv"), keys).write_csv(target / "crafts.csv")
    festivals = _read(source / "festivals_omatsuri_map.csv")
    _festivals(festivals, keys, municipalities).write_csv(target / "festivals.csv")


def _read(path: Path) -> list[dict[str, str]]:
    return pl.read_csv(path, infer_schema=False).fill_null("").to_dicts()


def _prefecture_keys(survey: list[dict[str, str]]) -> dict[str, str]:
    """Return the key of each prefecture by its Japanese name, in JIS order."""
    codes = {row["area"]: int(row["area_code"][1:3]) for row in survey}
    return {
        name: PREFECTURE_KEYS[code - 1]
        for name, code in sorted(codes.items(), key=lambda pair: pair[1])
        if code
    }


def _activities(
    survey: list[dict[str, str]], before: list[dict[str, str]], keys: Mapping[str, str]
) -> pl.DataFrame:
    """Return the rates of 2021, of what the pandemic shut those of 2016."""
    now = _rates(survey, keys)
    then = _rates(
        [
            {**row, "item": RENAMED.get(item, item)}
            for row in before
            if (item := re.sub(r"^\d+_", "", row["item"])) not in OTHER_DEFINITION
        ],
        keys,
    ).rename({"rate": "then"})
    people = {
        (keys[row["area"]], row["sex"]): float(row["value"])
        for row in before
        if row["item"] == "推定人口（10歳以上）" and row["area"] in keys
    }
    where = ["prefecture", "sex", "kind", "item"]
    both = now.join(then, on=where, how="left", maintain_order="left").with_columns(
        people=pl.Series([people[key] for key in now.select("prefecture", "sex").iter_rows()])
    )
    fell = (pl.col("rate") * pl.col("people")).sum() < SHUT_BELOW * (
        pl.col("then") * pl.col("people")
    ).sum()
    shut = pl.col("then").is_not_null() & fell.over("kind", "item")
    return both.select(
        *where,
        rate=pl.when(shut).then("then").otherwise("rate"),
        year=pl.when(shut).then(2016).otherwise(2021),
    )


def _rates(survey: list[dict[str, str]], keys: Mapping[str, str]) -> pl.DataFrame:
    order = {name: position for position, name in enumerate(keys)}
    return pl.DataFrame(
        [
            {
                "prefecture": keys[row["area"]],
                "sex": row["sex"],
                "kind": KINDS[row["category"]],
                "item": ANY if row["item"].endswith("の総数") else row["item"],
                "rate": round(float(row["value"]) / 100, 4),
            }
            for row in sorted(survey, key=lambda row: order.get(row["area"], -1))
            if row["category"] in KINDS and row["area"] in keys and row["sex"] in ("male", "female")
        ]
    )


def _check_phrases(path: Path, activities: pl.DataFrame) -> None:
    known = set(activities.select("kind", "item").iter_rows())
    for row in _read(path):
        if (row["kind"], row["item"]) not in known:
            raise LifestyleInputError(
                f"{path.name}: the survey has no {row['kind']} item '{row['item']}'; correct it"
            )


def _foods(spending: list[dict[str, str]], keys: Mapping[str, str]) -> pl.DataFrame:
    nation = {
        row["item"]: float(row["value"])
        for row in spending
        if row["prefecture"] == "全国" and not FOOD_EXCLUDED.search(row["item"])
    }
    rows = []
    for name, key in keys.items():
        found = [
            {
                "prefecture": key,
                "city": row["city"],
                "item": FOOD_PHRASES.get(row["item"], row["item"]),
                "spending_ratio": round(float(row["value"]) / nation[row["item"]], 3),
                "min_age": DRINKING_AGE if row["item"] in ALCOHOL else 0,
            }
            for row in spending
            if row["prefecture"] == name and nation.get(row["item"], 0) >= MIN_NATIONAL_YEN
        ]
        found = [row for row in found if float(str(row["spending_ratio"])) >= MIN_SPENDING_RATIO]
        rows += sorted(found, key=lambda row: -float(str(row["spending_ratio"])))[:MAX_FOODS]
    return pl.DataFrame(rows)


def _plain(text: str) -> str:
    """Return the text without what stands in brackets, closed or not."""
    return re.sub(r"[（(][^（）()]*[）)]?|[）)]", "", text).strip()


def _dishes(dishes: list[dict[str, str]], keys: Mapping[str, str]) -> pl.DataFrame:
    order = list(keys)
    rows = []
    for row in sorted(dishes, key=lambda row: order.index(row["prefecture"])):
        dish = _plain(re.split(r"\s*[／/]\s*", row["dish"])[0])
        text = re.split(r"[／※ ]", _plain(row["main_ingredients"]))[0]
        parts = [
            re.sub(r"(など.*|等|類|各種)$|(もしくは|または).*", "", part)
            for part in text.split("、")
        ]
        vague = re.compile("によって|旬の|季節|^その他|^水$")
        ingredients = [
            part for part in parts if part and len(part) <= 12 and not vague.search(part)
        ]
        if re.search(r"[A-Za-z0-9?・]", dish) or not ingredients:
            continue
        rows.append(
            {
                "prefecture": keys[row["prefecture"]],
                "dish": dish,
                "area": _area(row["main_area_within_prefecture"], row["prefecture"]),
                "ingredients": "|".join(ingredients[:MAX_INGREDIENTS]),
            }
        )
    return pl.DataFrame(rows).unique(["prefecture", "dish"], maintain_order=True)


def _area(area: str, prefecture: str) -> str:
    """Return where a dish is at home, the whole prefecture by its name."""
    area = _plain(area).removesuffix("他").removesuffix("の一部")
    whole = rf"(県|道|都|府)?内?全域|{prefecture[:-1]}.?内?(全域)?|県全域"
    parts = [part for part in area.split("、") if part]
    if any(re.fullmatch(whole, part) or part.endswith(("県内全域", "県全域")) for part in parts):
        return f"{prefecture}全域"
    return re.split("[、・]", area)[0] if len(area) > MAX_AREA_LENGTH else area


def _crafts(crafts: list[dict[str, str]], keys: Mapping[str, str]) -> pl.DataFrame:
    order = list(keys)
    return pl.DataFrame(
        [
            {
                "prefecture": keys[row["prefecture"]],
                "craft": CRAFT_CORRECTIONS.get(row["craft"], row["craft"]),
                "reading": row["kana"],
                "category": row["category"],
            }
            for row in sorted(crafts, key=lambda row: order.index(row["prefecture"]))
        ]
    )


def _festivals(
    festivals: list[dict[str, str]],
    keys: Mapping[str, str],
    municipalities: Mapping[str, set[str]],
) -> pl.DataFrame:
    """Return up to forty festivals per prefecture; those of a whole town or city come first."""
    rows = []
    for prefecture, key in keys.items():
        own = [row for row in festivals if row["prefecture"] == prefecture]
        chosen: list[dict[str, str]] = []
        for row in sorted(own, key=lambda row: row["scale"] != "市"):
            name = _festival_name(row["name"])
            city = _city(row["city"], municipalities[prefecture])
            if row["scale"] != "市" and len(chosen) >= FILLED_TO:
                break
            if not name or not city or FESTIVAL_VENUES.search(row["venue"]):
                continue
            same_city = [c["festival"] for c in chosen if c["festival_city"] == city]
            if any(
                _core(name) in _core(other) or _core(other) in _core(name) for other in same_city
            ):
                continue
            chosen.append(
                {"prefecture": key, "festival": name, "kind": row["kind"], "festival_city": city}
            )
        if len(chosen) < MIN_FESTIVALS:
            raise LifestyleInputError(
                f"festivals of {prefecture}: {len(chosen)} are left after cleaning, "
                f"{MIN_FESTIVALS} are needed; relax the patterns"
            )
        rows += chosen[:MAX_FESTIVALS]
    return pl.DataFrame(rows).rename({"festival_city": "city"})


def _core(name: str) -> str:
    return re.sub("祭り|まつり|祭|大会|納涼|花火|例", "", name) or name


def _festival_name(text: str) -> str | None:
    """Return the name of a festival without its number and year, or None if it is no name."""
    name = unicodedata.normalize("NFKC", text)
    name = re.sub(r"第\s*\d+\s*回(記念大会)?|(令和|平成)\s*\d+\s*年度?|20\d\d\s*年?度?", "", name)
    name = re.sub(r"\([^()]*\)", "", name)
    name = re.sub(r"\s*[「『]([^「」『』]*)[」』]$", "", name).strip(" -・")
    if len(name) > MAX_FESTIVAL_LENGTH or FESTIVAL_MARKS.search(name):
        return None
    if FESTIVAL_LATIN.search(name) or FESTIVAL_EXCLUDED.search(name):
        return None
    # Two names in one entry: the first is the festival, the second its programme.
    first, _, rest = name.partition(" ")
    if rest and re.search("祭り?$|まつり$", first) and not re.search("^例|^大祭", rest):
        name = first
    name = name.replace(" ", "")
    is_event = re.search(
        "祭り?$|まつり$|祭礼$|花火$|大会$|踊り?$|ねぶた$|ねぷた$|流し$|よされ$|佞武多$", name
    )
    return name if is_event and len(FESTIVAL_GENERIC.sub("", name)) >= 2 else None


def _city(text: str, known: set[str]) -> str | None:
    """Return the municipality: no county, no ward of a designated city; None if there is none."""
    town = re.sub(r"^.+?郡(?=.+[町村]$)", "", text)
    city = re.sub(r"(?<=市).+区$", "", town)
    return next((name for name in (text, town, city) if name in known), None)
