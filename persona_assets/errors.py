"""The errors that are meant for the user; each stage's own are defined where they are raised."""


class PersonaAssetsError(Exception):
    """An error whose text is one line for the user: what, where, which value, and what to do.

    The command line prints it without a traceback; anything else that is raised is a bug of ours.
    """
