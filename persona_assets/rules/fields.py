"""The text fields of a record that the rules know, by kind."""

from typing import Final

PERSONA_FIELDS: Final = (
    "professional_persona",
    "sports_persona",
    "arts_persona",
    "travel_persona",
    "culinary_persona",
    "persona",
)
ATTRIBUTE_FIELDS: Final = (
    "cultural_background",
    "skills_and_expertise",
    "skills_and_expertise_list",
    "hobbies_and_interests",
    "hobbies_and_interests_list",
    "career_goals_and_ambitions",
)
TEXT_FIELDS: Final = PERSONA_FIELDS + ATTRIBUTE_FIELDS
LIST_FIELDS: Final = tuple(field for field in TEXT_FIELDS if field.endswith("_list"))
PROSE_FIELDS: Final = tuple(field for field in TEXT_FIELDS if field not in LIST_FIELDS)
