"""Each rule finds what it is for, and leaves alone what only looks like it."""

import re

import pytest

from persona_assets.rules import RULES, check_texts
from persona_assets.rules.fields import ATTRIBUTE_FIELDS, LIST_FIELDS, PERSONA_FIELDS

PERSON = {
    "surname": "佐藤", "given_name": "和子", "sex": "female", "age": 44, "marital": "married",
    "labour_status": "employed", "education": "university", "prefecture": "tottori",
}  # fmt: skip
NO_DEVICES, SKILLED = ({"digital_skill": skill} for skill in ("none", "advanced"))
RETIRED = {"age": 72, "labour_status": "other", "former_occupation_title": "染色工"}
NAMED = "佐藤 和子は朝のうちに畑を見て回り、空の色で一日の段取りを決めている。"
GOOD = {
    "professional_persona": "佐藤 和子は町の工房で布を染め、夕方には道具を一つずつ洗ってから帰る。",
    "sports_persona": "週に二度、川沿いの道をゆっくり歩くのが佐藤 和子の決まりで、雨の日は休む。",
    "arts_persona": "古い蔵で開かれる展示を見に行くと、佐藤 和子は気に入った一点の前に長く立つ。",
    "travel_persona": "旅に出るときの佐藤 和子は荷物が少なく、着いた町の朝市をまず歩いてみる。",
    "culinary_persona": "佐藤 和子の台所には乾物の棚があり、冬になると豆を煮る匂いが家に満ちる。",
    "persona": NAMED,
    "cultural_background": "海に近い町で育ち、祖母から布の扱いを教わった世代である。",
    "skills_and_expertise": "染めの下ごしらえから仕上げまでを一人で受け持つことができる。",
    "skills_and_expertise_list": ["藍染め", "糸の見立て"],
    "hobbies_and_interests": "庭の手入れと、図書館で借りた本を読むことを楽しみにしている。",
    "hobbies_and_interests_list": ["庭の手入れ", "読書"],
    "career_goals_and_ambitions": "小さな教室を開き、近所の人に染めを教えたいと考えている。",
}
DEFAULT_FIELD = "persona"


def found(text, field=DEFAULT_FIELD, **person):
    """Return the rules that object to a good record with one field changed."""
    return {
        (finding.rule, finding.field)
        for finding in check_texts(GOOD | {field: text}, PERSON | person)
    }


def named(text):
    return f"佐藤 和子の暮らしは静かである。{text}"


