import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.client.listener import Listener
from tests.client.programs import PATIENCE_SECONDS, Programs, is_running
from tocsin import clock


@pytest.mark.parametrize("code", [0, 1, 3, 77, 255])
def test_the_exit_code_is_that_of_the_command(programs: Programs, server: Listener, code: int) -> None:
    assert programs.run("run", "--", "sh", "-c", f"exit {code}").code == code

    end = server.taken[-1]
    assert end["kind"] == ("fail" if code else "success")
    assert end["exit_code"] == code
    assert end.get("error") == ({"type": "exit_code", "message": f"exit code {code}"} if code else None)


def test_a_run_is_reported_from_start_to_end(programs: Programs, server: Listener) -> None:
    done = programs.run(
        "run", "--job=etl", "--environment", "staging", "--label", "team=data", "--label", "a=b=c",
        "--nominal-at", "2026-03-01T02:00:00+01:00", "--partition", "eu", "--backfill", "--",
        "sh", "-c", "echo out; echo err >&2",
    )  # fmt: skip # a command line reads best in one piece

    assert done.out == b"out\n"
    assert done.err == b"err\n"
    start, end = server.taken
    assert [start["kind"], end["kind"]] == ["start", "success"]
    assert [start["seq"], end["seq"]] == [1, 2]
    for one in server.taken:
        assert (one["job"], one["environment"], one["run"]) == ("etl", "staging", start["run"])
        assert one["labels"] == {"team": "data", "a": "b=c"}
        assert one["nominal_at"] == "2026-03-01T01:00:00+00:00"
        assert (one["partition"], one["backfill"]) == ("eu", True)
        assert one["context"]["command"] == "sh -c 'echo out; echo err >&2'"
        assert "attempt" not in one
    assert sorted(end["log_tail"].splitlines()) == ["err", "out"]
    assert end["resources"]["max_rss_bytes"] > 100_000
    assert start["at"] <= end["at"] <= end["sent_at"]


def test_without_a_name_the_job_is_called_like_its_command(programs: Programs, server: Listener) -> None:
    programs.run("run", "/bin/echo", "--retries", "5")

    assert server.taken[0]["job"] == "echo"
    assert server.taken[0]["context"]["command"] == "/bin/echo --retries 5"


def test_output_passes_untouched_whatever_it_is(programs: Programs, server: Listener) -> None:
    data = bytes(range(256)) * 8_000

    done = programs.run("run", "--", "cat", given=data)

    assert done.out == data
    assert len(server.taken[-1]["log_tail"]) <= 10_000


def test_output_passes_at_once(programs: Programs) -> None:
    program = programs.start("run", "--", "sh", "-c", "printf 'no newline'; read x; echo got $x")
    assert program.stdin is not None
    assert program.stdout is not None

    assert program.stdout.read(10) == b"no newline"
    program.stdin.write(b"answer\n")
    program.stdin.flush()
    assert program.stdout.read() == b"got answer\n"
    assert program.wait(PATIENCE_SECONDS) == 0


def test_both_outputs_into_one_file_keep_their_exact_order(programs: Programs, tmp_path: Path) -> None:
    script = "for i in $(seq 500); do echo out $i; echo err $i >&2; done"
    with (tmp_path / "log").open("wb") as log:
        programs.run("run", "--", "sh", "-c", script, stdout=log, stderr=log)

    lines = (tmp_path / "log").read_text().splitlines()
    assert lines == [f"{where} {i}" for i in range(1, 501) for where in ("out", "err")]


def test_the_tail_is_the_end_of_both_outputs(programs: Programs, server: Listener) -> None:
    programs.run("run", "--", "sh", "-c", "seq 100000; echo last words >&2; exit 1")

    tail = server.taken[-1]["log_tail"]
    assert 9_900 < len(tail) <= 10_000
    assert "99999\n100000\n" in tail
    assert "last words" in tail


