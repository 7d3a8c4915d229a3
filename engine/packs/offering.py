"""What is said when a pack uses a name that it can import here, but whose behaviour is missing?"""

from engine.errors import EngineError


class NotOffered(EngineError, AttributeError):
    """A pack used something of the ecosystem that Weft does not do. An AttributeError, so that `hasattr` says False."""
