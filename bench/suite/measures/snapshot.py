"""The first snapshot of a large database, and its restore."""

import sqlite3
import time

from ..errors import SampleFailed
from ..metric import Metric
from ..process import run_measured


class Snapshot:
    name = "snapshot"
    title = "first snapshot of a 1 GB database, and its restore"
    tools = ("cp", "cp+fsync", "follower", "litestream", "lshost")
    metrics = (
        Metric("snapshot_s", "first snapshot", "s", "cp", reach_ratio=1.5),
        Metric("restore_s", "restore", "s", "cp", reach_ratio=1.3),
        Metric("restore_peak_mb", "peak memory of the restore", "MB", decimals=0),
    )

    @classmethod
    def sample(cls, context, tool):
        source = cls._source(context)
        work = context.fresh()
        database, replica, output = work / "app.db", work / "replica", work / "restored.db"
        _copy(source, database)
        command = tool.copy_command(database, work / "copy.db")
        if command:
            return cls._copied(tool, command, work)
        with tool.start([database], replica, work) as daemon:
            tool.wait_ready(daemon, replica, timeout_s=120)
            figures = {"snapshot_s": time.monotonic() - daemon.started_at}
        try:
            command = tool.restore_command(replica / "0", output)
        except Exception:  # the follower does not restore
            return figures
        restored = run_measured(command, work / "restore.log")
        if _rows(output) != _rows(source):
            raise SampleFailed("the restored database has not as many rows as the source")
        return figures | {"restore_s": restored["seconds"], "restore_peak_mb": restored["peak_mb"]}

    @staticmethod
    def _copied(tool, command, work):
        """A copy is both: what a snapshot can not be faster than, and what a restore can not."""
        seconds = run_measured(command, work / "copy.log")["seconds"]
        snapshots = work / "replica" / "generations" / "0" / "snapshots"
        snapshots.mkdir(parents=True)
        (work / "copy.db").rename(snapshots / "0.snapshot")
        command = tool.restore_command(work / "replica", work / "restored.db")
        return {"snapshot_s": seconds, "restore_s": run_measured(command, work / "restore.log")["seconds"]}

    @staticmethod
    def _source(context):
        source = context.root / f"source-{context.size('1g', '100m')}.db"
        if not source.exists():
            part = source.with_suffix(".part")
            part.unlink(missing_ok=True)
            context.make_database(part, context.size(10**9, 10**8))
            part.rename(source)
        return source


def _copy(source, target):
    run_measured(["cp", "--reflink=never", str(source), str(target)], f"{target}.log")
    run_measured(["sync", str(target)], f"{target}.log")


def _rows(database):
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT count(*) FROM load").fetchone()[0]
    finally:
        connection.close()
