"""What may be said on the command line, and what does it mean?"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from engine.log_lines import LogFormat

FloatType = Literal["fp32", "fp16", "bf16", "fp8_e4m3fn", "fp8_e5m2"]
MemoryMode = Literal["gpu-only", "high", "normal", "low", "none"]
PreviewMethod = Literal["none", "auto", "latent2rgb", "taesd"]

LOOPBACK = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::")
DEFAULT_PORT = 8188
DISK_CACHE_GB = 8
IN_MEMORY = Path(":memory:")

# Flags of the ecosystem that are accepted with a warning: the switches, and those that take a value.
WITHOUT_EFFECT = [
    "--async-offload",
    "--bf16-lora",
    "--cuda-malloc",
    "--directml",
    "--disable-api-nodes",
    "--disable-assets-autoscan",
    "--disable-async-offload",
    "--disable-cuda-malloc",
    "--disable-ipex-optimize",
    "--disable-mmap",
    "--disable-pinned-memory",
    "--disable-smart-memory",
    "--disable-xformers",
    "--dont-print-server",
    "--dont-upcast-attention",
    "--enable-manager",
    "--enable-manager-legacy-ui",
    "--disable-manager-ui",
    "--force-non-blocking",
    "--force-upcast-attention",
    "--fp64-unet",
    "--fp8_e8m0fnu-unet",
    "--mmap-torch-files",
    "--supports-fp8-compute",
    "--use-flash-attention",
    "--use-pytorch-cross-attention",
    "--use-quad-cross-attention",
    "--use-sage-attention",
    "--use-split-cross-attention",
    "--windows-standalone-build",
]
WITHOUT_EFFECT_VALUED = [
    "--cache-ram",
    "--comfy-api-base",
    "--database-url",
    "--default-hashing-function",
    "--front-end-version",
    "--oneapi-device-selector",
]


@dataclass(frozen=True)
class ComputeOptions:
    """What the user decided about devices, types and memory; the worker makes of it what its machine can do.

    Attributes:
        device: the number of the accelerator to use, of several the first; `cpu` overrules it.
        only_device: no other accelerator than `device` may be used.
        all_type, network_type, vae_type, text_encoder_type: None leaves the choice to the device.
        reserve_gb: accelerator memory left to other programs.
        kept_results: how many results are kept in memory; None for a budget in bytes, 0 for none, on disk neither.
        cache_share: the share of the machine's main memory that results may take, all workers together.
        cache_bytes: the same in bytes; None for the share.
        disk_cache_bytes: what costly results may take on disk; 0 for none.
        preview_pixels: the longer side of a preview.
    """

    cpu: bool = False
    device: int | None = None
    only_device: bool = False
    all_type: FloatType | None = None
    network_type: FloatType | None = None
    vae_type: FloatType | None = None
    vae_on_cpu: bool = False
    text_encoder_type: FloatType | None = None
    channels_last: bool = False
    memory: MemoryMode = "normal"
    reserve_gb: float | None = None
    deterministic: bool = False
    kept_results: int | None = None
    cache_share: float = 0.25
    cache_bytes: int | None = None
    disk_cache_bytes: int = DISK_CACHE_GB * 2**30
    preview_method: PreviewMethod = "auto"
    preview_pixels: int = 512


@dataclass(frozen=True)
class Options:
    """The command line, read.

    Attributes:
        base: models/, input/, output/, temp/, user/ and custom_nodes/ lie here unless said otherwise.
        cors_origin: a foreign page that may use the server; "*" for all; None for none.
        hosts: further names under which the server may be addressed.
        token: what clients must show; None for the one in the user folder, asked for unless only loopback listens.
        login: whether a token is asked for at all.
        multi_user: whoever uses the server has an account.
        new_password: the account that gets a new password, instead of a start.
        workers: how many jobs run at once; None for one per accelerator, or one on the CPU.
        cancel_grace_s: how long a pack's node may go on after a cancel, before its worker is ended and replaced.
        check_limit_s: how long a pack's VALIDATE_INPUTS may take for one node.
        database: the file that keeps queue, history and settings; None for weft.db in the user folder.
        keep_jobs: whether any file does.
        queue_limit: how many jobs may wait.
        resume_interrupted: jobs that ran when the server ended by force are queued again at its next start.
        warnings: what was said without effect.
    """

    base: Path
    listen: tuple[str, ...] = (LOOPBACK,)
    port: int = DEFAULT_PORT
    tls_keyfile: Path | None = None
    tls_certfile: Path | None = None
    cors_origin: str | None = None
    hosts: tuple[str, ...] = ()
    token: str | None = field(default=None, repr=False)
    login: bool = True
    multi_user: bool = False
    new_password: str | None = None
    max_upload_bytes: int = 100 * 2**20
    output: Path | None = None
    input: Path | None = None
    temp: Path | None = None
    user: Path | None = None
    extra_model_paths: tuple[Path, ...] = ()
    front_end: Path | None = None
    auto_launch: bool = False
    compute: ComputeOptions = field(default_factory=ComputeOptions)
    metadata: bool = True
    packs: bool = True
    only_packs: tuple[str, ...] = ()
    compress: bool = False
    log_level: str = "INFO"
    log_format: LogFormat = "text"
    log_to_stdout: bool = False
    quick_test: bool = False
    in_process: bool = False
    workers: int | None = None
    cancel_grace_s: float = 5.0
    check_limit_s: float = 20.0
    database: Path | None = None
    keep_jobs: bool = True
    queue_limit: int = 10_000
    resume_interrupted: bool = False
    warnings: tuple[str, ...] = ()


def read_options(arguments: Sequence[str], base: Path) -> Options:
    """Read the command line; exits with the usage where it is wrong, as command lines do.

    Args:
        base: the folder of the program, which is the default base directory.
    """
    parser = _parser()
    said = parser.parse_args(arguments)
    if bool(said.tls_keyfile) != bool(said.tls_certfile):
        parser.error("--tls-keyfile and --tls-certfile belong together: give both, or neither.")
    if said.front_end_root is not None and not said.front_end_root.is_dir():
        parser.error(f"--front-end-root: {said.front_end_root} is no folder.")
    for path in (said.tls_keyfile, said.tls_certfile, *said.extra_model_paths_config):
        if path is not None and not path.is_file():
            parser.error(f"there is no file {path}.")
    if said.multi_user and (said.no_login or said.token):
        parser.error("--multi-user asks for accounts: leave out --no-login and --token.")
    if said.in_process and (said.workers or 1) > 1:
        parser.error("--in-process runs one job at a time: leave out --workers.")
    root = (said.base_directory or base).resolve()
    return Options(
        base=root,
        listen=_addresses(said.listen),
        port=said.port,
        tls_keyfile=said.tls_keyfile,
        tls_certfile=said.tls_certfile,
        cors_origin=said.enable_cors_header,
        hosts=tuple(said.allow_host),
        token=said.token or os.environ.get("WEFT_TOKEN") or None,
        login=not said.no_login,
        multi_user=said.multi_user,
        new_password=said.new_password,
        max_upload_bytes=int(said.max_upload_size * 2**20),
        output=_resolved(said.output_directory),
        input=_resolved(said.input_directory),
        temp=_resolved(said.temp_directory),
        user=_resolved(said.user_directory),
        extra_model_paths=_extra_paths(root, said.extra_model_paths_config),
        front_end=_resolved(said.front_end_root),
        auto_launch=said.auto_launch and not said.disable_auto_launch,
        compute=_compute(said),
        metadata=not said.disable_metadata,
        packs=not said.disable_all_custom_nodes,
        only_packs=tuple(said.whitelist_custom_nodes),
        compress=said.enable_compress_response_body,
        log_level=said.verbose,
        log_format=said.log_format,
        log_to_stdout=said.log_stdout,
        quick_test=said.quick_test_for_ci,
        in_process=said.in_process,
        workers=_workers(said),
        cancel_grace_s=said.cancel_grace,
        check_limit_s=said.check_limit,
        database=None if said.database_file == IN_MEMORY else _resolved(said.database_file),
        keep_jobs=said.database_file != IN_MEMORY,
        queue_limit=said.queue_limit,
        resume_interrupted=said.resume_interrupted,
        warnings=_warnings(said),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="main.py", allow_abbrev=False, description="Weft: diffusion by node graph.")
    _server_flags(parser.add_argument_group("server"))
    _folder_flags(parser.add_argument_group("folders"))
    _compute_flags(parser.add_argument_group("devices and types"))
    _worker_flags(parser.add_argument_group("workers, in which graphs run"))
    _job_flags(parser.add_argument_group("jobs"))
    _other_flags(parser.add_argument_group("other"))
    for flag in WITHOUT_EFFECT:
        parser.add_argument(flag, action="append_const", const=flag, dest="ignored", help=argparse.SUPPRESS)
    for flag in WITHOUT_EFFECT_VALUED:
        parser.add_argument(flag, nargs="?", const="", help=argparse.SUPPRESS)
    return parser


def _server_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--listen",
        nargs="?",
        const=",".join(EVERYWHERE),
        default=LOOPBACK,
        metavar="IP[,IP]",
        help="addresses to listen on; without a value all interfaces (default: this machine only)",
    )
    group.add_argument("--port", type=_sixteen_bits, default=DEFAULT_PORT, help="default: %(default)s")
    group.add_argument("--tls-keyfile", type=Path, metavar="FILE", help="private key: serve https")
    group.add_argument("--tls-certfile", type=Path, metavar="FILE", help="certificate: serve https")
    group.add_argument(
        "--enable-cors-header",
        nargs="?",
        const="*",
        metavar="ORIGIN",
        help="let web pages of this origin use the server; without a value, of any",
    )
    group.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further host name under which browsers reach this server (behind a proxy, say)",
    )
    login = group.add_mutually_exclusive_group()
    login.add_argument(
        "--token",
        metavar="TOKEN",
        help="ask for this token, also on loopback; WEFT_TOKEN in the environment does the same, unseen by ps "
        "(default: one of its own, asked for when it listens on more than loopback)",
    )
    login.add_argument("--no-login", action="store_true", help="ask nobody for a token, whoever can reach the server")
    group.add_argument("--max-upload-size", type=_positive, default=100.0, metavar="MB", help="default: 100")
    group.add_argument("--enable-compress-response-body", action="store_true", help="compress large answers")
    group.add_argument("--front-end-root", type=Path, metavar="DIR", help="serve the editor in this folder instead")
    group.add_argument("--auto-launch", action="store_true", help="open the editor in the browser")
    group.add_argument("--disable-auto-launch", action="store_true", help=argparse.SUPPRESS)
    group.add_argument(
        "--multi-user",
        action="store_true",
        help="ask everybody to log in to an account, each with jobs, results, workflows and settings of its own",
    )
    group.add_argument(
        "--new-password", metavar="NAME", help="print a new password for this account of --multi-user, and exit"
    )


def _folder_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--base-directory",
        type=Path,
        metavar="DIR",
        help="where models/, input/, output/, temp/, user/ and custom_nodes/ lie",
    )
    for name in ("output", "input", "user"):
        group.add_argument(f"--{name}-directory", type=Path, metavar="DIR")
    group.add_argument("--temp-directory", type=Path, metavar="DIR", help="temp/ is made in this folder")
    group.add_argument(
        "--extra-model-paths-config",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="YAML files that name further model folders",
    )


def _job_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--database-file",
        type=Path,
        metavar="FILE",
        help="what keeps queue, history and settings over restarts (default: weft.db in the user folder); "
        ":memory: keeps nothing",
    )
    group.add_argument(
        "--queue-limit", type=_at_least_one, default=10_000, metavar="N", help="jobs that may wait (default: 10000)"
    )
    group.add_argument(
        "--resume-interrupted",
        action="store_true",
        help="queue a job again that ran when the server was ended by force; at most twice",
    )


def _compute_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--cpu", action="store_true", help="use no accelerator")
    group.add_argument("--cuda-device", type=_index, metavar="N", help="use this accelerator only")
    group.add_argument("--default-device", type=_index, metavar="N", help="use this accelerator first")
    forced = group.add_mutually_exclusive_group()
    for kind in ("fp32", "fp16"):
        forced.add_argument(f"--force-{kind}", dest="all_type", action="store_const", const=kind)
    for dest, part, kinds in (
        ("network_type", "unet", ("fp32", "fp16", "bf16", "fp8_e4m3fn", "fp8_e5m2")),
        ("vae_type", "vae", ("fp32", "fp16", "bf16")),
        ("text_encoder_type", "text-enc", ("fp32", "fp16", "bf16", "fp8_e4m3fn", "fp8_e5m2")),
    ):
        choice = group.add_mutually_exclusive_group()
        for kind in kinds:
            choice.add_argument(f"--{kind}-{part}", dest=dest, action="store_const", const=kind)
    group.add_argument("--cpu-vae", action="store_true", help="decode and encode images on the CPU")
    group.add_argument("--force-channels-last", action="store_true")
    memory = group.add_mutually_exclusive_group()
    for flag, mode in (
        ("gpu-only", "gpu-only"),
        ("highvram", "high"),
        ("normalvram", "normal"),
        ("lowvram", "low"),
        ("novram", "none"),
    ):
        memory.add_argument(f"--{flag}", dest="memory", action="store_const", const=mode, default="normal")
    group.add_argument("--reserve-vram", type=float, metavar="GB", help="accelerator memory left to other programs")
    group.add_argument("--deterministic", action="store_true", help="the same numbers every time, if slower")
    group.add_argument("--fast", nargs="*", metavar="WHAT", help=argparse.SUPPRESS)


def _worker_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--workers",
        type=_at_least_one,
        metavar="N",
        help="run N jobs at once, each in a process of its own (default: one per accelerator; one on the CPU)",
    )
    group.add_argument(
        "--cancel-grace",
        type=_positive,
        default=5.0,
        metavar="SECONDS",
        help="how long a custom node may go on after a cancel, before its worker is ended and replaced (default: 5)",
    )
    group.add_argument(
        "--check-limit",
        type=_positive,
        default=20.0,
        metavar="SECONDS",
        help="how long a custom node may take to check its inputs when a prompt is queued (default: 20)",
    )
    group.add_argument("--in-process", action="store_true", help="run graphs in the server's process (for debuggers)")


def _other_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--preview-method", choices=("none", "auto", "latent2rgb", "taesd"), default="auto")
    group.add_argument("--preview-size", type=_sixteen_bits, default=512, metavar="PIXELS", help="default: %(default)s")
    cache = group.add_mutually_exclusive_group()
    cache.add_argument("--cache-classic", action="store_true", help="keep results up to a memory budget (default)")
    cache.add_argument(
        "--cache-lru", type=_index, metavar="N", help="keep the N results used last, whatever their size"
    )
    cache.add_argument("--cache-none", action="store_true", help="keep results no longer than a run needs them")
    group.add_argument(
        "--cache-memory", type=_memory_size, metavar="GB|%", help="memory for results, as 8 or 30%% (default: 25%%)"
    )
    group.add_argument(
        "--cache-disk",
        type=_not_negative,
        default=DISK_CACHE_GB,
        metavar="GB",
        help="disk space for results that took long, in user/cache; 0 for none (default: %(default)s)",
    )
    group.add_argument("--disable-metadata", action="store_true", help="write no workflow into results")
    group.add_argument("--disable-all-custom-nodes", action="store_true", help="load no packs")
    group.add_argument("--whitelist-custom-nodes", nargs="+", default=[], metavar="NAME", help="load these packs only")
    group.add_argument(
        "--verbose",
        nargs="?",
        const="DEBUG",
        default="INFO",
        type=str.upper,
        choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        metavar="LEVEL",
    )
    group.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="json: one object a line, with time, level, job and node, for programs that collect logs",
    )
    group.add_argument("--log-stdout", action="store_true", help="log to standard output, not to standard error")
    group.add_argument("--quick-test-for-ci", action="store_true", help="load everything, then exit")


def _compute(said: argparse.Namespace) -> ComputeOptions:
    kept = 0 if said.cache_none else said.cache_lru or None
    share, size = said.cache_memory or (ComputeOptions.cache_share, None)
    return ComputeOptions(
        cpu=said.cpu,
        device=said.cuda_device if said.cuda_device is not None else said.default_device,
        only_device=said.cuda_device is not None,
        all_type=said.all_type,
        network_type=said.network_type,
        vae_type=said.vae_type,
        vae_on_cpu=said.cpu_vae,
        text_encoder_type=said.text_encoder_type,
        channels_last=said.force_channels_last,
        memory=said.memory,
        reserve_gb=said.reserve_vram,
        deterministic=said.deterministic,
        kept_results=kept,
        cache_share=share,
        cache_bytes=size,
        disk_cache_bytes=int(said.cache_disk * 2**30),
        preview_method=said.preview_method,
        preview_pixels=said.preview_size,
    )


def _warnings(said: argparse.Namespace) -> tuple[str, ...]:
    flags: list[str] = list(dict.fromkeys(said.ignored or ()))
    flags += [flag for flag in WITHOUT_EFFECT_VALUED if getattr(said, flag[2:].replace("-", "_")) is not None]
    if said.fast is not None:
        flags.append("--fast")
    return tuple(f"{flag} is accepted, but has no effect here." for flag in flags)


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip()) or (LOOPBACK,)


def _extra_paths(base: Path, said: Sequence[Path]) -> tuple[Path, ...]:
    """Give the YAML files to read: `extra_model_paths.yaml` in the base folder, if it is there, comes first."""
    usual = base / "extra_model_paths.yaml"
    return (*((usual,) if usual.is_file() else ()), *(path.resolve() for path in said))


def _resolved(path: Path | None) -> Path | None:
    return None if path is None else path.resolve()


def _sixteen_bits(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 65535")
    return number


def _index(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return number


def _workers(said: argparse.Namespace) -> int | None:
    """Give how many workers there are, if that does not depend on the machine."""
    one = said.cpu or said.in_process or said.cuda_device is not None
    workers: int | None = said.workers or (1 if one else None)
    return workers


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not number > 0 or number == float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def _not_negative(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no size")
    return number


def _memory_size(text: str) -> tuple[float, int | None]:
    """Read "30%" as a share of main memory, and "8" as gigabytes."""
    number = _not_negative(text.removesuffix("%"))
    if not text.endswith("%"):
        return ComputeOptions.cache_share, int(number * 2**30)
    if number > 100:
        raise argparse.ArgumentTypeError(f"{text} is more than there is")
    return number / 100, None
