"""Train the attribution tagger, weigh it against the rules, score all three, keep everything.

The second kind of run: `stance attribution train`. Validation articles stop the
training and fit the weights of the combination; test articles are only scored.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stance.articles.attribution import attribute, read
from stance.articles.combine import Weights, findings
from stance.articles.phrases import Hit
from stance.articles.quotes import quotations
from stance.articles.segment import segment
from stance.articles.tagging import Tagger
from stance.articles.tokens import Clause
from stance.codebook import describe_errors
from stance.corpus.adapters.polnear import AnnotatedArticle, GoldAttribution
from stance.corpus.annotated import read_annotated
from stance.errors import ConfigError, InputError
from stance.evaluation.attribution.heads import head_span
from stance.evaluation.attribution.scoring import AttributionScores, Scored, score_article
from stance.files import atomic_folder, resolve, sha256_file, write_json, write_yaml
from stance.models.base import Progress, silent
from stance.models.tagger.store import TAGGER_FOLDER, StoredTagger, load_tagger, seal_tagger
from stance.models.threads import choose_threads, set_threads
from stance.models.transformer.backbone import go_offline
from stance.models.transformer.options import TrainingOptions
from stance.runs import folder as provenance
from stance.runs.folder import begin, open_run
from stance.runs.training import Quiet, Reporter
from stance.schema import Span

_REGULARISATION = 1.0
_Answer = tuple[dict[str, float], bool, bool]


def fit_combination(articles: Iterable[AnnotatedArticle], tagger: Tagger) -> Weights:
    """Return the weights of two logistic regressions over the features of ``combine.findings``.

    Raises:
        InputError: the articles hold no right and wrong findings to learn from.
    """
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    found = [answer for annotated in articles for answer in _answers(annotated, tagger)]
    columns = [[answer[at] for answer in found] for at in (1, 2)]
    if any(len(set(column)) < 2 for column in columns):
        raise InputError("too few annotated validation articles to weigh the tagger against rules")
    vectorizer = DictVectorizer()
    x = vectorizer.fit_transform(
        {name: value for name, value in names.items() if name} for names, _, _ in found
    )
    x.indices, x.indptr = x.indices.astype(np.int32), x.indptr.astype(np.int32)  # liblinear's
    fitted = []
    for column in columns:
        # liblinear shrinks the intercept as well, which a few thousand findings do not mind.
        model = LogisticRegression(C=_REGULARISATION, solver="liblinear", max_iter=500)
        model.fit(x, column)
        fitted.append((float(model.intercept_[0]), model.coef_[0]))
    weights = {"": (fitted[0][0], fitted[1][0])}
    for at, name in enumerate(vectorizer.get_feature_names_out()):
        weights[str(name)] = (
            round(float(fitted[0][1][at]), 4),
            round(float(fitted[1][1][at]), 4),
        )
    return weights


def _answers(annotated: AnnotatedArticle, tagger: Tagger) -> Iterator[_Answer]:
    text = annotated.article.text
    sentences = segment(text)
    readings = read(text, sentences, quotations(text, sentences))
    tags = tagger.tag([reading.clause.sentence.text for reading in readings])
    gold = [(item, head_span(text, item.source)) for item in annotated.attributions]
    for reading, tagged in zip(readings, tags, strict=True):
        for hit, names in findings(reading.clause, reading.hits, tagged):
            cue, right = _judge(reading.clause, hit, gold)
            yield names, cue, right


def _judge(
    clause: Clause, hit: Hit, gold: list[tuple[GoldAttribution, Span | None]]
) -> tuple[bool, bool]:
    """Say whether a finding's cue is annotated, and whether that annotation has its holder."""
    start, end = clause.start[hit.cue[0]], clause.end[hit.cue[1] - 1]
    cue = right = False
    for item, head in gold:
        if not any(a < end and start < b for a, b in item.cue):
            continue
        cue = True
        if hit.holder is None:
            right = right or head is None
        elif head is not None:
            first, last = clause.start[hit.holder[0]], clause.end[hit.holder[1] - 1]
            right = right or (head[0] < last and first < head[1])
    return cue, right


RULES, TAGGER, COMBINED = "rules alone", "tagger alone", "rules and tagger"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AttributionData(_Strict):
    """Where the annotated articles are; ``test`` where they are not in ``path`` themselves."""

    path: str
    test: str | None = None


