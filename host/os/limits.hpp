#pragma once
// Limits of the process that a host of thousands of databases has to lift.

#include <cstdint>

namespace lshost::os {

/// Raises the limit on open files (RLIMIT_NOFILE) as far as an ordinary user may, and returns the limit in force.
/// A database takes about four descriptors, and the usual soft limit is 1024.
///
/// Call it once in main. Programs started later inherit it: one that uses select() needs the old limit back.
std::uint64_t raise_open_files_limit() noexcept;

/// Keeps this process and its children from leaving core files, which would hold keys and rows; neither a file nor, as
/// a limit of 0 would, one for a program that the system pipes them to (core(5)). Children may raise it again.
void forbid_core_dumps() noexcept;

/// The limit on open files (RLIMIT_NOFILE) in force; 0 if that is not known.
[[nodiscard]] std::uint64_t open_files_limit() noexcept;

}  // namespace lshost::os
