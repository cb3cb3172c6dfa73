"""Where encoders come from: put together from the pieces of a zip, whole or refused."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from stance.errors import IntegrityError, ModelError
from stance.models.transformer import backbone
from stance.models.transformer.backbone import find_backbone
from stance.models.transformer.inputs import pad_of

WEIGHTS = b"weights of an encoder that is none"


def _pieces(folder: Path, weights: bytes = WEIGHTS) -> list[Path]:
    """Write a zip in five pieces, with a second configuration in a folder below."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("encoder/1_Pooling/config.json", "{}")
        archive.writestr("encoder/config.json", '{"model_type": "mpnet"}')
        archive.writestr("encoder/tokenizer.json", "{}")
        archive.writestr("encoder/model.safetensors", weights)
    data = whole.getvalue()
    size = -(-len(data) // 5)
    folder.mkdir(exist_ok=True)
    paths = []
    for number in range(5):
        path = folder / f"encoder.zip.{number + 1:03d}"
        path.write_bytes(data[number * size : (number + 1) * size])
        paths.append(path)
    return paths


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(backbone, "_MPNET_SHA256", hashlib.sha256(WEIGHTS).hexdigest())
    monkeypatch.setattr(backbone, "_MPNET_HUB", "nobody/no-such-encoder")
    backbone._mpnet.cache_clear()
    backbone.weights_hash.cache_clear()


def _install(monkeypatch: pytest.MonkeyPatch, pieces: list[Path | None]) -> None:
    by_name = dict(zip(backbone._MPNET_PARTS, pieces, strict=True))
    monkeypatch.setattr(backbone, "_part", by_name.__getitem__)


def test_the_larger_encoder_is_put_together_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(monkeypatch, list(_pieces(tmp_path / "parts")))
    folder = find_backbone("mpnet")
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert "mpnet" in (folder / "config.json").read_text()  # not that of a folder below
    backbone._mpnet.cache_clear()
    _install(monkeypatch, [None] * 5)
    assert find_backbone("mpnet") == folder


def test_a_wrong_byte_is_refused_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(monkeypatch, list(_pieces(tmp_path / "parts", WEIGHTS[:-1] + b"x")))
    with pytest.raises(ModelError, match="not the known ones"):
        find_backbone("mpnet")
    assert not list((tmp_path / "cache" / "stance").glob("*"))


def test_a_piece_that_is_damaged_or_absent_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = _pieces(tmp_path / "parts")
    _install(monkeypatch, [*pieces[:2], None, *pieces[3:]])
    with pytest.raises(ModelError, match=r"part-003 is not installed.*stance-news\[accurate\]"):
        find_backbone("mpnet")
    pieces[4].write_bytes(b"")
    _install(monkeypatch, list(pieces))
    with pytest.raises(ModelError, match="reinstall"):
        find_backbone("mpnet")


def test_a_copy_that_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, list(_pieces(tmp_path / "parts")))
    weights = find_backbone("mpnet") / "model.safetensors"
    weights.write_bytes(b"other")
    backbone._mpnet.cache_clear()
    backbone.weights_hash.cache_clear()
    with pytest.raises(IntegrityError, match="remove that folder"):
        find_backbone("mpnet")


def test_padding_is_found_under_either_name() -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    assert pad_of(Tokenizer(WordLevel({"[PAD]": 3, "a": 0}, unk_token="a"))) == 3
    assert pad_of(Tokenizer(WordLevel({"<pad>": 1, "a": 0}, unk_token="a"))) == 1
    assert pad_of(Tokenizer(WordLevel({"a": 0}, unk_token="a"))) == 0
