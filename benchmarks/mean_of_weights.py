"""The mean of several seeds' weights as one model, for another training to start from.

    python benchmarks/mean_of_weights.py OUT MODEL MODEL [MODEL ...]

MODEL are folders of transformers that differ in their seed alone. Fine-tunings of one encoder
often lie in one basin, whose middle carries over better than its edges (Wortsman et al. 2022,
"Model soups"). What is written is not calibrated: start from it
(`models.transformer.backbone=OUT`), do not label with it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from stance.models.calibration import Calibration
from stance.models.store import load_model, save_model
from stance.models.transformer.classifier import TransformerClassifier


def main(out: Path, *folders: Path) -> None:
    models = [load_model(folder, runtime="torch") for folder in folders]
    made = models[0].classifier
    if len(models) < 2 or not all(isinstance(m.classifier, TransformerClassifier) for m in models):
        sys.exit("give two and more folders of fine-tuned transformers")
    weights = [model.classifier._network.state_dict() for model in models]  # type: ignore[attr-defined]
    mean = {
        name: torch.stack([each[name].float() for each in weights]).mean(0).to(first.dtype)
        for name, first in weights[0].items()
    }
    made._network.load_state_dict(mean)  # type: ignore[attr-defined]
    name = f"{models[0].name}-mean"
    save_model(made, out, name=name, calibration=Calibration({}), codebook=models[0].codebook)
    print(f"{out}: the mean of {len(models)} models' weights")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
