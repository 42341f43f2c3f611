#include "gateway.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <iostream>
#include <random>

#include "replies.hpp"

namespace lshost::test {
namespace {

std::map<std::string, std::string> read_env() {
  std::map<std::string, std::string> values;
  std::ifstream file(LSHOST_TEST_S3_ENV);
  for (std::string line; std::getline(file, line);) {
    const auto equals = line.find('=');
    if (equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return values;
}

ConfigValues configuration(const Gateway& gateway, const ConfigValues& more, const std::string& bucket) {
  ConfigValues values = {{"bucket", bucket},
                         {"prefix", std::string("replica")},
                         {"endpoint", gateway.endpoint},
                         {"region", std::string("us-east-1")},
                         {"access-key-id", gateway.access_key},
                         {"secret-access-key", gateway.secret_key}};
  for (const auto& [key, value] : more) values[key] = value;
  return values;
}

}  // namespace

std::optional<Gateway> gateway() {
  auto env = read_env();
  if (env.empty()) {
    std::cout << "skipped: no server (see tests/servers; ctest starts it)\n";
    return std::nullopt;
  }
  return Gateway{
      env["S3_ENDPOINT"],         env["S3_TLS_ENDPOINT"],  env["S3_ACCESS_KEY"], env["S3_SECRET_KEY"],
      env["S3_CA_FILE"],          env["S3_OTHER_CA_FILE"], env["CEPH_CONF"],     env["S3_KEEPS_EXISTING"] != "no",
      env["S3_HAS_GAPS"] != "yes"};
}

std::string unique_name() {
  static std::atomic<int> count{0};
  return "t" + std::to_string(::getpid()) + '-' + std::to_string(++count);
}

Store::Store(const Gateway& gateway, const ConfigValues& more, const std::string& bucket)
    : bucket_(bucket.empty() ? unique_name() : bucket),
      host_(configuration(gateway, more, bucket_)),
      client_(host_.context(), s3::read_settings(host_.context(), bare_environment()), bare_environment()),
      replicator_(std::make_unique<s3::S3Replicator>(host_.context(), bare_environment())) {
  if (bucket.empty()) create_bucket();
}

void Store::create_bucket() { client_.send({.method = "PUT", .verb = "create"}); }

void Store::put(const std::string& key, const std::string& text) {
  Text body(text);
  replicator_->Put(key, body, text.size());
}

void Store::put_unknown(const std::string& key, const std::string& text) {
  Text body(text);
  replicator_->Put(key, body, kSizeUnknown);
}

std::string Store::get(const std::string& key, std::uint64_t offset, std::uint64_t length) {
  return replicator_->Get(key, offset, length)->ReadAll();
}

std::vector<std::string> Store::list(const std::string& prefix) {
  std::vector<std::string> keys;
  replicator_->List(prefix, [&](const Blob& blob) { keys.push_back(blob.key); });
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::size_t Store::pending_uploads() {
  const auto reply = client_.send({.query = {{"uploads", ""}}, .verb = "list the uploads in"});
  return s3::parse_pending_uploads(reply.body).size();
}

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; i += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(&text[i], &word, std::min(sizeof word, size - i));
  }
  return text;
}

}  // namespace lshost::test
