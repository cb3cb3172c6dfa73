"""Labels that were exchanged: a likelihood ratio between two readings of one confusion matrix.

A model confuses neighbours, so crossed answers alone prove nothing. What tells an exchange
from a confusion is the reference: rows of one gold label get the answers that the *other*
label gets elsewhere, in both directions at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from stance.errors import InputError
from stance.evaluation.resampling import FloatArray

ALPHA = 0.001
"""How often a sound corpus may raise any alarm, over all pairs and places looked at."""
_LEAST_REFERENCE = 10  # answers within the pair without which a label's are not known elsewhere
_PRIOR = 5.0  # answers' worth of the pair's overall ones, mixed into either label's


@dataclass(frozen=True, slots=True)
class Swap:
    """Two labels (by number, the lower first) that look exchanged.

    ``rows`` counts the rows of each, ``crossed`` those of each answered with the other.
    ``evidence`` is the natural logarithm of the likelihood ratio, ``threshold`` what it had
    to reach.
    """

    first: int
    second: int
    rows: tuple[float, float]
    crossed: tuple[float, float]
    evidence: float
    threshold: float

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Swap:
        """Read back what ``dataclasses.asdict`` gave."""
        return cls(**{**raw, "rows": tuple(raw["rows"]), "crossed": tuple(raw["crossed"])})


def find_swaps(
    confusion: ArrayLike, reference: ArrayLike, *, alpha: float = ALPHA, looks: int = 1
) -> list[Swap]:
    """Return the pairs of labels that look exchanged, strongest evidence first.

    Of the rows of a pair (a, b), those answered a or b count. Let ``L`` be the likelihood of
    these answers when either label is answered as in the reference, and ``S`` when each is
    answered as the reference's *other* label. Where labels are sound, ``P(S / L >= t) <= 1 / t``
    (Markov's inequality, since S / L then has mean 1), so a pair is named where ``S / L`` reaches
    the number of pairs times ``looks`` over ``alpha``, and where both labels' rows favour the
    exchange by themselves. The bound takes rows for independent and the reference's shares,
    which are smoothed, for exact; that is what ``alpha`` is small for. Answers outside the pair
    are left aside because they drift with topics: they made a false alarm of a model that
    sees names only.

    Args:
        confusion: (labels, labels) counts, true by predicted, of the place looked at; may be
            means over trainings.
        reference: the same of other rows that the same model did not see either.
        looks: how many such places are looked at.

    Raises:
        InputError: the matrices are not square counts of one label list.
    """
    here, there = _counts("confusion", confusion), _counts("reference", reference)
    if here.shape != there.shape:
        raise InputError(f"confusion is {here.shape}, reference {there.shape}: give one label list")
    pairs = len(here) * (len(here) - 1) // 2
    threshold = float(np.log(max(1, pairs * looks) / alpha))
    found = []
    for pair in combinations(range(len(here)), 2):
        block, elsewhere = here[np.ix_(pair, pair)], there[np.ix_(pair, pair)]
        if elsewhere.sum(axis=1).min() < _LEAST_REFERENCE:
            continue
        log_shares = _log_shares(elsewhere)
        evidence = (block * (log_shares[::-1] - log_shares)).sum(axis=1)
        if evidence.min() > 0 and evidence.sum() >= threshold:
            rows = here[list(pair)].sum(axis=1)
            found.append(
                Swap(
                    first=pair[0],
                    second=pair[1],
                    rows=(float(rows[0]), float(rows[1])),
                    crossed=(float(block[0, 1]), float(block[1, 0])),
                    evidence=float(evidence.sum()),
                    threshold=threshold,
                )
            )
    return sorted(found, key=lambda swap: -swap.evidence)


def describe_swap(swap: Swap, names: Sequence[str]) -> str:
    """Say it in words, with the figures that make it believable."""
    first, second = names[swap.first], names[swap.second]
    return (
        f"{first!r} and {second!r} look exchanged: {swap.crossed[0]:.0f} of {swap.rows[0]:.0f} "
        f"rows of {first!r} are answered {second!r}, {swap.crossed[1]:.0f} of {swap.rows[1]:.0f} "
        f"the other way (log likelihood ratio {swap.evidence:.1f}, threshold {swap.threshold:.1f})"
    )


def _counts(name: str, values: ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not (array >= 0).all():
        raise InputError(f"{name} has shape {array.shape}: give counts of labels by labels")
    return array


def _log_shares(block: FloatArray) -> FloatArray:
    """Logarithms of how either label of a pair is answered within it: (2, 2), all finite."""
    overall = (block.sum(axis=0) + 1) / (block.sum() + 2)
    smoothed = block + _PRIOR * overall
    return np.asarray(np.log(smoothed / smoothed.sum(axis=1, keepdims=True)))
