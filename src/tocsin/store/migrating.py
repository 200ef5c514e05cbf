"""Numbered migrations: `migrations/0001_name.sql` beside a store's code, applied in order, once each."""

from dataclasses import dataclass
from importlib import resources

from tocsin.errors import StoreBroken


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step from the schema before it."""

    number: int
    name: str
    sql: str


def migrations(package: str) -> tuple[Migration, ...]:
    """Return the migrations that come with a store's package, in order and without a gap."""
    files = [f for f in (resources.files(package) / "migrations").iterdir() if f.name.endswith(".sql")]
    found = sorted((_migration(f.name, f.read_text("utf-8")) for f in files), key=lambda step: step.number)
    if [step.number for step in found] != list(range(1, len(found) + 1)):
        raise StoreBroken(
            f"the installation is incomplete: {package} has migrations {[s.name for s in found]}"
        )
    return tuple(found)


def missing(steps: tuple[Migration, ...], applied: int, where: str) -> tuple[Migration, ...]:
    """Return the steps that a database at this schema lacks; StoreBroken when it is newer than we are."""
    if applied > len(steps):
        raise StoreBroken(
            f"{where} was written by a newer Tocsin (schema {applied}, this program knows {len(steps)}): "
            "start the newer version, or restore a backup from before the upgrade"
        )
    return steps[applied:]


def _migration(file: str, sql: str) -> Migration:
    return Migration(number=int(file.split("_", 1)[0]), name=file.removesuffix(".sql"), sql=sql)
