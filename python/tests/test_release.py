"""Releases: `pack` is the program's, with images from memory and progress."""

import json
from pathlib import Path

import pytest

import smidgen


def test_a_release_is_packed(old: Path, new: Path, tmp_path: Path) -> None:
    news: list[tuple[str, int, int]] = []
    manifest = smidgen.pack(
        tmp_path / "release",
        to=new.read_bytes(),
        to_version="1.1.0",
        sources={"1.0.0": old},
        product="sensor",
        level=2,
        body_digest=True,
        progress=lambda *one: news.append(one),
    )
    assert manifest == json.loads((tmp_path / "release" / "manifest.json").read_text())
    assert [package["type"] for package in manifest["packages"]] == ["full", "differential"]
    for package in manifest["packages"]:
        base = old if package["base"] else b""
        assert smidgen.patch(base, tmp_path / "release" / package["file"]) == new.read_bytes()
    assert news[0] == ("packing", 0, 2) and news[-1] == ("packing", 2, 2)


def test_a_release_file_is_overridden_by_options(old: Path, new: Path, tmp_path: Path) -> None:
    (tmp_path / "release.toml").write_text(f"to = '{new}'\nto-version = '9'\nlevel = 2\n[from]\n'1' = '{old}'\n")
    manifest = smidgen.pack(tmp_path / "out", tmp_path, to_version="1.1.0")
    assert manifest["version"] == "1.1.0"


def test_a_release_that_fails_says_why(old: Path, new: Path, tmp_path: Path) -> None:
    with pytest.raises(smidgen.Error, match="--to-version"):
        smidgen.pack(tmp_path / "out", to=new, sources={"1.0.0": old})

    def refuse(stage: str, done: int, total: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        smidgen.pack(tmp_path / "out", to=new, to_version="2", sources={"1": old}, progress=refuse)
    assert not (tmp_path / "out" / "manifest.json").exists()
