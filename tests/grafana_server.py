"""A local server that takes annotations as Grafana's API does.

After https://grafana.com/docs/grafana/latest/developers/http_api/annotations/.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from support import served

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

    with served(Handler) as url:
        yield url
