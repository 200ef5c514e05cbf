"""Where a connection may lead: asked of the address that answered, for a name may lead anywhere."""

import ipaddress
import socket
from enum import StrEnum
from typing import Final

from tocsin.errors import ChannelError


class Reach(StrEnum):
    """Whether something may be said to an address."""

    ALLOWED = "allowed"
    OURSELVES = "it leads to this machine itself; write 127.0.0.1 or localhost if that is meant"
    METADATA = "it leads to an address of the network itself, where clouds keep credentials"


_LINK_LOCAL: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local; AWS, Azure, Google and others answer at 169.254.169.254
        "fe80::/10",  # the same in IPv6
        "fd00:ec2::/32",  # AWS in IPv6
        "100.100.100.200/32",  # Alibaba
        "192.0.0.192/32",  # Oracle
    )
)


def reach(address: str, written: str) -> Reach:
    """Return whether a connection that `address` has answered may be used.

    `written` is the host as the configuration has it. Who writes a loopback address or `localhost` means
    this machine; a name that merely leads there may have been turned by somebody else. Nobody is told
    anything at addresses of the link, under which clouds hand out credentials.
    """
    peer = _plain(ipaddress.ip_address(address.partition("%")[0]))
    if any(peer in network for network in _LINK_LOCAL if network.version == peer.version):
        return Reach.METADATA
    if (peer.is_loopback or peer.is_unspecified) and not _means_ourselves(written):
        return Reach.OURSELVES
    return Reach.ALLOWED


def check_peer(connected: socket.socket, written: str) -> None:
    """Raise ChannelError, and close the connection, if nothing may be said to who has answered."""
    found = reach(connected.getpeername()[0], written)
    if found is not Reach.ALLOWED:
        connected.close()
        raise ChannelError(f"{written}: nothing was sent: {found}")


def _means_ourselves(written: str) -> bool:
    host = written.strip("[]").lower().rstrip(".")
    if host == "localhost":
        return True
    try:
        return _plain(ipaddress.ip_address(host)).is_loopback
    except ValueError:
        return False


def _plain(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that an IPv6 one stands for, if it does."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
