"""What the app holds in memory: all processes of a started server, before and after pages with MNIST were opened.

    AE_DATA=folder-with-MNIST python benchmarks/memory.py

PSS: what several processes share is divided among them, so the sum is what the machine gives (Linux tells it). RSS: each
process by itself, as most programs show it; the sum counts what is shared again and again.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from benchmarks.results import Failed, Line, attempted, print_table
from benchmarks.server import Server, started_server
from benchmarks.training import machine
from benchmarks.visitors import Tally, opened

RUN = "vae-mnist-2d"
PAGES = ("latent", "reconstruct")
MOST_MB = 1000


@dataclass(frozen=True)
class Held:
    """What one process holds, in bytes."""

    pid: int
    pss: int
    rss: int

    @classmethod
    def by(cls, process: psutil.Process) -> Held:
        """Failed where this system does not tell."""
        try:
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
        except OSError as error:
            raise Failed(f"the share of a process in what is shared is only told by Linux ({error})") from error
        sizes = {name: 1024 * int(text.split()[0]) for name, _, text in (line.partition(":") for line in lines)}
        return cls(process.pid, sizes["Pss"], sizes["Rss"])

    def words(self) -> str:
        return f"PSS {self.pss / 1e6:,.0f} MB, RSS {self.rss / 1e6:,.0f} MB"


def held(server: Server) -> dict[str, Held]:
    """All processes of the server by what they are, the largest of each kind first."""
    own = psutil.Process(server.process.pid)
    found = {"the server": Held.by(own)}
    for child in own.children(recursive=True):
        kind = "forkserver" if child.children() else "forked from it" if child.ppid() != own.pid else "small helper"
        found[f"{kind}, process {child.pid}"] = Held.by(child)
    return dict(sorted(found.items(), key=lambda item: -item[1].pss))


def told(when: str, server: Server, most: int | None = None) -> Iterator[Line]:
    """The sum of all, then each."""
    found = held(server)
    total = Held(0, sum(one.pss for one in found.values()), sum(one.rss for one in found.values()))
    goal = f"PSS ≤ {most:,} MB" if most else "–"
    yield Line(f"{when}: all {len(found)} processes", goal, total.words(), total.pss <= most * 1e6 if most else None)
    for name, one in found.items():
        yield Line(f"{when}: {name}", "–", one.words())


async def visit(server: Server) -> None:
    """Open the pages, one after the other, each until its pictures are there."""
    for page in PAGES:
        async with opened(f"ws://{server.address}/_stcore/stream", page, f"run={RUN}", Tally()):
            pass


def measure() -> Iterator[Line]:
    """Start the server, open the pages, and measure before and after."""
    with started_server() as server:
        server.wait_until_ready()
        server.wait_until_warm()
        yield from told("started", server)
        asyncio.run(visit(server))
        server.wait_until_warm()
        yield from told(f"{' and '.join(PAGES)} of {RUN} opened", server, MOST_MB)
        found = server.tracebacks()
        yield Line("tracebacks in the log of the server", "0", str(found), not found)


def main() -> None:
    print_table(f"{machine()}, Streamlit {version('streamlit')}.", attempted("memory", measure()))


if __name__ == "__main__":
    main()
