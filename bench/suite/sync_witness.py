"""Which file a tool synced, from when to when: noted inside the tool by a library that is loaded into it first.

Works for programs that call the C library (lshost, the follower), not for static ones and not for Go. The tool runs at full
speed; strace, which stops it at each sync, made every measured commit slower by about half a millisecond on two cores.
"""

from collections import namedtuple

from .errors import SampleFailed

Sync = namedtuple("Sync", "path begin_ns end_ns")


def environment(context, notes):
    return {"LD_PRELOAD": str(context.bin_dir / "bench_sync_witness.so"), "LSHOST_BENCH_SYNCS": str(notes)}


def syncs(notes):
    """Every sync that succeeded, in the order of their ends. The tool is at work: a line that is not whole yet is left out."""
    found = []
    for line in notes.read_text(errors="replace").splitlines(keepends=True) if notes.exists() else []:
        if not line.endswith("\n"):
            break
        try:
            begin_ns, end_ns, path = line[:-1].split(" ", 2)
            found.append(Sync(path, int(begin_ns), int(end_ns)))
        except ValueError:
            raise SampleFailed(f"the sync witness noted what this parser does not know: {line.strip()}") from None
    return sorted(found, key=lambda sync: sync.end_ns)
