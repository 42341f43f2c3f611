#pragma once
// Whether a store is there and may be written.

#include <chrono>

#include "engine/store.hpp"

namespace lshost::engine {

/// Writes a small object of a random name, reads it back and removes it. Throws Error; {unavailable} when `deadline` is
/// over before that.
void probe(Store& store, std::chrono::milliseconds deadline);

}  // namespace lshost::engine
