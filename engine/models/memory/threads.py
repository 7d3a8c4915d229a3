"""On how many processor threads does a network compute?"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

SMALL_NETWORK_BYTES = 64 * 1024**2


@contextmanager
def threads_for(nbytes: int, device: torch.device) -> Iterator[None]:
    """Let a small network on the CPU compute on one thread, and leave others as they are.

    Its operations take microseconds, so that more threads gain little (0.39 s instead of 0.47 s for 20 steps of the
    model that ships, on two cores), while each waits for all of them after every one: beside another busy program,
    such as the browser that shows the picture, they took 1.6 s to 6.3 s where one thread took 0.55 s.
    """
    before = torch.get_num_threads()
    if device.type != "cpu" or nbytes > SMALL_NETWORK_BYTES or before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
