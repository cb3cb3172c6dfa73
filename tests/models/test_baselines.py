"""Baselines: full label lists, order independence, and files without pickle."""

from __future__ import annotations

import pickle
import random
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stance.codebook import Codebook
from stance.errors import ConfigError, InputError, ModelError
from stance.models.baselines import MajorityClassifier, NgramClassifier, load_pipelines, view_text
from stance.models.calibration import Calibration
from stance.models.frozen import FrozenClassifier
from stance.models.lexicon import LexiconClassifier, compile_cues, load_lexicon
from stance.models.store import load_model, save_model
from stance.schema import Example


def _all(codebook: Codebook, encoder: Path) -> list[Any]:
    classes = codebook.classes
    return [
        MajorityClassifier(classes),
        NgramClassifier(classes, view="actor"),
        NgramClassifier(classes, view="text"),
        NgramClassifier(classes, learner="svm"),
        NgramClassifier(classes, learner="svm", per="target", binary=True, balanced=False),
        LexiconClassifier(classes),
        FrozenClassifier(classes, backbone=str(encoder)),
    ]


def test_contract_of_every_baseline(
    codebook: Codebook, examples: list[Example], tiny_encoder: Path, tmp_path: Path
) -> None:
    order = list(range(len(examples)))
    random.Random(2).shuffle(order)
    shuffled = [examples[at] for at in order]
    for number, model in enumerate(_all(codebook, tiny_encoder)):
        model.fit(examples)
        probabilities = model.predict_proba(examples)
        for task, names in codebook.classes.items():
            values = probabilities[task]
            assert values.shape == (len(examples), len(names))
            np.testing.assert_allclose(values.sum(axis=1), 1, atol=1e-6)
            np.testing.assert_allclose(
                model.predict_proba(shuffled)[task], values[order], atol=1e-5
            )
            one_by_one = [model.predict_proba([item])[task][0] for item in examples[:3]]
            np.testing.assert_allclose(one_by_one, values[:3], atol=1e-5)
        folder = tmp_path / f"model{number}"
        save_model(model, folder, name="m", calibration=Calibration({}), codebook={})
        again = load_model(folder).predict_proba(examples)
        for task, values in probabilities.items():
            np.testing.assert_allclose(again[task], values, atol=1e-6)


def test_unseen_labels_have_columns(codebook: Codebook, examples: list[Example]) -> None:
    model = NgramClassifier(codebook.classes).fit(examples)
    values = model.predict_proba(examples)["stance"]
    assert values[:, codebook.stance.id("denying")].max() == 0


def test_ngrams_learn_the_words(codebook: Codebook, examples: list[Example]) -> None:
    model = NgramClassifier(codebook.classes, view="masked", learner="svm").fit(examples[:48])
    guessed = model.predict_proba(examples[48:])["stance"].argmax(axis=1)
    truth = [codebook.stance.id(item.stance or "") for item in examples[48:]]
    assert (guessed == truth).mean() > 0.9


def test_views_hide_what_they_say() -> None:
    example = Example("1", "Ane Ruud called the raid a disgrace.", "Ane Ruud", "the raid")
    other = replace(example, actor="Sten Ode")
    assert view_text(example, "text") == view_text(other, "text") == example.text
    assert view_text(example, "actor") == "Ane Ruud"
    assert view_text(example, "target") == "the raid"
    masked = view_text(example, "masked")
    assert "Ruud" not in masked
    assert "the raid" in masked
    assert "the raid" not in view_text(example, "masked", target=True)
    assert "disgrace" in masked
    assert view_text(replace(example, actor=""), "actor") != ""


@pytest.mark.filterwarnings("ignore:Liblinear failed to converge")
def test_a_model_per_target_learns_opposite_meanings(
    codebook: Codebook, examples: list[Example], tmp_path: Path
) -> None:
    def row(at: int, target: str, word: str, stance: str) -> Example:
        return Example(f"{target}{at}", f"So {word} today, number {at}.", "", target, stance)

    rows = [
        row(at, target, word, stance)
        for at in range(10)
        for target, good in (("toll", "cheers"), ("ferry", "boos"))
        for word in ("cheers", "boos")
        for stance in ("supporting" if word == good else "condemning",)
    ]
    rows += [row(at, "port", "nothing", "neutral") for at in range(5)]
    asked = [
        row(99, "toll", "cheers", "supporting"), row(99, "ferry", "cheers", "condemning"),
        row(99, "port", "nothing", "neutral"), row(99, "unseen", "nothing", "neutral"),
    ]  # fmt: skip
    model = NgramClassifier(codebook.classes, view="text", learner="svm", per="target", binary=True)
    values = model.fit(rows).predict_proba(asked)["stance"]
    assert [codebook.stance.names[at] for at in values.argmax(axis=1)] == [
        item.stance for item in asked
    ]
    assert model.targets_ == ["toll", "ferry"]
    one = NgramClassifier(codebook.classes, view="text", learner="svm", binary=True).fit(rows)
    same = one.predict_proba(asked)["stance"]
    np.testing.assert_allclose(same[0], same[1], atol=1e-6)
    np.testing.assert_allclose(same[2:], values[2:], atol=1e-6)
    save_model(model, tmp_path / "m", name="m", calibration=Calibration({}), codebook={})
    again = load_model(tmp_path / "m").predict_proba(asked)["stance"]
    np.testing.assert_allclose(again, values, atol=1e-6)


