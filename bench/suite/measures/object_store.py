"""A replica in S3: how late it is, what it asks of the server, how fast a snapshot goes up and a long chain comes down."""

import filecmp
import shutil
import subprocess
import threading
import time
from pathlib import Path

from ..errors import SampleFailed, Unsupported
from ..metric import Metric, percentile
from ..process import Daemon, run_measured, wait_until
from ..s3.gateway import Gateway
from ..s3.recorder import Recorder
from .snapshot import copy_of_source

BARE = "bare"
PART_BYTES = 8 << 20
CONNECTIONS = 4  # as many as lshost's `concurrency` has by default


class _OnS3:
    @classmethod
    def sample(cls, context, tool):
        gateway = Gateway.get(context)
        place, work = gateway.place(), context.fresh()
        try:
            return cls.sample_at(context, tool, place, work)
        finally:
            gateway.empty(place)


def _wait_for_snapshot(daemon, place, timeout_s=120):
    with place.client() as client:

        def is_there():
            daemon.check_alive()
            return any("/snapshots/" in key for key in client.list(place.bucket, place.prefix))

        wait_until(is_there, timeout_s, "the first snapshot", pause_s=0.02)


def _segments(requests):
    return [request for request in requests if request.method == "PUT" and "/wal/" in request.path and request.status == 200]


class Lag(_OnS3):
    name = "s3-lag"
    title = "S3: commit to stored segment, 5 small commits/s, sync-interval 0"
    tools = (BARE, "lshost")
    metrics = (
        Metric("p50", "p50 (bare: one PUT)", "ms", BARE, goal_ratio=2),
        Metric("p99", "p99", "ms", BARE),
        Metric("put_p50", "p50 of the PUT in it", "ms", BARE),
        Metric("put_bytes", "bytes of a PUT", "", decimals=0),
    )
    body_bytes = 700  # about what a page with a few small rows is under LZ4, with our facts behind it

    @classmethod
    def sample_at(cls, context, tool, place, work):
        count = context.size(150, 15)
        with Recorder(place.endpoint) as recorder:
            if tool.name == BARE:
                return cls._bare(place.through(recorder.endpoint), count)
            database = work / "app.db"
            context.write(database, first=1_000_000, count=10, row_bytes=100)
            command = tool.s3_command(database, place.through(recorder.endpoint), work, "0s")
            with Daemon(command, work / "tool.log") as daemon:
                _wait_for_snapshot(daemon, place)
                context.write(database, first=1_000_100, rate=5, count=5, row_bytes=100)
                context.write(database, stamps=work / "stamps", rate=5, jitter=True, count=count, row_bytes=100)
                commits = [tuple(map(int, line.split())) for line in (work / "stamps").read_text().splitlines()]
                last_begin_ns = commits[-1][1]
                wait_until(lambda: any(put.begin_ns > last_begin_ns for put in _segments(recorder.requests())), 30,
                           "the last commit's segment")
            return cls._figures(commits, _segments(recorder.requests()))

    @staticmethod
    def _figures(commits, puts):
        """A commit is stored by the first PUT that began after its transaction did: at this rate there is one for each."""
        lags, used = [], []
        puts = sorted(puts, key=lambda put: put.begin_ns)
        for _, begin_ns, end_ns in commits:
            put = next((put for put in puts if put.begin_ns > begin_ns), None)
            if put is None:
                raise SampleFailed("a commit was never stored")
            used.append(put)
            lags.append((put.end_ns - end_ns) / 1e6)
        lengths = [(put.end_ns - put.begin_ns) / 1e6 for put in used]
        return {"p50": percentile(lags, 0.5), "p99": percentile(lags, 0.99), "put_p50": percentile(lengths, 0.5),
                "put_bytes": percentile([put.body_bytes for put in used], 0.5)}

    @classmethod
    def _bare(cls, place, count):
        body = b"x" * cls.body_bytes
        lengths = []
        with place.client() as client:
            for number in range(count + 5):
                time.sleep(0.2)  # the pace of the commits: the server shall be as awake as it is for them
                seconds = client.put(place.bucket, f"{place.prefix}/wal/{number:08x}", body)
                if number >= 5:
                    lengths.append(seconds * 1e3)
        return {"p50": percentile(lengths, 0.5), "p99": percentile(lengths, 0.99), "put_p50": percentile(lengths, 0.5),
                "put_bytes": len(body)}


class Requests(_OnS3):
    name = "s3-requests"
    title = "S3: requests, with the tool's own sync-interval"
    tools = ("litestream", "lshost")
    metrics = (
        Metric("idle", "in an idle minute (goal: none)", "", decimals=0),
        Metric("put_hour", "PUTs of segments per hour at 10 commits/s", "", decimals=0),
        Metric("other_hour", "other requests per hour", "", decimals=0),
    )

    @classmethod
    def sample_at(cls, context, tool, place, work):
        seconds = context.size(60, 10)
        database = work / "app.db"
        context.write(database, count=10, row_bytes=100)
        with Recorder(place.endpoint) as recorder:
            with Daemon(tool.s3_command(database, place.through(recorder.endpoint), work), work / "tool.log") as daemon:
                _wait_for_snapshot(daemon, place)
                context.write(database, first=100, rate=10, count=20, row_bytes=100)
                time.sleep(3)  # what is under way ends
                idle_from = len(recorder.requests())
                time.sleep(seconds)
                load_from = len(recorder.requests())
                context.write(database, first=1_000, rate=10, seconds=seconds, row_bytes=100)
                under_load = recorder.requests()[load_from:]
        puts = len(_segments(under_load))
        return {"idle": (load_from - idle_from) * 60 / seconds, "put_hour": puts * 3600 / seconds,
                "other_hour": (len(under_load) - puts) * 3600 / seconds}


