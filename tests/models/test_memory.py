"""Weights come when they are wanted, patched or not, and are to the bit what they were afterwards."""

import gc
import threading
import weakref

import pytest
import torch

from engine import models
from engine.errors import BadOption
from engine.models.memory import devices, precision, threads
from engine.sampling import NetworkInputs
from tests import tiny

NAME = "out.2.weight"


class Add:
    """A patch that adds a constant to one weight."""

    def __init__(self, amount, name=NAME):
        self.amount = amount
        self.weight_names = {name}

    def patched(self, name, weight):
        assert weight.dtype == torch.float32
        return weight.add_(self.amount)


class Broken(Add):
    def patched(self, name, weight):
        raise ArithmeticError("half-way")


@pytest.fixture(params=["fp32", "bf16"])
def model(request, tmp_path):
    path = tiny.write_checkpoint(tmp_path / "x.safetensors")
    return models.load_checkpoint(path, precision=models.choose_precision(every=request.param)).model


def state(model):
    return {name: t.clone() for name, t in model.hosted.module.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def test_patches_are_applied_while_held_and_restored_to_the_bit(model):
    with model.hosted.holding():
        before = state(model)
    with model.hosted.holding([Add(1.0), Add(0.5)]):
        inside = state(model)
    assert same(state(model), before)
    changed = {name for name in before if not torch.equal(before[name], inside[name])}
    assert changed == {NAME}
    original = model.hosted.weights[NAME].float()
    assert torch.equal(inside[NAME], (original + 1.5).to(inside[NAME].dtype))


def test_blocks_nest(model):
    outer, inner = model.with_patch(Add(1.0)), model.with_patch(Add(2.0))
    memory = models.DeviceMemory()
    with memory.hold(outer):
        first = state(model)
        with memory.hold(inner):
            second = state(model)
        assert same(state(model), first)
        with memory.hold(outer):
            assert same(state(model), first)
    assert not torch.equal(first[NAME], second[NAME])
    with model.hosted.holding():
        assert not torch.equal(state(model)[NAME], first[NAME])


def test_models_are_values_that_share_weights(model):
    x, sigma = torch.ones(1, 4, 8, 8), torch.ones(1)
    inputs = NetworkInputs(torch.ones(1, 77, 64))
    plain = model.denoise(x, sigma, inputs)
    patched = model.with_patch(Add(0.5))
    assert patched.hosted is model.hosted
    assert not torch.equal(patched.denoise(x, sigma, inputs), plain)
    assert torch.equal(model.denoise(x, sigma, inputs), plain)


@pytest.mark.parametrize("order", [(Add(1.0), Broken(1.0)), (Add(1.0, "out.0.weight"), Broken(1.0))])
def test_a_patch_that_fails_leaves_nothing_behind(model, order):
    with model.hosted.holding():
        before = state(model)
    with pytest.raises(ArithmeticError), model.hosted.holding(order):
        raise AssertionError("the block must not be entered")
    assert same(state(model), before)


def test_an_error_inside_restores_too(model):
    with model.hosted.holding():
        before = state(model)
    with pytest.raises(KeyboardInterrupt), model.hosted.holding([Add(1.0)]):
        raise KeyboardInterrupt
    assert same(state(model), before)


def test_released_weights_come_back(model):
    memory = models.DeviceMemory()
    with memory.hold(model):
        before = state(model)
        memory.release()
        assert model.hosted.is_resident  # in use: not touched
    memory.release()
    assert not model.hosted.is_resident
    assert all(t.is_meta for t in model.hosted.module.state_dict().values())
    with memory.hold(model):
        assert same(state(model), before)


def test_the_text_encoder_works_after_a_release(tmp_path):
    checkpoint = models.load_checkpoint(tiny.write_checkpoint(tmp_path / "x.safetensors"))
    memory = models.DeviceMemory()
    with memory.hold(checkpoint.text_encoder, checkpoint.vae):
        first = checkpoint.text_encoder.encode("cat")[0]
    memory.release()
    assert torch.equal(checkpoint.text_encoder.encode("cat")[0], first)


def test_weights_brought_in_under_inference_mode_can_be_patched_outside(model):
    with torch.inference_mode(), model.hosted.holding():
        pass
    with model.hosted.holding([Add(1.0)]):
        assert not model.hosted.module.state_dict()[NAME].is_inference()


def test_another_thread_waits(model):
    entered, seen = threading.Event(), []

    def other():
        entered.set()
        with model.hosted.holding():
            seen.append(model.hosted.module.state_dict()[NAME].clone())

    with model.hosted.holding([Add(1.0)]):
        inside = state(model)[NAME]
        thread = threading.Thread(target=other)
        thread.start()
        entered.wait(5)
        thread.join(0.2)
        assert seen == []
    thread.join(5)
    assert not torch.equal(seen[0], inside)


def test_what_is_not_used_any_more_goes_first(model, tmp_path, monkeypatch):
    """Eviction, with a device whose memory is what this test says."""
    other = models.load_checkpoint(tiny.write_checkpoint(tmp_path / "other.safetensors")).model
    memory = models.DeviceMemory(reserve_bytes=0)
    free = [10**12]
    monkeypatch.setattr("engine.models.memory.device_memory.free_bytes", lambda device: free[0])
    with memory.hold(model):
        pass
    free[0] = 0
    with memory.hold(other):
        assert not model.hosted.is_resident
    with memory.hold(model), memory.hold(other):
        assert model.hosted.is_resident and other.hosted.is_resident  # nothing in use is evicted


def test_precision_follows_the_device_and_the_flags(monkeypatch):
    cpu = torch.device("cpu")
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda device: True)
    fast = models.choose_precision(cpu)
    assert (fast.network.dtype, fast.vae.dtype, fast.text_encoder.dtype) == (
        torch.bfloat16,
        torch.bfloat16,
        torch.float32,
    )
    assert fast.network.channels_last and fast.vae.channels_last
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda device: False)
    slow = models.choose_precision(cpu)
    assert {slow.network.dtype, slow.vae.dtype, slow.text_encoder.dtype} == {torch.float32}
    assert not slow.network.channels_last
    asked = models.choose_precision(cpu, every="fp32", network="bf16", vae="fp16", channels_last=True)
    assert (asked.network.dtype, asked.vae.dtype) == (torch.bfloat16, torch.float16)
    assert asked.network.channels_last
    with pytest.raises(BadOption, match="fp64"):
        models.choose_precision(cpu, network="fp64")


