#pragma once
// The end of what a program wrote to standard error, fit for a sentence. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace lshost::exec {

/// Threads: one.
class LastWords {
 public:
  void take(std::string_view text);
  /// The last lines, joined by "; ", on one line, with every one of `secrets` shown as ***; "" if there were none.
  [[nodiscard]] std::string sentence(const std::vector<std::string>& secrets) const;

 private:
  std::string text_;  // the end only
};

/// The values of NAME=value that are long enough to be secrets.
[[nodiscard]] std::vector<std::string> secrets_of(const std::vector<std::string>& environment);

}  // namespace lshost::exec
