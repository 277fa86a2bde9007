"""`bakeoff serve` as it is typed, and its page in a real browser."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from bakeoff.core.errors import ConfigError
from bakeoff.training.predict import predict
from bakeoff.workflow.web import server

HERE = "127.0.0.1"
needs_libraries = pytest.mark.skipif(
    not (find_spec("starlette") and find_spec("uvicorn")), reason="bakeoff[serve] is not installed"
)


@pytest.fixture(scope="module")
def url(finished: Path) -> Iterator[str]:
    """The address that the command prints."""
    code = "from bakeoff.cli.main import main; main()"
    command = [sys.executable, "-c", code, "serve", str(finished / "runs" / "net1-seed0"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        said = running.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", said)
        assert found, said
        yield found[0]
        running.terminate()


@needs_libraries
def test_the_page_classifies_a_photo_that_is_dropped(
    url: str, finished: Path, sample: Path, tmp_path: Path, browser: Browser
) -> None:
    photo = sorted((sample / "images").iterdir())[0]
    (answer,) = predict(finished / "runs" / "net1-seed0", [photo], "cpu")
    assert answer.probability
    evil = tmp_path / "<img src=x onerror=alert(1)>.jpg"
    evil.write_bytes(b"x")
    problems: list[str] = []
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.goto(url)
    expect(page.locator("h1")).to_have_text("net1-seed0")
    page.locator("#photo").set_input_files(photo)
    expect(page.locator("#predicted")).to_have_text(f"{answer.predicted}, {100 * answer.probability:.1f} %")
    assert page.locator("#classes tr").count() == len(answer.probabilities)
    assert page.locator("#shown").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert problems == []
    page.locator("#photo").set_input_files(evil)
    expect(page.locator("#status")).to_contain_text("onerror=alert(1)>.jpg: the file is not a")
    expect(page.locator("#answer")).to_be_hidden()
    page.evaluate(
        """async () => {
          const canvas = document.createElement("canvas");
          const blob = await new Promise((done) => canvas.toBlob(done));
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([blob], "dropped.png", { type: "image/png" }));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
        }"""
    )
    expect(page.locator("#status")).to_have_text("dropped.png")
    expect(page.locator("#answer")).to_be_visible()
    page.close()
    assert [text for text in problems if "422" not in text] == []


@needs_libraries
def test_an_address_that_is_taken_is_one_error(finished: Path) -> None:
    run = finished / "runs" / "net1-seed0"
    with socket.create_server((HERE, 0)) as taken:
        for host, port in ((HERE, taken.getsockname()[1]), ("no such host", 0)):
            with pytest.raises(ConfigError, match=f"can't listen at {host}, port {port}: "):
                server.serve(run, host, port, device="cpu")


def test_without_the_libraries_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install 'bakeoff\[serve\]'"):
        server.serve(tmp_path)
