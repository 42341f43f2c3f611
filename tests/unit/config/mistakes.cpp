#include "unit/config/mistakes.hpp"

#include <catch2/catch.hpp>

#include "config/config.hpp"

namespace lshost::test {

std::string mistakes_in(const std::string& text) {
  return config::format_mistakes(config::load_text(text, "replicas.toml", "/etc/lshost"));
}

void check_mistakes(const std::vector<MistakeCase>& cases) {
  for (const auto& [title, text, expected] : cases) {
    INFO(title);
    CHECK(mistakes_in(text) == expected);
    CHECK_FALSE(config::is_usable(config::load_text(text, "replicas.toml", "/etc/lshost")));
  }
}

}  // namespace lshost::test
