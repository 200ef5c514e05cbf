"""Files of checks of data: each mistake with its line, all at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from tocsin.config.grammar.data_checks import DataChecks
from tocsin.config.grammar.keys import GrammarKeys
from tocsin.config.problems import Fault, told, translate
from tocsin.config.reading import Document, content_of, read
from tocsin.errors import ConfigError
from tocsin.quality.measurement import MAX_SHOWN, DataCheck, FoundIn

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


def load_checks(path: Path) -> ChecksFile:
    """Return the checks of a file; raises ConfigError with every problem found."""
    return _read(content_of(path, _HINT), path)


def checks_in(text: str, name: str) -> ChecksFile:
    """Return the checks of a text, which goes by a name; raises ConfigError with every problem found."""
    return _read(text.encode(), Path(name))


def _read(text: bytes, path: Path) -> ChecksFile:
    document = read(text)
    faults, written = list(document.faults), None
    if document.is_whole:
        written, more = _written(document)
        faults += more
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


def _not_measurable(written: DataChecks) -> Iterator[Fault]:
    for number, check in enumerate(written.checks):
        if check.cannot_be_measured is not None:
            yield Fault(place=("checks", number), message=check.cannot_be_measured)


def _from(path: Path, source: str) -> str:
    """Return a source as it is found from here; an address or an absolute path is found from anywhere."""
    return source if not source or "://" in source else str(path.parent / source)
