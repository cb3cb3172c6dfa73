"""A blend: the mean of its members, in a run and as a stored model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from conftest import tiny_config
from stance.codebook import Codebook
from stance.config import RunConfig, choose_models
from stance.corpus.load import load_examples
from stance.errors import ConfigError, ModelError
from stance.models.store import load_model
from stance.runs.experiment import run
from stance.runs.folder import part_path, read_part

pytestmark = pytest.mark.usefixtures("one_thread")


def _config(rows: Path, encoder: Path, **more: Any) -> RunConfig:
    config = tiny_config(rows, encoder)
    raw = config.model_dump(mode="json") | {"seeds": [1, 2]} | more
    blends = {
        "both": {"kind": "blend", "of": ["transformer", "tfidf-svm"]},
        "pooled": {"kind": "blend", "of": ["transformer"], "seeds": "all"},
    }
    raw["models"] = blends | raw["models"]
    return RunConfig.model_validate(raw)


def test_a_blend_is_the_mean_of_its_members_seed_by_seed(
    rows_file: Path, tiny_encoder: Path, tmp_path: Path, codebook: Codebook
) -> None:
    done = run(_config(rows_file, tiny_encoder), root=tmp_path / "runs")
    for seed in (1, 2):
        blend = load_model(done.folder / "models" / f"both-s{seed}")
        stored = read_part(part_path(done.folder, "both", seed, 0))
        other = read_part(part_path(done.folder, "transformer", seed, 0))["proba_stance"]
        svm = read_part(part_path(done.folder, "tfidf-svm", 1, 0))["proba_stance"]
        mean = blend.calibration.apply({"stance": (other + svm) / 2})["stance"]
        np.testing.assert_allclose(stored["proba_stance"], mean, atol=1e-9)
        # The stored model answers as the run did, from copies of its members.
        examples = load_examples(rows_file, codebook)
        asked = blend.predict_proba([examples[at] for at in stored["rows"]])
        np.testing.assert_allclose(asked["stance"], mean, atol=1e-4)
    table = pq.read_table(done.folder / "predictions.parquet").to_pandas()
    assert set(table[table.model == "both"].seed) == {1, 2}
    assert set(table[table.model == "pooled"].seed) == {1}
    seeds = [read_part(part_path(done.folder, "transformer", seed, 0)) for seed in (1, 2)]
    pooled = load_model(done.folder / "models" / "pooled-s1")
    assert [member.folder.name for member in pooled.classifier.members] == [
        "transformer-s1", "transformer-s2",
    ]  # fmt: skip
    mean = pooled.calibration.apply({"stance": np.mean(
        [part["proba_stance"] for part in seeds], axis=0)})["stance"]  # fmt: skip
    stored = read_part(part_path(done.folder, "pooled", 1, 0))
    np.testing.assert_allclose(stored["proba_stance"], mean, atol=1e-9)
    assert {result.model for result in done.results.of("stance")} >= {"both", "transformer"}
    with pytest.raises(ModelError, match="train its members"):
        blend.classifier.fit([])


def test_folds_are_blended_too(rows_file: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    config = _config(
        rows_file, tiny_encoder, split={"method": "folds", "folds": 3}, seeds=[1],
        models={"majority": {"kind": "majority"}, "tfidf-svm": {"kind": "ngrams"},
                "transformer": {"kind": "ngrams", "view": "text"}},
    )  # fmt: skip
    folder = run(config, root=tmp_path).folder
    for fold in range(3):
        parts = [read_part(part_path(folder, name, 1, fold)) for name in ("both", "tfidf-svm")]
        assert (parts[0]["rows"] == parts[1]["rows"]).all()
    assert not (folder / "models").exists()


def test_choosing_a_blend_keeps_its_members(rows_file: Path, tiny_encoder: Path) -> None:
    chosen = choose_models(_config(rows_file, tiny_encoder), ["both"])
    assert list(chosen.models) == ["transformer", "tfidf-svm", "both"]


def test_neighbouring_seeds_are_blended(
    rows_file: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    raw = _config(rows_file, tiny_encoder, seeds=[3, 1, 2]).model_dump(mode="json")
    pair = {"kind": "blend", "of": ["transformer", "tfidf-svm"], "seeds": 2}
    raw |= {"behaviour": False, "models": raw["models"] | {"both": pair}}
    config = choose_models(RunConfig.model_validate(raw), ["both"])
    folder = run(config, root=tmp_path / "runs").folder
    for seed, members in {3: (3, 1), 1: (1, 2), 2: (2, 3)}.items():
        blend = load_model(folder / "models" / f"both-s{seed}")
        assert [member.folder.name for member in blend.classifier.members] == [
            *(f"transformer-s{one}" for one in members), "tfidf-svm-s3",
        ]  # fmt: skip
    pair["seeds"] = 4
    with pytest.raises(ValueError, match=r"models\.both\.seeds: 4 seeds .* of the 3 in seeds"):
        RunConfig.model_validate(raw)


def test_one_model_is_blended_over_its_seeds_only(rows_file: Path, tiny_encoder: Path) -> None:
    raw = tiny_config(rows_file, tiny_encoder).model_dump(mode="json")
    raw["models"]["both"] = {"kind": "blend", "of": ["transformer"]}
    with pytest.raises(ValueError, match=r"models\.both\.of: one model is no blend"):
        RunConfig.model_validate(raw)


@pytest.mark.parametrize(
    "of", [["transformer", "nobody"], ["transformer"] * 2, ["both", "majority"]]
)
def test_what_cannot_be_blended_is_named(
    rows_file: Path, tiny_encoder: Path, of: list[str]
) -> None:
    raw = tiny_config(rows_file, tiny_encoder).model_dump(mode="json")
    raw["models"]["both"] = {"kind": "blend", "of": of}
    with pytest.raises((ConfigError, ValueError), match=r"models\.both\.of: .* is not another"):
        RunConfig.model_validate(raw)
