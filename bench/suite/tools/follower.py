"""bench_follower: the practical limit of a daemon that replicates (see bench/programs/follower.cpp)."""

from .base import Tool


class Follower(Tool):
    name = "follower"

    def command(self, databases, replica, work):
        lines = [f"{database}\t{replica / str(i)}\n" for i, database in enumerate(databases)]
        (work / "follower.list").write_text("".join(lines))
        return [str(self.context.program("follower")), "--list", str(work / "follower.list")]
