// The simple replicator, and what can be wrong before any function of it is called (a macro each).

#include "simple_replicator.hpp"

#include <thread>

namespace {

#if defined(BROKEN_THREAD)
[[maybe_unused]] const bool kThread = [] {
  static auto* const thread = new std::thread([] {
    for (;;) lshost::test::broken::block(1000);
  });
  return thread != nullptr;
}();
#elif defined(BROKEN_THROWS)
[[maybe_unused]] const bool kThrown = []() -> bool { throw std::runtime_error("thrown while it is loaded"); }();
#elif defined(BROKEN_EXITS)
[[maybe_unused]] const bool kGone = []() -> bool { std::exit(7); }();
#elif defined(BROKEN_OPENS)
[[maybe_unused]] const int kOpen = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
#endif

class Broken : public lshost::test::broken::Simple {
 public:
  using Simple::Simple;
  std::string Type() const override { return ODD_TYPE; }
};

}  // namespace

#if defined(BROKEN_UNIQUE)
/// One for the whole process, whichever library has it.
inline __attribute__((visibility("default"), used)) int broken_counter = 0;
#elif defined(BROKEN_EXPORTS)
extern "C" LSHOST_EXPORT int broken_helper(int value) { return value + 1; }
#endif

LSHOST_PLUGIN(Broken, ODD_TYPE, "1.0.0");
