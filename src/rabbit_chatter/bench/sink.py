"""A receiver that takes spans and forgets them: its cost is not the sender's."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Swallow(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def span_sink() -> Iterator[str]:
    """Listen on a free port of loopback; yields the address for ``OTEL_EXPORTER_OTLP_ENDPOINT``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Swallow)
    threading.Thread(target=server.serve_forever, name="span sink", daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
