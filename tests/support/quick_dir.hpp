#pragma once
// A directory of its own for a test whose syncs would only cost time.

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace lshost::test {

/// In memory where the machine has such a place; gone when the test ends.
class QuickDir {
 public:
  QuickDir() {
    std::string pattern =
        std::filesystem::exists("/dev/shm") ? "/dev/shm/lshost-test-XXXXXX" : "/tmp/lshost-test-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
    path_ = pattern;
  }
  ~QuickDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  QuickDir(const QuickDir&) = delete;
  QuickDir& operator=(const QuickDir&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace lshost::test
