"""What every metric asks of its arrays, refused in one line where it is not so."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from stance.errors import InputError
from stance.resampling import FloatArray, IntArray

PROBABILITY_TOLERANCE = 1e-3  # float32 softmax over many labels, rounded once in a file


def labels(name: str, values: ArrayLike, n_labels: int, *, ndim: int = 1) -> IntArray:
    """Label numbers in ``0..n_labels-1`` as an integer array of ``ndim`` axes, not empty."""
    array = np.asarray(values)
    if array.size == 0:
        raise InputError(f"{name} is empty: there is nothing to score")
    if array.ndim != ndim:
        raise InputError(f"{name} has {array.ndim} axes: give {ndim}")
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"{name} has type {array.dtype}: give label numbers as integers")
    wrong = np.flatnonzero((array < 0) | (array >= n_labels))
    if wrong.size:
        row, value = int(wrong[0]), int(array.ravel()[wrong[0]])
        raise InputError(
            f"{name}[{row}] is {value}, outside 0..{n_labels - 1}: "
            "drop rows without a label before scoring"
        )
    return array.astype(np.int64, copy=False)


def pair(y_true: ArrayLike, y_pred: ArrayLike, n_labels: int) -> tuple[IntArray, IntArray]:
    """Two label arrays ``(n,)`` of the same rows."""
    true, pred = labels("y_true", y_true, n_labels), labels("y_pred", y_pred, n_labels)
    same_length("y_true", len(true), "y_pred", len(pred))
    return true, pred


def probabilities(name: str, values: ArrayLike, n_rows: int) -> FloatArray:
    """A distribution over labels per row, ``(n_rows, n_labels)``: finite, not negative, sum 1."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2:
        raise InputError(f"{name} has {array.ndim} axes: give rows by labels")
    same_length("the labels", n_rows, name, len(array))
    with np.errstate(invalid="ignore"):
        sound = (array >= 0).all(axis=1) & (np.abs(array.sum(axis=1) - 1) <= PROBABILITY_TOLERANCE)
    if not sound.all():
        row = int(np.flatnonzero(~sound)[0])
        raise InputError(f"{name}[{row}] is no distribution: give values >= 0 that sum to 1")
    return array


def same_length(first: str, n_first: int, second: str, n_second: int) -> None:
    """Refuse two arrays that do not describe the same rows."""
    if n_first != n_second:
        raise InputError(f"{first} has {n_first} rows but {second} has {n_second}")
