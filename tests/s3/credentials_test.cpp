// Where keys come from: order, files, and the endpoints of containers and instances.

#include "credentials.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "store.hpp"
#include "support/temp_dir.hpp"

using namespace lshost;
using namespace lshost::test;
using namespace std::chrono_literals;
using s3::Credentials;
using s3::CredentialsChain;
using s3::Environment;
using s3::Secret;

namespace {

void write_file(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::string keys_reply(const std::string& id, const std::string& expires) {
  return R"({"Code":"Success","AccessKeyId":")" + id + R"(","SecretAccessKey":"s","Token":"t","Expiration":")" +
         expires + "\"}";
}

/// A chain that asks nobody but `server`.
struct Chain {
  explicit Chain(Environment environment, const std::string& profile = "", Credentials configured = {})
      : chain(
            std::move(configured), profile, std::move(environment),
            [this](const s3::HttpRequest& request) {
              ++fetches;
              return connection.exchange(request, {});
            },
            [this] { return now; }) {}

  std::string id() { return chain.current().access_key_id; }

  s3::Connection connection{{.ca_file = {}, .connect_timeout = 2s, .stall_timeout = 2s}};
  s3::SystemTime now{std::chrono::seconds(1'369'353'600)};  // 2013-05-24T00:00:00Z
  int fetches = 0;
  CredentialsChain chain;
};

Environment with(const Environment& more) {
  Environment all = bare_environment();
  for (const auto& [name, value] : more) all[name] = value;
  return all;
}

}  // namespace

TEST_CASE("s3 credentials: a credentials file is read as others read it", "[s3][credentials]") {
  const std::string text =
      "# comment\n; comment\n[default]\naws_access_key_id = AK1\naws_secret_access_key=s=1==\n\n"
      "[ two ]\r\naws_secret_access_key = s2 \r\naws_session_token = t2\r\naws_access_key_id=AK2\r\nregion = x\r\n"
      "[half]\naws_access_key_id = AK3\n[broken\naws_access_key_id\n=";
  const auto first = s3::parse_credentials_file(text, "default");
  REQUIRE(first.has_value());
  CHECK(first->access_key_id == "AK1");
  CHECK(first->secret_access_key.reveal() == "s=1==");
  CHECK(first->session_token.empty());
  const auto second = s3::parse_credentials_file(text, "two");
  REQUIRE(second.has_value());
  CHECK(second->secret_access_key.reveal() == "s2");
  CHECK(second->session_token.reveal() == "t2");
  CHECK_FALSE(s3::parse_credentials_file(text, "half").has_value());
  CHECK_FALSE(s3::parse_credentials_file(text, "none").has_value());
  CHECK_FALSE(s3::parse_credentials_file("", "default").has_value());
}

TEST_CASE("s3 credentials: the configuration goes before the environment, that before the file", "[s3][credentials]") {
  TempDir dir;
  write_file(dir / "c",
             "[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n"
             "[other]\naws_access_key_id=OTHER\naws_secret_access_key=s\n");
  const Environment file = with({{"AWS_SHARED_CREDENTIALS_FILE", dir / "c"}});
  Environment env = file;
  env.insert({{"LITESTREAM_ACCESS_KEY_ID", "LITE"}, {"LITESTREAM_SECRET_ACCESS_KEY", "s"}});
  Environment aws = env;
  aws.insert({{"AWS_ACCESS_KEY_ID", "AWS"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "t"}});
  CHECK(Chain(aws, "", {"CONF", Secret("s"), {}}).id() == "CONF");
  CHECK(Chain(aws).id() == "AWS");
  CHECK(Chain(aws).chain.current().session_token.reveal() == "t");
  CHECK(Chain(env).id() == "LITE");
  CHECK(Chain(file).id() == "FILE");
  CHECK(Chain(aws, "other").id() == "OTHER");
  Environment profile = file;
  profile["AWS_PROFILE"] = "other";
  CHECK(Chain(profile).id() == "OTHER");
}

TEST_CASE("s3 credentials: half a pair in the environment is none", "[s3][credentials]") {
  const auto error = error_of([] { (void)Chain(with({{"AWS_ACCESS_KEY_ID", "X"}})).id(); });
  REQUIRE(error.has_value());
  CHECK(error->Code() == LSHOST_E_DENIED);
  CHECK(std::string(error->what()).find("set access-key-id") != std::string::npos);
}

TEST_CASE("s3 credentials: a profile that is not there is an error, not another profile", "[s3][credentials]") {
  TempDir dir;
  write_file(dir / "c", "[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
  const auto error = error_of([&] { (void)Chain(with({{"AWS_SHARED_CREDENTIALS_FILE", dir / "c"}}), "prod").id(); });
  REQUIRE(error.has_value());
  CHECK(std::string(error->what()).find("\"prod\"") != std::string::npos);
}

TEST_CASE("s3 credentials: a file that was changed is read again, at once when its keys were refused",
          "[s3][credentials]") {
  TempDir dir;
  write_file(dir / "c", "[default]\naws_access_key_id=ONE\naws_secret_access_key=s\n");
  Chain chain(with({{"AWS_SHARED_CREDENTIALS_FILE", dir / "c"}}));
  CHECK(chain.id() == "ONE");
  write_file(dir / "c", "[default]\naws_access_key_id=TWO\naws_secret_access_key=s\n");
  CHECK(chain.id() == "ONE");
  SECTION("after a while") { chain.now += 6min; }
  SECTION("after a refusal") { chain.chain.refused({"ONE", Secret("s"), {}}); }
  CHECK(chain.id() == "TWO");
  chain.chain.refused({"ONE", Secret("s"), {}});  // of a call that was under way meanwhile
  write_file(dir / "c", "[default]\naws_access_key_id=THREE\naws_secret_access_key=s\n");
  CHECK(chain.id() == "TWO");
}

TEST_CASE("s3 credentials: a container's endpoint is asked with its token, and again before keys expire",
          "[s3][credentials]") {
  TempDir dir;
  write_file(dir / "token", "the-token\n");
  int round = 0;
  HttpServer server([&](const Asked& asked) {
    if (asked.headers.count("authorization") == 0 || asked.headers.at("authorization") != "the-token")
      return Answer{.status = 401};
    return Answer{.body = keys_reply("K" + std::to_string(++round), "2013-05-24T01:00:00Z")};
  });
  Chain chain(with({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url() + "/creds?x=1"},
                    {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", dir / "token"}}));
  CHECK(chain.id() == "K1");
  CHECK(chain.id() == "K1");
  CHECK(chain.fetches == 1);
  CHECK(chain.chain.current().session_token.reveal() == "t");
  chain.now += 54min;
  CHECK(chain.id() == "K1");
  chain.now += 2min;  // less than five minutes before their end
  CHECK(chain.id() == "K2");
}

TEST_CASE("s3 credentials: keys that can not be renewed serve until they expire", "[s3][credentials]") {
  bool is_away = false;
  HttpServer server([&](const Asked&) {
    return is_away ? Answer{.status = 500} : Answer{.body = keys_reply("K", "2013-05-24T01:00:00Z")};
  });
  Chain chain(with({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url() + "/"}}));
  CHECK(chain.id() == "K");
  is_away = true;
  chain.now += 57min;
  CHECK(chain.id() == "K");
  const int fetches = chain.fetches;
  CHECK(chain.id() == "K");
  CHECK(chain.fetches == fetches);  // not asked at every call
  chain.now += 4min;
  const auto error = error_of([&] { (void)chain.id(); });
  REQUIRE(error.has_value());
  CHECK(error->Code() == LSHOST_E_DENIED);
  CHECK(std::string(error->what()).find("status 500") != std::string::npos);
}

TEST_CASE("s3 credentials: a container's endpoint has to be this machine or https", "[s3][credentials]") {
  for (const auto* url : {"http://example.org/creds", "http://localhost.example.org/", "http://127.0.0.1@example.org/",
                          "http://169.254.170.2.example.org/", "ftp://localhost/"}) {
    CAPTURE(url);
    Chain chain(with({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}}));
    CHECK(error_of([&] { (void)chain.id(); })->Code() == LSHOST_E_DENIED);
    CHECK(chain.fetches == 0);
  }
}

TEST_CASE("s3 credentials: an instance's role, by version 2 of its service", "[s3][credentials]") {
  HttpServer server([](const Asked& asked) -> Answer {
    if (asked.path == "/latest/api/token") {
      const bool ok = asked.method == "PUT" && asked.headers.contains("x-aws-ec2-metadata-token-ttl-seconds");
      return ok ? Answer{.body = "session"} : Answer{.status = 400};
    }
    const auto token = asked.headers.find("x-aws-ec2-metadata-token");
    if (token == asked.headers.end() || token->second != "session") return {.status = 401};
    if (asked.path == "/latest/meta-data/iam/security-credentials/") return {.body = "my role\nother"};
    if (asked.path == "/latest/meta-data/iam/security-credentials/my%20role") {
      return {.body = keys_reply("ROLE", "2013-05-24T06:00:00Z")};
    }
    return {.status = 404};
  });
  CHECK(Chain({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url() + "/"}}).id() == "ROLE");
}

TEST_CASE("s3 credentials: a machine without a metadata service has no keys, and says so soon", "[s3][credentials]") {
  SECTION("nobody answers") {
    std::string url;
    {
      url = HttpServer([](const Asked&) { return Answer{}; }).url();
    }
    CHECK(error_of([&] { (void)Chain({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", url}}).id(); })->Code() == LSHOST_E_DENIED);
  }
  SECTION("somebody else answers") {
    HttpServer server([](const Asked&) { return Answer{.body = "<html>hello</html>"}; });
    CHECK(error_of([&] { (void)Chain({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url()}}).id(); })->Code() ==
          LSHOST_E_DENIED);
  }
}

TEST_CASE("s3 credentials: what an endpoint answers may be anything", "[s3][credentials][hostile]") {
  for (const auto* wrong : {"", "null", "[]", "{}", "{\"AccessKeyId\":1}", "{\"AccessKeyId\":\"a\"}",
                            "{\"AccessKeyId\":", "\xff\xfe", "{\"AccessKeyId\":null,\"SecretAccessKey\":[]}"}) {
    CAPTURE(wrong);
    CHECK_FALSE(s3::parse_credentials_reply(wrong).has_value());
  }
  CHECK_FALSE(s3::parse_credentials_reply(std::string(60'000, '[')).has_value());
  CHECK(s3::parse_credentials_reply(keys_reply("A", "never"))->expires == std::nullopt);
}

TEST_CASE("s3 credentials: a key with a line break in it becomes no header of its own", "[s3][credentials][hostile]") {
  HttpServer server([](const Asked&) { return Answer{}; });
  ScriptedStore store(server, {{"session-token", std::string("t\r\nx-evil: 1")}});
  CHECK(error_of([&] { store->Remove(std::vector<std::string>{"a"}); }).has_value());
  CHECK(server.asked().empty());
}
