// What a real server says no to, and what the host is told.

#include <catch2/catch.hpp>
#include <iostream>

#include "own_gateway.hpp"
#include "support/wait_until.hpp"

using namespace lshost;
using namespace lshost::test;

namespace {

constexpr std::uint32_t kBoth = LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR;

bool says(const Error& error, const std::string& text) {
  return std::string(error.what()).find(text) != std::string::npos;
}

Error put_error(Store& store) {
  const auto error = error_of([&] { store.put("a", "x"); });
  REQUIRE(error.has_value());
  INFO(error->what());
  return *error;
}

}  // namespace

TEST_CASE("s3: wrong keys are told apart, and named", "[s3][rgw][refusals]") {
  const auto server = gateway();
  if (!server) return;
  const std::string bucket = Store(*server).bucket();
  Store wrong_secret(*server, {{"secret-access-key", std::string("not-the-secret")}}, bucket);
  const Error signature = put_error(wrong_secret);
  CHECK(signature.Code() == LSHOST_E_DENIED);
  CHECK(signature.Flags() == kBoth);
  CHECK(says(signature, "secret-access-key"));
  CHECK_FALSE(says(signature, "not-the-secret"));

  Store wrong_id(*server, {{"access-key-id", std::string("AKIANOBODY")}}, bucket);
  const Error id = put_error(wrong_id);
  CHECK(id.Code() == LSHOST_E_DENIED);
  CHECK(says(id, "access-key-id"));
}

TEST_CASE("s3: a missing bucket is an error for a person, never an empty replica", "[s3][rgw][refusals]") {
  const auto server = gateway();
  if (!server) return;
  Store store(*server, {}, "no-such-" + unique_name());
  for (const auto& error :
       {error_of([&] { store.put("a", "x"); }), error_of([&] { (void)store.get("a"); }),
        error_of([&] { (void)store.list(); }), error_of([&] { store.put_unknown("a", noise(9U << 20U)); }),
        error_of([&] { store->Remove(std::vector<std::string>{"a", "b"}); })}) {
    REQUIRE(error.has_value());
    INFO(error->what());
    CHECK(error->Code() == LSHOST_E_CONFIG);
    CHECK(error->Flags() == kBoth);
    CHECK(says(*error, "no such bucket"));
  }
  store.create_bucket();
  store.put("a", "x");  // no restart was needed
  CHECK(store.get("a") == "x");
}

TEST_CASE("s3: another user's bucket is refused with the permission that is missing", "[s3][rgw][refusals]") {
  const auto server = gateway();
  if (!server) return;
  Store owner(*server);
  owner.put("a", "x");
  const std::string user = unique_name();
  admin(*server, {"user", "create", "--uid=" + user, "--display-name=x", "--access-key=AK" + user, "--secret-key=s"});
  Store stranger(*server, {{"access-key-id", "AK" + user}, {"secret-access-key", std::string("s")}}, owner.bucket());
  const Error put = put_error(stranger);
  CHECK(put.Code() == LSHOST_E_DENIED);
  CHECK(says(put, "s3:PutObject"));
  const auto get = error_of([&] { (void)stranger.get("a"); });
  REQUIRE(get.has_value());
  CHECK(says(*get, "s3:GetObject"));
  const auto remove = error_of([&] { stranger->Remove(std::vector<std::string>{"a", "b"}); });
  REQUIRE(remove.has_value());
  CHECK(remove->Code() == LSHOST_E_DENIED);
  CHECK(owner.get("a") == "x");
}

TEST_CASE("s3: a quota that is used up is no space, and works again when it is raised", "[s3][rgw][refusals]") {
  const auto server = gateway();
  if (!server) return;
  Store store(*server);
  const std::string bucket = "--bucket=" + store.bucket();
  admin(*server, {"quota", "set", "--quota-scope=bucket", bucket, "--max-objects=3"});
  admin(*server, {"quota", "enable", "--quota-scope=bucket", bucket});
  std::optional<Error> error;
  int count = 0;
  CHECK(wait_until([&] {  // the server counts a moment later
    error = error_of([&] { store.put("k" + std::to_string(count++), "x"); });
    return error.has_value();
  }));
  REQUIRE(error.has_value());
  INFO(error->what());
  CHECK(error->Code() == LSHOST_E_NO_SPACE);
  CHECK(error->Flags() == kBoth);
  CHECK(says(*error, "quota"));
  admin(*server, {"quota", "disable", "--quota-scope=bucket", bucket});
  CHECK(wait_until([&] { return !error_of([&] { store.put("again", "x"); }).has_value(); }));
}

TEST_CASE("s3: TLS with a private authority, and only with it", "[s3][rgw][tls]") {
  const auto server = gateway();
  if (!server) return;
  const std::string bucket = Store(*server).bucket();
  const ConfigValues tls = {{"endpoint", server->tls_endpoint}};
  const auto with = [&](const ConfigValues& more) {
    ConfigValues all = tls;
    for (const auto& [key, value] : more) all[key] = value;
    return all;
  };
  Store trusted(*server, with({{"ca-file", server->ca_file}}), bucket);
  const std::string bytes = noise(300'000);
  trusted.put("a", bytes);
  CHECK(trusted.get("a") == bytes);

  const std::string by_address = "https://127.0.0.1" + server->tls_endpoint.substr(server->tls_endpoint.rfind(':'));
  for (const auto& [what, values] : std::vector<std::pair<std::string, ConfigValues>>{
           {"an authority that the system does not know", with({})},
           {"another authority", with({{"ca-file", server->other_ca_file}})},
           {"a file that is not there", with({{"ca-file", server->ca_file + ".missing"}})},
           {"another name", with({{"ca-file", server->ca_file}, {"endpoint", by_address}})}}) {
    CAPTURE(what);
    Store store(*server, values, bucket);
    const Error error = put_error(store);
    INFO(error.what());
    CHECK(error.Code() == LSHOST_E_CONFIG);
    CHECK(error.Flags() == kBoth);
    CHECK(says(error, "ca-file"));
  }
  CHECK(trusted.list() == std::vector<std::string>{"a"});
}

TEST_CASE("s3: a bucket in the host's name", "[s3][rgw][tls]") {
  const auto server = gateway();
  if (!server) return;
  // The certificate has this bucket's host name, which the resolver takes for this machine, as all of *.localhost.
  const ConfigValues values = {
      {"endpoint", server->tls_endpoint}, {"ca-file", server->ca_file}, {"force-path-style", false}};
  Store store(*server, values, "tls-bucket");
  try {
    store.create_bucket();
  } catch (const Error& error) {
    if (!says(error, "resolve")) throw;
    std::cout << "skipped: this machine's resolver knows no *.localhost\n";
    return;
  }
  store.put("a b/c", "x");
  CHECK(store.get("a b/c") == "x");
  CHECK(store.list() == std::vector<std::string>{"a b/c"});
  Store by_path(*server, {}, "tls-bucket");
  CHECK(by_path.get("a b/c") == "x");
}
