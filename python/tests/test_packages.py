"""Packages: what is made is what the program makes, restores, and is refused when it is wrong."""

import hashlib
import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path

import pytest

import smidgen

# Fast enough for a test, and no other code than at other levels.
FAST = 2


def program(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = Path(sysconfig.get_path("scripts"), "smidgen")
    return subprocess.run([command, *map(str, arguments)], capture_output=True, text=True)


def test_bytes_and_paths_give_the_package_that_the_program_makes(old: Path, new: Path, tmp_path: Path) -> None:
    package = smidgen.diff(old, new, level=FAST, ram="16K", product="sensor")
    assert package == smidgen.diff(old.read_bytes(), bytearray(new.read_bytes()), level=FAST, ram=16384, product="sensor")
    output = tmp_path / "program.smdg"
    made = program("diff", "-q", old, new, "--level", FAST, "--ram", "16K", "--product", "sensor", "-o", output)
    assert (made.returncode, made.stderr) == (0, "")
    assert package == output.read_bytes()


def test_a_package_restores_the_image(old: Path, new: Path, tmp_path: Path) -> None:
    package = smidgen.diff(old, new, level=FAST)
    assert smidgen.patch(old, package) == new.read_bytes()
    output = tmp_path / "restored.bin"
    assert smidgen.patch(str(old), memoryview(package), output=output) == smidgen.info(package)
    assert output.read_bytes() == new.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["restored.bin"]


def test_info_says_what_the_package_says(old: Path, new: Path, tmp_path: Path) -> None:
    output = tmp_path / "update.smdg"
    info = smidgen.diff(old, new, output=output, level=FAST, ram="8K", module="main", to_version="1.1", rollback_counter=7)
    assert info == smidgen.info(output)
    assert info.package_size == output.stat().st_size
    assert (info.codec, info.module, info.product, info.to_version) == ("cm", "main", None, "1.1")
    assert (info.rollback_counter, info.in_place, info.encrypted, info.keys) == (7, False, False, ())
    assert info.ram <= 8192
    assert info.base_sha256_prefix == hashlib.sha256(old.read_bytes()).hexdigest()[:32]
    assert info.target_sha256 == hashlib.sha256(new.read_bytes()).hexdigest()


def test_files_of_builds_are_flattened(tmp_path: Path) -> None:
    texts = {"old": ":040000006162636472\n:00000001FF\n", "new": ":040000006162636571\n:00000001FF\n"}
    for name, text in texts.items():
        (tmp_path / f"{name}.hex").write_text(text)
    package = smidgen.diff(tmp_path / "old.hex", tmp_path / "new.hex")
    assert smidgen.patch(b"abcd", package) == b"abce"
    assert smidgen.verify(tmp_path / "old.hex", package, target=tmp_path / "new.hex").target_size == 4


def test_verify_finds_another_image_and_a_device_that_is_too_small(old: Path, new: Path, tmp_path: Path) -> None:
    package = smidgen.diff(old, new, level=FAST, ram="16K")
    assert smidgen.verify(old, package, target=new) == smidgen.info(package)
    with pytest.raises(smidgen.Error, match="another image"):
        smidgen.verify(old, package, target=old)
    device = tmp_path / "device.toml"
    device.write_text('ram = "4K"\n')
    with pytest.raises(smidgen.Error, match="memory|RAM"):
        smidgen.verify(old, package, device=device)
    small = smidgen.diff(old, new, level=FAST, device=device)
    assert smidgen.verify(old, small, device=device).ram <= 4096


def test_what_is_wrong_is_refused_with_the_decoders_number(old: Path, new: Path) -> None:
    package = smidgen.diff(old, new, level=FAST)
    refused: list[tuple[smidgen.Source, bytes, int]] = [
        (new, package, 11),
        (bytes(old.stat().st_size), package, 12),
        (old, package[:-1], 16),
        (old, b"no package at all", 1),
    ]
    for base, wrong, number in refused:
        with pytest.raises(smidgen.Error) as caught:
            smidgen.patch(base, wrong)
        assert caught.value.number == number
    with pytest.raises(smidgen.Error, match="cannot read"):
        smidgen.info("/nowhere/at/all")
    with pytest.raises(smidgen.Error, match="the new image is empty"):
        smidgen.diff(old, b"")


@pytest.mark.parametrize(
    ("options", "text"),
    [({"level": 10}, "level: expected"), ({"arch": "mips"}, "arch: expected one of"), ({"colour": "red"}, "no option colour")],
)
def test_options_are_checked(old: Path, new: Path, options: dict[str, object], text: str) -> None:
    with pytest.raises(smidgen.Error, match=text):
        smidgen.diff(old, new, **options)  # type: ignore[call-overload]


def test_only_packages_of_the_right_signer_are_restored(old: Path, new: Path, tmp_path: Path) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("of a test\n")
    for name in ("own", "other"):
        made = program("keygen", "-q", tmp_path / f"{name}.pem", tmp_path / f"{name}.pub", "--passphrase-file", passphrase)
        assert made.returncode == 0, made.stderr
    package = tmp_path / "update.smdg"
    smidgen.diff(old, new, output=package, level=FAST)
    with pytest.raises(smidgen.Error):
        smidgen.patch(old, package, public_keys=[tmp_path / "own.pub"])
    signed = tmp_path / "signed.smdg"
    made = program("sign", "-q", package, "-o", signed, "--key", tmp_path / "own.pem", "--passphrase-file", passphrase)
    assert made.returncode == 0, made.stderr
    assert smidgen.patch(old, signed, public_keys=[tmp_path / "own.pub"]) == new.read_bytes()
    with pytest.raises(smidgen.Error):
        smidgen.verify(old, signed, public_keys=[tmp_path / "other.pub"])
    assert len(smidgen.info(signed).keys) == 1


def test_progress_is_told_and_may_end_the_work(old: Path, new: Path, tmp_path: Path) -> None:
    news: list[tuple[str, int, int]] = []
    smidgen.diff(old, new, level=FAST, progress=lambda *one: news.append(one))
    stages = [stage for stage, _, _ in news]
    assert {"searching", "encoding", "proving"} <= set(stages)
    assert all(0 <= done <= total for _, done, total in news)

    def refuse(stage: str, done: int, total: int) -> None:
        raise ZeroDivisionError(stage)

    output = tmp_path / "update.smdg"
    with pytest.raises(ZeroDivisionError):
        smidgen.diff(old, new, output=output, progress=refuse)
    assert not output.exists()


def test_other_threads_run_meanwhile(old: Path, new: Path) -> None:
    turns = 0
    work = threading.Thread(target=smidgen.diff, args=(old, new), kwargs={"level": 6})
    work.start()
    while work.is_alive():
        turns += 1
        time.sleep(0.001)
    assert turns > 10


def test_the_command_is_the_program() -> None:
    said = program("--version")
    assert said.stdout.startswith(f"smidgen {smidgen.__version__} (package format ")
    assert program("diff", "--no-such-option").returncode == 2
    assert sys.version_info >= (3, 10)
