"""Which addresses a notification may go to, whatever a name resolves to.

The address of a receiver is the operator's, but what its name leads to is decided by a name server at the
moment of the request. So the address that was really connected to is looked at, before anything is sent.
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from tocsin.errors import ChannelError

Network = IPv4Network | IPv6Network

_SEGMENT: Final = "an address of the machine's own link, where clouds keep their credentials"
_REFUSED: Final = (
    (ip_network("169.254.0.0/16"), _SEGMENT),
    (ip_network("fe80::/10"), _SEGMENT),
    (ip_network("fd00:ec2::254/128"), _SEGMENT),
    (ip_network("100.100.100.200/32"), _SEGMENT),
    (ip_network("168.63.129.16/32"), _SEGMENT),
    (ip_network("192.0.0.192/32"), _SEGMENT),
    (ip_network("0.0.0.0/8"), "no address that a host can have"),
    (ip_network("::/128"), "no address that a host can have"),
    (ip_network("224.0.0.0/4"), "an address of many hosts at once"),
    (ip_network("ff00::/8"), "an address of many hosts at once"),
)
_NAT64: Final = ip_network("64:ff9b::/96")
_LAST_32_BITS: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far notifications may go: `allowed` are networks that are reached though they would be refused.

    Refused are the link of the machine itself with what clouds keep there, addresses of no host and of many,
    and this machine, unless the receiver is written as such: `127.0.0.1`, `::1` or `localhost`. Private
    networks are reached.
    """

    allowed: tuple[Network, ...] = ()

    def refusal(self, address: str, host: str) -> str:
        """Return why the address that a host leads to must not be sent to; "" if it may be."""
        meant = _meant(ip_address(address.partition("%")[0]))
        if any(meant in network for network in self.allowed):
            return ""
        if meant.is_loopback and not _is_this_machine(host):
            return _told(meant, "this machine itself")
        return next((_told(meant, why) for network, why in _REFUSED if meant in network), "")

    def check(self, connected: socket.socket, host: str) -> None:
        """Raise ChannelError, and close the connection, if nothing may be sent to who has answered."""
        refusal = self.refusal(connected.getpeername()[0], host)
        if refusal:
            connected.close()
            raise ChannelError(f"{host}: nothing was sent: {refusal}")


OUTWARD: Final = Reach()


def read_network(text: str) -> Network:
    """Return a network such as 10.1.0.0/16, or a single address; raises ValueError if it is none."""
    try:
        return ip_network(text)
    except ValueError:
        reason = f"must be an address or a network such as 169.254.10.0/24, not {text[:60]!r}"
        raise ValueError(reason) from None


def _told(address: IPv4Address | IPv6Address, what: str) -> str:
    return f"it leads to {address}, {what}; if that is meant, list it in delivery.allow_addresses"


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & _LAST_32_BITS)
    return address.ipv4_mapped or address.sixtofour or address
