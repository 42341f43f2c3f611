"""report.py CC CXX INCLUDE COMPAT: what changed in the C headers since each released minor version, as abidiff tells it.

The baseline is the frozen headers themselves, COMPAT/<version>/include: both sides are compiled here and now into a
library that shows every struct and enum, so nothing depends on the machine or on the compiler's version. Fails if the
headers differ from those of their own minor version, and if abidiff does not understand them."""

import pathlib
import subprocess
import sys
import tempfile

import abi_names


def probe_source(declared):
    """One struct that leads to every type; it is C++ because only there an enum without a name has a type."""
    members = [f"  const {struct}* s{number};" for number, struct in enumerate(sorted(declared.structs))]
    members += [f"  decltype({constants[0]}) e{number};" for number, constants in enumerate(sorted(declared.enums))]
    return "\n".join(["#include <lshost/plugin.h>", "struct abi {", *members, "};",
                      'extern "C" __attribute__((visibility("default"))) void lshost_abi(const abi*) {}',
                      "extern \"C\" __attribute__((visibility(\"default"
                      "\"))) decltype(&lshost_plugin_v1) lshost_abi_entry() { return nullptr; }", ""])


def build(cxx, include, source, library):
    abi_names.run(cxx, "-std=c++20", "-g", "-O0", "-fPIC", "-shared", f"-I{include}", source, "-o", library)


def main():
    cc, cxx, include, compat = sys.argv[1:5]
    abi_names.require_tools("abidw", "abidiff")
    current_minor = abi_names.minor_of(include)
    failed = 0
    baselines = sorted(path for path in pathlib.Path(compat).glob("*/include") if path.is_dir())
    if not baselines:
        sys.exit(f"FAILED: there are no frozen headers below {compat}")
    for baseline in baselines:
        with tempfile.TemporaryDirectory() as name:
            work = pathlib.Path(name)
            source = work / "abi.cpp"
            source.write_text(probe_source(abi_names.Declared(cc, baseline, work)))
            build(cxx, baseline, source, work / "then.so")
            build(cxx, include, source, work / "now.so")
            done = subprocess.run(["abidiff", "--harmless", "--no-corpus-path", "--no-show-locs", work / "then.so", work / "now.so"],
                                  capture_output=True, text=True)
        minor = abi_names.minor_of(baseline)
        print(f"== 1.{minor} to 1.{current_minor}: {'no change' if done.returncode == 0 else 'abidiff says'}")
        if done.returncode != 0:
            print(done.stdout + done.stderr)
        is_error = done.returncode & 3 != 0  # bit 0: abidiff failed; bit 1: it was used wrongly
        if is_error or (done.returncode != 0 and minor == current_minor):
            failed += 1
            print(f"FAILED: the headers are not those of plugin ABI 1.{minor}; hint: what is released stays as it is; an "
                  "addition needs the next LSHOST_ABI_MINOR")
    return 1 if failed else 0


sys.exit(main())
