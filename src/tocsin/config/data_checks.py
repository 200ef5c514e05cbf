"""Files of checks of data: each mistake with its line, all at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from tocsin.config.checks_against import absent_columns, unfit_columns
from tocsin.config.grammar.data_checks import DataChecks
from tocsin.config.grammar.keys import GrammarKeys
from tocsin.config.problems import Fault, told, translate
from tocsin.config.reading import Document, content_of, read
from tocsin.errors import ConfigError
from tocsin.measure.table import Column
from tocsin.quality.measurement import MAX_SHOWN, DataCheck, FoundIn

_OF_CHECKS: Final = frozenset({"checks", "source", "table"})
_OF_A_CONFIGURATION: Final = frozenset({"jobs", "receivers", "rules", "route"})
_HINT: Final = "; make one with: tocsin quality suggest PATH"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksFile:
    """What a file of checks says; `at` is where it says so, a source from its own folder.

    `unmeasured` are checks whose metric only the job itself can send.
    """

    at: Path
    source: str
    table: str
    job: str
    key: tuple[str, ...]
    sensitive: frozenset[str]
    examples: int
    checks: tuple[DataCheck, ...]
    null_values: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()

    @property
    def beside(self) -> dict[str, str]:
        """The other tables that checks refer to, by their names in the file, as they are found from here."""
        details = (check.measurement.detail for check in self.checks)
        names = {detail.table for detail in details if isinstance(detail, FoundIn)}
        return {name: _from(self.at, name) for name in sorted(names)}


ColumnsOf = Callable[[str, str, Sequence[str]], tuple[Column, ...] | None]
"""Tells the columns of the data at a source, in a table, where words stand for null; None: nobody knows."""


def load_checks(path: Path, columns_of: ColumnsOf | None = None) -> ChecksFile:
    """Return the checks of a file; raises ConfigError with every problem found.

    Names are held against the columns of the data, where these can be told.
    """
    return _read(content_of(path, _HINT), path, columns_of)


def is_of_checks(path: Path) -> bool:
    """Whether a file is meant to hold checks, and no configuration, by the keys at its top."""
    try:
        data = read(content_of(path)).data
    except ConfigError:
        return False
    keys = data.keys() if isinstance(data, dict) else set[str]()
    return _OF_A_CONFIGURATION.isdisjoint(keys) and not _OF_CHECKS.isdisjoint(keys)


def checks_in(text: str, name: str) -> ChecksFile:
    """Return the checks of a text, which goes by a name; raises ConfigError with every problem found."""
    return _read(text.encode(), Path(name))


def _read(text: bytes, path: Path, columns_of: ColumnsOf | None = None) -> ChecksFile:
    document = read(text)
    faults, written = list(document.faults), None
    if document.is_whole:
        written, more = _written(document)
        faults += more
        faults += _against(document.data, written, path, columns_of)
    if faults or written is None:
        raise ConfigError(str(path), told(faults, document))
    zone = written.timezone or "UTC"
    return ChecksFile(
        at=path,
        source=_from(path, written.source or ""),
        table=written.table or "",
        job=written.job or "",
        key=tuple(written.key or ()),
        sensitive=frozenset(written.sensitive or ()),
        examples=MAX_SHOWN if written.examples is None else written.examples,
        null_values=tuple(written.null_values or ()),
        checks=tuple(check.measured(zone) for check in written.checks),
    )


def _written(document: Document) -> tuple[DataChecks | None, list[Fault]]:
    try:
        written = DataChecks.model_validate(document.data)
    except ValidationError as error:
        keys = GrammarKeys(DataChecks)
        return None, [translate(detail, keys) for detail in error.errors(include_url=False)]
    return written, list(_not_measurable(written))


def _against(
    data: object, written: DataChecks | None, path: Path, columns_of: ColumnsOf | None
) -> Iterator[Fault]:
    """Yield what does not fit the data, where its columns can be told."""
    if columns_of is None or not isinstance(data, dict):
        return
    source, table, nulls = data.get("source"), data.get("table"), data.get("null_values")
    place = _from(path, source) if isinstance(source, str) else ""
    stand_for_null = tuple(map(str, nulls)) if isinstance(nulls, list) else ()
    columns = columns_of(place, table if isinstance(table, str) else "", stand_for_null)
    if columns is not None:
        yield from absent_columns(data, columns)
        yield from unfit_columns(written, columns) if written is not None else ()


def _not_measurable(written: DataChecks) -> Iterator[Fault]:
    for number, check in enumerate(written.checks):
        if check.cannot_be_measured is not None:
            yield Fault(place=("checks", number), message=check.cannot_be_measured)


def _from(path: Path, source: str) -> str:
    """Return a source as it is found from here; an address or an absolute path is found from anywhere."""
    return source if not source or "://" in source else str(path.parent / source)
