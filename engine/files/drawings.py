"""What passes over an SVG wire, and how does a drawing carry its workflow?"""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Svg:
    """Drawings, each a whole SVG document in UTF-8."""

    data: list[io.BytesIO]


def documents(svg: Svg, texts: Mapping[str, str] | None = None) -> Iterator[bytes]:
    """Yield each drawing, with texts of JSON ("prompt", "workflow") in a <metadata> element at its beginning."""
    held = {key: json.loads(text) for key, text in (texts or {}).items()}
    written = json.dumps(held).replace("]]>", "]]\\u003e")
    element = f"<metadata><![CDATA[{written}]]></metadata>".encode() if held else b""
    for drawing in svg.data:
        document = drawing.getvalue()
        begin = document.find(b"<svg")
        inside = document.find(b">", begin) + 1 if begin >= 0 else 0
        is_closed = inside > 0 and document[inside - 2 : inside] != b"/>"
        yield document[:inside] + element + document[inside:] if is_closed else document
