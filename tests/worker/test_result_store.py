"""Costly results survive a restart on disk, within bounds, and come back the same or not at all."""

import os
import threading
import time
from types import MappingProxyType

import pytest
import torch

from engine.execution.cache import BoundedCache, NodeOutputs
from engine.execution.keys import LOCAL, ResultKey
from engine.execution.tiers import COSTLY_FROM_S, TieredCache, is_costly
from engine.files.places import Places
from engine.graph import Blocked, InputSpec, Link, NodeDefinition, NodeResult, OutputSpec
from engine.sampling import Area, Conditioning, ConditioningItem, Latent
from engine.worker.result_store import DiskStore
from tests.execution.runner import Runner

CLASSES = (Area, Blocked, Conditioning, ConditioningItem, Latent)
BUDGET = 10_000_000


@pytest.fixture
def places(tmp_path):
    found = Places.under(tmp_path)
    found.make()
    return found


def store_in(places, budget=BUDGET, origin="this code"):
    return DiskStore(places.user / "cache" / "results", budget, places, origin, CLASSES)


def kept(places, outputs, key="key", **options):
    """Write a result, and read it as the next process would."""
    store = store_in(places, **options)
    store.put(ResultKey(key), outputs)
    store.flush()
    return store_in(places, **options).get(ResultKey(key))


def files(places):
    return sorted((places.user / "cache" / "results").glob("*"))


def same(left, right):
    if isinstance(left, torch.Tensor):
        return type(right) is torch.Tensor and left.dtype == right.dtype and torch.equal(left, right)
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if hasattr(left, "__dataclass_fields__"):
        return all(same(getattr(left, name), getattr(right, name)) for name in left.__dataclass_fields__)
    return left == right


def conditioning():
    mask = torch.rand(8, 8)
    item = ConditioningItem(
        torch.rand(1, 77, 16), torch.rand(1, 16), mask=mask, strength=0.5, extra={"g": 3.5, "m": mask}
    )
    return Conditioning((item, item.with_(start_percent=0.25)))


VALUES = {
    "image": torch.rand(2, 8, 8, 3),
    "half": torch.rand(3).bfloat16(),
    "flags": torch.tensor([True, False]),
    "no elements": torch.zeros(0, 4),
    "one number": torch.tensor(3.5),
    "a view that is not contiguous": torch.rand(4, 6).t()[1:, ::2],
    "inference tensor": torch.inference_mode()(lambda: torch.rand(3))(),
    "latent": Latent(torch.rand(1, 4, 8, 8), torch.ones(1, 1, 8, 8), (0, 2), {"pack": "x"}),
    "conditioning": conditioning(),
    "plain": {"a": [1, 2.5, None, True, "é"], "b": (1, (2,)), "c": {}, 3: "three", "d": b"\0\xff"},
    "not finite": float("-inf"),
    "large": 2**80,
    "looks like a marker": ["t", "0", "cpu"],
    "blocked": Blocked("why"),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_what_is_written_is_read_back_the_same(places, value):
    outputs = NodeOutputs(([value, value], []), {"text": ["shown"]})
    found = kept(places, outputs)
    assert same(found.values, outputs.values)
    assert found.ui == {"text": ["shown"]}


def test_tensors_that_are_there_twice_are_written_once(places):
    tensor = torch.rand(100_000)
    found = kept(places, NodeOutputs(([tensor], [tensor])))
    assert found is not None
    assert sum(path.stat().st_size for path in files(places)) < 1.1 * tensor.nbytes


@pytest.mark.parametrize(
    "value",
    [object(), torch.nn.Linear(1, 1), lambda: 1, {"deep": [object()]}, torch.rand(2).to(torch.complex64), {1, 2}],
)
def test_what_cannot_be_read_back_is_not_written(places, value):
    assert kept(places, NodeOutputs(([value],))) is None
    assert files(places) == []


def test_later_changes_in_place_do_not_show(places):
    store, image = store_in(places), torch.zeros(1000)
    gate = threading.Event()
    store._orders.put(gate.wait)  # nothing is written before the change
    store.put(ResultKey("key"), NodeOutputs(([image],)))
    image += 1
    gate.set()
    store.flush()
    assert store.get(ResultKey("key")).values[0][0].max() == 0


def test_a_value_that_only_looks_like_a_dict_is_read_as_one(places):
    found = kept(places, NodeOutputs(([MappingProxyType({"a": 1})],)))
    assert found.values == ([{"a": 1}],)


# What is not to be trusted


def damage(path, at, to=b"\x7f"):
    data = bytearray(path.read_bytes())
    data[at : at + len(to)] = to
    path.write_bytes(bytes(data))


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-10]),
    "empty": lambda path: path.write_bytes(b""),
    "header length": lambda path: damage(path, 0, b"\xff\xff\xff\xff\xff\xff\xff\xff"),
    "header text": lambda path: damage(path, 9, b"~~~"),
    "one bit of a tensor": lambda path: damage(path, -3),
    "of another key": lambda path: path.write_bytes(path.read_bytes().replace(b'"key":"key"', b'"key":"kex"')),
    "of another format": lambda path: path.write_bytes(path.read_bytes().replace(b"weft result 1", b"weft result 9")),
}


