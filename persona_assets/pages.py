"""How a stage's templates are read, and the style that all pages share (`templates/page.css`).

Pages escape every value, because personas are text that others wrote; Markdown has filters.
"""

from functools import cache

import jinja2


@cache
def environment(package: str, *, escape: bool) -> jinja2.Environment:
    """Return a stage's templates and the shared ones; a name that nothing fills is an error.

    Args:
        package: The stage, with a folder `templates`.
        escape: Whether values are escaped for HTML.
    """
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.PackageLoader(package, "templates"),
                jinja2.PackageLoader("persona_assets", "templates"),
            ]
        ),
        autoescape=escape,  # noqa: S701 - Markdown is not HTML
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
