"""Whom we believe when a receiver says who it is."""

import ssl


def trust(ca_file: str | None) -> ssl.SSLContext:
    """Return a context that verifies names and certificates, by this machine's authorities and `ca_file`.

    Raises OSError for a file that cannot be read or holds no certificate (ssl.SSLError is one).
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context
