"""Where the client finds the server, the key and its spool: all from the environment."""

import os
from collections.abc import Mapping

from tocsin.client.values import Value

DEFAULT_URL = "http://127.0.0.1:8465"
DEFAULT_ENVIRONMENT = "production"
OFF = "off"
_MAX_KEY_BYTES = 4096


class Settings(Value):
    """How to report; `faults` are the things that the user should mend, none of which stops the job.

    `url` is empty where reporting is switched off. `spool_places` are tried in turn.
    """

    url: str
    key: str
    environment: str
    spool_places: tuple[str, ...]
    faults: tuple[str, ...] = ()


def read_settings(
    environ: Mapping[str, str],
    *,
    url: str | None = None,
    key: str | None = None,
    environment: str | None = None,
    spool: str | None = None,
) -> Settings:
    """Return the settings in force: an argument wins over its variable, a variable over the default.

    Variables: TOCSIN_URL (`off` reports nothing), TOCSIN_KEY or TOCSIN_KEY_FILE, TOCSIN_ENVIRONMENT,
    TOCSIN_SPOOL.
    """
    address = (url or environ.get("TOCSIN_URL") or DEFAULT_URL).strip().rstrip("/")
    found_key, faults = (key.strip(), ()) if key else _read_key(environ)
    return Settings(
        url="" if address.lower() == OFF else address,
        key=found_key,
        environment=environment or environ.get("TOCSIN_ENVIRONMENT") or DEFAULT_ENVIRONMENT,
        spool_places=_spool_places(environ, spool),
        faults=faults,
    )


def _read_key(environ: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    if key := environ.get("TOCSIN_KEY", "").strip():
        return key, ()
    path = environ.get("TOCSIN_KEY_FILE", "")
    if not path:
        return "", ()
    try:
        with open(path, "rb") as file:
            return file.read(_MAX_KEY_BYTES).decode("utf-8", "replace").strip(), ()
    except OSError as error:
        return "", (f"cannot read TOCSIN_KEY_FILE {path}: {error.strerror}; reporting without a key",)


def _spool_places(environ: Mapping[str, str], spool: str | None) -> tuple[str, ...]:
    """Return the wanted directory and, for a user without a writable home, one in the temporary directory."""
    wanted = spool or environ.get("TOCSIN_SPOOL")
    if not wanted:
        state = environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
        # A user that the system does not know has no home, and the "~" stays.
        wanted = "" if state.startswith("~") else f"{state}/tocsin/spool"
    if wanted and not wanted.startswith("/"):
        wanted = os.path.abspath(wanted)
    return (wanted, last_resort(environ))


def last_resort(environ: Mapping[str, str]) -> str:
    """Return the spool's place where no home is writable; its name is per user, its owner is checked."""
    return f"{environ.get('TMPDIR') or '/tmp'}/tocsin-{os.getuid()}"  # noqa: S108 – owner and mode are checked
