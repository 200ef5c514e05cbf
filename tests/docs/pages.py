"""The pages of the documentation, and the blocks of code in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SNIPPETS = DOCS / "snippets"
# These are held to the code by tests of their own, which read them as they are.
HELD_ELSEWHERE = {"channels.md", "cli.md", "config.md"}

_FENCE = re.compile(
    r"(?:<!-- (?:snippets/)?(?P<name>\S+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)```\n", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of code: where it stands, in which language, and from which file it claims to come."""

    page: str
    language: str
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.name or self.text[:60]!r}"


def pages() -> list[Path]:
    """Return every page that people read."""
    return [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def blocks() -> Iterator[Block]:
    """Return every block of every page that is held to its files."""
    for page in pages():
        if page.name in HELD_ELSEWHERE:
            continue
        for found in _FENCE.finditer(page.read_text(encoding="utf-8")):
            yield Block(
                page=str(page.relative_to(ROOT)),
                language=found["language"],
                name=found["name"] or "",
                text=found["text"],
            )


def snippets(suffix: str = "") -> list[str]:
    """Return the names of the files, of one kind or of all."""
    files = (path for path in SNIPPETS.rglob(f"*{suffix}") if path.is_file())
    return sorted(str(path.relative_to(SNIPPETS)) for path in files)


def text_of(name: str) -> str:
    """Return what a snippet says, or a file of an example that a page shows."""
    return ((ROOT if name.startswith("examples/") else SNIPPETS) / name).read_text(encoding="utf-8")
