"""The number of threads: as wanted, else the fastest that is measured."""

from __future__ import annotations

import os

import pytest
import torch

from stance.models import threads
from stance.models.threads import choose_threads, fastest


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        ({1: 1.0, 2: 0.5, 4: 0.26}, 4),
        ({1: 1.0, 2: 3.0}, 1),  # a busy neighbour
        ({1: 1.0, 2: 0.95}, 1),  # not worth a core
        ({1: 1.0, 2: 0.6, 3: 0.58}, 2),
    ],
)
def test_the_fastest_count_with_little_waste(seconds: dict[int, float], best: int) -> None:
    assert fastest(seconds) == best


def test_a_wanted_count_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(count: int) -> float:
        raise AssertionError(count)

    monkeypatch.setattr(threads, "_seconds", refuse)
    assert choose_threads(3) == 3


def test_all_counts_up_to_the_cores_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def timed(count: int) -> float:
        asked.append(count)
        return 1 / count

    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    monkeypatch.setattr(threads, "_seconds", timed)
    assert choose_threads(0) == 6
    assert asked == [1, 2, 4, 6]


def test_measuring_leaves_torch_as_it_was() -> None:
    before = torch.get_num_threads()
    state = torch.random.get_rng_state()
    assert 1 <= choose_threads(0) <= (os.cpu_count() or 1)
    assert torch.get_num_threads() == before
    assert torch.equal(torch.random.get_rng_state(), state)
