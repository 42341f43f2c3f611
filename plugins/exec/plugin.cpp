// What makes a shared library of it.

#include "exec_replicator.hpp"

LSHOST_PLUGIN(lshost::exec::ExecReplicator, "exec", "1.0.0");
