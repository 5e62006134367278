"""The night, and the learning of types, as Prefect deployments with a cron schedule."""

from __future__ import annotations

import os
import signal
import tempfile
import warnings
from pathlib import Path
from typing import Any

from flows import prefect_home

prefect_home.set_environment()

from prefect import Flow, flow  # noqa: E402  the environment has to stand first
from prefect.schedules import Cron  # noqa: E402
from prefect.settings import PREFECT_API_URL, temporary_settings  # noqa: E402

from flows.server import EmbeddedServer  # noqa: E402
from pipeline.errors import Unreachable, UsageError  # noqa: E402
from pipeline.messages import say  # noqa: E402
from pipeline.settings import settings  # noqa: E402


@flow(name="night", flow_run_name="night", persist_result=False, retries=0)
def night_flow(folder: str, location: str, until: str = "") -> dict[str, int]:
    """One night; the report lies in the archive, the counts are the flow's answer."""
    from flows.night import one_night

    report = one_night(Path(folder), location, settings(), until)
    return {**report.summary["files"], "exit_code": report.exit_code}


@flow(name="learn", flow_run_name="learn", persist_result=False, retries=0)
def learn_flow(location: str) -> dict[str, int | bool | str]:
    """The model of types learns from the archive's corrections; counts and digest are the flow's answer."""
    from flows.learn import learn

    return learn(location, settings()).to_json()


def serve_nights(folder: Path, location: str, until: str, cron: str) -> None:
    """Blocks until interrupted."""
    zone = settings().night.timezone
    said = say("night_serving", folder=str(folder), cron=cron, zone=zone)
    _serve(night_flow, f"night-{folder.name}", cron, {"folder": str(folder), "location": location, "until": until}, said)


def serve_learning(location: str, cron: str) -> None:
    """Blocks until interrupted."""
    _serve(learn_flow, "learn", cron, {"location": location}, say("learn_serving", cron=cron, zone=settings().night.timezone))


def _serve(what: Flow[..., Any], name: str, cron: str, parameters: dict[str, Any], said: str) -> None:
    try:
        schedule = Cron(cron, timezone=settings().night.timezone)
    except ValueError as error:
        raise UsageError("not_a_schedule", value=cron) from error
    server = None
    if not os.environ.get("PREFECT_API_URL"):
        server = EmbeddedServer(services=True)
        server.start()
        if not server.wait(60):
            raise Unreachable("no_prefect")
        os.environ["PREFECT_API_URL"] = server.url  # the runs are processes of their own
    # the runner's own files: a fixed name in a shared temporary folder would belong to whoever came first
    own = prefect_home.home() / "tmp"
    own.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(own)
    try:
        with temporary_settings({PREFECT_API_URL: os.environ["PREFECT_API_URL"]}), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a runner stopped while it starts has not awaited itself
            print(said, flush=True)  # noqa: T201
            what.serve(name=name, schedule=schedule, parameters=parameters, limit=1, print_starting_message=False)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):  # a second one would cut the server's own end short
            signal.signal(number, signal.SIG_IGN)
        if server:
            server.stop()
