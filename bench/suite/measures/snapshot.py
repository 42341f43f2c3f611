"""The first snapshot of a large database, and its restore."""

import os
import sqlite3
import time

from ..errors import SampleFailed
from ..metric import Metric
from ..process import run_measured


class Snapshot:
    name = "snapshot"
    title = "first snapshot of a 1 GB database"
    tools = ("cp", "cp+fsync", "follower", "litestream", "lshost")
    metrics = (Metric("snapshot_s", "first snapshot", "s", "cp", goal_ratio=1.5),)

    @staticmethod
    def sample(context, tool):
        work = context.fresh()
        return {"snapshot_s": _snapshot(tool, copy_of_source(context, work), work)}


class Restore:
    name = "restore"
    title = "restore of that snapshot"
    tools = ("cp", "cp+fsync", "litestream", "lshost")
    metrics = (
        Metric("restore_s", "restore", "s", "cp", goal_ratio=1.3),
        Metric("peak_mb", "peak memory", "MB", decimals=0),
        Metric("cpu_s", "CPU", "s", "cp"),
    )

    @staticmethod
    def sample(context, tool):
        work = context.fresh()
        output = work / "restored.db"
        _snapshot(tool, copy_of_source(context, work), work)
        figures = run_measured(tool.restore_command(work / "replica" / "0", output), work / "restore.log")
        if _rows(output) != _rows(_source(context)):
            raise SampleFailed("the restored database has not as many rows as the source")
        return {"restore_s": figures["seconds"], "peak_mb": figures["peak_mb"], "cpu_s": figures["cpu_s"]}


def _snapshot(tool, database, work):
    """Seconds from the start of the tool to a snapshot under its final name, below work/replica/0."""
    replica = work / "replica" / "0"
    snapshots = replica / "generations" / "0" / "snapshots"
    command = tool.copy_command(database, snapshots / "0.snapshot")
    if command:
        snapshots.mkdir(parents=True)
        return run_measured(command, work / "copy.log")["seconds"]
    with tool.start([database], work / "replica", work) as daemon:
        tool.wait_ready(daemon, work / "replica", timeout_s=120)
        return time.monotonic() - daemon.started_at


def _source(context):
    """Made once for all samples."""
    source = context.root / f"source-{context.size('1g', '100m')}.db"
    if not source.exists():
        part = source.with_suffix(".part")
        part.unlink(missing_ok=True)
        context.make_database(part, context.size(10**9, 10**8))
        part.rename(source)
        os.sync()  # or the first sample would wait for what is still being written out
    return source


def copy_of_source(context, work):
    database = work / "app.db"
    run_measured(["cp", "--reflink=never", str(_source(context)), str(database)], work / "source.log")
    run_measured(["sync", str(database)], work / "source.log")
    return database


def _rows(database):
    connection = sqlite3.connect(f"file:{database}?immutable=1", uri=True)
    try:
        return connection.execute("SELECT count(*) FROM load").fetchone()[0]
    finally:
        connection.close()
