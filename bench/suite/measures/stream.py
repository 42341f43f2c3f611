"""A writer at full speed, 100 KB transactions: what reaches the replica, how soon after, and at what cost."""

from ..context import Observer
from ..metric import Metric
from .alone import ALONE


class Stream:
    name = "stream"
    title = "writer at full speed, 100 KB transactions"
    tools = (ALONE, "follower", "litestream", "lshost")
    metrics = (
        Metric("replicated_mb_s", "replicated", "MB/s", "follower", goal=150, goal_limit=190, more_is_better=True, decimals=0),
        Metric("catch_up_s", "catch-up after the writer's end", "s", "follower", goal=3),
        Metric("cpu_s_per_gb", "CPU per GB of WAL", "s", "follower", goal=3, goal_limit=1.7),
        Metric("writer_mb_s", "the writer itself", "MB/s", ALONE, more_is_better=True, decimals=0),
        Metric("peak_mb", "peak memory", "MB", "follower", decimals=0),
    )

    @staticmethod
    def sample(context, tool):
        work = context.fresh()
        database, replica = work / "app.db", work / "replica"
        load = {"seconds": context.size(20, 4), "rows": 100, "row_bytes": 1000, "max_rows": 500_000}
        context.write(database, count=10, rows=100, row_bytes=1000)
        if tool is None:
            report = context.write(database, **load)
            return {"writer_mb_s": _mb_s(report)}
        with tool.start([database], replica, work) as daemon:
            tool.wait_ready(daemon, replica)
            cpu_ms = daemon.cpu_ms()
            report = context.write(database, first=1_000_000, **load)
            # The observer starts when the writer has ended, and reads the ends of files only: it must not compete before.
            with Observer(context, replica, report["last_commit"], 8 * load["seconds"] + 30,
                          "--sync", "--tail", 1 << 20) as observer:
                seen_ns, durable_ns, _ = observer.finish()[report["last_commit"]]
            cpu_s = (daemon.cpu_ms() - cpu_ms) / 1000
            peak_mb = daemon.memory_mb()["peak"]
        end_ns = durable_ns or seen_ns
        return {
            "replicated_mb_s": report["wal_bytes"] / (end_ns - report["first_ns"]) * 1e3,
            "catch_up_s": (end_ns - report["last_ns"]) / 1e9,
            "cpu_s_per_gb": cpu_s / (report["wal_bytes"] / 1e9),
            "writer_mb_s": _mb_s(report),
            "peak_mb": peak_mb,
        }


def _mb_s(report):
    return report["wal_bytes"] / (report["last_ns"] - report["first_ns"]) * 1e3
