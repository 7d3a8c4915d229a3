"""The parts of the ecosystem's engine that packs may import here; see docs/packs.md."""

from engine.packs.absent import complete

complete(__name__)
