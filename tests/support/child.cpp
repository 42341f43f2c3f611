#include "support/child.hpp"

#include <cstdlib>
#include <filesystem>

namespace lshost::test {
namespace {

constexpr const char* kMark = "LSHOST_TEST_CHILD";

/// Catch2's test names are patterns: a comma separates two of them.
std::string escaped(const std::string& name) {
  std::string pattern;
  for (const char c : name) {
    if (c == ',' || c == '[' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace

ProcessOptions child(const std::string& test_case, std::map<std::string, std::string> environment) {
  environment.insert_or_assign(kMark, std::string("1"));
  return {.command = {std::filesystem::read_symlink("/proc/self/exe").string(), escaped(test_case)},
          .environment = std::move(environment),
          .directory = {},
          .input = {}};
}

bool is_child() { return std::getenv(kMark) != nullptr; }

}  // namespace lshost::test
