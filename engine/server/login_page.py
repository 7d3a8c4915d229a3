"""What does a browser show before it has logged in? No script, no other file, so that it works under any policy."""

from enum import Enum
from html import escape

from aiohttp import hdrs, web

from engine.server.login_words import LANGUAGES, LoginWords, best_language

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
LOOK = "weft-look"  # the cookie in which the editor keeps how it looked last: `dark.de`
THEMES = ("system", "light", "dark", "light-contrast", "dark-contrast")
CONTRAST = """--page: light-dark(#fff, #000); --panel: light-dark(#fff, #000); --text: light-dark(#000, #fff);
  --muted: light-dark(#2c303a, #dfe3ec); --edge: light-dark(#23262e, #fff); --border: light-dark(#23262e, #fff);
  --accent: light-dark(#8a2f00, #ffb184); --on-accent: light-dark(#fff, #000); --error: light-dark(#a00020, #ff9dab)"""
# The colours are those of web/src/style/tokens.css.
PAGE = (
    """<!doctype html>
<html lang="{language}" data-theme="{theme}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{words.page_title}</title>
<style>
:root {{ color-scheme: light dark; --page: light-dark(#eef0f4, #14161c); --panel: light-dark(#fff, #1d2029);
  --text: light-dark(#1d212b, #e9ebf1); --muted: light-dark(#5b6376, #a4acbe); --edge: transparent;
  --border: light-dark(#8b93a5, #666f83); --accent: light-dark(#c44d1b, #ff8a5c);
  --on-accent: light-dark(#fff, #2a1208); --error: light-dark(#c02640, #ff6b7d);
  --focus: light-dark(#3f6ff0, #7ba0ff) }}
:root[data-theme^="light"] {{ color-scheme: light }}
:root[data-theme^="dark"] {{ color-scheme: dark }}
:root[data-theme$="contrast"] {{ """
    + CONTRAST
    + """ }}
@media (prefers-contrast: more) {{ :root[data-theme="system"] {{ """
    + CONTRAST
    + """ }} }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--page);
  color: var(--text); font: 16px/1.5 "Inter", "Segoe UI", system-ui, sans-serif }}
form {{ box-sizing: border-box; width: min(26rem, calc(100vw - 2rem)); margin: 1rem; padding: 2rem;
  border: 1px solid var(--edge); border-radius: 14px; background: var(--panel); box-shadow: 0 12px 40px #0003 }}
h1 {{ margin: 0 0 .25rem; font-size: 1.35rem }}
p {{ margin: 0 0 1.25rem; color: var(--muted); font-size: .92rem }}
label {{ display: block; margin-bottom: .35rem; font-size: .9rem; font-weight: 600 }}
input, button {{ box-sizing: border-box; width: 100%; padding: .65rem .8rem; border-radius: 8px; font: inherit }}
input + label {{ margin-top: .9rem }}
input {{ border: 1px solid var(--border); background: var(--page); color: inherit }}
button {{ margin-top: 1.25rem; border: 1px solid transparent; background: var(--accent); color: var(--on-accent);
  font-weight: 600; cursor: pointer }}
button:hover {{ filter: brightness(1.08) }}
:focus-visible {{ outline: 3px solid var(--focus); outline-offset: 2px }}
.wrong {{ color: var(--error); font-weight: 600 }}
</style></head>
<body><main><form method="post" action="/login">
<h1>Weft</h1>
<p>{about}</p>
{said}{fields}<input type="hidden" name="next" value="{target}">
<button>{words.log_in}</button>
</form></main></body></html>
"""
)


class Asked(Enum):
    """What the page asks for."""

    TOKEN = "with the field 'token'"
    ACCOUNT = "with the fields 'name' and 'password'"


FIELDS = {
    Asked.TOKEN: """<label for="token">{words.token}</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
""",
    Asked.ACCOUNT: """<label for="name">{words.name}</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
<label for="password">{words.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
""",
}


def login_page(request: web.Request, asked: Asked, status: int, *, target: str = "/", refused: int = 0) -> web.Response:
    """Give the page, in the reader's language and colours.

    Args:
        target: the path where the login leads to.
        refused: 401 or 429, the status by which a try was refused; 0 where there was none.
    """
    language, theme = _look(request)
    words = LANGUAGES[language]
    wrong = f'<p class="wrong" role="alert">{escape(_refusal(words, asked, refused))}</p>\n' if refused else ""
    text = PAGE.format(
        language=language,
        theme=theme,
        words=words,
        about=words.about_token if asked is Asked.TOKEN else words.about_account,
        said=wrong,
        fields=FIELDS[asked].format(words=words),
        target=escape(target),
    )
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "X-Frame-Options": "DENY"}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def _look(request: web.Request) -> tuple[str, str]:
    """Give language and theme: those of the cookie, else what the browser asks for."""
    theme, _, language = request.cookies.get(LOOK, "").partition(".")
    if language not in LANGUAGES:
        language = best_language(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))
    return language, theme if theme in THEMES else THEMES[0]


def _refusal(words: LoginWords, asked: Asked, status: int) -> str:
    if status == 429:
        return words.too_many
    return words.wrong_token if asked is Asked.TOKEN else words.wrong_account
