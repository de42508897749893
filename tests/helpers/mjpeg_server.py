"""A camera in the network: MJPEG over HTTP on the loopback address."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2


def jpeg(rgb):
    """(H, W, 3) uint8 -> bytes"""
    return cv2.imencode(".jpg", rgb[..., ::-1])[1].tobytes()


def part(data, share=1.0):
    """JPEG data as one part of a multipart stream, or the beginning of it."""
    header = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    return header + data[: int(share * len(data))] + (b"\r\n" if share == 1 else b"")


class MjpegServer:
    """Within its `with` block each connection is served by `serve(connection, camera)`: the number of the connection,
    from 0, and an object with `send(rgb)`; what it returns ends the connection. ConnectionError ends it as well."""

    def __init__(self, serve):
        self.connections = 0
        self.closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                number, server.connections = server.connections, server.connections + 1
                try:
                    serve(number, Connection(self, server))
                except ConnectionError:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/camera.mjpg"

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()


class Connection:
    def __init__(self, handler, server):
        self._handler, self._server, self._begun = handler, server, False

    def send(self, rgb, share=1.0):
        """One picture, or the beginning of it."""
        self.send_jpeg(jpeg(rgb), share)

    def send_jpeg(self, data, share=1.0):
        self.send_parts(part(data, share))

    def send_parts(self, data):
        """Bytes of the stream as they are."""
        self._begin()
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def pause(self, seconds):
        """Raises ConnectionError when the server is closed meanwhile."""
        if self._server.closing.wait(seconds):
            raise ConnectionError

    def refuse(self):
        self._handler.send_error(404)

    def file(self, path):
        """A file in one piece."""
        self._handler.send_response(200)
        self._handler.send_header("Content-Length", str(path.stat().st_size))
        self._handler.end_headers()
        self._handler.wfile.write(path.read_bytes())

    def _begin(self):
        if not self._begun:
            self._handler.send_response(200)
            self._handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self._handler.end_headers()
            self._begun = True
