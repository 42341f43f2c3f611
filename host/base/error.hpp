#pragma once
// The failures of lshost: one exception type, a code that says what to do, a sentence that says what
// happened. This file knows nothing about who throws.

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace lshost {

/// What the caller can do about a failure. Anything finer is in the sentence.
enum class ErrorCode {
  invalid,      ///< the request makes no sense: wrong usage or configuration (exit code 2)
  not_found,    ///< a thing that must be there is not
  corrupt,      ///< bytes that are not what they must be
  transient,    ///< worth trying again as it is
  no_space,     ///< the disk or a limit is full
  denied,       ///< permissions or credentials: a person has to act
  gone,         ///< a position that no longer exists: start over with a snapshot
  cancelled,    ///< somebody asked to stop; never logged as a failure
  unsupported,  ///< this build, plugin or destination can not do it
  internal,     ///< our own mistake
};

/// The name of a code, as it stands in logs ("no_space"). Static.
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;

/// A failure that the current operation cannot continue past.
/// what() reads outermost first: "restore app.db: wal 0000002a: frame 17: checksum mismatch".
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  /// The same failure with `context` in front: "context: message".
  [[nodiscard]] Error in(std::string_view context) const { return {code_, std::string(context) + ": " + what()}; }

 private:
  ErrorCode code_;
};

/// Throws the Error for an errno value: "op path: No space left on device".
[[noreturn]] void throw_errno(std::string_view op, std::string_view path, int err = errno);

/// Runs `fn`; an Error that leaves it gets `context` in front.
template <class Fn>
decltype(auto) with_context(std::string_view context, Fn&& fn) {
  try {
    return std::forward<Fn>(fn)();
  } catch (const Error& e) {
    throw e.in(context);
  }
}

}  // namespace lshost
