"""Makes docs/gallery anew: what every channel sends, at every severity, for every kind of news.

Run it so: make gallery
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from scripts.gallery.sheets import all_shown, mark_of, sheets_of, texts_of, width_of
from scripts.gallery.small import mark_in, small_picture
from tests.services.browser import ARGUMENTS
from tests.services.programs import CHROMIUM, advice, find

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
MOST_BYTES = 400_000
_FIT = """
document.querySelectorAll("iframe").forEach(frame => {
  frame.style.height = frame.contentDocument.documentElement.scrollHeight + "px";
})
"""


def main() -> int:
    """Return the exit code."""
    chromium = find(CHROMIUM)
    if chromium is None:
        print(advice((CHROMIUM,)))
        return 1
    with tempfile.TemporaryDirectory(prefix="tocsin-gallery-") as folder:
        everything = all_shown(Path(folder))
    for channel, text in texts_of(everything).items():
        (GALLERY / f"{channel}.txt").write_text(text, encoding="utf-8")
    sheets = sheets_of(everything)
    stale = {name: sheet for name, sheet in sheets.items() if not _is_fresh(name, sheet)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        too_large = [name for name, sheet in stale.items() if _take(browser, name, sheet) > MOST_BYTES]
        browser.close()
    print(f"docs/gallery: {len(everything)} channels, {len(stale)} of {len(sheets)} pictures taken anew")
    for name in too_large:
        print(f"{name}.png has more than {MOST_BYTES // 1000} kB")
    return 1 if too_large else 0


def _is_fresh(name: str, sheet: str) -> bool:
    picture = GALLERY / f"{name}.png"
    return picture.exists() and mark_in(picture.read_bytes()) == mark_of(sheet)


def _take(browser: Browser, name: str, sheet: str) -> int:
    """Take a picture of a sheet, and return its size in bytes."""
    page = browser.new_page(viewport={"width": width_of(name), "height": 800}, color_scheme="light")
    page.set_content(sheet, wait_until="load")
    page.evaluate(_FIT)
    png = small_picture(page, mark_of(sheet))
    page.close()
    (GALLERY / f"{name}.png").write_bytes(png)
    print(f"docs/gallery/{name}.png: {len(png) // 1000} kB", flush=True)
    return len(png)


if __name__ == "__main__":
    sys.exit(main())
