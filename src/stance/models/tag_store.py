"""A tagger's folder: sealed like a model's, read by its hashes and without torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stance.articles.combine import Weights
from stance.errors import ModelError
from stance.files import read_json, write_json
from stance.models.checkpoints import require_whole, write_manifest
from stance.models.tag_runtime import OnnxTagger

TAGGER_FILE = "tagger.json"
TAGGER_FOLDER = "tagger"
"""Where a run keeps its tagger."""
FORMAT = 1


def seal_tagger(folder: Path, weights: Weights, state: Mapping[str, Any]) -> None:
    """Write what stands beside a tagger's network, and the manifest of hashes.

    Args:
        weights: how it combines with the rules (``models.tag_combination``).
        state: how it was trained.
    """
    facts = {"format": FORMAT, "weights": {k: list(v) for k, v in weights.items()}, "state": state}
    write_json(folder / TAGGER_FILE, facts)
    write_manifest(folder)


def load_tagger(folder: Path) -> OnnxTagger:
    """Read a tagger's folder.

    Raises:
        ModelError: not a tagger of ours.
        IntegrityError: a file is missing or altered.
    """
    if not (folder / TAGGER_FILE).is_file():
        raise ModelError(
            f"{folder}: no attribution tagger; `stance train configs/attribution.yaml` makes one"
        )
    require_whole(folder)
    facts = read_json(folder / TAGGER_FILE)
    if facts.get("format") != FORMAT:
        raise ModelError(
            f"{folder}: tagger format {facts.get('format')!r}, this version reads {FORMAT}"
        )
    weights = {name: (float(a), float(b)) for name, (a, b) in facts["weights"].items()}
    return OnnxTagger.load(folder, weights)


def find_tagger(wanted: str, root: Path = Path("runs")) -> Path:
    """Return a tagger's folder: given itself, as its run's folder, or by the run's name.

    Raises:
        ModelError: there is none.
    """
    for folder in (Path(wanted), root / wanted):
        for place in (folder, folder / TAGGER_FOLDER):
            if (place / TAGGER_FILE).is_file():
                return place
    raise ModelError(f"{wanted}: no attribution tagger or run; `rules` scores the rules alone")
