"""Processes from outside: start, stop, wait for, and what the kernel says they used."""

import os
import re
import resource
import signal
import subprocess
import threading
import time
from pathlib import Path

from .errors import SampleFailed

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def allow_many_files():
    """A thousand databases need some thousand descriptors; the soft limit is often 1024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def wait_until(condition, timeout_s, what, pause_s=0.005):
    """Polls `condition` until it is true; gives its value."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise SampleFailed(f"waited {timeout_s:.0f} s for {what}")
        time.sleep(pause_s)
    return value


def describe(error):
    """An exception as a sentence; of those that are not ours also what they are."""
    return str(error) if isinstance(error, SampleFailed) else f"{type(error).__name__}: {error}"


class Daemon:
    """A running tool. With `under` (strace and its options) that runs it, and pid is the tool's own.

    `environment` is added to ours.
    """

    def __init__(self, command, log_path, under=(), environment=None):
        self.log_path = Path(log_path)
        self.started_at = time.monotonic()
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen([*under, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **(environment or {})})
        try:
            self.pid = self._tool_pid() if under else self.process.pid
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def _tool_pid(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")

        def find():
            # strace forks a short-lived probe first; the tool is the child that stays and has replaced strace's image.
            for pid in children.read_text().split():
                try:
                    if os.readlink(f"/proc/{pid}/exe") != os.readlink(f"/proc/{self.process.pid}/exe"):
                        return int(pid)
                except OSError:
                    pass
            return None

        return wait_until(find, 10, "strace to start the tool")

    def check_alive(self):
        if self.process.poll() is not None:
            raise SampleFailed("the tool is gone")

    def log_tail(self):
        return self.log_path.read_text(errors="replace")[-600:].strip()

    def stop(self, timeout_s=60):
        """SIGTERM, and SIGKILL if that does not help in time. Gives the seconds it took."""
        begin = time.monotonic()
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                os.kill(self.pid, signal.SIGKILL)
                self.process.wait()
        return time.monotonic() - begin

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        state = "runs" if self.process.poll() is None else f"ended with {self.process.returncode}"
        self.stop()
        if isinstance(error, Exception):  # what went wrong is often in the tool's own words
            raise SampleFailed(f"{describe(error)}; the tool {state} and says: {self.log_tail() or 'nothing'}") from error

    def cpu_ms(self):
        """User and system time of all threads, also of those that have ended."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * TICK_MS

    def threads_cpu_ms(self):
        """The same of the living threads, to the nanosecond: for idle processes, where a tick of 10 ms is too coarse."""
        total_ns = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            try:
                total_ns += int((task / "schedstat").read_text().split()[0])
            except (OSError, IndexError):
                pass
        return total_ns / 1e6

    def memory_mb(self):
        """Resident, proportional, and peak memory."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        status = Path(f"/proc/{self.pid}/status").read_text()
        kb = lambda text, key: int(re.search(rf"^{key}:\s+(\d+) kB", text, re.M).group(1))  # noqa: E731
        return {"rss": kb(rollup, "Rss") / 1024, "pss": kb(rollup, "Pss") / 1024, "peak": kb(status, "VmHWM") / 1024}


def run_measured(command, log_path, timeout_s=900):
    """Runs a command to its end; gives seconds, peak memory in MB, CPU seconds. Throws if it fails.

    The kernel counts the memory of the process that starts a command into its peak: a peak below that of this
    interpreter (about 20 MB) is given as that of the interpreter.
    """
    begin = time.monotonic()
    with open(log_path, "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        alarm = threading.Timer(timeout_s, os.kill, (process.pid, signal.SIGKILL))
        alarm.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            alarm.cancel()
    seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if seconds >= timeout_s:
        raise SampleFailed(f"{' '.join(map(str, command))} was stopped after {timeout_s:.0f} s")
    if process.returncode != 0:
        tail = Path(log_path).read_text(errors="replace")[-600:].strip()
        raise SampleFailed(f"{' '.join(map(str, command))} ended with {process.returncode}: {tail}")
    return {"seconds": seconds, "peak_mb": usage.ru_maxrss / 1024, "cpu_s": usage.ru_utime + usage.ru_stime}