# rule, text that it must find, then texts that it must leave alone; each with its field and person.
FOUND = [
    ("missing_or_empty_field", "", {}),
    ("missing_or_empty_field", None, {"field": "travel_persona"}),
    ("missing_or_empty_field", " 　", {"field": "hobbies_and_interests"}),
    ("missing_or_empty_field", 3, {"field": "arts_persona"}),
    ("list_items", "藍染め、糸の見立て", {"field": "skills_and_expertise_list"}),
    ("list_items", ["藍染め"], {"field": "skills_and_expertise_list"}),
    ("list_items", [f"技{n}" for n in range(13)], {"field": "skills_and_expertise_list"}),
    ("list_items", ["藍染め", "藍 染め"], {"field": "skills_and_expertise_list"}),
    ("list_items", ["ＣＡＤ", "cad"], {"field": "skills_and_expertise_list"}),
    ("list_items", ["藍染め", " "], {"field": "skills_and_expertise_list"}),
    ("list_items", ["藍染め", 3], {"field": "skills_and_expertise_list"}),
    ("list_items", ["藍染め", "長" * 41], {"field": "hobbies_and_interests_list"}),
    ("length", "佐藤 和子は静か。", {}),
    ("length", "佐藤 和子は静か。" + "畑に出て空を見る。" * 40, {}),
    ("script", "佐藤 和子は every morning watches the sky and decides what to do today。", {}),
    ("script", named("朝は coffee を飲んでから畑に出る。"), {}),
    ("script", named("朝はкофеを飲んでから畑に出る。"), {}),
    ("script", ["藍染め", "한국어の会話"], {"field": "skills_and_expertise_list"}),
    ("mojibake", named("朝のう\ufffdに畑に出る。"), {}),
    ("mojibake", "ã\x81\x9dã\x81\x86ã\x81\x98ã\x81®æ®µå\x8f\x96ã\x82\x8aã\x82\x92è\x80\x83", {}),
    ("mojibake", named("朝のうちに\n畑に出る。"), {}),
    ("mojibake", named("朝のう\u200bちに畑に出る。"), {}),
    ("mojibake", ["藍染め", "縺昴≧縺倥"], {"field": "skills_and_expertise_list"}),
    ("simplified_chinese", named("朝は视频を見て过ごす。"), {}),
    ("simplified_chinese", named("地元の團隊をまとめている。"), {}),
    ("markup_or_prompt_residue", named("**朝**のうちに畑に出る。"), {}),
    ("markup_or_prompt_residue", named("professional_personaを書いた。"), {}),
    ("markup_or_prompt_residue", named("〇〇町の畑に出る。"), {}),
    ("markup_or_prompt_residue", named("この人物は畑に出る。"), {}),
    ("markup_or_prompt_residue", ["藍染め", "なし"], {"field": "skills_and_expertise_list"}),
    ("contact_data", named("電話は０８５７－２２－１２３４である。"), {}),
    ("contact_data", named("問い合わせは kazuko@example.jp に届く。"), {}),
    ("contact_data", named("東町2丁目3に住んでいる。"), {}),
    ("contact_data", named("〒680の町に住んでいる。"), {}),
    ("repeated_sentence", GOOD["hobbies_and_interests"], {"field": "skills_and_expertise"}),
    ("plural_pronoun", named("彼らは毎朝早く起きる。"), {}),
    ("plural_pronoun", named("彼女らも毎朝早く起きる。"), {}),
    ("plural_pronoun", named("毎朝早く起きるのが彼らの習慣である。"), {}),
    ("trait_jargon", named("開放性が高く、何でも試す。"), {}),
    ("trait_jargon", named("外向的で話が長い。"), {}),
    ("trait_jargon", ["藍染め", "ビッグファイブ"], {"field": "skills_and_expertise_list"}),
    ("name_missing", "朝のうちに畑を見て回り、空の色で一日の段取りを決めている。", {}),
    ("name_missing", NAMED.replace("和子", "一子"), {}),
    ("age_contradiction", named("四十五歳の春にはまだ間がある。いま45歳である。"), {}),
    ("age_contradiction", named("五十歳である。"), {}),
    ("age_contradiction", "佐藤 和子（４３）は朝のうちに畑を見て回り、空の色を確かめている。", {}),
    ("sex_contradiction", named("彼は毎朝早く起きる。"), {}),
    ("sex_contradiction", named("働き者の男性である。"), {}),
    ("sex_contradiction", named("彼女は毎朝早く起きる。"), {"sex": "male"}),
    ("sex_contradiction", named("頼れる専業主婦である。"), {"sex": "male"}),
    ("marital_contradiction", named("夫と二人で暮らしている。"), {"marital": "never_married"}),
    ("marital_contradiction", named("亡き夫の庭を守る。"), {"marital": "married"}),
    ("marital_contradiction", named("独身生活を楽しむ。"), {"marital": "widowed"}),
    ("marital_contradiction", named("夫と暮らしている。"), {"marital": "divorced"}),
    ("household_contradiction", named("気ままな一人暮らしである。"), {"household": "couple_only"}),
    ("household_contradiction", named("夫婦二人の暮らしである。"), {"household": "one_person"}),
    ("household_contradiction", named("夫婦ふたりで暮らす。"), {"household": "other_relatives"}),
    ("household_contradiction", named("両親と同居している。"), {"household": "one_person"}),
    ("household_contradiction", named("夫と二人で暮らしている。"), {"household": "単独世帯"}),
    ("work_contradiction", named("定年後は畑に出る。"), {}),
    ("work_contradiction", named("大学生である。"), {}),
    ("work_contradiction", named("現在は無職である。"), {}),
    ("work_contradiction", named("すでに引退し、悠々自適に過ごす。"), {"age": 66}),
    ("work_contradiction", named("年金暮らしを楽しんでいる。"), {"age": 66}),
    ("work_contradiction", named("染色工として働いている。"), RETIRED),
    ("work_contradiction", named("いまも現役の染色工である。"), RETIRED),
    ("work_contradiction", named("腕のよい染色工である。"), RETIRED),
    ("children_contradiction", named("息子と暮らしている。"), {"children": 0}),
    ("children_contradiction", named("子育ての合間に布を染める。"), {"children": 0}),
    ("children_contradiction", named("孫の顔を見るのが楽しみだ。"), {"children": 0}),
    ("children_contradiction", named("二児の母である。"), {"children": 0}),
    ("children_contradiction", named("三人の子どもを育ててきた。"), {"children": 2}),
    ("children_contradiction", named("子どもが1人いる。"), {"children": 2}),
    ("children_contradiction", named("三人の娘に恵まれた。"), {"children": 2}),
    ("children_contradiction", named("三児の母である。"), {"children": 2}),
    ("children_contradiction", named("子どもには恵まれなかった。"), {"children": 1}),
    ("children_contradiction", named("子どもはいないが、寂しくはない。"), {"has_children": True}),
    ("digital_contradiction", named("スマートフォンで写真を投稿する。"), NO_DEVICES),
    ("digital_contradiction", named("パソコンは使えず、人に頼む。"), SKILLED),
    ("digital_contradiction", named("機械に疎く、説明書も読まない。"),
     SKILLED),
    ("year_contradiction", named("1980年生まれで、海を見て育つ。"), {}),
    ("year_contradiction", named("昭和四十年に生まれた。"), {}),
    ("year_contradiction", named("1990年に小学校に入った。"), {}),
    ("year_contradiction", named("平成5年の春に大学を卒業した。"), {}),
    ("year_contradiction", named("1990年3月に中学校を出た。"), {}),
    ("place_outside_prefecture", "青森県の海に近い町で育ち、祖母から布の扱いを教わった世代である。",
     {"field": "cultural_background"}),
]  # fmt: skip

