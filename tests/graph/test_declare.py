"""A typed function becomes a node definition: inputs in order, widgets, defaults, tooltips, outputs."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import pytest

from engine.graph import (
    Choice,
    ModelFiles,
    NodeResult,
    Range,
    Runs,
    Several,
    Socket,
    Text,
    declared_in,
    node,
)
from engine.graph.declare import DEFINITION

Model = Socket("MODEL")
Image = Socket("IMAGE")
Mask = Socket("MASK")


class Loaded(NamedTuple):
    model: Model
    positive: Image


@node("Everything", category="test", display_name="All of it", is_target=True, hidden={"prompt": "PROMPT"})
def everything(
    *,
    model: Model,
    seed: Annotated[int, Range(0, 2**64 - 1, seed=True)] = 0,
    cfg: Annotated[float, Range(0, 100, step=0.1, round_to=0.01)] = 8.0,
    method: Annotated[str, Choice(("a", "b"))],
    name: Annotated[str, Choice(ModelFiles("loras"))],
    text: Annotated[str, Text(multiline=True, dynamic_prompts=True)],
    on: bool = True,
    mask: Mask | None = None,
    context: object,
) -> Loaded:
    """Do everything
    at once.

    Not in the description.

    Args:
        cfg: how strongly,
            in two lines.
        model: what with.
    """
    return Loaded(model, cfg)


definition = getattr(everything, DEFINITION)


def test_inputs_keep_the_signatures_order_and_the_context_is_none_of_them():
    names = [spec.name for spec in definition.inputs]
    assert names == ["model", "seed", "cfg", "method", "name", "text", "on", "mask"]
    assert definition.wants_context


def test_sockets_become_inputs_without_widget_and_none_makes_them_optional():
    model, mask = definition.input("model"), definition.input("mask")
    assert (model.type, model.required, model.widget) == ("MODEL", True, None)
    assert (mask.type, mask.required, mask.widget) == ("MASK", False, None)


@pytest.mark.parametrize(
    ("name", "type_", "options"),
    [
        ("seed", "INT", {"default": 0, "min": 0, "max": 2**64 - 1, "control_after_generate": True}),
        ("cfg", "FLOAT", {"default": 8.0, "min": 0, "max": 100, "step": 0.1, "round": 0.01}),
        ("method", "COMBO", {}),
        ("text", "STRING", {"multiline": True, "dynamicPrompts": True}),
        ("on", "BOOLEAN", {"default": True}),
    ],
)
def test_annotations_become_widgets(name, type_, options):
    spec = definition.input(name)
    assert spec.type == type_
    assert spec.widget.options() == options


def test_description_is_the_first_paragraph_and_args_are_tooltips():
    assert definition.description == "Do everything at once."
    assert definition.input("cfg").tooltip == "how strongly, in two lines."
    assert definition.input("model").tooltip == "what with."


def test_outputs_named_as_their_type_take_its_name():
    assert [(output.name, output.type) for output in definition.outputs] == [("MODEL", "MODEL"), ("positive", "IMAGE")]


def test_a_coroutine_runs_freely():
    @node("Waits", category="test")
    async def waits(*, image: Image) -> Image:
        return image

    assert getattr(waits, DEFINITION).runs is Runs.FREELY


def test_a_node_that_only_shows_something_has_no_outputs():
    @node("Shows", category="test")
    def shows(*, image: Image) -> NodeResult:
        return NodeResult(ui={"images": []})

    assert getattr(shows, DEFINITION).outputs == ()


def test_a_definition_travels_without_its_functions():
    described = definition.described()
    assert described.function is None
    assert described.inputs == definition.inputs


def test_mistakes_in_a_declaration_are_named_when_it_is_made():
    with pytest.raises(TypeError, match="keyword-only"):

        @node("Positional", category="test")
        def positional(image: Image) -> Image:
            return image

    with pytest.raises(TypeError, match=r"'image' is annotated .*bytes"):

        @node("Untyped", category="test")
        def untyped(*, image: bytes) -> Image:
            return image

    with pytest.raises(TypeError, match="strenth"):

        @node("Typo", category="test")
        def typo(*, strength: float = 1.0) -> Image:
            """Do.

            Args:
                strenth: misspelt.
            """


def test_declared_in_lists_a_modules_own_nodes():
    import sys

    assert [found.type for found in declared_in(sys.modules[__name__])] == ["Everything"]


def test_one_parameter_may_stand_for_inputs_of_any_names():
    @node("Shares", category="test")
    def shares(
        *,
        model: Model,
        shares: Annotated[Mapping[str, float], Several(("in.0.", "out."), Annotated[float, Range(0, 1)], 0.5)],
        images: list[Image],
    ) -> Model:
        """Tell shares.

        Args:
            shares: how much.
        """
        return model, shares, images

    declared = getattr(shares, DEFINITION)
    assert [(spec.name, spec.type, spec.tooltip) for spec in declared.inputs] == [
        ("model", "MODEL", ""),
        ("in.0.", "FLOAT", "how much."),
        ("out.", "FLOAT", "how much."),
        ("images", "IMAGE", ""),
    ]
    assert (declared.inputs[1].widget.default, declared.inputs[1].widget.maximum) == (0.5, 1)
    given = {"model": ["m"], "in.0.": [0.1], "out.": [0.2], "images": ["a", "b"]}
    assert declared.function(**given) == ("m", {"in.0.": 0.1, "out.": 0.2}, ["a", "b"])
    assert shares(model="m", shares={"out.": 1.0}, images=[])[1] == {"out.": 1.0}
