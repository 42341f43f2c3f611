"""strace as a witness: who wrote how many bytes where.

With --seccomp-bpf the kernel stops the tool only at the calls that are asked for; everything else runs at full speed.
"""

import re
import shutil
from collections import defaultdict

from .errors import SampleFailed

WRITE_CALLS = "write,pwrite64,writev,pwritev,pwritev2,copy_file_range,sendfile,splice"

_LINE = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(.*)$")
_NO_CALL = re.compile(r"^\d+ +(---|\+\+\+)|^strace:")
_PATH = re.compile(r"\d+<([^>]*)>")
_RESULT = re.compile(r"= (-?\d+)")


def is_available():
    return shutil.which("strace") is not None


def command(calls, output):
    return ["strace", "--seccomp-bpf", "-f", "-qq", "-y", "-s", "0", "-e", f"trace={calls}",
            "-e", "signal=none", "-o", str(output), "--"]


def _calls(path):
    """(call, arguments, result) of each finished call; calls that were interrupted in print are joined."""
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
            pid, call, rest = match.groups()
            if rest.endswith("<unfinished ...>"):
                begun[pid] = rest
                continue
            arguments = begun.pop(pid) if " resumed>" in rest and pid in begun else rest
            if result := _RESULT.search(rest):
                yield call, arguments, int(result.group(1))


def written_bytes(path):
    """Bytes written per file. What is no file (pipes, sockets, event counters) is left out."""
    totals = defaultdict(int)
    for call, arguments, result in _calls(path):
        paths = _PATH.findall(arguments)
        if result <= 0 or not paths:
            continue
        # copy_file_range and splice name the source first, all others the destination.
        target = paths[-1] if call in ("copy_file_range", "splice") else paths[0]
        if target.startswith("/") and not target.startswith("/dev/"):
            totals[target] += result
    return totals