LEFT_ALONE = [
    ("missing_or_empty_field", NAMED, {}),
    ("list_items", ["藍染め", "藍"], {"field": "skills_and_expertise_list"}),
    ("list_items", [f"技{n}" for n in range(12)], {"field": "skills_and_expertise_list"}),
    ("list_items", ["藍染め", "長" * 40], {"field": "hobbies_and_interests_list"}),
    ("length", "佐藤 和子は朝のうちに畑を見て回る。今日もだ。", {}),
    ("script", named("合間にSNSを見て、表はExcelで作り、休みの日にはnoteに短い文章を載せるのを、"
                     "もう何年も続けている。"), {}),
    ("script", ["藍染め", "Adobe Photoshop"], {"field": "skills_and_expertise_list"}),
    ("script", named("気温が30℃をこえる日は休む。"), {}),
    ("mojibake", named("朝のうちに　畑に出る……それだけだ。"), {}),
    ("mojibake", named("糸が縺れに縺れても、慌てずに一本ずつほどいていく。"), {}),
    ("simplified_chinese", named("国と学校と会社の話を万事ていねいに聞く。"), {}),
    ("simplified_chinese", named("最新意匠の布を創新聞で知り、複数据える。"), {}),
    ("markup_or_prompt_residue", named("パーソナルな話はしない。三十〇七番の畑に出る。"), {}),
    ("markup_or_prompt_residue", named("顧客ペルソナ設計の本を読み、冬以下の寒さに備える。"), {}),
    ("contact_data", named("2020-2021年の冬に、3〜5人で12-15時間を過ごした。"), {}),
    ("contact_data", named("千代川の土手を1丁ほど歩き、3:30に戻る。"), {}),
    ("repeated_sentence", "染めの下ごしらえから仕上げまでを二人で受け持つことができる。",
     {"field": "hobbies_and_interests"}),
    ("plural_pronoun", named("近所の子どもたちが集まると、彼らの話をよく聞く。"), {}),
    ("plural_pronoun", named("若い職人を育て、彼らに道具を譲る。いかにも彼らしい話も聞いた。"), {}),
    ("trait_jargon", named("誠実な人柄で、開放的な庭を好み、社交的でもある。"), {}),
    ("name_missing", NAMED.replace("佐藤 和子", "佐藤和子"), {}),
    ("age_contradiction", named("いま44歳である。"), {}),
    ("age_contradiction", named("四十四歳のいま、20歳で始めた染めを続ける。"), {}),
    ("age_contradiction", named("70歳の母と暮らす。平均45歳の集まりに出る。"), {}),
    ("age_contradiction", named("30歳のときに工房に入った。"), {}),
    ("sex_contradiction", named("彼女は毎朝早く起きる。"), {}),
    ("sex_contradiction", named("息子は働き者の男性である。"), {}),
    ("sex_contradiction", named("彼の地の布に惹かれる。"), {}),
    ("marital_contradiction", named("夫と二人で暮らしている。"), {}),
    ("marital_contradiction", named("工夫を重ね、友人の夫に道具を借りる。丈夫な布を選ぶ。"),
     {"marital": "never_married"}),
    ("marital_contradiction", named("いつか夫と暮らす日を夢見る。"), {"marital": "never_married"}),
    ("marital_contradiction", named("独身時代の旅を思い出す。"), {"marital": "married"}),
    ("marital_contradiction", named("亡き夫の庭を守る。"), {"marital": "widowed"}),
    ("household_contradiction", named("気ままな一人暮らしである。"), {"household": "one_person"}),
    ("household_contradiction", named("気ままな一人暮らしである。"), {"household": "institution"}),
    ("household_contradiction", named("母の一人暮らしが気にかかる。"),
     {"household": "couple_only"}),
    ("household_contradiction", named("いつか一人暮らしをしたい。"),
     {"household": "single_parent"}),
    ("household_contradiction", named("学生のころの一人暮らしを思い出す。"),
     {"household": "couple_only"}),
    ("household_contradiction", named("夫婦二人の暮らしである。"), {"household": "couple_only"}),
    ("household_contradiction", named("両親と暮らしている。"),
     {"household": "couple_with_children"}),
    ("household_contradiction", named("以前は両親と暮らしていた。"), {"household": "one_person"}),
    ("household_contradiction", named("離れて暮らす両親を思う。"), {"household": "one_person"}),
    ("work_contradiction", named("定年後は畑に出たいと考える。"), {}),
    ("work_contradiction", named("定年後は畑に出る。"), {"age": 66}),
    ("work_contradiction", named("大学生である。"), {"education": "in_school"}),
    ("work_contradiction", named("娘は大学生である。"), {}),
    ("work_contradiction", named("現在は無職である。"), {"labour_status": "other"}),
    ("work_contradiction", named("引退した選手の話をよくする。いずれ引退したら旅に出る。"),
     {"age": 66}),
    ("work_contradiction", named("母の年金暮らしを支える。"), {"age": 66}),
    ("work_contradiction", named("かつては染色工として働いていた。"), RETIRED),
    ("work_contradiction", named("引退するまでは染色工として働き、布を洗う毎日だった。"), RETIRED),
    ("work_contradiction", named("元染色工である。"), RETIRED),
    ("children_contradiction", named("息子と暮らしている。"), {}),
    ("children_contradiction", named("姉の息子と遊ぶ。近所の子どもたちと遊ぶ。"), {"children": 0}),
    ("children_contradiction", named("いつか子どもを育てたい。子ども時代を思い出す。"),
     {"children": 0}),
    ("children_contradiction", named("二人の子どもを育ててきた。一人の娘と暮らす。"),
     {"children": 2}),
    ("children_contradiction", named("子どもはいない。"), {"children": 0}),
    ("children_contradiction", named("五人の子どもを育ててきた。"), {"children": 4}),
    ("digital_contradiction", named("スマートフォンで写真を投稿する。"),
     {"digital_skill": "basic"}),
    ("digital_contradiction", named("パソコンは使わず、手紙で済ませる。"),
     NO_DEVICES),
    ("digital_contradiction", named("娘がスマートフォンで調べてくれる。"),
     NO_DEVICES),
    ("digital_contradiction", named("高齢者にパソコンを教え、表計算で会計を作成する。"),
     SKILLED),
    ("year_contradiction", named("1976年生まれである。昭和50年生まれである。"), {}),
    ("year_contradiction", named("1983年に小学校に入り、1999年に大学を卒業した。"), {}),
    ("year_contradiction", named("一年浪人し、2001年に大学を出た。"), {}),
    ("year_contradiction", named("1990年に生まれた息子が、2013年に大学を卒業した。"), {}),
    ("year_contradiction", named("1980年代の初めに小学校へ上がった。2010年に店を出した。"), {}),
    ("place_outside_prefecture", "鳥取県の海に近い町で育ち、祖母から布の扱いを教わった世代である。",
     {"field": "cultural_background"}),
    ("place_outside_prefecture", named("青森県を旅する。"), {"field": "travel_persona"}),
    ("place_outside_prefecture", "東京都府中市で育ち、祖母から布の扱いを教わった世代である。",
     {"field": "cultural_background", "prefecture": "tokyo"}),
]  # fmt: skip


