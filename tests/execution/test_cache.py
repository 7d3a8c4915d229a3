"""The cache keeps the results used last, within its bytes."""

from types import SimpleNamespace

from engine.execution.cache import BoundedCache, NodeOutputs, memory_bytes


def big(size):
    return NodeOutputs(([SimpleNamespace(nbytes=size)],))


def test_the_oldest_go_first_and_use_makes_young():
    cache = BoundedCache(budget_bytes=10_000)
    cache.put("a", big(3000))
    cache.put("b", big(3000))
    assert cache.get("a") is not None
    cache.put("c", big(3000))
    assert cache.get("b") is None
    assert cache.get("a") is not None and cache.get("c") is not None


def test_the_newest_is_kept_whatever_its_size():
    cache = BoundedCache(budget_bytes=10)
    cache.put("a", big(1000))
    assert cache.get("a") is not None


def test_replacing_counts_once_and_clear_empties():
    cache = BoundedCache(budget_bytes=5000)
    for _ in range(10):
        cache.put("a", big(2000))
    cache.put("b", big(1000))
    assert cache.get("a") is not None
    cache.clear()
    assert cache.get("a") is None


def test_memory_bytes_looks_into_containers():
    tensor = SimpleNamespace(nbytes=100)
    assert memory_bytes({"x": [tensor, (tensor,)], "y": b"12345"}) == 205
