"""The index of outputs: pages, filters and words, the newest first, each file once."""

import json

import pytest

from engine.execution.events import Place
from engine.execution.outcome import Outcome, RunRequest
from engine.graph.nodes import Graph
from engine.jobs.history import HistoryItem
from engine.jobs.job import Job
from engine.jobs.results import SCANNED_AT_ONCE, Wanted, count_results, find_results
from engine.jobs.store import JobStore, NothingKept, open_store


def ended(job, files, *, prompt=None, workflow=None, user="", node="9", kind="images"):
    shown = [{"filename": name, "subfolder": "", "type": "output", **more} for name, more in files]
    extra = {} if workflow is None else {"extra_pnginfo": {"workflow": workflow}}
    request = RunRequest(
        job, Graph({}), [], prompt or {"9": {"class_type": "SaveImage", "inputs": {}}}, extra, user=user
    )
    outcome = Outcome(job, "success", {node: {kind: shown}}, {node: Place.of(node)})
    return HistoryItem(Job(1.0, request), outcome, (), 1, 2)


@pytest.fixture
def store(tmp_path):
    made = open_store(tmp_path / "weft.db")
    yield made
    made.close()


async def names(store, wanted=None, limit=1000):
    return [result.filename for result in (await find_results(store, wanted or Wanted(), None, limit)).results]


async def pages(store, wanted, limit):
    after, found = None, []
    while True:
        page = await find_results(store, wanted, after, limit)
        found.append([result.filename for result in page.results])
        after = page.next
        if after is None:
            return found


async def test_pages_hold_each_result_once_and_in_order(store):
    files = [[(f"{job:04}_{number}.png", {}) for number in range(1 + job % 3)] for job in range(SCANNED_AT_ONCE + 150)]
    for job, named in enumerate(files):
        store.ended(ended(f"job{job}", named))
    expected = [name for named in reversed(files) for name, _ in named]
    for limit in (1000, 7):
        found = await pages(store, Wanted(), limit)
        assert [name for page in found for name in page] == expected
        assert all(len(page) == limit for page in found[:-1])
    assert await count_results(store, Wanted()) == len(expected)


async def test_new_results_do_not_move_the_pages_behind(store):
    for job in range(6):
        store.ended(ended(f"job{job}", [(f"{job}.png", {})]))
    first = await find_results(store, Wanted(), None, 2)
    store.ended(ended("new", [("new.png", {})]))
    second = await find_results(store, Wanted(), first.next, 2)
    assert [result.filename for result in second.results] == ["3.png", "2.png"]


async def test_a_file_that_several_jobs_show_is_listed_with_the_newest(store):
    for job in ("a", "b", "c"):
        store.ended(ended(job, [("same.png", {}), (f"{job}.png", {}), ("same.png", {})]))
    found = (await find_results(store, Wanted(), None, 10)).results
    assert [(result.job, result.filename) for result in found] == [
        ("c", "same.png"), ("c", "c.png"), ("b", "b.png"), ("a", "a.png"),
    ]  # fmt: skip


async def test_what_is_forgotten_is_no_longer_listed(store):
    for job in ("a", "b"):
        store.ended(ended(job, [("same.png", {}), (f"{job}.png", {})]))
    store.forgotten(["b"])
    assert await names(store) == ["same.png", "a.png"]


async def test_filters(store):
    store.ended(ended("a", [("a.PNG", {"type": "temp"}), ("a.mp4", {})], workflow={"id": "w1"}))
    store.ended(ended("b", [("b.latent", {})], user="anna", workflow={"id": "w2"}))
    store.ended(ended("c", [("c.png", {})], workflow={"nodes": []}))
    for wanted, expected in {
        Wanted(): ["c.png", "a.PNG", "a.mp4"],
        Wanted(user="anna"): ["b.latent"],
        Wanted(user=None): ["c.png", "b.latent", "a.PNG", "a.mp4"],
        Wanted(types=("temp",)): ["a.PNG"],
        Wanted(suffixes=(".png", ".jpg")): ["c.png", "a.PNG"],
        Wanted(workflow="w1"): ["a.PNG", "a.mp4"],
        Wanted(workflow="w2"): [],
        Wanted(job="c"): ["c.png"],
        Wanted(types=("temp",), suffixes=(".mp4",)): [],
    }.items():
        assert await names(store, wanted) == expected, wanted
    found = (await find_results(store, Wanted(), None, 10)).results
    assert [(result.workflow, result.has_workflow) for result in found] == [("", True), ("w1", True), ("w1", True)]


