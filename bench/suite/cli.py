"""The command: builds what is needed, runs every measure with every tool in turn, prints the table, writes the JSON."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import machine, table
from .context import Context
from .errors import Unsupported
from .measures import ALL, BY_NAME
from .measures.alone import ALONE
from .process import allow_many_files, describe
from .tools import BY_NAME as TOOLS

ROOT = Path(__file__).resolve().parent.parent.parent


def parse(arguments):
    parser = argparse.ArgumentParser(prog="bench/run", description="Runs the benchmark suite of lshost, tools side by side.")
    parser.add_argument("--only", metavar="MEASURE", action="append", help="only this measure, may be repeated: " + ", ".join(BY_NAME))
    parser.add_argument("--tools", metavar="A,B", help="only these tools: " + ", ".join(TOOLS))
    parser.add_argument("--lshost", metavar="PATH", help="the program; its plugins are found beside it (default: the one built)")
    parser.add_argument("--litestream", metavar="PATH", help="executable of Litestream 0.3.x; without it, it is left out")
    parser.add_argument("--build", metavar="DIR", help="build folder with the programs; without it, build/bench is made and built")
    parser.add_argument("--runs", type=int, metavar="N", help="samples per tool and measure (default: 3; with --quick: 1)")
    parser.add_argument("--quick", action="store_true", help="small sizes and short times: does it work; no figures to quote")
    parser.add_argument("--dir", default=str(Path(os.environ.get("TMPDIR", "/var/tmp")) / "lshost-bench"),
                        help="work folder, on the disk that is to be measured; needs 20 GB (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write every sample, the medians and the machine")
    options = parser.parse_args(arguments)
    for kind, given, known in (("measure", options.only or [], BY_NAME), ("tool", (options.tools or "").split(","), TOOLS)):
        for name in filter(None, given):
            if name not in known:
                parser.error(f"there is no {kind} '{name}'; there are: {', '.join(known)}")
    if "litestream" in (options.tools or "") and not options.litestream:
        parser.error("name the executable of Litestream with --litestream")
    return options


def build(options):
    """Gives the folder of the programs."""
    if options.build:
        return Path(options.build).resolve() / "bin"
    folder = ROOT / "build" / "bench"
    if not (folder / "CMakeCache.txt").exists():
        subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-DCMAKE_BUILD_TYPE=Release", "-DLSHOST_BUILD_TESTS=OFF",
                        "-DLSHOST_WERROR=OFF"], check=True)
    subprocess.run(["cmake", "--build", folder, "-j", str(os.cpu_count())], check=True)
    return folder / "bin"


def chosen_tools(options):
    names = [name for name in (options.tools or "").split(",") if name]
    if names:
        return names
    return [name for name in TOOLS if options.litestream or not name.startswith("litestream")]


def missing_programs(context, tools):
    """The executables that are needed and not there: said at once, and not after an hour in which all others were measured."""
    needed = [context.program(name) for name in ("writer", "observer", "follower", "generate")]
    needed += [context.lshost] if any(tool.startswith("lshost") for tool in tools) else []
    needed += [context.litestream] if any(tool.startswith("litestream") for tool in tools) and context.litestream else []
    return [str(path) for path in needed if not shutil.which(path)]


class Run:
    """All samples, and what became of them. The JSON is written after each one: a run that is cut short has its figures."""

    def __init__(self, options, context):
        self.options = options
        self.context = context
        self.tools = {name: TOOLS[name](context) for name in chosen_tools(options)}
        self.runs = options.runs or (1 if options.quick else 3)
        self.samples = {}  # measure name -> tool name -> list of samples
        self.failures = []
        self.left_out = []
        self.machine = machine.describe(context.root)
        self.versions = {name: self._version(tool) for name, tool in self.tools.items()}

    def measure(self, measure):
        """A B A B ...: what drifts (a warmer machine, a fuller disk) drifts for all alike."""
        samples = self.samples.setdefault(measure.name, {})
        for run in range(self.runs):
            for name in measure.tools:
                if name == ALONE or name in self.tools:
                    self._one(measure, name, run, samples)
                    self.save()

    def _one(self, measure, name, run, samples):
        begin = time.monotonic()
        try:
            figures = measure.sample(self.context, self.tools.get(name))
        except Unsupported as e:
            self.left_out.append({"measure": measure.name, "tool": name, "run": run + 1, "reason": str(e)})
            return self._say(measure, name, run, f"left out: {e}")
        except Exception as e:  # whatever it is: the other samples are worth having
            self.failures.append({"measure": measure.name, "tool": name, "run": run + 1, "error": describe(e)})
            return self._say(measure, name, run, f"FAILED: {describe(e)}")
        samples.setdefault(name, []).append(figures)
        text = " ".join(f"{key}={value:.3g}" for key, value in figures.items())
        return self._say(measure, name, run, f"{text} ({time.monotonic() - begin:.0f} s)")

    @staticmethod
    def _say(measure, name, run, text):
        print(f"{measure.name:12} run {run + 1} {name:15} {text}", file=sys.stderr, flush=True)

    def results(self):
        for measure in ALL:
            if self.samples.get(measure.name):
                yield measure, {name: table.medians(s) for name, s in self.samples[measure.name].items()}

    def document(self):
        return {
            "machine": self.machine,
            "quick": self.options.quick,
            "runs": self.runs,
            "versions": self.versions,
            "samples": self.samples,
            "table": {measure.name: list(table.rows(measure, by_tool)) for measure, by_tool in self.results()},
            "failures": self.failures,
            "left_out": self.left_out,
        }

    def save(self):
        """Under a temporary name first: the file under its own name is always a whole one."""
        if not self.options.json:
            return
        unfinished = Path(self.options.json + ".tmp")
        unfinished.write_text(json.dumps(self.document(), indent=1) + "\n")
        unfinished.replace(self.options.json)

    @staticmethod
    def _version(tool):
        try:
            return tool.version()
        except (Unsupported, OSError):
            return ""


def main(arguments):
    options = parse(arguments)
    allow_many_files()
    Path(options.dir).mkdir(parents=True, exist_ok=True)
    context = Context(options, build(options))
    if missing := missing_programs(context, chosen_tools(options)):
        print(f"not there, or not executable: {', '.join(missing)}", file=sys.stderr)
        return 1
    run = Run(options, context)
    run.save()
    try:
        for measure in ALL:
            if not options.only or measure.name in options.only:
                run.measure(measure)
    except KeyboardInterrupt:
        print("interrupted; what was measured so far:", file=sys.stderr)
    print(table.render(list(run.results()), list(run.tools)))
    if options.quick:
        print("\n--quick: small sizes and one run; these are no figures to quote.")
    run.save()
    for failure in run.failures:
        print(f"failed: {failure['measure']} with {failure['tool']}, run {failure['run']}: {failure['error']}")
    return 1 if run.failures else 0
