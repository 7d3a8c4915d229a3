"""Prompts become what `transformers` makes of the same tokens; weights, chunks, layers and embeddings as documented."""

import re

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

from engine import models
from engine.errors import BadReference
from tests import tiny

SIZES = tiny.Sizes(context=128, text_layers=3)
PREFIX = "cond_stage_model.transformer."
EMPTY = [49406, *[49407] * 76]
CAT = [49406, 320, 1125, 539, 320, 2368, *[49407] * 71]  # a photo of a cat


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tiny.write_checkpoint(tmp_path_factory.mktemp("text") / "x.safetensors", 2, SIZES)


@pytest.fixture(scope="module")
def encoder(path):
    return models.load_checkpoint(path, precision=models.choose_precision(every="fp32")).text_encoder


@pytest.fixture(scope="module")
def oracle(path):
    config = CLIPTextConfig(
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=3,
        num_attention_heads=2,
        hidden_act="quick_gelu",
        bos_token_id=49406,
        eos_token_id=49407,
    )
    model = CLIPTextModel(config).eval().requires_grad_(False)
    weights = {n.removeprefix(PREFIX): t.float() for n, t in load_file(path).items() if n.startswith(PREFIX)}
    if not any(name.startswith("text_model.") for name in model.state_dict()):
        weights = {name.removeprefix("text_model."): t for name, t in weights.items()}
    model.load_state_dict(weights, strict=True)
    return model


def run(oracle, *rows):
    return oracle(torch.tensor(rows), output_hidden_states=True)


