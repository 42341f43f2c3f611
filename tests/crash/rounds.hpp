#pragma once
// How long the crash loops go on, and from which seed.
//
// CI runs few rounds from a fixed seed. The long form is
//     LSHOST_CRASH_ROUNDS=500 LSHOST_CRASH_SEED=$(date +%s) build/release/bin/test_crash

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace lshost::test {

[[nodiscard]] inline std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

[[nodiscard]] inline int crash_rounds(int otherwise) {
  return static_cast<int>(number_from_environment("LSHOST_CRASH_ROUNDS", static_cast<std::uint64_t>(otherwise)));
}

[[nodiscard]] inline std::uint64_t crash_seed() { return number_from_environment("LSHOST_CRASH_SEED", 20260131); }

/// [low, high], from a generator that is the same everywhere.
[[nodiscard]] inline std::int64_t between(std::mt19937_64& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
}

}  // namespace lshost::test
