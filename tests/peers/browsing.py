"""A page in a browser that nobody here wrote: opened, watched, and measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update")  # fmt: skip


@contextmanager
def opened(browser: Browser, path: Path) -> Iterator[Page]:
    """The page of a file, which must say nothing on the console and ask for nothing else."""
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []


def contrasts(page: Page, elements: str) -> dict[str, float]:
    """The contrast of the words in these elements against what is behind them (WCAG 2.1 1.4.3)."""
    found: dict[str, float] = page.evaluate(_CONTRASTS, elements)
    return found


_CONTRASTS = """(told) => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const parts = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => rgb.map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => element
    ? [...behind(element.parentElement), getComputedStyle(element).backgroundColor] : [];
  const colourOf = (element) => element.closest('svg')
    ? getComputedStyle(element).fill : getComputedStyle(element).color;
  const ratios = {};
  for (const element of document.querySelectorAll(told)) {
    const back = behind(element);
    const [a, b] = [light(parts(back)),
                    light(parts([...back, colourOf(element)]))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const kind = `${element.localName}.${element.getAttribute('class')}`;
    const name = `${kind} ${element.textContent.slice(0, 12)}`;
    ratios[name] = Math.min(ratio, ratios[name] ?? 99);
  }
  return ratios;
}"""
