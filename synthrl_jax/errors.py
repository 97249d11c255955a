"""The one exception that means: the input, not the program, is at fault."""


class UserError(ValueError):
    """A problem the user can mend.

    The message names the file, row or field and says what to do. The command line prints it
    without a traceback and exits with status 2.
    """


def describe(error: Exception) -> str:
    """What went wrong in one line, with the file's name if the system told it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
