"""The API page says what the methods take."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from data_store.object_store import ObjectStore, PresignUploadOptions
from tests.docs.pages import ROOT, snippets

PAGE = ROOT / "docs" / "api.md"
METHODS = (
    "get_presigned_url",
    "presign_upload",
    "get_presigned_post",
    "presign_multipart",
    "verify_presigned",
    "rotate_presign_key",
)


def _parameters(method: str) -> Iterator[str]:
    keywords = False
    for each in list(inspect.signature(getattr(ObjectStore, method)).parameters.values())[1:]:
        if not keywords and each.kind in {each.KEYWORD_ONLY, each.VAR_KEYWORD}:
            keywords = True
            yield "*"
        if "PresignUploadOptions" in each.annotation:
            yield from (f"{name}=None" for name in PresignUploadOptions.__annotations__)
        else:
            prefix = "**" if each.kind == each.VAR_KEYWORD else ""
            yield f"{prefix}{each.name}" + ("" if each.default is each.empty else f"={each.default!r}")


@pytest.mark.parametrize("method", METHODS)
def test_the_signatures_of_presigning_stand_in_the_page(method: str) -> None:
    """Names, order and defaults, and what is returned."""
    result = inspect.signature(getattr(ObjectStore, method)).return_annotation
    wanted = f"{method}({', '.join(_parameters(method))}) -> {result}"
    assert any(wanted in " ".join(found.code.split()) for found in snippets(PAGE))


def test_both_methods_of_uploads_take_the_same() -> None:
    """The page says so, and shows one of them."""
    assert list(_parameters("get_presigned_upload_url")) == list(_parameters("presign_upload"))
