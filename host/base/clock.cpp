#include "base/clock.hpp"

#include <thread>

namespace lshost {
namespace {

class SystemClock final : public Clock {
 public:
  UnixNanos unix_now() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  std::chrono::steady_clock::time_point steady_now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

void pause_for(std::chrono::nanoseconds duration) { std::this_thread::sleep_for(duration); }

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace lshost
