"""How does a node of the schema style describe itself, and what does it return?"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from comfy_api.kinds import Input, Output

log = logging.getLogger(__name__)


class Hidden(StrEnum):
    """What a node may ask for beside its inputs."""

    unique_id = "UNIQUE_ID"
    prompt = "PROMPT"
    extra_pnginfo = "EXTRA_PNGINFO"
    dynprompt = "DYNPROMPT"
    auth_token_comfy_org = "AUTH_TOKEN_COMFY_ORG"
    api_key_comfy_org = "API_KEY_COMFY_ORG"


@dataclass(frozen=True)
class PriceBadgeDepends:
    """What the price of a node of a paid service depends on: names of inputs."""

    widgets: Sequence[str] = ()
    inputs: Sequence[str] = ()
    input_groups: Sequence[str] = ()


@dataclass(frozen=True)
class PriceBadge:
    """The price of a node of a paid service, which is not shown here."""

    expr: str
    depends_on: PriceBadgeDepends = PriceBadgeDepends()
    engine: str = "jsonata"


class Schema:
    """A node type: its inputs and outputs in order, and its flags.

    Args:
        node_id: the node type's name in workflows.
        hidden: what `cls.hidden` tells.
        is_input_list: `execute` gets whole lists instead of one call per element.
        is_output_node: a run may aim at it.
        not_idempotent: equal inputs do not make its result another node's.
        enable_expand: it may return a graph to be run in its place.
    """

    def __init__(
        self,
        node_id: str,
        display_name: str | None = None,
        category: str = "sd",
        inputs: Sequence[Input] | None = None,
        outputs: Sequence[Output] | None = None,
        hidden: Sequence[Hidden] | None = None,
        description: str = "",
        search_aliases: Sequence[str] | None = None,
        is_input_list: bool = False,
        is_output_node: bool = False,
        is_deprecated: bool = False,
        is_experimental: bool = False,
        is_dev_only: bool = False,
        is_api_node: bool = False,
        price_badge: Any = None,
        not_idempotent: bool = False,
        enable_expand: bool = False,
        accept_all_inputs: bool = False,
        essentials_category: str | None = None,
        has_intermediate_output: bool = False,
        **unknown: Any,
    ) -> None:
        self.node_id = node_id
        self.display_name = display_name
        self.category = category
        self.inputs = list(inputs or ())
        self.outputs = list(outputs or ())
        saves = (Hidden.prompt, Hidden.extra_pnginfo) if is_output_node else ()  # what it shows may carry the workflow
        self.hidden = list(dict.fromkeys((*(hidden or ()), *saves)))
        self.description = description
        self.search_aliases = list(search_aliases or ())
        self.is_input_list = is_input_list
        self.is_output_node = is_output_node
        self.is_deprecated = is_deprecated
        self.is_experimental = is_experimental
        self.is_dev_only = is_dev_only
        self.is_api_node = is_api_node
        self.price_badge = price_badge
        self.not_idempotent = not_idempotent
        self.enable_expand = enable_expand
        self.accept_all_inputs = accept_all_inputs
        self.essentials_category = essentials_category
        self.has_intermediate_output = has_intermediate_output
        if unknown:
            log.info("The node %s has %s in its schema, which means nothing here.", node_id, ", ".join(unknown))

    def validate(self) -> None:
        """Check that names are given once.

        Raises:
            ValueError: two inputs, or two outputs, of one id; or an input contradicts itself.
        """
        for role, parts in (("inputs", self.inputs), ("outputs", self.outputs)):
            ids = [part.id for part in parts if part.id is not None]
            twice = sorted({name for name in ids if ids.count(name) > 1})
            if twice:
                raise ValueError(f"The node {self.node_id} has two {role} called {', '.join(twice)}. Rename one.")
        for part in (*self.inputs, *self.outputs):
            part.validate()


class NodeOutput:
    """What `execute` returns.

    Args:
        args: one value per output.
        ui: what the node shows: a dict, or one of the classes of `ui`.
        expand: a graph that is run in the node's place; values may be links into it.
        block_execution: do nothing with the outputs; a text is shown as an error at the nodes that would have used
            them, "" says nothing.
    """

    def __init__(
        self, *args: Any, ui: Any = None, expand: Mapping[str, Any] | None = None, block_execution: str | None = None
    ) -> None:
        self.args = args
        self.ui = ui
        self.expand = expand
        self.block_execution = block_execution

    @property
    def result(self) -> tuple[Any, ...] | None:
        return self.args or None

    def __getitem__(self, index: int) -> Any:
        return self.args[index]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> NodeOutput:
        """Read what class-style nodes return."""
        result = data.get("result") or ()
        return cls(*result, ui=data.get("ui"), expand=data.get("expand"))


@dataclass(frozen=True)
class HiddenHolder:
    """What a running node may know beside its inputs; None where nothing runs."""

    unique_id: str | None = None
    prompt: Mapping[str, Any] | None = None
    extra_pnginfo: Mapping[str, Any] | None = None
    dynprompt: Any = None
    auth_token_comfy_org: str | None = None
    api_key_comfy_org: str | None = None
