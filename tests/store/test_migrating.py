"""Numbered migrations."""

import sys
from pathlib import Path

import pytest

from tocsin.errors import StoreBroken
from tocsin.store.migrating import Migration, migrations, missing

STEPS = tuple(Migration(number=n, name=f"{n:04}", sql="") for n in (1, 2, 3))


@pytest.mark.parametrize("package", ["tocsin.store.sqlite", "tocsin.store.postgres"])
def test_every_store_brings_its_migrations_numbered_without_a_gap(package: str) -> None:
    steps = migrations(package)

    assert steps
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert all("CREATE" in step.sql or "ALTER" in step.sql for step in steps)


def test_a_migration_that_is_missing_is_a_broken_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gappy_store" / "migrations"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    for name in ("0001_first.sql", "0003_third.sql"):
        (folder / name).touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(StoreBroken, match="installation is incomplete"):
        migrations("gappy_store")
    sys.modules.pop("gappy_store", None)


def test_only_what_is_missing_is_applied() -> None:
    assert missing(STEPS, 0, "x") == STEPS
    assert missing(STEPS, 2, "x") == STEPS[2:]
    assert missing(STEPS, 3, "x") == ()


def test_a_schema_from_the_future_is_refused() -> None:
    with pytest.raises(
        StoreBroken, match=r"x was written by a newer Tocsin \(schema 4, this program knows 3\)"
    ):
        missing(STEPS, 4, "x")
