import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.client.programs import waiting_in
from tocsin import clock
from tocsin.client import spool as spool_module
from tocsin.client.spool import MAX_AGE_SECONDS, Spool, entry_name, find_place

URL = "http://127.0.0.1:8465"


@pytest.fixture
def waiting(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path), URL)


def fill(spool: Spool, *kinds: str, started_us: int = 1_000, size: int = 0) -> list[str]:
    names = [entry_name(started_us, "aa", seq, kind) for seq, kind in enumerate(kinds, 1)]
    for name in names:
        spool.put(name, b'{"job":"x' + b"." * size + b'"}\n')
    return names


def test_check_ins_wait_in_the_order_in_which_they_happened(waiting: Spool) -> None:
    later = fill(waiting, "start", "success", started_us=2_000)
    earlier = fill(waiting, "start", *["heartbeat"] * 12, "fail", started_us=1_000)

    assert waiting.names() == [*earlier, *later]


def test_the_clock_set_back_does_not_change_the_order_within_a_run() -> None:
    assert entry_name(5, "a", 2, "success") > entry_name(5, "a", 1, "start")
    assert entry_name(5, "a", 1_800_000_000_000, "fail") > entry_name(5, "a", 999, "heartbeat")


def test_what_waits_can_be_read_by_its_owner_alone(waiting: Spool) -> None:
    (name,) = fill(waiting, "start")

    assert Path(waiting.directory).stat().st_mode & 0o777 == 0o700
    assert Path(waiting.directory, f"{name}.json").stat().st_mode & 0o777 == 0o600


def test_servers_have_spools_of_their_own(tmp_path: Path) -> None:
    one, other = Spool(str(tmp_path), "http://a:1"), Spool(str(tmp_path), "http://a:1/prefix")
    fill(one, "start")

    assert other.names() == []
    assert other.neighbours() == (one.directory,)
    assert one.neighbours() == ()


def test_a_spool_that_was_cleaned_up_is_made_anew(waiting: Spool) -> None:
    fill(waiting, "start")
    subprocess.run(["rm", "-r", waiting.directory], check=True)

    assert fill(waiting, "start") == waiting.names()
    assert len(waiting_in(Path(waiting.directory).parent)) == 1


def test_what_no_disk_takes_is_kept_in_memory_within_bounds(tmp_path: Path) -> None:
    nowhere = Spool("", URL)
    start, *beats, end = fill(nowhere, "start", *["heartbeat"] * spool_module.MAX_IN_MEMORY, "fail")

    assert nowhere.names() == [start, *beats[2:], end]
    assert nowhere.dropped == 2
    nowhere.remove(start)
    assert not nowhere.has(start)


def test_a_directory_that_cannot_be_made_is_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    blocked = Spool(str(tmp_path / "file"), URL)

    names = fill(blocked, "start", "success")

    assert blocked.names() == names
    assert blocked.read(names[0]) == b'{"job":"x"}\n'
    with blocked.hold() as held:
        assert held


def test_a_file_that_was_being_written_when_the_process_was_killed_is_not_there(waiting: Spool) -> None:
    fill(waiting, "start")
    Path(waiting.directory, "half.tmp").write_bytes(b'{"job":')

    assert len(waiting.names()) == 1


def test_a_torn_file_is_set_aside_and_kept(waiting: Spool) -> None:
    names = fill(waiting, "start", "fail")
    waiting.set_aside(names[0])

    assert waiting.names() == names[1:]
    assert Path(waiting.directory, names[0] + ".torn").exists()


