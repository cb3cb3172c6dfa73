"""A hyperparameter search as an Optuna study in one SQLite file.

Each trial's suggestions depend on the seed, the number of trials that ended and their scores,
so a search that was stopped and resumed makes the same suggestions as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stance.errors import ConfigError, InputError, IntegrityError, ModelError, StanceError
from stance.models.base import Progress
from stance.tuning.space import Choice, Range, Scalar, Space

_STUDY, _WARM_UP = "stance", 5  # trials at random, and trials before the first is pruned
_DIGITS = 4  # significant ones of a suggested number: what is trained is what is printed

Objective = Callable[[Mapping[str, Scalar], int, Progress], Mapping[str, float]]
"""Settings, the number of trials before this one, and progress, to scores by name."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial that ended. ``scores`` is empty where it was pruned or could not be trained."""

    number: int
    settings: Mapping[str, Scalar]
    scores: Mapping[str, float]
    seconds: float
    note: str = ""


def require_optuna() -> None:
    """Refuse to search where Optuna is not installed.

    Raises:
        ConfigError: says how to get it.
    """
    try:
        import optuna
    except ImportError:
        raise ConfigError("stance tune needs Optuna; pip install 'stance-news[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)


class _Pruning:
    """Progress that hands each epoch's score to the pruner, which may end the trial."""

    def __init__(self, trial: Any, told: Progress) -> None:
        self._trial, self._told = trial, told

    def __call__(self, done: int, total: int, note: str = "") -> None:
        self._told(done, total, note)

    def epoch(self, number: int, score: float) -> None:
        import optuna

        self._trial.report(score, number)
        if self._trial.should_prune():
            raise optuna.TrialPruned(f"after epoch {number}, below the median")


class Study:
    """A study that is opened where it was left.

    Pruned trials and lost trainings count as trials; interrupted ones do not, and are made
    again. ``target`` is the score that is to be highest.
    """

    def __init__(self, path: Path, space: Space, target: str, *, seed: int) -> None:
        import optuna

        self._space, self._target, self._seed = space, target, seed
        try:
            self._study = optuna.create_study(
                study_name=_STUDY,
                storage=optuna.storages.RDBStorage(f"sqlite:///{path}"),
                direction="maximize",
                pruner=optuna.pruners.MedianPruner(n_startup_trials=_WARM_UP, n_warmup_steps=2),
                load_if_exists=True,
            )
            for trial in self._study.get_trials(deepcopy=False):
                if not trial.state.is_finished():  # its process is gone: the folder is ours
                    self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        except Exception as error:  # whatever SQLite, SQLAlchemy or Optuna make of a bad file
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise IntegrityError(
                f"{path}: cannot be read ({reason}); remove its folder to begin again"
            ) from None

    @property
    def ended(self) -> int:
        """How many trials count."""
        return len(self._ended())

    def one(self, objective: Objective, told: Progress) -> str:
        """Make one trial; return in a few words what came of it."""
        import optuna

        state = optuna.trial.TrialState
        number = self.ended
        # A sampler of its own for every trial: its draws do not depend on what ran before it
        # in this process, so a resumed search suggests what an uninterrupted one would.
        self._study.sampler = optuna.samplers.TPESampler(
            seed=self._seed * 100_003 + number, n_startup_trials=_WARM_UP
        )
        trial = self._study.ask()
        began = time.perf_counter()
        settings = {name: _suggest(trial, name, item) for name, item in self._space.items()}
        trial.set_user_attr("settings", settings)

        def end(outcome: Any, note: str = "", value: float | None = None) -> None:
            trial.set_user_attr("seconds", time.perf_counter() - began)
            trial.set_user_attr("note", note)
            self._study.tell(trial, value, state=outcome)

        try:
            scores = objective(settings, number, _Pruning(trial, told))
        except optuna.TrialPruned as pruned:
            end(state.PRUNED, f"pruned {pruned}")
            return f"pruned {pruned}"
        except BaseException as error:
            if _is_own_fault(error):
                end(state.PRUNED, str(error))
                return str(error)
            self._study.tell(trial, state=state.FAIL)
            raise
        trial.set_user_attr("scores", dict(scores))
        end(state.COMPLETE, value=scores[self._target])
        return f"{scores[self._target]:.3f}"

    def _ended(self) -> list[Any]:
        import optuna

        states = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
        return list(self._study.get_trials(deepcopy=False, states=states))

    def trials(self) -> list[Trial]:
        """Return the trials that ended, in order."""
        return [
            Trial(
                number=at + 1,
                settings=trial.user_attrs["settings"],
                scores=trial.user_attrs.get("scores", {}),
                seconds=trial.user_attrs["seconds"],
                note=trial.user_attrs["note"],
            )
            for at, trial in enumerate(self._ended())
        ]


def _is_own_fault(error: BaseException) -> bool:
    """Whether it is the settings that a training was lost to, as when its loss is not a number.

    Refused input or an absent model would end every other trial too, and being told to stop is
    no result.
    """
    refused = (InputError, ConfigError, ModelError, IntegrityError)
    return (
        isinstance(error, StanceError)
        and not isinstance(error, refused)
        and error.exit_code == StanceError.exit_code
    )


def _suggest(trial: Any, name: str, item: Range | Choice) -> Scalar:
    if not isinstance(item, Range):
        chosen: Scalar = trial.suggest_categorical(name, item.values)
        return chosen
    if item.whole:
        return int(trial.suggest_int(name, int(item.low), int(item.high), log=item.log))
    drawn = trial.suggest_float(name, item.low, item.high, log=item.log)
    rounded = float(f"{drawn:.{_DIGITS}g}")
    return min(max(rounded, item.low), item.high)
