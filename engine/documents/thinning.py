"""Which versions of a document may go, so that its past does not grow without end?"""

from collections.abc import Iterator, Sequence

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ALWAYS_KEPT = 100  # the newest ones, however old they are
# (up to this age, one of each of these spans is kept); before the first, all are
SPANS: Sequence[tuple[int, int]] = ((30 * DAY_MS, HOUR_MS), (365 * DAY_MS, DAY_MS))
OLDEST_SPAN_MS = 7 * DAY_MS


def superfluous(versions: Sequence[tuple[int, int]], now_ms: int) -> Iterator[int]:
    """Yield the numbers of the versions that may go: of old ones the last of each hour, day or week stays.

    Args:
        versions: (number, when it was made in milliseconds), newest first.
    """
    spans_taken: set[tuple[int, int]] = set()
    for place, (number, created_ms) in enumerate(versions):
        age_ms = now_ms - created_ms
        if age_ms < DAY_MS:
            continue
        span_ms = next((span for oldest, span in SPANS if age_ms < oldest), OLDEST_SPAN_MS)
        span = (span_ms, created_ms // span_ms)
        if place >= ALWAYS_KEPT and span in spans_taken:
            yield number
        spans_taken.add(span)
