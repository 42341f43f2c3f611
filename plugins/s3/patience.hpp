#pragma once
// Trying one step again by itself, so that a break costs that step and not the whole of a large object.

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>

#include <lshost/cpp/context.hpp>
#include <lshost/cpp/error.hpp>

namespace lshost::s3 {

/// How long to wait before try number `failures` + 1: doubling from 100 ms to 5 s, halved or not by chance, and never
/// less than the server asked for. Pure.
[[nodiscard]] inline std::chrono::milliseconds pause_before_retry(unsigned failures,
                                                                  std::chrono::milliseconds asked_for, double chance) {
  using std::chrono::milliseconds;
  const milliseconds whole(std::min<std::int64_t>(5000, std::int64_t{100} << std::min(failures, 6U)));
  const auto jittered =
      milliseconds(static_cast<std::int64_t>(static_cast<double>(whole.count()) * (0.5 + chance / 2)));
  return std::max(jittered, asked_for);
}

/// One step's tries, for at most `limit` after the first failure.
///
/// Example:
///     for (Patience patience(ctx, limit);;) {
///       try { return step(); } catch (const Error& error) { patience.after(error); }
///     }
///
/// Threads: one at a time.
class Patience {
 public:
  Patience(Context context, std::chrono::milliseconds limit) : context_(context), limit_(limit) {}

  /// Waits, and returns if it is worth another try; otherwise throws `error` again. Throws Cancelled.
  void after(const Error& error) {
    const auto now = std::chrono::steady_clock::now();
    if (failures_ == 0) give_up_at_ = now + limit_;
    const auto chance = std::uniform_real_distribution<double>(0, 1)(random_);
    const auto pause = pause_before_retry(failures_++, error.RetryAfter(), chance);
    // What a person has to mend is for the host to report, now; and what is not there does not come by waiting.
    const bool is_hopeless =
        !error.IsRetryable() || (error.Flags() & LSHOST_ERR_OPERATOR) != 0 || error.Code() == LSHOST_E_NOT_FOUND;
    if (is_hopeless || now + pause > give_up_at_) throw Error(error);
    context_.Count("s3_retries_total");
    context_.Sleep(pause);
  }

  /// Something went well: the next failure is a first one again.
  void reset() noexcept { failures_ = 0; }

 private:
  const Context context_;
  const std::chrono::milliseconds limit_;
  std::chrono::steady_clock::time_point give_up_at_;
  unsigned failures_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

/// The result of `step`, tried with patience.
template <class Step>
auto with_patience(const Context& context, std::chrono::milliseconds limit, Step step) -> decltype(step()) {
  for (Patience patience(context, limit);;) {
    try {
      return step();
    } catch (const Error& error) {
      patience.after(error);
    }
  }
}

}  // namespace lshost::s3
