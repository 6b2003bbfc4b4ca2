"""The fixtures' firmware."""

from pathlib import Path

import pytest

FIRMWARE = Path(__file__).parents[2] / "fixtures" / "firmware"


@pytest.fixture
def old() -> Path:
    return FIRMWARE / "app-v1.bin"


@pytest.fixture
def new() -> Path:
    return FIRMWARE / "app-v2.bin"
