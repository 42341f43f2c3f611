"""breaks.py CC CXX INCLUDE COMPAT: the guards of the ABI see a break. Each change of a copy of the headers must be caught by
the guards that are named with it, and an addition by nobody but the one that asks for its golden line."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import abi_names

HERE = pathlib.Path(__file__).parent
LAYOUT, GOLDEN, REPORT = "layout", "golden", "report"

# What is done, in which file, what is replaced by what, who has to fail, what one of them has to say.
BREAKS = [
    ("a member in the middle", "abi.h", "  uint32_t retry_after_ms;", "  uint32_t later;\n  uint32_t retry_after_ms;",
     {LAYOUT, GOLDEN, REPORT}, "offset of lshost_error.retry_after_ms"),
    ("another name", "module.h", "  const char* vendor;", "  const char* vendor_of;",
     {LAYOUT, GOLDEN, REPORT}, "vendor"),
    ("a narrower parameter", "host.h", "int64_t timeout_ms);", "int32_t timeout_ms);", {LAYOUT, REPORT},
     "type of lshost_host.wait"),
    ("a pointer to what was const", "ext/store.h", "const char* const* keys, size_t n", "const char** keys, size_t n",
     {LAYOUT, REPORT}, "type of lshost_store.remove"),
    ("a signed number becomes unsigned", "host.h", "  int64_t commit_ns;", "  uint64_t commit_ns;", {LAYOUT, REPORT},
     "type of lshost_wal_info.commit_ns"),
    ("another value", "abi.h", "LSHOST_E_CONFIG = -3,", "LSHOST_E_CONFIG = -30,", {LAYOUT, REPORT},
     "value of LSHOST_E_CONFIG"),
    ("another id", "ext/restore.h", '"lshost.restore/1"', '"lshost.restore/2"', {LAYOUT}, "LSHOST_EXT_RESTORE"),
    ("another entry", "module.h", "const lshost_host_info* host, lshost_error* err) LSHOST_NOEXCEPT;",
     "lshost_host_info* host, lshost_error* err) LSHOST_NOEXCEPT;", {LAYOUT, REPORT}, "type of lshost_plugin_v1"),
    ("a shorter struct", "ext/store.h", "  LSHOST_FN(void, destroy, lshost_store* self);\n", "",
     {LAYOUT, GOLDEN, REPORT}, "lshost_store is shorter"),
    ("a final struct grows", "abi.h", "  const char* value; /* text, not quoted */\n",
     "  const char* value;\n  const char* unit;\n",
     {LAYOUT, GOLDEN, REPORT}, "size of lshost_kv (final)"),
    ("a hole at the end", "ext/restore.h", "  uint32_t reserved;  /* 0 */\n",
     "", {LAYOUT, GOLDEN, REPORT}, "reserved"),
    ("a new member at the end", "ext/health.h", "int64_t deadline_ms, lshost_error* err);",
     "int64_t deadline_ms, lshost_error* err);\n  uint64_t later;", {GOLDEN, REPORT},
     "lshost_health.later is declared, and in no golden list"),
    ("a new constant", "abi.h", "  LSHOST_GONE = 4,", "  LSHOST_GONE = 4,\n  LSHOST_LATER = 5,", {GOLDEN, REPORT},
     "LSHOST_LATER is declared"),
    ("a new struct", "meta.h", "/* Every library", "typedef struct lshost_later {\n  uint32_t struct_size;\n} lshost_later;\n/* Every library",
     {GOLDEN}, "struct lshost_later is declared"),
    ("a new function", "meta.h", "/* Every library", "LSHOST_EXPORT void lshost_later(void);\n/* Every library", {GOLDEN},
     "lshost_later is declared"),
    ("a new id", "ext/health.h", '#define LSHOST_EXT_HEALTH ', '#define LSHOST_EXT_LATER "later"\n#define LSHOST_EXT_HEALTH ',
     {GOLDEN}, "LSHOST_EXT_LATER is declared"),
]


def ask(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def main():
    cc, cxx, include, compat = sys.argv[1:5]
    abi_names.require_tools("abidw", "abidiff")
    failed = 0
    for what, file, before, after, guards, words in BREAKS:
        with tempfile.TemporaryDirectory() as name:
            changed = pathlib.Path(name) / "include"
            shutil.copytree(include, changed)
            header = changed / "lshost" / file
            text = header.read_text()
            if text.count(before) != 1:
                sys.exit(f"FAILED: {what}: '{before}' is not there once in {file}; the list in breaks.py is out of date")
            header.write_text(text.replace(before, after))
            answers = {
                LAYOUT: ask(cc, "-std=c11", "-Wpadded", "-Werror", "-fsyntax-only", f"-I{changed}",
                            pathlib.Path(compat) / "1.0/layout.c"),
                GOLDEN: ask(sys.executable, HERE / "golden.py", cc, changed, compat),
                REPORT: ask(sys.executable, HERE / "report.py", cc, cxx, changed, compat),
            }
        caught = {guard for guard, (code, _) in answers.items() if code != 0}
        said = any(words in text for _, text in answers.values())
        if caught != guards or not said:
            failed += 1
            print(f"FAILED: {what}: caught by {sorted(caught)}, not by {sorted(guards)}; '{words}' said: {said}")
            for guard, (code, text) in answers.items():
                print(f"-- {guard}: {code}\n{text}")
    print(f"{len(BREAKS)} breaks, {failed} not caught as they should be")
    return 1 if failed else 0


sys.exit(main())
