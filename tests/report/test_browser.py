"""Both pages in a real browser: no error, no request, nothing wider than a phone."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from report.test_article import BOOK, ROW, ROWS, make_article
from report.test_report import Page, make_run
from stance.report.article import article_page
from stance.report.report import write_report

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")
_PHONE = 360
_LONG = replace(ROW, article="w" * 90, text="x" * 400, actor="y" * 120, target="z" * 120)
GIVEN = [*ROWS, *make_article("Second"), _LONG]
_TIMEOUT = 60


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    make_run(folder / "run", seeds=1)
    articles = folder / "articles.html"
    articles.write_text(article_page(GIVEN, BOOK), encoding="utf-8")
    return {"report": write_report(folder / "run"), "articles": articles}


def browse(page: Path, work: Path) -> tuple[str, str, str]:
    """Open a page; return its document after loading, the console, and the network log."""
    log = work / "net.json"
    done = subprocess.run(
        [
            str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--no-first-run", "--enable-logging=stderr", "--v=0",
            f"--user-data-dir={work / 'profile'}", f"--log-net-log={log}", "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True, text=True, timeout=_TIMEOUT, check=True,
    )  # fmt: skip
    console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return done.stdout, console, log.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["report", "articles"])
def test_page_opens_without_error_script_or_request(
    pages: dict[str, Path], name: str, tmp_path: Path
) -> None:
    document, console, network = browse(pages[name], tmp_path)
    assert console == ""
    page = Page(document)
    assert page.count("script") == page.count("img") == 0
    assert "owned" not in document.partition("</title>")[0]
    assert "probe.invalid" not in network
    for address in page.addresses():
        assert address.startswith("#"), address
    drawn = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert drawn
    assert all(attrs.get("role") == "img" and "aria-labelledby" in attrs for attrs in drawn)


def test_a_browser_sees_the_rows_that_were_given(pages: dict[str, Path], tmp_path: Path) -> None:
    document, _, _ = browse(pages["articles"], tmp_path)
    page = Page(document)
    seen = [attrs for _, attrs in page.tags if "data-stance" in attrs]
    assert [one["data-stance"] for one in seen] == [row.stance for row in GIVEN]
    sentences = {(row.article, row.sentence) for row in GIVEN}
    assert page.count("p", **{"class": "sentence", "dir": "auto"}) == len(sentences)
    cells = re.findall(r'<td class="s\d+ some">(\d+)</td>', document)
    labelled = sum(row.status in ("ok", "truncated_actor") for row in GIVEN)
    assert sum(map(int, cells)) == 2 * labelled  # each article's matrix, and both together


def test_the_console_check_can_fail(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"
    page.write_text(f"<!doctype html>{policy}<script>1</script><p>x", encoding="utf-8")
    assert "Content Security Policy" in browse(page, tmp_path)[1]


@pytest.mark.parametrize("name", ["report", "articles"])
def test_no_page_is_wider_than_a_phone(pages: dict[str, Path], name: str, tmp_path: Path) -> None:
    """The page stands in a frame as narrow as a phone, and a second page measures it."""
    source = pages[name].read_text(encoding="utf-8")
    inner = html.escape(source.replace("content-visibility: auto", ""), quote=True)
    measure = "document.title = JSON.stringify([f.scrollWidth, f.clientWidth])"
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<!doctype html><meta charset="utf-8"><iframe id="page" width="{_PHONE}" height="800" '
        f'style="border:0" srcdoc="{inner}"></iframe><script>onload = () => {{ const f = '
        f"page.contentDocument.documentElement; {measure} }}</script>",
        encoding="utf-8",
    )
    document, _, _ = browse(frame, tmp_path)
    title = re.search(r"<title>(.*?)</title>", document)
    assert title is not None
    wide, narrow = json.loads(title.group(1))
    assert _PHONE - 20 <= narrow <= _PHONE  # a scroll bar may take its share
    assert wide <= narrow
