"""Further model folders come from extra_model_paths.yaml, in the ecosystem's form."""

from pathlib import Path

import pytest

from engine.errors import BadOption
from engine.files.extra_paths import read_extra_roots, with_extra_roots
from engine.files.places import Places


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "extra.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_folders_behind_and_before_the_usual_ones(tmp_path):
    file = written(
        tmp_path,
        """
        others:
            base_path: /data/models
            checkpoints: ckpt
            clip: |
                one
                /abs/two
            custom_nodes: packs
        first:
            base_path: near
            is_default: true
            checkpoints: c
            my_kind: m
        empty:
        """,
    )
    usual = Places.under(tmp_path)
    places = with_extra_roots(usual, [file])
    assert places.model_folder("checkpoints") == (
        tmp_path / "near" / "c", *usual.model_folder("checkpoints"), Path("/data/models/ckpt"),
    )  # fmt: skip
    assert places.model_folder("text_encoders")[-2:] == (Path("/data/models/one"), Path("/abs/two"))
    assert places.model_folder("my_kind") == (tmp_path / "near" / "m",)
    assert places.custom_nodes[-1] == Path("/data/models/packs")


def test_variables_and_home(tmp_path, monkeypatch):
    monkeypatch.setenv("MODELS_HERE", str(tmp_path))
    roots = read_extra_roots(written(tmp_path, "a:\n  loras: $MODELS_HERE/x\n  vae: ~/y\n"))
    assert [root.path for root in roots] == [tmp_path / "x", Path.home() / "y"]


def test_an_empty_file_names_nothing(tmp_path):
    assert read_extra_roots(written(tmp_path, "# nothing\n")) == []


@pytest.mark.parametrize(
    "text", ["- a\n- b\n", "a: b\n", "a:\n  loras: [1, 2]\n", "a: {", "a: !!python/object/apply:os.getcwd []\n"]
)
def test_other_forms_are_refused_in_words(tmp_path, text):
    with pytest.raises(BadOption, match=r"extra\.yaml"):
        read_extra_roots(written(tmp_path, text))
