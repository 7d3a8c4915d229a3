"""The command line means what launchers and scripts of the ecosystem expect of it."""

from pathlib import Path
from typing import Any

import pytest

from engine.options import ComputeOptions, Options, read_options


def read(text: str, base: Path = Path()) -> Options:
    return read_options(text.split(), base)


def test_what_is_usual(tmp_path):
    options = read_options([], tmp_path)
    assert (options.listen, options.port, options.base) == (("127.0.0.1",), 8188, tmp_path)
    assert options.max_upload_bytes == 100 * 2**20 and options.metadata and options.compute == ComputeOptions()
    assert options.warnings == ()


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("--listen", "listen", ("0.0.0.0", "::")),
        ("--listen 0.0.0.0", "listen", ("0.0.0.0",)),
        ("--listen 127.0.0.1,::1", "listen", ("127.0.0.1", "::1")),
        ("--port 1234", "port", 1234),
        ("--enable-cors-header", "cors_origin", "*"),
        ("--enable-cors-header http://a.example", "cors_origin", "http://a.example"),
        ("--max-upload-size 0.5", "max_upload_bytes", 2**19),
        ("--disable-metadata", "metadata", False),
        ("--disable-all-custom-nodes", "packs", False),
        ("--whitelist-custom-nodes a b", "only_packs", ("a", "b")),
        ("--enable-compress-response-body", "compress", True),
        ("--verbose", "log_level", "DEBUG"),
        ("--verbose warning", "log_level", "WARNING"),
        ("--log-stdout", "log_to_stdout", True),
        ("--quick-test-for-ci", "quick_test", True),
        ("--auto-launch", "auto_launch", True),
        ("--auto-launch --disable-auto-launch", "auto_launch", False),
        ("--in-process", "in_process", True),
        ("", "workers", None),
        ("--workers 3", "workers", 3),
        ("--cpu", "workers", 1),
        ("--cpu --workers 2", "workers", 2),
        ("--cuda-device 1", "workers", 1),
        ("--default-device 1", "workers", None),
        ("--in-process", "workers", 1),
        ("--cancel-grace 0.5", "cancel_grace_s", 0.5),
        ("--check-limit 60", "check_limit_s", 60),
    ],
)
def test_server_flags(text: str, name: str, value: Any):
    assert getattr(read(text), name) == value


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("--cpu", "cpu", True),
        ("--cuda-device 1", "device", 1),
        ("--default-device 0", "device", 0),
        ("--force-fp32", "all_type", "fp32"),
        ("--force-fp16", "all_type", "fp16"),
        ("--fp32-unet", "network_type", "fp32"),
        ("--fp8_e4m3fn-unet", "network_type", "fp8_e4m3fn"),
        ("--bf16-vae", "vae_type", "bf16"),
        ("--cpu-vae", "vae_on_cpu", True),
        ("--fp16-text-enc", "text_encoder_type", "fp16"),
        ("--force-channels-last", "channels_last", True),
        ("--lowvram", "memory", "low"),
        ("--gpu-only", "memory", "gpu-only"),
        ("--reserve-vram 1.5", "reserve_gb", 1.5),
        ("--deterministic", "deterministic", True),
        ("--cache-none", "kept_results", 0),
        ("--cache-lru 7", "kept_results", 7),
        ("--cache-classic", "kept_results", None),
        ("", "cache_share", 0.25),
        ("--cache-memory 30%", "cache_share", 0.3),
        ("--cache-memory 1.5", "cache_bytes", 3 * 2**29),
        ("--cache-memory 30%", "cache_bytes", None),
        ("", "disk_cache_bytes", 8 * 2**30),
        ("--cache-disk 0", "disk_cache_bytes", 0),
        ("--preview-method none", "preview_method", "none"),
        ("--preview-size 256", "preview_pixels", 256),
    ],
)
def test_compute_flags(text: str, name: str, value: Any):
    assert getattr(read(text).compute, name) == value


@pytest.mark.parametrize("text", ["--fast", "--fast fp16_accumulation", "--use-sage-attention", "--cache-ram 4"])
def test_what_has_no_effect_is_accepted_and_said(text):
    warnings = read(text).warnings
    assert len(warnings) == 1 and text.split()[0] in warnings[0] and "no effect" in warnings[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--no-such-flag", "--no-such-flag"),
        ("--port x", "--port"),
        ("--port 70000", "65535"),
        ("--max-upload-size 0", "--max-upload-size"),
        ("--fp16-unet --bf16-unet", "not allowed with"),
        ("--lowvram --highvram", "not allowed with"),
        ("--tls-keyfile nowhere.pem", "belong together"),
        ("--front-end-root /nowhere/at/all", "no folder"),
        ("--extra-model-paths-config nowhere.yaml", "nowhere.yaml"),
        ("--cuda-device -1", "--cuda-device"),
        ("--workers 0", "less than 1"),
        ("--workers 2 --in-process", "one job at a time"),
        ("--cancel-grace 0", "not a positive number"),
        ("--preview-method best", "--preview-method"),
        ("--listn", "--listn"),
    ],
)
def test_what_is_wrong_ends_the_program_with_the_reason(text, words, capsys):
    with pytest.raises(SystemExit) as ended:
        read(text)
    assert ended.value.code == 2 and words in capsys.readouterr().err


def test_folders(tmp_path):
    options = read_options(["--base-directory", str(tmp_path), "--output-directory", str(tmp_path / "o")], Path("/x"))
    assert options.base == tmp_path and options.output == tmp_path / "o" and options.input is None
    (tmp_path / "extra_model_paths.yaml").write_text("")
    named = tmp_path / "more.yaml"
    named.write_text("")
    found = read_options(["--extra-model-paths-config", str(named)], tmp_path).extra_model_paths
    assert found == (tmp_path / "extra_model_paths.yaml", named)
