#pragma once
// What the frames of a WAL file do to a page map.

#include <cstdint>
#include <string_view>

#include "db/page_map.hpp"
#include "os/fs.hpp"

namespace lshost::db {

/// Reads the first `frames` frames of `file`, of which the last is a commit frame. Cost: one pass over the file, 16
/// bytes of memory a frame. Throws Error{corrupt} if the file is shorter.
[[nodiscard]] PageChanges read_changes(const os::ReadableFile& file, std::string_view op, std::uint64_t frames,
                                       std::uint32_t page_size);

}  // namespace lshost::db