def test_devices(monkeypatch):
    assert devices.choose_device(cpu=True).type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BadOption, match="CUDA device 3"):
        devices.choose_device(cuda_index=3)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert devices.choose_device(cuda_index=1) == torch.device("cuda", 1)
    with pytest.raises(BadOption, match="no CUDA device 2"):
        devices.choose_device(cuda_index=2)


def test_a_wrapper_stands_round_the_network(model):
    x, sigma, inputs = torch.ones(1, 4, 8, 8), torch.ones(1), NetworkInputs(torch.ones(1, 77, 64))
    calls = []

    def outer(network, call):
        calls.append("outer")
        return network(call) * 0

    def inner(network, call):
        calls.append(("inner", tuple(call.x.shape), call.timesteps.tolist()))
        return network(call)

    wrapped = model.with_wrapper(outer).with_wrapper(inner)
    assert torch.equal(wrapped.denoise(x, sigma, inputs), x)  # epsilon 0: nothing to take away
    assert calls == ["outer", ("inner", (1, 4, 8, 8), model.noise_levels.timestep(sigma).tolist())]


def test_a_checkpoint_that_nobody_has_any_more_is_gone_at_once(tmp_path):
    """No circle of references keeps gigabytes until some later garbage collection."""
    checkpoint = models.load_checkpoint(tiny.write_checkpoint(tmp_path / "x.safetensors"))
    memory = models.DeviceMemory()
    with memory.hold(checkpoint.model, checkpoint.text_encoder, checkpoint.vae):
        parts = (checkpoint.model, checkpoint.text_encoder, checkpoint.vae)
        watched = [weakref.ref(part.hosted.module) for part in parts]
    gc.disable()
    try:
        del checkpoint, parts
        assert [ref() for ref in watched] == [None, None, None]
    finally:
        gc.enable()


def test_a_small_network_computes_on_one_thread_and_a_large_one_on_all(model, monkeypatch):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with model.hosted.holding():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 3
        monkeypatch.setattr(threads, "SMALL_NETWORK_BYTES", model.hosted.nbytes - 1)
        with model.hosted.holding():
            assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_what_is_free_is_a_gpus_own_memory_or_the_machines(monkeypatch):
    cpu = torch.device("cpu")
    monkeypatch.setattr(devices, "main_memory", lambda: (16 * 1024**3, 3 * 1024**3))
    assert devices.room(cpu) == 3 * 1024**3
    assert devices.can_spare(cpu, 1024**3) and not devices.can_spare(cpu, 1024**3 + 1)
    monkeypatch.setattr(devices, "free_bytes", lambda device: 7)
    assert devices.room(cpu) == 7 and not devices.can_spare(cpu, 0)
    monkeypatch.setattr(devices, "free_bytes", lambda device: None)
    monkeypatch.setattr(devices, "main_memory", lambda: (0, 0))  # a system that does not say
    assert devices.room(cpu) is None and not devices.can_spare(cpu, 0)