def test_good_record_has_no_finding():
    assert check_texts(GOOD, PERSON) == []


def test_each_rule_has_a_text_to_find_and_one_to_leave_alone():
    ids = {rule.id for rule in RULES}
    assert {case[0] for case in FOUND} == ids
    assert {case[0] for case in LEFT_ALONE} == ids


@pytest.mark.parametrize(("rule", "text", "more"), FOUND)
def test_rule_objects(rule, text, more):
    more = {"field": DEFAULT_FIELD} | more
    hits = found(text, **more)
    if rule == "repeated_sentence":
        # It stands in two fields; the later one is objected to.
        assert rule in {name for name, _ in hits}
    else:
        assert (rule, more["field"]) in hits


@pytest.mark.parametrize(("rule", "text", "more"), LEFT_ALONE)
def test_rule_leaves_alone(rule, text, more):
    assert rule not in {name for name, _ in found(text, **more)}


def test_findings_quote_the_text_and_advise_in_japanese():
    text = named("彼らは毎朝早く起きる。")
    (finding,) = check_texts(GOOD | {"persona": text}, PERSON)
    assert finding.evidence in text
    assert finding.severity == "error"
    assert re.search("[ぁ-ん]", finding.suggestion)
    assert finding.reason.endswith(".")


@pytest.mark.parametrize("wrong", ["latin-1", "cp1252", "cp932"])
@pytest.mark.parametrize("text", ["そうじの段取り", "ものづくりと読書", "カメラの手入れ"])
def test_text_read_in_a_wrong_encoding_is_found(text, wrong):
    damaged = text.encode().decode(wrong, "ignore")
    assert ("mojibake", "skills_and_expertise_list") in found(
        ["藍染め", damaged], "skills_and_expertise_list"
    )


