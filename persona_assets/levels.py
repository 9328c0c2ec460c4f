"""The model's levels: each code and its Japanese label, in the order in which they are shown.

Codes are used everywhere inside; labels appear only at the edge (prompts, record columns, report).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def _levels(**labels: str) -> Mapping[str, str]:
    return MappingProxyType(labels)


# The year whose census is drawn from; its day is 1 October.
CENSUS_YEAR: Final = 2020

SEX: Final = _levels(male="男", female="女")

MARITAL: Final = _levels(never_married="未婚", married="既婚", widowed="死別", divorced="離別")

EDUCATION: Final = _levels(
    lower_secondary="中学卒",
    upper_secondary="高校卒",
    junior_college="短大・高専卒",
    university="大学卒",
    graduate_school="大学院卒",
    in_school="在学中",
)

# Schooling finer than the census, which counts vocational schools (専門学校) by their years: one
# as upper secondary, two or three as junior college, four as university.
EDUCATION_DETAIL: Final = _levels(
    lower_secondary="中学卒",
    upper_secondary="高校卒",
    vocational_school="専門学校卒",
    junior_college="短大卒",
    technical_college="高専卒",
    university="大学卒",
    graduate_school="大学院卒",
    in_school="在学中",
)
EDUCATION_DETAILS_OF: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "lower_secondary": ("lower_secondary",),
        "upper_secondary": ("upper_secondary", "vocational_school"),
        "junior_college": ("vocational_school", "junior_college", "technical_college"),
        "university": ("vocational_school", "university"),
        "graduate_school": ("graduate_school",),
        "in_school": ("in_school",),
    }
)

SCHOOL: Final = _levels(
    upper_secondary="高校在学中",
    junior_college="短大・高専在学中",
    university="大学在学中",
    graduate_school="大学院在学中",
)

LABOUR_STATUS: Final = _levels(
    employed="就業者", unemployed="完全失業者", housework="家事", studying="通学", other="その他"
)

# Employed people by how they came to their hours (census: 就業者の内訳).
WORK_MODE: Final = _levels(
    mainly_working="主に仕事",
    working_beside_housework="家事のほか仕事",
    working_beside_study="通学のかたわら仕事",
    absent="休業中",
)

# The census tells these three apart by sex, the seven of EMPLOYMENT_STATUS for both sexes together.
WORKER_CLASS: Final = _levels(
    employee="雇用者（役員を含む）", self_employed="自営業主", family_worker="家族従業者"
)

EMPLOYMENT_STATUS: Final = _levels(
    regular="正規の職員・従業員",
    dispatched="派遣社員",
    part_time="パート・アルバイト・その他",
    executive="会社などの役員",
    employer="自営業主（雇人あり）",
    own_account="自営業主（雇人なし）",
    family_worker="家族従業者",
)
WORKER_CLASS_OF: Final = _levels(
    regular="employee",
    dispatched="employee",
    part_time="employee",
    executive="employee",
    employer="self_employed",
    own_account="self_employed",
    family_worker="family_worker",
)

# What work people do: company directors, employees to the census, do other work than these; family
# workers do that of the self-employed whom they help.
WORKER_KIND_OF: Final = _levels(
    regular="employee",
    dispatched="employee",
    part_time="employee",
    executive="executive",
    employer="own_business",
    own_account="own_business",
    family_worker="own_business",
)

# Japan Standard Occupational Classification (2009), major groups. L, unclassifiable, is not a
# kind of work: its workers are spread over the others.
OCCUPATION: Final = _levels(
    A="管理的職業",
    B="専門的・技術的職業",
    C="事務",
    D="販売",
    E="サービス職業",
    F="保安職業",
    G="農林漁業",
    H="生産工程",
    I="輸送・機械運転",
    J="建設・採掘",
    K="運搬・清掃・包装等",
)

# Japan Standard Industrial Classification, major groups; T, unclassifiable, is spread likewise.
INDUSTRY: Final = _levels(
    A="農業，林業",
    B="漁業",
    C="鉱業，採石業，砂利採取業",
    D="建設業",
    E="製造業",
    F="電気・ガス・熱供給・水道業",
    G="情報通信業",
    H="運輸業，郵便業",
    I="卸売業，小売業",
    J="金融業，保険業",
    K="不動産業，物品賃貸業",
    L="学術研究，専門・技術サービス業",
    M="宿泊業，飲食サービス業",
    N="生活関連サービス業，娯楽業",
    O="教育，学習支援業",
    P="医療，福祉",
    Q="複合サービス事業",
    R="サービス業",
    S="公務",
)

# The family type of the household a person lives in (census: 世帯の家族類型), and institutions.
HOUSEHOLD: Final = _levels(
    one_person="単独世帯",
    couple_only="夫婦のみの世帯",
    couple_with_children="夫婦と子供から成る世帯",
    single_parent="ひとり親と子供から成る世帯",
    other_relatives="三世代などの親族世帯",
    non_relatives="非親族を含む世帯",
    institution="施設等の世帯",
)

# The largest number of children told apart; it stands for that many or more.
MOST_CHILDREN: Final = 4

# How well people use computers and the internet; the first has not used the internet for a year.
DIGITAL_SKILL: Final = _levels(
    none="ほとんど使わない",
    basic="基本的な操作ができる",
    everyday="日常的に使いこなす",
    advanced="仕事や創作に活用する",
)

# The joint covers everyone aged 15 or more, the universe of the census tables on work and
# schooling. 15-17 is a group of its own because people are drawn from age 18.
AGE_GROUPS: Final = (
    "15-17",
    "18-19",
    *(f"{age}-{age + 4}" for age in range(20, 85, 5)),
    "85+",
)
ADULT_AGE_GROUPS: Final = AGE_GROUPS[1:]
