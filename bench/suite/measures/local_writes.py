"""Bytes that a tool writes besides its replica, per byte of WAL; every write call counted by the file it went to."""

from .. import strace
from ..context import Observer
from ..errors import Unsupported
from ..metric import Metric


class LocalWrites:
    name = "local-writes"
    title = "bytes written per byte of WAL (100 KB transactions, 10 MB/s)"
    tools = ("follower", "litestream", "lshost")
    metrics = (
        Metric("local", "locally: neither replica nor database", "", "follower", goal=1.1),
        Metric("checkpoint", "to the database (checkpoints by the tool)", "", "follower"),
        Metric("replica", "to the replica", "", "follower"),
    )

    @classmethod
    def sample(cls, context, tool):
        if not strace.is_available():
            raise Unsupported("strace is not installed")
        work = context.fresh()
        database, replica = work / "app.db", work / "replica"
        context.write(database, count=10, rows=100, row_bytes=1000)
        trace = work / "strace.out"
        with tool.start([database], replica, work, strace.command(strace.WRITE_CALLS, trace)) as daemon:
            tool.wait_ready(daemon, replica)
            before = strace.written_bytes(trace)
            report = context.write(database, first=1_000_000, rate=100, count=context.size(2000, 300), rows=100,
                                   row_bytes=1000)
            with Observer(context, replica, report["last_commit"], 120, "--tail", 1 << 20) as observer:
                observer.finish()
            # Counted before the tool is stopped: who closes a database last checkpoints it, whichever tool that is.
            written = strace.written_bytes(trace)
        totals = {"local": 0, "checkpoint": 0, "replica": 0}
        for path, size in written.items():
            totals[cls._class(path, database, replica)] += size - before.get(path, 0)
        return {name: size / report["wal_bytes"] for name, size in totals.items()}

    @staticmethod
    def _class(path, database, replica):
        if path.startswith(f"{replica}/"):
            return "replica"
        return "checkpoint" if path == str(database) else "local"
