"""Pictures of the page for the README: indexes the fixtures in a folder of its own, serves them, opens chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "fixtures" / "repos"
IMAGES = ROOT / "docs" / "images"
PORT = 8765
URL = f"http://127.0.0.1:{PORT}"
MAX_BYTES = 150_000
SIZE = (1100, 720)
PICTURES = {
    "page-search.png": "/?source=orders-service&q=how+long+does+it+wait+before+another+attempt%3F",
    "page-sources.png": "/sources",
}


def run(data_dir: Path, *arguments: str) -> str:
    """Run a command on the data folder and return what it prints."""
    command = [sys.executable, "-m", "codesearch.cli", *arguments]
    done = subprocess.run(command, env=_environment(data_dir), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.strip()


@contextmanager
def serve(data_dir: Path) -> Iterator[None]:
    """Serve the data folder until the context ends."""
    command = [sys.executable, "-m", "codesearch.cli", "serve", "--port", str(PORT)]
    process = subprocess.Popen(
        command, env=_environment(data_dir), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            if process.poll() is not None:
                sys.exit("The service did not start.")
            try:
                with urllib.request.urlopen(f"{URL}/readyz"):
                    break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def take_pictures(secret: str, chromium: str) -> None:
    """Write each picture; exits where one is larger than a README should load."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="light")
        page.goto(URL)
        page.get_by_label("API key").fill(secret)
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-search]")
        for name, address in PICTURES.items():
            page.goto(f"{URL}{address}")
            path = IMAGES / name
            page.screenshot(path=path)
            size = path.stat().st_size
            print(f"{path.relative_to(ROOT)}: {size:,} bytes")
            if size > MAX_BYTES:
                sys.exit(f"{name} has more than {MAX_BYTES:,} bytes.")
        browser.close()


def main() -> None:
    """Take all pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("There is no chromium: install it (Debian: apt-get install chromium).")
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        copies = Path(folder) / "repos"
        # Outside of this repository: otherwise its branch would be in the picture.
        shutil.copytree(FIXTURES, copies)
        run(data_dir, "index", *(str(path) for path in sorted(copies.iterdir())))
        secret = run(data_dir, "key", "create", "you")
        with serve(data_dir):
            take_pictures(secret, chromium)


def _environment(data_dir: Path) -> dict[str, str]:
    return {**os.environ, "CODESEARCH_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)}


if __name__ == "__main__":
    main()