class Upload(_OnS3):
    name = "s3-snapshot"
    title = "S3: first snapshot of a 1 GB database"
    tools = (BARE, "litestream", "lshost")
    metrics = (
        Metric("snapshot_s", "first snapshot (bare: upload of ready LZ4)", "s", BARE, goal_ratio=1.25),
        Metric("peak_mb", "peak memory", "MB", goal=128, decimals=0),
        Metric("cpu_s", "CPU of the tool", "s"),
    )

    @classmethod
    def sample_at(cls, context, tool, place, work):
        database = copy_of_source(context, work)
        if tool.name == BARE:
            return {"snapshot_s": cls._bare(place, cls._compressed(context, database))}
        with Daemon(tool.s3_command(database, place, work), work / "tool.log") as daemon:
            _wait_for_snapshot(daemon, place, 600)
            return {"snapshot_s": time.monotonic() - daemon.started_at, "peak_mb": daemon.memory_mb()["peak"],
                    "cpu_s": daemon.cpu_ms() / 1000}

    @staticmethod
    def _compressed(context, database):
        if not shutil.which("lz4"):
            raise Unsupported("lz4 (the program) is not installed")
        compressed = Path(f"{context.root}/source-{database.stat().st_size}.lz4")
        if not compressed.exists():
            run_measured(["lz4", "-q", "-f", "-1", str(database), str(compressed)], context.root / "lz4.log")
        return compressed

    @staticmethod
    def _bare(place, path):
        content = path.read_bytes()
        parts = [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)]
        key = f"{place.prefix}/bare"
        etags = [None] * len(parts)
        begin = time.monotonic()
        with place.client() as client:
            upload = client.begin_upload(place.bucket, key)
            _in_parallel(place, range(len(parts)), CONNECTIONS, lambda own, i: etags.__setitem__(
                i, own.put_part(place.bucket, key, upload, i + 1, parts[i])))
            client.end_upload(place.bucket, key, upload, etags)
        return time.monotonic() - begin


class Chain(_OnS3):
    name = "s3-restore"
    title = "S3: restore of 20 MB and a chain of 5000 segments"
    tools = (BARE, "litestream", "lshost")
    metrics = (
        Metric("restore_s", "restore (bare: 8 connections get all objects)", "s", "litestream", goal_ratio=0.2),
        Metric("peak_mb", "peak memory", "MB", decimals=0),
        Metric("cpu_s", "CPU of the tool", "s", "litestream"),
    )

    @classmethod
    def sample_at(cls, context, tool, place, work):
        made = cls._made(context)
        replica = made / "litestream"
        if not replica.exists():
            raise Unsupported("bench_generate was built without liblz4")
        files = sorted(path for path in replica.rglob("*") if path.is_file())
        keys = [f"{place.prefix}/{path.relative_to(replica)}" for path in files]
        _in_parallel(place, range(len(files)), 8,
                     lambda own, i: own.put(place.bucket, keys[i], files[i].read_bytes()))
        if tool.name == BARE:
            begin = time.monotonic()
            _in_parallel(place, keys, 8, lambda own, key: own.get(place.bucket, key))
            return {"restore_s": time.monotonic() - begin}
        output = work / "restored.db"
        command = tool.s3_restore_command(work / "app.db", place, work, output)
        figures = run_measured(command, work / "restore.log")
        if not filecmp.cmp(output, made / "source.db", shallow=False):
            raise SampleFailed("the restored database differs from the source")
        return {"restore_s": figures["seconds"], "peak_mb": figures["peak_mb"], "cpu_s": figures["cpu_s"]}

    @staticmethod
    def _made(context):
        made = context.root / f"chain-{context.size('full', 'quick')}"
        if not made.exists():
            part = made.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            db_bytes, wal_bytes, parts = context.size((20_000_000, 500_000_000, 5000), (2_000_000, 20_000_000, 200))
            subprocess.run([str(context.program("generate")), "--dir", str(part), "--db-bytes", str(db_bytes),
                            "--wal-bytes", str(wal_bytes), "--parts", str(parts)], check=True)
            part.rename(made)
        return made


def _in_parallel(place, items, connections, do):
    """do(client, item) for each item, on so many threads with a connection each."""
    waiting, lock, errors = iter(list(items)), threading.Lock(), []

    def work():
        try:
            with place.client() as client:
                while not errors:
                    with lock:
                        item = next(waiting, None)
                    if item is None:
                        return
                    do(client, item)
        except Exception as e:  # told by the thread that waits
            errors.append(e)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
