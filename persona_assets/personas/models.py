"""Response models: what each of the two steps must answer, as pydantic models.

The JSON schema that an endpoint is held to is made from these; the descriptions are part of it.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Items = Annotated[list[Text], Field(min_length=1, max_length=12)]


class Attributes(BaseModel):
    """First step: the background of one person."""

    model_config = ConfigDict(extra="forbid")

    cultural_background: Text = Field(description="育った土地と世代の背景。1〜3文。")
    skills_and_expertise: Text = Field(description="身につけている技能と経験。1〜3文。")
    skills_and_expertise_list: Items = Field(description="技能を短い名詞句で並べたもの。")
    hobbies_and_interests: Text = Field(description="趣味と関心。1〜3文。")
    hobbies_and_interests_list: Items = Field(description="趣味を短い名詞句で並べたもの。")
    career_goals_and_ambitions: Text = Field(description="仕事やこれからの暮らしの見通し。1〜3文。")


class Personas(BaseModel):
    """Second step: six descriptions of the same person."""

    model_config = ConfigDict(extra="forbid")

    professional_persona: Text = Field(description="仕事や日々の務めでの姿。1〜3文。")
    sports_persona: Text = Field(description="運動との関わり。1〜3文。")
    arts_persona: Text = Field(description="文化や芸術との関わり。1〜3文。")
    travel_persona: Text = Field(description="旅や外出との関わり。1〜3文。")
    culinary_persona: Text = Field(description="食との関わり。1〜3文。")
    persona: Text = Field(description="その人をひと言で表す1文。")


STEPS: dict[str, type[BaseModel]] = {"attributes": Attributes, "personas": Personas}


def field_names(step: str) -> list[str]:
    """Return the text fields of one step, in the order of its model."""
    return list(STEPS[step].model_fields)
