"""Data at an address is read where it lies, and SQL over it reads nothing else: neither here nor there."""

import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.measure.hostile import AS_OF
from tocsin.errors import NotMeasured
from tocsin.jobs.checks import Metric
from tocsin.measure import files
from tocsin.measure.duck import DuckTable
from tocsin.measure.engine import Table
from tocsin.measure.files import Files
from tocsin.measure.frames import Frames
from tocsin.quality.measurement import Custom, FoundIn, Measurement, Reading

SUM = Measurement(metric=Metric.SUM, columns=("a",))
REFERENCES = Measurement(metric=Metric.REFERENCES, columns=("a",), detail=FoundIn("other", "a"))


def loads_http() -> bool:
    try:
        duckdb.connect(config={"autoinstall_known_extensions": "false"}).execute("LOAD httpfs")
    except duckdb.Error:
        return False
    return True


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A folder of data, and beside it a file that is nobody's business."""
    (tmp_path / "lake").mkdir()
    parquet.write_table(pa.table({"a": [1, 2]}), tmp_path / "lake" / "orders.parquet")
    parquet.write_table(pa.table({"a": [2]}), tmp_path / "lake" / "other.parquet")
    parquet.write_table(pa.table({"a": [42]}), tmp_path / "secret.parquet")
    return tmp_path / "lake"


# httpfs is nothing that can be installed beside DuckDB: where it is there, it has been downloaded by hand.
@pytest.fixture(params=["file", "http"] if loads_http() else ["file"])
def address(request: pytest.FixtureRequest, lake: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """How that folder is addressed: in a way that DuckDB reads by itself, and by a real server."""
    if request.param == "file":
        monkeypatch.setattr(files, "REMOTE", ("file://",))
        yield f"file://{lake}"
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(lake))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- as it is called there
        """Say nothing."""


def values(engine: DuckTable, *asked: Measurement) -> list[Reading]:
    with closing(engine):
        return list(Table(engine).measure(asked, AS_OF).values())


def test_sql_over_an_address_reads_that_address_and_nothing_else(address: str, lake: Path) -> None:
    secret = lake.parent / "secret.parquet"
    others = (
        f"SELECT a FROM '{secret}'",  # noqa: S608 -- an attack, and no query of ours
        f"SELECT size FROM read_blob('{secret}')",  # noqa: S608 -- the same
        f"SELECT count(*) FROM glob('{lake.parent}/*')",  # noqa: S608 -- the same
        f"SELECT a FROM '{address}/other.parquet'",  # noqa: S608 -- the same
    )
    asked = [SUM, *(Measurement(metric=Metric.CUSTOM, detail=Custom(sql)) for sql in others)]

    *refused, measured = values(Files(f"{address}/orders.parquet"), *asked)

    assert measured.value == 3.0
    assert ["disabled by configuration" in one.said for one in refused] == [True] * 4


def test_what_data_at_an_address_refers_to_can_be_read_too(address: str) -> None:
    measured = values(
        Files(f"{address}/orders.parquet", beside={"other": f"{address}/other.parquet"}), REFERENCES
    )

    assert measured[0].value == 0.5


def test_of_a_frame_that_refers_to_an_address_sql_reads_no_local_file(address: str, lake: Path) -> None:
    peek = Custom(f"SELECT a FROM '{lake.parent}/secret.parquet'")  # noqa: S608 -- an attack
    frame = Frames(pa.table({"a": [2, 3, 4, 5]}), beside={"other": f"{address}/other.parquet"})

    refused, measured = values(frame, Measurement(metric=Metric.CUSTOM, detail=peek), REFERENCES)

    assert "disabled by configuration" in refused.said
    assert measured.value == 0.25


def test_a_pattern_at_an_address_lets_its_own_folder_be_read_and_no_other(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "REMOTE", ("file://",))
    peek = Custom(f"SELECT a FROM '{lake.parent}/secret.parquet'")  # noqa: S608 -- an attack

    refused, measured = values(
        Files(f"file://{lake}/o*.parquet"), Measurement(metric=Metric.CUSTOM, detail=peek), SUM
    )

    assert "disabled by configuration" in refused.said
    assert measured.value == 5.0


@pytest.mark.parametrize("address", ["https://127.0.0.1:9/a.parquet", "s3://lake/*.parquet"])
def test_an_address_whose_extension_is_not_there_says_how_to_install_it(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(NotMeasured, match=r"needs the extension httpfs of DuckDB.*INSTALL httpfs"):
        Files(address)
