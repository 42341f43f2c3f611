#pragma once
// Text that must not be seen: it has no way into a stream, a log line or a sentence by accident.

#include <string>
#include <utility>

namespace lshost::s3 {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  /// Only for what is signed or sent.
  [[nodiscard]] const std::string& reveal() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string text_;
};

}  // namespace lshost::s3
