#pragma once
// Proof that nothing happened to a database while no host was attached.
//
// A stamp is made when the database file alone, without its log, is the state at a position: all of the log is captured
// and moved into the file. While the file has not changed since, nothing was moved into it; so a log that was
// restarted, emptied or deleted meanwhile held nothing more, and all that was committed since is in the log that is
// there now, from its first frame on. Capture can go on there, in the same generation.
//
// The proof is refused rather than stretched: another boot (a power cut can lose the time of a change and keep the
// change), a file system with times in whole seconds, a change too young to be told from a later one.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "db/position.hpp"

namespace lshost::db {

/// What tells one state of a file from every other.
struct FileState {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  UnixNanos modified_ns = 0;
  UnixNanos changed_ns = 0;  ///< of the inode: no program can set it
  bool operator==(const FileState&) const = default;
};

struct Stamp {
  Position position;
  FileState file;
  std::string boot;  ///< the kernel's boot_id
  bool operator==(const Stamp&) const = default;
};

/// The kernel gives files the time of its last tick (10 ms at most), so a change within that of another may leave the
/// times as they are.
inline constexpr std::chrono::nanoseconds kStampAge = std::chrono::milliseconds(50);

/// How long until the times of `file`, looked at at `now`, tell every later change. Zero: they do. nullopt: they never
/// will, the file system is too coarse.
[[nodiscard]] std::optional<std::chrono::nanoseconds> settles_in(const FileState& file, UnixNanos now) noexcept;

/// A line with a checksum (db/line_checksum.hpp).
[[nodiscard]] std::string encode_stamp(const Stamp& stamp);
/// nullopt: it is not what encode_stamp made.
[[nodiscard]] std::optional<Stamp> parse_stamp(std::string_view text);

/// "": not to be had, so no stamp can be trusted. Read once for the process.
[[nodiscard]] const std::string& boot_id();

}  // namespace lshost::db
