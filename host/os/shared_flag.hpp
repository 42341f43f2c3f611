#pragma once
// One bit that one process sets and another sees at once, without a call between them.

#include "base/unique_fd.hpp"

namespace lshost::os {

/// A sealed page of memory with a descriptor: neither side can cut it off under the other.
///
/// Ownership: owns descriptor and mapping. Moves.
/// Threads:   any. What happened before set() is seen by whoever sees is_set().
/// Errors:    the constructors throw Error{transient} without descriptors or memory.
class SharedFlag {
 public:
  /// A new one, not set.
  SharedFlag();
  /// The one that another process made. Can not be set here.
  explicit SharedFlag(UniqueFd descriptor);
  SharedFlag(SharedFlag&& other) noexcept;
  SharedFlag& operator=(SharedFlag&&) = delete;
  SharedFlag(const SharedFlag&) = delete;
  SharedFlag& operator=(const SharedFlag&) = delete;
  ~SharedFlag();

  /// For good. REQUIRES: made here.
  void set() noexcept;
  [[nodiscard]] bool is_set() const noexcept;
  /// Borrowed.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }

 private:
  void map(int protection);

  UniqueFd descriptor_;
  void* page_ = nullptr;
};

}  // namespace lshost::os
