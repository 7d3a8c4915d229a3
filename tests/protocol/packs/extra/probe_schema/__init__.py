"""A schema-style pack: its entry point gives an extension that lists its nodes."""

from comfy_api.latest import ComfyExtension, io

from . import kinds, ways


class ProbeExtension(ComfyExtension):
    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return [*kinds.NODES, *ways.NODES]


async def comfy_entrypoint() -> ComfyExtension:
    return ProbeExtension()
