"""The public corpora this project reads: what they are, whose, where, and how they are scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stance.codebook import suggest
from stance.corpus.adapters import (
    directed,
    gwsd,
    newsmtsc,
    plover,
    real,
    semeval2016,
    tweeteval,
    unscon,
    vast,
)
from stance.errors import InputError
from stance.schema import Example

_RAW = "https://raw.githubusercontent.com"
_NEWSMTSC = (
    "fhamborg/NewsMTSC/6b838e00f54423c253806327a0ae24dbffa24c9e/"
    "NewsSentiment/experiments/default/datasets/newsmtsc"
)


@dataclass(frozen=True, slots=True)
class Published:
    """One file at a fixed address; ``name`` is its path in the folder it is fetched to."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """One corpus: provenance, terms, scoring, and the function that reads its published form.

    ``read`` takes a file (a folder where ``form`` says so). ``files`` are what ``--download``
    fetches, none where the authors publish an archive or a form to fill in. ``whole`` says that
    the fetched folder is what ``read`` takes, and not each of its files. ``settings`` are what the
    recipe needs in place of its own to read imported rows. ``missing`` says what the files given
    did not hold, where the corpus knows what it should be.
    """

    name: str
    title: str
    citation: str
    licence: str
    address: str
    metric: str
    form: str
    codebook: str
    recipe: str
    read: Callable[[Path], Iterator[Example]]
    files: tuple[Published, ...] = ()
    whole: bool = False
    settings: tuple[str, ...] = ()
    missing: Callable[[Iterable[Example]], list[str]] | None = None


def _github(repository: str, commit: str, folder: str, *names: str) -> tuple[Published, ...]:
    base = "/".join(part for part in (_RAW, repository, commit, folder) if part)
    return tuple(Published(name, f"{base}/{name}") for name in names)


_UNSCON = Corpus(
    name="unscon",
    title="UN Security Council Conflict Corpus, by discourse unit",
    citation=(
        "K. Zaczynska, P. Bourgonje, M. Stede: How Diplomats Dispute: The UN Security Council "
        "Conflict Corpus. LREC-COLING 2024."
    ),
    licence="CC BY-SA",
    address="https://github.com/linatal/UNSCon",
    metric="macro-F1 of conflict against none, and of the labels",
    form="conflict_annotations.csv",
    codebook="configs/codebook-unscon.yaml",
    recipe="configs/unscon.yaml",
    read=unscon.read,
    files=_github(
        "linatal/UNSCon",
        "ea678f1115b47f7190f70480f542817cad267137",
        "data",
        "conflict_annotations.csv",
    ),
)

_ALL = (
    Corpus(
        name="plover",
        title="PLOVER root codes of political events (ZSP)",
        citation=(
            "Y. Hu, E. Skorupa Parolin, L. Khan, P. T. Brandt, J. Osorio, V. J. D'Orazio: "
            "Leveraging Codebook Knowledge with NLI and ChatGPT for Zero-Shot Political Relation "
            "Classification. ACL 2024."
        ),
        licence="none stated",
        address="https://github.com/snowood1/Zero-Shot-PLOVER",
        metric="macro-F1 over the 15 roots",
        form="PLV_train.tsv, PLV_test.tsv",
        codebook="configs/codebook-plover.yaml",
        recipe="configs/plover.yaml",
        read=plover.read,
        files=_github(
            "snowood1/Zero-Shot-PLOVER",
            "3a57c8466bc55c2f3351f771d4cbd860c7004130",
            "datasets",
            "PLV_train.tsv",
            "PLV_test.tsv",
        ),
        settings=("data.columns={}",),
    ),
    Corpus(
        name="newsmtsc",
        title="NewsMTSC: sentiment towards targets in news sentences",
        citation=(
            "F. Hamborg, K. Donnay: NewsMTSC: A Dataset for (Multi-)Target-dependent Sentiment "
            "Classification in Political News Articles. EACL 2021."
        ),
        licence="MIT",
        address="https://github.com/fhamborg/NewsMTSC",
        metric="macro-F1, on the real-world and the multi-target test set apart",
        form="train.jsonl, dev.jsonl, test.jsonl (or devtest_rw.jsonl), nested or -hf",
        codebook="configs/codebook-newsmtsc.yaml",
        recipe="configs/newsmtsc.yaml",
        read=newsmtsc.read,
        files=tuple(
            Published(f"{part}.jsonl", f"{_RAW}/{_NEWSMTSC}-{folder}-hf/{part}.jsonl")
            for part, folder in (("train", "mt"), ("dev", "rw"), ("test", "rw"))
        ),
    ),
    Corpus(
        name="gwsd",
        title="Global Warming Stance Dataset",
        citation=(
            "Y. Luo, D. Card, D. Jurafsky: Detecting Stance in Media on Global Warming. "
            "Findings of EMNLP 2020."
        ),
        licence="none stated",
        address="https://github.com/yiweiluo/GWStance",
        metric="macro-F1",
        form="GWSD.tsv",
        codebook="configs/codebook-gwsd.yaml",
        recipe="configs/gwsd.yaml",
        read=gwsd.read,
        files=_github(
            "yiweiluo/GWStance", "cf97dd32769c4e2c3a206fc450642de15f790de0", "", "GWSD.tsv"
        ),
    ),
    _UNSCON,
    Corpus(
        name="unscon-sentences",
        title="UN Security Council Conflict Corpus, units joined to sentences",
        citation=_UNSCON.citation,
        licence=_UNSCON.licence,
        address=_UNSCON.address,
        metric=_UNSCON.metric,
        form=_UNSCON.form,
        codebook=_UNSCON.codebook,
        recipe=_UNSCON.recipe,
        read=unscon.read_sentences,
        files=_UNSCON.files,
    ),
    Corpus(
        name="semeval2016",
        title="SemEval-2016 Task 6: stance in tweets",
        citation=(
            "S. Mohammad, S. Kiritchenko, P. Sobhani, X. Zhu, C. Cherry: SemEval-2016 Task 6: "
            "Detecting Stance in Tweets. SemEval 2016."
        ),
        licence="cite the paper; not to be redistributed",
        address="http://www.saifmohammad.com/WebPages/StanceDataset.htm",
        metric="F-avg: mean F1 of FAVOR and AGAINST, pooled over targets",
        form="trainingdata-all-annotations.txt, testdata-taskA-all-annotations.txt and the like",
        codebook="configs/codebook-semeval2016.yaml",
        recipe="configs/semeval2016.yaml",
        read=semeval2016.read,
    ),
    Corpus(
        name="tweeteval",
        title="TweetEval, stance",
        citation=(
            "F. Barbieri, J. Camacho-Collados, L. Espinosa Anke, L. Neves: TweetEval: Unified "
            "Benchmark and Comparative Evaluation for Tweet Classification. Findings of EMNLP "
            "2020; data of SemEval-2016 Task 6 (Mohammad et al. 2016)."
        ),
        licence="as SemEval-2016: cite the paper; not to be redistributed",
        address="https://github.com/cardiffnlp/tweeteval",
        metric="F-avg: mean F1 of favor and against, pooled over targets",
        form="the folder datasets/stance, or one target's folder",
        codebook="configs/codebook-tweeteval.yaml",
        recipe="configs/tweeteval.yaml",
        read=tweeteval.read,
        files=_github(
            "cardiffnlp/tweeteval",
            "084550ebed2f2a91553b1ae710bb2be90eb430d8",
            "datasets/stance",
            *(
                f"{target}/{part}_{kind}.txt"
                for target in tweeteval.TARGETS
                if target != "hilary"
                for part in tweeteval.PARTS
                for kind in ("text", "labels")
            ),
        ),
        whole=True,
    ),
    Corpus(
        name="directed",
        title="Directed sentiment between entities in news",
        citation=(
            "K. Park, Z. Pan, J. Joo: Who Blames or Endorses Whom? Entity-to-Entity Directed "
            "Sentiment Analysis in News Text. Findings of ACL 2021."
        ),
        licence="free to use with citation of the paper",
        address="https://github.com/bywords/directed_sentiment_analysis",
        metric="micro-F1, macro-F1 and mean average precision over the 5 labels",
        form="train.txt, valid.txt, test.txt",
        codebook="configs/codebook-directed.yaml",
        recipe="configs/directed.yaml",
        read=directed.read,
        files=_github(
            "bywords/directed_sentiment_analysis",
            "a8e7510b71fe017b38d83ca5b54bdf3d136c97c2",
            "dataset",
            "train.txt",
            "valid.txt",
            "test.txt",
        ),
    ),
    Corpus(
        name="vast",
        title="VAST: varied stance topics",
        citation=(
            "E. Allaway, K. McKeown: Zero-Shot Stance Detection: A Dataset and Model using "
            "Generalized Topic Representations. EMNLP 2020."
        ),
        licence="none stated",
        address="https://github.com/emilyallaway/zero-shot-stance",
        metric="macro-F1, on zero-shot and few-shot topics apart",
        form="vast_train.csv, vast_dev.csv, vast_test.csv",
        codebook="configs/codebook-vast.yaml",
        recipe="configs/vast.yaml",
        read=vast.read,
        files=_github(
            "emilyallaway/zero-shot-stance",
            "bf8fd50dcd7fca2239d4d86aaffa417acf944799",
            "data/VAST",
            "vast_train.csv",
            "vast_dev.csv",
            "vast_test.csv",
        ),
    ),
    Corpus(
        name="real",
        title="Real news by our codebook: labels and offsets of ours, texts as published",
        citation=(
            "the annotations: this project; the texts: Wikinews (W. van Atteveldt's collection), "
            "PolNeAR (E. Newell, D. Margolin, D. Ruths, LREC 2018), NewsMTSC (F. Hamborg, "
            "K. Donnay, EACL 2021), UNSCon (K. Zaczynska and others, LREC-COLING 2024), PLOVER"
        ),
        licence="annotations CC BY 4.0; texts by source, see data/real/README.md",
        address="https://github.com/vanatteveldt/wikinews and data/real/README.md",
        metric="macro-F1 over the nine stances and over relations, by source",
        form="Wikinews' CSV files, PolNeAR's folder, NewsMTSC's train.jsonl and the like",
        codebook="configs/codebook.yaml",
        recipe="configs/real.yaml",
        read=real.read,
        missing=real.missing,
    ),
)

CORPORA = {corpus.name: corpus for corpus in _ALL}
"""Every corpus by its name on the command line."""


def find_corpus(name: str) -> Corpus:
    """Return the corpus of that name.

    Raises:
        InputError: there is none; names the nearest.
    """
    try:
        return CORPORA[name]
    except KeyError:
        raise InputError(f"no corpus {name!r}; {suggest(name, list(CORPORA))}") from None
