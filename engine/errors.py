"""Which errors does the engine raise on purpose, and what do they promise the person who reads them?

Every message says what was expected, what was found, where, and what to do next.
"""


class EngineError(Exception):
    """Base of the errors that are raised on purpose; its text is shown to the user as it is."""


class BadFile(EngineError):
    """A file is missing, truncated, hostile, or not what it was taken for."""


class BadReference(EngineError):
    """A name that should point at a file points nowhere, or outside its folder."""


class BadWorkflow(EngineError):
    """A workflow or prompt cannot be read as a graph."""


class BadOption(EngineError):
    """A command-line option has a value that cannot be used."""


class UnknownModel(EngineError):
    """No model family recognises the weights in a file."""


class NoMatchingWeights(EngineError):
    """A patch names weights of which the model has none."""


class OutOfMemory(EngineError):
    """A device ran out of memory, after everything that could be released was."""


class WorkerDied(EngineError):
    """The worker process ended while a job was running on it."""


class Interrupted(EngineError):
    """The user cancelled the job that was running."""
