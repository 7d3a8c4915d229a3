"""What does a browser show before it has logged in? No script, no other file, so that it works under any policy."""

from enum import Enum
from html import escape

from aiohttp import web

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Weft: log in</title>
<style>
:root {{ color-scheme: light dark }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: light-dark(#f2f3f5, #16181c);
  color: light-dark(#1c1f24, #e6e8eb); font: 16px/1.5 system-ui, sans-serif }}
form {{ width: min(22rem, calc(100vw - 4rem)); padding: 2rem; border-radius: 14px;
  background: light-dark(#fff, #20242a); box-shadow: 0 12px 40px #0003 }}
h1 {{ margin: 0 0 .25rem; font-size: 1.35rem }}
p {{ margin: 0 0 1.25rem; color: light-dark(#59616b, #a3abb5); font-size: .92rem }}
label {{ display: block; margin-bottom: .35rem; font-size: .9rem; font-weight: 600 }}
input, button {{ box-sizing: border-box; width: 100%; padding: .65rem .8rem; border-radius: 8px; font: inherit }}
input + label {{ margin-top: .9rem }}
input {{ border: 1px solid light-dark(#c3c9d1, #474f59); background: light-dark(#fff, #16181c); color: inherit }}
button {{ margin-top: 1rem; border: 0; background: #3b6fe0; color: #fff; font-weight: 600; cursor: pointer }}
button:hover {{ background: #2f5fc9 }}
:focus-visible {{ outline: 3px solid #7aa2f7; outline-offset: 2px }}
.wrong {{ color: light-dark(#b3261e, #ff8a80); font-weight: 600 }}
</style></head>
<body><form method="post" action="/login">
<h1>Weft</h1>
<p>{about}</p>
{said}{fields}<input type="hidden" name="next" value="{target}">
<button>Log in</button>
</form></body></html>
"""


class Asked(Enum):
    """What the page asks for."""

    TOKEN = "with the field 'token'"
    ACCOUNT = "with the fields 'name' and 'password'"


ABOUT = {
    Asked.TOKEN: "This server asks for its token. It is printed where the server was started.",
    Asked.ACCOUNT: "Log in to your account on this server. Its admins make accounts, and reset passwords.",
}
FIELDS = {
    Asked.TOKEN: """<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
""",
    Asked.ACCOUNT: """<label for="name">Name</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
""",
}


def login_page(asked: Asked, said: str, status: int, target: str = "/") -> web.Response:
    """Give the page; `said` is what went wrong, or empty, `target` the path where the login leads to."""
    wrong = f'<p class="wrong" role="alert">{escape(said)}</p>\n' if said else ""
    text = PAGE.format(about=ABOUT[asked], said=wrong, fields=FIELDS[asked], target=escape(target))
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "X-Frame-Options": "DENY"}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)
