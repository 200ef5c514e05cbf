"""ULIDs that are derived, not drawn: the same record has the same one whenever it is sent again."""

import hashlib
import re
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID: Final = re.compile(f"[0-7][{_ALPHABET}]{{25}}")
_TIME_BITS: Final = 48
_REST_BYTES: Final = 10


def ulid_of(record_id: str, milliseconds: int) -> str:
    """Return the ULID (github.com/ulid/spec) of a record; an id that is one already is kept.

    Its first part is the instant in milliseconds since 1970, the rest 80 bits of the SHA-256 of the id.
    """
    if _ULID.fullmatch(record_id):
        return record_id
    rest = hashlib.sha256(record_id.encode("utf-8", "surrogatepass")).digest()[:_REST_BYTES]
    number = (milliseconds % (1 << _TIME_BITS) << (8 * _REST_BYTES)) | int.from_bytes(rest, "big")
    return "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(25, -1, -1))
