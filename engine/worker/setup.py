"""What is a worker told when it starts?"""

from dataclasses import dataclass, field

from engine.files.places import Places
from engine.options import ComputeOptions

FULL_EQUIPMENT = "engine.worker.equipment:equip"


@dataclass(frozen=True)
class WorkerSetup:
    """Plain data, so that it can cross to another process.

    Attributes:
        equipment: "module:function"; called in the worker with this setup, gives an `Equipment`.
        only_packs: the names of the packs that may load; all if None.
    """

    places: Places
    compute: ComputeOptions = field(default_factory=ComputeOptions)
    equipment: str = FULL_EQUIPMENT
    log_level: str = "INFO"
    only_packs: tuple[str, ...] | None = None
