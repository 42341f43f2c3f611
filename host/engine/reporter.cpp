#include "engine/reporter.hpp"

#include <algorithm>

#include "base/backoff.hpp"

namespace lshost::engine {

using std::chrono::milliseconds;

FailureClass class_of(const std::exception& failure) noexcept {
  const auto* known = dynamic_cast<const Error*>(&failure);
  if (known == nullptr) return FailureClass::transient;  // memory, most likely
  const bool is_for_a_person = (known->Flags() & LSHOST_ERR_OPERATOR) != 0 || !known->IsRetryable();
  return is_for_a_person ? FailureClass::person : FailureClass::transient;
}

milliseconds rest_after(const std::exception& failure, std::uint32_t attempt, std::uint64_t random) noexcept {
  constexpr Backoff kTransient{milliseconds(100), milliseconds(30'000)};
  constexpr Backoff kPerson{milliseconds(1'000), milliseconds(60'000)};
  const auto& backoff = class_of(failure) == FailureClass::person ? kPerson : kTransient;
  const auto* known = dynamic_cast<const Error*>(&failure);
  const milliseconds asked_for = known == nullptr ? milliseconds(0) : known->RetryAfter();
  return std::max(backoff.delay(attempt, random), asked_for);
}

void Reporter::state(ReplicaState state, const std::string& detail) {
  const std::lock_guard hold(mutex_);
  if (state_ == state && detail_ == detail) return;
  state_ = state;
  detail_ = detail;
  ctx_.State(state, detail);
}

std::optional<ReplicaState> Reporter::last_state() const {
  const std::lock_guard hold(mutex_);
  return state_;
}

milliseconds Reporter::failed(const std::exception& failure, std::uint32_t attempt) {
  ctx_.Failed(failure);
  state(class_of(failure) == FailureClass::person ? ReplicaState::Failed : ReplicaState::BackOff, failure.what());
  const std::lock_guard hold(mutex_);
  return rest_after(failure, attempt, random_());
}

}  // namespace lshost::engine
