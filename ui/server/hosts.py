"""Under which names the server may be asked: a page of a stranger whose name was made to mean this machine is refused.

Such a page (DNS rebinding) is of the same origin as the app as far as a browser can tell, and could do all a visitor
can. The browser still says the stranger's name as the host, so it is enough to know one's own names. An address in
numbers cannot be made to mean another machine; whoever opens http://192.168.1.5:8501 in a lecture hall needs no
setting.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
import os
import re
import socket

log = logging.getLogger(__name__)
VARIABLE = "AE_HOSTS"
LOOPBACK = {"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"}
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?P<port>:\d{1,5})?", re.IGNORECASE | re.ASCII)


@functools.lru_cache(256)
def name_of(host: str) -> str | None:
    """The name in the Host header of a request or in an origin: without port, in small letters; None where it is none.

    An address in numbers of version 6 comes without its brackets.
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return None
    name = found["name"].lower().removesuffix(".")
    if name.startswith("["):
        return name[1:-1] if ":" in name and number(name[1:-1]) else None
    return name if name and ".." not in name else None


def number(name: str) -> bool:
    """Whether a name is an address in numbers."""
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def known_at_once(name: str) -> bool:
    """Whether a name is a loopback name, an address in numbers, or one in AE_HOSTS."""
    loopback = name in LOOPBACK or name.endswith(".localhost")
    return loopback or number(name) or name in _asked_for(os.environ.get(VARIABLE, ""))


def of_machine(name: str) -> bool:
    """Whether a name is one of this machine, whose full name may have to be asked for in the network, once."""
    return name in _of_machine()


@functools.cache
def _of_machine() -> frozenset[str]:
    host, full = (found.lower().removesuffix(".") for found in (socket.gethostname(), socket.getfqdn()))
    short = host.partition(".")[0]
    return frozenset({host, full, short, f"{short}.local"} if short else {full})


@functools.cache
def _asked_for(text: str) -> frozenset[str]:
    """The names in AE_HOSTS, as a browser sends them; what is no name is told in the log, and left out."""
    names = set()
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            name = name_of(part.encode("idna").decode())
        except UnicodeError:
            name = None
        if name is None:
            log.warning(
                "%s: %r is not the name of a host; write names like lab.example.org, with commas.", VARIABLE, part
            )
        else:
            names.add(name)
    return frozenset(names)
