"""Pages by HTTP, for tests: what stands in a table, and who asked for what."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

Page = Callable[[int, int], bytes]  # of start and limit


@dataclass(slots=True)
class Pages:
    """What a server shows, by path."""

    pages: dict[str, Page] = field(default_factory=dict)
    password: str | None = None  # the Authorization that it wants
    port: int = 0


@contextmanager
def web_server() -> Iterator[Pages]:
    """A server, for as long as the context lasts."""
    pages = Pages()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            query = {name: int(value[0]) for name, value in parse_qs(asked.query).items()}
            page = pages.pages.get(asked.path)
            if pages.password not in (None, self.headers.get("Authorization")):
                self.send_error(401)
            elif page is None:
                self.send_error(404)
            else:
                octets = page(query.get("start", 0), query.get("limit", 50))
                self.send_response(200)
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

        def log_message(self, *words: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        pages.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield pages
        finally:
            server.shutdown()
            thread.join()