def test_cues_never_hide_a_finding():
    """A rule's cue characters only save time: without them it objects to the very same."""
    for rule, text, more in FOUND:
        more = {"field": DEFAULT_FIELD} | more
        (known,) = (r for r in RULES if r.id == rule)
        if known.cues is None:
            continue
        texts = GOOD | {more["field"]: text}
        flat = [*texts.values()]
        characters = set("".join("".join(v) if isinstance(v, list) else str(v) for v in flat))
        assert known.cues & characters


def test_facts_that_are_not_known_are_not_held_against_a_text():
    claims = named("彼は五十歳である。妻と暮らす。定年後は畑に出る。大学生である。")
    unknown = {"surname": "佐藤", "given_name": "和子"}
    assert check_texts(GOOD | {"persona": claims}, unknown) == []


@pytest.mark.parametrize("fields", [PERSONA_FIELDS, ATTRIBUTE_FIELDS])
def test_one_step_alone_is_not_asked_for_the_fields_of_the_other(fields):
    assert check_texts({field: GOOD[field] for field in fields}, PERSON) == []


def test_labels_and_codes_are_taken_alike():
    labelled = PERSON | {
        "sex": "女", "marital": "既婚", "labour_status": "就業者", "prefecture": "鳥取県",
    }  # fmt: skip
    text = named("彼は無職である。亡き夫の庭を守る。")
    by_code, by_label = (
        [finding.rule for finding in check_texts(GOOD | {"persona": text}, person)]
        for person in (PERSON, labelled)
    )
    assert by_code == by_label
    assert set(by_code) == {"sex_contradiction", "work_contradiction", "marital_contradiction"}


def test_every_rule_names_fields_that_exist():
    for rule in RULES:
        assert set(rule.fields) <= {*PERSONA_FIELDS, *ATTRIBUTE_FIELDS}
        assert rule.severity in ("error", "warning")
    assert {rule.id for rule in RULES if rule.fields == LIST_FIELDS} == {"list_items"}
