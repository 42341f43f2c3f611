"""What a measure may ask of a tool."""

from pathlib import Path

from ..errors import Unsupported
from ..process import Daemon, wait_until


class Tool:
    """One way to replicate databases. Databases and replicas are given by path; database i goes to replica/<i>."""

    name = ""
    # True: a file of the replica appears under its name when it is complete and synced (Litestream: temporary file, fsync,
    # rename). False: files grow, and their new bytes are durable only after a sync.
    publishes_whole = False
    # The name of the generator's layout (bench_generate) that the tool restores.
    parts_layout = None

    def __init__(self, context):
        self.context = context

    def version(self):
        return ""

    def command(self, databases, replica, work):
        """The command that replicates `databases`; may write its configuration into the folder `work`."""
        raise Unsupported(f"{self.name} does not replicate continuously")

    def restore_command(self, replica, output):
        raise Unsupported(f"{self.name} does not restore")

    def s3_command(self, database, place, work, sync_interval=None):
        """The command that replicates `database` to `place` (s3.gateway.Place); sync_interval: None is the tool's own."""
        raise Unsupported(f"{self.name} does not replicate to S3")

    def s3_restore_command(self, database, place, work, output):
        raise Unsupported(f"{self.name} does not restore from S3")

    def copy_command(self, database, output):
        """For tools that copy a database once, instead of a daemon's first snapshot."""
        return None

    def start(self, databases, replica, work, under=(), environment=None):
        for i in range(len(databases)):
            (replica / str(i)).mkdir(parents=True, exist_ok=True)
        return Daemon(self.command(databases, replica, work), work / "tool.log", under, environment)

    def wait_ready(self, daemon, replica, count=1, timeout_s=60):
        """Until each database has its first snapshot under its final name."""

        waiting = list(range(count))  # not looked at again once it is there: the looking must not cost the tool its time

        def all_there():
            daemon.check_alive()
            while waiting and self.snapshots(replica / str(waiting[-1])):
                waiting.pop()
            return not waiting

        wait_until(all_there, timeout_s, f"the first snapshot of {count} database(s)", pause_s=0.002)

    def is_at_rest(self, database):
        """Nothing is left to do for a database that nobody writes to, and that has its first snapshot."""
        return True

    def has_resumed(self, replica, before):
        """Started again, the replica has more than `before`, sizes by path."""
        return any(path not in before for path in self.snapshots(replica))

    @staticmethod
    def snapshots(replica):
        return [p for p in Path(replica).glob("generations/*/snapshots/*.snapshot*") if p.suffix != ".tmp"]