PROMPT = {
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": 'A ÜBERGROSSE cat, 100% "real"\\_', "clip": ["1", 0]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x"}, "_meta": {"title": "Last step"}},
}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["cat"], True), (["CAT", "saveimage"], True), (["übergrosse"], True), (["Übergroße"], True),
        (["last step"], True), (["100%"], True), (['"real"\\_'], True), (["needle.png"], True), (["some/fol"], True),
        (["job-77"], True), (["cliptextencode", "needle"], True),
        (["dog"], False), (["cat", "dog"], False), (["100_"], False), (["class_type"], False), (["inputs"], False),
        (["%"], True), (["c%t"], False), (["_meta"], False), (["' OR 1=1 --"], False),
    ],
)  # fmt: skip
async def test_words_are_looked_for_in_names_types_titles_and_texts(store, words, found):
    store.ended(ended("job-77", [("Needle.png", {"subfolder": "some/folder"})], prompt=PROMPT))
    store.ended(ended("other", [("other.png", {})], prompt={"1": {"class_type": "Other", "inputs": {}}}))
    assert await names(store, Wanted(words=tuple(words))) == (["Needle.png"] if found else [])


async def test_a_result_says_which_node_made_it(store):
    store.ended(ended("a", [("a.png", {})], prompt=PROMPT))
    store.ended(ended("b", [("b.png", {})], prompt=PROMPT, node="9.0.1"))
    store.ended(ended("c", [("c.png", {})], prompt=PROMPT, node='9".x\\'))
    found = (await find_results(store, Wanted(), None, 10)).results
    assert [(result.node, result.node_type, result.title) for result in found] == [
        ('9".x\\', "", ""), ("9.0.1", "", ""), ("9", "SaveImage", "Last step"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "prompt", [{"9": {"inputs": {"x": float("nan")}}}, {"9": 5}, {"9": {"inputs": [1], "_meta": 3}}], ids=str
)
async def test_odd_prompts_hide_no_results(store, prompt):
    store.ended(ended("a", [("a.png", {})], prompt=prompt, workflow={"id": float("inf")}))
    assert await names(store) == ["a.png"] and await names(store, Wanted(words=("a.png",))) == ["a.png"]
    assert await names(store, Wanted(workflow="w")) == []


async def test_a_page_of_three_thousand_results_costs_two_questions(store):
    prompt = {str(number): {"class_type": "T", "inputs": {"text": "word " * 20}} for number in range(20)}
    for job in range(3000):
        store.ended(ended(f"job{job}", [(f"{job:05}.png", {})], prompt=prompt, workflow={"id": "w"}))
    await store.written()
    asked = []
    await store.read(lambda connection: connection.set_trace_callback(asked.append))
    found = await pages(store, Wanted(), 60)
    assert [len(page) for page in found] == [60] * 50
    assert len(asked) <= 2 * (len(found) + 3000 / SCANNED_AT_ONCE)
    plan = await store.read(lambda connection: connection.execute(f"EXPLAIN QUERY PLAN {asked[-1]}").fetchall())
    assert not any("TEMP B-TREE" in row[-1] or "SCAN" in row[-1] for row in plan), plan


async def test_a_server_that_keeps_nothing_on_disk_has_an_index_all_the_same():
    store = open_store(None)
    try:
        store.ended(ended("a", [("a.png", {})]))
        assert await names(store) == ["a.png"] and not store.is_lasting
    finally:
        store.close()
    with pytest.raises(NothingKept):
        await find_results(JobStore(), Wanted(), None, 1)


def test_prompts_are_written_as_the_search_expects_them():
    from engine.jobs.records import write

    assert json.dumps("Ü") in write({"text": "Ü"})
