#pragma once
// An ObjectInfo as bytes: one skippable frame behind the data of an object, which readers of LZ4 and of zstd step over.
// docs/FORMAT.md has the tables. Pure.

#include <cstddef>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "engine/format/object_info.hpp"

namespace lshost::engine {

/// No frame is larger, so a reader needs no more memory than this to find the end of the data.
inline constexpr std::size_t kInfoFrameSizeMax = std::size_t{64} * 1024;

/// What to read of an object's end to find the info of most with one request.
inline constexpr std::size_t kInfoTailSize = 4096;

/// The frame, at most kInfoFrameSizeMax bytes. REQUIRES: contradiction_in(info) is empty, at most kCommitRunsMax runs.
[[nodiscard]] std::vector<std::byte> encode_info_frame(const ObjectInfo& info);

/// Reads a frame. Throws Error{corrupt} if it is not whole and undamaged, {unsupported} if only a newer version of
/// lshost can read it. What newer versions add without need to understand it is left out.
[[nodiscard]] ObjectInfo decode_info_frame(ByteSpan frame);

/// What the end of an object tells.
struct TailInfo {
  std::optional<ObjectInfo> info;
  std::size_t frame_size = 0;  ///< 0: no frame ends here: Litestream wrote it, or it is encrypted
  /// False: the frame is larger than what was given; come again with its last frame_size bytes. If the object has no
  /// such number of bytes, it is damaged.
  [[nodiscard]] bool is_enough() const noexcept { return info.has_value() || frame_size == 0; }
};

/// Looks for an info at the end of an object that is not encrypted, without its data: `last_bytes` are its last bytes,
/// kInfoTailSize of them or what there is. Throws as decode_info_frame(). Says nothing of whether the data is good.
[[nodiscard]] TailInfo info_from_tail(ByteSpan last_bytes);

}  // namespace lshost::engine
