"""bench_follower: the practical limit of a daemon that replicates (see bench/programs/follower.cpp)."""

from .base import Tool


class Follower(Tool):
    name = "follower"
    options = ()

    def command(self, databases, replica, work):
        lines = [f"{database}\t{replica / str(i)}\n" for i, database in enumerate(databases)]
        (work / "follower.list").write_text("".join(lines))
        return [str(self.context.program("follower")), "--list", str(work / "follower.list"), *self.options]


class OrderedFollower(Follower):
    """The same, and no replica is ahead of what its source keeps after a power cut: two syncs, one after the other."""

    name = "follower-ordered"
    options = ("--sync-source",)
