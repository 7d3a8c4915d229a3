"""Messages that packs send themselves."""

from tests.protocol.client import Client, Graph, fresh


def test_messages_of_a_pack_reach_the_client_they_name(client: Client, other: Client, graph: Graph) -> None:
    value = fresh()
    say = graph.add("ProbeSay", value=value)
    graph.show(say)
    answer = client.queue(graph)
    assert client.until("probe.mine").data == {"value": value, "node": say.id}
    assert client.until("probe.all").data == {"value": value}
    client.follow(answer)
    own = Graph()
    own.show(own.add("ProbeInt", value=fresh()))
    other.run(own)
    assert not [message for message in other.log if message.type == "probe.mine"]
