"""A pack whose nodes end the process, or never end themselves; loaded by the tests."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time


def node(function, *, check=None, changed=None):
    """Make a node class of a function."""

    class Made:
        @classmethod
        def INPUT_TYPES(cls):
            return {"required": {"salt": ("INT", {"default": 0})}}

        RETURN_TYPES = ("NUMBER",)
        FUNCTION = "run"
        CATEGORY = "misbehaving"

    if asyncio.iscoroutinefunction(function):

        async def run(self, salt):
            return (await function(),)
    else:

        def run(self, salt):
            return (function(),)

    Made.run = run
    if check is not None:
        Made.VALIDATE_INPUTS = classmethod(lambda cls, salt: check())
    if changed is not None:
        Made.IS_CHANGED = classmethod(lambda cls, salt: changed())
    return Made


def well():
    return 1


async def well_soon():
    await asyncio.sleep(0.01)
    return 1


def crash():
    ctypes.string_at(0)


def leave():
    print("these are my last words", flush=True)
    os._exit(7)


def leave_politely():
    sys.exit("goodbye")


def be_killed():
    os.kill(os.getpid(), signal.SIGKILL)  # as the system does when memory runs out


def abort():
    os.abort()


def doze():
    time.sleep(1000)


def take_a_moment():
    time.sleep(0.3)
    return True


def spin():
    while True:
        pass


def hold_the_interpreter():
    ctypes.PyDLL(None).sleep(1000)


async def wait():
    await asyncio.sleep(1000)


async def doze_in_the_loop():
    time.sleep(1000)  # noqa: ASYNC251 (as strangers do)


async def refuse_to_be_cancelled():
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(1000)


NODE_CLASS_MAPPINGS = {
    "Well": node(well),
    "WellSoon": node(well_soon),
    "Crash": node(crash),
    "Leave": node(leave),
    "LeavePolitely": node(leave_politely),
    "BeKilled": node(be_killed),
    "Abort": node(abort),
    "Doze": node(doze),
    "Spin": node(spin),
    "HoldTheInterpreter": node(hold_the_interpreter),
    "Wait": node(wait),
    "DozeInTheLoop": node(doze_in_the_loop),
    "RefuseToBeCancelled": node(refuse_to_be_cancelled),
    "CheckDozes": node(well, check=doze),
    "CheckSpins": node(well, check=spin),
    "CheckHoldsTheInterpreter": node(well, check=hold_the_interpreter),
    "CheckWaits": node(well, check=wait),
    "CheckLeaves": node(well, check=leave),
    "CheckTakesAMoment": node(well, check=take_a_moment),
    "CheckIsFine": node(well, check=lambda: True),
    "ChangedDozes": node(well, changed=doze),
}
