"""How is the web application put together?"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from engine.server.connections import Pace, at_a_pace
from engine.server.documents import SHELF, Shelf
from engine.server.forwarding import Forwarding
from engine.server.gates import GATE, AccountGate, Gate, make_gate
from engine.server.log_book import LogEntry
from engine.server.login import logged_in
from engine.server.measures import MEASURES, Measures
from engine.server.middleware import Guard, compress, explain_errors, guarded, header_signer
from engine.server.model_shelf import ModelShelf
from engine.server.published import FOLDER, PublishedForms
from engine.server.routes import (
    accounts,
    drafts,
    editor,
    extensions,
    files,
    folders,
    forms,
    gallery,
    history,
    internal,
    jobs,
    library,
    metrics,
    models,
    node_types,
    openapi,
    pack_routes,
    prompt,
    queue,
    settings,
    system,
    templates,
    trash,
    upload,
    userdata,
    vocabulary,
    websocket,
    workflows,
)
from engine.server.services import SERVICES, Services
from engine.server.small_pictures import SmallPictures

log = logging.getLogger(__name__)
# Looked up in this order; the editor's files, which match any path, come last.
TOPICS = (
    websocket, prompt, queue, history, jobs, gallery, metrics, node_types, extensions, templates, system, folders,
    files, upload, settings, userdata, workflows, trash, drafts, library, forms, models, vocabulary,
    accounts, internal, openapi,
)  # fmt: skip


def build_app(services: Services) -> web.Application:
    """Make the application; starting it starts the hand-out of jobs, stopping it ends the workers."""
    options = services.options
    guard = Guard(options)
    gate = make_gate(options, services.places.user)
    login = [logged_in(gate)] if gate is not None else []
    middlewares: list[Middleware] = [
        metrics.observed,
        *([compress] if options.compress else []),
        guarded(guard),
        explain_errors,
        at_a_pace(Pace()),
        *login,
    ]
    app = web.Application(middlewares=middlewares, client_max_size=options.max_upload_bytes)
    app[SERVICES] = services
    app[MEASURES] = Measures(services.history)
    app[metrics.ASKED] = []
    app[gallery.SMALL_PICTURES] = SmallPictures()
    app[gallery.MAKING] = asyncio.Semaphore(gallery.MADE_AT_ONCE)
    app[forms.FORMS] = PublishedForms(services.places.user / FOLDER)
    app[library.FACTS] = library.FactsBook()
    app[models.SHELF] = ModelShelf(services.tell_family)
    if gate is not None:
        app[GATE] = gate
    if isinstance(gate, AccountGate):
        for account in gate.accounts.all():
            services.places.of_owner(account.id).make()
    app.on_response_prepare.append(header_signer(guard))
    _add_routes(app)
    app[pack_routes.FORWARDING] = Forwarding(
        services.dispatcher, options.max_upload_bytes, opens_gate=None if gate is None else _opens(gate)
    )
    app[SHELF] = Shelf()
    app.cleanup_ctx.append(_hand_out_jobs)
    app.on_cleanup.append(_forget_packs)
    app.on_cleanup.append(_close_documents)
    app.on_shutdown.append(_say_goodbye)
    return app


def _add_routes(app: web.Application) -> None:
    """Add every topic's routes, each a second time below /api, then the editor's files and what packs may answer."""
    for topic in TOPICS:
        for route in topic.routes:
            assert isinstance(route, web.RouteDef)
            app.router.add_routes([route, web.RouteDef(route.method, f"/api{route.path}", route.handler, route.kwargs)])
    app.router.add_routes(editor.routes)
    app.router.add_route("*", pack_routes.REST, pack_routes.answer)


def _opens(gate: Gate) -> Callable[[str], bool]:
    return lambda token: gate.by_token(token) is not None


async def _hand_out_jobs(app: web.Application) -> AsyncIterator[None]:
    services = app[SERVICES]
    services.bus.subscribe(services.clients.receive)
    services.bus.subscribe(app[MEASURES].receive)
    loop = asyncio.get_running_loop()

    def logged(entry: LogEntry) -> None:
        loop.call_soon_threadsafe(services.clients.receive_log, entry)

    services.log_book.listen(logged)
    reading = asyncio.create_task(_read_history(services))
    await asyncio.sleep(0)  # it has begun, so that whoever asks waits for it
    services.dispatcher.start()
    yield
    services.log_book.listen(None)
    await services.dispatcher.stop()
    ending = [reading, *app[metrics.ASKED]]
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
    await asyncio.to_thread(services.store.close)


async def _read_history(services: Services) -> None:
    try:
        await services.history.load(services.store.history())
    except Exception:
        log.exception("The history of earlier days cannot be read. New jobs are kept all the same.")


async def _close_documents(app: web.Application) -> None:
    await asyncio.to_thread(app[SHELF].close)


async def _forget_packs(app: web.Application) -> None:
    await app[pack_routes.FORWARDING].close()


async def _say_goodbye(app: web.Application) -> None:
    await app[SERVICES].clients.close_all()
