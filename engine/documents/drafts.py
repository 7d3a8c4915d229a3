"""Where does work lie that was not saved yet, so that the end of a browser loses none of it?"""

from engine.documents.contents import NoDocument, TooMuch
from engine.documents.keeper import Keeper
from engine.documents.ledger import Draft, Ledger

MOST_DRAFTS = 200
LARGEST_BYTES = 32 * 1024 * 1024


class Drafts:
    """The drafts of one user, by the id of the editor's tab. Every method may wait for the disk, and raise NoRoom."""

    def __init__(self, keeper: Keeper) -> None:
        """Keep drafts in a ledger."""
        self._keeper = keeper

    def listed(self) -> list[Draft]:
        """Give the drafts, last changed first."""
        return self._keeper.work(lambda ledger: ledger.drafts())

    def read(self, draft_id: str) -> bytes:
        """Give the content of a draft. Raises NoDocument."""
        body = self._keeper.work(lambda ledger: ledger.draft(draft_id))
        if body is None:
            raise NoDocument(f"There is no draft {draft_id[:80]!r}.")
        return body

    def put(self, draft_id: str, name: str, saved_as: str | None, body: bytes) -> Draft:
        """Keep a draft, in place of what it was before.

        Raises:
            TooMuch: it is too large, or there are too many.
        """
        if len(body) > LARGEST_BYTES:
            raise TooMuch(
                f"This draft has {len(body) / 2**20:.1f} MiB; at most {LARGEST_BYTES // 2**20} MiB are kept. "
                "Save it as a workflow."
            )
        draft = Draft(draft_id, name, saved_as, self._keeper.now_ms(), len(body))

        def act(ledger: Ledger) -> Draft:
            with ledger.change():
                if ledger.other_drafts(draft_id) >= MOST_DRAFTS:
                    raise TooMuch(
                        f"{MOST_DRAFTS} drafts are kept already, which is the limit. Save some, or discard them."
                    )
                ledger.put_draft(draft, body)
            return draft

        return self._keeper.work(act)

    def drop(self, draft_id: str) -> None:
        """Forget a draft, if there is one."""

        def act(ledger: Ledger) -> None:
            with ledger.change():
                ledger.drop_draft(draft_id)

        self._keeper.work(act)
