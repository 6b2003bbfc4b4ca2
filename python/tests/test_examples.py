"""The examples for build systems: PlatformIO's script in a stand-in for PlatformIO, the command of west in west itself."""

import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import smidgen

EXAMPLES = Path(__file__).parents[2] / "examples"


class Environment(dict[str, str]):
    """What a script of PlatformIO needs of its environment."""

    def __init__(self, project: Path, options: dict[str, str]) -> None:
        super().__init__(PROJECT_DIR=str(project))
        self.options = options
        self.target: dict[str, Any] = {}

    def GetProjectOption(self, name: str, default: str | None = None) -> str | None:
        return self.options.get(name, default)

    def AddCustomTarget(self, **target: Any) -> None:
        self.target = target


def run_platformio(project: Path, options: dict[str, str]) -> int:
    env = Environment(project, options)
    runpy.run_path(str(EXAMPLES / "platformio" / "smidgen_package.py"), {"Import": lambda name: None, "env": env})
    assert (env.target["name"], env.target["dependencies"]) == ("package", "$BUILD_DIR/${PROGNAME}.bin")
    result: int = env.target["actions"](target=[], source=[project / "build" / "firmware.bin"], env=env)
    return result


def test_platformio_makes_a_package_for_each_release(
    old: Path, new: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("releases", "build"):
        (tmp_path / folder).mkdir()
    shutil.copy(old, tmp_path / "releases" / "1.0.0.bin")
    shutil.copy(new, tmp_path / "releases" / "1.0.1.bin")
    shutil.copy(new, tmp_path / "build" / "firmware.bin")
    options = {"custom_smidgen_bases": "releases/*.bin", "custom_smidgen_ram": "8K", "custom_smidgen_product": "sensor"}
    assert run_platformio(tmp_path, options) == 0
    package = tmp_path / "build" / "from-1.0.0.smdg"
    info = smidgen.verify(old, package, target=new)
    assert info.product == "sensor" and info.ram <= 8192
    smidgen.verify(new, tmp_path / "build" / "from-1.0.1.smdg", target=new)
    assert f"{info.package_size} bytes" in capsys.readouterr().out


def test_platformio_fails_if_there_is_nothing_to_update_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_platformio(tmp_path, {"custom_smidgen_bases": "releases/*.bin"}) == 1
    assert "releases/*.bin names no file" in capsys.readouterr().out


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    manifest = tmp_path / "manifest"
    manifest.mkdir()
    (manifest / "west.yml").write_text("manifest:\n  self:\n    west-commands: west-commands.yml\n")
    for name in ("west-commands.yml", "smidgen_west.py"):
        shutil.copy(EXAMPLES / "west" / name, manifest)
    west(tmp_path, "init", "-l", "manifest").check_returncode()
    return tmp_path


def west(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "west", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_west_makes_a_package_of_a_build(old: Path, new: Path, workspace: Path) -> None:
    (workspace / "build" / "zephyr").mkdir(parents=True)
    shutil.copy(new, workspace / "build" / "zephyr" / "zephyr.bin")
    made = west(workspace, "smidgen", old, "--ram", "8K", "--to-version", "2.0")
    assert made.returncode == 0, made.stderr
    info = smidgen.verify(old, workspace / "build" / "update.smdg", target=new)
    assert info.to_version == "2.0" and f"{info.package_size} bytes of zephyr.bin" in made.stdout


def test_west_says_what_is_missing(old: Path, workspace: Path) -> None:
    failed = west(workspace, "smidgen", old)
    assert failed.returncode != 0
    assert "run west build" in failed.stderr
