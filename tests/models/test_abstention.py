"""Abstention thresholds: honest on new articles, stored whole, applied or refused by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binomtest

from stance import api
from stance.codebook import Codebook
from stance.errors import InputError, ModelError
from stance.evaluation.results import Predicted
from stance.files import read_json, read_yaml, resolve, write_json
from stance.labelling import abstention_point, label_articles
from stance.models.abstention import (
    Threshold,
    choose_threshold,
    fit_thresholds,
    lower_bound,
)
from stance.models.base import Probabilities
from stance.models.baselines import MajorityClassifier
from stance.models.calibration import Calibration, Vector
from stance.models.sealed import write_manifest
from stance.models.store import StoredModel, load_model, save_model
from stance.report.confidence import abstention_tables, kept_precision
from stance.runs.read import Held
from stance.schema import Article, Example

BOOK = read_yaml(resolve("configs/codebook.yaml"))

STORED = (
    Threshold(0.8, 0.9, 50, 0.41, 0.86, 0.81, 40, {"neutral": 1.0, "condemning": 0.5}),
    Threshold(0.9, 0.9, 50),
)


def answers(
    rng: np.random.Generator, n_groups: int, n_rows: int = 16, spread: float = 0.6
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Confidences, whether right, and articles; what is right moves together in an article."""
    groups = np.repeat(np.arange(n_groups), n_rows)
    confidence = 0.3 + 0.7 * rng.beta(2.0, 1.2, len(groups))
    luck = (spread * rng.normal(size=n_groups))[groups]
    logit = 0.7 + np.log(confidence / (1.02 - confidence)) + luck
    correct = rng.random(len(groups)) < 1 / (1 + np.exp(-logit))
    return confidence, correct, [f"article-{group}" for group in groups]


def test_promised_precision_holds_on_new_articles() -> None:
    """In at most one case in ten the threshold is too lenient; a naive one is in half of them."""
    confidence, correct, _ = answers(np.random.default_rng(0), 40_000)
    rng = np.random.default_rng(1)
    for wanted in (0.85, 0.9):
        broken, naive, found = 0, 0, 0
        for _ in range(200):
            seen = answers(rng, 40)
            chosen = choose_threshold(*seen, wanted)
            if chosen.threshold is not None:
                found += 1
                assert chosen.bound is not None
                assert chosen.bound >= wanted
                broken += correct[confidence >= chosen.threshold].mean() < wanted
            lenient = min(
                step
                for step in np.linspace(0, 1, 101)[:-1]
                if not (seen[0] >= step).any() or seen[1][seen[0] >= step].mean() >= wanted
            )
            naive += correct[confidence >= lenient].mean() < wanted
        assert broken <= 0.14 * 200  # three standard errors above a tenth would be 0.16
        assert naive >= 0.35 * 200
        assert found >= 0.5 * 200


def test_what_is_stored_is_what_happened_on_the_validation_rows() -> None:
    confidence, correct, groups = answers(np.random.default_rng(2), 60)
    labels = ["common" if row % 3 else "rare" for row in range(len(groups))]
    chosen = choose_threshold(confidence, correct, groups, 0.8, labels=labels)
    assert chosen.threshold is not None
    kept = confidence >= chosen.threshold
    assert (chosen.n_kept, chosen.n_rows) == (kept.sum(), 960)
    assert chosen.coverage == pytest.approx(kept.mean())
    assert chosen.reached == pytest.approx(correct[kept].mean())
    assert chosen.by_label == {
        name: pytest.approx(kept[np.array(labels) == name].mean()) for name in ("common", "rare")
    }
    stricter = choose_threshold(confidence, correct, groups, 0.9)
    assert stricter.threshold is not None
    assert stricter.threshold > chosen.threshold


def test_out_of_reach_is_said() -> None:
    rng = np.random.default_rng(3)
    confidence = rng.random(400)
    chosen = choose_threshold(confidence, rng.random(400) < 0.5, [str(n) for n in range(400)], 0.9)
    assert (chosen.threshold, chosen.reached, chosen.coverage) == (None, None, 0.0)
    few = choose_threshold(np.full(4, 0.99), np.full(4, True), ["a", "b", "c", "d"], 0.9)
    assert few.threshold is None  # four of four may be luck
    many = choose_threshold(np.full(60, 0.5), np.full(60, True), [str(n) for n in range(60)], 0.9)
    assert many.threshold == 0.0
    one_article = choose_threshold(np.full(60, 0.5), np.full(60, True), ["a"] * 60, 0.9)
    assert one_article.threshold is None


def test_confident_errors_are_not_outvoted_by_what_comes_below_them() -> None:
    """A sequence of tests ends at the first that fails, however well later ones would do."""
    confidence = np.repeat([0.95, 0.55], [200, 2000])
    correct = np.concatenate([np.arange(200) % 10 < 7, np.full(2000, True)])
    groups = [str(number) for number in range(2200)]
    assert lower_bound(correct, np.arange(2200)) > 0.9
    assert choose_threshold(confidence, correct, groups, 0.9).threshold is None
    assert choose_threshold(confidence[200:], correct[200:], groups[200:], 0.9).threshold == 0.0


