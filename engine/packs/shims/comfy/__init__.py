"""The parts of the ecosystem's engine that packs may import here; see docs/packs.md."""
