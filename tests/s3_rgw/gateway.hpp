#pragma once
// The S3 server that ctest started (tests/servers), and buckets of their own for tests. A Ceph gateway; part of the
// suite is built a second time for OpenStack Swift.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "s3/common.hpp"
#include "support/fake_host.hpp"

namespace lshost::test {

/// Where the server is and how it is spoken to.
struct Gateway {
  std::string endpoint;
  std::string tls_endpoint;
  std::string access_key;
  std::string secret_key;
  std::string ca_file;
  std::string other_ca_file;  ///< an authority that signed nothing
  std::string ceph_conf;
  bool keeps_existing = true;  ///< heeds If-None-Match
  bool has_no_gaps = true;     ///< an object is there at every moment while it is replaced
};

/// nullopt, and a line that says that the test is skipped: there is no such server on this machine.
[[nodiscard]] std::optional<Gateway> gateway();

/// For other tests than the first of a name: "t4711-3".
[[nodiscard]] std::string unique_name();

/// A bucket of its own with a replica in it.
///
/// Threads: as S3Replicator. Ownership: one a test; the bucket stays, and goes with the server.
class Store {
 public:
  /// `more`: keys of the configuration, added or replacing.
  explicit Store(const Gateway& gateway, const ConfigValues& more = {}, const std::string& bucket = {});

  s3::S3Replicator& operator*() { return *replicator_; }
  s3::S3Replicator* operator->() { return replicator_.get(); }
  [[nodiscard]] FakeHost& host() { return host_; }
  /// To speak to the server in other ways.
  [[nodiscard]] s3::Client& client() { return client_; }
  [[nodiscard]] const std::string& bucket() const { return bucket_; }

  // ---- short forms ----
  void put(const std::string& key, const std::string& text);
  void put_unknown(const std::string& key, const std::string& text);
  [[nodiscard]] std::string get(const std::string& key, std::uint64_t offset = 0, std::uint64_t length = UINT64_MAX);
  [[nodiscard]] std::vector<std::string> list(const std::string& prefix = "");
  void create_bucket();
  [[nodiscard]] std::size_t pending_uploads();

 private:
  std::string bucket_;
  FakeHost host_;
  s3::Client client_;
  std::unique_ptr<s3::S3Replicator> replicator_;
};

/// Bytes that do not repeat, the same for the same seed.
[[nodiscard]] std::string noise(std::size_t size, unsigned seed = 1);

}  // namespace lshost::test
