"""golden.py CC INCLUDE COMPAT: everything that the C headers in INCLUDE declare has a line in a golden list,
COMPAT/<version>/layout.c. (That the lines hold, the compiler checks: headers.sh.)"""

import pathlib
import re
import sys
import tempfile

import abi_names


def known_names(layout):
    text = re.sub(r"\\\n", " ", layout.read_text())
    text = "\n".join(line for line in text.splitlines() if not re.match(r"#define (STRUCT|FINAL|MEMBER|FUNCTION)\b", line))
    names = {f"struct {name}" for name in re.findall(r"^(?:STRUCT|FINAL)\((\w+),", text, re.M)}
    names |= {f"{struct}.{member}" for struct, member in re.findall(r"^(?:MEMBER|FUNCTION)\((\w+), (\w+),", text, re.M)}
    names |= set(re.findall(r"^(?:VALUE|EXPORTED)\((\w+),", text, re.M))
    return names | set(re.findall(r"^#define (LSHOST_\w+)", text, re.M))


def main():
    cc, include, compat = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    abi_names.require_tools("abidw")
    layouts = sorted(compat.glob("*/layout.c"))
    known = set().union(*(known_names(layout) for layout in layouts))
    with tempfile.TemporaryDirectory() as work:
        declared = abi_names.Declared(cc, include, work).names()
    outside = abi_names.headers_in(include) - abi_names.headers_of_plugin_h(cc, include)
    for header in sorted(outside):
        print(f"FAILED: <{header}> is a C header that <lshost/plugin.h> does not include")
    for name in sorted(declared - known):
        print(f"FAILED: {name} is declared, and in no golden list; hint: add its line to the layout.c of the minor "
              f"version that adds it below {compat.name}/, never to that of a released one")
    for name in sorted(known - declared):
        print(f"FAILED: {name} is in a golden list, and not declared any more")
    print(f"{len(declared)} names declared, {len(known)} in {len(layouts)} golden list(s)")
    return 1 if outside or declared != known or len(declared) < 200 else 0


sys.exit(main())
