"""When to say nothing: confidence thresholds for a wanted precision, kept with the model.

Precision here is the share of right labels among the rows that are labelled at all. A
threshold is chosen on validation rows so that new rows of the same kind reach the wanted
precision with the stated confidence, not merely so that the validation rows themselves do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.errors import InputError, ModelError
from stance.evaluation.resampling import check_level, number_groups
from stance.models.base import Classes, Probabilities, labelled
from stance.schema import Example

PRECISIONS = (0.8, 0.9)
LEVEL = 0.9
_GRID = tuple(step / 100 for step in range(99, -1, -1))  # fixed before any row is seen
_ERRORS = 10  # as many are expected among the first rows tested, were the precision just missed


@dataclass(frozen=True, slots=True)
class Threshold:
    """The confidence below which a model abstains, and what it did on the validation rows.

    ``threshold`` is None where the wanted ``precision`` could not be shown; nothing would be
    kept. ``reached`` is the precision of the ``n_kept`` kept of ``n_rows`` rows, ``bound``
    its one-sided lower confidence bound at ``level``. ``by_label`` is the share kept of the
    rows of each true label that occurs.
    """

    precision: float
    level: float
    n_rows: int
    threshold: float | None = None
    reached: float | None = None
    bound: float | None = None
    n_kept: int = 0
    by_label: Mapping[str, float] = field(default_factory=dict)

    @property
    def coverage(self) -> float:
        """Share of the validation rows that are kept."""
        return self.n_kept / self.n_rows if self.n_rows else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return plain values, the coverage among them for whoever reads the file."""
        return {**asdict(self), "coverage": self.coverage}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Threshold:
        """Read ``to_json``'s values."""
        return cls(**{key: value for key, value in raw.items() if key != "coverage"})


Thresholds = Mapping[str, Sequence[Threshold]]
"""By task: one for each wanted precision."""


def fit_thresholds(
    probabilities: Probabilities,
    examples: Sequence[Example],
    classes: Classes,
    *,
    precisions: Sequence[float] = PRECISIONS,
    level: float = LEVEL,
) -> dict[str, tuple[Threshold, ...]]:
    """Choose each task's thresholds on the labelled ones of these, calibrated, rows."""
    found = {}
    for task, values in probabilities.items():
        rows, ids = labelled(examples, task, classes[task])
        if not len(rows):
            continue
        confidence = values[rows].max(axis=1)
        correct = values[rows].argmax(axis=1) == ids
        groups = [examples[int(at)].group for at in rows]
        names = [classes[task][label] for label in ids]
        found[task] = tuple(
            choose_threshold(confidence, correct, groups, wanted, level=level, labels=names)
            for wanted in precisions
        )
    return found


def choose_threshold(
    confidence: NDArray[np.float64],
    correct: NDArray[np.bool_],
    groups: Sequence[str],
    precision: float,
    *,
    level: float = LEVEL,
    labels: Sequence[str] = (),
) -> Threshold:
    """The most lenient threshold shown to reach a precision, by testing them in order.

    Taking the best-looking of many thresholds would promise too much. So thresholds from a
    fixed grid are tested from the strictest on, each only if all before it held: a fixed
    sequence of tests at ``1 - level`` each errs in no more than ``1 - level`` of all cases
    (learn-then-test, Angelopoulos et al. 2021, "Learn then test: calibrating predictive
    algorithms to achieve risk control"). Each test is ``lower_bound``. The sequence begins
    where enough rows are kept for a test to be passed; that looks at confidences only.

    Args:
        confidence: ``(n,)`` probability of the given label.
        correct: ``(n,)`` whether that label is right.
        groups: ``(n,)`` the article of each row.
        labels: ``(n,)`` true labels, for the coverage by label; none where empty.

    Raises:
        InputError: the precision or the level is not strictly between 0 and 1.
    """
    if not 0 < precision < 1:
        raise InputError(f"precision {precision!r} is not between 0 and 1: give for example 0.9")
    check_level(level)
    confidence, correct = np.asarray(confidence), np.asarray(correct)
    codes, _ = number_groups(groups)
    enough = min(len(confidence), int(np.ceil(_ERRORS / (1 - precision))))
    best, best_bound = None, 0.0
    for threshold in _GRID:
        kept = confidence >= threshold
        if kept.sum() < enough:
            continue
        bound = lower_bound(correct[kept], codes[kept], level=level)
        if bound < precision:
            break
        best, best_bound = threshold, bound
    if best is None:
        return Threshold(precision, level, len(confidence))
    kept = confidence >= best
    names = np.asarray(labels, dtype=str)
    return Threshold(
        precision=precision,
        level=level,
        n_rows=len(confidence),
        threshold=best,
        reached=float(correct[kept].mean()),
        bound=best_bound,
        n_kept=int(kept.sum()),
        by_label={str(name): float(kept[names == name].mean()) for name in np.unique(names)},
    )


def lower_bound(
    correct: NDArray[np.bool_], codes: NDArray[np.int64], *, level: float = LEVEL
) -> float:
    """The one-sided lower confidence bound of a share, for rows that come in groups.

    Clopper and Pearson's exact bound at the effective number of rows: fewer than there are
    where rows of one group are right or wrong together, never more (Korn and Graubard 1998,
    "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data"). ``correct`` and group numbers ``codes`` are ``(n,)``. Rows of
    a single group show nothing: 0.
    """
    from scipy.special import betaincinv, stdtrit

    n_rows, n_groups = len(correct), len(np.unique(codes))
    if n_groups < 2:
        return 0.0
    share = float(correct.mean())
    if share == 0:
        return 0.0
    effective = float(n_rows)
    sums = np.bincount(codes, correct - share)
    variance = n_groups / (n_groups - 1) * float((sums**2).sum()) / n_rows**2
    if variance > 0:
        few_groups = stdtrit(n_rows - 1, level) / stdtrit(n_groups - 1, level)
        effective = min(effective, share * (1 - share) / variance * few_groups**2)
    right = effective * share
    return float(betaincinv(right, effective - right + 1, 1 - level))


def threshold_for(thresholds: Sequence[Threshold], precision: float, *, model: str) -> float:
    """Return the threshold stored for a precision.

    Raises:
        ModelError: the model has none, or none could be shown to reach it; names those it has.
    """
    usable = [item for item in thresholds if item.threshold is not None]
    available = ", ".join(f"{item.precision:g}" for item in usable) or "none"
    for item in thresholds:
        if abs(item.precision - precision) > 1e-9:
            continue
        if item.threshold is None:
            raise ModelError(
                f"{model}: no threshold reached precision {precision:g} on its {item.n_rows} "
                f"validation rows; available: {available}"
            )
        return item.threshold
    raise ModelError(
        f"{model}: no threshold is stored for precision {precision:g}; available: {available}"
    )
