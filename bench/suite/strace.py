"""strace as a witness: which file was synced from when to when, and who wrote how many bytes where.

With --seccomp-bpf the kernel stops the tool only at the calls that are asked for; everything else runs at full speed.
"""

import re
import shutil
from collections import defaultdict, namedtuple

from .errors import SampleFailed

SYNC_CALLS = "fsync,fdatasync"
WRITE_CALLS = "write,pwrite64,writev,pwritev,pwritev2,copy_file_range,sendfile,splice"

Sync = namedtuple("Sync", "path begin_ns end_ns")

_LINE = re.compile(r"^(\d+) +(\d+)\.(\d+) (?:<\.\.\. )?(\w+)(.*)$")
_NO_CALL = re.compile(r"^\d+ +\d+\.\d+ (---|\+\+\+)|^strace:")
_PATH = re.compile(r"\d+<([^>]*)>")
_RESULT = re.compile(r"= (-?\d+)")
_DURATION = re.compile(r"<(\d+)\.(\d+)>$")


def is_available():
    return shutil.which("strace") is not None


def command(calls, output):
    return ["strace", "--seccomp-bpf", "-f", "-qq", "-ttt", "-T", "-y", "-s", "0", "-e", f"trace={calls}",
            "-e", "signal=none", "-o", str(output), "--"]


def _calls(path):
    """(call, arguments, begin_ns, end_ns, result) of each finished call; calls that were interrupted in print are joined."""
    begun = {}
    with open(path, errors="replace") as lines:
        for line in lines:
            if not line.endswith("\n"):
                break  # strace is writing it just now
            match = _LINE.match(line.rstrip())
            if not match:
                if not _NO_CALL.match(line):
                    raise SampleFailed(f"strace printed what this parser does not know: {line.strip()}")
                continue
            pid, seconds, micros, call, rest = match.groups()
            at_ns = int(seconds) * 10**9 + int(micros) * 1000
            if rest.endswith("<unfinished ...>"):
                begun[pid] = (call, rest, at_ns)
                continue
            arguments, begin_ns = rest, at_ns
            if " resumed>" in rest and pid in begun:
                _, arguments, begin_ns = begun.pop(pid)
            result, duration = _RESULT.search(rest), _DURATION.search(rest)
            if result and duration:
                duration_ns = int(duration.group(1)) * 10**9 + int(duration.group(2)) * 1000
                yield call, arguments, begin_ns, begin_ns + duration_ns, int(result.group(1))


def syncs(path):
    """Every sync that succeeded, in the order of their ends."""
    found = []
    for call, arguments, begin_ns, end_ns, result in _calls(path):
        match = _PATH.search(arguments)
        if call in ("fsync", "fdatasync") and match and result == 0:
            found.append(Sync(match.group(1), begin_ns, end_ns))
    return sorted(found, key=lambda sync: sync.end_ns)


def written_bytes(path):
    """Bytes written per file. What is no file (pipes, sockets, event counters) is left out."""
    totals = defaultdict(int)
    for call, arguments, _, _, result in _calls(path):
        paths = _PATH.findall(arguments)
        if result <= 0 or not paths:
            continue
        # copy_file_range and splice name the source first, all others the destination.
        target = paths[-1] if call in ("copy_file_range", "splice") else paths[0]
        if target.startswith("/") and not target.startswith("/dev/"):
            totals[target] += result
    return totals
