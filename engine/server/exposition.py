"""What does /metrics tell, in the text format of Prometheus?"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from engine.jobs.worker import DeviceStats
from engine.machine import main_memory, resident_memory
from engine.server.measures import Family, Histograms, Labels, Measures
from engine.server.services import Services

if TYPE_CHECKING:
    from prometheus_client import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def families(services: Services, measures: Measures) -> list[Family]:
    """Take down all numbers as they are now. Asks nobody and waits for nothing; on the event loop."""
    return [*_jobs(services, measures), *_nodes(measures), *_workers(services, measures), *_server(services, measures)]


def text(found: Iterable[Family]) -> bytes:
    """Write them. The library is imported with the first scrape, which is why this runs in a thread."""
    from prometheus_client.exposition import generate_latest
    from prometheus_client.registry import Collector

    class Taken(Collector):
        def collect(self) -> "Iterator[Metric]":
            return map(_metric, found)

    return generate_latest(Taken())


def _metric(family: Family) -> "Metric":
    from prometheus_client import Metric

    metric = Metric(family.name, family.help, family.kind)
    ending = "_total" if family.kind == "counter" else ""
    for values, number in sorted(family.rows.items()):
        metric.add_sample(f"{family.name}{ending}", dict(zip(family.labels, values, strict=True)), number)
    for values, (bounds, counts, total) in sorted(family.histograms.items()):
        labels = dict(zip(family.labels, values, strict=True))
        for bound, count in zip([*map(str, map(float, bounds)), "+Inf"], counts, strict=True):
            metric.add_sample(f"{family.name}_bucket", {**labels, "le": bound}, count)
        metric.add_sample(f"{family.name}_count", labels, counts[-1])
        metric.add_sample(f"{family.name}_sum", labels, total)
    return metric


def _jobs(services: Services, measures: Measures) -> Iterator[Family]:
    queue = services.queue
    running = len(queue.running())
    in_queue: dict[Labels, float] = {("waiting",): queue.remaining - running, ("running",): running}
    yield _gauges("weft_queue_jobs", "Jobs in the queue.", ("state",), in_queue)
    yield _gauge("weft_queue_paused", "1 while no further job is begun.", queue.is_paused)
    yield _gauge("weft_queue_limit_jobs", "How many jobs may wait.", queue.longest)
    yield _counters("weft_jobs", "Jobs that ended, by how.", ("status",), measures.jobs)
    yield _histogram(
        "weft_job_duration_seconds", "From the start of a job to its end.", ("status",), measures.job_seconds
    )
    yield _histogram("weft_job_wait_seconds", "From the submission of a job to its start.", (), measures.wait_seconds)


def _nodes(measures: Measures) -> Iterator[Family]:
    yield _histogram(
        "weft_node_duration_seconds",
        "How long nodes ran; of a job of very many nodes, the slowest ones.",
        ("node_type",),
        measures.node_seconds,
    )
    yield _counter("weft_nodes_cached", "Nodes whose results were there already.", measures.nodes_cached)
    yield _counters("weft_errors", "Jobs that failed, by what and where.", ("kind", "node_type"), measures.errors)
    yield _counters(
        "weft_out_of_memory_retries",
        "Nodes that were called once more since memory ran out.",
        ("node_type",),
        measures.memory_retries,
    )


def _workers(services: Services, measures: Measures) -> Iterator[Family]:
    states: dict[Labels, float] = {(view.name, view.state): 1 for view in services.dispatcher.views()}
    yield _gauges("weft_worker_state", "1 for the state in which a worker is.", ("worker", "state"), states)
    yield _counters(
        "weft_worker_starts", "Processes that were started for a worker.", ("worker",), measures.worker_starts
    )
    yield _counters(
        "weft_worker_deaths",
        "Processes of workers that ended while they were needed, by cause.",
        ("worker", "cause"),
        measures.worker_deaths,
    )
    sizes: dict[Labels, float] = {(name,): resident_memory(process) for name, process in measures.processes.items()}
    yield _gauges("weft_worker_memory_bytes", "Main memory that a worker's process occupies.", ("worker",), sizes)
    known = {(stats.name,): stats for stats in _accelerators(services)}
    for state, size in (("total", "memory_total"), ("free", "memory_free")):
        values: dict[Labels, float] = {labels: getattr(stats, size) for labels, stats in known.items()}
        yield _gauges(
            f"weft_device_memory_{state}_bytes", f"Accelerator memory, {state}, when last asked.", ("device",), values
        )


def _accelerators(services: Services) -> Iterator[DeviceStats]:
    staff = services.dispatcher.staff
    for worker in staff:
        description = staff.last_description(worker)
        yield from (stats for stats in (description.devices if description else ()) if stats.type != "cpu")


def _server(services: Services, measures: Measures) -> Iterator[Family]:
    total, free = main_memory()
    yield _gauge("weft_server_memory_bytes", "Main memory that the server's process occupies.", resident_memory())
    yield _gauge("weft_machine_memory_total_bytes", "Main memory of the machine.", total)
    yield _gauge("weft_machine_memory_free_bytes", "Main memory of the machine that is free.", free)
    yield _gauge("weft_websocket_clients", "Open websockets.", len(services.clients.all()))
    yield _counters(
        "weft_http_requests", "Requests, by route and answer.", ("method", "route", "status"), measures.requests
    )
    yield _histogram(
        "weft_http_request_duration_seconds", "How long requests took.", ("route",), measures.request_seconds
    )
    yield _counter("weft_uploads", "Files that were uploaded and kept.", measures.uploads)
    yield _counter("weft_uploaded_bytes", "Their bytes.", measures.uploaded_bytes)
    yield _counter(
        "weft_database_write_failures", "Commits of queue and history that failed.", services.store.write_failures
    )


def _gauge(name: str, says: str, value: float) -> Family:
    return Family("gauge", name, says, rows={(): value})


def _gauges(name: str, says: str, labels: Labels, rows: Mapping[Labels, float]) -> Family:
    return Family("gauge", name, says, labels, rows)


def _counter(name: str, says: str, value: float) -> Family:
    return Family("counter", name, says, rows={(): value})


def _counters(name: str, says: str, labels: Labels, rows: Mapping[Labels, float]) -> Family:
    return Family("counter", name, says, labels, dict(rows))


def _histogram(name: str, says: str, labels: Labels, found: Histograms) -> Family:
    taken = {values: (each.bounds, each.cumulative(), each.sum) for values, each in found.by_labels.items()}
    return Family("histogram", name, says, labels, histograms=taken)
