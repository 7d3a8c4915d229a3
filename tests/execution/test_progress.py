"""What a run says of its nodes' states: seldom, everything once, and the last word before the end."""

import threading
import time

import pytest

from engine.errors import Interrupted
from engine.execution import progress as module
from engine.execution.events import Place, ProgressStates
from engine.execution.progress import MOST_AT_WORK, STATES_EVERY_S, Progress


class Told(list):
    def emit(self, event):
        self.append(event)

    def states(self):
        return [
            [(state.place.node, state.state, state.value) for state in event.nodes]
            for event in self
            if isinstance(event, ProgressStates)
        ]


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def progress(told):
    return Progress("job", told.emit, threading.Event())


def test_what_follows_quickly_is_told_together_and_soon(progress, told):
    for node in "abc":
        progress.begin(Place.of(node))
        progress.end(Place.of(node))
    progress.begin(Place.of("d"))
    assert told.states() == [[("a", "running", 0)]]
    until = time.monotonic() + 5
    while len(told.states()) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert told.states()[1] == [("a", "finished", 1), ("b", "finished", 1), ("c", "finished", 1), ("d", "running", 0)]
    progress.end(Place.of("d"))
    progress.flush()
    assert told.states()[2:] == [[("d", "finished", 1)]]


def test_at_most_ten_a_second_and_each_end_once(progress, told):
    start = time.monotonic()
    count = 0
    while time.monotonic() - start < 4 * STATES_EVERY_S:
        progress.begin(Place.of(str(count)))
        progress.end(Place.of(str(count)))
        count += 1
    progress.flush()
    intervals = (time.monotonic() - start) / STATES_EVERY_S
    assert 3 <= len(told) <= intervals + 2  # one at the start, one per interval, one at the end
    ended = [node for states in told.states() for node, state, _ in states if state == "finished"]
    assert ended == [str(number) for number in range(count)]


def test_nothing_follows_the_last_word(progress, told):
    progress.begin(Place.of("a"))
    progress.begin(Place.of("b"))
    progress.flush()
    before = len(told)
    progress.end(Place.of("a"))
    time.sleep(2 * STATES_EVERY_S)
    progress.flush()
    assert len(told) == before + 1 and told.states()[-1][0] == ("a", "finished", 1)


def test_a_run_that_says_nothing_new_says_nothing(progress, told):
    progress.flush()
    assert told == []


def test_of_very_many_at_work_only_those_that_came_further_are_named(progress, told, monkeypatch):
    monkeypatch.setattr(module, "STATES_EVERY_S", 0.0)
    for number in range(MOST_AT_WORK + 5):
        progress.begin(Place.of(str(number)))
    progress.report(Place.of("7"), 3, 9, None)
    assert len(told.states()[MOST_AT_WORK - 1]) == MOST_AT_WORK
    assert told.states()[-2:] == [[(str(MOST_AT_WORK + 4), "running", 0)], [("7", "running", 3)]]


def test_a_failed_node_is_named_so(progress, told):
    progress.begin(Place.of("a"))
    progress.end(Place.of("a"), failed=True)
    progress.flush()
    assert told.states()[-1] == [("a", "error", 1)]


def test_a_cancelled_run_reports_no_further_step(told):
    cancelled = threading.Event()
    progress = Progress("job", told.emit, cancelled)
    cancelled.set()
    with pytest.raises(Interrupted):
        progress.report(Place.of("a"), 1, 2, None)
    assert told == []
