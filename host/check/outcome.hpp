#pragma once
// What became of one case, and how it leaves the process that ran it.

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lshost::check {

enum class Verdict { passed, failed, skipped };

[[nodiscard]] std::string_view to_string(Verdict verdict) noexcept;

struct Outcome {
  Verdict verdict = Verdict::passed;
  std::string reason;  ///< why it failed or was skipped; may have several lines; "" where it passed
};

/// Thrown by a case: it does not hold. what() is the reason.
class Failed : public std::exception {
 public:
  explicit Failed(std::string reason) : reason_(std::move(reason)) {}
  [[nodiscard]] const char* what() const noexcept override { return reason_.c_str(); }

 private:
  std::string reason_;
};

/// Thrown by a case: there is nothing to check. what() is the reason.
class Skipped : public std::exception {
 public:
  explicit Skipped(std::string reason) : reason_(std::move(reason)) {}
  [[nodiscard]] const char* what() const noexcept override { return reason_.c_str(); }

 private:
  std::string reason_;
};

/// One line that a case's process writes: what it is doing now (so that a crash can be told where), or its outcome.
struct Message {
  std::string doing;
  std::optional<Outcome> outcome;
};
[[nodiscard]] std::string encode(const Message& message);
/// nullopt: not one of those lines. A plugin may write anywhere.
[[nodiscard]] std::optional<Message> decode(std::string_view line);

}  // namespace lshost::check
