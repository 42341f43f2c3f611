#pragma once
// How much of a WAL file is good: one sequential pass over salts and checksums.

#include <cstdint>
#include <optional>
#include <string_view>

#include "lshost/wal.hpp"
#include "os/fs.hpp"

namespace lshost::db {

struct WalScan {
  wal::Header header;
  std::uint64_t frames = 0;  ///< up to and including the last commit frame of the valid prefix
  wal::Checksum sum;         ///< the chain behind these frames
};

/// nullopt: the header is short or wrong. Memory: one buffer of about 256 KiB.
[[nodiscard]] std::optional<WalScan> scan_wal(const os::ReadableFile& file, std::string_view op);

}  // namespace lshost::db