def test_a_plain_prompt(encoder, oracle):
    embedding, pooled = encoder.encode("a photo of a cat")
    expected = run(oracle, CAT)
    torch.testing.assert_close(embedding, expected.last_hidden_state, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(pooled, expected.pooler_output, rtol=1e-4, atol=1e-4)
    item = encoder.conditioning("a photo of a cat")[0]
    assert torch.equal(item.embedding, embedding) and torch.equal(item.pooled, pooled)


def test_an_empty_prompt_is_one_chunk(encoder, oracle):
    embedding, _pooled = encoder.encode("  ")
    torch.testing.assert_close(embedding, run(oracle, EMPTY).last_hidden_state, rtol=1e-4, atol=1e-4)


def test_weights_scale_the_difference_to_the_empty_prompt(encoder, oracle):
    embedding, pooled = encoder.encode("a photo of a (cat:1.5)")
    plain, empty = run(oracle, CAT, EMPTY).last_hidden_state
    plain[5] = empty[5] + 1.5 * (plain[5] - empty[5])
    torch.testing.assert_close(embedding[0], plain, rtol=1e-4, atol=1e-4)
    assert torch.equal(pooled, encoder.encode("a photo of a cat")[1])


def test_an_earlier_layer_goes_through_the_final_norm(encoder, oracle):
    embedding, pooled = encoder.with_clip_skip(-2).encode("a photo of a cat")
    hidden = run(oracle, CAT).hidden_states[-2]
    final_norm = next(m for n, m in oracle.named_modules() if n.endswith("final_layer_norm"))
    torch.testing.assert_close(embedding, final_norm(hidden), rtol=1e-4, atol=1e-4)
    assert torch.equal(pooled, encoder.encode("a photo of a cat")[1])


def test_more_layers_than_there_are_means_the_last(encoder):
    last = encoder.encode("cat")[0]
    assert torch.equal(encoder.with_clip_skip(-4).encode("cat")[0], last)
    assert torch.equal(encoder.with_clip_skip(-1).encode("cat")[0], last)
    assert not torch.equal(encoder.with_clip_skip(-3).encode("cat")[0], last)
    with pytest.raises(ValueError, match="from the end"):
        encoder.with_clip_skip(0)


def test_long_prompts_become_chunks_that_do_not_see_each_other(encoder):
    long, pooled = encoder.encode(", ".join(["(cat:1.1)"] * 60))
    assert long.shape == (1, 2 * 77, 128)
    first, first_pooled = encoder.encode(", ".join(["(cat:1.1)"] * 37) + ", ")
    torch.testing.assert_close(long[:, :74], first[:, :74], rtol=1e-4, atol=1e-4)
    assert pooled.shape == first_pooled.shape == (1, 128)


def find_in(folder):
    def find(name):
        path = folder / name
        if not path.is_file():
            raise BadReference(name)
        return path

    return find


@pytest.mark.parametrize("written", ["embedding:style", "embedding:style.safetensors"])
def test_embeddings_stand_in_the_place_of_tokens(written, encoder, tmp_path):
    tiny.write_embedding(tmp_path / "style.safetensors", width=128, vectors=2)
    knows = encoder.with_embeddings(find_in(tmp_path))
    embedding, pooled = knows.encode(f"cat {written}, dog")
    plain, _ = encoder.encode("cat photo photo, dog")
    assert embedding.shape == plain.shape
    torch.testing.assert_close(embedding[:, :2], plain[:, :2], rtol=1e-4, atol=1e-4)  # what stands before
    assert not torch.allclose(embedding[:, 2:4], plain[:, 2:4], atol=1e-2)
    assert pooled.shape == (1, 128)


def test_an_embedding_of_a_words_own_vectors_is_the_word(encoder, path, tmp_path):
    table = load_file(path)[PREFIX + "text_model.embeddings.token_embedding.weight"]
    save_file({"emb_params": table[[2368]].contiguous()}, tmp_path / "kitty.safetensors")
    knows = encoder.with_embeddings(find_in(tmp_path))
    embedding, pooled = knows.encode("a photo of a (embedding:kitty:1.2)".replace("kitty:", "kitty :"))
    plain, plain_pooled = encoder.encode("a photo of a (cat:1.2)")
    torch.testing.assert_close(embedding, plain, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(pooled, plain_pooled, rtol=1e-4, atol=1e-4)


OLD_FILES = {
    "web ui": lambda vectors: {
        "string_to_token": {"*": 265},
        "string_to_param": {"*": vectors},
        "name": "x",
        "step": 9,
    },
    "first": lambda vectors: {
        "string_to_token": {"*": torch.tensor(265)},
        "string_to_param": torch.nn.ParameterDict({"*": torch.nn.Parameter(vectors)}),
    },
    "diffusers": lambda vectors: {"<style>": vectors},
    "one vector": lambda vectors: {"<style>": vectors[0]},
}


@pytest.mark.parametrize("suffix", [".pt", ".bin"])
@pytest.mark.parametrize("kind", OLD_FILES)
def test_embeddings_in_older_files(kind, suffix, encoder, path, tmp_path):
    table = load_file(path)[PREFIX + "text_model.embeddings.token_embedding.weight"]
    torch.save(OLD_FILES[kind](table[[2368]].clone()), tmp_path / f"kitty{suffix}")
    told = []
    knows = encoder.with_embeddings(find_in(tmp_path)).telling(told.append)
    embedding, _pooled = knows.encode("a photo of a (embedding:kitty :1.2)")
    assert not told
    torch.testing.assert_close(embedding, encoder.encode("a photo of a (cat:1.2)")[0], rtol=1e-4, atol=1e-4)


def test_missing_and_foreign_embeddings_are_left_out_and_told(encoder, tmp_path):
    tiny.write_embedding(tmp_path / "wide.safetensors", width=64)
    (tmp_path / "broken.safetensors").write_bytes(b"no weights")
    told = []
    knows = encoder.with_embeddings(find_in(tmp_path)).telling(told.append)
    plain = encoder.encode("a cat, dog")[0]
    for name, reason in (
        ("wide", "width 64.*takes 128"),
        ("nowhere", "no such file"),
        ("broken", "broken.safetensors"),
    ):
        assert torch.equal(knows.encode(f"a cat embedding:{name}, dog")[0], plain)
        assert re.search(reason, told.pop())
    assert torch.equal(encoder.telling(told.append).encode("a cat embedding:wide, dog")[0], plain)
    assert "embedding:wide" in told.pop()
    assert not told


def test_weights_stored_without_their_module_name(path, encoder, tmp_path):
    bare = {name.replace("transformer.text_model.", "transformer."): t for name, t in load_file(path).items()}
    bare[PREFIX + "embeddings.position_ids"] = torch.arange(77)[None]
    save_file(bare, tmp_path / "bare.safetensors")
    checkpoint = models.load_checkpoint(tmp_path / "bare.safetensors", precision=models.choose_precision(every="fp32"))
    assert torch.equal(checkpoint.text_encoder.encode("cat")[0], encoder.encode("cat")[0])
