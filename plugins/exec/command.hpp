#pragma once
// A program with its arguments as the configuration has them, with placeholders for what differs from call to call.
// Pure.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lshost::exec {

/// What a placeholder stands for.
using Values = std::map<std::string, std::string, std::less<>>;

/// {name} in an argument, in full or as a part of it, is replaced by a value; {{ and }} are braces. The words stay
/// words, whatever the values are: nothing is split, and no shell sees them.
class CommandTemplate {
 public:
  /// Throws Error::Config, naming `key`, where there is no program, an argument has a NUL or a single brace, or a
  /// placeholder is none of `known`.
  CommandTemplate(std::string key, std::vector<std::string> words, const std::vector<std::string_view>& known);

  /// REQUIRES: `values` has all that are known.
  [[nodiscard]] std::vector<std::string> fill(const Values& values) const;
  /// Whether {name} occurs.
  [[nodiscard]] bool uses(std::string_view name) const;
  /// The configuration's key, for messages.
  [[nodiscard]] const std::string& key() const noexcept { return key_; }

 private:
  struct Piece {
    bool is_placeholder = false;
    std::string text;
  };
  [[nodiscard]] std::vector<Piece> parse(std::string_view word, const std::vector<std::string_view>& known) const;

  const std::string key_;
  std::vector<std::vector<Piece>> words_;
};

}  // namespace lshost::exec
