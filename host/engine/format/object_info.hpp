#pragma once
// What lshost knows of an object and its name does not tell. Plain data; info_frame.hpp has its form as bytes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "engine/format/object_name.hpp"

namespace lshost::engine {

/// All transactions of the object that end at or before `end_offset` were committed by `commit_ns`.
struct CommitRun {
  std::uint64_t end_offset = 0;
  UnixNanos commit_ns = 0;
  bool operator==(const CommitRun&) const = default;
};

/// More than this are thinned out before they are stored: see thinned().
inline constexpr std::size_t kCommitRunsMax = 2048;

/// XXH3, 128 bits, in its canonical (big-endian) form.
using RawChecksum = std::array<std::byte, 16>;

struct ObjectInfo {
  ObjectKind kind = ObjectKind::wal;
  bool index_complete = false;   ///< wal: the index ends with this object
  std::string generation;        ///< 16 lowercase hex digits
  std::uint64_t index = 0;       ///< wal: whose bytes these are; snapshot: of the position that the image is as of
  std::uint64_t offset = 0;      ///< wal: of the first byte; snapshot: of that position
  std::uint64_t end_offset = 0;  ///< wal: of the first byte behind; snapshot: as offset
  std::uint32_t page_size = 0;   ///< 512 to 65536
  UnixNanos created_ns = 0;      ///< snapshot: when its position was committed; wal: when it was sealed; 0: not known
  std::uint64_t raw_size = 0;    ///< seal() counts it
  RawChecksum raw_checksum{};    ///< seal() computes it
  std::vector<CommitRun> commit_runs;  ///< wal: in order, each in (offset, end_offset]; snapshot: none
  /// wal, the first of an index: where the index before ends, which no object of that one may have said; 0: not known
  std::uint64_t previous_end = 0;
  bool operator==(const ObjectInfo&) const = default;
};

/// Why an info contradicts itself, as a sentence; empty: it does not. Both who writes and who reads ask.
[[nodiscard]] std::string contradiction_in(const ObjectInfo& info);

/// Why an object with this info cannot lie under this name, as a sentence; empty: it can. A copy under a wrong key is
/// whole in itself, so whoever opens an object asks.
[[nodiscard]] std::string contradiction_between(const ObjectInfo& info, const ObjectName& name);

/// At most `count_max` runs that are as true and less fine: neighbours become one, with the later end and time.
[[nodiscard]] std::vector<CommitRun> thinned(std::vector<CommitRun> runs, std::size_t count_max = kCommitRunsMax);

}  // namespace lshost::engine
