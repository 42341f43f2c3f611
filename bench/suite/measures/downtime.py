"""What it takes to go on after the application wrote and checkpointed while the tool was down."""

import filecmp
import random
import sqlite3
import time

from ..errors import SampleFailed
from ..metric import Metric
from ..process import run_measured, wait_until
from .snapshot import copy_of_source

PAGES = 20


class Downtime:
    name = "downtime"
    title = f"{PAGES} changed pages of 1 GB, checkpointed while the tool was down"
    tools = ("cp", "litestream", "lshost")
    metrics = (
        Metric("resume_s", "start to replicated", "s", "cp", goal_ratio=2),
        Metric("sent_mb", "sent", "MB", goal=1),
    )

    @staticmethod
    def sample(context, tool):
        work = context.fresh()
        database = copy_of_source(context, work)
        replica = work / "replica"
        if tool.name == "cp":  # reads the file once
            return {"resume_s": run_measured(["cat", str(database)], work / "cat.log")["seconds"]}
        with tool.start([database], replica, work) as daemon:
            tool.wait_ready(daemon, replica, timeout_s=120)
            wait_until(lambda: tool.is_at_rest(database), 120, "the tool to be at rest")
        _change(database)
        before = _files(replica)
        with tool.start([database], replica, work) as daemon:
            wait_until(lambda: tool.has_resumed(replica / "0", before), 120, "the changes at the replica", pause_s=0.002)
            seconds = time.monotonic() - daemon.started_at
        sent = sum(size - before.get(path, 0) for path, size in _files(replica).items())
        output = work / "restored.db"
        run_measured(tool.restore_command(replica / "0", output), work / "restore.log")
        if not filecmp.cmp(output, database, shallow=False):
            raise SampleFailed("the restored database differs from the source")
        return {"resume_s": seconds, "sent_mb": sent / 1e6}


def _change(database):
    connection = sqlite3.connect(database)
    last = connection.execute("SELECT max(rowid) FROM load").fetchone()[0]
    chosen = random.Random(1)
    for _ in range(PAGES):
        row = chosen.randrange(last) + 1
        connection.execute(f"UPDATE load SET body = randomblob(length(body)) WHERE rowid = {row}")
        connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _files(replica):
    return {path: path.stat().st_size for path in replica.rglob("*") if path.is_file()}
