#pragma once
// A replica whose server is a test's.

#include <chrono>
#include <string>

#include "http_server.hpp"
#include "s3/common.hpp"
#include "support/fake_host.hpp"

namespace lshost::test {

inline ConfigValues configuration_for(const std::string& endpoint, const ConfigValues& more = {}) {
  ConfigValues values = {{"bucket", std::string("bkt")},
                         {"prefix", std::string("p")},
                         {"endpoint", endpoint},
                         {"region", std::string("eu-central-1")},
                         {"access-key-id", std::string("AKIDEXAMPLE")},
                         {"secret-access-key", std::string("the-secret")}};
  for (const auto& [key, value] : more) values[key] = value;
  return values;
}

/// Ownership: `server` outlives it.
class ScriptedStore {
 public:
  explicit ScriptedStore(const HttpServer& server, const ConfigValues& more = {},
                         const s3::Environment& environment = bare_environment())
      : host_(configuration_for(server.url(), more)), replicator_(host_.context(), environment) {}

  s3::S3Replicator* operator->() { return &replicator_; }
  [[nodiscard]] FakeHost& host() { return host_; }

 private:
  FakeHost host_;
  s3::S3Replicator replicator_;
};

}  // namespace lshost::test
