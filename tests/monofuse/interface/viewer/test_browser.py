"""The viewer in a real browser: headless Chromium, which must not find anything to complain about.

Needs `pip install playwright` and Chromium from the system's packages (`apt-get install chromium`).
"""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import scenes
from tests.helpers.small_result import write_result

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.heavy,
              pytest.mark.skipif(not (CHROMIUM and find_spec("playwright") and find_spec("viser")),
                                 reason="playwright, Chromium or viser is not installed")]
PATIENCE_MS = 120_000


class Browser:
    """A page that notes what the browser complains about."""

    def __init__(self, page):
        self.page, self.complaints = page, []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.on("response", lambda answer: answer.status >= 400 and self._note("error", answer.url))

    def _note(self, kind, text):
        if kind == "error":
            self.complaints.append(text)

    def drawn(self):
        """How much of what is left of the panel is not background, as a share."""
        import cv2
        data = np.frombuffer(self.page.screenshot(), np.uint8)
        scene = cv2.imdecode(data, cv2.IMREAD_COLOR)[150:, :450]
        return float((scene.min(2) < 245).mean())

    def wait_until(self, is_so):
        for _ in range(PATIENCE_MS // 1000):
            if is_so():
                return
            self.page.wait_for_timeout(1000)
        raise AssertionError(f"it never came to that; the browser says {self.complaints}")


@pytest.fixture
def browser():
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"])
        yield Browser(chromium.new_page(viewport={"width": 800, "height": 600}))
        chromium.close()


def test_a_run_is_shown_steered_and_finished_without_complaints(browser, tmp_path):
    from monofuse.interface.viewer.live import Viewer
    from slam.config import SlamConfig
    from slam.system import SlamSystem
    slam = SlamSystem(scenes.CAMERA, SlamConfig.for_sensor())
    viewer = Viewer(slam)
    page = browser.page
    try:
        page.goto(viewer.address)
        page.get_by_text("waiting for the first frame").wait_for()
        for index, T_world_cam in enumerate(scenes.walk(10)):
            frame = scenes.frame(index, T_world_cam)
            viewer.camera_updates.next_s = viewer.map_updates.next_s = 0
            viewer.show(frame, slam.process(frame))
        page.get_by_text("tracking").wait_for()
        browser.wait_until(lambda: browser.drawn() > 0.05)
        page.get_by_role("button", name="pause").click()
        browser.wait_until(lambda: viewer.controls.is_paused)
        page.get_by_role("button", name="go on").click()
        browser.wait_until(lambda: not viewer.controls.is_paused)
        page.get_by_role("button", name="stop and finish").click()
        browser.wait_until(lambda: viewer.is_stopped)
        viewer.show_corrected()
        viewer.finish(write_result(tmp_path / "wall"))
        page.get_by_text("finished").wait_for()
        browser.wait_until(lambda: browser.drawn() > 0.02)
        assert browser.complaints == []
    finally:
        viewer.close()


def test_a_result_is_measured_in_and_closed(browser, tmp_path):
    from monofuse.interface.viewer.presence import Presence
    from monofuse.interface.viewer.result import read_result
    from monofuse.interface.viewer.result_view import ResultView
    from monofuse.interface.viewer.server import serve
    served = serve()
    page = browser.page
    try:
        view = ResultView(served.viser, read_result(write_result(tmp_path / "wall")), "result")
        presence = Presence(served.viser)
        page.goto(served.address)
        page.get_by_text("frames tracked").wait_for()
        browser.wait_until(lambda: browser.drawn() > 0.02)
        page.get_by_label("measure: click on two points").check()
        page.get_by_text("click on the first point").wait_for()
        page.mouse.click(390, 280)
        browser.wait_until(lambda: len(view.measuring.points) == 1)
        page.mouse.click(420, 320)
        page.get_by_text(re.compile("two times in three")).first.wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="screenshot").click()
        assert download.value.suggested_filename == "wall.png"
        assert Path(download.value.path()).read_bytes()[1:4] == b"PNG"
        page.get_by_role("button", name="close").click()
        presence.wait_until_closed(view.closed.is_set)
        assert browser.complaints == []
    finally:
        served.viser.stop()


def test_a_page_opens_from_the_disk(browser, tmp_path):
    from monofuse.interface.viewer.scene_file import scene_file
    path = tmp_path / "scene.html"
    path.write_bytes(scene_file(write_result(tmp_path / "wall")))
    requests = []
    browser.page.on("request", lambda request: requests.append(request.url))
    browser.page.goto(path.as_uri())
    browser.wait_until(lambda: browser.drawn() > 0.02)
    assert browser.complaints == [] and not [url for url in requests if url.startswith(("http:", "https:"))]
