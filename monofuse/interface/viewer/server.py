"""A viser server that lets only its own user in. The one file that needs viser.

viser serves from a thread of its own.
"""

import logging
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, NamedTuple

from calib.base.errors import BadInputError, MissingPackageError
from monofuse.interface.viewer.guard import Guard

PORTS = range(8080, 8180)
ANY_PORT = (0,)
"""For servers that nobody is told of."""
LOOPBACK = "127.0.0.1"
_patching = threading.Lock()


class Served(NamedTuple):
    """A server that runs."""

    viser: Any
    """The ViserServer."""
    address: str
    """What the user opens, with the token."""
    is_open: bool
    """Whether other machines can reach it."""

    def lines(self) -> list[str]:
        """For the user: the address, and who may get in."""
        lines = [f"viewer     {self.address}"]
        if self.is_open:
            lines.append("note       --viewer-host: other machines can reach this; whoever has the address sees all "
                         "that the camera sees, and it is not encrypted on its way")
        return lines


def is_available() -> bool:
    """Whether viser is installed."""
    return find_spec("viser") is not None


def serve(host: str = LOOPBACK, needed_for: str = "the live view", ports: Iterable[int] | None = None) -> Served:
    """A silent server on the first free port, of PORTS by default.

    Raises MissingPackageError without viser, BadInputError where nothing can be served on `host`."""
    try:
        import rich
        import viser
    except ImportError as error:
        raise MissingPackageError("viser", f"{needed_for} ({error})") from error
    rich.get_console().quiet = True  # viser announces itself there, at start and at exit
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    guard = Guard(host)
    with _asking(guard):
        port = _free_port(host, PORTS if ports is None else ports)
        server = viser.ViserServer(host, port, label="monofuse", verbose=False)
    if not guard.is_installed:
        server.stop()
        raise BadInputError(f"viser {viser.__version__} starts its server in a way that would let every web page in: "
                            f"pip install viser==1.1.1")
    server.gui.configure_theme(show_logo=False, show_share_button=False)
    return Served(server, guard.address(server.get_port()), guard.is_open)


@contextmanager
def _asking(guard: Guard) -> Iterator[None]:
    """A `with` block in which servers of websockets begin that ask `guard` first: viser offers no place to hook in."""
    import websockets.asyncio.server as module
    begin = module.serve

    def begin_guarded(*arguments: Any, process_request: Any, **options: Any) -> Any:
        return begin(*arguments, process_request=guard.before(process_request), **options)
    with _patching:
        module.serve = begin_guarded  # pyright: ignore[reportAttributeAccessIssue]
        try:
            yield
        finally:
            module.serve = begin


def _free_port(host: str, ports: Iterable[int]) -> int:
    """viser itself would search for ever where there is none."""
    try:
        family, *_ = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise BadInputError(f"the viewer cannot listen on {host}: {error.strerror or error}") from error
    reason = ""
    for port in ports:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return port
            except OSError as error:
                reason = error.strerror or str(error)
    raise BadInputError(f"the viewer finds no free port from {PORTS[0]} to {PORTS[-1]} on {host}: {reason}")
