"""What packs import of their host can be imported; what is missing says so when it is used, and only then."""

import importlib
import logging
import sys

import pytest

import nodes
from engine.packs.absent import is_absent, surface
from engine.packs.offering import NotOffered
from tests.packs.conftest import bring


@pytest.fixture
def host(places):
    """The host's modules as packs find them, with the nodes that ship."""
    (places.custom_nodes[0] / "any.py").write_text("NODE_CLASS_MAPPINGS = {}")
    brought = bring(places, types=nodes.definitions())
    kept = sys.modules.get("nodes")
    sys.modules["nodes"] = brought.native
    yield brought
    if kept is None:
        del sys.modules["nodes"]
    else:
        sys.modules["nodes"] = kept
    for name in [name for name in sys.modules if name.split(".")[0] in ("comfy", "comfy_extras", "execution")]:
        if not name.startswith("comfy.comfy_types"):
            sys.modules.pop(name)


def names():
    return [(module, name) for module, found in surface().items() for name in (found or [""])]


def test_every_name_that_packs_import_can_be_imported(host):
    missing = []
    for module, name in names():
        try:
            found = importlib.import_module(module)
            if name:
                getattr(found, name)
        except Exception as error:  # noqa: BLE001 (all of them are listed)
            missing.append(f"{module}.{name}: {error!r}")
    assert not missing


def test_the_share_of_names_that_do_something(host):
    named = [(importlib.import_module(module), name) for module, name in names() if name]
    works = [name for module, name in named if not is_absent(getattr(module, name))]
    print(f"{len(surface())} modules and {len(named)} names import; {len(works)} names do something")
    assert len(works) >= 140


def test_absent_classes_can_be_subclassed_and_named_but_not_used(host):
    from comfy.model_patcher import ModelPatcher

    class Mine(ModelPatcher):
        size: "ModelPatcher | None" = None

        def more(self):
            return 1

    assert ModelPatcher.__name__ == "ModelPatcher" and ModelPatcher.__module__ == "comfy.model_patcher"
    assert not isinstance(3, ModelPatcher) and (ModelPatcher | None)
    with pytest.raises(NotOffered, match=r"comfy\.model_patcher\.ModelPatcher"):
        Mine()
    with pytest.raises(NotOffered, match=r"ModelPatcher\.clone"):
        ModelPatcher.clone(3)


def test_absent_functions_and_values_say_what_is_missing(host):
    import comfy
    import comfy.sample

    with pytest.raises(NotOffered, match=r"comfy\.sample\.sample"):
        comfy.sample.sample(1, 2)
    with pytest.raises(NotOffered, match="UNET_MAP_BASIC"):
        list(comfy.utils.UNET_MAP_BASIC)
    with pytest.raises(NotOffered, match=r"KSampler\(\.\.\.\)"):
        comfy.samplers.KSampler(None, 20)
    assert not hasattr(comfy.samplers, "no_such_name_at_all")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("comfy.no_such_module")


def test_replacing_what_is_absent_is_said(host, caplog):
    import comfy.ldm.flux.layers
    import comfy.samplers

    with caplog.at_level(logging.WARNING):
        comfy.samplers.sampling_function = lambda: 1
        comfy.ldm.flux.layers.DoubleStreamBlock.forward = lambda: 1
    assert "replaces comfy.samplers.sampling_function" in caplog.text
    assert "replaces comfy.ldm.flux.layers.DoubleStreamBlock.forward" in caplog.text


def test_node_modules_give_native_classes(host):
    from comfy_extras.nodes_mask import GrowMask

    assert GrowMask is host.native.NODE_CLASS_MAPPINGS["GrowMask"] and "mask" in GrowMask.INPUT_TYPES()["required"]


def test_arguments_are_those_of_this_start(host):
    from comfy.cli_args import args

    assert args.cpu is True and args.lowvram is False
    assert not hasattr(args, "no_such_flag")


def test_attention_is_computed(host):
    import torch
    from comfy.ldm.modules.attention import optimized_attention

    q, k, v = torch.randn(3, 2, 5, 8, generator=torch.Generator().manual_seed(1)).unbind()
    made = optimized_attention(q, k, v, heads=2)
    weights = torch.softmax(q[0, :, :4] @ k[0, :, :4].T / 2, dim=-1)
    torch.testing.assert_close(made[0, :, :4], weights @ v[0, :, :4])
    again = (part.unflatten(-1, (2, 4)).transpose(1, 2) for part in (q, k, v))
    assert torch.equal(optimized_attention(*again, heads=2, skip_reshape=True), made)
    first = torch.zeros(5, 5, dtype=torch.bool)
    first[:, 0] = True
    torch.testing.assert_close(optimized_attention(q, k, v, 2, mask=first), v[:, :1].expand(-1, 5, -1))


def test_memory_and_weights(host):
    import comfy.model_management as management
    import comfy.utils
    import torch

    assert management.get_free_memory() > 2**20 and management.get_torch_device().type == "cpu"
    assert management.vram_state is management.VRAMState.NORMAL_VRAM
    assert management.module_size(torch.nn.Linear(3, 2)) == 32 and management.dtype_size(torch.float16) == 2
    weights = {"a.x": torch.zeros(3, dtype=torch.float16), "a.y": torch.zeros(1), "b": torch.zeros(9)}
    assert comfy.utils.calculate_parameters(weights, "a.") == 4
    assert (
        comfy.utils.weight_dtype(weights, "a.") == torch.float16 and comfy.utils.weight_dtype(weights) is torch.float32
    )
    assert comfy.utils.get_tiled_scale_steps(100, 30, 64, 64, 16) == 2
