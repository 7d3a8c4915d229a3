"""A worker's packs, in a folder of the test's own."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from engine.files.places import Places
from engine.graph import Registry
from engine.options import ComputeOptions
from engine.packs import bring_packs
from tests.doubles import definitions

FEATURES = Path(__file__).with_name("pack_of_every_feature.py")


@dataclass
class Brought:
    places: Places
    registry: Registry
    native: ModuleType
    packs: list
    supplies: object

    def pack(self, name):
        return next(pack for pack in self.packs if pack.name == name)


def bring(places, only=None, types=None):
    registry = Registry(types or definitions())
    native = ModuleType("nodes")
    supplies = bring_packs(places, ComputeOptions(cpu=True), registry, native, only)
    return Brought(places, registry, native, list(supplies.packs), supplies)


@pytest.fixture
def places(tmp_path):
    found = Places.under(tmp_path)
    found.make()
    found.custom_nodes[0].mkdir()
    yield found
    for name in [name for name in sys.modules if name.startswith("custom_nodes.")]:
        del sys.modules[name]
    sys.modules.pop("server", None)  # so are the routes that it collected
    sys.modules.pop("folder_paths", None)  # it answers from the places of this test


@pytest.fixture
def features(places):
    shutil.copy(FEATURES, places.custom_nodes[0] / "features.py")
    return bring(places)
