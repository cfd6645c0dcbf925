"""What people do with the page, on each kind of store."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import STORES
from tests.browser.site import MIB, Site, Sites, picture, sparse

pytestmark = pytest.mark.parametrize("configuration", STORES, indirect=True)


def test_a_small_file_is_uploaded_and_shown(sites: Sites, files: Path) -> None:
    """A picture goes up in one request, is stored with its type, and the gallery shows it."""
    site = sites.open()
    expect(site.page.locator("#empty")).to_be_visible()
    site.keep_screenshots("1-empty")
    content = picture(files / "Dusk.png")
    (files / "notes.md").write_text("# Notes\n")
    site.choose(files / "Dusk.png", files / "notes.md")
    site.expect_state(files / "Dusk.png", "done")
    site.expect_state(files / "notes.md", "done")
    stored = site.store.head_object(site.key(files / "Dusk.png"))
    assert (stored.content_type, stored.size) == ("image/png", len(content))
    assert site.store.read_object(stored.key) == content
    expect(site.card("notes.md")).to_contain_text("8 bytes")
    site.expect_pictures()
    site.keep_screenshots("4-gallery")


def test_a_file_of_200_mb_goes_in_parts_that_the_service_never_sees(sites: Sites, files: Path) -> None:
    """What is stored has its size and its SHA-256; all that the service was sent is some words."""
    site, path = sites.open(), files / "Holiday.mp4"
    digest = sparse(path, 200 * MIB)
    to_service: list[int] = []
    parts: list[str] = []
    site.page.on(
        "request",
        lambda request: (
            to_service.append(len(request.post_data_buffer or b""))
            if "/api/" in request.url
            else parts.append(request.method)
        ),
    )
    site.choose(path)
    site.page.wait_for_function("document.querySelector('.row progress').value > 0.2")
    site.keep_screenshots("2-uploading")
    site.expect_state(path, "done")
    assert site.store.head_object(site.key(path)).size == 200 * MIB
    assert site.digest(path) == digest
    assert parts.count("PUT") == 40
    assert max(to_service) < 1024


def test_a_cancelled_upload_leaves_nothing(sites: Sites, files: Path) -> None:
    """In the middle of its parts: no object, and no upload under way."""
    site, path = sites.open(), files / "Holiday.mp4"
    sparse(path, 100 * MIB)
    site.network(bytes_per_second=20 * MIB)
    site.choose(path)
    site.page.wait_for_function("document.querySelector('.row progress').value > 0.1")
    assert not site.nothing_is_left()
    with site.page.expect_response("**/api/discard"):
        site.page.get_by_role("button", name="Cancel Holiday.mp4").click()
    expect(site.row(path)).to_have_count(0)
    assert site.nothing_is_left()


def test_a_wrong_type_is_refused_by_page_service_and_store(sites: Sites, files: Path) -> None:
    """The page says what is wrong; where it was tampered with, the service refuses, and where both were, the store."""
    site, program, text = sites.open(), files / "tool.zip", files / "page.txt"
    program.write_bytes(b"PK")
    text.write_text("<script>")
    asked: list[str] = []
    site.page.on("request", lambda request: asked.append(request.url))
    site.choose(program)
    expect(site.row(program)).to_contain_text("This kind of file is not accepted. Pictures, videos")
    site.keep_screenshots("3-wrong-type")
    assert not any("/api/sign" in url for url in asked)

    site.page.get_by_role("button", name="Remove tool.zip").click()
    site.bypass_own_checks()
    site.choose(program)
    expect(site.row(program)).to_contain_text("This kind of file is not accepted.")
    assert any("/api/sign" in url for url in asked)

    site.page.route("**/api/sign", _with_another_type)
    site.choose(text)
    expect(site.row(text)).to_contain_text("The store refused")
    assert site.nothing_is_left()


def _with_another_type(route: Route) -> None:
    answer = route.fetch()
    signed = answer.json()
    signed["fields"]["Content-Type"] = "text/html"
    route.fulfill(response=answer, json=signed)


def test_a_file_that_is_too_long_is_refused_by_page_service_and_store(sites: Sites, files: Path) -> None:
    """The page says how long it may be; where it was tampered with, the service refuses, and at last the store."""
    site, path = sites.open(max_size=MIB), files / "Poster.png"
    path.write_bytes(bytes(2 * MIB))
    site.choose(path)
    expect(site.row(path)).to_contain_text("Too large: this is 2 MB, and 1 MB is the most.")
    site.keep_screenshots("3-too-large")

    site.page.get_by_role("button", name="Remove Poster.png").click()
    site.bypass_own_checks()
    with site.page.expect_response("**/api/sign") as refused:
        site.choose(path)
    assert (refused.value.status, refused.value.text()) == (400, "too_large")
    expect(site.row(path)).to_contain_text("Too large")

    site.page.get_by_role("button", name="Remove Poster.png").click()
    little = {"name": path.name, "type": "image/png", "size": 9}
    site.page.route("**/api/sign", lambda route: route.continue_(post_data=little))
    site.choose(path)
    expect(site.row(path)).to_contain_text("Too large: the store refused it")
    assert site.nothing_is_left()


def test_an_upload_whose_time_is_over_says_so_and_goes_on(sites: Sites, files: Path) -> None:
    """What was signed for four seconds comes after five: the page says that it expired, and has it signed anew."""
    site, small, large = sites.open(expires=4), files / "Dusk.png", files / "Holiday.mp4"
    picture(small)
    digest = sparse(large, 5 * MIB + 1)
    held = _hold_uploads(site)
    site.choose(small, large)
    for path in (small, large):
        site.expect_state(path, "sending")
    deadline = time.monotonic() + 30
    while len(held) < 3 and time.monotonic() < deadline:
        site.page.wait_for_timeout(50)
    assert len(held) == 3
    site.page.wait_for_timeout(5000)
    late, held[:] = held[:], []
    for route in late:
        route.continue_()
    for path in (small, large):
        expect(site.row(path)).to_contain_text("The permission had expired. A new one is being used.")
    site.keep_screenshots("3-expired")
    site.page.unroute_all()
    for path in (small, large):
        site.expect_state(path, "done")
    assert site.digest(large) == digest
    assert len(site.keys()) == 2


def _hold_uploads(site: Site) -> list[Route]:
    """Stop what the page sends to the store; return where it is kept."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method in ("PUT", "POST") and "/api/" not in route.request.url:
            held.append(route)
        else:
            route.continue_()

    site.page.route("**/*", hold)
    return held


