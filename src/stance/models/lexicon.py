"""The cue lexicon: reporting verbs and phrases by stance, VADER for sentiment.

What a careful researcher would do in an afternoon without training data, and therefore what a
trained model has to beat. VADER: Hutto & Gilbert (2014), a rule-based sentiment lexicon; its
compound score is cut at ±0.05 as its authors advise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from stance.codebook import SENTIMENT, STANCE, suggest
from stance.errors import ConfigError
from stance.files import bundled, read_yaml
from stance.models.base import Classes, Probabilities, Progress, labelled, silent, softmax
from stance.schema import Example

Lexicon = Mapping[str, Sequence[str]]
_SHARPNESS = 2.0  # logits a matched cue adds
_VADER_CUT = 0.05


def load_lexicon(path: Path | None, stances: Sequence[str]) -> dict[str, list[str]]:
    """Read a lexicon and check that it speaks of the codebook's stances.

    The bundled lexicon speaks of the bundled codebook; with another label set its unknown
    stances are left out, while a lexicon of the user's own must fit.

    Raises:
        ConfigError: a key is not a stance, or a cue is not a phrase.
    """
    own = path is not None
    path = path or bundled("configs/lexicon.yaml")
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: expected stance: [cue, …]")
    lexicon = {}
    for stance, cues in raw.items():
        if not isinstance(cues, list) or not all(isinstance(cue, str) for cue in cues):
            raise ConfigError(f"{path}: {stance}: expected a list of words and phrases")
        if blank := [cue for cue in cues if not _says_something(cue)]:
            raise ConfigError(f"{path}: {stance}: {blank[0]!r} is in every text; write a word")
        if stance in stances:
            lexicon[stance] = list(cues)
        elif own:
            raise ConfigError(f"{path}: {stance!r} is not a stance; {suggest(stance, stances)}")
    return lexicon


def compile_cues(cues: Sequence[str]) -> re.Pattern[str]:
    """Return one pattern for many cues, longest first; ``*`` ends a stem. None match nothing."""
    parts = []
    for cue in sorted(filter(_says_something, cues), key=len, reverse=True):
        words = [re.escape(word).replace(r"\*", r"\w{0,12}") for word in cue.split()]
        parts.append(r"\s+".join(words))
    if not parts:
        return re.compile(r"(?!)")
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


def _says_something(cue: str) -> bool:
    """Whether a cue is more than white space and stars, which match the empty string."""
    return bool(cue.replace("*", "").strip())


class LexiconClassifier:
    """Counts cues; the label named most often wins, the default label where none is."""

    kind: ClassVar[str] = "lexicon"

    def __init__(
        self,
        classes: Classes,
        *,
        lexicon: str | None = None,
        seed: int = 0,
        allow_single_class: bool = True,
    ) -> None:
        self.classes_: Classes = dict(classes)
        self.lexicon_ = load_lexicon(Path(lexicon) if lexicon else None, self.classes_[STANCE])
        self.default_: dict[str, int] = {}

    def fit(
        self,
        train: Sequence[Example],
        validation: Sequence[Example] = (),
        *,
        progress: Progress = silent,
    ) -> Self:
        # The only thing learned: which label stands for "no cue".
        for task, names in self.classes_.items():
            _, ids = labelled(train, task, names)
            if len(ids):
                self.default_[task] = int(np.bincount(ids, minlength=len(names)).argmax())
        return self

    def predict_proba(
        self, examples: Sequence[Example], *, progress: Progress = silent
    ) -> Probabilities:
        result: Probabilities = {STANCE: self._stance([example.text for example in examples])}
        names = self.classes_.get(SENTIMENT, ())
        if {"negative", "neutral", "positive"} <= set(names):
            result[SENTIMENT] = self._sentiment([example.text for example in examples], names)
        return result

    def _stance(self, texts: Sequence[str]) -> Any:
        names = self.classes_[STANCE]
        patterns = {
            names.index(stance): compile_cues(cues) for stance, cues in self.lexicon_.items()
        }
        order = {at: rank for rank, at in enumerate(patterns)}
        logits = np.zeros((len(texts), len(names)))
        logits[:, self.default_.get(STANCE, len(names) - 1)] = _SHARPNESS / 2
        for row, text in enumerate(texts):
            for at, pattern in patterns.items():
                matches = sum(1 for _ in pattern.finditer(text))
                if matches:
                    logits[row, at] += _SHARPNESS * matches - order[at] * 1e-3
        return softmax(logits)

    def _sentiment(self, texts: Sequence[str], names: Sequence[str]) -> Any:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        analyzer = SentimentIntensityAnalyzer()
        compound = np.array([analyzer.polarity_scores(text)["compound"] for text in texts])
        logits = np.zeros((len(texts), len(names)))
        logits[:, names.index("negative")] = -compound * _SHARPNESS
        logits[:, names.index("positive")] = compound * _SHARPNESS
        calm = np.abs(compound) < _VADER_CUT
        logits[calm, names.index("neutral")] = _SHARPNESS
        logits[~calm, names.index("neutral")] = -_SHARPNESS
        return softmax(logits)

    def save(self, folder: Path) -> dict[str, Any]:
        return {"lexicon": self.lexicon_, "default": self.default_}

    @classmethod
    def load(cls, folder: Path, state: Mapping[str, Any], classes: Classes) -> Self:
        model = cls(classes)
        model.lexicon_ = {stance: list(cues) for stance, cues in state["lexicon"].items()}
        model.default_ = dict(state["default"])
        return model
