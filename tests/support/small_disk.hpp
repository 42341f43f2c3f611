#pragma once
// A small file system in memory, to be filled.

#include <cstdint>
#include <optional>
#include <string>

#include "support/temp_dir.hpp"

namespace lshost::test {

/// Needs root. Ownership: unmounts itself. Threads: one. Errors: throws std::runtime_error.
class SmallDisk {
 public:
  explicit SmallDisk(std::uint64_t size_bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  /// nullopt: this machine can. Else why not.
  [[nodiscard]] static std::optional<std::string> why_not();

  [[nodiscard]] const std::string& path() const noexcept { return directory_.path(); }
  [[nodiscard]] std::string operator/(const std::string& name) const { return directory_ / name; }
  void fill();  ///< to the last byte
  /// Plenty: what filled it is gone, and it is larger than before.
  void make_room();

 private:
  void mount(unsigned long flags, std::uint64_t size_bytes);

  const std::uint64_t size_bytes_;
  TempDir directory_;
};

}  // namespace lshost::test
