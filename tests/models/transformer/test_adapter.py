"""Adapters: the same answers from a fraction of the bytes, whole or refused, without torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import make_rows
from stance.codebook import Codebook
from stance.errors import InputError, IntegrityError, ModelError
from stance.files import read_json
from stance.models.baselines import MajorityClassifier
from stance.models.calibration import Calibration
from stance.models.sealed import write_manifest
from stance.models.store import LEARNED_FILE, Learned, load_model, read_learned, save_model
from stance.models.transformer import backbone
from stance.models.transformer.adapter import (
    ADAPTER_FILE,
    GRAPH_FILE,
    decode,
    encode,
    graph_weights,
    merged_weights,
)
from stance.models.transformer.classifier import TransformerClassifier
from stance.models.transformer.options import TrainingOptions
from stance.packing import Rows, pack
from stance.schema import Example

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.usefixtures("one_thread")


def _examples() -> list[Example]:
    keys = ("id", "doc_id", "text", "actor", "target", "stance", "sentiment", "split")
    return [
        Example(**{key: row[key] for key in keys}, actor_span=tuple(row["actor_span"]))  # type: ignore[arg-type]
        for row in make_rows()
    ]


@pytest.fixture(scope="module")
def full(codebook: Codebook, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder fine-tuned until it knows something, stored whole."""
    options = TrainingOptions(
        epochs=6, batch_size=8, lr=5e-3, frozen_layers=0, dropout=0.0, precision="fp32"
    )
    model = TransformerClassifier(
        codebook.classes, backbone=str(tiny_encoder), options=options
    ).fit(_examples()[:48])
    folder = tmp_path_factory.mktemp("run") / "models" / "transformer-s1"
    book = {"name": "tiny", "version": 1, "stance": [{"name": n} for n in codebook.stance.names]}
    save_model(
        model, folder, name="transformer", calibration=Calibration({"stance": 1.5}), codebook=book,
        learned=Learned.of(_examples()[:48]),
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def packed(full: Path, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("packed") / "model"
    pack(full, out, bits=8, backbone=str(tiny_encoder))
    return out


@pytest.fixture
def copy(packed: Path, tmp_path: Path) -> Path:
    """The adapter's folder, to harm."""
    folder = tmp_path / "model"
    folder.mkdir()
    for path in packed.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


# -- differences --------------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "share"), [(4, 0.15), (8, 0.01)])
@pytest.mark.parametrize("shape", [(40, 64), (7, 33), (1, 5)])
def test_differences_come_back(bits: int, share: float, shape: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    before = random.normal(size=shape).astype(np.float32)
    moved = random.normal(scale=0.05, size=shape).astype(np.float32)
    kept = before.copy()
    after = decode(before, encode(before, before + moved, bits))
    assert np.linalg.norm(after - before - moved) < share * np.linalg.norm(moved)
    np.testing.assert_array_equal(before, kept)


def test_every_number_is_within_half_a_step_of_eight_bits() -> None:
    random = np.random.default_rng(1)
    before = np.ones((3, 64), dtype=np.float32)
    moved = random.uniform(-1, 1, size=(3, 64)).astype(np.float32)
    after = decode(before, encode(before, before + moved, 8))
    # A group of 64 shares the largest number's 127th part as its step; float16 rounds the step.
    limit = np.abs(moved).max(axis=1, keepdims=True) / 127 * 0.5 + 127 * 1e-5
    assert (np.abs(after - before - moved) < limit).all()


def test_rows_that_did_not_move_are_not_stored() -> None:
    before = np.ones((100, 64), dtype=np.float32)
    after = before * np.float32(0.999)  # as weight decay leaves unseen tokens
    after[[3, 70]] += 0.1
    parts = encode(before, after, 4)
    assert parts["rows"].tolist() == [3, 70]
    assert parts["codes"].nbytes == 2 * 64 // 2
    found = decode(before, parts)
    np.testing.assert_array_equal(np.delete(found, [3, 70], 0), np.delete(before, [3, 70], 0))
    assert encode(before, before, 4) == {}


# -- packed models ------------------------------------------------------------------------


def test_eight_bits_answer_like_the_full_model(full: Path, packed: Path) -> None:
    rows = _examples()
    reference = load_model(full, runtime="torch").predict_proba(rows)
    found = load_model(packed).predict_proba(rows)
    merged = load_model(packed, runtime="torch").predict_proba(rows)
    assert reference["stance"].max(axis=1).min() < 0.9  # answers that could change
    for task, values in reference.items():
        np.testing.assert_allclose(merged[task], values, atol=1e-3)
        np.testing.assert_allclose(found[task], merged[task], atol=1e-4)


def test_the_folder_is_small_sealed_and_described(full: Path, packed: Path) -> None:
    def size(folder: Path, *names: str) -> int:
        return sum((folder / name).stat().st_size for name in names)

    assert not (packed / "model.onnx").exists()
    assert size(packed, "adapter.safetensors") < 0.7 * size(full, "model.safetensors")
    assert size(packed, GRAPH_FILE) < 60_000
    sealed = read_json(packed / "manifest.json")["sha256"]
    assert {"README.md", GRAPH_FILE, ADAPTER_FILE, "adapter.safetensors"} <= set(sealed)
    card = (packed / "README.md").read_text(encoding="utf-8")
    assert "The packed model was not scored" in card
    assert b"stance/models" not in (packed / GRAPH_FILE).read_bytes()  # no paths of the exporter


def test_calibration_is_carried_over_or_fitted_on_given_rows(
    full: Path, packed: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    assert load_model(packed).calibration == Calibration({"stance": 1.5})
    rows = _examples()
    done = pack(full, tmp_path / "m", Rows(rows, "all rows"), bits=4, backbone=str(tiny_encoder))
    assert load_model(done.folder).calibration != Calibration({"stance": 1.5})
    assert set(load_model(done.folder).thresholds) == {"stance", "sentiment"}
    assert done.gap < 1e-4
    # What it learned from goes along, and with it what it was calibrated on; sealed like the rest.
    assert read_learned(packed) == Learned.of(rows[:48])
    assert read_learned(done.folder) == Learned.of(rows[:48], rows[48:])
    assert LEARNED_FILE in read_json(done.folder / "manifest.json")["sha256"]
    stance = done.agreements[0]
    before = load_model(full).predict_proba(rows)["stance"].argmax(axis=1)
    after = load_model(done.folder).classifier.predict_proba(rows)["stance"].argmax(axis=1)
    assert stance.same == pytest.approx((before == after).mean())
    assert f"{stance.packed_f1:.3f}" in (done.folder / "README.md").read_text(encoding="utf-8")


def test_an_adapter_is_not_made_large_by_what_it_learned_from(
    full: Path, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stance.packing._MOST_LEARNED", 40)
    said: list[str] = []
    done = pack(full, tmp_path / "m", bits=8, backbone=str(tiny_encoder), say=said.append)
    assert not (done.folder / LEARNED_FILE).exists()
    assert any("48 rows made the model" in line for line in said)


def test_markers_and_heads_are_kept_whole(full: Path, packed: Path, tiny_encoder: Path) -> None:
    from safetensors.numpy import load_file

    tuned = load_file(full / "model.safetensors")
    merged = merged_weights(packed)
    assert merged.keys() == tuned.keys()
    name = "encoder.embeddings.word_embeddings.weight"
    old = len(load_file(tiny_encoder / "model.safetensors")[name.removeprefix("encoder.")])
    assert len(tuned[name]) > old
    np.testing.assert_array_equal(merged[name][old:], tuned[name][old:])
    np.testing.assert_array_equal(merged["heads.stance.weight"], tuned["heads.stance.weight"])


def test_what_cannot_be_packed_is_refused(
    full: Path, packed: Path, tiny_encoder: Path, tmp_path: Path, codebook: Codebook
) -> None:
    with pytest.raises(ModelError, match="an adapter already"):
        pack(packed, tmp_path / "a", backbone=str(tiny_encoder))
    majority = tmp_path / "majority"
    save_model(
        MajorityClassifier(codebook.classes).fit(_examples()), majority, name="majority",
        calibration=Calibration({}), codebook={},
    )  # fmt: skip
    with pytest.raises(ModelError, match="a majority model"):
        pack(majority, tmp_path / "a")
    with pytest.raises(InputError, match="is no adapter"):
        pack(full, majority, backbone=str(tiny_encoder))
    with pytest.raises(ModelError, match="bits 5: take 4 or 8"):
        pack(full, tmp_path / "a", bits=5, backbone=str(tiny_encoder))
    with pytest.raises(ModelError, match="in the encoder; name the encoder"):
        pack(full, tmp_path / "a", backbone="minilm")
    assert not (tmp_path / "a").exists()


# -- loading ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["adapter.safetensors", GRAPH_FILE, ADAPTER_FILE])
def test_tampered_files_are_refused(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(IntegrityError, match="has changed since"):
        load_model(copy)


def _point_to(folder: Path, encoder: str) -> None:
    facts = read_json(folder / ADAPTER_FILE)
    (folder / ADAPTER_FILE).write_text(json.dumps({**facts, "backbone": encoder}))
    write_manifest(folder)


def test_another_encoder_is_refused(copy: Path) -> None:
    _point_to(copy, "minilm")
    with pytest.raises(IntegrityError, match="not the weights that"):
        load_model(copy)


def test_an_absent_encoder_is_named(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _point_to(copy, "minilm")
    backbone._packaged.cache_clear()
    monkeypatch.setattr(backbone, "_PACKAGE", "no-such-encoder-package")
    with pytest.raises(ModelError, match="pip install no-such-encoder-package") as caught:
        load_model(copy)
    assert str(copy) in str(caught.value)
    backbone._packaged.cache_clear()


def test_loading_needs_neither_torch_nor_onnx(packed: Path) -> None:
    command = (
        "import sys; from pathlib import Path; from stance.models.store import load_model;"
        "from stance.schema import Example;"
        f"model = load_model(Path({str(packed)!r}));"
        "print(model.predict_proba([Example('1', 'Nobody spoke.')])['stance'].shape);"
        "print([m for m in ('torch', 'transformers', 'onnx', 'sklearn', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True,
        env={**os.environ, "HOME": "/nonexistent"},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["(1, 9)", "[]"]


def test_two_sessions_share_nothing_that_moves(packed: Path) -> None:
    rows = _examples()[:8]
    one, other = load_model(packed), load_model(packed)
    expected = other.predict_proba(rows)["stance"]
    np.testing.assert_array_equal(one.predict_proba(rows)["stance"], expected)
    del one
    junk = [np.random.default_rng(0).normal(size=100_000) for _ in range(20)]
    np.testing.assert_array_equal(other.predict_proba(rows)["stance"], expected)
    assert len(junk) == 20


def test_every_graph_weight_is_the_networks(packed: Path) -> None:
    merged = merged_weights(packed)
    given = graph_weights(packed)
    places = read_facts_of(packed)
    assert given.keys() == places.keys()
    turned = [name for name, (_, transposed) in places.items() if transposed]
    assert turned
    for name in turned:
        np.testing.assert_array_equal(given[name].T, merged[places[name][0]])
        assert given[name].flags.c_contiguous


def read_facts_of(folder: Path) -> dict[str, tuple[str, bool]]:
    found: dict[str, tuple[str, bool]] = read_json(folder / ADAPTER_FILE)["initializers"]
    return found


def test_a_graph_with_a_foreign_weight_is_refused(full: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    from stance.models.transformer.export import strip_weights

    weights = load_file(full / "model.safetensors")
    name = "encoder.encoder.layer.1.output.dense.weight"
    weights[name] = weights[name] + 1
    with pytest.raises(ModelError, match="none of the network's tensors"):
        strip_weights(full / "model.onnx", weights, tmp_path / "graph.onnx")
