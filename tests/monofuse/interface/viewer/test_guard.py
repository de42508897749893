"""Who gets in to the viewer, tried with real clients of HTTP and of WebSocket."""

import http.client
import socket
from importlib.util import find_spec
from urllib.parse import urlsplit

import pytest

from monofuse.interface.viewer.guard import Guard
from monofuse.interface.viewer.server import serve

needs_viser = pytest.mark.skipif(find_spec("viser") is None, reason="viser is not installed")
EVIL = "https://evil.example"


@pytest.fixture(scope="module")
def served():
    served = serve()
    served.viser.scene.add_label("/secret", "what the camera sees")
    yield served
    served.viser.stop()


def get(address, path=None, **headers):
    """-> status, headers and body of a GET by http.client; Host can be set."""
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
    connection.putrequest("GET", url.path if path is None else path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def first_message(address, origin=None, **headers):
    """-> what a WebSocket client gets first, as a page of viser asks for it"""
    import viser
    from websockets.sync.client import connect
    with connect(address.replace("http", "ws").rstrip("/"), origin=origin, additional_headers=headers,
                 subprotocols=[f"viser-v{viser.__version__}"], open_timeout=10) as connection:
        return connection.recv(timeout=10)


def refusal(address, **options):
    """-> the status with which a WebSocket is refused"""
    from websockets.exceptions import InvalidStatus
    with pytest.raises(InvalidStatus) as refused:
        first_message(address, **options)
    return refused.value.response.status_code


@needs_viser
def test_the_printed_address_is_served(served):
    status, headers, page = get(served.address)
    assert status == 200 and b"<html" in page
    assert headers["Referrer-Policy"] == "no-referrer" and headers["X-Frame-Options"] == "DENY"
    assert len(urlsplit(served.address).path) > 20
    assert get(served.address.rstrip("/"))[0] == 200


@needs_viser
def test_a_page_without_the_token_is_refused(served):
    for path in ("/", "/index.html", "/?token=", served.address[-10:], f"/x{urlsplit(served.address).path}", "//"):
        assert get(served.address, path)[0] == 403
    assert get(served.address, urlsplit(served.address).path + "../../setup.py")[0] == 404


@needs_viser
def test_the_right_socket_is_served(served):
    url = urlsplit(served.address)
    assert len(first_message(served.address)) > 16
    assert len(first_message(served.address, origin=f"http://{url.netloc}")) > 16


@needs_viser
def test_a_socket_without_the_token_is_refused(served):
    url = urlsplit(served.address)
    root = f"http://{url.netloc}/"
    assert refusal(root) == 403
    assert refusal(root, origin=root.rstrip("/")) == 403
    assert refusal(f"{root}{'A' * 22}/") == 403


@needs_viser
def test_pages_of_others_are_refused_even_with_the_token(served):
    port = urlsplit(served.address).port
    for origin in (EVIL, "null", f"http://127.0.0.1:{port + 1}", f"http://127.0.0.1.evil.example:{port}"):
        assert refusal(served.address, origin=origin) == 403
        assert get(served.address, Origin=origin)[0] == 403


@needs_viser
def test_another_name_for_this_machine_is_refused(served):
    """DNS rebinding: the page of evil.example, whose name points here by now."""
    assert get(served.address, Host="evil.example")[0] == 403
    assert get(served.address, Host="evil.example", Origin="http://evil.example")[0] == 403
    assert get(served.address, Host="localhost:9000")[0] == 200  # forwarded, as by ssh -L 9000:localhost:8080


def test_other_machines_need_an_address_or_the_name_of_this_one():
    class Headers(dict):
        def get_all(self, name):
            return self.get(name, [])

    guard = Guard("0.0.0.0")
    assert guard.is_open and not Guard("127.0.0.1").is_open and not Guard("localhost").is_open
    assert guard.address(8080) == f"http://{socket.gethostname()}:8080/{guard.token}/"
    for host in ("192.168.1.5:8080", "[fe80::1]:8080", socket.gethostname(), "localhost:8080"):
        assert guard.is_allowed(Headers(Host=[host]))
    for hosts in (["evil.example"], [], ["localhost", "localhost"]):
        assert not guard.is_allowed(Headers(Host=hosts))
    assert not Guard("127.0.0.1").is_allowed(Headers(Host=["192.168.1.5:8080"]))


def test_tokens_differ_and_are_compared_whole():
    guard = Guard("127.0.0.1")
    assert guard.token != Guard("127.0.0.1").token
    assert guard.rest_of(f"/{guard.token}/a?b") == "/a?b" and guard.rest_of(f"/{guard.token}?x") == "/"
    assert guard.rest_of(f"/{guard.token[:-1]}/") is None and guard.rest_of("/é/") is None and guard.rest_of("") is None


@needs_viser
def test_a_viser_that_would_not_ask_the_guard_is_not_used(monkeypatch):
    from calib.base.errors import BadInputError
    from monofuse.interface.viewer import server
    monkeypatch.setattr(server.Guard, "before", lambda self, handler: handler)
    with pytest.raises(BadInputError, match="let every web page in"):
        serve()
