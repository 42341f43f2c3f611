#pragma once
// What the suites of the S3 plugin share, with and without a real server.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <lshost/cpp/stream.hpp>

#include "s3_replicator.hpp"

namespace lshost::test {

/// Nothing of the machine's own environment, and no look at whether the machine is one of Amazon's.
inline s3::Environment bare_environment() { return {{"AWS_EC2_METADATA_DISABLED", "true"}}; }

/// A body in memory.
class Text final : public Source {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] std::size_t Read(std::span<std::byte> into) override {
    const std::size_t count = std::min(into.size(), text_.size() - at_);
    std::copy_n(reinterpret_cast<const std::byte*>(text_.data()) + at_, count, into.begin());
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

/// The Error that `action` throws; nullopt: none.
template <class Action>
std::optional<Error> error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

}  // namespace lshost::test
