"""The model's levels: each code and its Japanese label, in the order in which they are shown.

Codes are used everywhere inside; labels appear only at the edge (prompts, record columns, report).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def _levels(**labels: str) -> Mapping[str, str]:
    return MappingProxyType(labels)


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

SCHOOL: Final = _levels(
    upper_secondary="高校在学中",
    junior_college="短大・高専在学中",
    university="大学在学中",
    graduate_school="大学院在学中",
)

LABOUR_STATUS: Final = _levels(
    employed="就業者", unemployed="完全失業者", housework="家事", studying="通学", other="その他"
)

EMPLOYMENT_STATUS: Final = _levels(
    employee="雇用者（役員を含む）", self_employed="自営業主", family_worker="家族従業者"
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

# The joint covers everyone aged 15 or more, the universe of the census tables on work and
# schooling. 15-17 is a group of its own because people are drawn from age 18.
AGE_GROUPS: Final = (
    "15-17",
    "18-19",
    *(f"{age}-{age + 4}" for age in range(20, 85, 5)),
    "85+",
)
ADULT_AGE_GROUPS: Final = AGE_GROUPS[1:]
