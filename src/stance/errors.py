"""The errors a person sees: one clear line that names the offender and the fix.

Everything the package refuses raises one of these; the command line turns them into
an exit code and a single line on standard error. Programming mistakes keep their
ordinary exceptions and tracebacks.
"""


class StanceError(Exception):
    """Refused input, configuration or model. The command line exits with 2."""

    exit_code = 2


class InputError(StanceError):
    """Rows, articles or arguments that cannot be used as they are."""


class ConfigError(StanceError):
    """A configuration or codebook that does not say something we can run."""


class ModelError(StanceError):
    """A model that is absent, incomplete, of another label set, or not ours to run."""


class IntegrityError(StanceError):
    """Data, configuration or a checkpoint changed underneath. The command line exits with 3."""

    exit_code = 3
