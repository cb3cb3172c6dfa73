"""A published file over HTTP: only when asked, of limited size, with its hash."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path

from stance.errors import InputError
from stance.files import atomic_path

LIMIT = 128 << 20
_CHUNK = 1 << 16
_SECONDS = 30.0


def fetch(url: str, path: Path, *, limit: int = LIMIT) -> str:
    """Download ``url`` to ``path``, whole or not at all, and return its SHA-256.

    Raises:
        InputError: not http(s), not to be had, or larger than ``limit`` bytes.
    """
    if not url.startswith(("https://", "http://")):
        raise InputError(f"{url}: only http and https addresses are fetched")
    digest = hashlib.sha256()
    size = 0
    try:
        with (
            urllib.request.urlopen(url, timeout=_SECONDS) as answer,
            atomic_path(path) as temporary,
            temporary.open("wb") as out,
        ):
            while chunk := answer.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise InputError(f"{url}: larger than {limit} bytes; fetch it by hand")
                digest.update(chunk)
                out.write(chunk)
            expected = answer.headers.get("Content-Length")
            if expected is not None and int(expected) != size:
                raise InputError(f"{url}: broke off after {size} of {expected} bytes; try again")
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise InputError(f"{url}: cannot be fetched ({error}); fetch it by hand") from None
    return digest.hexdigest()
