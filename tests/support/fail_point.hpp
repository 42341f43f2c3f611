#pragma once
// One step of a real program, all of its libraries included, at which it fails or dies.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace lshost::test {

/// For the environment of a process; see tests/programs/fail_points.cpp.
struct FailPoint {
  std::string under;            ///< a folder: only files below it count
  std::uint64_t nth = 1;        ///< the call that is meant, from 1
  std::string with = "kill";    ///< "kill", "torn" (a write by half, then killed), a number of errno, or "hang"
  std::string hang_while = {};  ///< with "hang": the calls under the folder, all of them, wait while this file is there
  bool reads = false;           ///< what only reads counts, too

  [[nodiscard]] std::map<std::string, std::string> environment() const;
};

/// Where it struck, by the program's standard error: "17: fdatasync /folder/app.db-wal". nullopt: it did not.
[[nodiscard]] std::optional<std::string> struck(const std::string& standard_error);

/// False where a sanitizer has to be the first library of every program: then nothing can be preloaded.
[[nodiscard]] bool has_fail_points();

}  // namespace lshost::test
