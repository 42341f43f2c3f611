#pragma once
// Names that nobody can guess and that never repeat, from the kernel's generator.

#include <cstdint>
#include <string>

namespace lshost {

/// 64 random bits. Throws Error{internal} where the kernel has no generator.
[[nodiscard]] std::uint64_t random_u64();

/// 16 random lowercase hex digits: the form of a generation.
[[nodiscard]] std::string random_id();

}  // namespace lshost