def test_a_reader_that_leaves_ends_the_command_as_it_would_without_us(
    programs: Programs, server: Listener, tmp_path: Path
) -> None:
    pipeline = f"{sys.executable} -m tocsin run --retries 5 -- yes | head -n 2; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", pipeline], capture_output=True, timeout=30, check=False)

    assert done.stdout == b"y\ny\n141\n"
    assert done.stderr == b""
    server.wait_until(lambda listener: listener.kinds() == ["start", "fail"])
    assert server.taken[-1]["signal"] == signal.SIGPIPE


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, 137), (signal.SIGSEGV, 139)]
)
def test_a_command_ended_by_a_signal_gives_128_and_its_number(
    programs: Programs, server: Listener, number: int, code: int
) -> None:
    assert programs.run("run", "--", "sh", "-c", f"kill -{int(number)} $$").code == code

    end = server.taken[-1]
    assert (end["kind"], end["signal"], end["exit_code"]) == ("fail", number, code)
    assert end["error"]["message"] == f"ended by {signal.Signals(number).name}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_reach_the_whole_command(programs: Programs, server: Listener, number: int) -> None:
    script = f"trap 'echo told; exit 9' {int(number)}; sleep 60 > /dev/null 2>&1 & echo ready; wait"
    program = programs.start("run", "--retries", "3", "--", "sh", "-c", script)
    assert program.stdout is not None
    assert program.stdout.readline() == b"ready\n"

    program.send_signal(number)

    assert program.stdout.read() == b"told\n"
    assert program.wait(PATIENCE_SECONDS) == 9
    # Whoever asks a job to end does not want it tried again.
    assert server.kinds() == ["start", "fail"]
    assert (server.taken[-1]["attempt"], server.taken[-1]["max_attempts"]) == (1, 1)


def test_a_signal_that_our_parent_ignores_stays_ignored(programs: Programs) -> None:
    script = f"trap '' HUP; exec {sys.executable} -m tocsin run -- sh -c 'kill -HUP $PPID $$; echo alive'"
    done = subprocess.run(["sh", "-c", script], capture_output=True, timeout=30, check=False)

    assert (done.returncode, done.stdout) == (0, b"alive\n")


@pytest.mark.parametrize(
    ("command", "code", "kind", "words"),
    [
        ("no-such-command", 127, "not_found", "no-such-command: command not found"),
        ("./missing/x", 127, "not_found", "./missing/x: no such file"),
        ("/", 126, "not_executable", "/: Permission denied"),
        ("", 127, "not_found", "command not found"),
    ],
)
def test_a_command_that_cannot_be_started_is_told_as_the_shell_does(
    programs: Programs, server: Listener, *, command: str, code: int, kind: str, words: str
) -> None:
    done = programs.run("run", "--job", "etl", "--retries", "5", "--", command)

    assert done.code == code
    assert words in done.err.decode()
    assert server.kinds() == ["start", "fail"]
    assert server.taken[-1]["error"]["type"] == kind
    assert server.taken[-1]["max_attempts"] == 1


