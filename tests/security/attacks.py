"""Texts that have led out of folders in tools of this kind, and files that were to run code."""

import io
import os
import struct
import zlib
from pathlib import Path

from PIL import Image, PngImagePlugin

UP = tuple("../" * count for count in range(1, 6))


def names_of(secret: Path) -> list[str]:
    """Write every known way to name a file that lies outside of the folder in which the name is looked up."""
    name, absolute = secret.name, secret.as_posix()
    ups = [up + name for up in UP]
    return [
        *ups,
        *(text.replace("/", "\\") for text in ups),
        *(text.replace("../", "%2e%2e%2f") for text in ups[:3]),
        *(text.replace("../", "%252e%252e%252f") for text in ups[:3]),
        *(text.replace("../", "..%c0%af") for text in ups[:3]),
        *(text.replace("../", "....//") for text in ups[:3]),
        *(text.replace("../", "..;/") for text in ups[:3]),
        *(text.replace("../", "\uff0e\uff0e/") for text in ups[:3]),  # full stops that NFKC makes dots
        *(text.replace("../", "..\u2215") for text in ups[:3]),
        *(f"sub/../{text}" for text in ups[:3]),
        *(f"./{text}" for text in ups[:3]),
        absolute, f"/{absolute}", f"file://{absolute}", f"C:{absolute}", f"C:{absolute}".replace("/", "\\"),
        f"\\\\localhost\\c$\\{name}", f"\\\\?\\{absolute}", f"//localhost/{name}", f"/proc/self/root{absolute}",
        "/proc/self/environ", "/dev/zero", f"~/{name}", f"~root/{name}", f"$HOME/{name}", f"%USERPROFILE%\\{name}",
        f"../../{name}\0.png", f"a\0/../../{name}", f"../../{name}.", f"../../{name} ", f"../../{name}::$DATA",
        f"{name}::$INDEX_ALLOCATION", "CON", "NUL.png", "COM1", "aux.png", ".", "..", "...", "/", "\\", "a/", "\ud800",
        f"link/{name}", f"link-{name}", "x" * 5000, "x/" * 600 + name, "\u202e" + f"../../{name}", "\U0001f600" * 300,
    ]  # fmt: skip


def lay_links(folder: Path, secret: Path) -> None:
    """Put symbolic links that lead outside into a folder, as an unpacked archive may."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, target in (("link", secret.parent), (f"link-{secret.name}", secret)):
        if os.name != "nt" and not (folder / name).is_symlink():
            (folder / name).symlink_to(target)


SCRIPTS = {
    ".html": b"<!doctype html><script>window.__pwned='html';parent.__pwned='html'</script>",
    ".htm": b"<body onload=\"window.__pwned='htm'\">",
    ".svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload=\"window.__pwned='svg'\"><script>__pwned=1</script></svg>",
    ".xhtml": b"<html xmlns='http://www.w3.org/1999/xhtml'><script>window.__pwned='xhtml'</script></html>",
    ".xht": b"<html xmlns='http://www.w3.org/1999/xhtml'><script>window.__pwned='xht'</script></html>",
    ".xml": b"<?xml version='1.0'?><x:script xmlns:x='http://www.w3.org/1999/xhtml'>window.__pwned='xml'</x:script>",
    ".xsl": b"<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'/>",
    ".js": b"window.__pwned='js'",
    ".mjs": b"window.__pwned='mjs'",
    ".css": b"*{background:url(http://192.0.2.1/x)}",
    ".pdf": b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\ntrailer<</Root 1 0 R>>",
    ".swf": b"FWS\x05",
    ".mht": b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<script>window.__pwned='mht'</script>",
    ".shtml": b"<!--#exec cmd='id'--><script>window.__pwned='shtml'</script>",
    ".wasm": b"\0asm\1\0\0\0",
    ".webmanifest": b"{}",
    ".appcache": b"CACHE MANIFEST",
    ".hta": b"<script>window.__pwned='hta'</script>",
    ".exe": b"MZ",
    "": b"<script>window.__pwned='none'</script>",
}


def png_that_is_html(png: bytes) -> bytes:
    """Make a picture that is also a page: its text chunk and its end hold tags."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "<html><script>window.__pwned='polyglot'</script>")
    with Image.open(io.BytesIO(png)) as picture:
        made = io.BytesIO()
        picture.save(made, "png", pnginfo=texts)
    return made.getvalue() + b"<html><body><script>window.__pwned='polyglot'</script></body></html>"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def black_png(side: int, *before_data: bytes) -> bytes:
    """A whole, valid grey PNG of side x side, made row by row."""
    packer = zlib.compressobj(9)
    row = bytes(side + 1)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), *before_data, chunk(b"IDAT", data), chunk(b"IEND", b""))
    )
