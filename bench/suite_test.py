"""The suite's own judgements: what the witnesses said, when a commit was durable, what the table claims. Run by ctest."""

import http.server
import json
import socket
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from suite import cli, strace, sync_witness, table  # noqa: E402
from suite.context import Context, Observer  # noqa: E402
from suite.errors import SampleFailed, Unsupported  # noqa: E402
from suite.measures import ALL  # noqa: E402
from suite.measures.latency import AtRate, durable_ns  # noqa: E402
from suite.measures.local_writes import LocalWrites  # noqa: E402
from suite.measures.object_store import Lag  # noqa: E402
from suite.metric import Metric, percentile  # noqa: E402
from suite.process import Daemon, run_measured, wait_until  # noqa: E402
from suite.s3.gateway import Place  # noqa: E402
from suite.s3.recorder import Recorder, Request  # noqa: E402

TRACE = """\
10    pwrite64(7</r/0/wal/0.wal>, ""..., 4096, 0 <unfinished ...>
11 pwrite64(8</m/shadow.wal>, ""..., 100, 0) = 100
10 <... pwrite64 resumed>) = 4096
10 pwrite64(7</r/0/wal/0.wal>, ""..., 4096, 4096) = -1 EIO (Input/output error)
10 write(5<anon_inode:[eventfd]>, ""..., 8) = 8
10 write(6<pipe:[77]>, ""..., 5) = 5
10 copy_file_range(4</app.db>, NULL, 9</r/0/s.tmp>, NULL, 100, 0) = 90
10 --- SIGTERM {si_signo=SIGTERM} ---
10 +++ exited with 0 +++
10 pwrite64(7</r/0/wal/0.wal>, ""..., 24, 4096) = 24
"""


