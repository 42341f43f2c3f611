#pragma once
// The engine's own keys of a replica.

#include <lshost/ext/config_schema.h>

#include <chrono>
#include <cstdint>
#include <memory>

#include <lshost/cpp/context.hpp>

#include "engine/format/open_object.hpp"
#include "engine/format/seal.hpp"

namespace lshost::engine {

/// More uploads than this are never under way at once; who looks for a hole in the WAL at a destination relies on it.
inline constexpr unsigned kParallelUploadsMax = 16;

struct Settings {
  std::chrono::nanoseconds sync_interval{std::chrono::seconds(1)};  ///< at most one segment in it; 0: at once
  std::uint64_t segment_size = std::uint64_t{4} << 20;              ///< raw bytes
  unsigned parallel_uploads = 4;                                    ///< from 1 to kParallelUploadsMax
  SealOptions seal;
  std::shared_ptr<const age::Identities> identities;  ///< nullptr: none
  [[nodiscard]] bool is_encrypted() const noexcept { return !seal.recipients.empty(); }
};

/// Reads and checks the keys. Throws Error(config) with the sentence for people: a recipient that can not be used is
/// never left out.
[[nodiscard]] Settings read_settings(const Context& context);

}  // namespace lshost::engine
