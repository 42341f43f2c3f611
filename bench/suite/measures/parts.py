"""Restore of a snapshot and a long WAL that lies in thousands of parts; the result is compared byte for byte."""

import filecmp
import shutil

from ..errors import SampleFailed, Unsupported
from ..metric import Metric
from ..process import run_measured


class Parts:
    name = "parts"
    title = "restore of 200 MB + 500 MB of WAL in 2000 parts"
    tools = ("cp", "litestream", "lshost")
    metrics = (
        Metric("restore_s", "restore", "s", "cp", goal=1.0, goal_limit=0.6),
        Metric("peak_mb", "peak memory", "MB", goal=64, decimals=0),
        Metric("cpu_s", "CPU", "s", "cp"),
    )

    @classmethod
    def sample(cls, context, tool):
        made = cls._made(context)
        replica = made / (tool.parts_layout or "none")
        if not replica.exists():
            raise Unsupported(f"{tool.name}: no replica in its layout (bench_generate was built without liblz4?)")
        output = context.fresh() / "restored.db"
        figures = run_measured(tool.restore_command(replica, output), output.parent / "restore.log")
        if tool.name != "cp" and not filecmp.cmp(output, made / "source.db", shallow=False):
            raise SampleFailed("the restored database differs from the source")
        return {"restore_s": figures["seconds"], "peak_mb": figures["peak_mb"], "cpu_s": figures["cpu_s"]}

    @staticmethod
    def _made(context):
        """Made once by a generator: the same bytes for all tools and runs."""
        made = context.root / f"parts-{context.size('full', 'quick')}"
        generator = context.program("generate")
        if not made.exists() or made.stat().st_mtime < generator.stat().st_mtime:
            shutil.rmtree(made, ignore_errors=True)
            part = made.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            sizes = context.size((200_000_000, 500_000_000, 2000), (20_000_000, 50_000_000, 200))
            options = zip(("--db-bytes", "--wal-bytes", "--parts"), map(str, sizes))
            command = [str(generator), "--dir", str(part), *(word for pair in options for word in pair)]
            run_measured(command, context.root / "generate.log")
            part.rename(made)
        return made
