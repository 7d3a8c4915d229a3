"""Models that compute in another type, or compiled, give what they gave, and stay as they were."""

import pytest
import torch

from engine import models, patches
from engine.errors import EngineError
from engine.sampling import NetworkInputs
from nodes import lora, model_computing
from tests import tiny


def run(model):
    return model.denoise(torch.ones(1, 4, 8, 8), torch.ones(1), NetworkInputs(torch.ones(1, 77, 64)))


@pytest.mark.parametrize(("dtype", "tolerance"), [("bf16", 0.1), ("fp16", 0.02)])
def test_another_type_is_near_and_the_usual_one_comes_back(dtype, tolerance, checkpoint):
    exact = run(checkpoint.model)
    narrow = model_computing.compute_in(model=checkpoint.model, dtype=dtype)
    assert narrow.hosted.placement.dtype == {"bf16": torch.bfloat16, "fp16": torch.float16}[dtype]
    assert narrow.memory_needed((1, 4, 8, 8)) == checkpoint.model.memory_needed((1, 4, 8, 8)) / 2
    near = run(narrow)
    assert not torch.equal(near, exact)
    torch.testing.assert_close(near, exact, rtol=0, atol=tolerance * float(exact.abs().max()))
    assert torch.equal(run(checkpoint.model), exact)
    again = model_computing.compute_in(model=narrow, dtype="default")
    assert again.hosted is checkpoint.model.hosted
    assert model_computing.compute_in(model=narrow, dtype="fp32").hosted is checkpoint.model.hosted


def test_a_lora_stays_in_another_type(checkpoint, context):
    narrow = model_computing.compute_in(model=checkpoint.model, dtype="bf16")
    change = {"lora_name": "tiny.safetensors", "strength_model": 1.0, "context": context}
    changed = lora.load_lora_model_only(model=narrow, **change)
    wide = lora.load_lora_model_only(model=checkpoint.model, **change)
    assert (run(changed) - run(wide)).abs().max() < (run(narrow) - run(wide)).abs().max()


def test_weights_kept_in_eight_bits_are_widened_to_the_type_that_computes(tmp_path):
    path = tiny.write_checkpoint(tmp_path / "model.safetensors")
    kept = models.choose_precision(every="fp32", network="fp8_e4m3fn", channels_last=False)
    model = models.load_checkpoint(path, precision=kept).model.computing_in(torch.float32)
    narrow = model.computing_in(torch.float64)
    assert narrow.hosted.placement.storage == torch.float8_e4m3fn
    torch.testing.assert_close(run(narrow), run(model), rtol=1e-4, atol=1e-4)


def test_a_compiled_network_is_called_in_place_of_the_module_with_its_patches(checkpoint, context):
    compiled = patches.with_compiled_network(checkpoint.model, "eager")
    module = checkpoint.model.hosted.module
    assert compiled.patches.compiler(module) is compiled.patches.compiler(module) is not module
    torch.testing.assert_close(run(compiled), run(checkpoint.model))
    changed = lora.load_lora_model_only(model=compiled, lora_name="tiny.safetensors", context=context)
    plain = lora.load_lora_model_only(model=checkpoint.model, lora_name="tiny.safetensors", context=context)
    torch.testing.assert_close(run(changed), run(plain))
    torch.testing.assert_close(run(compiled), run(checkpoint.model))
    assert checkpoint.model.patches.compiler is None


def test_what_does_not_compile_says_what_is_missing(checkpoint):
    def broken(graph, inputs):
        raise RuntimeError("no compiler was found")

    with pytest.raises(EngineError, match=r"could not compile the model with 'broken'.*remove TorchCompileModel"):
        run(patches.with_compiled_network(checkpoint.model, broken))
    with pytest.raises(EngineError, match="computes on cpu: choose inductor"):
        model_computing.compile_model(model=checkpoint.model, backend="cudagraphs")


def test_the_node_compiles_by_inductor_and_says_which_compiler_is_missing(checkpoint, monkeypatch):
    compiled = model_computing.compile_model(model=checkpoint.model, backend="inductor")
    assert compiled.patches.compiler is not None
    torch._dynamo.reset()
    monkeypatch.setattr(torch._inductor.config.cpp, "cxx", ("no-such-compiler",))
    monkeypatch.setattr(torch._inductor.config, "force_disable_caches", True)
    with pytest.raises(EngineError, match=r"'inductor'.*It needs a C\+\+ compiler"):
        run(compiled)
