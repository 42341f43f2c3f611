#pragma once
// What is known of an object before it is sealed, for those that seal some.

#include <cstddef>
#include <cstdint>

#include "engine/format/info_frame.hpp"

namespace lshost::test {

/// Of a segment of `size` bytes, in the middle of an index; committed at its end, if it has one.
[[nodiscard]] inline engine::ObjectInfo segment_info(std::size_t size, std::uint32_t page_size) {
  engine::ObjectInfo info;
  info.kind = engine::ObjectKind::wal;
  info.generation = "5f3c9a1e77b20d48";
  info.index = 0x2a;
  info.offset = 0x1020;
  info.end_offset = info.offset + size;
  info.page_size = page_size;
  info.created_ns = 1'700'000'000'123'456'789;
  if (size > 0) info.commit_runs.push_back({.end_offset = info.end_offset, .commit_ns = info.created_ns - 5});
  return info;
}

}  // namespace lshost::test
