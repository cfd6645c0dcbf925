"""The example's page, open in a browser, with a service of its own."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import struct
import sys
import zlib
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType

from playwright.sync_api import Browser, Locator, Page, expect

from data_store.object_store import ObjectStore, ObjectStoreConfiguration
from data_store.object_store.serve.background import running
from tests.servers.loopback import free_port

__all__ = ["APP", "MIB", "Site", "Sites", "picture", "sparse"]

ROOT = Path(__file__).parents[2]
APP = ROOT / "docs" / "examples" / "web_upload" / "app.py"
SCREENSHOTS = Path(os.environ.get("DATA_STORE_SCREENSHOTS") or ROOT / "build" / "screenshots")
MIB = 1024**2

expect.set_options(timeout=30_000)


def _example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("web_upload_example", APP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


EXAMPLE = _example()


class Site:
    """One page of the example.

    Attributes:
        page: the page in the browser.
        store: where its files go.
        url: the address of the page.
        problems: what went wrong in its scripts.
    """

    def __init__(self, page: Page, store: ObjectStore, url: str) -> None:
        self.page, self.store, self.url = page, store, url
        self.problems: list[str] = []
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.send("Network.enable")
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def choose(self, *paths: Path) -> None:
        """Choose files in the dialog."""
        self.page.set_input_files("#choose", [str(path) for path in paths])

    def row(self, path: Path) -> Locator:
        """The line of a file on its way."""
        return self.page.locator(".row", has=self.page.get_by_text(path.name, exact=True))

    def card(self, name: str) -> Locator:
        """A file in the gallery."""
        return self.page.locator(".card", has=self.page.get_by_text(name, exact=True))

    def expect_state(self, path: Path, state: str) -> None:
        """Wait until a file is in a state."""
        expect(self.row(path)).to_have_attribute("data-state", state)

    def keys(self) -> list[str]:
        """The objects that are there."""
        return [found.key for found in self.store.list_objects("uploads/")]

    def key(self, path: Path) -> str:
        """The one object that was made of a file."""
        (key,) = (each for each in self.keys() if each.endswith(f"/{path.name}"))
        return key

    def digest(self, path: Path) -> str:
        """The SHA-256 of what is stored of a file."""
        hasher = hashlib.sha256()
        with self.store.get_object(self.key(path)) as found:
            for piece in iter(lambda: found.body.read(MIB), b""):
                hasher.update(piece)
        return hasher.hexdigest()

    def nothing_is_left(self) -> bool:
        """Whether there are neither objects nor uploads under way."""
        return not self.keys() and not list(self.store.list_multipart_uploads("uploads/"))

    def expect_pictures(self) -> None:
        """Wait until the pictures in the gallery can be seen, one of ``picture`` at least."""
        self.page.wait_for_function(
            """() => {
                 const seen = [...document.querySelectorAll(".card button.picture:not([hidden]) img")];
                 return seen.length && seen.every((image) => image.complete && image.naturalWidth === 480);
               }"""
        )

    def network(self, *, offline: bool = False, bytes_per_second: int = -1) -> None:
        """Let the browser send no faster, or not at all."""
        conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
        self._devtools.send("Network.emulateNetworkConditions", conditions)

    def bypass_own_checks(self) -> None:
        """Make the page believe that everything may be uploaded."""
        self.page.evaluate(
            """async () => {
                 const { limits } = await import("./upload.js");
                 limits.max_size = Number.MAX_SAFE_INTEGER;
                 limits.types = ["image/*", "application/*", "text/*"];
               }"""
        )

    def keep_screenshots(self, name: str) -> None:
        """Keep how the page looks now, light and dark."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            path = SCREENSHOTS / f"{self.store.config.framework}-{name}-{scheme}.png"
            self.page.screenshot(path=path, full_page=True)


class Sites:
    """Opens pages; all end with the test."""

    def __init__(self, browser: Browser, configuration: ObjectStoreConfiguration, ending: ExitStack) -> None:
        self._browser, self._configuration, self._ending = browser, configuration, ending

    def open(self, **limits: int) -> Site:
        """A page of a service with these limits, and the example's own else; the store is empty."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        store = self._ending.enter_context(ObjectStore(self._reached_below(url)))
        store.delete_objects([found.key for found in store.list_objects()])
        app = EXAMPLE.create_app(store, (url,), EXAMPLE.Limits(**{"max_form": 5 * MIB, **limits}))
        self._ending.enter_context(running(app, port=port))
        context = self._ending.enter_context(self._browser.new_context(viewport={"width": 1180, "height": 900}))
        site = Site(context.new_page(), store, url)
        self._ending.callback(_check, site)
        site.page.goto(url)
        expect(site.page.locator("#allowed")).to_contain_text("up to")
        return site

    def _reached_below(self, url: str) -> ObjectStoreConfiguration:
        if not self._configuration.connection.embedded:
            return self._configuration
        presign = self._configuration.presign.model_copy(update={"public_endpoint": f"{url}/objects"})
        return self._configuration.model_copy(update={"presign": presign})


def _check(site: Site) -> None:
    assert site.problems == []


def sparse(path: Path, size: int) -> str:
    """Make a file that is nearly all zeros, with marks that tell its parts apart; return its SHA-256."""
    with path.open("wb") as file:
        file.truncate(size)
        for offset in range(0, size, MIB):
            file.seek(offset)
            file.write(offset.to_bytes(8, "big"))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def picture(path: Path, width: int = 480, height: int = 360) -> bytes:
    """Make a PNG, a sky at dusk (PNG specification, W3C); return its bytes."""
    rows = bytearray()
    for y in range(height):
        share = y / height
        colour = bytes((int(30 + 210 * share), int(60 + 70 * share), int(120 + 20 * share)))
        rows += b"\0" + colour * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    path.write_bytes(content)
    return content
