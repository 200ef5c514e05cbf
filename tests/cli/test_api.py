"""What becomes of a command when the server refuses, is away, or is not ours."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.replies import Replies
from tests.services.ports import free_port
from tocsin.cli import api
from tocsin.cli.exits import Exit

JOBS = "/api/v1/jobs"
EMPTY: dict[str, object] = {"items": [], "next": None}


@contextmanager
def talker(answer: bytes) -> Iterator[str]:
    """Answer every connection with these bytes and close it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, Exit.NOT_ALLOWED, "TOCSIN_TOKEN"),
        (403, Exit.NOT_ALLOWED, "tocsin token create --user"),
        (404, Exit.REFUSED, "because of that"),
        (409, Exit.REFUSED, "because of that"),
        (422, Exit.REFUSED, "because of that"),
        (500, Exit.UNREACHABLE, "cannot answer now: because of that"),
        (501, Exit.REFUSED, "because of that"),
        (503, Exit.UNREACHABLE, "cannot answer now: because of that"),
    ],
)
def test_what_the_server_refuses_ends_with_its_words_and_an_exit_code(
    tocsin: Tocsin, replies: Replies, status: int, code: Exit, words: str
) -> None:
    replies.refuse("GET", JOBS, status, "because of that")
    said = tocsin("jobs")
    assert (said.code, said.out) == (code, "")
    assert words in said.err
    assert said.err.startswith("tocsin: ")


def test_every_fault_of_a_request_is_told(tocsin: Tocsin, replies: Replies) -> None:
    faults = [
        {"field": "matchers.0", "message": "cannot be read"},
        {"field": "comment", "message": "is too long"},
    ]
    error = {"code": "invalid", "message": "Two things are wrong.", "field": None, "faults": faults}
    replies.set("POST", "/api/v1/silences", {"error": error}, 422)
    said = tocsin("silence", "add", "x", "--for", "1h")
    assert said.code == Exit.REFUSED
    assert "Two things are wrong.\n  matchers.0: cannot be read\n  comment: is too long" in said.err


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[1]", b"", b"\xff\xfe"])
def test_an_answer_that_is_not_ours_is_recognised(tocsin: Tocsin, replies: Replies, body: bytes) -> None:
    replies.set("GET", JOBS, body)
    said = tocsin("jobs")
    assert (said.code, "is not Tocsin" in said.err) == (Exit.FAILED, True)
    replies.set("GET", f"{JOBS}/production/x", body, 404)
    said = tocsin("jobs", "show", "x")
    assert (said.code, "is not Tocsin" in said.err) == (Exit.FAILED, True)


