"""`tocsin quality import`: what dbt, Great Expectations or Soda have found, as a run of a job."""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tocsin.cli import options
from tocsin.cli.api import api_of
from tocsin.cli.exits import Exit, give_up
from tocsin.cli.files import needs_quality
from tocsin.cli.history_file import STANDARD
from tocsin.cli.output import Column, print_table, say
from tocsin.client.client import Client
from tocsin.client.context import describe
from tocsin.client.limits import MAX_TAIL_BYTES
from tocsin.clock import now
from tocsin.errors import ClientError, InvalidResults

if TYPE_CHECKING:
    from tocsin.dialects.dbt import Node
    from tocsin.quality.check import Judged
    from tocsin.quality.told import Told

MAX_RESULTS: Final = 64 * 1024 * 1024
MAX_MANIFEST: Final = 512 * 1024 * 1024
PATIENCE_SECONDS: Final = 10.0
_NO_CHECKS: Final = "nothing was checked: the results hold not one check"


@click.command(name="import")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--job", required=True, metavar="NAME", help="Report it to the server as a run of this job.")
@options.environment
@click.option(
    "--run", metavar="ID", help="Id of the run (default: that of the tool, so that a file counts once)."
)
@options.server
def import_(path: Path, job: str, environment: str, run: str | None, server: str | None) -> None:
    """Report what dbt, Great Expectations or Soda have found, as they have written it to FILE.

    Reads run_results.json or sources.json of dbt (with the manifest.json beside it), validation results of
    Great Expectations, and results of a Soda scan; `-` reads standard input. Give each kind of file a job of
    its own. Ends with 1 if a check failed, and with 2 if FILE cannot be read or holds no check.
    """
    with needs_quality():
        from tocsin.quality.told import as_many_as_fit
    content = _content(path, MAX_RESULTS)
    try:
        told = _translated(_parsed(content, path), path)
    except InvalidResults as error:
        give_up(f"{path} cannot be read: {error}", Exit.USAGE)
    sent = as_many_as_fit(told.judged)
    client = Client(server, environment=environment)
    own = {} if run else {"seq": 1, "at": min(told.at or now(), now()).isoformat()}
    run_id = run or told.run or hashlib.sha256(content).hexdigest()[:32]
    kind = "fail" if told.trouble or not sent else "success"
    client.check_in(job, kind, run=run_id, **_account(told, sent, path), **own)
    client.flush(PATIENCE_SECONDS)
    standing = client.finish()
    _tell(told, sent)
    _warn_of_others(_definition(server, job, environment), job, sent)
    if not sent:
        give_up(f"{path}: {told.trouble or _NO_CHECKS}; the run is reported as failed", Exit.USAGE)
    if standing.rejected:
        raise click.exceptions.Exit(Exit.REFUSED)
    if told.trouble or any(one.verdict.is_failed for one in told.judged):
        raise click.exceptions.Exit(Exit.FAILED)


def _content(path: Path, limit: int) -> bytes:
    try:
        if path == STANDARD:
            content = sys.stdin.buffer.read(limit + 1)
        else:
            with path.open("rb") as file:
                content = file.read(limit + 1)
    except OSError as error:
        give_up(f"{path} cannot be read: {error.strerror}", Exit.USAGE)
    if len(content) > limit:
        give_up(f"{path} is larger than {limit // 2**20} MiB", Exit.USAGE)
    return content


def _parsed(content: bytes, path: Path) -> object:
    try:
        parsed: object = json.loads(content)
    except ValueError as error:
        give_up(f"{path} is not JSON, or not whole: {error}", Exit.USAGE)
    except RecursionError:
        give_up(f"{path} is nested too deeply to be results of checks", Exit.USAGE)
    return parsed


def _translated(document: object, path: Path) -> "Told":
    with needs_quality():
        from tocsin.dialects import dbt, great_expectations, soda
    if dbt.is_spoken(document):
        beside = path.with_name(dbt.MANIFEST)
        return dbt.translate(document, _nodes(beside) if path != STANDARD and beside.is_file() else {})
    if great_expectations.is_spoken(document):
        return great_expectations.translate(document)
    if soda.is_spoken(document):
        return soda.translate(document)
    raise InvalidResults(
        "it is none of run_results.json or sources.json of dbt, validation results of Great Expectations, "
        "results of a Soda scan"
    )


