#pragma once
// A database, a bucket in memory, and the engine between them.

#include <memory>
#include <string>
#include <vector>

#include "support/memory_store.hpp"
#include "support/store_replica.hpp"

namespace lshost::test {

struct Fixture {
  explicit Fixture(ConfigValues config = {}, bool is_parallel = true)
      : host(with_defaults(std::move(config))), replica(host, make_store(bucket, is_parallel)) {
    host.new_generation();
    host.commit("CREATE TABLE t(x)");
    insert();
  }

  static ConfigValues with_defaults(ConfigValues config) {
    config.emplace("sync-interval", std::chrono::nanoseconds(0));
    return config;
  }
  static MakeStore make_store(std::shared_ptr<Bucket> bucket, bool is_parallel) {
    return [bucket = std::move(bucket), is_parallel](Context context) {
      return std::make_unique<MemoryStore>(context, bucket, is_parallel);
    };
  }

  Position insert() { return host.commit("INSERT INTO t VALUES(hex(randomblob(2000)))"); }
  void next_index(FakeHost::Finish finish = FakeHost::Finish::with_next_run) {
    host.restart_wal(finish);
    insert();
  }
  [[nodiscard]] std::string generation() const { return host.tip().generation; }
  /// Both ways give the database as of the last report.
  void check_restorable();

  std::shared_ptr<Bucket> bucket = std::make_shared<Bucket>();
  FakeHost host;
  StoreReplica replica;
};

/// What a person gets without lshost: objects of the newest snapshot's index and later, unpacked with liblz4, put
/// together by their names, and replayed by SQLite.
[[nodiscard]] Bytes restore_by_hand(const Bucket& bucket, const std::string& generation);

}  // namespace lshost::test
