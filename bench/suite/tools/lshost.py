"""lshost with the file plugin and its defaults."""

import subprocess

from ..errors import Unsupported
from .base import Tool


class Lshost(Tool):
    name = "lshost"
    parts_layout = "file"
    replica_settings = ""

    @property
    def binary(self):
        if not self.context.lshost.exists():
            raise Unsupported(f"lshost: {self.context.lshost} does not exist; build it, or name it with --lshost")
        return str(self.context.lshost)

    def version(self):
        return subprocess.run([self.binary, "version"], capture_output=True, text=True, check=False).stdout.strip()

    def command(self, databases, replica, work):
        text = '[log]\nlevel = "warn"\n'
        for i, database in enumerate(databases):
            text += f'\n[[database]]\npath = "{database}"\n\n  [[database.replica]]\n  type = "file"\n'
            text += f'  path = "{replica / str(i)}"\n{self.replica_settings}'
        (work / "replicas.toml").write_text(text)
        return [self.binary, "--config", str(work / "replicas.toml")]

    def s3_command(self, database, place, work, sync_interval=None):
        (work / "replicas.toml").write_text(
            f'[log]\nlevel = "warn"\n\n[[database]]\npath = "{database}"\n\n  [[database.replica]]\n  type = "s3"\n'
            f'  bucket = "{place.bucket}"\n  prefix = "{place.prefix}"\n  endpoint = "{place.endpoint}"\n'
            f'  access-key-id = "{place.access_key}"\n  secret-access-key = "{place.secret_key}"\n'
            + (f'  sync-interval = "{sync_interval}"\n' if sync_interval else ""))
        return [self.binary, "--config", str(work / "replicas.toml")]

    def s3_restore_command(self, database, place, work, output):
        self.s3_command(database, place, work)
        return [self.binary, "restore", "--config", str(work / "replicas.toml"), str(database), "--output", str(output)]

    def with_hanging_replica(self, endpoint):
        """The same with a second replica, whose S3 server stands there."""
        tool = type(self)(self.context)
        tool.replica_settings = self.replica_settings + (
            f'\n  [[database.replica]]\n  type = "s3"\n  bucket = "b"\n  prefix = "p"\n  endpoint = "{endpoint}"\n'
            '  access-key-id = "a"\n  secret-access-key = "s"\n')
        return tool

    def is_at_rest(self, database):
        return (database.parent / f".{database.name}-lshost" / "pages").exists()

    def has_resumed(self, replica, before):
        logs = replica.glob("generations/*/wal/*.wal")
        return super().has_resumed(replica, before) or any(log.stat().st_size > before.get(log, 0) for log in logs)

    def restore_command(self, replica, output):
        return [self.binary, "restore", f"file://{replica}", "--output", str(output)]


class LshostIsolated(Lshost):
    """The plugin in a process of its own."""

    name = "lshost-isolated"
    parts_layout = None
    replica_settings = '  isolation = "process"\n'
