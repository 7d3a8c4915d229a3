"""What is a worker told when it starts?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.files.places import Places
from engine.log_lines import LogFormat
from engine.options import ComputeOptions

FULL_EQUIPMENT = "engine.worker.equipment:equip"


@dataclass(frozen=True)
class WorkerSetup:
    """Plain data, so that it can cross to another process.

    Attributes:
        equipment: "module:function"; called in the worker with this setup and a function that is told of each pack
            before it is imported, gives an `Equipment`.
        log_mark: what records in JSON begin with; nobody else knows it.
        only_packs: the names of the packs that may load; all if None.
        left_out: name of a pack -> why it is not loaded (it ended an earlier process, say).
        number: of this worker, from 1 on; gives its name, and its accelerator if no certain one was asked for.
        workers: how many there are, among whom the processor's cores are shared.
    """

    places: Places
    compute: ComputeOptions = field(default_factory=ComputeOptions)
    equipment: str = FULL_EQUIPMENT
    log_level: str = "INFO"
    log_format: LogFormat = "text"
    log_mark: str = field(default="", repr=False)
    only_packs: tuple[str, ...] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    number: int = 1
    workers: int = 1

    @property
    def name(self) -> str:
        return f"worker-{self.number}"
