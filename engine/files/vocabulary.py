"""Where is the list of byte pairs that CLIP's text encoders read words by?"""

from pathlib import Path

from engine.errors import EngineError

PACKAGE = "openai-clip"  # only the file is read; the package is not imported
FILE_NAME = "bpe_simple_vocab_16e6.txt.gz"


def clip_pairs_path() -> Path:
    """The file: gzip of a heading and one pair a line, most frequent first.

    Raises:
        EngineError: the package that brings it is not installed.
    """
    from importlib import metadata  # slow to import, and the server starts with this module

    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == FILE_NAME:
            return Path(str(file.locate()))
    raise EngineError(
        f"CLIP's vocabulary, {FILE_NAME} of the package {PACKAGE}, was not found. "
        "Run `pip install -r requirements.txt`."
    )