class Strace(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.trace = Path(self.folder.name) / "trace"
        self.trace.write_text(TRACE)
        self.addCleanup(self.folder.cleanup)

    def test_written_bytes_are_counted_by_the_file_they_went_to_and_only_files_count(self):
        self.assertEqual(dict(strace.written_bytes(self.trace)), {"/r/0/wal/0.wal": 4120, "/m/shadow.wal": 100, "/r/0/s.tmp": 90})

    def test_a_line_that_is_being_written_is_left_for_later(self):
        self.trace.write_text(TRACE + "10 pwrite64(7</r/0/w")
        self.assertEqual(strace.written_bytes(self.trace)["/r/0/wal/0.wal"], 4120)

    def test_what_is_not_understood_is_an_error_and_not_a_figure_of_zero(self):
        self.trace.write_text("10: write(7</r>, ""..., 5) = 5\n")
        with self.assertRaises(SampleFailed):
            strace.written_bytes(self.trace)


class SyncWitness(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.notes = Path(folder.name) / "syncs"

    def test_syncs_come_in_the_order_of_their_ends_and_a_path_may_have_spaces(self):
        self.notes.write_text("150 900 /m/a b.wal\n100 300 /r/0.wal\n200 40")
        self.assertEqual(sync_witness.syncs(self.notes),
                         [sync_witness.Sync("/r/0.wal", 100, 300), sync_witness.Sync("/m/a b.wal", 150, 900)])

    def test_what_is_not_understood_is_an_error_and_a_tool_that_never_synced_has_no_notes(self):
        self.assertEqual(sync_witness.syncs(self.notes), [])
        self.notes.write_text("soon 300 /r/0.wal\n")
        with self.assertRaises(SampleFailed):
            sync_witness.syncs(self.notes)


class Durable(unittest.TestCase):
    def sync(self, begin_ms, end_ms):
        return sync_witness.Sync("w", int(begin_ms * 1e6), int(end_ms * 1e6))

    def test_a_published_file_is_durable_when_it_is_seen(self):
        self.assertEqual(durable_ns(0, (5, 7, "w"), []), 7)

    def test_the_first_sync_entered_after_the_commit_began_counts(self):
        syncs = [self.sync(1, 2), self.sync(10.2, 10.5), self.sync(60, 60.3)]
        self.assertEqual(durable_ns(10_000_000, (10_100_000, 0, "w"), syncs), 10_500_000)

    def test_an_observer_that_wakes_after_the_sync_does_not_shift_it_to_the_next(self):
        syncs = [self.sync(10.2, 10.5), self.sync(60, 60.3)]
        self.assertEqual(durable_ns(10_000_000, (11_500_000, 0, "w"), syncs), 10_500_000)

    def test_a_sync_that_was_under_way_when_the_commit_began_does_not_count(self):
        syncs = [self.sync(9.9, 10.2), self.sync(10.3, 10.6)]
        self.assertEqual(durable_ns(10_000_000, (10_250_000, 0, "w"), syncs), 10_600_000)

    def test_a_sync_that_ended_long_before_the_bytes_were_seen_is_of_something_else(self):
        syncs = [self.sync(10.2, 10.5), self.sync(40, 40.3)]
        self.assertEqual(durable_ns(10_000_000, (39_900_000, 0, "w"), syncs), 40_300_000)

    def test_bytes_that_were_never_synced_are_never_durable(self):
        self.assertIsNone(durable_ns(10, (12, 0, "w"), []))


class S3Recorder(unittest.TestCase):
    """A real HTTP server behind the recorder, asked by the suite's own client."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(200 if body else 403, body)

        def do_GET(self):
            self.answer(200, b"<Key>a</Key>" * 20_000)

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    def setUp(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.Handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.recorder = Recorder(f"http://127.0.0.1:{server.server_port}")
        self.addCleanup(self.recorder.__exit__)
        self.place = Place(self.recorder.endpoint, "key", "secret", "bucket", "app")

    def noted(self, count):
        """A request is noted after its answer was passed on."""
        wait_until(lambda: len(self.recorder.requests()) == count, 10, f"{count} requests")
        return self.recorder.requests()

    def test_requests_of_one_connection_are_noted_each_with_its_size_and_its_answer(self):
        with self.place.client() as client:
            client.put("bucket", "app/wal/1", b"x" * 300_000)
            self.assertEqual(len(client.list("bucket", "app")), 20_000)
            with self.assertRaises(SampleFailed):
                client.put("bucket", "app/wal/2", b"")
        requests = self.noted(3)
        self.assertEqual([(r.method, r.path.split("?")[0], r.body_bytes, r.status) for r in requests], [
            ("PUT", "/bucket/app/wal/1", 300_000, 200), ("GET", "/bucket", 0, 200), ("PUT", "/bucket/app/wal/2", 0, 403)])
        self.assertTrue(all(r.begin_ns < r.end_ns for r in requests))

    def test_a_body_that_waits_for_leave_is_passed_on(self):
        host, port = self.recorder.endpoint.removeprefix("http://").split(":")
        connection = socket.create_connection((host, int(port)))
        self.addCleanup(connection.close)
        connection.sendall(b"PUT /b/k HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        self.assertIn(b" 100 ", connection.recv(1000))
        connection.sendall(b"hello")
        self.assertIn(b" 200 ", connection.recv(1000))
        self.assertEqual([(r.body_bytes, r.status) for r in self.noted(1)], [(5, 200)])


class S3Lag(unittest.TestCase):
    def put(self, begin, end):
        return Request("PUT", "/b/app/wal/1", 10, int(begin * 1e6), int(end * 1e6), 200)

    def test_a_commit_is_stored_by_the_first_put_that_began_after_its_transaction(self):
        commits = [(1, 10_000_000, 10_500_000), (2, 20_000_000, 20_500_000)]
        figures = Lag._figures(commits, [self.put(9, 30), self.put(11, 14), self.put(21, 27)])
        self.assertEqual((figures["p50"], figures["p99"], figures["put_p50"]), (3.5, 6.5, 3.0))

    def test_a_commit_that_no_put_followed_is_a_failed_sample(self):
        with self.assertRaises(SampleFailed):
            Lag._figures([(1, 10_000_000, 10_500_000)], [self.put(9, 30)])


class LocalWritesClasses(unittest.TestCase):
    def test_replica_database_and_all_the_rest(self):
        names = [LocalWrites._class(p, Path("/w/app.db"), Path("/w/replica"))
                 for p in ("/w/replica/0/x", "/w/app.db", "/w/app.db-wal", "/w/.app.db-lshost/wal/1", "/w/replica2/x")]
        self.assertEqual(names, ["replica", "checkpoint", "local", "local", "local"])


class Table(unittest.TestCase):
    class Measure:
        metrics = (
            Metric("latency", "latency", "ms", "follower", goal_ratio=2),
            Metric("rate", "rate", "MB/s", "follower", goal=75, goal_limit=150, more_is_better=True),
            Metric("idle", "idle", "ms/s", "follower", goal=1),
            Metric("absent", "absent", "s"),
        )

    def rows(self, ours):
        limit = {"latency": 1.0, "rate": 100.0, "idle": 0.0}
        return {row["key"]: row for row in table.rows(self.Measure, {"follower": limit, "lshost": ours})}

    def test_targets_scale_with_the_limit_of_this_run_and_absolute_ones_do_not(self):
        rows = self.rows({"latency": 1.5, "rate": 60.0, "idle": 0.5})
        self.assertEqual([rows[key]["wanted"] for key in ("latency", "rate", "idle")], [2.0, 50.0, 1])
        self.assertEqual([rows[key]["is_reached"] for key in ("latency", "rate", "idle")], [True, True, True])
        self.assertNotIn("absent", rows)

    def test_what_misses_is_said_in_both_directions(self):
        rows = self.rows({"latency": 2.5, "rate": 40.0, "idle": 2.0})
        self.assertEqual([rows[key]["is_reached"] for key in ("latency", "rate", "idle")], [False, False, False])

    def test_no_ratio_to_a_limit_of_nothing(self):
        self.assertIsNone(self.rows({"idle": 0.5})["idle"]["ratio_to_limit"])

    def test_the_goal_is_shown_as_it_was_set(self):
        self.assertEqual([metric.goal_text() for metric in self.Measure.metrics],
                         ["2 x follower", "75 at 150", "1", "-"])

    def test_without_a_limit_in_this_run_a_goal_counts_as_it_was_set_and_a_ratio_says_nothing(self):
        rows = {row["key"]: row for row in table.rows(self.Measure, {"lshost": {"latency": 1.5, "rate": 60.0}})}
        self.assertEqual((rows["rate"]["wanted"], rows["rate"]["is_reached"]), (75, False))
        self.assertIsNone(rows["latency"]["wanted"])

    def test_every_goal_of_the_project_has_its_row(self):
        goals = {f"{measure.name}.{metric.key}": metric.goal_text() for measure in ALL for metric in measure.metrics
                 if metric.goal_text() != "-"}
        self.assertEqual(goals, {
            "latency.p50": "1.2 at 0.71", "latency.p99": "4 at 1.8",
            "application-first.plain_p99_us": "2 x alone", "application-first.reader_p99_us": "2 x alone",
            "application-first.no-wait_p99_us": "2 x alone", "application-first.hanging_p99_us": "2 x alone",
            "isolated.p50": "1.2 at 0.71", "isolated.p99": "4 at 1.8",
            "idle.cpu_ms_per_s": "1", "idle.pss_mb": "200",
            "stream.replicated_mb_s": "150 at 190", "stream.catch_up_s": "3", "stream.cpu_s_per_gb": "3 at 1.7",
            "local-writes.local": "1.1",
            "snapshot.snapshot_s": "1.5 x cp", "restore.restore_s": "1.3 x cp",
            "parts.restore_s": "1 at 0.6", "parts.peak_mb": "64",
            "downtime.resume_s": "2 x cp", "downtime.sent_mb": "1",
            "s3-lag.p50": "2 x bare", "s3-snapshot.snapshot_s": "1.25 x bare", "s3-snapshot.peak_mb": "128",
            "s3-restore.restore_s": "0.2 x litestream",
        })

    def test_medians_take_what_is_there(self):
        self.assertEqual(table.medians([{"a": 1, "b": 5}, {"a": 3}, {"a": 2}]), {"a": 2, "b": 5})

    def test_it_renders_with_tools_missing(self):
        text = table.render([(AtRate, {"lshost": {"p50": 1.0}})], ["cp", "lshost"])
        self.assertIn("20 small commits/s", text)


class Samples(unittest.TestCase):
    """One sample after the other, whatever becomes of each."""

    class Measure:
        name, title, tools = "stream", "stream", ("cp", "cp+fsync", "lshost")
        metrics = (Metric("replicated_mb_s", "rate", "MB/s"),)

        def __init__(self):
            self.outcomes = iter([ValueError("not a number"), {"replicated_mb_s": 5.0}, Unsupported("no such function"),
                                  {"replicated_mb_s": 3.0}, SampleFailed("too late"), {"replicated_mb_s": 4.0}])

        def sample(self, _context, _tool):
            outcome = next(self.outcomes)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.json = self.folder / "result.json"
        options = SimpleNamespace(quick=True, runs=2, tools="cp,cp+fsync,lshost", litestream=None, json=str(self.json),
                                  dir=folder.name, lshost=None)
        self.run_ = cli.Run(options, Context(options, folder.name))
        self.quiet = mock.patch.object(cli.Run, "_say")
        self.quiet.start()
        self.addCleanup(self.quiet.stop)

    def test_a_sample_that_fails_in_whatever_way_stops_no_other_and_its_reason_is_kept(self):
        self.run_.measure(self.Measure())
        document = json.loads(self.json.read_text())
        rate = "replicated_mb_s"
        self.assertEqual(document["samples"], {"stream": {
            "cp": [{rate: 3.0}], "cp+fsync": [{rate: 5.0}], "lshost": [{rate: 4.0}]}})
        self.assertEqual(document["failures"], [
            {"measure": "stream", "tool": "cp", "run": 1, "error": "ValueError: not a number"},
            {"measure": "stream", "tool": "cp+fsync", "run": 2, "error": "too late"},
        ])
        self.assertEqual(document["left_out"], [{"measure": "stream", "tool": "lshost", "run": 1, "reason": "no such function"}])

    def test_what_was_measured_is_in_the_file_before_the_next_sample_begins(self):
        measure = self.Measure()
        measure.outcomes = iter([{"replicated_mb_s": 5.0}, KeyboardInterrupt()])
        measure.sample = mock.Mock(side_effect=measure.outcomes)
        with self.assertRaises(KeyboardInterrupt):
            self.run_.measure(measure)
        self.assertEqual(json.loads(self.json.read_text())["samples"]["stream"]["cp"], [{"replicated_mb_s": 5.0}])

    def test_programs_that_are_not_there_are_known_before_anything_is_measured(self):
        missing = cli.missing_programs(self.run_.context, ["lshost"])
        self.assertIn(str(self.folder / "lshost"), missing)
        self.assertIn(str(self.folder / "bench_writer"), missing)
        self.assertNotIn(str(self.folder / "lshost"), cli.missing_programs(self.run_.context, ["cp"]))


class Processes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.log = self.folder / "log"

    def test_a_failure_under_a_daemon_tells_what_the_daemon_said(self):
        with self.assertRaisesRegex(SampleFailed, "^came too late; the tool ended with 3 and says: disk full$"):
            with Daemon(["sh", "-c", "echo disk full; exit 3"], self.log) as daemon:
                daemon.process.wait()
                raise SampleFailed("came too late")

    def test_an_interrupt_stays_one(self):
        with self.assertRaises(KeyboardInterrupt):
            with Daemon(["sleep", "60"], self.log):
                raise KeyboardInterrupt

    def test_a_command_that_hangs_is_stopped_and_fails(self):
        with self.assertRaisesRegex(SampleFailed, "was stopped after 0 s"):
            run_measured(["sleep", "60"], self.log, timeout_s=0.05)

    def test_a_command_is_measured(self):
        self.assertEqual(set(run_measured(["true"], self.log)), {"seconds", "peak_mb", "cpu_s"})

    def observer(self, script):
        program = self.folder / "bench_observer"
        program.write_text("#!/bin/sh\n" + script)
        program.chmod(0o755)
        options = SimpleNamespace(quick=True, litestream=None, dir=str(self.folder), lshost=None)
        return Observer(Context(options, self.folder), self.folder, 7, 5)

    def test_the_observer_tells_of_each_commit(self):
        with self.observer("echo ready; echo 6 10 0 /r/wal/a b; echo 7 20 25 /r/wal/c") as observer:
            self.assertEqual(observer.finish(), {6: (10, 0, "/r/wal/a b"), 7: (20, 25, "/r/wal/c")})

    def test_an_observer_that_does_not_start_or_waits_in_vain_is_a_failed_sample(self):
        with self.assertRaisesRegex(SampleFailed, "before it watched"):
            self.observer("exit 2")
        with self.observer("echo ready; exit 1") as observer, self.assertRaisesRegex(SampleFailed, "in time"):
            observer.finish()


class Percentile(unittest.TestCase):
    def test_ends_and_middle(self):
        values = list(range(101))
        self.assertEqual([percentile(values, f) for f in (0, 0.5, 0.99, 1)], [0, 50, 99, 100])


if __name__ == "__main__":
    unittest.main()
