"""How many threads to compute with: measured, since beside a busy neighbour more can be slower."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

_ROWS, _WIDTH, _INNER = 32 * 40, 384, 1536  # a batch of sentences, a small encoder's layer
_REPEATS = 3
_WORTH = 0.9  # of the time: what more threads must save, or they are left to others


def set_threads(threads: int) -> None:
    """Tell torch how many threads to use."""
    import torch

    torch.set_num_threads(threads)


def choose_threads(wanted: int) -> int:
    """Return the number of threads to train with: as wanted, measured where 0.

    A layer is trained for a moment on 1, 2, 4, … threads and on all cores. Takes under a second
    a count.
    """
    if wanted:
        return wanted
    cores = os.cpu_count() or 1
    counts = sorted({*(2**power for power in range(cores.bit_length())), cores})
    if len(counts) == 1:
        return counts[0]
    return fastest({count: _seconds(count) for count in counts if count <= cores})


def fastest(seconds: Mapping[int, float]) -> int:
    """Return the count that is fastest, a larger one only where it saves a tenth of the time."""
    best = min(seconds)
    for count in sorted(seconds):
        if seconds[count] < _WORTH * seconds[best]:
            best = count
    return best


def _seconds(threads: int) -> float:
    """Time one training step of a layer; the best of a few, after one to warm up."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.random.fork_rng():  # the weights drawn here are nobody's seed
            layer = torch.nn.Sequential(
                torch.nn.Linear(_WIDTH, _INNER), torch.nn.GELU(), torch.nn.Linear(_INNER, _WIDTH)
            )
        batch = torch.ones(_ROWS, _WIDTH)
        took = []
        for _ in range(1 + _REPEATS):
            began = time.perf_counter()
            layer(batch).sum().backward()
            took.append(time.perf_counter() - began)
        return min(took[1:])
    finally:
        torch.set_num_threads(before)
