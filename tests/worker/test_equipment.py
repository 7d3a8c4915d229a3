"""Each worker computes on a device of its own, and leaves the others their share of the processor."""

import pytest
import torch

from engine.files.places import Places
from engine.options import read_options
from engine.worker.equipment import _own_device, _share
from engine.worker.setup import WorkerSetup


@pytest.mark.parametrize(
    ("flags", "accelerators", "devices"),
    [
        ((), 3, [0, 1, 2]),
        (("--default-device", "1"), 3, [1, 2, 0]),
        (("--cuda-device", "2"), 3, [2, 2, 2]),
        (("--workers", "3"), 2, [0, 1, 0]),
        ((), 1, [None, None, None]),
        (("--cpu",), 0, [None, None, None]),
    ],
)
def test_accelerators_are_dealt_out(tmp_path, flags, accelerators, devices):
    compute = read_options(flags, tmp_path).compute
    setups = [WorkerSetup(Places.under(tmp_path), compute, number=number) for number in (1, 2, 3)]
    assert [_own_device(setup, accelerators).device for setup in setups] == devices


@pytest.mark.parametrize(("workers", "threads"), [(1, 6), (2, 3), (4, 1), (100, 1)])
def test_workers_on_the_processor_share_its_cores(monkeypatch, workers, threads):
    set_to = [6]
    monkeypatch.setattr(torch, "get_num_threads", lambda: set_to[-1])
    monkeypatch.setattr(torch, "set_num_threads", set_to.append)
    _share(workers, torch.device("cpu"))
    assert set_to[-1] == threads


def test_packs_that_name_no_number_compute_on_the_workers_own_device(monkeypatch):
    chosen: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    _share(2, torch.device("cuda", 1))
    assert chosen == [torch.device("cuda", 1)]
