"""What every sample needs: programs, folders, sizes, and the application and the observer as functions."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from .errors import SampleFailed


class Context:
    def __init__(self, options, bin_dir):
        self.bin_dir = Path(bin_dir)
        self.litestream = options.litestream
        self.lshost = Path(options.lshost or self.bin_dir / "lshost")
        self.is_quick = options.quick
        self.root = Path(options.dir).resolve()

    def program(self, name):
        return self.bin_dir / f"bench_{name}"

    def size(self, full, quick):
        return quick if self.is_quick else full

    def fresh(self):
        """An empty folder for one sample. What earlier samples wrote is on the disk before, so that nobody pays for others."""
        work = self.root / "sample"
        shutil.rmtree(work, ignore_errors=True)
        os.sync()
        work.mkdir(parents=True)
        (work / "replica").mkdir()
        return work

    def write(self, database, **options):
        """Runs the application to its end; gives what it reports."""
        command = [str(self.program("writer")), "--db", str(database)]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}"] if value is True else [f"--{name.replace('_', '-')}", str(value)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False)
        if done.returncode != 0:
            raise SampleFailed(f"the writer ended with {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def make_database(self, path, size_bytes):
        """A database of about that size, closed: everything is in the file, there is no WAL."""
        rows = size_bytes // 1366  # three rows of 1000 bytes to a page of 4096
        self.write(path, count=max(1, rows // 1000), rows=1000, row_bytes=1000, max_rows=10**9, synchronous="off")


class Observer:
    """bench_observer in the background: when did each commit come to be in the replica?"""

    def __init__(self, context, replica, until, timeout_s, *options):
        command = [str(context.program("observer")), "--dir", str(replica), "--until", str(until),
                   "--timeout", str(timeout_s), *map(str, options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            self.__exit__()
            raise SampleFailed(f"the observer ended with {self.process.returncode} before it watched")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def finish(self):
        """Waits for the awaited commit; gives {commit: (seen_ns, durable_ns or 0, path)}."""
        output, _ = self.process.communicate()
        if self.process.returncode == 1:
            raise SampleFailed("the last commit did not reach the replica in time")
        if self.process.returncode != 0:
            raise SampleFailed(f"the observer ended with {self.process.returncode}")
        seen = {}
        for line in output.splitlines():
            commit, seen_ns, durable_ns, path = line.strip().split(" ", 3)
            seen[int(commit)] = (int(seen_ns), int(durable_ns), path)
        return seen
