"""What pandera says of a frame."""

from typing import Any

import pandera.errors

from benchmarks.quality.peers import asked


def told(schema: Any, frame: Any) -> None:  # noqa: ANN401 -- a schema and a frame of either kind
    """Print it: with a check that fails it tells the values that do, and with one that passes nothing."""
    failed = set[str]()
    try:
        schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        for one in errors.schema_errors:
            known = {"field_uniqueness": "order unique"}
            check = one.check if isinstance(one.check, str) else one.check.name
            failed.add(known.get(check, check))
    asked.tell(
        dict.fromkeys(asked.NAMES),
        {name: name not in failed for name in asked.NAMES} | dict.fromkeys(failed, False),
    )
