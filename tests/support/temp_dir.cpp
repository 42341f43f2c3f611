#include "support/temp_dir.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/error.hpp"

namespace lshost::test {

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "lshost-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw_errno("mkdtemp", pattern);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;  // a left-over folder in /tmp is not worth a failed test
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace lshost::test
