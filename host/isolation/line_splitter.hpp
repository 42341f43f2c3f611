#pragma once
// Lines out of bytes that come in pieces. Pure.

#include <functional>
#include <string>
#include <string_view>

namespace lshost::isolation {

/// One thread at a time.
class LineSplitter {
 public:
  /// A longer line is cut into several: a plugin must not fill the host's memory by never ending one.
  static constexpr std::size_t kLineMax = 4096;

  /// Calls `each` for every whole line, without its end; empty ones are left out.
  void add(std::string_view bytes, const std::function<void(std::string_view line)>& each) {
    for (const char c : bytes) {
      if (c != '\n') begun_ += c;
      if (c == '\n' || begun_.size() >= kLineMax) finish(each);
    }
  }
  /// What came without an end.
  void finish(const std::function<void(std::string_view line)>& each) {
    if (!begun_.empty()) each(begun_);
    begun_.clear();
  }

 private:
  std::string begun_;
};

}  // namespace lshost::isolation
