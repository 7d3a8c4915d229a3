"""How much memory does loading a checkpoint take at its peak, in units of the file's own size?

    python -m benchmarks.load_memory [CHECKPOINT]

Without a file, a seeded one of Stable Diffusion 1.5's size (2.1 GB) is written to a temporary folder. A fresh process
measures itself: what torch and transformers take by being imported is subtracted. Not on Windows, where the standard
library cannot tell a process's peak.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

LIMIT = 1.2


def peak_bytes() -> int:
    """The most memory that this process has had so far."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measure(path: Path, results: Connection) -> None:
    """Send the peaks, in bytes: interpreter and libraries, then load_checkpoint, then all weights in their type."""
    from engine import models

    models.prepare_libraries()  # what importing takes would count as the checkpoint's otherwise
    before = peak_bytes()
    checkpoint = models.load_checkpoint(path)
    loaded = peak_bytes()
    with models.DeviceMemory().hold(checkpoint.text_encoder, checkpoint.model, checkpoint.vae):
        resident = peak_bytes()
    results.send((before, loaded, resident))


def write_full_size(path: Path) -> None:
    """A checkpoint of Stable Diffusion 1.5's size, seeded."""
    from benchmarks.denoise import SD15
    from tests import tiny

    tiny.write_checkpoint(path, sizes=SD15)


def run_alone(function: object, *arguments: object) -> None:
    """Run a function in a process of its own, so that its memory is not ours."""
    process = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"The measuring process ended with {process.exitcode}.")


def main() -> None:
    """Measure the file that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="?", type=Path)
    options = parser.parse_args()
    if sys.platform == "win32":
        sys.exit("The standard library cannot measure a process's peak memory on Windows.")
    with tempfile.TemporaryDirectory() as folder:
        path = options.checkpoint or Path(folder) / "full_size.safetensors"
        if options.checkpoint is None:
            run_alone(write_full_size, path)
        receiving, sending = multiprocessing.get_context("spawn").Pipe(duplex=False)
        run_alone(measure, path, sending)
        before, loaded, resident = receiving.recv()
        size = path.stat().st_size
    print(f"file {size / 1e6:.0f} MB; interpreter and libraries {before / 1e6:.0f} MB")
    for title, peak in (("load_checkpoint", loaded), ("and all weights brought in", resident)):
        share = (peak - before) / size
        print(f"{title}: peak {(peak - before) / 1e6:.0f} MB = {share:.3f} of the file (limit {LIMIT})")
    if (resident - before) / size > LIMIT:
        sys.exit("Above the limit.")


if __name__ == "__main__":
    main()
