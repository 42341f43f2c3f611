"""What the C headers of the SDK declare, as the compiler and abidw see it. The other scripts of this folder use it."""

import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

# Only the source of a plugin knows these; nothing of them is left in the binary.
SOURCE_ONLY = {
    "LSHOST_ABI_MINOR",  # the one number that changes
    "LSHOST_BEGIN_C", "LSHOST_END_C", "LSHOST_NOEXCEPT", "LSHOST_EXPORT", "LSHOST_FN", "LSHOST_HAS",
    "LSHOST_DEFINE_META",
}
SKIPPED = 77


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(str(part) for part in command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def require_tools(*tools):
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        print(f"skipped: there is no {', '.join(missing)}; hint: scripts/install-packages --for test")
        sys.exit(SKIPPED)


def minor_of(include):
    text = (pathlib.Path(include) / "lshost/abi.h").read_text()
    return int(re.search(r"#define LSHOST_ABI_MINOR (\d+)u", text)[1])


def headers_in(include):
    return {str(path.relative_to(include)) for path in pathlib.Path(include).glob("lshost/**/*.h")}


def headers_of_plugin_h(cc, include):
    """What <lshost/plugin.h> includes, directly or not."""
    listed = run(cc, "-M", f"-I{include}", pathlib.Path(include) / "lshost/plugin.h")
    folder = pathlib.Path(include).resolve()
    paths = {pathlib.Path(word).resolve() for word in listed.split() if word.endswith(".h")}
    return {str(path.relative_to(folder)) for path in paths if path.is_relative_to(folder)}


def macros(cc, include):
    lines = run(cc, "-E", "-dM", f"-I{include}", pathlib.Path(include) / "lshost/plugin.h").splitlines()
    names = {re.split(r"[ (]", line)[1] for line in lines if line.startswith("#define LSHOST_")}
    return {name for name in names if not name.endswith("_H")} - SOURCE_ONLY


class Declared:
    """structs: {name: [members]}; enums: [[constants]]; exported: names of functions and variables; macros."""

    def __init__(self, cc, include, work):
        work = pathlib.Path(work)
        (work / "all.c").write_text("#include <lshost/plugin.h>\nconst void* lshost_all[] = {&lshost_plugin_v1, &lshost_plugin_meta};\n")
        run(cc, "-g", "-O0", "-fno-eliminate-unused-debug-types", "-fPIC", "-shared", "-Wno-pedantic", f"-I{include}",
            work / "all.c", "-o", work / "all.so")
        tree = ElementTree.fromstring(run("abidw", "--load-all-types", "--no-show-locs", work / "all.so"))
        self.structs = {}
        for struct in tree.iter("class-decl"):
            members = [member.get("name") for member in struct.findall("data-member/var-decl")]
            if struct.get("name", "").startswith("lshost_") and members:
                self.structs[struct.get("name")] = members
        self.enums = []
        for enum in tree.iter("enum-decl"):
            constants = [constant.get("name") for constant in enum.findall("enumerator")]
            if constants and constants[0].startswith("LSHOST_"):
                self.enums.append(constants)
        source = re.sub(r"/\*.*?\*/", "", "".join((pathlib.Path(include) / header).read_text()
                                                  for header in sorted(headers_in(include))), flags=re.S)
        exported = [line for line in source.splitlines() if "LSHOST_EXPORT" in line and not line.startswith("#")]
        self.exported = {re.search(r"(lshost_\w+)(\(|;)", line)[1] for line in exported}
        self.macros = macros(cc, include)

    def names(self):
        found = {f"struct {name}" for name in self.structs}
        found |= {f"{name}.{member}" for name, members in self.structs.items() for member in members}
        found |= {constant for constants in self.enums for constant in constants}
        return found | self.exported | self.macros
