"""A Prefect API inside this process, for runs that have no server of their own.

As a thread it costs half of what the process that Prefect would start costs, and it cannot outlive us.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

from flows import prefect_home


class EmbeddedServer:
    """Starts in the background; `url` is set once it answers, `failed` if it never will."""

    def __init__(self, *, services: bool = False) -> None:
        """`services`: with the scheduler, for a process that stays."""
        self.services = services
        self.url = ""
        self.failed = False
        self._up = threading.Event()
        self._server: Any = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="prefect-api")

    def start(self) -> None:
        self._thread.start()

    def wait(self, timeout: float) -> bool:
        """True once the server answers; False after `timeout` seconds or when it could not start."""
        self._up.wait(timeout)
        return bool(self.url) and not self.failed

    def stop(self) -> None:
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join(timeout=5)

    def _run(self) -> None:
        prefect_home.set_environment()
        try:
            if not prefect_home.ready():
                raise RuntimeError("the database is not laid")
            import uvicorn
            from prefect.server.api.server import create_app

            class Server(uvicorn.Server):
                """Tells when it listens; leaves the signals to the command line."""

                @contextlib.contextmanager
                def capture_signals(self) -> Iterator[None]:
                    yield

                async def startup(inner, sockets: list[socket.socket] | None = None) -> None:  # noqa: N805
                    await super().startup(sockets=sockets)
                    if inner.started:
                        self.url = f"http://127.0.0.1:{port}/api"
                        self._up.set()

            listener = socket.socket()
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            app = create_app(ephemeral=not self.services)
            logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
            self._server = Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1))
            self._server.run(sockets=[listener])
        except BaseException:
            # whatever is wrong with the server, the batch is done without it
            self.failed = True
        finally:
            self.failed = self.failed or not self.url
            self._up.set()


def wanted() -> bool:
    """An embedded server is used when none is configured and none of it was switched off (`SOHOA_EMBEDDED=0`)."""
    return not os.environ.get("PREFECT_API_URL") and os.environ.get("SOHOA_EMBEDDED", "1") != "0"


def embedded_always() -> bool:
    """`SOHOA_EMBEDDED=1`: for the smallest batch too, which is otherwise done without."""
    return os.environ.get("SOHOA_EMBEDDED") == "1"
