"""Which form a file is in, by the end of its name or by what a person says."""

from dataclasses import dataclass
from typing import Final

from tocsin.errors import InvalidPipeline

_FORMS: Final = {"jsonl": "jsonl", "ndjson": "jsonl", "csv": "csv", "tsv": "tsv", "parquet": "parquet"}
_COMPRESSIONS: Final = {"gz": "gz", "gzip": "gz", "zst": "zst", "zstd": "zst"}
_HINTS: Final = {
    "json": "is one JSON document where lines are wanted; if each line of it is a value, say format='jsonl'",
    "bz2": "is compressed with bzip2; only gz and zst are read",
    "xz": "is compressed with xz; only gz and zst are read",
    "zip": "is an archive; only gz and zst are read",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a file is read: `kind` jsonl, csv, tsv or parquet, `compression` gz, zst or nothing."""

    kind: str
    compression: str = ""

    @property
    def is_table_of_text(self) -> bool:
        """Return whether it is CSV, whatever stands between its values."""
        return self.kind in ("csv", "tsv")


def form_of(name: str, said: str) -> Form:
    """Return the form of a file by what was said, as `csv` or `jsonl.gz`, or else by its name.

    Raises InvalidPipeline where neither tells.
    """
    words = (said or name.rpartition("/")[2]).lower().split(".")
    compression = _COMPRESSIONS.get(words[-1], "")
    if compression:
        words.pop()
    kind = _FORMS.get(words[-1] if words else "", "")
    if not kind:
        known = "jsonl, ndjson, csv, tsv, parquet, the first four also with .gz or .zst"
        if said:
            raise InvalidPipeline(f"format {said!r} is not known; it is one of {known}")
        hint = _HINTS.get(words[-1] if words else "", f"its name ends in none of {known}; say format='...'")
        raise InvalidPipeline(f"{name}: {hint}")
    if kind == "parquet" and compression:
        raise InvalidPipeline(f"{name}: Parquet compresses by itself; unpack the file once")
    return Form(kind=kind, compression=compression)