def test_a_part_that_fails_is_sent_again(sites: Sites, files: Path) -> None:
    """The connection breaks off once; that part is sent again, and no other."""
    site, path = sites.open(), files / "Holiday.mp4"
    digest = sparse(path, 10 * MIB + 1)
    tries: list[str] = []

    def break_once(route: Route) -> None:
        part = route.request.url.partition("partNumber=")[2][0]
        tries.append(part)
        if tries.count("3") == 1 and part == "3":
            route.abort("connectionreset")
        else:
            route.continue_()

    site.page.route("**/*partNumber=*", break_once)
    site.choose(path)
    site.expect_state(path, "done")
    assert sorted(tries) == ["1", "2", "3", "3"]
    assert site.digest(path) == digest


def test_a_name_keeps_its_spaces_quotes_and_emoji(sites: Sites, files: Path) -> None:
    """In the store, on the page and in the download."""
    site, path = sites.open(), files / 'Mom\'s "best" day, 50% 😀 #1 & a+b?.txt'
    path.write_text("A fine day.")
    site.choose(path)
    site.expect_state(path, "done")
    assert site.store.read_object(site.key(path)) == b"A fine day."
    with site.page.expect_download() as download:
        site.card(path.name).get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == b"A fine day."
    for word in ("Mom's", "best", "day, 50% 😀 #1 & a+b"):
        assert word in download.value.suggested_filename
