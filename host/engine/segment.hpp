#pragma once
// A segment on its way: runs of WAL put together, and the bytes of its object.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <lshost/cpp/context.hpp>

#include "engine/format/object_info.hpp"
#include "engine/settings.hpp"
#include "engine/streams.hpp"

namespace lshost::engine {

/// WAL bytes of one index that end behind a commit.
struct Segment {
  Position start;
  Position end;
  std::uint32_t page_size = 0;
  bool index_complete = false;
  std::uint64_t previous_end = 0;  ///< ObjectInfo's
  std::vector<CommitRun> commit_runs;
  /// The raw bytes; none: one run that is larger than a segment should be, to be read from the host when it is stored.
  std::optional<Buffer> raw;

  [[nodiscard]] std::uint64_t size() const noexcept { return end.offset - start.offset; }
  [[nodiscard]] ObjectName name(Compression compression) const;
  [[nodiscard]] ObjectInfo info(UnixNanos now) const;
};

/// Reads the runs that begin at `from` until there is no more, the index ends, or the next one would make the segment
/// larger than `size_max`. nullopt: `from` is the tip. Throws Gone.
[[nodiscard]] std::optional<Segment> collect(const Context& ctx, const Position& from, std::uint64_t size_max);

/// Whether the WAL of the host has the bytes of a segment that lies in the store. False: another host, or an earlier
/// life of this one, stored it: the two share no history from there on. nullopt: the host no longer has that WAL. Cost:
/// reads the host's bytes once.
[[nodiscard]] std::optional<bool> has_bytes_of(const Context& ctx, const ObjectInfo& stored);

/// The WAL bytes [start, end), read from the host run by run. Throws Gone.
[[nodiscard]] std::unique_ptr<ByteStream> read_from_host(const Context& ctx, const Position& start,
                                                         const Position& end);

}  // namespace lshost::engine
