// What lshost/ext/store.h promises, and the engine on top of it, with a real server.

#include <atomic>
#include <catch2/catch.hpp>

#include "sftp/sshd.hpp"
#include "support/store_conformance.hpp"

namespace {

using namespace lshost;
using namespace lshost::test;

const StoreKind& kind() {
  static const Sshd sshd;
  static std::atomic<int> places{0};
  static const StoreKind it{"sftp",
                            [] { return sshd.config({{"path", sshd.store() + "/" + std::to_string(++places)}}); },
                            [](Context context) { return std::make_unique<sftp::SftpReplicator>(context); }};
  return it;
}

}  // namespace

LSHOST_STORE_CONFORMANCE("sftp", kind())
