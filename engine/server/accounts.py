"""Which accounts does a server of several users have? Kept in one file, which holds no password and no token.

Passwords are kept as scrypt (RFC 7914) of them, tokens, which are random, as SHA-256.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from engine.errors import EngineError
from engine.files.places import ACCOUNTS
from engine.files.saving import write_whole

Role = Literal["admin", "user"]
NAME = re.compile(r"[a-z][a-z0-9_-]{1,31}")
# Folders of an account have its name, and Windows has devices of these.
NO_NAMES = frozenset({"con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(10))})
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1000
COST, BLOCK, LANES = 2**15, 8, 3  # 32 MiB, some 0.1 s: OWASP's recommendation for scrypt
MOST_MEMORY_BYTES = 64 * 2**20
FIRST_ADMIN = "admin"


class BadAccount(EngineError):
    """What was asked of an account cannot be done."""


class NoAccount(BadAccount):
    """There is no account of this name."""


@dataclass(frozen=True)
class Account:
    """Someone who may log in.

    Attributes:
        id: a name of small letters, digits, - and _; his folders have it too.
        password: salt and scrypt, in hexadecimal.
        token: SHA-256 of the one that his programs show; empty for none.
        epoch: another one after each change that shall end his sessions.
    """

    id: str
    role: Role
    password: str = field(repr=False)
    token: str = field(default="", repr=False)
    epoch: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


class Accounts:
    """The accounts in a file. Safe to use from several threads; what derives a password takes about 0.1 s."""

    def __init__(self, path: Path) -> None:
        """Read the file, if there is one.

        Raises:
            EngineError: it cannot be read.
        """
        self._path = path
        self._lock = threading.RLock()  # guards the next, and the file
        self._accounts: Mapping[str, Account] = _read(path)

    def get(self, name: str) -> Account | None:
        return self._accounts.get(name)

    def all(self) -> list[Account]:
        """List the accounts by name."""
        return sorted(self._accounts.values(), key=lambda account: account.id)

    def add(self, name: str, password: str, role: Role = "user") -> Account:
        """Make an account. Raises BadAccount."""
        if not NAME.fullmatch(name) or name in NO_NAMES:
            raise BadAccount(
                f"{name[:40]!r} cannot name an account: expected 2 to 32 of a-z, 0-9, - and _, beginning with a letter."
            )
        account = Account(name, _role(role), _derived(password))
        with self._lock:
            if name in self._accounts:
                raise BadAccount(f"There is an account {name!r} already.")
            self._keep({**self._accounts, name: account})
        return account

    def remove(self, name: str) -> None:
        """Remove an account; its files stay. Raises BadAccount, NoAccount."""
        with self._lock:
            self._found(name)
            self._keep({other: account for other, account in self._accounts.items() if other != name})

    def set_password(self, name: str, password: str) -> None:
        """Change a password, which ends all sessions. Raises BadAccount, NoAccount."""
        self.change(name, password=password)

    def give_password(self, name: str) -> str:
        """Make a new password for an account. Raises NoAccount."""
        password = secrets.token_urlsafe(12)
        self.set_password(name, password)
        return password

    def set_role(self, name: str, role: str) -> None:
        """Change what someone may do. Raises BadAccount, NoAccount."""
        self.change(name, role=role)

    def change(self, name: str, *, password: str | None = None, role: str | None = None) -> None:
        """Change password and role in one step: both, or neither. Raises BadAccount, NoAccount.

        A new password ends the sessions and the token of the account: whoever else had one of them is out.
        """
        derived = None if password is None else _derived(password)
        with self._lock:
            account = self._found(name)
            if role is not None:
                account = replace(account, role=_role(role))
            if derived is not None:
                account = replace(account, password=derived, token="", epoch=secrets.token_hex(8))
            self._change(account)

    def new_token(self, name: str) -> str:
        """Make the token that an account's programs show; an earlier one counts no more. Raises NoAccount."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._change(replace(self._found(name), token=_hashed(token)))
        return token

    def drop_token(self, name: str) -> None:
        """Let an account have no token. Raises NoAccount."""
        with self._lock:
            self._change(replace(self._found(name), token=""))

    def by_password(self, name: str, password: str) -> Account | None:
        """Find the account whose name and password these are; takes as long if there is no such name."""
        account = self._accounts.get(name)
        is_right = _is_derived(password, account.password if account else _NOBODYS)
        return account if is_right else None

    def by_token(self, token: str) -> Account | None:
        """Find the account whose token this is."""
        hashed = _hashed(token)
        return next((account for account in self._accounts.values() if account.token == hashed), None)

    def _found(self, name: str) -> Account:
        account = self._accounts.get(name)
        if account is None:
            raise NoAccount(f"There is no account {name[:40]!r}.")
        return account

    def _change(self, account: Account) -> None:
        self._keep({**self._accounts, account.id: account})

    def _keep(self, accounts: Mapping[str, Account]) -> None:
        if _has_admin(self._accounts) and not _has_admin(accounts):
            raise BadAccount("That would leave no admin. Make another account one first.")
        text = json.dumps({"accounts": [asdict(account) for account in accounts.values()]}, indent=2)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._path, text.encode())
        if os.name == "posix":
            self._path.chmod(0o600)
        self._accounts = dict(accounts)


def accounts_in(user: Path) -> Accounts:
    """Open the accounts that are kept in the user folder."""
    return Accounts(user / ACCOUNTS / "accounts.json")


def with_an_admin(accounts: Accounts) -> str | None:
    """See to it that somebody can log in; gives the password of the account that was made, or None."""
    if accounts.all():
        return None
    password = secrets.token_urlsafe(12)
    accounts.add(FIRST_ADMIN, password, "admin")
    return password


def _read(path: Path) -> dict[str, Account]:
    try:
        found = json.loads(path.read_text("utf-8"))["accounts"]
        return {entry["id"]: Account(**entry) for entry in found}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(
            f"{path} holds the accounts, and cannot be read: {error}. Repair it, or bring it back from a backup. "
            "Without it there are no accounts, and a new admin is made at the next start; all files stay."
        ) from error


def _has_admin(accounts: Mapping[str, Account]) -> bool:
    return any(account.is_admin for account in accounts.values())


def _role(role: str) -> Role:
    for known in get_args(Role):
        if role == known:
            return known  # type: ignore[no-any-return]
    raise BadAccount(f"There is no role {role[:40]!r}: expected one of {', '.join(get_args(Role))}.")


def _derived(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadAccount(
            f"The password has {len(password)} characters; expected {SHORTEST_PASSWORD} to {LONGEST_PASSWORD}."
        )
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{_scrypt(password, salt).hex()}"


def _is_derived(password: str, kept: str) -> bool:
    salt, _, derived = kept.partition(":")
    return hmac.compare_digest(_scrypt(password[:LONGEST_PASSWORD], bytes.fromhex(salt)), bytes.fromhex(derived))


def _scrypt(password: str, salt: bytes) -> bytes:
    text = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=COST, r=BLOCK, p=LANES, maxmem=MOST_MEMORY_BYTES)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


_NOBODYS = f"{secrets.token_hex(16)}:{secrets.token_hex(64)}"
