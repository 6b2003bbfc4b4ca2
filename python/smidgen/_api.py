"""The functions of the package: paths and bytes in, bytes or files out; `_smidgen` does the work."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, overload

from smidgen import _program, _smidgen
from smidgen._errors import Error

if TYPE_CHECKING:
    if sys.version_info >= (3, 11):
        from typing import Unpack
    else:
        from typing_extensions import Unpack

PathLike = str | os.PathLike[str]
#: An image or package: its bytes, or the path of its file.
Source = bytes | bytearray | memoryview | str | os.PathLike[str]
#: Is called with what is being done, and with how much is done of how much. What it raises ends the work.
Progress = Callable[[str, int, int], object]


class Options(TypedDict, total=False):
    """Options of packages, by the names and values of `smidgen diff --help`, with `_` for `-`."""

    ram: int | str
    codec: Literal["cm", "zstd"]
    level: int
    base: int | str
    arch: Literal["auto", "none", "thumb", "aarch64", "arm", "riscv", "xtensa", "x86"]
    containers: Literal["auto", "none"]
    lanes: int
    md5: bool
    body_digest: bool
    product: str
    module: str
    to_version: str
    rollback_counter: int
    in_place: bool
    slot: int | str
    page: int | str
    scratch: int | str
    write_size: int | str
    input_format: str
    fill: int | str
    max_gap: int | str
    range: str
    uf2_family: int | str
    payload: bool
    payload_entry: str


@dataclass(frozen=True)
class Info:
    """What a package says of itself."""

    package_size: int
    codec: str
    #: Bytes of memory that the device's decoder needs.
    ram: int
    base_size: int
    #: The first half of the base's SHA-256, in hexadecimal digits; None if every base will do.
    base_sha256_prefix: str | None
    target_size: int
    target_sha256: str
    product: str | None
    module: str | None
    to_version: str | None
    rollback_counter: int | None
    in_place: bool
    encrypted: bool
    #: Names of the keys that signed it.
    keys: tuple[str, ...]


@overload
def diff(
    base: Source,
    target: Source,
    /,
    *,
    output: None = None,
    device: PathLike | None = None,
    threads: int = 0,
    progress: Progress | None = None,
    **options: Unpack[Options],
) -> bytes: ...
@overload
def diff(
    base: Source,
    target: Source,
    /,
    *,
    output: PathLike,
    device: PathLike | None = None,
    threads: int = 0,
    progress: Progress | None = None,
    **options: Unpack[Options],
) -> Info: ...
def diff(
    base: Source,
    target: Source,
    /,
    *,
    output: PathLike | None = None,
    device: PathLike | None = None,
    threads: int = 0,
    progress: Progress | None = None,
    **options: Any,
) -> bytes | Info:
    """Makes a package that turns `base` into `target`, and proves it by the device's own decoder.

    Returns the package, or with `output`, writes it there and returns what it says. `device` is the file of a device profile,
    `threads` the number of threads, 0 for one on each core.
    """
    base_bytes, target_bytes = _read(base), _read(target)
    made = _smidgen.diff(
        base_bytes, _name(base), target_bytes, _name(target), _texts(options), _path(device), threads, progress
    )
    if output is None:
        return made
    _write(output, made)
    return info(made)


@overload
def patch(
    base: Source, package: Source, *, output: None = None, public_keys: Iterable[PathLike] = (), progress: Progress | None = None
) -> bytes: ...
@overload
def patch(
    base: Source, package: Source, *, output: PathLike, public_keys: Iterable[PathLike] = (), progress: Progress | None = None
) -> Info: ...
def patch(
    base: Source,
    package: Source,
    *,
    output: PathLike | None = None,
    public_keys: Iterable[PathLike] = (),
    progress: Progress | None = None,
) -> bytes | Info:
    """Restores the new image from `base` and `package`, and checks both digests.

    Returns the image, or with `output`, writes it there and returns what the package says. With `public_keys`, files of public
    keys, one of them must have signed the package.
    """
    package_bytes = _read(package)
    keys = _keys(public_keys)
    image = _smidgen.patch(_read(base), _name(base), package_bytes, keys, progress)
    if output is None:
        return image
    _write(output, image)
    return info(package_bytes)


def info(package: Source) -> Info:
    """What a package says of itself. Nothing is checked but its header."""
    fields = json.loads(_smidgen.info(_read(package)))
    return Info(**{**fields, "keys": tuple(fields["keys"])})


def verify(
    base: Source,
    package: Source,
    *,
    target: Source | None = None,
    device: PathLike | None = None,
    public_keys: Iterable[PathLike] = (),
    progress: Progress | None = None,
) -> Info:
    """Checks that `package` restores its image from `base`, and that this is `target` if that is given.

    With `device`, the file of a device profile, the device must be able to restore it; `public_keys` as in `patch`.
    """
    package_bytes = _read(package)
    image = _smidgen.patch(_read(base), _name(base), package_bytes, _keys(public_keys), progress)
    if target is not None and image != _smidgen.flatten(_read(target), _name(target)):
        raise Error("the package restores another image")
    if device is not None:
        _smidgen.check_device(package_bytes, Path(device))
    return info(package_bytes)


def pack(
    output: PathLike,
    release: PathLike | None = None,
    *,
    to: Source | None = None,
    sources: Mapping[str, Source] | None = None,
    passphrase: str | None = None,
    progress: Progress | None = None,
    **options: str | int | bool | PathLike | Iterable[PathLike],
) -> dict[str, Any]:
    """Makes all packages of a release in the folder `output`, and returns its manifest (docs/manifest.md).

    `release` is a release file; `to`, the new image, `sources`, the images in the field by version, and `options`, those of
    `smidgen pack --help` with `_` for `-`, override it. The program that is in this package does the work.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["pack", "--json", "--output", os.fspath(output)]
        if release is not None:
            arguments.append(os.fspath(release))
        if to is not None:
            arguments += ["--to", _file(to, Path(folder, "to"))]
        for number, (version, source) in enumerate((sources or {}).items()):
            arguments += ["--from", f"{version}={_file(source, Path(folder, str(number)))}"]
        for name, values in options.items():
            for value in [values] if isinstance(values, (str, int, os.PathLike)) else values:
                arguments += _option(name, value)
        environment = None if passphrase is None else {**os.environ, "SMIDGEN_PASSPHRASE": passphrase}
        manifest: dict[str, Any] = {}
        done = total = 0
        for event in _program.events(arguments, environment):
            match event.get("event"):
                case "planned":
                    total = event["packages"]
                case "finished" | "dropped" | "skipped":
                    done += 1
                case "manifest":
                    manifest = event["manifest"]
            if progress is not None and event.get("event") in ("planned", "finished", "dropped", "skipped"):
                progress("packing", done, total)
        return manifest


