"""What the application pays: its own commit latency at a steady rate, and its own rate at full speed."""

from ..metric import Metric
from .alone import ALONE


class _Application:
    tools = (ALONE, "follower", "litestream", "lshost")

    @classmethod
    def sample(cls, context, tool):
        work = context.fresh()
        database = work / "app.db"
        context.write(database, count=10, row_bytes=100)
        if tool is None:
            return cls.figures(context.write(database, **cls.load(context)), None)
        with tool.start([database], work / "replica", work) as daemon:
            tool.wait_ready(daemon, work / "replica")
            cpu_ms = daemon.cpu_ms()
            report = context.write(database, **cls.load(context))
            return cls.figures(report, daemon.cpu_ms() - cpu_ms)


class Application(_Application):
    name = "application"
    title = "commit latency of the application, 300 small commits/s"
    metrics = (
        Metric("p50_us", "p50", "us", ALONE, decimals=0),
        Metric("p99_us", "p99", "us", ALONE, decimals=0),
        Metric("p99.9_us", "p99.9", "us", ALONE, decimals=0),
        Metric("max_us", "max", "us", ALONE, decimals=0),
        Metric("cpu_ms_per_commit", "CPU of the tool per commit", "ms", "follower"),
    )

    @staticmethod
    def load(context):
        return {"rate": 300, "seconds": context.size(20, 4), "row_bytes": 100}

    @staticmethod
    def figures(report, tool_cpu_ms):
        figures = {f"{name}_us": value for name, value in report["latency_us"].items()}
        if tool_cpu_ms is not None:
            figures["cpu_ms_per_commit"] = tool_cpu_ms / report["commits"]
        return figures


class SmallRows(_Application):
    name = "small-rows"
    title = "writer at full speed, one row of 100 bytes per transaction"
    metrics = (
        Metric("commits_per_s", "commits", "1/s", ALONE, more_is_better=True, decimals=0),
        Metric("p99.9_us", "latency p99.9", "us", ALONE, decimals=0),
    )

    @staticmethod
    def load(context):
        return {"seconds": context.size(10, 3), "row_bytes": 100, "max_rows": 100_000}

    @staticmethod
    def figures(report, _):
        seconds = (report["last_ns"] - report["first_ns"]) / 1e9
        return {"commits_per_s": report["commits"] / seconds, "p99.9_us": report["latency_us"]["p99.9"]}