def test_too_many_targets_for_a_model_each(codebook: Codebook, examples: list[Example]) -> None:
    rows = [
        replace(examples[at % 4], id=f"{target}-{at}", target=f"t{target}")
        for target in range(201)
        for at in range(20)
    ]
    with pytest.raises(InputError, match="201 models"):
        NgramClassifier(codebook.classes, per="target").fit(rows)


def test_one_class_is_refused_unless_allowed(codebook: Codebook, examples: list[Example]) -> None:
    same = [replace(item, stance="neutral", sentiment=None) for item in examples]
    with pytest.raises(InputError, match="all 64 training rows have stance 'neutral'"):
        NgramClassifier(codebook.classes).fit(same)
    model = NgramClassifier(codebook.classes, allow_single_class=True).fit(same)
    assert model.predict_proba(same)["stance"][:, codebook.stance.id("neutral")].min() == 1


def test_no_labels_is_refused(codebook: Codebook, examples: list[Example]) -> None:
    bare = [replace(item, stance=None, sentiment=None) for item in examples]
    with pytest.raises(InputError, match="no training row has a label"):
        MajorityClassifier(codebook.classes).fit(bare)


def test_untrained_models_say_so(codebook: Codebook) -> None:
    with pytest.raises(ModelError, match="not been trained"):
        NgramClassifier(codebook.classes).predict_proba([])


# -- the lexicon --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "stance"),
    [
        ("The union slammed the pay freeze.", "condemning"),
        ("The mayor turned down the offer.", "rejecting"),
        ("The firm denied any role.", "denying"),
        ("The league urged the port to reopen.", "demanding"),
        ("The strikes were in response to the raid.", "justifying"),
        ("It rained in the valley.", "neutral"),
    ],
)
def test_lexicon_reads_cues(
    codebook: Codebook, examples: list[Example], text: str, stance: str
) -> None:
    model = LexiconClassifier(codebook.classes).fit(
        [*examples, *(replace(examples[3], id=f"n{at}") for at in range(40))]
    )
    values = model.predict_proba([Example("1", text)])["stance"]
    assert codebook.stance.names[int(values[0].argmax())] == stance


def test_cues_match_whole_words_and_stems() -> None:
    pattern = compile_cues(["turn* down", "back the"])
    assert pattern.search("They turned  down the offer")
    assert not pattern.search("They returned downtown")
    assert not pattern.search("feedback the")


def test_own_lexicon_changes_answers_and_must_fit(tmp_path: Path, codebook: Codebook) -> None:
    path = tmp_path / "lexicon.yaml"
    path.write_text("denying: [grumbled]\n")
    text = [Example("1", "He grumbled.")]
    own = LexiconClassifier(codebook.classes, lexicon=str(path)).predict_proba(text)["stance"]
    assert codebook.stance.names[int(own[0].argmax())] == "denying"
    path.write_text("denyng: [grumbled]\n")
    with pytest.raises(ConfigError, match="did you mean 'denying'"):
        load_lexicon(path, codebook.classes["stance"])
    path.write_text("denying: grumbled\n")
    with pytest.raises(ConfigError, match="expected a list"):
        load_lexicon(path, codebook.classes["stance"])


# -- nothing planted is run ---------------------------------------------------------------


class _Planted:
    """Unpickling this would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return (Path.touch, (self.path,))


def test_planted_pickle_is_never_run(tmp_path: Path) -> None:
    bait = tmp_path / "run-by-pickle"
    (tmp_path / "stance.skops").write_bytes(pickle.dumps(_Planted(bait)))
    with pytest.raises(ModelError):
        load_pipelines(["stance"], tmp_path)
    assert not bait.exists()


def test_untrusted_types_are_refused(tmp_path: Path) -> None:
    schema = (
        '{"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", '
        '"content": {"module_path": "os", "function": "system"}, "protocol": 2, '
        '"_skops_version": "0.16"}'
    )
    with zipfile.ZipFile(tmp_path / "stance.skops", "w") as archive:
        archive.writestr("schema.json", schema)
    with pytest.raises(ModelError):
        load_pipelines(["stance"], tmp_path)


def test_an_empty_list_of_cues_matches_nothing() -> None:
    from stance.models.lexicon import compile_cues

    assert compile_cues([]).search("Ane Ruud condemned it.") is None
    assert compile_cues(["condemn*"]).search("Ane Ruud condemned it.")


@pytest.mark.parametrize("cue", ["", "  ", "*", "** *"])
def test_a_cue_without_a_word_is_refused_and_matches_nothing(
    cue: str, tmp_path: Path, codebook: Codebook
) -> None:
    path = tmp_path / "lexicon.yaml"
    path.write_text(f"denying: ['{cue}', grumbled]\n")
    with pytest.raises(ConfigError, match=r"denying: .* is in every text"):
        load_lexicon(path, codebook.classes["stance"])
    assert compile_cues([cue]).search("It rained. ") is None
    assert compile_cues([cue, "grumbled"]).findall("It rained; he grumbled.") == ["grumbled"]