def test_a_script_without_a_first_line_is_not_given_to_a_shell(programs: Programs, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo hi\n")
    assert programs.run("run", "--", str(script)).code == 126
    script.chmod(0o755)

    done = programs.run("run", "--", str(script))

    assert (done.code, done.out) == (126, b"")
    assert b"#!" in done.err


def test_a_failure_is_retried_and_the_run_stays_the_same(
    programs: Programs, server: Listener, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    script = f"echo try; echo x >> {mark}; test $(wc -l < {mark}) = 3"
    done = programs.run("run", "--retries", "4", "--retry-wait", "0.05", "--", "sh", "-c", script)

    assert (done.code, done.out) == (0, b"try\n" * 3)
    told = [(one["kind"], one["attempt"], one["max_attempts"]) for one in server.taken]
    tried = [(kind, attempt, 5) for attempt in (1, 2) for kind in ("start", "retrying")]
    assert told == [*tried, ("start", 3, 5), ("success", 3, 3)]
    assert len({one["run"] for one in server.taken}) == 1
    retrying = server.last("retrying")
    assert (retrying["exit_code"], retrying["log_tail"]) == (1, "try\n")
    assert retrying["resources"]["max_rss_bytes"] > 0


def test_after_the_last_attempt_the_run_has_failed(programs: Programs, server: Listener) -> None:
    assert programs.run("run", "--retries", "1", "--retry-wait", "0", "--", "sh", "-c", "exit 4").code == 4

    assert server.kinds() == ["start", "retrying", "start", "fail"]
    assert (server.taken[-1]["attempt"], server.taken[-1]["max_attempts"]) == (2, 2)


def test_a_signal_between_attempts_ends_the_run(programs: Programs, server: Listener) -> None:
    program = programs.start(
        "run", "--retries", "9", "--retry-wait", "31000000", "--heartbeat", "0", "--", "false"
    )
    server.wait_until(lambda listener: "retrying" in listener.kinds())

    program.terminate()

    assert program.wait(PATIENCE_SECONDS) == 143
    assert server.kinds() == ["start", "retrying", "fail"]
    assert (server.taken[-1]["attempt"], server.taken[-1]["max_attempts"]) == (1, 1)


def test_a_time_out_ends_the_whole_process_group(programs: Programs, server: Listener) -> None:
    script = "sleep 60 & echo $!; sleep 60"
    began = clock.monotonic()
    done = programs.run("run", "--timeout", "0.3", "--", "sh", "-c", script)

    assert done.code == 124
    assert clock.monotonic() - began < 5
    assert not is_running(int(done.out))
    end = server.taken[-1]
    assert (end["kind"], end["exit_code"], end["signal"]) == ("timeout", 124, signal.SIGTERM)
    assert end["error"] == {"type": "timeout", "message": "took longer than 0.3 s and was ended"}


def test_what_does_not_heed_the_time_out_is_killed_when_its_grace_is_over(programs: Programs) -> None:
    code = (
        "from tocsin.client.attempt import Attempt; from tocsin.client.bell import Bell\n"
        "script = \"trap '' TERM; (sleep 60 > /dev/null & echo $!; wait) & trap 'exit 0' TERM; wait\"\n"
        "attempt = Attempt(['sh', '-c', script], Bell(), grace_seconds=0.4)\n"
        "attempt.start(0.3); print(attempt.wait(lambda: 60.0)); attempt.pass_rest()"
    )
    began = clock.monotonic()
    done = programs.python(code)
    took = clock.monotonic() - began

    assert 0.7 <= took < 5
    assert b"timed_out=True" in done.out
    assert not is_running(int(done.out.split()[0]))


def test_a_command_that_is_stopped_can_still_time_out(programs: Programs) -> None:
    began = clock.monotonic()

    assert programs.run("run", "--timeout", "0.3", "--", "sh", "-c", "kill -STOP $$").code == 124
    # It is let go on, to heed the signal: nobody waits for the grace to be over.
    assert clock.monotonic() - began < 5


def test_heartbeats_are_sent_while_the_command_runs(programs: Programs, server: Listener) -> None:
    program = programs.start("run", "--heartbeat", "0.1", "--", "sh", "-c", "read x")
    server.wait_until(lambda listener: listener.kinds().count("heartbeat") >= 3)
    assert program.stdin is not None
    program.stdin.close()
    program.wait(PATIENCE_SECONDS)

    kinds = server.kinds()
    assert kinds[0] == "start"
    assert kinds[-1] == "fail"
    assert set(kinds[1:-1]) == {"heartbeat"}
    assert [one["seq"] for one in server.taken] == list(range(1, len(kinds) + 1))


def test_without_heartbeats_there_are_none(programs: Programs, server: Listener) -> None:
    programs.run("run", "--heartbeat", "0", "--", "sh", "-c", "sleep 0.3")

    assert server.kinds() == ["start", "success"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "there is no command"),
        (("--",), "there is no command"),
        (("--retry", "3", "--", "true"), "unknown option --retry; did you mean --retries?"),
        (("--retries", "x", "--", "true"), "--retries wants a number, not 'x'"),
        (("--retries", "-1", "--", "true"), "--retries must lie between 0 and 1000, not -1"),
        (("--timeout", "nan", "--", "true"), "--timeout must lie between 0 and"),
        (("--timeout",), "--timeout wants a value"),
    ],
)
def test_a_mistake_in_the_options_is_told_and_nothing_is_run(
    programs: Programs, server: Listener, words: tuple[str, ...], message: str
) -> None:
    done = programs.run("run", *words)

    assert done.code == 2
    assert message in done.err.decode()
    assert done.err.count(b"\n") == 1
    assert server.requests == []


