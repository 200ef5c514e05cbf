"""Delta tables, by `deltalake`: the rows of their newest version."""

import os
from pathlib import Path
from typing import Any

from tocsin.errors import NotMeasured


def is_delta(path: str) -> bool:
    """Return whether a path is that of a Delta table; an address is, unless it names files."""
    if "://" in path:
        return "*" not in path and not Path(path).suffix
    return os.path.isdir(Path(path) / "_delta_log")  # noqa: PTH112 -- also where there can be no such path


def delta_table(path: str) -> Any:  # noqa: ANN401 -- published without types
    """Return the newest version of a table; raises NotMeasured where there is none."""
    try:
        from deltalake import DeltaTable  # noqa: PLC0415 -- an extra, loaded where it is used
        from deltalake.exceptions import DeltaError  # noqa: PLC0415 -- the same
    except ImportError:
        raise NotMeasured(
            f"{path} is a Delta table, which needs: pip install 'tocsin[quality,lake]'"
        ) from None
    try:
        return DeltaTable(path)
    except (DeltaError, OSError, ValueError) as error:
        raise NotMeasured(f"{path} cannot be read as a Delta table: {str(error).splitlines()[0]}") from error
