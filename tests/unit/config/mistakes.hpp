#pragma once
// Configurations with mistakes, and exactly what is said about them.

#include <string>
#include <vector>

namespace lshost::test {

struct MistakeCase {
  std::string title;
  std::string text;      ///< of /etc/lshost/replicas.toml
  std::string expected;  ///< all mistakes, as printed
};

/// Loads each text, and checks that what is printed is what was expected. LSHOST_TEST_UNSET is not set meanwhile.
void check_mistakes(const std::vector<MistakeCase>& cases);

/// What is printed about a text.
[[nodiscard]] std::string mistakes_in(const std::string& text);

}  // namespace lshost::test
