"""What the application pays where it or the destination makes it hard: its commit latency, side by side with none."""

import contextlib
import socket

from ..metric import Metric
from .alone import ALONE

# The application's options, and whether a second replica's destination takes connections and never answers.
CASES = {
    "plain": ({"rate": 300}, False),
    "reader": ({"rate": 300, "reader": True}, False),
    "no-wait": ({"rate": 1000, "busy_timeout": 0}, False),
    "hanging": ({"rate": 300}, True),
}


@contextlib.contextmanager
def silent_server():
    """Gives the URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


class ApplicationFirst:
    name = "application-first"
    title = "commit latency of the application, where it is hard"
    tools = (ALONE, "lshost")
    metrics = (
        Metric("plain_p50_us", "300/s, p50", "us", ALONE, decimals=0),
        Metric("plain_p99_us", "300/s, p99", "us", ALONE, goal_ratio=2, decimals=0),
        Metric("reader_p50_us", "beside a reader that stays, p50", "us", ALONE, decimals=0),
        Metric("reader_p99_us", "beside a reader that stays, p99", "us", ALONE, goal_ratio=2, decimals=0),
        Metric("no-wait_p50_us", "1000/s, busy_timeout=0, p50", "us", ALONE, decimals=0),
        Metric("no-wait_p99_us", "1000/s, busy_timeout=0, p99", "us", ALONE, goal_ratio=2, decimals=0),
        Metric("no-wait_slow", "1000/s, busy_timeout=0, commits that were refused first", "%"),
        Metric("hanging_p50_us", "a destination that hangs, p50", "us", ALONE, decimals=0),
        Metric("hanging_p99_us", "a destination that hangs, p99", "us", ALONE, goal_ratio=2, decimals=0),
    )

    @classmethod
    def sample(cls, context, tool):
        figures = {}
        for case, (options, hangs) in CASES.items():
            report = cls.one(context, tool, options, hangs)
            figures |= {f"{case}_{name}_us": report["latency_us"][name] for name in ("p50", "p99")}
            if "busy_timeout" in options:
                figures[f"{case}_slow"] = 100 * report["refused_commits"] / report["commits"]
        return figures

    @staticmethod
    def one(context, tool, options, hangs):
        work = context.fresh()
        database = work / "app.db"
        context.write(database, count=10, row_bytes=100)
        load = {"seconds": context.size(20, 3), "row_bytes": 100, **options}
        if tool is None:
            return context.write(database, **load)
        with contextlib.ExitStack() as stack:
            if hangs:
                tool = tool.with_hanging_replica(stack.enter_context(silent_server()))
            daemon = stack.enter_context(tool.start([database], work / "replica", work))
            tool.wait_ready(daemon, work / "replica")
            return context.write(database, **load)
