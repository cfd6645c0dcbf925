"""A web page that uploads files: this service signs, and the bytes go between browser and store, never through here.

    pip install '/path/to/checkout[serve]'              [serve,minio] or [serve,boto3] if the store has a server
    python docs/examples/web_upload/app.py              what DATA_STORE_CONFIG names, else the embedded store
    python docs/examples/web_upload/app.py s3.yaml      a YAML file or a URL: minio://KEY:SECRET@localhost:9000/my-bucket

Whoever sees the page may upload, see and delete everything: a real service asks in `answer` who that is.
"""

from __future__ import annotations

import argparse
import mimetypes
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from data_store import object_store
from data_store.object_store.serve import presigned_app

PREFIX = "uploads/"
STATIC = Path(__file__).parent / "static"
OPERATIONS = ("sign", "complete", "discard", "files")
Json = dict[str, Any]


@dataclass(frozen=True)
class Limits:
    """What may be uploaded; signed into what the browser gets, so that the store refuses what else a page may send."""

    types: tuple[str, ...] = ("image/*", "video/*", "application/pdf", "text/plain", "text/markdown", "text/csv")
    max_size: int = 2 * 1024**3  # bytes
    max_form: int = 16 * 1024**2  # bytes; larger files go in parts, several at once
    expires: int = 900  # seconds; what takes longer is signed anew on the way


@dataclass(frozen=True)
class Service:
    """What the page can ask for: JSON in, JSON out; what is refused gets a code that the page has words for."""

    store: object_store.ObjectStore
    limits: Limits

    def sign(self, asked: Json) -> Json:
        """Sign a form for a small file, or the parts of a large one; with `upload_id`, those parts anew."""
        name, size, upload_id, expires = asked["name"], int(asked["size"]), asked.get("upload_id"), self.limits.expires
        content_type = (asked["type"] or mimetypes.guess_type(name)[0] or "").lower()
        if not any(fnmatchcase(content_type, each) for each in self.limits.types):
            raise HTTPException(400, "wrong_type")
        if size > self.limits.max_size:
            raise HTTPException(400, "too_large")
        if size <= self.limits.max_form:
            exact = {"content_type": content_type, "min_length": size, "max_length": size}
            form = self.store.get_presigned_post(key := new_key(name), expires=expires, **exact)
            return {"key": key, "url": form.url, "fields": dict(form.fields), "expires": expires}
        start = {"upload_id": upload_id} if upload_id else {"content_type": content_type}
        key = asked["key"] if upload_id else new_key(name)
        upload = self.store.presign_multipart(key, size, expires=expires, **start)
        return {"key": key, "upload_id": upload.upload_id, "parts": list(map(asdict, upload.parts)), "expires": expires}

    def complete(self, asked: Json) -> Json:
        """Make a file from its parts, if they have arrived as long as was said."""
        key, upload_id, size = asked["key"], asked["upload_id"], asked["size"]
        try:
            parts = list(self.store.list_parts(key, upload_id))
            if not sum(part.size or 0 for part in parts) == size <= self.limits.max_size:
                raise HTTPException(409, "incomplete")
            self.store.complete_multipart_upload(key, upload_id, parts)
        except object_store.UploadNotFound:
            if not self.store.exists(key):  # it does where the answer was lost, and the page asks again
                raise
        return {}

    def discard(self, asked: Json) -> Json:
        """Abort an upload, and delete the file if it is there already."""
        with suppress(KeyError, object_store.UploadNotFound):
            self.store.abort_multipart_upload(asked["key"], asked["upload_id"])
        self.store.delete_object(asked["key"])
        return {}

    def files(self, asked: Json) -> Json:
        """List 60 files, the newest first, with URLs that need no credentials."""
        found = list(self.store.list_objects(PREFIX, start_after=asked.get("key"), limit=60))
        return {"files": list(map(self._shown, found)), "more": len(found) == 60, "limits": asdict(self.limits)}

    def _shown(self, found: object_store.ObjectMetadata) -> Json:
        key, name, expires = found.key, found.key.rpartition("/")[2], self.limits.expires
        url = self.store.get_presigned_url(key, expires=expires)
        download = self.store.get_presigned_url(key, expires=expires, download_name=name)
        about = {"size": found.size, "type": mimetypes.guess_type(name)[0], "time": found.updated_time.isoformat()}
        return {"key": key, "name": name, "url": url, "download": download, **about}

    async def answer(self, request: Request) -> JSONResponse:
        """Do what is asked for; `key` names nothing but what this service has named."""
        try:
            operation, asked = getattr(self, request.url.path.rpartition("/")[2]), await request.json()
            if not asked.get("key", PREFIX).startswith(PREFIX):
                raise HTTPException(404)
            return JSONResponse(await run_in_threadpool(operation, asked))
        except object_store.UploadNotFound as error:
            raise HTTPException(404, "gone") from error
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise HTTPException(400, "malformed") from error


def new_key(name: str) -> str:
    """Return a key for a file that a person named: unique, before older ones, at its end a name that hurts nobody."""
    words = " ".join(name.replace("${", "{").split())  # in a form, ${filename} is the name of whatever file is sent
    plain = "".join("_" if each in "/\\" else each for each in words if each.isprintable()).lstrip(". ").encode()
    return f"{PREFIX}{10**13 - int(time.time() * 1000)}-{uuid.uuid4()}/{plain[-200:].decode(errors='ignore') or 'file'}"


def create_app(store: object_store.ObjectStore, origins: tuple[str, ...], limits: Limits = Limits()) -> Starlette:
    """Return the service; pages of these origins may talk to the store. Stale uploads are aborted here, only."""
    store.abort_stale_uploads(24 * 3600, PREFIX)
    with suppress(object_store.UnsupportedOperation):  # MinIO has no rules for a bucket: all origins may, by default
        store.set_cors([object_store.CorsRule(origins, ("GET", "POST", "PUT"), allowed_headers=("*",))])
    api = [Route(f"/api/{each}", Service(store, limits).answer, methods=["POST"]) for each in OPERATIONS]
    own = [Mount("/objects", presigned_app(store))] if store.supports(object_store.SupportsPresignKeys) else []
    return Starlette(routes=[*api, *own, Mount("/", StaticFiles(directory=STATIC, html=True))])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A web page that uploads files to an object store.")
    parser.add_argument("config", nargs="?", help="a URL or YAML file; else DATA_STORE_CONFIG, else the embedded store")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    pages = (f"http://127.0.0.1:{given.port}", f"http://localhost:{given.port}")
    with object_store.ObjectStore(given.config) as configured:
        config, is_embedded = configured.config, configured.supports(object_store.SupportsPresignKeys)
    if is_embedded and config.presign.public_endpoint is None:
        presign = object_store.PresignConfiguration(public_endpoint=f"{pages[0]}/objects")
        config = config.model_copy(update={"presign": presign})
    with object_store.ObjectStore(config) as store:
        print(f"Open {pages[0]} in a browser; Ctrl+C ends it. Files go to {config.to_url().partition('?')[0]}")
        uvicorn.run(create_app(store, pages), port=given.port, log_level="warning")
