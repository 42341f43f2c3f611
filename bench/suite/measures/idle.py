"""CPU and memory of a daemon with a thousand databases that nobody writes to."""

import shutil
import time

from ..metric import Metric


class Idle:
    name = "idle"
    title = "1000 idle databases"
    tools = ("follower", "litestream", "lshost")
    metrics = (
        Metric("cpu_ms_per_s", "CPU", "ms/s", "follower", goal=1),
        Metric("pss_mb", "memory (PSS)", "MB", "follower", goal=200, decimals=0),
        Metric("rss_mb", "memory (RSS)", "MB", "follower", decimals=0),
        Metric("start_s", "from start to the last first snapshot", "s", "follower"),
    )

    @classmethod
    def sample(cls, context, tool):
        count = context.size(1000, 200)
        work = context.fresh()
        databases = cls._databases(context, work, count)
        with tool.start(databases, work / "replica", work) as daemon:
            tool.wait_ready(daemon, work / "replica", count, timeout_s=180)
            start_s = time.monotonic() - daemon.started_at
            time.sleep(context.size(15, 5))  # settle: what was begun at the start is to end before
            seconds, begin_ms, begin_at = context.size(30, 5), daemon.threads_cpu_ms(), time.monotonic()
            time.sleep(seconds)
            cpu = (daemon.threads_cpu_ms() - begin_ms) / (time.monotonic() - begin_at)
            memory = daemon.memory_mb()
        return {"cpu_ms_per_s": cpu, "pss_mb": memory["pss"], "rss_mb": memory["rss"], "start_s": start_s}

    @staticmethod
    def _databases(context, work, count):
        template = work / "template.db"
        context.write(template, count=20, row_bytes=100)
        folder = work / "databases"
        folder.mkdir()
        databases = [folder / f"{i:04}.db" for i in range(count)]
        for database in databases:
            shutil.copyfile(template, database)
        return databases