def test_what_is_too_much_is_dropped_heartbeats_first_and_ends_last(
    waiting: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = fill(waiting, "start", "heartbeat", "heartbeat", "fail", started_us=1, size=3_000)
    new = fill(waiting, "start", "heartbeat", "fail", started_us=2, size=3_000)
    monkeypatch.setattr(spool_module, "_LEFT_BY_TRIM", 1.0)
    left = []
    for blocks in (6, 5, 4, 3, 2, 1):
        monkeypatch.setattr(spool_module, "MAX_BYTES", 4096 * blocks)
        waiting.trim()
        left.append(set(waiting.names()))

    dropped = [next(iter(one - other)) for one, other in zip([{*old, *new}, *left], left, strict=False)]
    assert dropped == [old[1], old[2], new[1], old[0], new[0], old[3]]
    assert left[-1] == {new[2]}
    assert waiting.dropped == 6


def test_a_full_spool_is_given_some_room_and_then_left_alone(
    waiting: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "MAX_BYTES", 4096 * 20)
    fill(waiting, *["heartbeat"] * 20)
    with waiting.hold():
        waiting.trim_when_due()
        assert len(waiting.names()) == 20
        fill(waiting, "success", started_us=2_000)
        waiting.trim_when_due()

    assert len(waiting.names()) == 18


def test_a_spool_is_looked_through_every_ten_minutes(waiting: Spool) -> None:
    (name,) = fill(waiting, "start")
    path = Path(waiting.directory, f"{name}.json")
    with waiting.hold():
        for age in (60, 700):
            made = clock.now().timestamp() - MAX_AGE_SECONDS - 60
            os.utime(path, (made, made))
            trimmed = clock.now().timestamp() - age
            os.utime(Path(waiting.directory, "lock"), (trimmed, trimmed))
            waiting.trim_when_due()
            assert waiting.has(name) == (age == 60)


def test_what_is_too_old_is_dropped(waiting: Spool) -> None:
    names = fill(waiting, "start", "fail")
    ages = {f"{names[0]}.json": MAX_AGE_SECONDS + 60, "dead.tmp": 7200, "new.tmp": 60}
    for name, age in ages.items():
        path = Path(waiting.directory, name)
        path.touch()
        then = clock.now().timestamp() - age
        os.utime(path, (then, then))

    waiting.trim()

    assert sorted(path.name for path in Path(waiting.directory).iterdir()) == [f"{names[1]}.json", "new.tmp"]


def test_one_process_at_a_time_delivers(waiting: Spool, tmp_path: Path) -> None:
    fill(waiting, "start")
    code = (
        "import sys; from tocsin.client.spool import Spool\n"
        f"with Spool({str(tmp_path)!r}, {URL!r}).hold() as held:\n"
        " print(held, flush=True); sys.stdin.read()"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(spool_module.__file__).parent.parent.parent)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"True\n"
        with waiting.hold() as held:
            assert not held
        other.kill()
        other.wait(10)
        # The kernel has taken the right back from the dead.
        with waiting.hold() as held:
            assert held


def test_the_file_of_rejected_check_ins_is_bounded(waiting: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(waiting, "start")
    monkeypatch.setattr(spool_module, "MAX_REJECTED_BYTES", 100)
    path = ""
    for number in range(100):
        path = waiting.set_down(b"%03d %s\n" % (number, b"x" * 50))

    assert b"099" in Path(path).read_bytes()
    assert sum(file.stat().st_size for file in Path(waiting.directory).glob("rejected*")) < 400


def test_the_first_place_that_can_be_written_is_taken(tmp_path: Path) -> None:
    assert find_place([str(tmp_path / "a" / "b"), str(tmp_path / "c")]) == (str(tmp_path / "a" / "b"), "")


def test_a_wanted_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    place, trouble = find_place([str(tmp_path / "file" / "spool"), str(tmp_path / "mine")])

    assert place == str(tmp_path / "mine")
    assert "Not a directory" in trouble


def test_a_temporary_place_that_others_can_read_or_planted_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    wanted = str(tmp_path / "file" / "spool")
    (tmp_path / "open").mkdir(mode=0o777)
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir(mode=0o700)

    for planted in ("open", "link"):
        assert find_place([wanted, str(tmp_path / planted)])[0] == ""


def test_many_writers_at_once_lose_nothing(waiting: Spool) -> None:
    def write(number: int) -> None:
        fill(waiting, *["heartbeat"] * 50, started_us=number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(waiting.names()) == 400
