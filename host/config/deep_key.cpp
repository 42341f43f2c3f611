// Finds keys that are too deep before toml++ sees them: a.a.a.a...

#include "config/document.hpp"

namespace lshost::config {
namespace {

constexpr int kDotsMax = 64;

/// Steps through TOML far enough to tell keys from strings and comments. In a text that is not TOML it may lose its
/// way, but only behind the place where the parser stops.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : text_(text) {}

  std::optional<Location> find() noexcept {
    int dots = 0;
    while (at_ < text_.size()) {
      switch (text_[at_]) {
        case '#':
          skip_comment();
          continue;
        case '"':
        case '\'':
          skip_string();
          continue;
        case '.':
          if (++dots > kDotsMax) return here_;
          break;
        case '=':
        case ',':
        case '[':
        case ']':
        case '{':
        case '}':
        case '\n':
          dots = 0;
          break;
        default:
          break;
      }
      step();
    }
    return std::nullopt;
  }

 private:
  void step(std::size_t count = 1) noexcept {
    for (; count > 0 && at_ < text_.size(); --count, ++at_) {
      if (text_[at_] == '\n') {
        here_ = {here_.line + 1, 1};
      } else if ((static_cast<unsigned char>(text_[at_]) & 0xC0U) != 0x80U) {  // not inside a code point
        ++here_.column;
      }
    }
  }

  void skip_comment() noexcept {
    while (at_ < text_.size() && text_[at_] != '\n') step();
  }

  void skip_string() noexcept {
    const char quote = text_[at_];
    const char delimiter[] = {quote, quote, quote};
    const bool is_long = text_.substr(at_, 3) == std::string_view(delimiter, 3);
    const std::string_view close(delimiter, is_long ? 3 : 1);
    step(close.size());
    while (at_ < text_.size() && text_.substr(at_, close.size()) != close) {
      if (text_[at_] == '\n' && !is_long) return;  // not closed: the parser stops here
      step(quote == '"' && text_[at_] == '\\' ? 2 : 1);
    }
    step(close.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Location here_{1, 1};
};

}  // namespace

std::optional<Location> find_deep_key(std::string_view text) noexcept { return Scanner(text).find(); }

}  // namespace lshost::config
