"""History gives what ended, oldest first, and forgets the oldest."""

import pytest

from engine.execution.outcome import Outcome, RunRequest
from engine.graph.nodes import Graph, Node, NodeId
from engine.jobs.history import History, HistoryItem
from engine.jobs.job import Job


def item(job: str, ended_ms: int = 0, user: str = "") -> HistoryItem:
    return HistoryItem(Job(1, RunRequest(job, Graph({}), [], user=user)), Outcome(job, "success"), (), 0, ended_ms)


def filled(ids: str = "abcde", longest: int = 100) -> History:
    history = History(longest)
    for job in ids:
        history.add(item(job))
    return history


@pytest.mark.parametrize(
    ("limit", "offset", "ids"),
    [
        (None, None, "abcde"), (2, None, "de"), (9, None, "abcde"), (0, None, ""), (2, 0, "ab"), (2, 4, "e"),
        (None, 3, "de"), (2, 9, ""),
    ],
)  # fmt: skip
def test_pages(limit, offset, ids):
    assert "".join(item.job.id for item in filled().items(limit, offset)) == ids


def test_the_oldest_are_forgotten():
    assert [item.job.id for item in filled("abcde", longest=3).items()] == ["c", "d", "e"]


def test_a_job_that_ran_again_is_the_newest():
    history = filled("abc")
    history.add(item("a", 5))
    assert [item.job.id for item in history.items()] == ["b", "c", "a"]
    found = history.get("a")
    assert found is not None and found.ended_ms == 5


def test_deleting():
    history = filled("abc")
    history.delete(["b", "unknown"])
    assert [item.job.id for item in history.items()] == ["a", "c"] and history.get("b") is None
    history.clear()
    assert history.items() == []


def with_nodes(job: str, count: int) -> HistoryItem:
    prompt = {str(number): {"class_type": "A"} for number in range(count)}
    graph = Graph({NodeId(node): Node(NodeId(node), "A") for node in prompt})
    return HistoryItem(Job(1, RunRequest(job, graph, [], prompt)), Outcome(job, "success"), (), 0, 0)


def test_large_prompts_push_older_ones_out_sooner():
    history = History(longest=100, most_nodes=10)
    for job, count in (("a", 4), ("b", 4), ("c", 2)):
        history.add(with_nodes(job, count))
    assert [each.job.id for each in history.items()] == ["a", "b", "c"]
    history.add(with_nodes("d", 5))
    assert [each.job.id for each in history.items()] == ["c", "d"]
    history.delete(["c"])
    history.add(with_nodes("e", 5))
    assert [each.job.id for each in history.items()] == ["d", "e"]
    history.add(with_nodes("huge", 1000))
    assert [each.job.id for each in history.items()] == ["huge"]
    history.clear()
    history.add(with_nodes("f", 10))
    history.add(with_nodes("f", 10))
    assert [each.job.id for each in history.items()] == ["f"]


def test_of_a_job_that_ended_the_prompt_is_kept_and_the_graph_is_not():
    history = History()
    history.add(with_nodes("a", 3))
    kept = history.get("a")
    assert kept is not None and len(kept.job.request.prompt) == 3 and len(kept.job.request.graph) == 0


def test_an_account_sees_and_forgets_its_own_jobs_only():
    history = History()
    for name in ("a1", "b1", "a2"):
        history.add(item(name, user=name[0]))
    assert [found.job.id for found in history.items(of="a")] == ["a1", "a2"]
    assert [found.job.id for found in history.items(1, of="b")] == ["b1"]
    assert history.get("b1", of="a") is None and history.get("b1") is not None
    history.delete(["b1"], of="a")
    history.clear(of="a")
    assert [found.job.id for found in history.items()] == ["b1"]


def test_one_accounts_many_jobs_push_out_nobody_elses():
    history = History(longest=4)
    for name in ("a1", "b1", "b2", "b3", "b4", "b5"):
        history.add(item(name, user=name[0]))
    assert [found.job.id for found in history.items()] == ["a1", "b3", "b4", "b5"]
    history.put_before([item("a0", user="a")])
    assert [found.job.id for found in history.items()] == ["a0", "a1", "b4", "b5"]
