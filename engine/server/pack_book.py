"""What have the workers told of their packs? Kept here for the routes that answer from it."""

from engine.files.places import Places
from engine.jobs.pack_reports import BroughtByPacks
from engine.jobs.worker import WorkerDescription
from engine.options import Options


class PackBook:
    """The last that was told of packs; all workers have the same ones. Used from the server's event loop only."""

    def __init__(self, places: Places, options: Options) -> None:
        self._places = places
        self._options = options
        self.told: BroughtByPacks | None = None  # None as long as no worker was up

    def learn(self, description: WorkerDescription) -> None:
        """Note what a worker says of itself, and search models where its packs want it."""
        self.told = description.brought
        self._places.add_model_folders(
            {kind: tuple(roots) for kind, roots in self.told.model_roots.items()}, self.told.model_suffixes
        )

    def may_exist(self) -> bool:
        """Say whether there is anything in the folders of packs that may load. Looks at the disk."""
        wanted = self._options.packs or self._options.only_packs
        return bool(wanted) and any(root.is_dir() and any(root.iterdir()) for root in self._places.custom_nodes)