def _nodes(path: Path) -> "Mapping[str, Node]":
    from tocsin.dialects.dbt import read_manifest

    try:
        return read_manifest(_content(path, MAX_MANIFEST))
    except InvalidResults as error:
        say(f"{path} cannot be read, so columns, tags and limits of tests are not known: {error}")
        return {}


def _definition(server: str | None, job: str, environment: str) -> "dict[str, object]":
    """Return what the server knows is promised of the job; nothing where it cannot be asked."""
    try:
        found = api_of(server).find("jobs", environment, job) or {}
    except ClientError:
        return {}
    definition = found.get("definition")
    return definition if isinstance(definition, dict) else {}


def _account(told: "Told", sent: "tuple[Judged, ...]", path: Path) -> "dict[str, object]":
    """Return the fields of the check-in: the checks, what was measured for them, and why they failed."""
    with needs_quality():
        from tocsin.checking import as_declared
        from tocsin.quality.check import CheckVerdict
    counts = Counter(one.verdict.value for one in told.judged)
    failed = [
        f"{one.verdict.value}: {one.check.id}: {one.said}" for one in told.judged if one.verdict.is_failed
    ]
    lines = "\n".join([*([told.trouble] if told.trouble else []), *failed])
    trouble = told.trouble or ("" if sent else _NO_CHECKS)
    notes = {one.check.key: one.note for one in sent if one.verdict.is_failed and one.note}
    measured = {one.check.key: one.value for one in sent if one.verdict is not CheckVerdict.NO_DATA}
    return {
        "metrics": measured or None,
        "metric_notes": notes or None,
        "checks": [as_declared(one.check) for one in sent] or None,
        "error": {"type": "checks", "message": trouble} if trouble else None,
        "log_tail": lines.encode()[:MAX_TAIL_BYTES].decode(errors="ignore") or None,
        "metadata": {"results_of": told.tool, "checks": dict(counts)},
        "context": describe(["tocsin", "quality", "import", str(path)]),
    }


def _tell(told: "Told", sent: "tuple[Judged, ...]") -> None:
    """Print the failed checks, and what all of it comes to."""
    failed = [one for one in told.judged if one.verdict.is_failed]
    if failed:
        print_table(
            _COLUMNS, [{"is": one.verdict.value, "id": one.check.id, "said": one.said} for one in failed]
        )
    if told.trouble and sent:
        say(f"{told.tool}: {told.trouble}")
    counts = Counter(one.verdict.value for one in told.judged)
    summed = ", ".join(f"{count} {word}" for word, count in counts.most_common()) or "none"
    left = f"; {told.left_out} were left out" if told.left_out else ""
    say(f"{told.tool}, {len(told.judged):,} checks: {summed}{left}")
    if len(sent) < len(told.judged):
        say(
            f"a job has at most {len(sent)} checks: the server is told {len(sent) - 1}, failed ones first, "
            "and how many others failed"
        )


def _warn_of_others(defined: "dict[str, object]", job: str, sent: "tuple[Judged, ...]") -> None:
    """Say what the server will not judge, because the job is defined by somebody who counts for more."""
    if defined.get("defined_by") not in ("file", "api"):
        return
    listed = defined.get("checks")
    known = {one.get("key") for one in listed if isinstance(one, dict)} if isinstance(listed, list) else set()
    unknown = [one.check.key for one in sent if one.check.key not in known]
    if unknown:
        say(
            f"the server's configuration defines job {job!r}, and does not list {len(unknown)} of these "
            f"checks, such as {unknown[0]!r}: nobody is told when they fail; import them under a name of "
            f"their own, such as --job {job}-checks"
        )


_COLUMNS = (
    Column("VERDICT", lambda one: one["is"]),
    Column("CHECK", lambda one: one["id"], gives=True),
    Column("WHAT", lambda one: one["said"], gives=True),
)
