"""What the page does by itself, whatever the store: on the embedded one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from playwright.sync_api import expect

from tests.browser.site import APP, MIB, Sites, picture, sparse
from tests.servers.loopback import free_port


def test_retry_sends_only_what_has_not_arrived(sites: Sites, files: Path) -> None:
    """After five attempts at a part the page gives up; its button goes on from there."""
    site, path = sites.open(), files / "Holiday.mp4"
    digest = sparse(path, 10 * MIB + 1)
    site.page.route("**/*partNumber=3&*", lambda route: route.abort("connectionreset"))
    site.choose(path)
    expect(site.row(path)).to_contain_text("The connection broke off. Retry goes on where it stopped.")
    site.keep_screenshots("3-gave-up")
    site.page.unroute_all()
    sent: list[str] = []
    site.page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    site.page.get_by_role("button", name="Retry Holiday.mp4").click()
    site.expect_state(path, "done")
    assert len(sent) == 1
    assert "partNumber=3" in sent[0]
    assert site.digest(path) == digest


def test_an_upload_waits_while_there_is_no_network(sites: Sites, files: Path) -> None:
    """It says so, and goes on by itself when there is one."""
    site, path = sites.open(), files / "Holiday.mp4"
    digest = sparse(path, 60 * MIB)
    site.network(bytes_per_second=20 * MIB)
    site.choose(path)
    site.page.wait_for_function("document.querySelector('.row progress').value > 0.1")
    site.network(offline=True)
    expect(site.row(path)).to_contain_text("You are offline. This goes on as soon as you are back.")
    site.keep_screenshots("3-offline")
    site.network()
    site.expect_state(path, "done")
    assert site.digest(path) == digest


def test_a_page_that_is_closed_drops_its_uploads(sites: Sites, files: Path) -> None:
    """Nobody could go on with them."""
    site, path = sites.open(), files / "Holiday.mp4"
    sparse(path, 60 * MIB)
    site.network(bytes_per_second=10 * MIB)
    site.choose(path)
    site.page.wait_for_function("document.querySelector('.row progress').value > 0.1")
    site.page.on("dialog", lambda dialog: dialog.accept())
    site.page.goto("about:blank")
    deadline = time.monotonic() + 30
    while not site.nothing_is_left() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert site.nothing_is_left()


def test_a_file_is_deleted_after_a_question(sites: Sites, files: Path) -> None:
    """With the keyboard alone; keeping it is what Enter does at first."""
    site = sites.open()
    picture(files / "Dusk.png")
    site.choose(files / "Dusk.png")
    expect(site.card("Dusk.png")).to_be_visible()
    button = site.page.get_by_role("button", name="Delete Dusk.png")
    button.focus()
    site.page.keyboard.press("Enter")
    site.page.keyboard.press("Enter")
    expect(site.page.locator("#confirm")).to_be_hidden()
    assert len(site.keys()) == 1
    button.focus()
    site.page.keyboard.press("Enter")
    expect(site.page.locator("#confirm")).to_be_visible()
    site.keep_screenshots("5-confirm")
    site.page.keyboard.press("Tab")
    site.page.keyboard.press("Enter")
    expect(site.page.locator("#empty")).to_be_visible()
    assert site.keys() == []


def test_a_question_that_is_asked_again_at_once_takes_its_own_answer(sites: Sites, files: Path) -> None:
    """The browser tells that a dialog was closed a moment later, when it may be open again."""
    site = sites.open()
    picture(files / "Dusk.png")
    site.choose(files / "Dusk.png")
    expect(site.card("Dusk.png")).to_be_visible()
    site.page.evaluate(
        """() => {
             const button = document.querySelector(".card .delete");
             button.click();
             document.querySelector("#confirm").close("");
             button.click();
             return new Promise((resolve) => setTimeout(resolve, 100));
           }"""
    )
    site.page.locator("#confirm button[value=delete]").click()
    expect(site.page.locator("#empty")).to_be_visible()
    assert site.keys() == []


def test_the_gallery_shows_more_when_asked(sites: Sites) -> None:
    """Sixty files, and the rest behind a button; the newest first."""
    site = sites.open()
    for number in range(70):
        site.store.put_object(b"text", f"uploads/{number:013}-id/{number}.txt")
    site.page.reload()
    expect(site.page.locator(".card")).to_have_count(60)
    site.page.get_by_role("button", name="Show more").click()
    expect(site.page.locator(".card .name")).to_have_text([f"{number}.txt" for number in range(70)])
    expect(site.page.get_by_role("button", name="Show more")).to_be_hidden()


def test_files_can_be_dropped_and_are_said_aloud(sites: Sites) -> None:
    """Screen readers hear what becomes of them."""
    site = sites.open()
    site.page.evaluate(
        """() => {
             const dataTransfer = new DataTransfer();
             dataTransfer.items.add(new File(["dropped"], "dropped.txt", { type: "text/plain" }));
             for (const type of ["dragenter", "dragover", "drop"])
               document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
           }"""
    )
    expect(site.page.get_by_role("status")).to_have_text("dropped.txt: Uploaded · 7 bytes")
    expect(site.card("dropped.txt")).to_be_visible()


def test_it_fits_a_telephone(sites: Sites, files: Path) -> None:
    """Nothing is wider than the screen."""
    site, path = sites.open(), files / ("A name that is as long as names of photographs can be " * 3 + ".png")
    picture(path)
    site.page.set_viewport_size({"width": 360, "height": 780})
    site.choose(path)
    expect(site.card(path.name)).to_be_visible()
    site.expect_pictures()
    site.keep_screenshots("6-telephone")
    assert site.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_example_runs_with_one_line(tmp_path: Path) -> None:
    """On the embedded store, with nothing configured, in an empty directory."""
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DATA_STORE")}
    service = subprocess.Popen([sys.executable, str(APP), "--port", str(port)], cwd=tmp_path, env=environment)
    try:
        answer = json.loads(_ask(port))
    finally:
        service.terminate()
        service.wait(30)
    assert answer["files"] == []
    assert (tmp_path / ".data-store").is_dir()


def _ask(port: int) -> bytes:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urlopen(Request(f"http://127.0.0.1:{port}/api/files", b"{}")) as answer:
                return bytes(answer.read())
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