def test_bound_of_independent_rows_is_clopper_and_pearsons() -> None:
    for right, n_rows in ((30, 30), (27, 30), (1, 30), (171, 190)):
        correct = np.arange(n_rows) < right
        expected = binomtest(right, n_rows, alternative="greater").proportion_ci(0.9, "exact").low
        found = lower_bound(correct, np.arange(n_rows))
        # Every row its own group: the variance has the factor n / (n - 1) and no other.
        assert found == pytest.approx(expected, abs=0.005)
        assert found <= expected + 1e-12
    assert lower_bound(np.zeros(9, dtype=bool), np.arange(9)) == 0.0


def test_rows_that_move_together_prove_less() -> None:
    correct = np.repeat([True] * 9 + [False], 20)
    together = lower_bound(correct, np.repeat(np.arange(10), 20))
    apart = lower_bound(correct, np.arange(200))
    tenfold = binomtest(9, 10, alternative="greater").proportion_ci(0.9, "exact").low
    assert together < apart - 0.1
    assert together == pytest.approx(tenfold, abs=0.06)


def test_order_of_rows_does_not_matter() -> None:
    confidence, correct, groups = answers(np.random.default_rng(4), 40)
    order = np.random.default_rng(5).permutation(len(groups))
    again = choose_threshold(confidence[order], correct[order], [groups[at] for at in order], 0.8)
    assert again == choose_threshold(confidence, correct, groups, 0.8)


@pytest.mark.parametrize("precision", [0.0, 1.0, 90.0])
def test_impossible_precisions_are_refused(precision: float) -> None:
    with pytest.raises(InputError, match=r"not between 0 and 1: give for example 0\.9"):
        choose_threshold(np.array([0.5]), np.array([True]), ["a"], precision)


def test_thresholds_of_each_task_and_precision() -> None:
    rng = np.random.default_rng(6)
    names = ("a", "b", "c")
    proba = rng.dirichlet(np.full(3, 0.3), size=900)
    truth = (rng.random((900, 1)) > proba.cumsum(axis=1)).sum(axis=1).clip(max=2)
    examples = [
        Example(str(at), "x", stance=names[label] if at % 3 else None, doc_id=f"d{at // 12}")
        for at, label in enumerate(truth)
    ]
    classes = {"stance": names, "sentiment": names}
    probabilities = {"stance": proba, "sentiment": proba}
    found = fit_thresholds(probabilities, examples, classes, precisions=(0.7, 0.8, 0.9))
    assert set(found) == {"stance"}
    assert [item.precision for item in found["stance"]] == [0.7, 0.8, 0.9]
    assert {item.n_rows for item in found["stance"]} == {600}
    assert set(found["stance"][0].by_label) == set(names)


# -- stored with the model, and applied ---------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, codebook: Codebook, examples: list[Example]) -> Path:
    fitted = MajorityClassifier(codebook.classes).fit(examples)
    n_labels = len(codebook.classes["stance"])
    vector = Vector(tuple(np.linspace(0.5, 1.5, n_labels)), tuple(np.linspace(-1, 1, n_labels)))
    save_model(
        fitted, tmp_path / "model", name="always", codebook=BOOK,
        calibration=Calibration({"sentiment": 1.5}, {"stance": vector}),
        thresholds={"stance": STORED},
    )  # fmt: skip
    return tmp_path / "model"


def test_calibration_and_thresholds_survive_the_folder(
    folder: Path, codebook: Codebook, examples: list[Example]
) -> None:
    stored = load_model(folder)
    assert stored.thresholds == {"stance": STORED}
    assert stored.calibration.kind("stance") == "vector"
    assert stored.calibration.temperature == {"sentiment": 1.5}
    assert read_json(folder / "model.json")["abstention"]["stance"][0]["coverage"] == 0.8
    turned = {"stance": tuple(reversed(codebook.classes["stance"]))}
    plain, other = stored.predict_proba(examples), load_model(folder, turned)
    np.testing.assert_allclose(
        other.predict_proba(examples)["stance"], plain["stance"][:, ::-1], atol=1e-12
    )


def test_models_of_the_first_format_are_read(folder: Path) -> None:
    facts = read_json(folder / "model.json")
    facts |= {"format": 1, "calibration": {"temperature": {"stance": 1.7}}}
    del facts["abstention"]
    write_json(folder / "model.json", facts)
    (folder / "manifest.json").unlink()
    write_manifest(folder)
    stored = load_model(folder)
    assert stored.calibration == Calibration({"stance": 1.7})
    assert stored.thresholds == {}
    with pytest.raises(ModelError, match=r"no threshold is stored .* 0\.8; available: none"):
        stored.threshold(0.8)


