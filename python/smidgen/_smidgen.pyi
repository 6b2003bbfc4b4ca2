from collections.abc import Callable
from pathlib import Path

__version__: str

def diff(
    base: bytes,
    base_name: str | None,
    target: bytes,
    target_name: str | None,
    options: list[tuple[str, str]],
    device: Path | None,
    threads: int,
    progress: Callable[[str, int, int], object] | None,
) -> bytes: ...
def patch(
    base: bytes,
    base_name: str | None,
    package: bytes,
    public_keys: list[str],
    progress: Callable[[str, int, int], object] | None,
) -> bytes: ...
def info(package: bytes) -> str: ...
def flatten(image: bytes, name: str | None) -> bytes: ...
def check_device(package: bytes, device: Path) -> None: ...
