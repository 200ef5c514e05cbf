"""A real Chromium, driven by Playwright's synchronous API."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.services.programs import CHROMIUM, advice, find

# Runs without privileges and graphics, and speaks to nobody but the page under test.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# How long a page takes says more about the neighbours of this machine than about us.
PATIENCE_MILLISECONDS = 60_000


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The browser of this machine."""
    path = find(CHROMIUM)
    if path is None:
        pytest.fail(advice((CHROMIUM,)), pytrace=False)
    return path


@pytest.fixture(scope="module")
def browser(chromium_path: Path) -> Iterator[Browser]:
    """A running browser; `browser.new_context(color_scheme=…, timezone_id=…)` gives a clean profile.

    For one module, not for the session: while it lives Playwright keeps an event loop running in this thread,
    and no other test of the worker could use asyncio.run.
    """
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium_path, args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page in a clean profile; the test fails when a script on it raised."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Berlin", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    faults: list[str] = []
    context.on("weberror", lambda fault: faults.append(str(fault.error)))
    yield context.new_page()
    context.close()
    assert faults == []
