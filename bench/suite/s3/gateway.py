"""The Ceph gateway of the test suite (tests/servers/start-rgw): started once, for all samples; everything in memory."""

import atexit
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import SampleFailed, Unsupported
from .client import Client

SERVERS = Path(__file__).resolve().parents[3] / "tests" / "servers"
NOT_INSTALLED = 77


@dataclass(frozen=True)
class Place:
    """Where a replica goes: all that a tool has to be told."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str
    prefix: str

    def through(self, endpoint):
        return Place(endpoint, self.access_key, self.secret_key, self.bucket, self.prefix)

    def client(self):
        address = urlsplit(self.endpoint)
        return Client(address.hostname, address.port, self.access_key, self.secret_key)


class Gateway:
    """Makes places; each sample gets a bucket of its own."""

    _running = None

    @classmethod
    def get(cls, context):
        if cls._running is None:
            cls._running = cls(context.root / "rgw")
        return cls._running

    def __init__(self, folder):
        done = subprocess.run([str(SERVERS / "start-rgw"), str(folder)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)
        if done.returncode == NOT_INSTALLED:
            raise Unsupported(done.stdout.strip())
        if done.returncode != 0:
            raise SampleFailed(f"the gateway did not start: {done.stderr.strip()[-600:]}")
        atexit.register(subprocess.run, [str(SERVERS / "stop"), str(folder)], check=False)
        self._env = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        self._buckets = 0

    def place(self):
        self._buckets += 1
        place = Place(self._env["S3_ENDPOINT"], self._env["S3_ACCESS_KEY"], self._env["S3_SECRET_KEY"],
                      f"bench-{self._buckets}", "app")
        with place.client() as client:
            client.make_bucket(place.bucket)
        return place

    @staticmethod
    def empty(place):
        """The server keeps everything in memory: what a sample has stored goes when it ends."""
        with place.client() as client:
            for key in client.list(place.bucket, ""):
                client.remove(place.bucket, key)