def test_a_mistake_in_what_is_only_reported_does_not_keep_the_job_from_running(
    programs: Programs, server: Listener
) -> None:
    done = programs.run(
        "run", "--nominal-at", "soon", "--label", "nonsense", "--label", "a=b", "--", "echo", "hi"
    )

    assert (done.code, done.out) == (0, b"hi\n")
    assert b"--nominal-at wants an instant" in done.err
    assert b"--label wants KEY=VALUE" in done.err
    assert server.taken[0]["labels"] == {"a": "b"}


@pytest.mark.parametrize("words", [("run", "--help"), ("run", "-h"), ("flush", "--help")])
def test_help_is_shown(programs: Programs, words: tuple[str, ...]) -> None:
    done = programs.run(*words)

    assert done.code == 0
    assert done.out.startswith(b"Usage: tocsin ")
    assert b"Exit codes" in done.out


def test_the_command_sees_the_world_as_it_would_without_us(programs: Programs) -> None:
    code = (
        "import json, os, signal, sys;"
        "print(json.dumps({'cwd': os.getcwd(), 'files': sorted(os.listdir('/proc/self/fd')),"
        " 'mask': open('/proc/self/status').read().split('SigBlk:')[1].split()[0],"
        " 'ignored': open('/proc/self/status').read().split('SigIgn:')[1].split()[0]}))"
    )
    look = ["sh", "-c", f'exec {sys.executable} -c "{code}"']

    bare: dict[str, Any] = json.loads(subprocess.run(look, capture_output=True, check=True).stdout)
    ours: dict[str, Any] = json.loads(programs.run("run", "--", *look).out)

    for world in (bare, ours):
        # Signals 32 and 33 are glibc's own, and ignored in whatever it spawns.
        world["ignored"] = int(world["ignored"], 16) & ~(3 << 31)
    assert ours == bare


def test_a_daemon_that_the_command_leaves_behind_is_neither_waited_for_nor_killed(
    programs: Programs, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    go_on = tmp_path / "go_on"
    os.mkfifo(go_on)
    script = f"(read x < {go_on}; echo later; echo still alive > {mark}) & echo now"
    program = programs.start("run", "--", "sh", "-c", script)
    assert program.stdout is not None
    assert program.stdout.readline() == b"now\n"
    assert program.wait(PATIENCE_SECONDS) == 0

    go_on.write_text("on\n")

    assert program.stdout.read() == b"later\n"
    assert mark.read_text() == "still alive\n"


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_standard_files_are_no_trouble(programs: Programs, server: Listener, closed: str) -> None:
    script = f"{sys.executable} -m tocsin run -- sh -c 'echo out; echo err >&2; exit 5' {closed}"

    done = subprocess.run(["sh", "-c", script], capture_output=True, timeout=30, check=False)

    assert done.returncode == 5
    server.wait_until(lambda listener: listener.kinds() == ["start", "fail"])


def test_a_full_disk_behind_our_output_does_not_end_the_command(programs: Programs, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with Path("/dev/full").open("wb") as full:
        done = programs.run("run", "--", "sh", "-c", f"seq 20000; echo on > {mark}", stdout=full)

    assert done.code == 0
    assert mark.exists()
