"""A small web server on 127.0.0.1 that answers as well or as badly as a test asks, so that no test needs a network."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Answer:
    """What the server sends for one path: after `stop_after` bytes it breaks off, or stalls until the test is over."""

    body: bytes = b""
    status: int = 200
    stop_after: int | None = None
    stall: bool = False
    tell_length: bool = True


class DataServer:
    """Serves answers by path ("/mirror/file.gz") while used as a context manager; anything else is a 404."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.requests: list[str] = []
        self.released = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(self.path)
                answer = answers.get(self.path, Answer(b"no such file", status=404))
                self.send_response(answer.status)
                if answer.tell_length:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body[: answer.stop_after])
                self.wfile.flush()
                if answer.stall:
                    server.released.wait()
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def url(self, folder: str) -> str:
        """The address of a folder on this server, as a mirror is given."""
        return f"http://127.0.0.1:{self._server.server_port}/{folder}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
