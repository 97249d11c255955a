"""The one exception that means: the input, not the program, is at fault."""


class UserError(ValueError):
    """A problem the user can mend.

    The message names the file, row or field and says what to do. The command line prints it
    without a traceback and exits with status 2.
    """
