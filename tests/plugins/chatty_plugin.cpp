// A plugin that speaks while it is being loaded, which shows in a test whether it was.

#include <cstdio>
#include <cstdlib>
#include <lshost/replicator.hpp>

namespace {

// Runs inside dlopen.
[[maybe_unused]] const bool kSpoken = [] {
  std::printf("chatty: code of the plugin runs\n");
  std::fflush(stdout);
  ::setenv("LSHOST_TEST_CHATTY_RAN", "1", 1);
  return true;
}();

class Chatty : public lshost::Replicator {
 public:
  using Replicator::Replicator;
  std::string Type() const override { return "chatty"; }
  void Start() override {}
};

}  // namespace

LSHOST_PLUGIN(Chatty, "chatty", "1.0.0");
