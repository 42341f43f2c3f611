"""Litestream 0.3.x with a file replica: with its defaults, and with all its intervals at 10 ms."""

import subprocess

from ..errors import Unsupported
from .base import Tool


class Litestream(Tool):
    name = "litestream"
    publishes_whole = True
    parts_layout = "litestream"
    db_settings = ""
    replica_settings = ""

    @property
    def binary(self):
        if not self.context.litestream:
            raise Unsupported("litestream: name its executable with --litestream")
        return str(self.context.litestream)

    def version(self):
        return subprocess.run([self.binary, "version"], capture_output=True, text=True, check=False).stdout.strip()

    def command(self, databases, replica, work):
        text = "dbs:\n"
        for i, database in enumerate(databases):
            text += f"  - path: {database}\n{self.db_settings}    replicas:\n"
            text += f"      - type: file\n        path: {replica / str(i)}\n{self.replica_settings}"
        (work / "litestream.yml").write_text(text)
        return [self.binary, "replicate", "-config", str(work / "litestream.yml")]

    def s3_command(self, database, place, work, sync_interval=None):
        (work / "litestream.yml").write_text(
            f"access-key-id: {place.access_key}\nsecret-access-key: {place.secret_key}\ndbs:\n  - path: {database}\n"
            f"    replicas:\n      - type: s3\n        bucket: {place.bucket}\n        path: {place.prefix}\n"
            f"        endpoint: {place.endpoint}\n        region: us-east-1\n        force-path-style: true\n"
            + (f"        sync-interval: {sync_interval}\n" if sync_interval else ""))
        return [self.binary, "replicate", "-config", str(work / "litestream.yml")]

    def s3_restore_command(self, database, place, work, output):
        self.s3_command(database, place, work)
        return [self.binary, "restore", "-config", str(work / "litestream.yml"), "-o", str(output), str(database)]

    def restore_command(self, replica, output):
        return [self.binary, "restore", "-o", str(output), f"file://{replica}"]


class LitestreamFast(Litestream):
    name = "litestream-10ms"
    parts_layout = None
    db_settings = "    monitor-interval: 10ms\n"
    replica_settings = "        sync-interval: 10ms\n"
