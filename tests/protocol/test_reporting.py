"""Progress of nodes, as `progress` and as `progress_state`."""

from tests.protocol.client import Client, Graph, fresh


def test_progress_counts_up(client: Client, graph: Graph) -> None:
    steps = graph.add("ProbeSteps", value=fresh(), steps=5, preview="none")
    graph.show(steps)
    run = client.run(graph)
    told = [data for data in run.of("progress") if data["node"] == steps.id]
    assert [data["value"] for data in told] == sorted(data["value"] for data in told)
    assert told[-1] == {"value": 5, "max": 5, "prompt_id": run.prompt_id, "node": steps.id}


def test_relative_progress(client: Client, graph: Graph) -> None:
    node = graph.add("ProbeUpdate", value=fresh())
    graph.show(node)
    told = [data for data in client.run(graph).of("progress") if data["node"] == node.id]
    assert told[-1]["value"] == told[-1]["max"] == 4


def test_states_have_every_fact(client: Client, graph: Graph) -> None:
    steps = graph.add("ProbeSteps", value=fresh(), steps=3, preview="none")
    graph.show(steps)
    run = client.run(graph)
    states = run.of("progress_state")
    assert states
    for state in states:
        assert state["prompt_id"] == run.prompt_id
        for node_id, node in state["nodes"].items():
            assert node["node_id"] == node_id
            assert node["prompt_id"] == run.prompt_id
            assert node["state"] in ("pending", "running", "finished", "error")
            assert node["display_node_id"] == node["real_node_id"] == node_id
            assert "parent_node_id" in node
            assert node["max"] >= node["value"] >= 0


def last_states(run_states: list[dict[str, object]]) -> dict[str, str]:
    """Merge what was told: the last state of every node."""
    states: dict[str, str] = {}
    for told in run_states:
        for node_id, node in told["nodes"].items():  # type: ignore[attr-defined]
            states[node_id] = node["state"]
    return states


def test_in_the_end_all_are_finished(client: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeAdd", a=graph.add("ProbeInt", value=fresh()), b=1))
    states = last_states(client.run(graph).of("progress_state"))
    assert states == dict.fromkeys(graph, "finished")


def test_a_node_that_fails_is_in_error(client: Client, graph: Graph) -> None:
    failing = graph.add("ProbeRaise", message=f"broken {fresh()}")
    graph.show(failing)
    assert last_states(client.run(graph).of("progress_state"))[failing.id] == "error"


def test_states_of_an_expansion_say_whose_they_are(client: Client, graph: Graph) -> None:
    chain = graph.add("ProbeChain", value=fresh(), links=3)
    graph.show(chain)
    inner = {}
    for told in client.run(graph).of("progress_state"):
        inner.update({node_id: node for node_id, node in told["nodes"].items() if node_id not in graph})
    assert inner
    for node in inner.values():
        assert node["display_node_id"] == chain.id
        assert node["parent_node_id"] == chain.id
        assert node["real_node_id"] == chain.id


def test_states_go_only_to_whom_they_belong(client: Client, other: Client, graph: Graph) -> None:
    graph.show(graph.add("ProbeSteps", value=fresh(), steps=3, preview="none"))
    run = client.run(graph)
    mine = Graph()
    mine.show(mine.add("ProbeSteps", value=fresh(), steps=3, preview="none"))
    other.run(mine)
    prompts = {message.data["prompt_id"] for message in other.log if message.type == "progress_state"}
    assert run.prompt_id not in prompts
    assert len(prompts) == 1


def test_the_traffic_grows_with_the_nodes_not_their_square(client: Client) -> None:
    def told(links: int) -> int:
        graph = Graph()
        graph.show(graph.add("ProbeChain", value=fresh(), links=links))
        return sum(len(state["nodes"]) for state in client.run(graph).of("progress_state"))

    small, large = told(50), told(500)
    assert large < 20 * max(small, 50)
