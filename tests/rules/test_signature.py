"""The signature of an error, as tables."""

import pytest

from tocsin.rules.signature import MAX_SIGNATURE, id_of, signature


@pytest.mark.parametrize(
    ("error", "same"),
    [
        ("connection to db-7:5432 refused", "connection to db-9:5432 refused"),
        ("timeout after 31 s\nat line 7", "timeout after 45 s\nat line 9"),
        ("no rows for 2026-03-10", "no rows for 2026-03-11"),
        ("late since 2026-03-10T06:00:00Z", "late since 2026-03-11T07:12:09.123+02:00"),
        ("run 3fa85f64-5717-4562-b3fc-2c963f66afa6 lost", "run 11a85f64-aaaa-4562-b3fc-2c963f66afff lost"),
        ("commit 9fceb02d0ae598e9 is bad", "commit 1a410efbd13591db is bad"),
        ("<Connection object at 0x7f3a8c>", "<Connection object at 0x11>"),
        ("cannot read /data/in/orders-1.csv", "cannot read /srv/x/y.parquet"),
        (r"cannot read C:\data\in\orders.csv", r"cannot read D:\x\y.csv"),
        ("GET https://api.example.com/v1/orders?page=7 failed", "GET https://api.example.com/v2 failed"),
        ("key 'customer_id' is missing", "key 'order_id' is missing"),
        ('relation "stage.orders" does not exist', 'relation "stage.items" does not exist'),
        ("column `a` not found", "column `b_c` not found"),
        ("refused by 10.1.2.3:443", "refused by 10.9.9.9:80"),
        ("refused by fe80::1ff:fe23:4567:890a", "refused by 2001:db8:85a3:0:0:8a2e:370:7334"),
        ("user ada@example.com is unknown", "user bob@example.org is unknown"),
        ("missing ids 1, 2, 3", "missing ids 4, 5"),
        ("request req_8fK3jd92kdLq01 failed", "request req_1aB2cd34efGh99 failed"),
        ("disk   full", "disk full"),
    ],
)
def test_errors_that_differ_only_in_what_varies_have_one_signature(error: str, same: str) -> None:
    assert signature(error) == signature(same)


@pytest.mark.parametrize(
    ("error", "other"),
    [
        ("disk full", "access denied"),
        ("column 'a' does not exist", "table 'a' does not exist"),
        ("can't open it", "won't open it"),
        ("decade of the facade", "facade of the decade"),
    ],
)
def test_different_errors_have_different_signatures(error: str, other: str) -> None:
    assert signature(error) != signature(other)


def test_a_signature_keeps_the_words_around_what_differs() -> None:
    assert signature("row 12 of 1,234: 10.1.0.7:5432 refused (pid 9)") == "row … of …: … refused (pid …)"
    assert signature("can't read 'a b' in /x/y") == "can't read '…' in …"


def test_of_a_traceback_its_last_line_tells_what_it_is() -> None:
    traceback = "Traceback (most recent call last):\n  File 'a.py', line 3\nKeyError: 'x'\n"

    assert signature(traceback) == signature("KeyError: 'y'")


def test_a_signature_has_an_id_and_nothing_has_none() -> None:
    assert id_of(signature("at 7")) == id_of(signature("at 9"))
    assert len(id_of("x")) == 12
    assert id_of(signature("")) == ""


def test_a_signature_is_bounded() -> None:
    assert len(signature("a word and " * 1000)) <= MAX_SIGNATURE
