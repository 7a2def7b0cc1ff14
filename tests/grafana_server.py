"""A local server that takes annotations as Grafana's API does.

After https://grafana.com/docs/grafana/latest/developers/http_api/annotations/.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Heard = list[tuple[str, str, str, Any]]


@contextmanager
def grafana(heard: Heard) -> Iterator[str]:
    """Run it; yield its address.

    Args:
        heard: gets method, path, authorization and body of each request.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.append((self.command, self.path, self.headers.get("Authorization", ""), body))
            answer = b'{"id": 7, "message": "Annotation added"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_PATCH(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
