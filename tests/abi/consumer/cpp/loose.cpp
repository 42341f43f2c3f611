// Linked without any care by the test: everything is exported, and an inline function's static is one for the process.

#include <lshost/replicator.hpp>

inline int* loose_function() {
  static int shared = 0;
  return &shared;
}

class Loose : public lshost::Replicator {
 public:
  using Replicator::Replicator;
  std::string Type() const override { return "loose"; }
  void Start() override { ++*loose_function(); }
};

LSHOST_PLUGIN(Loose, "loose", "0.1.0");
