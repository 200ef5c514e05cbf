import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from tocsin.batch import (
    JSON_LINES,
    Batch,
    Delivered,
    Kind,
    Limits,
    Outcome,
    Partial,
    Pipeline,
    Refused,
    Rejected,
)
from tocsin.batch.encoding import encode_json


class Letterbox:
    """One file a batch, in a folder; letters to nobody are refused one by one."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.name = "letterbox"
        self.limits = Limits(max_records=100, max_record_bytes=10_000, scope=f"letterbox:{folder}")
        self.framing = JSON_LINES

    def encode(self, record: object, record_id: str) -> bytes:
        """Return the bytes of one record, or refuse it."""
        if not isinstance(record, dict) or "text" not in record:
            raise Rejected("it has no text")
        return encode_json({"id": record_id, **record})

    async def send(self, batch: Batch) -> Outcome:
        """Send one request, once, and say what became of it."""
        to_nobody = {n: "it names nobody" for n, letter in enumerate(batch.records) if b'"to":""' in letter}
        letters = [letter for n, letter in enumerate(batch.records) if n not in to_nobody]
        try:
            await asyncio.to_thread(self._put, batch.id, b"\n".join(letters))
        except FileNotFoundError:
            return Refused(Kind.UNAUTHORIZED, f"{self.folder} is gone")
        return Partial(to_nobody) if to_nobody else Delivered()

    def _put(self, name: str, content: bytes) -> None:
        """Write a file wholly or not at all; a batch that is sent again has the same name."""
        new = self.folder / f"{name}.new"
        new.write_bytes(content)
        new.rename(self.folder / name)

    async def check(self) -> Refused | None:
        """Say what would keep everything from getting through."""
        return None if self.folder.is_dir() else Refused(Kind.UNAUTHORIZED, f"{self.folder} is no folder")

    async def __aenter__(self) -> Self:
        self.folder.mkdir(exist_ok=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


pipeline = Pipeline("letters", Letterbox("letters"), max_rejects="50%")

if __name__ == "__main__":
    letters = [{"to": "ada", "text": "hello"}, {"to": "", "text": "hello?"}, {"to": "bob", "text": "hi"}]
    print(pipeline.plan(letters, check=True))
    print(pipeline.run(letters))