def test_a_redirect_is_not_followed_with_the_token(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", JOBS, b"", 302, {"Location": "https://elsewhere.example/"})
    said = tocsin("jobs", TOCSIN_TOKEN="secret-token")
    assert (said.code, "https://elsewhere.example/" in said.err) == (Exit.UNREACHABLE, True)
    assert "secret-token" not in said.err


def test_a_server_that_is_not_there_is_told_with_what_to_do(tocsin: Tocsin) -> None:
    said = tocsin("jobs", "--server", f"http://127.0.0.1:{free_port()}")
    assert (said.code, said.out) == (Exit.UNREACHABLE, "")
    assert "start one with: tocsin serve" in said.err


def test_a_name_that_cannot_be_found_is_told(tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    said = tocsin("jobs", TOCSIN_URL="http://tocsin.invalid")
    assert (said.code, "the name in http://tocsin.invalid cannot be found" in said.err) == (
        Exit.UNREACHABLE,
        True,
    )


def test_a_server_that_says_nothing_is_not_waited_for_without_end(
    tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        said = tocsin("jobs", TOCSIN_URL=f"http://127.0.0.1:{mute.getsockname()[1]}")
    assert (said.code, "does not answer in time" in said.err) == (Exit.UNREACHABLE, True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n", "does not speak HTTP"),
        (b"", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "99 bytes are missing"),
    ],
)
def test_what_does_not_speak_http_is_told(tocsin: Tocsin, answer: bytes, words: str) -> None:
    with talker(answer) as url:
        said = tocsin("jobs", TOCSIN_URL=url)
    assert (said.code, words in said.err) == (Exit.UNREACHABLE, True)


def test_https_to_a_server_without_tls_is_told(tocsin: Tocsin, replies: Replies) -> None:
    said = tocsin("jobs", TOCSIN_URL=replies.url.replace("http:", "https:"))
    assert (said.code, "is it http:// perhaps?" in said.err) == (Exit.UNREACHABLE, True)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8465", "ftp://x", "http://", "http://h:port", "http://[::1", "http://a b"]
)
def test_an_address_that_is_none_is_a_usage_error(tocsin: Tocsin, url: str) -> None:
    said = tocsin("jobs", TOCSIN_URL=url)
    assert (said.code, "write it like http://127.0.0.1:8465" in said.err) == (Exit.USAGE, True)


def test_the_token_comes_from_the_environment_or_a_file(
    tocsin: Tocsin, replies: Replies, tmp_path: object
) -> None:
    replies.set("GET", JOBS, EMPTY)
    with open("token", "w", encoding="utf-8") as file:  # noqa: PTH123 -- the current folder is the test's own
        file.write("from-a-file\n")
    tocsin("jobs")
    tocsin("jobs", TOCSIN_TOKEN_FILE="token")
    tocsin("jobs", TOCSIN_TOKEN=" given ", TOCSIN_TOKEN_FILE="token")
    sent = [asked.headers.get("Authorization") for asked in replies.asked]
    assert sent == [None, "Bearer from-a-file", "Bearer given"]
    said = tocsin("jobs", TOCSIN_TOKEN_FILE="absent")
    assert (said.code, "'absent' cannot be read" in said.err) == (Exit.USAGE, True)
    assert tocsin("jobs", TOCSIN_TOKEN="line\nbreak").code == Exit.USAGE
    assert len(replies.asked) == 3


def test_names_are_encoded_whatever_they_hold(tocsin: Tocsin, replies: Replies) -> None:
    tocsin("jobs", "show", "a/b c?d#e%f日", "-e", "stag/ing")
    assert replies.asked[0].path == f"{JOBS}/stag%2Fing/a%2Fb%20c%3Fd%23e%25f%E6%97%A5"


def test_a_server_behind_a_path_of_a_proxy_is_reached(tocsin: Tocsin, replies: Replies) -> None:
    replies.set("GET", "/tocsin" + JOBS, EMPTY)
    assert tocsin("jobs", "--server", replies.url + "/tocsin/").code == 0


def test_a_list_is_read_over_its_pages_up_to_the_limit(tocsin: Tocsin, replies: Replies) -> None:
    pages = {"": (range(1000), "c1"), "c1": (range(1000, 1500), None)}
    for cursor, (numbers, following) in pages.items():
        for limit in (1000, 500, 700):
            query = f"?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
            items = [{"environment": "production", "name": f"job{number}"} for number in numbers][:limit]
            replies.set("GET", JOBS + query, {"items": items, "next": following})
    whole = json.loads(tocsin("jobs", "list", "--limit", "1700", "--json").out)
    assert ([job["name"] for job in whole["items"]], whole["next"]) == (
        [f"job{n}" for n in range(1500)],
        None,
    )
    said = tocsin("jobs", "list", "--limit", "700")
    assert len(said.out.splitlines()) == 701
    assert "there are more" in said.err


def test_an_answer_without_end_is_not_kept(
    tocsin: Tocsin, replies: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MAX_ANSWER", 100)
    replies.set("GET", JOBS, b" " * 101)
    said = tocsin("jobs")
    assert (said.code, "more than 64 MiB" in said.err) == (Exit.FAILED, True)
