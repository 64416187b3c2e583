"""The page's searches beside the API's on the same service, in turns, and what chromium says of its first paint.

python -m benchmarks.page TREE... [--chunks 100000] [--data-dir DIR] [--requests 200]

The index is that of `benchmarks.latency`. Prints one JSON object for the API, the page, and, where chromium is
installed, the browser: milliseconds from the request to the answer's last byte, of the browser to the first paint.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from benchmarks.latency import LARGE, ask, prepare, read_queries, serve
from benchmarks.quality import open_assembly

RECORDS = 10
WARM_UP_REQUESTS = 20
PAINTS = 20


def main() -> None:
    """Fill, serve, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE", help="folders with source code")
    parser.add_argument("--chunks", type=int, default=100_000, help="chunks of the source that is asked")
    parser.add_argument("--requests", type=int, default=200, help="measured requests of each kind")
    parser.add_argument("--data-dir", type=Path, help="keep the index here, and use it when it is there")
    arguments = parser.parse_args()
    queries = read_queries(None)
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = arguments.data_dir or Path(temporary) / "data"
        with closing(open_assembly(data_dir)) as assembly:
            secret = prepare(assembly, arguments.trees, arguments.chunks)
            chunks = assembly.catalog.get_source(LARGE).chunk_count
        print(json.dumps({"chunks": chunks, "records": RECORDS}), flush=True)
        with serve(data_dir, secret, queries[0]) as (port, _):
            measure_in_turns(port, secret, queries, arguments.requests)
            measure_paints(port, secret, queries)


def measure_in_turns(port: int, secret: str, queries: Sequence[str], requests: int) -> None:
    """Ask the API and the page the same questions, one after the other."""
    seconds: dict[str, list[float]] = {"api": [], "page": []}
    sizes = []
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        cookie = sign_in(connection, secret)
        for number in range(requests + WARM_UP_REQUESTS):
            query = queries[number % len(queries)]
            body: dict[str, object] = {"knowledge_id": LARGE, "query": query, "retrieval_setting": {"top_k": RECORDS}}
            started = time.perf_counter()
            ask(connection, secret, body)
            between = time.perf_counter()
            sizes.append(len(get_page(connection, cookie, query)))
            if number >= WARM_UP_REQUESTS:
                seconds["api"].append(between - started)
                seconds["page"].append(time.perf_counter() - between)
    for name, values in seconds.items():
        print_figures(name, values)
    print(json.dumps({"page_bytes": {"median": int(np.median(sizes)), "largest": max(sizes)}}), flush=True)


def sign_in(connection: http.client.HTTPConnection, secret: str) -> str:
    """Sign in and return the cookie."""
    connection.request("GET", "/login")
    response = connection.getresponse()
    token = re.findall(r'name="form_token" value="([^"]+)"', response.read().decode())[0]
    cookie = str(response.headers["Set-Cookie"]).split(";")[0]
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/login", urlencode({"form_token": token, "key": secret}), headers)
    response = connection.getresponse()
    response.read()
    return str(response.headers["Set-Cookie"]).split(";")[0]


def get_page(connection: http.client.HTTPConnection, cookie: str, query: str) -> bytes:
    """Return the page of a search."""
    connection.request("GET", address_of(query), headers={"Cookie": cookie, "Accept": "text/html"})
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise SystemExit(f"status {response.status}")
    return content


def address_of(query: str) -> str:
    """Return the address of a search."""
    return "/?" + urlencode({"source": LARGE, "q": query, "top_k": RECORDS})


def measure_paints(port: int, secret: str, queries: Sequence[str]) -> None:
    """Open searches in chromium and print when it first painted something, by its own clock."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        return
    from playwright.sync_api import sync_playwright

    url = f"http://127.0.0.1:{port}"
    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    seconds = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(url)
        page.get_by_label("API key").fill(secret)
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-search]")
        for query in queries[:PAINTS]:
            page.goto(f"{url}{address_of(query)}")
            # The page's policy refuses the browser what waiting for an expression would take.
            while (milliseconds := page.evaluate(paint)) is None:
                time.sleep(0.01)
            seconds.append(float(milliseconds) / 1000)
        browser.close()
    print_figures("first paint", seconds)


def print_figures(name: str, seconds: Sequence[float]) -> None:
    """Print one JSON object of milliseconds."""
    p50, p95, p99 = np.percentile(np.array(seconds) * 1000, [50, 95, 99]).tolist()
    figures = {"measured": name, "p50_ms": round(p50, 1), "p95_ms": round(p95, 1), "p99_ms": round(p99, 1)}
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