class AttributionConfig(_Strict):
    """Everything an attribution run depends on."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    description: str = ""
    task: Literal["attribution"]
    data: AttributionData
    validation: Annotated[float, Field(gt=0, lt=0.9)] = 0.1
    backbone: str = "minilm"
    seed: int = 1
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    options: TrainingOptions = TrainingOptions()


@dataclass(frozen=True, slots=True)
class AttributionRun:
    """A finished run: scores by who decided, on ``articles`` test articles."""

    folder: Path
    scores: Mapping[str, Scored]
    articles: int


def parse_attribution_config(raw: Mapping[str, Any], *, source: str) -> AttributionConfig:
    """Check parsed YAML; ``source`` names it in errors.

    Raises:
        ConfigError: names every offending key, and the nearest one that exists.
    """
    known = [*AttributionConfig.model_fields, *AttributionData.model_fields]
    known += list(TrainingOptions.__dataclass_fields__)
    try:
        return AttributionConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"{source}: {describe_errors(error, sorted(known))}") from None


def train_attribution(
    config: AttributionConfig,
    *,
    root: Path = Path("runs"),
    resume: bool = False,
    download: bool = False,
    argv: Sequence[str] = (),
    reporter: Reporter | None = None,
) -> AttributionRun:
    """Train, weigh, score and keep an attribution tagger.

    Raises:
        InputError: the articles cannot be used, or the run folder is taken.
        IntegrityError: a resumed run's data or configuration changed.
    """
    reporter = reporter or Quiet()
    go_offline()
    train, validation, test = divide(config)
    reporter.say(
        f"{len(train)} articles to train on, {len(validation)} to validate, {len(test)} to test"
    )
    facts = provenance.describe(
        argv=argv or sys.argv,
        config=config.model_dump(mode="json"),
        seeds=[config.seed],
        threads=choose_threads(config.threads),
        hashes=_hashes(config),
    )
    with open_run(root, config.name, resume=resume) as folder:
        set_threads(begin(folder, facts)["threads"])
        write_yaml(folder / "config.yaml", config.model_dump(mode="json"))
        if not (folder / TAGGER_FOLDER).exists():
            _train(config, train, validation, folder, download, reporter)
        tagger = load_tagger(folder / TAGGER_FOLDER)
        scores = score_all(test, tagger, reporter)
        write_json(
            folder / "results.json",
            {
                "articles": len(test),
                "scores": {name: item.to_json() for name, item in scores.items()},
            },
        )
    return AttributionRun(folder, scores, len(test))


def divide(
    config: AttributionConfig,
) -> tuple[list[AnnotatedArticle], list[AnnotatedArticle], list[AnnotatedArticle]]:
    """Return training, validation and test articles.

    A corpus that names its splits keeps them; in one that does not, articles are drawn for
    validation (and, without ``data.test``, as many for testing) by a hash of their name.

    Raises:
        InputError: a part is empty.
    """
    parts: dict[str, list[AnnotatedArticle]] = {"train": [], "validation": [], "test": []}
    for split, annotated in read_annotated(resolve(config.data.path)):
        if config.data.test is not None and split == "test":
            continue
        place = split if split in parts else _drawn(annotated, config)
        parts[place].append(annotated)
    if config.data.test is not None:
        given = list(read_annotated(resolve(config.data.test)))
        parts["test"] = [item for split, item in given if split in ("", "test")]
    for name, articles in parts.items():
        if not articles:
            raise InputError(
                f"{config.data.path}: no articles for {name}; give more, or another share"
            )
    return parts["train"], parts["validation"], parts["test"]


def _drawn(annotated: AnnotatedArticle, config: AttributionConfig) -> str:
    digest = hashlib.sha256(annotated.article.name.encode("utf-8", "replace")).digest()
    place = int.from_bytes(digest[:8]) / 2**64
    if place < config.validation:
        return "validation"
    held_out = config.data.test is None and place < 2 * config.validation
    return "test" if held_out else "train"


def _train(
    config: AttributionConfig,
    train: Sequence[AnnotatedArticle],
    validation: Sequence[AnnotatedArticle],
    folder: Path,
    download: bool,
    reporter: Reporter,
) -> None:
    from stance.corpus.annotated import tagged_sentences
    from stance.models.tagger.training import describe_tagger, save_tagger, train_tagger

    network, inputs, history = train_tagger(
        list(tagged_sentences(train)),
        list(tagged_sentences(validation)),
        config.options,
        backbone=config.backbone,
        seed=config.seed,
        work=folder / "checkpoints",
        download=download,
        progress=reporter.stage("tagger: training"),
        say=reporter.say,
    )
    reporter.stage("weighing the tagger against the rules")
    with atomic_folder(folder / TAGGER_FOLDER) as temporary:
        save_tagger(network, inputs, temporary, say=reporter.say)
        weights = fit_combination(validation, StoredTagger.load(temporary))
        state = describe_tagger(config.backbone, config.options, config.seed, history)
        seal_tagger(temporary, weights, state)


def score_all(
    articles: Sequence[AnnotatedArticle], tagger: StoredTagger | None, reporter: Reporter
) -> dict[str, Scored]:
    """Score the rules and, where there is a tagger, the tagger and both together."""
    deciders: dict[str, Tagger | None] = {RULES: None}
    if tagger is not None:
        deciders |= {TAGGER: tagger.alone(), COMBINED: tagger}
    return {
        name: score_attribution(articles, decider, progress=reporter.stage(f"scoring {name}"))
        for name, decider in deciders.items()
    }


def score_attribution(
    articles: Iterable[AnnotatedArticle], tagger: Tagger | None, *, progress: Progress = silent
) -> Scored:
    """Score attribution on annotated articles; intervals come from resampling articles."""
    scores: list[AttributionScores] = []
    articles = list(articles)
    for done, annotated in enumerate(articles, start=1):
        text = annotated.article.text
        sentences = segment(text)
        found = attribute(text, sentences, tagger=tagger)
        scores.append(
            score_article(
                text, sentences, found, annotated.attributions, name=annotated.article.name
            )
        )
        progress(done, len(articles))
    return Scored.of(scores)


def _hashes(config: AttributionConfig) -> dict[str, str]:
    hashes: dict[str, str] = {}
    for name, given in (("data", config.data.path), ("test", config.data.test)):
        if given is None:
            continue
        path = resolve(given)
        files = [path] if path.is_file() else sorted(path.glob("*.jsonl"))
        hashes |= {f"{name}/{file.name}": sha256_file(file) for file in files}
    return hashes
