"""Accounts are kept safely, and their gate lets in whom it should."""

import asyncio
import json
import stat
import sys
import time

import aiohttp
import pytest

import main
from engine.errors import EngineError
from engine.options import read_options
from engine.server import accounts
from engine.server.accounts import Accounts, BadAccount, NoAccount, accounts_in, with_an_admin
from engine.server.gates import GATE, KEPT_S, AccountGate
from engine.server.users import User
from tests.server.conftest import Site

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def quick(monkeypatch, request):
    if "recommended" not in request.node.name:
        monkeypatch.setattr(accounts, "COST", 2**4)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "accounts" / "accounts.json"


def test_passwords_cost_what_is_recommended(file):
    assert (accounts.COST, accounts.BLOCK, accounts.LANES) == (2**15, 8, 3)
    known = Accounts(file)
    known.add("anna", PASSWORD)
    assert known.by_password("anna", PASSWORD) and not known.by_password("anna", PASSWORD + " ")


def test_accounts_outlive_the_server(file):
    known = Accounts(file)
    known.add("anna", PASSWORD, "admin")
    token = known.new_token("anna")
    again = Accounts(file)
    assert again.all() == known.all() and again.by_token(token) == again.by_password("anna", PASSWORD)
    assert again.by_token("") is None and again.by_token("x") is None and again.by_password("bert", PASSWORD) is None
    again.drop_token("anna")
    assert again.by_token(token) is None and again.by_token("") is None
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for secret in (PASSWORD, token):
        assert secret not in file.read_text()


def test_equal_passwords_are_kept_differently(file):
    known = Accounts(file)
    assert known.add("anna", PASSWORD).password != known.add("bert", PASSWORD).password


def test_a_new_password_ends_the_token(file):
    known = Accounts(file)
    known.add("anna", PASSWORD)
    token = known.new_token("anna")
    known.change("anna", role="admin")
    assert known.by_token(token) is not None
    known.set_password("anna", "another password")
    assert known.by_token(token) is None


def test_a_failed_change_leaves_everything_as_it_was(file, monkeypatch):
    known = Accounts(file)
    known.add("anna", PASSWORD, "admin")
    before = file.read_bytes()

    def full(path, data):
        raise EngineError("The disk is full.")

    monkeypatch.setattr(accounts, "write_whole", full)
    for change in (lambda: known.add("bert", PASSWORD), lambda: known.set_password("anna", "another password")):
        with pytest.raises(EngineError, match="full"):
            change()
    assert [account.id for account in known.all()] == ["anna"] and file.read_bytes() == before
    assert known.by_password("anna", PASSWORD)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"accounts": [{}]}', '{"accounts": [5]}', "\xff"])
def test_a_damaged_file_is_not_taken_for_no_accounts(file, text):
    file.parent.mkdir()
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(EngineError, match=r"accounts\.json holds the accounts, and cannot be read"):
        Accounts(file)


def test_the_first_start_makes_an_admin_once(file):
    password = with_an_admin(Accounts(file))
    assert password and Accounts(file).by_password("admin", password)
    assert with_an_admin(Accounts(file)) is None


def test_unknown_accounts_and_roles_are_named(file):
    known = Accounts(file)
    known.add("anna", PASSWORD)
    with pytest.raises(NoAccount, match="'bert'"):
        known.set_password("bert", PASSWORD)
    with pytest.raises(BadAccount, match="admin, user"):
        known.set_role("anna", "king")
    with pytest.raises(BadAccount, match="already"):
        known.add("anna", PASSWORD)


def test_whoever_owns_the_server_gives_new_passwords(tmp_path, capsys):
    user = tmp_path / "user"
    accounts_in(user).add("anna", PASSWORD, "admin")
    assert main.main(["--new-password", "anna", "--base-directory", str(tmp_path)]) == 0
    password = capsys.readouterr().out.partition("is now: ")[2].partition("\n")[0]
    assert accounts_in(user).by_password("anna", password) and not accounts_in(user).by_password("anna", PASSWORD)
    assert main.main(["--new-password", "bert", "--base-directory", str(tmp_path)]) == 1
    assert "no account 'bert'" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--no-login", "--token=0123456789abcdef"])
