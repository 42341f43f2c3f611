#pragma once
// The one way in which a small file appears or changes: whole, durable, or not at all.

#include <string>

#include "os/fs.hpp"

namespace lshost::os {

/// Writes `data` to `directory`/`name` so that a crash leaves the old content or all of the new, and so
/// that it is durable on return. A left-over "*.tmp" is an unfinished publish; start-up removes it.
void publish(Fs& fs, std::string_view op, const std::string& directory, const std::string& name, ByteSpan data,
             std::uint32_t mode = 0600);

}  // namespace lshost::os