def _option(name: str, value: str | int | os.PathLike[str]) -> list[str]:
    name = "--" + name.replace("_", "-")
    if isinstance(value, bool):
        return [name] if value else []
    return [f"{name}={os.fspath(value) if isinstance(value, os.PathLike) else value}"]


def _texts(options: Mapping[str, object]) -> list[tuple[str, str]]:
    """Options as the engine takes them."""
    given = [(name.replace("_", "-"), value) for name, value in options.items() if value is not None]
    return [(name, str(value).lower() if isinstance(value, bool) else str(value)) for name, value in given]


def _read(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, (bytearray, memoryview)):
        return bytes(source)
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise Error(f"{os.fspath(source)}: cannot read: {error.strerror}") from error


def _name(source: Source) -> str | None:
    """The file's name, which may say its format."""
    return None if isinstance(source, (bytes, bytearray, memoryview)) else os.fspath(source)


def _path(path: PathLike | None) -> Path | None:
    return None if path is None else Path(path)


def _keys(paths: Iterable[PathLike]) -> list[str]:
    return [_read(path).decode("utf-8", "replace") for path in paths]


def _file(source: Source, place: Path) -> str:
    if not isinstance(source, (bytes, bytearray, memoryview)):
        return os.fspath(source)
    place.write_bytes(source)
    return os.fspath(place)


def _write(path: PathLike, content: bytes) -> None:
    """Writes a file that appears whole, or not at all."""
    path = Path(path)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                os.chmod(file.name, 0o666 & ~_umask())
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise Error(f"{path}: cannot write: {error.strerror}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
