"""Commit to synced replica: from the return of COMMIT in the application to the end of the sync that made it durable."""

import time

from .. import sync_witness
from ..context import Observer
from ..errors import SampleFailed
from ..metric import Metric, percentile

PRIME_FIRST = 2_000_000  # numbers of their own: a page that is written again carries the markers of its older rows
WARM_UP_FIRST = 1_000_000


def durable_ns(commit_begin_ns, seen, syncs_of_file):
    """When the bytes that were seen at seen[0] were durable.

    Who publishes whole files has synced them before, so that seeing is enough.
    Otherwise the first sync of that file counts that was entered after the transaction began, and did not end well before
    its bytes were seen (an earlier one can not have covered them).
    """
    seen_ns, durable, _ = seen
    if durable:
        return durable
    for sync in syncs_of_file:
        if sync.begin_ns >= commit_begin_ns and sync.end_ns >= seen_ns - 2_000_000:
            return sync.end_ns
    return None


class _Latency:
    tools = ("follower", "follower-ordered", "litestream", "litestream-10ms", "lshost", "lshost-isolated")

    @classmethod
    def sample(cls, context, tool):
        work = context.fresh()
        database, replica = work / "app.db", work / "replica"
        context.write(database, first=PRIME_FIRST, count=10, row_bytes=100)
        notes = work / "syncs"
        environment = {} if tool.publishes_whole else sync_witness.environment(context, notes)
        with tool.start([database], replica, work, environment=environment) as daemon:
            tool.wait_ready(daemon, replica)
            cls._warm_up(context, database, replica)
            options = cls.load(context)
            with Observer(context, replica, options["count"], 30 + options["count"] / options["rate"]) as observer:
                context.write(database, stamps=work / "stamps", **options)
                seen = observer.finish()
        syncs = {}
        for sync in sync_witness.syncs(notes):
            syncs.setdefault(sync.path, []).append(sync)
        return cls._figures(work / "stamps", seen, syncs)

    @staticmethod
    def _warm_up(context, database, replica):
        with Observer(context, replica, WARM_UP_FIRST + 4, 30) as observer:
            context.write(database, first=WARM_UP_FIRST, count=5, rate=10)
            observer.finish()
        time.sleep(0.2)  # not a condition: the measured commits shall find everybody asleep

    @classmethod
    def _figures(cls, stamps, seen, syncs):
        visible_ms, durable_ms, lost = [], [], 0
        for line in stamps.read_text().splitlines():
            commit, begin_ns, end_ns = map(int, line.split())
            if commit not in seen:
                lost += 1
                continue
            durable = durable_ns(begin_ns, seen[commit], syncs.get(seen[commit][2], []))
            visible_ms.append((seen[commit][0] - end_ns) / 1e6)
            if durable:
                durable_ms.append((durable - end_ns) / 1e6)
        if not durable_ms:
            raise SampleFailed("no commit became durable in the replica")
        figures = {"missing": lost + len(visible_ms) - len(durable_ms)}
        for name, values in (("", durable_ms), ("visible_", visible_ms)):
            if values:
                figures[f"{name}p50"] = percentile(values, 0.5)
                figures[f"{name}p99"] = percentile(values, 0.99)
        return figures


class AtRate(_Latency):
    name = "latency"
    title = "commit to synced replica, 20 small commits/s"
    metrics = (
        Metric("p50", "p50", "ms", "follower", goal=1.2, goal_limit=0.71),
        Metric("p99", "p99", "ms", "follower", goal=4, goal_limit=1.8),
        Metric("visible_p50", "p50, bytes in the replica, not yet synced", "ms", "follower"),
        Metric("visible_p99", "p99, bytes in the replica, not yet synced", "ms", "follower"),
        Metric("missing", "commits that were not seen", "", decimals=0),
    )

    @staticmethod
    def load(context):
        return {"rate": 20, "jitter": True, "count": context.size(600, 60), "row_bytes": 100}


class Isolated(_Latency):
    name = "isolated"
    title = "commit to synced replica, isolated commits (one in 0.7 to 2 s)"
    metrics = (
        Metric("p50", "p50", "ms", "follower", goal=1.2, goal_limit=0.71),
        Metric("p99", "p99", "ms", "follower", goal=4, goal_limit=1.8),
        Metric("missing", "commits that were not seen", "", decimals=0),
    )

    @staticmethod
    def load(context):
        return {"rate": 0.75, "jitter": True, "count": context.size(40, 6), "row_bytes": 100}
