#pragma once
// A replica whose server is a test's.

#include <chrono>
#include <optional>
#include <string>

#include "http_server.hpp"
#include "s3_replicator.hpp"
#include "support/fake_host.hpp"

namespace lshost::test {

/// Nothing of the machine's own environment.
inline s3::Environment bare_environment() { return {{"AWS_EC2_METADATA_DISABLED", "true"}}; }

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

/// A body in memory.
class Text final : public Source {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] std::size_t Read(std::span<std::byte> into) override {
    const std::size_t count = std::min(into.size(), text_.size() - at_);
    std::copy_n(reinterpret_cast<const std::byte*>(text_.data()) + at_, count, into.begin());
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

/// The Error that `action` throws; nullopt: none.
template <class Action>
std::optional<Error> error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

}  // namespace lshost::test
