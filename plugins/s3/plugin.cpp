// What makes a shared library of it.

#include "s3_replicator.hpp"

LSHOST_PLUGIN(lshost::s3::S3Replicator, "s3", "1.0.0");
