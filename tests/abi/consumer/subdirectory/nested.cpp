// No more than it takes to be a plugin.

#include <lshost/replicator.hpp>

class Nested : public lshost::Replicator {
 public:
  using Replicator::Replicator;
  std::string Type() const override { return "nested"; }
  void Start() override {}
};

LSHOST_PLUGIN(Nested, "nested", "0.1.0");
