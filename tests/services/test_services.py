"""The real programs that the tests start do start, are shared, and are missed in words."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page

from tests.services import __main__ as make_sure
from tests.services import programs
from tests.services.postgres import PostgresServer
from tests.services.programs import ALERTMANAGER, AMTOOL, CHROMIUM, POSTGRES, Program, advice, find

NOWHERE = Program(names=("tocsin-no-such-program",), purpose="nothing", package="tocsin-none")


def test_a_fresh_database_is_empty_and_writes_to_the_disk(fresh_postgres: str) -> None:
    with psycopg.connect(fresh_postgres) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        fsync = connection.execute("SHOW fsync").fetchone()

    assert tables == (0,)
    assert fsync == ("on",)


def test_two_tests_never_share_a_database(fresh_postgres: str, postgres_server: PostgresServer) -> None:
    other = postgres_server.url_of(postgres_server.create_database())

    with psycopg.connect(fresh_postgres) as connection:
        connection.execute("CREATE TABLE mine (id int)")
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)


def test_the_server_lives_in_a_far_off_zone(postgres_url: str) -> None:
    noon_at = datetime(2026, 1, 1, 12, tzinfo=UTC)

    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT %s::timestamptz", (noon_at,)).fetchone()

    assert row is not None
    assert row[0] == noon_at
    assert row[0].utcoffset() != noon_at.utcoffset()


def test_a_server_of_our_own_comes_back_with_what_it_had(postgres_alone: PostgresServer) -> None:
    with psycopg.connect(postgres_alone.url) as connection:
        connection.execute("CREATE TABLE kept (id int)")

    postgres_alone.stop(mode="immediate")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres_alone.url)
    postgres_alone.start()

    with psycopg.connect(postgres_alone.url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_page_is_read_in_a_real_browser(page: Page) -> None:
    page.set_content("<button onclick=\"this.textContent = 'heard'\">ring</button>")

    page.get_by_role("button", name="ring").click()

    assert page.get_by_role("button").inner_text() == "heard"


def test_programs_are_found_and_a_missing_one_is_not() -> None:
    assert isinstance(find(POSTGRES), Path)
    assert isinstance(find(CHROMIUM), Path)
    assert isinstance(find(AMTOOL), Path)
    assert isinstance(find(ALERTMANAGER), Path)
    assert find(NOWHERE) is None


def test_a_package_that_holds_two_programs_is_asked_for_once() -> None:
    assert advice((AMTOOL, ALERTMANAGER)).endswith("apt-get install prometheus-alertmanager")


def test_the_newest_of_several_versions_is_taken(tmp_path: Path) -> None:
    for version in ("9.6", "15", "13"):
        tool = tmp_path / version / "bin" / "tocsin-tool"
        tool.parent.mkdir(parents=True)
        tool.touch(mode=0o755)

    tool_program = Program(names=("tocsin-tool",), purpose="", package="", folders=f"{tmp_path}/*/bin")

    assert find(tool_program) == tmp_path / "15" / "bin" / "tocsin-tool"


def test_who_may_not_install_gets_one_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_sure, "missing", lambda: (NOWHERE,))
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert make_sure.main() == 1

    assert capsys.readouterr().err.strip() == advice((NOWHERE,))
    assert "sudo apt-get install tocsin-none" in advice((NOWHERE,))


def test_root_gets_what_is_missing_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    installer = tmp_path / "apt-get"
    installs = f'[ "$1" = update ] || install -m 755 "$0" "{tmp_path}/{NOWHERE.names[0]}"'
    installer.write_text(f'#!/bin/sh\necho "$@"\n{installs}\n')
    installer.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(programs, "PROGRAMS", (NOWHERE,))

    assert make_sure.main() == 0

    said = capfd.readouterr().out.splitlines()
    assert said[1::2] == ["update", "install --yes --no-install-recommends tocsin-none"]
