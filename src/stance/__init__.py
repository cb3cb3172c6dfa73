"""Who takes which stance towards what in the news.

``stance.load_model``, ``stance.label``, ``stance.run`` and ``stance.evaluate`` are the public API,
with ``stance.load_run`` and ``stance.answers`` for a run that has finished. They are imported when
first used, so that ``import stance`` costs nothing.
"""

from typing import Any

__all__ = ["answers", "evaluate", "label", "load_model", "load_run", "run"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from stance import api

        return getattr(api, name)
    raise AttributeError(f"module 'stance' has no attribute {name!r}")
