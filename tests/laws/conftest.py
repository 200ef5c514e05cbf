"""A law that does not hold is told as such, by its smallest example, and not as a test that hangs."""

from pathlib import Path

import pytest

# Hypothesis looks for the smallest example for up to five minutes, once it has found any.
LONGEST_SECONDS = 900


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a law take the time that it may need to say where it does not hold."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(LONGEST_SECONDS))