def test_precision_becomes_the_stored_threshold(folder: Path) -> None:
    stored = load_model(folder)
    assert abstention_point(stored, precision=0.8) == 0.41
    assert abstention_point(stored, abstain_below=0.3) == 0.3
    assert abstention_point(stored) == 0.0
    refused = {
        0.7: "always: no threshold is stored for precision 0.7; available: 0.8",
        0.9: "always: no threshold reached precision 0.9 on its 50 validation rows; available: 0.8",
    }
    for precision, says in refused.items():
        with pytest.raises(ModelError) as error:
            abstention_point(stored, precision=precision)
        assert str(error.value) == says
    with pytest.raises(InputError, match="not both"):
        abstention_point(stored, precision=0.8, abstain_below=0.5)


class _Sure:
    """A classifier whose confidence is the first number in a sentence."""

    kind = "fake"

    def __init__(self, codebook: Codebook) -> None:
        self.classes_ = codebook.classes

    def predict_proba(self, examples: Sequence[Example], **_: object) -> Probabilities:
        found = {}
        for task, names in self.classes_.items():
            sure = np.array([int(item.text.split()[-1].rstrip(".")) / 100 for item in examples])
            rest = (1 - sure) / (len(names) - 1)
            found[task] = np.column_stack([sure, *[rest] * (len(names) - 1)])
        return found


@pytest.fixture
def sure(codebook: Codebook) -> StoredModel:
    return StoredModel(
        "sure", "fake", codebook.classes, _Sure(codebook),  # type: ignore[arg-type]
        Calibration(), BOOK, Path(), {"stance": STORED},
    )  # fmt: skip


TEXT = "Ane Ruud condemned raid 90. Bilal Tamm defended raid 41. Ishka Vole named pier 40."


def test_rows_below_the_threshold_abstain_and_keep_their_label(sure: StoredModel) -> None:
    frame = api.label(TEXT, sure, precision=0.8)
    assert frame.status.tolist() == ["ok", "ok", "abstained"]
    assert frame.stance.all()
    assert frame.stance_probability.tolist() == pytest.approx([0.9, 0.41, 0.4])
    assert api.label(TEXT, sure).status.tolist() == ["ok"] * 3
    with pytest.raises(ModelError, match=r"available: 0\.8"):
        api.label(TEXT, sure, precision=0.95)


def test_terminal_says_how_many_rows_are_in_doubt(
    sure: StoredModel, capsys: pytest.CaptureFixture[str]
) -> None:
    from stance.cli import labelling

    batches = label_articles([Article("a", TEXT)], sure)
    labelling._write(batches, labelling.Format.TABLE, None, sure)
    said = " ".join(capsys.readouterr().out.split())
    assert "1 of 3 labelled rows have a stance probability under 0.41" in said
    assert "--precision 0.8 abstains there" in said


# -- in the report ------------------------------------------------------------------------


def test_report_says_what_the_thresholds_did_on_the_test_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    names = ("condemning", "neutral")
    truth = rng.integers(0, 2, 200)
    sure = 0.5 + rng.random((2, 200)) / 2
    first = np.where(rng.random((2, 200)) < sure, truth == 0, truth != 0)
    given = np.where(first, sure, 1 - sure)
    proba = np.stack([given, 1 - given], axis=2)
    groups = [f"d{at // 10}" for at in range(200)]
    held = Held(
        [str(at) for at in range(200)], Predicted("m", "m", truth, proba, groups, seeds=[1, 2])
    )
    thresholds = [Threshold(0.8, 0.9, 50, 0.7, 0.9, 0.81, 30), Threshold(0.9, 0.9, 50)]
    for seed in (1, 2):
        place = tmp_path / "models" / f"m-s{seed}"
        place.mkdir(parents=True)
        facts = {"abstention": {"stance": [item.to_json() for item in thresholds]}}
        (place / "model.json").write_text(json.dumps(facts), encoding="utf-8")
    run = SimpleNamespace(
        folder=tmp_path, level=0.95, codebook=SimpleNamespace(classes={"stance": names})
    )
    whole, by_label = abstention_tables(run, "stance", "m", held)  # type: ignore[arg-type]
    assert [row[:3] for row in whole.rows] == [
        [text, seed, value]
        for seed in (1, 2)
        for text, value in (("80\u202f%", 0.7), ("90\u202f%", None))
    ]
    assert "no threshold reached" in whole.note
    correct = proba.argmax(axis=2) == truth
    for row, right, confidence in zip(whole.rows[::2], correct, proba.max(axis=2), strict=True):
        kept = confidence >= 0.7
        assert row[6] == kept_precision(right, kept, groups, level=0.95)
        assert row[6].estimate == pytest.approx(right[kept].mean())
        assert row[7] == pytest.approx(kept.mean())
    kept = proba.max(axis=2) >= 0.7
    for label, row in enumerate(by_label.rows):
        true, given_it = np.tile(truth == label, (2, 1)), proba.argmax(axis=2) == label
        assert row[:2] == [names[label], (truth == label).sum()]
        assert row[2] == pytest.approx(kept[true].mean())
        assert row[3] == pytest.approx(correct[kept & given_it].mean())
    assert abstention_tables(run, "sentiment", "m", held) == []  # type: ignore[arg-type]
