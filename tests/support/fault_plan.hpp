#pragma once
// Which file operation is to fail next. What FaultFs and FaultingFs share.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "support/hook.hpp"

namespace lshost::test {

/// One operation on its way to the disk.
struct FsOperation {
  std::string kind;  ///< the function: "create", "append", "sync_directory", ...
  std::string op;    ///< the caller's step: "shadow.append"
  std::string path;
};

/// Faults on demand, and the story of what was asked. Thread-safe.
///
/// Queries (stat, list, open_read, read_at) count like changes: each of them can fail on a bad disk.
/// An injected failure reads "<op> <path>: injected failure".
class FaultPlan {
 public:
  /// The n-th operation from now fails; 1 is the next one. Replaces an earlier fail_nth.
  void fail_nth(std::uint64_t n, ErrorCode code = ErrorCode::transient);
  /// Operations of that step fail, all of them or the first `times`.
  void fail_op(std::string_view op, ErrorCode code, std::uint64_t times = UINT64_MAX);
  /// The same by kind: "sync", "rename", ...
  void fail_kind(std::string_view kind, ErrorCode code, std::uint64_t times = UINT64_MAX);
  /// No more faults from here on.
  void heal();

  /// Runs before each operation, on the thread that asked, with no lock held. It may throw an Error, block, or end the
  /// process (a crash at exactly this step).
  void before_each(std::function<void(const FsOperation&)> hook);

  [[nodiscard]] bool fired() const;                      ///< an injected failure happened since the last heal()
  [[nodiscard]] std::uint64_t count() const;             ///< operations since construction
  [[nodiscard]] std::vector<std::string> story() const;  ///< "kind path" of each, in order, since the last forget()
  void forget_story();

  /// For the file systems: tells of an operation, and throws if it shall fail. nullopt: go on.
  void enter(std::string_view kind, std::string_view op, const std::string& path);
  /// The same for an operation that can be done by half: returns the error to throw after doing so.
  [[nodiscard]] std::optional<Error> enter_or_fail(std::string_view kind, std::string_view op, const std::string& path);

 private:
  struct Rule {
    bool by_kind;
    std::string word;
    ErrorCode code;
    std::uint64_t times_left;
  };
  [[nodiscard]] std::optional<ErrorCode> next_fault(const FsOperation& operation) LSHOST_REQUIRES(mutex_);

  mutable Mutex mutex_;
  Hook<void(const FsOperation&)> hook_;
  std::optional<std::uint64_t> until_nth_ LSHOST_GUARDED_BY(mutex_);
  ErrorCode nth_code_ LSHOST_GUARDED_BY(mutex_) = ErrorCode::transient;
  std::vector<Rule> rules_ LSHOST_GUARDED_BY(mutex_);
  std::vector<std::string> story_ LSHOST_GUARDED_BY(mutex_);
  std::uint64_t count_ LSHOST_GUARDED_BY(mutex_) = 0;
  bool fired_ LSHOST_GUARDED_BY(mutex_) = false;
};

}  // namespace lshost::test
