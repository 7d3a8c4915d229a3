"""A schema-style pack that pins the version of the interface it was written for."""

from comfy_api.v0_0_2 import ComfyExtension, io


class Pinned(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaPinned",
            category="probe/schema",
            inputs=[io.Int.Input("value", default=0)],
            outputs=[io.Int.Output()],
        )

    @classmethod
    def execute(cls, value) -> io.NodeOutput:
        return io.NodeOutput(value + 1)


class PinnedExtension(ComfyExtension):
    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return [Pinned]


async def comfy_entrypoint() -> ComfyExtension:
    return PinnedExtension()
