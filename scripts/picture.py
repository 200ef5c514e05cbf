"""Takes docs/images/status-page.png anew: the page of the flights example while all of its alerts are open.

Run it so: .venv/bin/python -m scripts.picture [PATH]
"""

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from scripts.palette import with_palette
from tests.services.programs import CHROMIUM, advice, find
from tocsin.clock import monotonic

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "status-page.png"
PORT = 8469
URL = f"http://127.0.0.1:{PORT}"
WIDTH, HEIGHT = 1080, 1300
ALERTS = 5
PATIENCE_SECONDS = 90.0
MOST_BYTES = 200_000


def main() -> int:
    """Return the exit code."""
    chromium = find(CHROMIUM)
    if chromium is None:
        print(advice((CHROMIUM,)))
        return 1
    target = Path(sys.argv[1]) if sys.argv[1:] else PICTURE
    play = subprocess.Popen(  # noqa: S603 -- our own example
        [sys.executable, "examples/flights/main.py", "--once", "--port", str(PORT), "--look", "20"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_for_page(play)
        _take(chromium, target)
    finally:
        play.terminate()
        play.wait()
    size = target.stat().st_size
    print(f"{target.relative_to(ROOT) if target.is_relative_to(ROOT) else target}: {size // 1000} kB")
    return 0 if size <= MOST_BYTES else 1


def _wait_for_page(play: "subprocess.Popen[str]") -> None:
    for line in play.stdout or ():
        if URL in line:
            return
    raise SystemExit("the example ended before its page could be seen")


def _take(chromium: Path, target: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT},
            color_scheme="light",
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        until = monotonic() + PATIENCE_SECONDS
        while not _is_complete(page.request.get(f"{URL}/api/v1/alerts").json()["items"]):
            if monotonic() > until:
                raise SystemExit("the alerts did not come")
            page.wait_for_timeout(300)
        page.goto(URL)
        target.write_bytes(with_palette(page.screenshot(full_page=True)))
        browser.close()


def _is_complete(alerts: list[dict[str, str]]) -> bool:
    return len(alerts) == ALERTS and any(alert["why"] == "duration_exceeded" for alert in alerts)


if __name__ == "__main__":
    sys.exit(main())
