"""The way from a file to what the engine, the channels and the server are told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from tocsin.config import advice, building
from tocsin.config.contradictions import impossible_promises
from tocsin.config.crosscheck import crosscheck
from tocsin.config.from_alertmanager import alertmanager_faults, without_spoken_of
from tocsin.config.grammar.delivery import reach_of
from tocsin.config.grammar.file import File
from tocsin.config.grammar.keys import GrammarKeys
from tocsin.config.problems import Fault, Lines, told, translate
from tocsin.config.reading import Document, content_of, general_timezone, read
from tocsin.config.references import Surroundings
from tocsin.config.salvaging import salvaged
from tocsin.config.settings import CallBack, ServerSettings
from tocsin.config.sla_files import SlaDocument, joined, read_sla_files
from tocsin.engine.configuration import Configuration
from tocsin.errors import ConfigError, Problem
from tocsin.notify.answering import Line
from tocsin.notify.channel import Channel
from tocsin.notify.heartbeat import Heartbeat

NO_FILE = "no file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a file says, ready for use.

    `channels` are by the names of their targets; `lines` are the telephones that may answer; `warnings`
    tell what is allowed and yet unwise; `heartbeat` is the sign of life, None where nobody wants one.
    """

    source: str
    configuration: Configuration
    channels: Mapping[str, Channel] = field(repr=False)
    server: ServerSettings
    call_backs: tuple[CallBack, ...] = ()
    lines: tuple[Line, ...] = field(default=(), repr=False)
    warnings: tuple[Problem, ...] = ()
    heartbeat: Heartbeat | None = None


def load(path: str | Path | None, environment: Mapping[str, str]) -> Loaded:
    """Return what the file says, or without a file what Tocsin does by itself; nothing is kept or started.

    `environment` is where `env:` references and the data directory are looked up. Raises ConfigError
    with every problem found, each with its path and line.
    """
    if path is None:
        return _built(NO_FILE, File(), read(b""), environment)
    return load_text(content_of(Path(path)), environment, source=str(path), folder=Path(path).parent)


def load_text(text: bytes, environment: Mapping[str, str], *, source: str, folder: Path) -> Loaded:
    """Return what the text of a file says; relative paths in it start at `folder`. Raises as `load` does."""
    document = read(text)
    file, lines = _sound(document, _around(document.data, environment, folder), source)
    return _built(source, file, lines, environment)


def load_configuration(path: str | Path) -> Configuration:
    """Return what the file tells the engine, though its secrets need not be there: by it nothing can be sent.

    Raises ConfigError as `load` does.
    """
    return building.build_configuration(load_as_written(path))


def load_as_written(path: str | Path) -> File:
    """Return the file as it is written, with the promises that it names; its secrets need not be there.

    Raises ConfigError as `load` does.
    """
    document = read(content_of(Path(path)))
    around = _around(document.data, {}, Path(path).parent)
    file, _ = _sound(document, replace(around, needs_secrets=False), str(path))
    return file


def configuration_in(data: object, folder: Path) -> tuple[Configuration | None, list[Fault]]:
    """Return what a configuration that stands within another file tells the engine, or what is wrong with it.

    The places of its faults begin where it begins; its secrets need not be there.
    """
    around = replace(_around(data, {}, folder), needs_secrets=False)
    others = read_sla_files(data, around)
    file, faults = checked(data, around)
    problems = [str(problem) for other in others for problem in other.problems]
    faults += [Fault(place=("sla_files",), message=problem) for problem in problems]
    if file is None or faults:
        return None, faults
    file, _, faults = joined(file, read(b""), others)
    faults += impossible_promises(file)
    return (None if faults else building.build_configuration(file)), faults


def _around(data: object, environment: Mapping[str, str], folder: Path) -> Surroundings:
    return Surroundings(
        environment=environment,
        folder=folder,
        timezone=general_timezone(data),
        base_url=_base_url(data),
        reach=reach_of(data),
    )


def _sound(document: Document, around: Surroundings, source: str) -> tuple[File, Lines]:
    """Return the file that a document is, with those of promises that it names, and where everything stands.

    Raises ConfigError with all that is wrong with it, and what is unwise in the parts that can be used.
    """
    others = read_sla_files(document.data, around)
    file, faults = checked(document.data, around) if document.is_whole else (None, [])
    problems = told([*document.faults, *faults], document)
    problems += tuple(problem for other in others for problem in other.problems)
    if file is None or problems:
        more, warnings = _of_what_can_be_used(document, around, others)
        raise ConfigError(source, problems + more, warnings)
    file, lines, faults = joined(file, document, others)
    faults += impossible_promises(file)
    if faults:
        raise ConfigError(source, told(faults, lines), told(advice.of_promises(file), lines))
    return file, lines


def _of_what_can_be_used(
    document: Document, around: Surroundings, others: Sequence[SlaDocument]
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Return what is impossible and what is unwise in the sound parts of a file that has faults."""
    if not document.is_whole:
        return (), ()
    sound = salvaged(document.data, lambda data: File.model_validate(data, context=around))
    if sound is None:
        return (), ()
    file, lines, faults = joined(sound, document, others)
    return told([*faults, *impossible_promises(file)], lines), told(advice.of_promises(file), lines)


def checked(data: object, around: Surroundings) -> tuple[File | None, list[Fault]]:
    """Return the file that plain values are, or all that is wrong with them."""
    foreign = list(alertmanager_faults(data)) if isinstance(data, dict) else []
    faults = [*crosscheck(data), *foreign]
    try:
        return File.model_validate(data, context=around), faults
    except ValidationError as error:
        return None, [*faults, *without_spoken_of(_translated(error), foreign)]


def _translated(error: ValidationError) -> Iterator[Fault]:
    keys = GrammarKeys(File)
    for detail in error.errors(include_url=False):
        yield translate(detail, keys)


def _built(source: str, file: File, lines: Lines, environment: Mapping[str, str]) -> Loaded:
    return Loaded(
        source=source,
        configuration=building.build_configuration(file),
        channels=building.build_channels(file),
        server=building.build_server(file, environment),
        call_backs=building.build_call_backs(file),
        lines=building.build_lines(file),
        warnings=told(advice.advise(file), lines),
        heartbeat=file.watchdog.heartbeat,
    )


def _base_url(data: object) -> str:
    written = data.get("base_url") if isinstance(data, dict) else None
    return written.rstrip("/") if isinstance(written, str) else ""
