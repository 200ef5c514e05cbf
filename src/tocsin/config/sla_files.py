"""Files of promises beside the configuration, as teams keep them: read as if their jobs stood in it.

Such a file holds `defaults`, and jobs either under `jobs` or by themselves at its top level.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from tocsin.config.grammar.file import File
from tocsin.config.grammar.jobs import MAX_SLA_FILES, Defaults, Job, SlaFile
from tocsin.config.grammar.keys import GrammarKeys
from tocsin.config.problems import MAX_SHOWN, Fault, Mark, Place, told, translate
from tocsin.config.promises import SAYS_NOTHING, laid_over
from tocsin.config.reading import MAX_BYTES, Document, general_timezone, read
from tocsin.config.references import Surroundings, located
from tocsin.errors import Problem
from tocsin.jobs.checkin import DEFAULT_ENVIRONMENT

_JOBS, _DEFAULTS = "jobs", "defaults"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaDocument:
    """One file of promises as it was read; `part` is None where it cannot be used, and `problems` say why."""

    source: str
    document: Document
    is_flat: bool
    part: SlaFile | None
    problems: tuple[Problem, ...]

    def mark_of(self, place: Place) -> Mark:
        """Return the line and column of a place of the file as if its jobs stood under `jobs`."""
        return self.document.mark_of(self._written(place))

    def resolved(self, place: Place) -> Place:
        """Return the place as it is written."""
        return self.document.resolved(self._written(place))

    def source_of(self, _place: Place) -> str:
        """Return the name of the file."""
        return self.source

    def _written(self, place: Place) -> Place:
        return place[1:] if self.is_flat and place[:1] == (_JOBS,) else place


class Together:
    """Finds the places of a configuration and of the jobs that other files brought into it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._origins: dict[Place, tuple[SlaDocument, Place]] = {}

    def add(self, place: Place, of: SlaDocument, there: Place) -> None:
        """Note that a job of the configuration stands in another file, and where."""
        self._origins[place] = (of, there)

    def mark_of(self, place: Place) -> Mark:
        """Return the line and column of a place in the file where it stands."""
        origin = self._origins.get(place[:3])
        if origin is None:
            return self._document.mark_of(place)
        return origin[0].mark_of((*origin[1], *place[3:]))

    def resolved(self, place: Place) -> Place:
        """Return the place as it is written in the file where it stands."""
        origin = self._origins.get(place[:3])
        if origin is None:
            return self._document.resolved(place)
        return origin[0].resolved((*origin[1], *place[3:]))

    def source_of(self, place: Place) -> str:
        """Return the file where a place stands; empty for the configuration itself."""
        origin = self._origins.get(place[:3])
        return "" if origin is None else origin[0].source


def read_sla_files(data: object, around: Surroundings) -> tuple[SlaDocument, ...]:
    """Return the files of promises that a configuration names and that can be opened."""
    named = data.get("sla_files") if isinstance(data, dict) else None
    names = [named] if isinstance(named, str) else named
    found = []
    for name in names[:MAX_SLA_FILES] if isinstance(names, list) else ():
        text = _content(located(name, around)) if isinstance(name, str) else None
        if text is not None:
            found.append(_read(str(name), text, around))
    return tuple(found)


def joined(
    file: File, document: Document, others: Sequence[SlaDocument]
) -> tuple[File, Together, list[Fault]]:
    """Return the configuration with the jobs of these files, where each stands, and which stand twice."""
    lines, faults = Together(document), list[Fault]()
    jobs = {name: list(variants) for name, variants in file.jobs.items()}
    seen = {
        _key(name, variant, file.defaults): "the configuration itself"
        for name, variants in jobs.items()
        for variant in variants
    }
    for other in others:
        for there, name, job in _jobs_of(other.part or SlaFile()):
            variants = jobs.setdefault(name, [])
            lines.add((_JOBS, name, len(variants)), other, there)
            key = _key(name, job, file.defaults)
            if key in seen:
                message = f"the job {name[:MAX_SHOWN]!r} of {key[0]!r} stands in {seen[key]} too; keep one"
                faults.append(Fault(place=(_JOBS, name, len(variants)), message=message))
            seen[key] = other.source
            variants.append(job)
    return file.model_copy(update={_JOBS: jobs}), lines, faults


def _key(name: str, job: Job, defaults: Defaults) -> tuple[str, str]:
    return (job.environment or defaults.environment or DEFAULT_ENVIRONMENT, name)


def _jobs_of(part: SlaFile) -> Iterator[tuple[Place, str, Job]]:
    """Return the jobs of a file with its own defaults in them."""
    for name, variants in part.jobs.items():
        for number, job in enumerate(variants):
            own = job if part.defaults == SAYS_NOTHING else laid_over(job, part.defaults)
            yield (_JOBS, name, number), name, own


def _content(path: Path) -> bytes | None:
    """Return what a file holds; one that cannot be opened is told of where it is named."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        return None


def _read(name: str, text: bytes, around: Surroundings) -> SlaDocument:
    document = read(text)
    data = document.data
    is_flat = isinstance(data, dict) and _JOBS not in data
    found = SlaDocument(source=name, document=document, is_flat=is_flat, part=None, problems=())
    if not document.is_whole:
        return replace(found, problems=told(document.faults, found))
    if isinstance(data, dict) and is_flat:
        jobs = {key: value for key, value in data.items() if key != _DEFAULTS}
        data = {_JOBS: jobs, **({_DEFAULTS: data[_DEFAULTS]} if _DEFAULTS in data else {})}
    here = replace(around, timezone=general_timezone(data, around.timezone))
    try:
        part = SlaFile.model_validate(data, context=here)
    except ValidationError as error:
        keys = GrammarKeys(SlaFile)
        faults = [translate(detail, keys) for detail in error.errors(include_url=False)]
        return replace(found, problems=told([*document.faults, *faults], found))
    return replace(found, part=part, problems=told(document.faults, found))
