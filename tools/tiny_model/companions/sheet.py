"""Lay the sheets of `scores.py` out as one picture, each under its name.

python -m tools.tiny_model.companions.sheet OUT --out docs/pictures/companions.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw

# What the rows of each sheet show, from above.
ROWS = {
    "edges": "edges | with the map | the same words and seed without it",
    "segments": "segments | with the map | the same words and seed without it",
    "style": "style LoRA: without | with it",
    "object": "object LoRA (moon): without | with it | other captions with it",
    "embedding": 'embedding: the words "blue green" | embedding:weft-tiny-word',
    "inpaint": "inpainting: picture | mask | the variant | the base with a noise mask",
    "instruct": "editing: before | after | before | after",
    "upscale": "2x upscaler, a part: true | enlarged by bicubic | upscaled | a JPEG by bicubic | upscaled",
    "unclip": "unCLIP: pictures | variations | the same with noise 0.3 | from the first picture of a row to the last",
}
LABEL_HEIGHT = 22


def together(folder: Path) -> Image.Image:
    sheets = {name: Image.open(folder / f"{name}.png") for name in ROWS if (folder / f"{name}.png").exists()}
    width = max(sheet.width for sheet in sheets.values())
    height = sum(sheet.height + LABEL_HEIGHT for sheet in sheets.values())
    whole = Image.new("RGB", (width, height), (255, 255, 255))
    pen, y = ImageDraw.Draw(whole), 0
    for name, sheet in sheets.items():
        pen.text((6, y + 3), ROWS[name], fill=(40, 40, 40), font_size=15)
        whole.paste(sheet, (0, y + LABEL_HEIGHT))
        y += sheet.height + LABEL_HEIGHT
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--width", type=int, default=800, help="pixels")
    arguments = parser.parse_args()
    whole = together(arguments.folder)
    height = round(whole.height * arguments.width / whole.width)
    whole.resize((arguments.width, height), Image.Resampling.LANCZOS).save(arguments.out, quality=82, optimize=True)


if __name__ == "__main__":
    main()
