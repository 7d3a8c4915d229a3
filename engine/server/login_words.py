"""What does the login page say, and in which language? Its words lie here, since it is shown before any file is sent.

The editor's own words lie in web/src/words; a test holds the two to the same languages.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_HEADER = 1000  # characters of Accept-Language that are read


@dataclass(frozen=True)
class LoginWords:
    """The texts of the page, in one language."""

    page_title: str
    about_token: str
    about_account: str
    token: str
    name: str
    password: str
    log_in: str
    wrong_token: str
    wrong_account: str
    too_many: str


ENGLISH = LoginWords(
    page_title="Weft: log in",
    about_token="This server asks for its token. It is printed where the server was started.",
    about_account="Log in to your account on this server. Its admins make accounts, and reset passwords.",
    token="Token",
    name="Name",
    password="Password",
    log_in="Log in",
    wrong_token="That is not this server's token.",
    wrong_account="That is not the name and password, or not the token, of an account.",
    too_many="Too many wrong tries. Wait a minute, then try again.",
)
GERMAN = LoginWords(
    page_title="Weft: anmelden",
    about_token="Dieser Server fragt nach seinem Token. Es steht dort, wo der Server gestartet wurde.",
    about_account="Melde dich mit deinem Konto auf diesem Server an. "
    "Konten und neue Passwörter gibt es bei seinen Administratoren.",
    token="Token",
    name="Name",
    password="Passwort",
    log_in="Anmelden",
    wrong_token="Das ist nicht das Token dieses Servers.",
    wrong_account="Name und Passwort, oder das Token, gehören zu keinem Konto.",
    too_many="Zu viele falsche Versuche. Warte eine Minute und versuche es dann noch einmal.",
)
LANGUAGES: Mapping[str, LoginWords] = {"en": ENGLISH, "de": GERMAN}


def best_language(accepted: str) -> str:
    """Give the language that a browser likes best of those there are, by its Accept-Language (RFC 9110, 12.5.4)."""
    best, weight = "en", 0.0
    for part in accepted[:LONGEST_HEADER].split(","):
        tag, _, rest = part.strip().partition(";")
        base = tag.strip().lower().partition("-")[0]
        if base in LANGUAGES and (found := _weight(rest)) > weight:
            best, weight = base, found
    return best


def _weight(text: str) -> float:
    """Read `q=0.8`: from 0 to 1; 1 where nothing is said, 0 where what is said is no number."""
    name, _, value = text.strip().partition("=")
    if not name:
        return 1.0
    digits = value.strip()
    plain = name.strip().lower() == "q" and len(digits) <= 5 and digits.replace(".", "", 1).isdecimal()
    return float(digits) if plain and digits.isascii() else 0.0
