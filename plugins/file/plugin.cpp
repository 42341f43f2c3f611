// What makes a shared library of it.

#include "file_replicator.hpp"

LSHOST_PLUGIN(lshost::file::FileReplicator, "file", "1.0.0");