def test_accounts_leave_no_other_way_in(tmp_path, flag, capsys):
    with pytest.raises(SystemExit):
        read_options(["--multi-user", flag], tmp_path)
    assert "leave out --no-login and --token" in capsys.readouterr().err


@pytest.fixture
async def site(open_site) -> Site:
    return await open_site("--multi-user")


def gate_of(site: Site) -> AccountGate:
    gate = site.http.app[GATE]
    assert isinstance(gate, AccountGate)
    return gate


async def test_browsers_log_in_by_name_and_password_and_out_again(site):
    greeting = gate_of(site).greeting("http://here")
    assert "'admin'" in greeting and "http://here/login" in greeting
    password = greeting.partition("password ")[2].partition(" ")[0]
    page = await site.http.get("/", headers={"Accept": "text/html"})
    assert page.status == 401 and 'name="password"' in await page.text() and 'name="name"' in await page.text()
    for form in ({"name": "admin", "password": "wrong wrong"}, {"name": "nobody", "password": password}, {}):
        answer = await site.http.post("/login", data=form)
        assert answer.status == 401 and 'role="alert"' in await answer.text()
    form = {"name": " Admin ", "password": password}
    answer = await site.http.post("/login", data=form, allow_redirects=False)
    assert answer.status == 303 and password not in answer.headers["Set-Cookie"]
    assert (await site.http.get("/users")).status == 200
    assert (await site.http.post("/logout")).status == 204
    assert (await site.http.get("/users")).status == 401


async def test_cookies_cannot_be_made_or_changed(site):
    gate = gate_of(site)
    gate.accounts.add("anna", PASSWORD)
    user = gate.by_cookie(gate.cookie(User("anna", is_admin=False)))
    assert user is not None and user.id == "anna" and not user.is_admin
    name, until, mark = gate.cookie(user).split(".")
    for forged in (
        f"admin.{until}.{mark}",
        f"anna.{int(until) + 1}.{mark}",
        f"anna.{until}.",
        "",
        ".",
        "anna",
        "a.b.c.d",
    ):
        assert gate.by_cookie(forged) is None
    gate._clock = lambda: int(until) + 1  # type: ignore[method-assign]
    assert gate.by_cookie(f"{name}.{until}.{mark}") is None
    assert int(until) <= KEPT_S + time.time() + 1


async def test_an_account_that_is_made_again_has_no_old_sessions(site):
    gate = gate_of(site)
    gate.accounts.add("anna", PASSWORD)
    cookie = gate.cookie(User("anna", is_admin=False))
    gate.accounts.remove("anna")
    assert gate.by_cookie(cookie) is None
    gate.accounts.add("anna", PASSWORD)
    assert gate.by_cookie(cookie) is None


async def test_guessing_at_once_is_slowed_down_too(site):
    """Passwords take time to check: tries that come while others are checked count already."""
    async with aiohttp.ClientSession() as stranger:

        async def guess(number: int) -> int:
            form = {"name": "admin", "password": f"guess number {number}"}
            async with stranger.post(site.http.make_url("/login"), data=form) as answer:
                return answer.status

        found = await asyncio.gather(*(guess(number) for number in range(40)))
    assert found.count(401) == 10 and found.count(429) == 30


async def test_a_server_of_a_single_user_has_no_accounts(open_site):
    site = await open_site()
    assert await site.get("/users") == {"storage": "server", "migrated": True}
    for method, path in (("POST", "/users"), ("POST", "/users/anna"), ("POST", "/users/anna/token")):
        answer = await site.http.request(method, path, json={})
        assert answer.status == 400 and "--multi-user" in json.loads(await answer.text())["error"]
