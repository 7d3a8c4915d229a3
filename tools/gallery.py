"""Run every template that ships in full, and make docs/gallery.md of what comes out.

    python -m tools.gallery [--only NAME ...]

Writes web/templates/NAME.jpg (the picture in the gallery and on the template's card) for each template whose model
files are in models/, removes those of the others, and writes docs/gallery.md. Everything is computed on the CPU, so
that the same files make the same pictures.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image

from engine.execution import Outcome, RunRequest
from engine.files.places import Places
from engine.graph import check_graph
from engine.options import ComputeOptions
from engine.wire.prompt import read_prompt
from engine.worker.equipment import equip
from engine.worker.setup import WorkerSetup
from engine.worker.workshop import Workshop

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = ROOT / "web" / "templates"
PAGE = ROOT / "docs" / "gallery.md"
QUALITY = 88  # of the JPEGs
WIDEST = 800  # pixels of a picture
GAP = 4  # pixels between the pictures of a batch
SHOWING = ("SaveImage", "PreviewImage")
INTRODUCTION = """One picture per technique, drawn by the templates that ship (**Templates** in the editor's top bar) on
the small models that ship. `make gallery` runs them all and writes this page. To open one, choose it in the editor, or
drop its file on it; scripts find the same as API prompts in `web/templates/prompts`."""


@dataclass(frozen=True)
class Template:
    """An entry of web/templates/index.json.

    Attributes:
        models: paths below models/, each with the page where it is to be had, None for one that ships.
        inputs: the pictures in web/templates/inputs that it loads.
    """

    name: str
    title: str
    description: str
    technique: str
    models: Mapping[str, str | None]
    inputs: Sequence[str]

    @property
    def prompt(self) -> dict[str, Any]:
        """The template as a server takes it."""
        prompt: dict[str, Any] = json.loads((TEMPLATES / "prompts" / f"{self.name}.json").read_text(encoding="utf-8"))
        return prompt


def read_templates() -> list[Template]:
    """Read the index, in its order."""
    entries = json.loads((TEMPLATES / "index.json").read_text(encoding="utf-8"))
    return [
        Template(
            entry["name"], entry["title"], entry["description"], entry["technique"],
            {f"{file['folder']}/{file['name']}": file.get("from") for file in entry["models"]}, entry["inputs"],
        )
        for entry in entries
    ]  # fmt: skip


class Studio:
    """Runs prompts in this process, as a worker does."""

    def __init__(self, places: Places) -> None:
        self.places = places
        setup = WorkerSetup(places, compute=ComputeOptions(cpu=True, all_type="fp32"))
        self._registry = equip(setup).registry
        self._workshop = Workshop(setup)

    def run(self, prompt: Mapping[str, Any], name: str) -> Outcome:
        """Run a prompt.

        Raises:
            RuntimeError: the prompt is refused, or a node fails; says which.
        """
        found = check_graph(read_prompt(prompt), self._registry, self.places)
        if found.failure is not None:
            raise RuntimeError(f"{name} is refused: {found.failure}")
        outcome = self._workshop.run(RunRequest(name, found.graph, found.targets, prompt, {}), lambda event: None)
        if outcome.error is not None:
            raise RuntimeError(f"{name} fails at node {outcome.error.node}: {outcome.error.message}")
        return outcome

    def close(self) -> None:
        self._workshop.close()


def pictures_of(outcome: Outcome, prompt: Mapping[str, Any], places: Places) -> list[Path]:
    """Give the files of the node that shows what a template is about: the first that saves, else previews, pictures."""
    shown = [
        node
        for node_type in SHOWING
        for node, entry in prompt.items()
        if entry["class_type"] == node_type and outcome.outputs.get(node, {}).get("images")
    ]
    refs = outcome.outputs[shown[0]]["images"] if shown else []
    return [places.area(ref["type"]) / ref["subfolder"] / ref["filename"] for ref in refs]


def side_by_side(files: Sequence[Path]) -> Image.Image:
    """Lay pictures of one size side by side, and scale them down to WIDEST."""
    pictures = [Image.open(file).convert("RGB") for file in files]
    width, height = pictures[0].size
    strip = Image.new("RGB", (len(pictures) * (width + GAP) - GAP, height), (255, 255, 255))
    for place, picture in enumerate(pictures):
        strip.paste(picture, (place * (width + GAP), 0))
    if strip.width > WIDEST:
        strip = strip.resize((WIDEST, round(strip.height * WIDEST / strip.width)), Image.Resampling.LANCZOS)
    return strip


def missing_models(template: Template, places: Places) -> list[str]:
    """Say which model files of a template are not in models/."""
    missing = []
    for path in template.models:
        folder, name = path.split("/", 1)
        if not any((root / name).is_file() for root in places.model_folder(folder)):
            missing.append(path)
    return missing


def place_inputs(places: Places) -> None:
    """Put the pictures that templates load into the input folder."""
    for picture in sorted((TEMPLATES / "inputs").iterdir()):
        shutil.copy(picture, places.input / picture.name)


def make_pictures(templates: Sequence[Template], models: Mapping[str, tuple[Path, ...]]) -> None:
    """Run those templates whose models are there, and keep a picture of each."""
    with tempfile.TemporaryDirectory() as folder:
        own = Places.under(Path(folder))
        places = Places(own.input, own.output, own.temp, own.user, models)
        places.make()
        place_inputs(places)
        studio = Studio(places)
        try:
            for template in templates:
                make_picture(template, studio)
        finally:
            studio.close()


def make_picture(template: Template, studio: Studio) -> None:
    """Run a template and write its picture, or remove that of a template that cannot run here."""
    target = TEMPLATES / f"{template.name}.jpg"
    missing = missing_models(template, studio.places)
    if missing:
        target.unlink(missing_ok=True)
        print(f"{template.name}: left out, for want of {', '.join(missing)}")
        return
    began = time.monotonic()
    prompt = template.prompt
    files = pictures_of(studio.run(prompt, template.name), prompt, studio.places)
    if files:
        side_by_side(files).save(target, quality=QUALITY, optimize=True)
    print(f"{template.name}: {time.monotonic() - began:.1f} s")


def page_of(templates: Sequence[Template]) -> str:
    """Write the page: a picture and a sentence per template, by technique, then those that need further files."""
    drawn = [template for template in templates if (TEMPLATES / f"{template.name}.jpg").is_file()]
    others = [template for template in templates if template not in drawn]
    lines = ["# Gallery", "", INTRODUCTION, ""]
    for technique, group in groupby(drawn, key=lambda template: template.technique):
        lines += [f"## {technique}", ""]
        for template in group:
            title = f"[{template.title}](../web/templates/{template.name}.json)"
            lines += [
                f"**{title}.** {template.description}",
                "",
                f"![{template.title}](../web/templates/{template.name}.jpg)",
                "",
            ]
    if others:
        lines += [
            "## Templates for files that do not ship",
            "",
            "| template | what it does | needs |",
            "| --- | --- | --- |",
        ]
        lines += [f"| {template.title} | {template.description} | {_needs(template)} |" for template in others]
    return "\n".join(lines).rstrip() + "\n"


def _needs(template: Template) -> str:
    return ", ".join(f"[`{path}`]({page})" if page else f"`{path}`" for path, page in template.models.items())


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the pictures and the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run these templates only; the page is written whole")
    parser.add_argument("--models", type=Path, default=ROOT, help="the folder in which models/ lies")
    chosen = parser.parse_args(arguments)
    templates = read_templates()
    wanted = [template for template in templates if chosen.only is None or template.name in chosen.only]
    make_pictures(wanted, Places.under(chosen.models).model_roots)
    PAGE.write_text(page_of(templates), encoding="utf-8")


if __name__ == "__main__":
    main()
