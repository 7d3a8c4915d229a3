"""What does a client hear when the disk takes no more?"""

from aiohttp import web

from engine.jobs.database import NotWritten
from engine.server.services import Services


async def written(services: Services) -> None:
    """Wait until what was asked for is on the disk. Raises HTTPInsufficientStorage, saying why it is not."""
    try:
        await services.store.written()
    except NotWritten as error:
        raise web.HTTPInsufficientStorage(text=not_written(error)) from None


def not_written(error: NotWritten) -> str:
    return (
        f"This could not be written to disk: {error}. It holds until the server ends, and is written as soon as that "
        "is possible: make room, or name a file elsewhere with --database-file."
    )