@pytest.mark.parametrize("harm", DAMAGES.values(), ids=DAMAGES)
def test_a_broken_file_is_a_miss_and_goes(places, caplog, harm):
    outputs = NodeOutputs(([torch.rand(100)],))
    assert kept(places, outputs) is not None
    harm(files(places)[0])
    assert store_in(places).get(ResultKey("key")) is None
    assert files(places) == []
    assert "is broken" in caplog.text
    assert kept(places, outputs) is not None  # and it is written anew


def test_other_code_or_options_find_nothing(places):
    assert kept(places, NodeOutputs(([1],))) is not None
    assert store_in(places, origin="that code").get(ResultKey("key")) is None


def test_a_result_whose_shown_file_is_gone_or_another_one_is_a_miss(places):
    picture = places.temp / "sub" / "a.png"
    picture.parent.mkdir()
    shown = {"images": [{"filename": "a.png", "subfolder": "sub", "type": "temp"}]}
    picture.write_bytes(b"first")
    assert kept(places, NodeOutputs(([1],), shown)).ui == shown
    picture.write_bytes(b"another picture")
    assert store_in(places).get(ResultKey("key")) is None
    picture.write_bytes(b"first")
    assert kept(places, NodeOutputs(([1],), shown)) is not None
    picture.unlink()
    assert store_in(places).get(ResultKey("key")) is None
    assert files(places) == []


def test_a_folder_that_cannot_be_written_is_said_once_and_the_run_goes_on(places, caplog):
    (places.user / "cache").write_text("a file is in the way")
    store = store_in(places)
    for key in ("a", "b"):
        store.put(ResultKey(key), NodeOutputs(([1],)))
        store.flush()
    assert store.get(ResultKey("a")) is None
    assert caplog.text.count("no longer kept on disk") == 1


# Bounds


