"""Archives from a server on this machine: whole, broken off, and not what they should be."""

import hashlib
import http.server
import io
import tarfile
import threading
import zipfile

import pytest

from calib.base.errors import BadInputError, MonofuseError
from monofuse.bench.dataset import Archive
from monofuse.bench.fetching import fetch


def zipped(**files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return data.getvalue()


@pytest.fixture
def server(tmp_path):
    """Serves `server.files` with ranges; after `server.limit` bytes it hangs up."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            data = files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            begin = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if begin else 200)
            self.end_headers()
            asked.append(begin)
            self.wfile.write(data[begin: limit[0]])

        def log_message(self, *_):
            pass
    files, limit, asked = {}, [None], []
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    running.files, running.limit, running.asked = files, limit, asked
    running.url = f"http://127.0.0.1:{running.server_port}"
    yield running
    running.shutdown()
    running.server_close()


def test_an_archive_of_archives_is_unpacked_once(server, tmp_path):
    server.files["/chess.zip"] = zipped(**{"chess__seq-01.zip": zipped(**{"seq-01__frame-000000.pose.txt": "1"})})
    for _ in range(2):
        fetch(Archive(f"{server.url}/chess.zip"), tmp_path, lambda line: None)
    assert (tmp_path / "chess" / "seq-01" / "frame-000000.pose.txt").read_text() == "1"
    assert server.asked == [0] and not (tmp_path / "chess.zip").exists()


def test_what_has_no_folder_of_its_own_gets_one(server, tmp_path):
    server.files["/MH_01_easy.zip"] = zipped(mav0__a="1")
    fetch(Archive(f"{server.url}/MH_01_easy.zip"), tmp_path, lambda line: None)
    assert (tmp_path / "MH_01_easy" / "mav0" / "a").is_file()


def test_a_download_that_broke_off_goes_on(server, tmp_path):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("desk/rgb.txt"))
    server.files["/desk.tgz"] = data.getvalue()
    wanted = Archive(f"{server.url}/desk.tgz", len(data.getvalue()), hashlib.sha256(data.getvalue()).hexdigest())
    server.limit[0] = 30
    with pytest.raises(BadInputError, match="broke off at 30 of"):
        fetch(wanted, tmp_path, lambda line: None)
    server.limit[0] = None
    fetch(wanted, tmp_path, lambda line: None)
    assert (tmp_path / "desk" / "rgb.txt").is_file() and server.asked == [0, 30]


def test_what_is_not_the_known_file_is_removed(server, tmp_path):
    server.files["/a.zip"] = zipped(a="1")
    with pytest.raises(MonofuseError, match="not the file that is known"):
        fetch(Archive(f"{server.url}/a.zip", None, "0" * 64), tmp_path, lambda line: None)
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_does_not_answer_is_one_line(server, tmp_path):
    with pytest.raises(BadInputError, match="cannot be fetched"):
        fetch(Archive(f"{server.url}/b.zip"), tmp_path, lambda line: None)
