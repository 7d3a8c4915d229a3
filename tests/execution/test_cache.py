"""The cache keeps the results used last, within its bytes."""

from types import SimpleNamespace

from engine.execution.cache import SMALLEST_ENTRY_BYTES, BoundedCache, NodeOutputs, memory_bytes


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
    cache = BoundedCache(budget_bytes=6000)
    for _ in range(10):
        cache.put("a", big(2000))
    cache.put("b", big(1000))
    assert cache.get("a") is not None
    cache.clear()
    assert cache.get("a") is None


def test_memory_bytes_looks_into_containers_and_counts_what_is_there_twice_once():
    tensor, other = SimpleNamespace(nbytes=100), SimpleNamespace(nbytes=7)
    assert memory_bytes({"x": [tensor, (tensor, other)], "y": b"12345"}) == 112


def test_what_entries_share_counts_once_until_the_last_of_them_goes():
    shared, own = SimpleNamespace(nbytes=5000), SimpleNamespace(nbytes=2000)
    cache = BoundedCache(budget_bytes=10_000)
    cache.put("a", NodeOutputs(([shared],)))
    cache.put("b", NodeOutputs(([shared, own],)))
    assert cache.used_bytes == 7000 + 2 * SMALLEST_ENTRY_BYTES
    cache.put("c", big(500))  # too much: "a" goes, and what it shared stays for "b"
    assert cache.used_bytes == 7500 + 2 * SMALLEST_ENTRY_BYTES
    assert cache.get("a") is None and cache.get("b") is not None
    cache.put("d", big(5000))
    assert cache.get("c") is None and cache.get("b") is None
    assert cache.used_bytes == 5000 + SMALLEST_ENTRY_BYTES
    cache.clear()
    assert cache.used_bytes == 0
    cache.put("a", NodeOutputs(([shared],)))
    assert cache.used_bytes == 5000 + SMALLEST_ENTRY_BYTES


def test_views_of_one_memory_are_told_by_their_allocation():
    views = [SimpleNamespace(memory=1, nbytes=10), SimpleNamespace(memory=1, nbytes=20)]
    cache = BoundedCache(10_000, allocation=lambda value: (value.memory, 1000) if hasattr(value, "memory") else None)
    for number, view in enumerate(views):
        cache.put(str(number), NodeOutputs(([view],)))
    assert cache.used_bytes == 1000 + 2 * SMALLEST_ENTRY_BYTES
