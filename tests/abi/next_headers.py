"""next_headers.py FROM TO: the C headers of a later minor version, as far as anybody can have them today: those of FROM, with
more behind every struct that may grow, and LSHOST_ABI_MINOR one higher."""

import pathlib
import re
import sys

MORE = """  uint64_t later_number;
  const char* later_text;
  LSHOST_FN(int32_t, later_function, void* self);
  char later_room[104];
"""
# Aligned to four bytes, and that stays: an older side may have put them anywhere.
MORE_OF_FOUR = """  uint32_t later_number;
  char later_room[124];
"""
FINAL = {"lshost_pos", "lshost_kv"}
OF_FOUR = {"lshost_error", "lshost_meta"}


def more(match):
    if match[1] in FINAL:
        return match[0]
    return match[0][:-1] + (MORE_OF_FOUR if match[1] in OF_FOUR else MORE) + "}"


def main():
    source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    count = 0
    for header in source.glob("lshost/**/*.h"):
        text = header.read_text()
        text = re.sub(r"(?m)^#define LSHOST_ABI_MINOR (\d+)u",
                      lambda match: f"#define LSHOST_ABI_MINOR {int(match[1]) + 1}u", text)
        text, found = re.subn(r"(?s)struct (lshost_\w+) \{.*?\n\}", more, text)
        count += found
        written = target / header.relative_to(source)
        written.parent.mkdir(parents=True, exist_ok=True)
        if not written.exists() or written.read_text() != text:
            written.write_text(text)
    if count < 20:
        sys.exit(f"FAILED: only {count} structs found below {source}")


main()
