// A replicator whose destination never answers: it waits, reports nothing durable, and says it is backing off.

#include <lshost/replicator.hpp>

namespace {

class Stuck : public lshost::Replicator {
 public:
  using Replicator::Replicator;
  [[nodiscard]] std::string Type() const override { return "stuck"; }
  void Start() override {
    ctx.Spawn("stuck", [this] {
      ctx.State(lshost::ReplicaState::BackOff, "the destination does not answer");
      for (;;) ctx.Sleep(std::chrono::hours(1));  // throws Cancelled when the host wants it to end
    });
  }
};

}  // namespace

LSHOST_PLUGIN(Stuck, "stuck", "1.0.0");
