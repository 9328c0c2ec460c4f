"""Print the recipe's page: `python -m tools.recipe_page > docs/recipe.md`.

Everything in the tables comes from the pydantic model; only the words around them are here. A test
holds the page to what this prints.
"""

from collections.abc import Collection, Mapping
from typing import Any

import yaml

from persona_assets.recipe import RECIPE_VARIABLE, SIZE_VARIABLE, Recipe

Schema = Mapping[str, Any]

# Keywords of JSON schema that limit a value, and how a limit reads.
LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "matches `{}`",
}
TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "nothing",
}

HEAD = f"""# The recipe

<!-- Written by `python -m tools.recipe_page`; change the model in persona_assets/recipe.py. -->

The recipe is one YAML file with everything a user chooses. It is read from `--recipe`, else from
the file that `{RECIPE_VARIABLE}` names, else from [dataset.yaml](../dataset.yaml).
`--size`, else `{SIZE_VARIABLE}`, replaces its `size`. A field that is unknown, of the
wrong type or out of its limits is an error that names the file, the field and what is allowed;
nothing is built.

A field that is left out has its default. `Recipe.fingerprint` is twelve hex digits of `name`, `size`,
`seed`, `names` (of its lists what they say), the people of `keep` and the writer's backend, model and
temperature; figures and limits of quality do not change it.
Records of different fingerprints are never put into one release. How official figures are fetched, kept
and pinned: [estat.md](estat.md).
"""

TAIL = """## Example

The defaults, written out:

```yaml
{example}```
"""


def render() -> str:
    """Return the page as Markdown."""
    schema = Recipe.model_json_schema()
    properties: Schema = schema["properties"]
    sections = {name: _section(field, schema) for name, field in properties.items()}
    parts = [HEAD, "## Top level\n", _table(properties, "", sections, schema.get("required", ()))]
    for name, section in sections.items():
        if section is not None:
            parts += [f"## {name}\n", f"{section['description']}\n"]
            required = section.get("required", ())
            parts.append(_table(section["properties"], f"{name}.", {}, required))
    parts.append(TAIL.format(example=_example()))
    return "\n".join(parts)


def _section(field: Schema, schema: Schema) -> Schema | None:
    """Return the schema of a field that is a section of fields; None for a plain one."""
    reference: str | None = field.get("$ref")
    if reference is None:
        return None
    section: Schema = schema["$defs"][reference.rsplit("/", 1)[-1]]
    return section


def _table(
    properties: Schema,
    prefix: str,
    sections: Mapping[str, Schema | None],
    required: Collection[str],
) -> str:
    rows = ["| field | type | default | limits | description |", "| --- | --- | --- | --- | --- |"]
    for name, field in properties.items():
        section = sections.get(name)
        if section is not None:
            cells = [f"[`{name}`](#{name})", "section", "", "", section["description"]]
        else:
            # What a function makes, such as an empty mapping, is no default of the schema.
            default = "none: required" if name in required else f"`{field.get('default', {})}`"
            cells = [f"`{prefix}{name}`", _type(field), default, _limits(field)]
            cells.append(field["description"])
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _type(field: Schema) -> str:
    if "enum" in field:
        return "one of " + ", ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field:
        return " or ".join(_type(option) for option in field["anyOf"])
    if field["type"] == "array":
        return f"list of {_type(field['items'])}"
    if field["type"] == "object":
        return f"mapping of text to {_type(field['additionalProperties'])}"
    return TYPES[field["type"]]


def _limits(field: Schema) -> str:
    return ", ".join(text.format(field[key]) for key, text in LIMITS.items() if key in field)


def _example() -> str:
    return yaml.safe_dump(Recipe().model_dump(mode="json"), sort_keys=False, allow_unicode=True)


if __name__ == "__main__":
    print(render(), end="")
