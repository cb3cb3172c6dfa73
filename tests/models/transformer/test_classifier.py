"""Fine-tuning: equal updates, equal hashes, honest stops, checkpoints that are whole."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stance.codebook import Codebook
from stance.errors import IntegrityError, ModelError
from stance.files import sha256_file
from stance.models.calibration import Calibration
from stance.models.sealed import latest, why_broken, write_manifest
from stance.models.store import load_model, save_model
from stance.models.transformer.classifier import TransformerClassifier
from stance.models.transformer.options import TrainingOptions
from stance.models.transformer.runtime import OnnxSession
from stance.models.transformer.weights import load_encoder
from stance.schema import Example

OPTIONS = TrainingOptions(
    epochs=2, batch_size=8, lr=5e-3, frozen_layers=0, dropout=0.0, precision="fp32",
    mask_actors=0.2, swap_actors=0.2,
)  # fmt: skip
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def make(codebook: Codebook, tiny_encoder: Path) -> Callable[..., TransformerClassifier]:
    def build(options: TrainingOptions = OPTIONS, **more: Any) -> TransformerClassifier:
        return TransformerClassifier(
            codebook.classes, backbone=str(tiny_encoder), options=options, **more
        )

    return build


def _weights(model: TransformerClassifier) -> dict[str, np.ndarray[Any, Any]]:
    return {name: value.numpy().copy() for name, value in model._network.state_dict().items()}


def _same(first: TransformerClassifier, second: TransformerClassifier) -> bool:
    one, two = _weights(first), _weights(second)
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


def test_learns_and_is_independent_of_order_and_batch(
    make: Callable[..., TransformerClassifier], examples: list[Example], codebook: Codebook
) -> None:
    model = make(replace(OPTIONS, epochs=12, mask_actors=0, swap_actors=0)).fit(examples[:48])
    values = model.predict_proba(examples)["stance"]
    truth = [codebook.stance.id(item.stance or "") for item in examples]
    assert (values.argmax(axis=1) == truth).mean() > 0.8
    order = np.random.default_rng(0).permutation(len(examples))
    again = model.predict_proba([examples[at] for at in order])["stance"]
    np.testing.assert_allclose(again, values[order], atol=1e-5)
    single = [model.predict_proba([item])["stance"][0] for item in examples[:5]]
    np.testing.assert_allclose(single, values[:5], atol=1e-5)


@pytest.mark.parametrize(("batch", "accumulation"), [(4, 2), (2, 4)])
def test_accumulation_makes_the_same_update(
    make: Callable[..., TransformerClassifier],
    examples: list[Example],
    batch: int,
    accumulation: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from stance.models.transformer import training as finetune

    # Plain gradient descent: Adam's first step is the gradient's sign, which hides its size.
    plain = partial(finetune.TrainingArguments, optim="sgd")
    monkeypatch.setattr(finetune, "TrainingArguments", plain)
    whole = replace(OPTIONS, epochs=1, mask_actors=0, swap_actors=0, warmup=0)
    same_length = [
        replace(item, text="the raid was necessary.", actor_span=None) for item in examples[:8]
    ]
    one = make(whole).fit(same_length)
    cut = make(replace(whole, batch_size=batch, accumulation=accumulation)).fit(same_length)
    for name, value in _weights(one).items():
        np.testing.assert_allclose(_weights(cut)[name], value, atol=1e-5, err_msg=name)


def test_same_seed_same_weights_other_seed_others(
    make: Callable[..., TransformerClassifier], examples: list[Example]
) -> None:
    train, validation = examples[:48], examples[48:]
    assert _same(make(seed=1).fit(train, validation), make(seed=1).fit(train, validation))
    assert not _same(make(seed=1).fit(train, validation), make(seed=2).fit(train, validation))


def test_r_drop_costs_disagreement_and_nothing_else(
    make: Callable[..., TransformerClassifier], examples: list[Example]
) -> None:
    import torch

    from stance.models.transformer.batches import as_tensors

    model = make(replace(OPTIONS, epochs=1)).fit(examples[:8])
    network, inputs = model._network, model._inputs
    assert inputs is not None
    tensors = as_tensors(inputs, inputs.encode(examples[:8]))
    labels = torch.zeros((8, 2), dtype=torch.long)
    losses = {}
    for dropout in (0.0, 0.5):
        network.dropout.p = dropout
        for module in network.encoder.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        for weight in (0.0, 1.0, 2.0):
            network.train().r_drop = weight
            torch.manual_seed(0)
            losses[dropout, weight] = float(network(**tensors, labels=labels)["loss"])
    assert losses[0.0, 1.0] == pytest.approx(losses[0.0, 0.0], abs=1e-5)
    assert losses[0.5, 2.0] > losses[0.5, 1.0]
    network.eval()
    assert float(network(**tensors, labels=labels)["loss"]) == pytest.approx(
        losses[0.0, 0.0], abs=1e-5
    )


def test_nan_loss_stops_at_its_step_without_checkpoint(
    make: Callable[..., TransformerClassifier],
    examples: list[Example],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    from stance.models.transformer.network import StanceNetwork

    loss = StanceNetwork._loss
    calls = iter(range(1000))

    def poisoned(self: StanceNetwork, *arguments: Any) -> torch.Tensor:
        value = loss(self, *arguments)
        return value * float("nan") if next(calls) == 4 else value

    monkeypatch.setattr(StanceNetwork, "_loss", poisoned)
    with pytest.raises(Exception, match="loss is nan at step 3") as caught:
        make(work=tmp_path / "work").fit(examples)
    assert getattr(caught.value, "exit_code", None) == 2
    assert list((tmp_path / "work").glob("checkpoint-*")) == []


class _Stop(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_stopped_training_resumes_to_the_same_weights(
    make: Callable[..., TransformerClassifier],
    examples: list[Example],
    tmp_path: Path,
    averaging: float,
) -> None:
    train, validation = examples[:48], examples[48:]
    options = replace(OPTIONS, epochs=3, dropout=0.1, averaging=averaging)
    whole = make(options, work=tmp_path / "whole").fit(train, validation)

    def die(done: int, total: int, note: str = "") -> None:
        if done == 8:  # in the second epoch; the first one's checkpoint is on disk
            raise _Stop

    with pytest.raises(_Stop):
        make(options, work=tmp_path / "cut").fit(train, validation, progress=die)
    resumed = make(options, work=tmp_path / "cut").fit(train, validation)
    assert _same(whole, resumed)


@pytest.mark.parametrize("held", [0, 16])
@pytest.mark.parametrize("last", [3, 6, 8])  # within an epoch, at the end of one, within the next
def test_sigterm_finishes_the_step_saves_and_resumes_to_the_same_weights(
    make: Callable[..., TransformerClassifier],
    examples: list[Example],
    tmp_path: Path,
    last: int,
    held: int,
) -> None:
    train, validation = examples[:48], examples[48 : 48 + held]
    options = replace(OPTIONS, epochs=3, dropout=0.1)
    whole = make(options, work=tmp_path / "whole").fit(train, validation)

    def terminate(done: int, total: int, note: str = "") -> None:
        if done == last:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Exception, match="stopped as asked") as caught:
        make(options, work=tmp_path / "cut").fit(train, validation, progress=terminate)
    assert getattr(caught.value, "exit_code", None) == 143
    assert _same(whole, make(options, work=tmp_path / "cut").fit(train, validation))


@pytest.mark.parametrize("harm", ["delete", "truncate", "flip"])
def test_broken_checkpoints_are_passed_over(tmp_path: Path, harm: str) -> None:
    for number in (1, 2):
        folder = tmp_path / f"checkpoint-{number}"
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(bytes(range(100)))
        write_manifest(folder, {"seed": 1})
    victim = tmp_path / "checkpoint-2" / "model.safetensors"
    if harm == "delete":
        victim.unlink()
    elif harm == "truncate":
        victim.write_bytes(bytes(range(50)))
    else:
        victim.write_bytes(bytes([1, *range(1, 100)]))
    said: list[str] = []
    assert latest(tmp_path, {"seed": 1}, said.append) == tmp_path / "checkpoint-1"
    assert len(said) == 1
    assert "checkpoint-2" in said[0]


def test_unsealed_checkpoint_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-5").mkdir()
    assert why_broken(tmp_path / "checkpoint-5") == "incomplete (no manifest)"
    assert latest(tmp_path, {}) is None


def test_other_data_or_settings_cannot_resume(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-5").mkdir()
    write_manifest(tmp_path / "checkpoint-5", {"seed": 1, "train": "aa"})
    with pytest.raises(IntegrityError, match=r"seed: 1 then, 2 now; train: 'aa' then, 'bb' now"):
        latest(tmp_path, {"seed": 2, "train": "bb"})


# -- stored models ------------------------------------------------------------------------


@pytest.fixture
def stored(
    make: Callable[..., TransformerClassifier], examples: list[Example], tmp_path: Path
) -> tuple[TransformerClassifier, Path]:
    model = make().fit(examples[:48], examples[48:])
    folder = tmp_path / "model"
    save_model(model, folder, name="t", calibration=Calibration({"stance": 1.5}), codebook={"n": 1})
    return model, folder


def test_export_and_weights_give_the_same_answers(
    stored: tuple[TransformerClassifier, Path], examples: list[Example]
) -> None:
    _, folder = stored
    exported = load_model(folder).predict_proba(examples)
    reference = load_model(folder, runtime="torch").predict_proba(examples)
    for task, values in reference.items():
        np.testing.assert_allclose(exported[task], values, atol=1e-4)
    assert not list(folder.glob("*.bin"))
    assert not list(folder.glob("*.pt*"))


def test_labels_are_matched_by_name(
    stored: tuple[TransformerClassifier, Path], examples: list[Example], codebook: Codebook
) -> None:
    _, folder = stored
    own = load_model(folder).predict_proba(examples)["stance"]
    turned = {**codebook.classes, "stance": codebook.classes["stance"][::-1]}
    np.testing.assert_array_equal(
        load_model(folder, turned).predict_proba(examples)["stance"], own[:, ::-1]
    )


def test_other_label_sets_and_bare_encoders_are_refused(
    stored: tuple[TransformerClassifier, Path], tiny_encoder: Path, tmp_path: Path
) -> None:
    _, folder = stored
    with pytest.raises(ModelError, match="labels are not the codebook's"):
        load_model(folder, {"stance": ("yes", "no")})
    with pytest.raises(ModelError, match="a bare encoder"):
        load_model(tiny_encoder)
    with pytest.raises(ModelError, match="no trained stance model"):
        load_model(tmp_path)


def test_altered_model_is_refused(stored: tuple[TransformerClassifier, Path]) -> None:
    _, folder = stored
    weights = folder / "model.onnx"
    before = sha256_file(weights)
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    assert sha256_file(weights) != before
    with pytest.raises(IntegrityError, match=r"model\.onnx has changed"):
        load_model(folder)


def test_training_can_start_from_a_stance_model(
    stored: tuple[TransformerClassifier, Path],
    make: Callable[..., TransformerClassifier],
    examples: list[Example],
) -> None:
    model, folder = stored
    encoder = load_encoder(folder).state_dict()
    kept = {name: value for name, value in _weights(model).items() if name.startswith("encoder.")}
    assert encoder.keys() == {name.removeprefix("encoder.") for name in kept}
    for name, value in kept.items():
        assert np.array_equal(encoder[name.removeprefix("encoder.")].numpy(), value), name
    again = TransformerClassifier(
        {"stance": ("no", "yes")}, backbone=str(folder), options=replace(OPTIONS, frozen_layers=2)
    ).fit([replace(item, stance="yes" if at % 2 else "no") for at, item in enumerate(examples)])
    lower = "encoder.encoder.layer.0.output.dense.weight"
    assert np.array_equal(_weights(again)[lower], _weights(model)[lower])
    assert not np.array_equal(_weights(again)[lower], _weights(make().fit(examples[:8]))[lower])


def test_an_altered_stance_model_is_no_start(stored: tuple[TransformerClassifier, Path]) -> None:
    _, folder = stored
    config = folder / "config.json"
    config.write_text(config.read_text().replace("{", "{ ", 1))
    with pytest.raises(IntegrityError, match=r"config\.json has changed"):
        load_encoder(folder)


def test_a_failed_export_loses_no_training(
    tiny_encoder: Path, examples: list[Example], codebook: Codebook, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    said: list[str] = []
    model = TransformerClassifier(
        codebook.classes, backbone=str(tiny_encoder), options=TrainingOptions(epochs=1),
        say=said.append,
    ).fit(examples)  # fmt: skip

    def fail(*_: object) -> None:
        raise RuntimeError("an operator is not known")

    monkeypatch.setattr("stance.models.transformer.export.export_onnx", fail)
    folder = tmp_path / "model"
    save_model(model, folder, name="t", calibration=Calibration({}), codebook={})
    assert not (folder / "model.onnx").exists()
    assert any("an operator is not known" in line for line in said)
    answers = load_model(folder).predict_proba(examples[:3])["stance"]
    np.testing.assert_allclose(answers, model.predict_proba(examples[:3])["stance"], atol=1e-5)


@pytest.mark.parametrize(("added", "kept"), [((1.0, 1.0), True), ((1e-2, 0.0), False)])
def test_an_export_is_checked_on_probabilities(
    stored: tuple[TransformerClassifier, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    added: tuple[float, float], kept: bool,
) -> None:  # fmt: skip
    """Scores that all move together are the same answer; one that moves alone is another."""
    model, _ = stored
    asked = OnnxSession.logits

    def moved(self: OnnxSession, batch: Any) -> Any:
        logits = asked(self, batch)
        first, rest = added
        logits[:, 0] += first
        logits[:, 1:] += rest
        return logits

    monkeypatch.setattr(OnnxSession, "logits", moved)
    said: list[str] = []
    monkeypatch.setattr(model, "say", said.append)
    model.save(tmp_path)
    assert (tmp_path / "model.onnx").exists() is kept
    assert any("differs from torch" in line for line in said) is not kept
