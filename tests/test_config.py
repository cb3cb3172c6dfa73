"""Configurations: strict at the door, overrides by dotted key."""

from __future__ import annotations

from pathlib import Path

import pytest

from stance.config import choose_models, load_config, read_settings
from stance.errors import ConfigError
from stance.runs.attribution import parse_attribution_config

ROOT = Path(__file__).resolve().parents[1]


def test_default_names_seven_models_or_more() -> None:
    config = load_config("configs/default.yaml")
    assert len(config.models) >= 7
    assert config.models["transformer"].kind == "transformer"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "configs").rglob("*.yaml")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_configurations_are_flat_and_short(path: Path) -> None:
    if path.stem in ("codebook", "lexicon", "aliases"):
        pytest.skip("not a run configuration")
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 40
    settings = read_settings(path)
    if settings.get("task") == "attribution":
        parse_attribution_config(settings, source=path.name)
    else:
        load_config(path)


def test_overrides_apply_in_order() -> None:
    config = load_config(
        "configs/default.yaml",
        ["models.transformer.options.lr=1e-5", "seeds=[3, 4]", "name=first", "name=second"],
    )
    assert config.models["transformer"].options.lr == 1e-5  # type: ignore[union-attr]
    assert (config.seeds, config.name) == ([3, 4], "second")


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("models.transformer.options.lrr=1", "did you mean 'lr'"),
        ("split.metod=hash", "did you mean 'method'"),
        ("name=../x", "name"),
        ("name=" + "x" * 300, "name"),
        ("models.transformer.options.lr=fast", "lr"),
        ("models.transformer.options.epochs=0", "greater than or equal to 1"),
        ("models.other.kind=forest", "kind"),
        ("seeds=[]", "at least 1"),
        ("seeds=[1, 1]", "repeats a seed"),
        ("precisions=[0.9, 1.0]", "less than 1"),
        ("precisions=[0.9, 0.9]", "repeats a precision"),
        ("split.by=topic", "split.method=column goes by no column; leave it out"),
        ("data.path=!!python/name:os.system", "tag"),
        ("nonsense", "key=value"),
        ("name.x=1", "holds no keys"),
    ],
)
def test_bad_settings_are_named_in_one_line(override: str, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("configs/default.yaml", [override])
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_column_goes_with_the_methods_that_use_one() -> None:
    for method in ("values", "time"):
        config = load_config("configs/default.yaml", [f"split.method={method}", "split.by=phase"])
        assert (config.split.method, config.split.by) == (method, "phase")
    with pytest.raises(ConfigError, match=r"split\.by=phase: split\.method=folds"):
        load_config("configs/default.yaml", ["split.method=folds", "split.by=phase"])


def test_absent_configuration() -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_config("configs/nowhere.yaml")


def test_choose_models() -> None:
    config = load_config("configs/default.yaml")
    assert list(choose_models(config, ["lexicon"]).models) == ["lexicon"]
    with pytest.raises(ConfigError, match="did you mean 'lexicon'"):
        choose_models(config, ["lexikon"])
