"""Where the release's templates live and how they are read.

Pages escape every value, because personas are text that others wrote; Markdown has filters.
"""

from functools import cache

import jinja2


@cache
def environment(*, escape: bool) -> jinja2.Environment:
    """Return the templates' environment; a name that nothing fills is an error."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("persona_assets.release", "templates"),
        autoescape=escape,  # noqa: S701 - Markdown is not HTML
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
