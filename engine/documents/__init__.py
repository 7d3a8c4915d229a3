"""What was ever saved of a workflow, and how does nobody overwrite the work of another?

A facade: names come from the submodules when first used. Everything here is standard library only.
"""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "ANY": "contents",
        "Conflict": "contents",
        "Content": "contents",
        "DocumentStore": "store",
        "Draft": "ledger",
        "Kind": "ledger",
        "Listed": "contents",
        "NO_FILE": "contents",
        "NoDocument": "contents",
        "NoRoom": "opening",
        "Saved": "contents",
        "TooMuch": "contents",
        "Trashed": "ledger",
        "Version": "ledger",
        "digest_of": "ledger",
    },
)
