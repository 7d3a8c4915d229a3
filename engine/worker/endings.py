"""Why did a process end, in words?"""

import signal

STUCK = 69  # exit status of a worker that ends itself, since async code of its last job does not end
SIGNALS = {
    "SIGKILL": "the system's answer to a lack of memory, or somebody's wish",
    "SIGSEGV": "a crash in native code",
    "SIGBUS": "a crash in native code, or a file that was cut short while it was mapped",
    "SIGABRT": "native code gave up",
    "SIGILL": "native code for another processor",
    "SIGFPE": "a division by zero in native code",
    "SIGTERM": "somebody asked it to end",
}
WINDOWS = {
    0xC0000005: "an access violation: a crash in native code",
    0xC0000017: "a lack of memory",
    0xC000001D: "native code for another processor",
    0xC00000FD: "a stack overflow",
    0xC0000409: "a crash in native code",
}


def cause(status: int | None) -> str:
    """Explain an exit status; negative ones are signals."""
    if status is None:
        return "nobody knows how"
    if status >= 0:
        if status == STUCK:
            return "async code of its last job did not end"
        return f"{WINDOWS[status]} ({status:#x})" if status in WINDOWS else f"exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"killed by {name} ({SIGNALS[name]})" if name in SIGNALS else f"killed by {name}"


def kind(status: int | None) -> str:
    """Name the kind of an exit status: one of few words."""
    if status is None:
        return "unknown"
    if status >= 0:
        return "stuck" if status == STUCK else "crash" if status in WINDOWS else "exit"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return "signal"
