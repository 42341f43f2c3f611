#pragma once
// What a process does when the disk can not read back what is mapped.

namespace lshost::os {

/// From now on a SIGBUS (a mapped file could not be read, or became shorter) ends the process with exit code 1 and
/// `sentence` on stderr, instead of a core dump. For commands that lose nothing by it, not for a running host.
///
/// `sentence`: a string literal that ends in a line feed; it is kept.
/// Threads: any, but one caller at a time.
void exit_on_bus_error(const char* sentence) noexcept;

}  // namespace lshost::os
