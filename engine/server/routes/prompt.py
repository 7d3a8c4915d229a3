"""/prompt: hand in a graph."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TypedDict

from aiohttp import web

from engine.errors import WorkerDied
from engine.execution.outcome import RunRequest
from engine.files.places import Places
from engine.graph.nodes import NodeId
from engine.graph.problems import Problem
from engine.graph.validate import Validation, check_graph
from engine.jobs.database import NotWritten
from engine.jobs.job import Job
from engine.jobs.queue import AlreadyQueued, QueueFull
from engine.jobs.staff import UnknownWorker
from engine.server.described import described
from engine.server.gates import has_left
from engine.server.middleware import json_response
from engine.server.routes.pack_routes import FORWARDING
from engine.server.services import Services, services_of
from engine.server.users import places_of, user_of
from engine.wire.errors import Refusal, failed_prompt, failed_validation, node_errors, refusal
from engine.wire.history import whole
from engine.wire.json_text import BadJson, read_object
from engine.wire.prompt import BadPrompt, refuse_if_huge
from engine.wire.submission import BadSubmission, PromptAnswer, PromptBody, Submission, read_submission

routes = web.RouteTableDef()
RETRY_AFTER_S = 10  # where the line is full; nobody knows how long its jobs take


class QueueLength(TypedDict):
    """How many jobs wait or run."""

    queue_remaining: int


class QueueState(TypedDict):
    """What the message `status` says, too."""

    exec_info: QueueLength


@routes.get("/prompt")
@described(answer=QueueState)
async def get_prompt(request: web.Request) -> web.Response:
    """Say how many jobs wait or run."""
    remaining = services_of(request).queue.remaining_of(user_of(request).id)
    state: QueueState = {"exec_info": {"queue_remaining": remaining}}
    return json_response(state)


REFUSALS = {400: Refusal, 413: Refusal, 429: Refusal, 503: Refusal, 507: Refusal}


@routes.post("/prompt")
@described(body=PromptBody, answer=PromptAnswer, refusals=REFUSALS)
async def post_prompt(request: web.Request) -> web.Response:
    """Check a graph and put it in the line."""
    services, places = services_of(request), places_of(request)
    try:
        body = await _changed_by_packs(request, await request.read())
        submission = await asyncio.to_thread(_read, body)
        with services.queue.expect(submission.job, places.owner) as expected:
            worker = await services.dispatcher.staff.named(submission.worker)
            validation = await _validated(services, places, submission)
    except (BadJson, BadSubmission) as error:
        kind = error.kind if isinstance(error, BadSubmission) else "invalid_json"
        return json_response(refusal(kind, str(error)), 400)
    except BadPrompt as error:
        return json_response(failed_prompt(error.failure), 400)
    except web.HTTPRequestEntityTooLarge as error:
        return json_response(refusal("prompt_too_large", f"{error.text} (--max-upload-size)"), 413)
    except UnknownWorker as error:
        return json_response(refusal("unknown_worker", str(error), workers=list(error.names)), 400)
    except WorkerDied as error:
        return json_response(refusal("worker_died", str(error)), 503)
    if expected.withdrawn:
        return json_response(refusal("prompt_deleted", "The prompt was deleted while it was being checked."), 400)
    if validation.failure is not None:
        return json_response(failed_validation(validation), 400)
    if has_left(request):
        raise web.HTTPUnauthorized(text="The account was removed while its prompt was being sent.")
    return await _submit(services, places.owner, submission, validation, worker)


async def _changed_by_packs(request: web.Request, body: bytes) -> bytes:
    """Let packs that want to change a prompt before it is checked; waits until it is known whether any does."""
    packs = services_of(request).packs
    if packs.told is None:
        asked = await asyncio.to_thread(packs.may_exist)
    else:
        asked = packs.told.site is not None and packs.told.site.changes_prompts
    return await request.app[FORWARDING].changed_prompt(body) if asked else body


def _read(body: bytes) -> Submission:
    """Read what was sent; on a thread of its own, since it may be large."""
    refuse_if_huge(body)
    return read_submission(read_object(body))


async def _validated(services: Services, places: Places, submission: Submission) -> Validation:
    """Check a graph, with the help of the worker where packs check their nodes themselves.

    A type that nobody knows may be that of a pack which is still being loaded: then this waits for it.
    """
    validation = await asyncio.to_thread(_check, services, places, submission)
    unknown = validation.failure is not None and validation.failure.kind == "missing_node_type"
    if unknown and not services.dispatcher.types_are_known:
        await services.dispatcher.learn_types(services.registry)
        validation = await asyncio.to_thread(_check, services, places, submission)
    if _may_be_new(validation):
        await services.dispatcher.read_types_again(services.registry)
        validation = await asyncio.to_thread(_check, services, places, submission)
    if validation.open_checks:
        answers = await services.dispatcher.check(validation.open_checks)
        validation = await asyncio.to_thread(_check, services, places, submission, answers)
    return validation


def _may_be_new(validation: Validation) -> bool:
    """Say whether a choice is not in its list: packs make lists of their own of files, which come and go."""
    return any(
        problem.kind == "value_not_in_list" for found in validation.problems.values() for problem in found.problems
    )


def _check(
    services: Services,
    places: Places,
    submission: Submission,
    answers: Mapping[NodeId, Sequence[Problem]] | None = None,
) -> Validation:
    """Check a submission; on a thread of its own, since graphs may be large and folders slow."""
    return check_graph(submission.graph, services.registry, places, submission.targets, answers)


async def _submit(
    services: Services, user: str, submission: Submission, validation: Validation, worker: str
) -> web.Response:
    if await _was_anothers(services, submission.job, user):
        return json_response(refusal("invalid_prompt_id", "Another job had this id. Give each an id of its own."), 400)
    request = RunRequest(
        job=submission.job,
        graph=validation.graph,
        targets=validation.targets,
        prompt=submission.prompt,
        extra=submission.extra,
        metadata=services.options.metadata,
        client=submission.client,
        user=user,
    )
    try:
        job = services.queue.submit(
            request,
            client=submission.client,
            number=submission.number,
            front=submission.front,
            worker=worker,
            held=True,
        )
        await _keep(services, job)
    except QueueFull as error:
        full = json_response(refusal("queue_full", str(error)), 429)
        full.headers["Retry-After"] = str(RETRY_AFTER_S)
        return full
    except NotWritten as error:
        return json_response(refusal("not_written", _no_room(error)), 507)
    except AlreadyQueued as error:
        return json_response(refusal("invalid_prompt_id", str(error)), 400)
    answer: PromptAnswer = {
        "prompt_id": job.id,
        "number": whole(job.number),
        "node_errors": node_errors(validation.problems),
    }
    return json_response(answer)


async def _was_anothers(services: Services, job_id: str, user: str) -> bool:
    """Say whether the history has a job of this id that is another account's, which the new one would push out."""
    if not user:
        return False
    await services.history.loaded()
    known = services.history.get(job_id)
    return known is not None and known.job.user != user


async def _keep(services: Services, job: Job) -> None:
    """Let workers have a job once it is on the disk. Raises NotWritten; then it is in the line no more."""
    try:
        await services.store.written()
    except BaseException:  # also if the client has gone meanwhile: nobody was told of the job
        services.queue.delete([job.id])
        raise
    services.queue.let_go(job.id)


def _no_room(error: NotWritten) -> str:
    return (
        f"The job was not queued, since it could not be written to disk: {error}. Make room and queue it again; "
        "or start the server with --database-file FILE on another disk."
    )