def entry(size=100_000):
    return NodeOutputs(([torch.rand(size // 4)],))


def test_what_was_used_longest_ago_goes_first_and_reading_is_use(places):
    store = store_in(places, budget=1_000_000)
    for number in range(8):
        store.put(ResultKey(str(number)), entry())
        store.flush()
        os.utime(store._path(ResultKey(str(number))), (1000 + number, 1000 + number))
    assert store.get(ResultKey("0")) is not None
    for number in range(8, 12):
        store.put(ResultKey(str(number)), entry())
    store.flush()
    there = {number for number in range(12) if store.get(ResultKey(str(number))) is not None}
    assert {0, 8, 9, 10, 11} <= there and not {1, 2} & there
    assert sum(path.stat().st_size for path in files(places)) <= 1_000_000


def test_bounds_hold_for_what_earlier_processes_wrote(places):
    for number in range(30):
        store = store_in(places, budget=1_000_000)  # each knows nothing of the others
        store.put(ResultKey(str(number)), entry())
        store.flush()
    assert sum(path.stat().st_size for path in files(places)) <= 1_000_000


def test_a_result_larger_than_the_bound_is_not_written(places):
    assert kept(places, entry(500_000), budget=100_000) is None


def test_what_waits_to_be_written_is_bounded_too(places):
    store, gate = store_in(places, budget=1_000_000), threading.Event()
    store._orders.put(gate.wait)
    for number in range(100):
        store.put(ResultKey(str(number)), entry())
    assert store._waiting_bytes <= 1_000_000
    gate.set()
    store.flush()
    assert store._waiting_bytes == 0


def test_what_a_dead_process_left_unfinished_is_removed(places):
    assert kept(places, entry(), budget=1_000_000) is not None
    folder = files(places)[0].parent
    for name, age_s in (("dead.1.1.part", 100_000), ("alive.2.1.part", 0)):
        (folder / name).write_bytes(b"half")
        if age_s:
            os.utime(folder / name, (1000, 1000))
    assert kept(places, entry(), key="other", budget=1_000_000) is not None
    assert [path.name for path in files(places) if path.suffix == ".part"] == ["alive.2.1.part"]


def test_several_workers_may_share_the_folder(places):
    wrong = []

    def work(number):
        store = store_in(places, budget=500_000)
        for step in range(60):
            key = ResultKey(str((step * (number + 1)) % 30))
            found = store.get(key)
            if found is not None and not torch.equal(found.values[0][0], torch.full((5000,), float(key))):
                wrong.append(key)
            store.put(key, NodeOutputs(([torch.full((5000,), float(key))],)))
        store.flush()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert files(places) and all(path.suffix == ".safetensors" for path in files(places))


# Memory and disk together


class CountingStore:
    def __init__(self):
        self.there = {}
        self.asked = []

    def get(self, key):
        self.asked.append(key)
        return self.there.get(key)

    def put(self, key, outputs):
        self.there[key] = outputs


def test_only_costly_portable_results_reach_the_store_and_memory_comes_first():
    store = CountingStore()
    cache = TieredCache(BoundedCache(), store)
    cache.put(ResultKey("quick"), NodeOutputs(([1],)), COSTLY_FROM_S / 2)
    cache.put(ResultKey("slow"), NodeOutputs(([2],)), 2 * COSTLY_FROM_S)
    cache.put(ResultKey(LOCAL + "slow"), NodeOutputs(([3],)), 2 * COSTLY_FROM_S)
    assert list(store.there) == ["slow"]
    assert cache.get(ResultKey("slow")).values == ([2],)
    assert store.asked == []
    cache.clear()
    assert cache.get(ResultKey("quick")) is None
    assert cache.get(ResultKey(LOCAL + "slow")) is None
    assert cache.get(ResultKey("slow")).values == ([2],)
    assert cache.get(ResultKey("slow")).values == ([2],)
    assert store.asked == ["quick", "slow"]  # once: then it is in memory again


def test_large_results_must_have_taken_longer():
    assert is_costly(1.0, 10_000_000)
    assert not is_costly(0.2, 10_000_000)


# In runs


def slow(value, salt=0):
    time.sleep(1.2 * COSTLY_FROM_S)
    return torch.full((10,), float(value))


def define(name, function, inputs="", **more):
    specs = tuple(InputSpec(part, "*", required=False) for part in inputs.split())
    return NodeDefinition(
        name, name, "t", specs, more.pop("outputs", (OutputSpec("0", "*"),)), function=function, **more
    )


def runner_in(places):
    store = store_in(places)
    definitions = [
        define("Quick", lambda value: value, "value"),
        define("Slow", slow, "value salt"),
        define("Own", slow, "value", is_personal=True),
        define("Fresh", slow, "value", fingerprint=lambda value, places: float("nan")),
        define("Show", lambda value: NodeResult(ui={"text": [str(value)]}), "value", outputs=(), is_target=True),
    ]
    runner = Runner(definitions, cache=TieredCache(BoundedCache(), store))
    runner.store = store
    return runner


def chain_of(kind):
    return {
        "a": ("Quick", {"value": 3}),
        "b": (kind, {"value": Link("a", 0)}),
        "c": ("Quick", {"value": Link("b", 0)}),
        "show": ("Show", {"value": Link("c", 0)}),
    }


@pytest.mark.parametrize(
    ("kind", "again"), [("Slow", ["c", "show"]), ("Own", ["a", "b", "c", "show"]), ("Fresh", ["a", "b", "c", "show"])]
)
def test_after_a_restart_only_what_is_quick_and_what_may_not_be_kept_runs_again(places, kind, again):
    shown = []
    for executed in (["a", "b", "c", "show"], again):
        runner = runner_in(places)
        outcome = runner.run(**chain_of(kind))
        runner.store.flush()
        runner.executor.close()
        assert list(outcome.executed) == executed
        shown.append(outcome.outputs["show"])
    assert shown[0] == shown[1]


def test_what_depends_on_a_node_that_is_not_kept_is_not_kept_either(places):
    nodes = chain_of("Fresh") | {
        "d": ("Slow", {"value": 1, "salt": Link("b", 0)}),
        "show": ("Show", {"value": Link("d", 0)}),
    }
    runner = runner_in(places)
    runner.run(**nodes)
    runner.store.flush()
    runner.executor.close()
    assert files(places) == []
