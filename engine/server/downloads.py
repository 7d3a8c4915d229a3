"""How is a file that anybody may have made sent to a browser, so that nothing in it runs?"""

from pathlib import Path
from urllib.parse import quote

from aiohttp import web

# Shown in the page. Everything else, html, svg, scripts and pdf before all, is downloaded as bytes.
SHOWN = {
    ".png": "image/png", ".apng": "image/apng", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
    ".gif": "image/gif", ".avif": "image/avif", ".bmp": "image/bmp", ".ico": "image/x-icon", ".jxl": "image/jxl",
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".mp3": "audio/mpeg", ".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg", ".opus": "audio/ogg",
    ".m4a": "audio/mp4", ".txt": "text/plain", ".json": "application/json",
}  # fmt: skip
NOTHING_RUNS = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; sandbox"


def file_headers(name: str) -> dict[str, str]:
    """Give the headers for a file of this name."""
    shown = SHOWN.get(Path(name).suffix.lower())
    return {
        "Content-Type": shown or "application/octet-stream",
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; {_file_name(name)}",
        "Content-Security-Policy": NOTHING_RUNS,
        "X-Content-Type-Options": "nosniff",
    }


def send_file(path: Path, *, cache: str = "no-cache") -> web.FileResponse:
    """Send a file as it is; "no-cache" lets browsers keep it, but ask each time whether it has changed."""
    return web.FileResponse(path, headers={**file_headers(path.name), "Cache-Control": cache})


def send_bytes(data: bytes, content_type: str, name: str) -> web.Response:
    """Send what was made of a file."""
    headers = {**file_headers(name), "Content-Type": content_type, "Cache-Control": "no-cache"}
    headers["Content-Disposition"] = f"inline; {_file_name(name)}"
    return web.Response(body=data, headers=headers)


def _file_name(name: str) -> str:
    """Write a file name as RFC 6266 and RFC 8187 have it; no character of it can end the header."""
    ascii_name = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\%' else "_" for letter in name
    )
    return f"filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"
