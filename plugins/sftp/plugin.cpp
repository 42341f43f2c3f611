// What makes a shared library of it.

#include "sftp_replicator.hpp"

LSHOST_PLUGIN(lshost::sftp::SftpReplicator, "sftp", "1.0.0");
