"""A blocked node is told to clients as an error that does not end the run."""

import json

from engine.execution.events import NodeBlocked, Place
from engine.wire.messages import frames


def test_a_blocked_node_is_an_execution_error_with_its_reason():
    event = NodeBlocked("job", Place("7.0.a", "7", "7", "7"), "Save", ("1",), "no image", 5)
    (frame,) = frames(event)
    message = json.loads(frame.data)
    assert message["type"] == "execution_error"
    assert message["data"]["node_id"] == "7"
    assert message["data"]["exception_message"] == "Execution Blocked: no image"
    assert message["data"]["exception_type"] == "ExecutionBlocked"
