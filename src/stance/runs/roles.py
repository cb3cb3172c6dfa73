"""What each model of a run is for: a contender, the floor, or a check for artefacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

RoleName = Literal["contender", "floor", "holder only", "text only", "target only"]
_VIEWS: Mapping[str, RoleName] = {
    "actor": "holder only", "text": "text only", "target": "target only",
}  # fmt: skip
_SEES: Mapping[RoleName, str] = {
    "contender": "text and holder",
    "floor": "nothing (commonest label)",
    "holder only": "the holder's name only",
    "text only": "the text, not whose stance",
    "target only": "the target only",
}


@dataclass(frozen=True, slots=True)
class Role:
    """What a model may look at; everything but a contender is there to be beaten.

    ``in_order`` is a model that also knows the answers on the rows beside the one asked about.
    """

    name: RoleName
    in_order: bool = False

    @property
    def contender(self) -> bool:
        return self.name == "contender"

    @property
    def sees(self) -> str:
        return _SEES[self.name] + (", and the rows beside it" if self.in_order else "")


def roles_of(config: Mapping[str, Any]) -> dict[str, Role]:
    """Read from a run's configuration what each of its models may look at."""
    models = config["models"]
    return {
        name: Role(_role(entry, models), in_order=entry.get("kind") == "chain")
        for name, entry in models.items()
    }


def _role(entry: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]) -> RoleName:
    if entry.get("kind") == "majority":
        return "floor"
    if members := entry.get("of"):
        # Put together from others: it sees what they see, and the task if they differ.
        names = [members] if isinstance(members, str) else members
        seen = {_role(models[name], models) for name in names}
        return seen.pop() if len(seen) == 1 else "contender"
    view = entry.get("view") or (entry.get("style") or {}).get("view")
    return _VIEWS.get(str(view), "contender")
