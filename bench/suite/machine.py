"""On what a run was made; figures of two machines are not comparable, ratios are, somewhat."""

import os
import platform
import re
import subprocess
from pathlib import Path

from . import strace


def describe(folder):
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal:\s+(\d+) kB$", Path("/proc/meminfo").read_text(), re.M)
    file_system = subprocess.run(["stat", "-f", "-c", "%T", str(folder)], capture_output=True, text=True, check=False)
    return {
        "cpu": cpu.group(1) if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(int(memory.group(1)) / 1e6, 1) if memory else None,
        "kernel": platform.release(),
        "file_system": file_system.stdout.strip(),
        "load_before": os.getloadavg()[0],
        "has_strace": strace.is_available(),
    }
