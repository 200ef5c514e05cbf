"""Plays docs/tutorial-batch.md from end to end on this machine: `python -m examples.batch.main`.

A file of events goes to a stand-in of Customer.io. The sender is killed on its way and started once more;
what could not be delivered is looked at, and what can be mended is sent again. Ends with 1 if any was lost.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from examples.batch import events
from tocsin.clock import monotonic

HERE = Path(__file__).parent
PATIENCE_SECONDS = 60.0
KILLED_AFTER = 1_000
KEY = "the-key"


class Stage:
    """A folder to play in, and the stand-in that is played with."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            **os.environ,
            "CIO_KEY": KEY,
            "CIO_URL": self.url,
            "TOCSIN_BATCH_STATE": str(folder / "shop.db"),
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, *words: str, **more: str) -> str:
        """Run a program to its end, and show and return what it says."""
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        print(f"$ {' '.join([*(f'{name}={value}' for name, value in more.items()), 'python', *words])}")
        print(done.stdout, end="", flush=True)
        if done.returncode:
            raise SystemExit(f"that ended with {done.returncode}")
        return done.stdout

    def books(self) -> dict[str, Any]:
        """Return what the stand-in has."""
        with urllib.request.urlopen(f"{self.url}/books", timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 -- our own stand-in
            told: dict[str, Any] = json.load(answer)
        return told

    def await_books(self, enough: Callable[[dict[str, Any]], bool], program: "subprocess.Popen[Any]") -> None:
        """Wait until the stand-in has what is waited for; a program that ends before is a fault."""
        until = monotonic() + PATIENCE_SECONDS
        while monotonic() < until:
            try:
                if enough(self.books()):
                    return
            except OSError:
                pass  # it has not begun to listen
            try:
                program.wait(timeout=0.02)
            except subprocess.TimeoutExpired:
                continue
            raise SystemExit(f"a program ended too early, with {program.returncode}")
        raise SystemExit(f"not within {PATIENCE_SECONDS:g} s: {self.books()}")


@contextmanager
def staged() -> Iterator[Stage]:
    """Set everything up in a folder of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), port)
        shutil.copy(HERE / "send.py", stage.folder)
        words = [sys.executable, str(HERE / "stand_in.py"), "--port", str(port), "--key", KEY]
        stand_in = subprocess.Popen(words, env=stage.environment)
        try:
            stage.await_books(lambda _: True, stand_in)
            yield stage
        finally:
            stand_in.terminate()
            stand_in.wait()


def play(stage: Stage) -> None:
    """Do what the tutorial does."""
    events.write(stage.folder / "events.jsonl.gz")
    stage.run("send.py", "--plan")

    sender = subprocess.Popen([sys.executable, "send.py"], cwd=stage.folder, env=stage.environment)
    stage.await_books(lambda books: books["events"] >= KILLED_AFTER, sender)
    sender.kill()
    sender.wait()
    print(f"\nkilled with {stage.books()['events']:,} events delivered\n")

    stage.run("send.py")
    told("delivered", stage.books(), events.DELIVERED)
    stage.run("-m", "tocsin", "batch", "dead-letters", "--limit", "3")
    replay = ("-m", "tocsin", "batch", "dead-letters", "replay", "--pipeline", "send:pipeline")
    stage.run(*replay, "--reason", "zone", TILL_ZONE="Z")
    told("mended", stage.books(), events.DELIVERED + len(events.WITHOUT_ZONE))
    stage.run("-m", "tocsin", "batch", "dead-letters")


def told(what: str, books: dict[str, Any], wanted: int) -> None:
    """Show the books; end where they have other events than they should."""
    print(f"\n{what}: {json.dumps(books)}\n", flush=True)
    if books["events"] != wanted:
        raise SystemExit(f"it should have {wanted:,}")


if __name__ == "__main__":
    with staged() as stage:
        play(stage)
