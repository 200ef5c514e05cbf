"""What every test of the batch toolkit may ask for."""

from pathlib import Path

import pytest


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the pipelines of a test keep what they must not forget."""
    return tmp_path / "batch.db"
