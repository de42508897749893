"""Who gets in to the viewer: who knows the token in its address, from a page of its own, under a name of this machine.

Any web page that the user has open can send requests to this machine: without a token it could read the camera's images
(cross-site WebSockets are not bound by the same-origin policy), and under a name of its own that it lets point here
(DNS rebinding) even as its own page. The token is a part of the path, since the page derives the address of its
WebSocket from that.
"""

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

TOKEN_BYTES = 16
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
REFUSAL = "not served: open the address that monofuse printed, with all of its letters\n"
HEADERS = {"Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
           "Cache-Control": "no-store"}
"""Of every page: the address with its token goes nowhere, and no other page shows this one inside it."""
Handler = Callable[[Any, Any], Any]
"""What websockets asks before it answers: (connection, request) -> a Response, or None for a WebSocket."""


class Guard:
    """Lets requests with the token in, from pages of the viewer itself or from programs, and refuses all others."""

    def __init__(self, host: str):
        """host: where the server listens."""
        self.host, self.token = host, secrets.token_urlsafe(TOKEN_BYTES)
        self.is_installed = False
        """Whether a server asks it."""

    @property
    def is_open(self) -> bool:
        """Whether other machines can reach the server."""
        return not (self.host in LOOPBACK_NAMES or _is_loopback(self.host))

    def address(self, port: int) -> str:
        """What the user opens; from another machine by a name of this one."""
        host = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/{self.token}/"

    def before(self, handler: Handler) -> Handler:
        """A handler that refuses what may not in, and hands the rest on to `handler` without the token."""
        self.is_installed = True

        def checked(connection: Any, request: Any) -> Any:
            rest = self.rest_of(request.path)
            if rest is None or not self.is_allowed(request.headers):
                return connection.respond(HTTPStatus.FORBIDDEN, REFUSAL)
            request.path = rest
            response = handler(connection, request)
            if response is not None:
                response.headers.update(HEADERS)
            return response
        return checked

    def rest_of(self, path: str) -> str | None:
        """The part of a request's path behind the token; None where that is missing or wrong."""
        token, _, rest = path.removeprefix("/").partition("/")
        token = token.partition("?")[0]
        return f"/{rest}" if hmac.compare_digest(unquote(token).encode(), self.token.encode()) else None

    def is_allowed(self, headers: Any) -> bool:
        """Whether a request is for a name of this machine and, if it comes from a web page, from one of the viewer."""
        hosts, origins = headers.get_all("Host"), headers.get_all("Origin")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return False
        return not origins or (len(origins) == 1 and origins[0].lower() == f"http://{hosts[0].lower()}")

    def _is_ours(self, host: str) -> bool:
        """Whether a Host header names this machine; its port may be another's that is forwarded here (ssh -L)."""
        name = (host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]).lower()
        if name in LOOPBACK_NAMES:
            return True
        return self.is_open and (_is_address(name) or name in (self.host.lower(), socket.gethostname().lower()))


def _is_loopback(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    """Whether it is an IP address, which no stranger can let point here."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
