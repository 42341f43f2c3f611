// Replies that break off, come late or are somebody else's: what the plugin makes of them.

#include <catch2/catch.hpp>
#include <thread>

#include "object_source.hpp"
#include "replies.hpp"
#include "store.hpp"
#include "support/wait_until.hpp"

using namespace lshost;
using namespace lshost::test;
using namespace std::chrono_literals;

namespace {

const std::string kEtagOfTwo = "043a916d6cfeecedf5e04f0312ba762d-2";
constexpr std::int64_t kPart = std::int64_t{5} << 20;

std::string letters(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
  return text;
}

/// "bytes=10-" -> 10.
std::size_t range_begin(const Asked& asked) {
  const auto found = asked.headers.find("range");
  return found == asked.headers.end() ? 0 : std::stoul(found->second.substr(6));
}

Answer piece(const std::string& object, std::size_t begin, std::size_t sent, const std::string& etag = "\"e\"") {
  Answer answer{.headers = {{"etag", etag}}, .body = object.substr(begin, sent), .claimed_size = object.size() - begin};
  if (begin != 0) {
    answer.status = 206;
    answer.headers.emplace_back("content-range", "bytes " + std::to_string(begin) + '-' +
                                                     std::to_string(object.size() - 1) + '/' +
                                                     std::to_string(object.size()));
  }
  return answer;
}

ConfigValues small_parts() { return {{"part-size", kPart}}; }

/// Answers as a server of uploads in parts would; `on_part` may answer for it.
class UploadServer {
 public:
  std::function<std::optional<Answer>(const Asked&)> on_part;
  std::function<std::optional<Answer>(const Asked&)> on_complete;

  Answer operator()(const Asked& asked) {
    const std::lock_guard hold(mutex_);
    if (asked.method == "POST" && asked.query == "uploads=") {
      return {.body = "<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>"};
    }
    if (asked.method == "PUT") {
      if (on_part) {
        if (auto answer = on_part(asked)) return *answer;
      }
      stored_[asked.query] = asked.body;
      return {.headers = {{"etag", "\"" + asked.query + "\""}}};
    }
    if (asked.method == "POST") {
      if (on_complete) {
        if (auto answer = on_complete(asked)) return *answer;
      }
      is_complete = true;
      return {.body = "<CompleteMultipartUploadResult/>"};
    }
    if (asked.method == "DELETE") is_aborted = true;
    return {.status = asked.method == "GET" ? 501 : 204};
  }
  std::string whole() const {
    std::string text;
    for (const auto& [query, body] : stored_) text += body;
    return text;
  }

  std::atomic<bool> is_complete{false};
  std::atomic<bool> is_aborted{false};

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> stored_;
};

}  // namespace

TEST_CASE("s3 transfer: a download that breaks goes on where it was, and is whole", "[s3][transfer]") {
  const std::string object = letters(3'000'000);
  std::atomic<int> breaks{0};
  HttpServer server([&](const Asked& asked) {
    const std::size_t begin = range_begin(asked);
    ++breaks;
    return piece(object, begin, 700'001);
  });
  ScriptedStore store(server);
  CHECK((store->Get("k", 0, UINT64_MAX)->ReadAll() == object));
  CHECK(breaks == 5);
  CHECK((store->Get("k", 1'000'000, UINT64_MAX)->ReadAll() == object.substr(1'000'000)));
}

TEST_CASE("s3 transfer: a download that stalls goes on over another connection", "[s3][transfer]") {
  const std::string object = letters(100'000);
  HttpServer server([&](const Asked& asked) {
    const std::size_t begin = range_begin(asked);
    Answer answer = piece(object, begin, begin == 0 ? 40'000 : object.size());
    answer.stall = begin == 0;
    return answer;
  });
  ScriptedStore store(server, {{"timeout", std::chrono::nanoseconds(500ms)}});
  CHECK((store->Get("k", 0, UINT64_MAX)->ReadAll() == object));
  CHECK(server.connections() == 2);
}

TEST_CASE("s3 transfer: an object that was replaced meanwhile is not mixed with what it was", "[s3][transfer]") {
  const std::string object = letters(100'000);
  HttpServer server([&](const Asked& asked) {
    const std::size_t begin = range_begin(asked);
    return piece(object, begin, 40'000, begin == 0 ? "\"old\"" : "\"new\"");
  });
  ScriptedStore store(server);
  const auto source = store->Get("k", 0, UINT64_MAX);
  std::string got;
  const auto error = error_of([&] {
    std::vector<std::byte> buffer(10'000);
    while (const std::size_t count = source->Read(buffer)) got.append(reinterpret_cast<char*>(buffer.data()), count);
  });
  REQUIRE(error.has_value());
  CHECK(error->IsRetryable());
  CHECK(std::string(error->what()).find("replaced") != std::string::npos);
  CHECK((got == object.substr(0, got.size())));
}

TEST_CASE("s3 transfer: a server that ignores ranges is found out", "[s3][transfer]") {
  HttpServer server([](const Asked&) { return Answer{.body = letters(1000)}; });
  ScriptedStore store(server);
  CHECK(store->Get("k", 0, 10)->ReadAll() == letters(10));
  CHECK(error_of([&] { (void)store->Get("k", 10, 10); }).has_value());
}

TEST_CASE("s3 transfer: a download that never goes on is given up", "[s3][transfer]") {
  const std::string object = letters(1000);
  std::atomic<int> asked_times{0};
  HttpServer server([&](const Asked&) {
    return ++asked_times == 1 ? piece(object, 0, 100)
                              : Answer{.status = 503, .body = s3::error_document("SlowDown", "")};
  });
  ScriptedStore store(server, {{"retry-for", std::chrono::nanoseconds(500ms)}});
  const auto source = store->Get("k", 0, UINT64_MAX);
  const auto error = error_of([&] { (void)source->ReadAll(); });
  REQUIRE(error.has_value());
  CHECK(error->Code() == LSHOST_E_UNAVAILABLE);
  CHECK(asked_times > 2);
}

TEST_CASE("s3 transfer: a reader that is slow holds the server back, not our memory", "[s3][transfer]") {
  const std::string object = letters(50'000'000);
  HttpServer server([&](const Asked& asked) { return piece(object, range_begin(asked), object.size()); });
  ScriptedStore store(server);
  const auto source = store->Get("k", 0, UINT64_MAX);
  std::vector<std::byte> small(1000);
  std::size_t count = 0;
  for (int i = 0; i < 1000; ++i) count += source->Read(small);
  CHECK(count > 0);
  // The server is still sending: its handler returned all, and its socket takes no more.
  CHECK(server.asked().size() == 1);
}

TEST_CASE("s3 transfer: a content range is read strictly", "[s3][transfer]") {
  const auto range = s3::parse_content_range("bytes 5-9/100");
  REQUIRE(range.has_value());
  CHECK(range->begin == 5);
  CHECK(range->end == 10);
  CHECK(s3::parse_content_range("bytes 0-0/*")->end == 1);
  for (const auto* wrong : {"", "bytes", "bytes */100", "bytes 9-5/100", "bytes 5/100", "bytes -5/100", "bytes 5-/1",
                            "bytes a-b/c", "octets 0-1/2", "bytes 0-18446744073709551615/1"}) {
    CAPTURE(wrong);
    CHECK_FALSE(s3::parse_content_range(wrong).has_value());
  }
}

TEST_CASE("s3 transfer: one part that fails is sent again, and no other", "[s3][transfer][multipart]") {
  UploadServer uploads;
  std::map<std::string, int> tries;
  uploads.on_part = [&](const Asked& asked) -> std::optional<Answer> {
    const int count = ++tries[asked.query];
    if (asked.query.starts_with("partNumber=2&") && count < 4) {
      if (count == 1) return Answer{.hang_up = true};
      if (count == 2) return Answer{.status = 500};
      return Answer{.status = 503, .headers = {{"retry-after", "0"}}, .body = s3::error_document("SlowDown", "")};
    }
    return std::nullopt;
  };
  HttpServer server([&](const Asked& asked) { return uploads(asked); });
  ScriptedStore store(server, small_parts());
  const std::string object = letters(3 * static_cast<std::size_t>(kPart) + 5);
  Text body(object);
  store->Put("k", body, kSizeUnknown);
  CHECK(uploads.is_complete);
  CHECK_FALSE(uploads.is_aborted);
  CHECK((uploads.whole() == object));
  CHECK(tries.size() == 4);
  for (const auto& [query, count] : tries) CHECK(count == (query.starts_with("partNumber=2&") ? 4 : 1));
}

TEST_CASE("s3 transfer: an upload that can not go on is aborted", "[s3][transfer][multipart]") {
  UploadServer uploads;
  uploads.on_part = [&](const Asked& asked) -> std::optional<Answer> {
    if (!asked.query.starts_with("partNumber=3&")) return std::nullopt;
    return Answer{.status = 403, .body = s3::error_document("QuotaExceeded", "")};
  };
  HttpServer server([&](const Asked& asked) { return uploads(asked); });
  ScriptedStore store(server, small_parts());
  Text body(letters(6 * static_cast<std::size_t>(kPart)));
  CHECK(error_of([&] { store->Put("k", body, kSizeUnknown); })->Code() == LSHOST_E_NO_SPACE);
  CHECK(uploads.is_aborted);
  CHECK_FALSE(uploads.is_complete);
}

TEST_CASE("s3 transfer: a completion that fails inside a 200 is no success", "[s3][transfer][multipart]") {
  UploadServer uploads;
  int tries = 0;
  uploads.on_complete = [&](const Asked&) -> std::optional<Answer> {
    if (++tries == 1) return Answer{.body = s3::error_document("InternalError", "")};
    return std::nullopt;
  };
  HttpServer server([&](const Asked& asked) { return uploads(asked); });
  ScriptedStore store(server, small_parts());
  Text body(letters(static_cast<std::size_t>(kPart) + 1));
  store->Put("k", body, kSizeUnknown);
  CHECK(tries == 2);
  CHECK(uploads.is_complete);
}

TEST_CASE("s3 transfer: a completion whose reply was lost is looked up", "[s3][transfer][multipart]") {
  UploadServer uploads;
  int tries = 0;
  uploads.on_complete = [&](const Asked&) -> std::optional<Answer> {
    if (++tries == 1) return Answer{.hang_up = true};
    return Answer{.status = 404, .body = s3::error_document("NoSuchUpload", "")};
  };
  std::string etag = "\"0123-2\"";
  HttpServer server([&](const Asked& asked) -> Answer {
    if (asked.method == "HEAD") {
      return {.headers = {{"etag", etag}}, .claimed_size = static_cast<std::uint64_t>(kPart) + 1};
    }
    return uploads(asked);
  });
  ScriptedStore store(server, small_parts());
  Text body(letters(static_cast<std::size_t>(kPart) + 1));
  SECTION("it is there") { store->Put("k", body, kSizeUnknown); }
  SECTION("something else is there") {
    etag = "\"0123\"";
    CHECK(error_of([&] { store->Put("k", body, kSizeUnknown); }).has_value());
  }
}

TEST_CASE("s3 transfer: stopping ends an upload in the middle, and aborts it", "[s3][transfer][stop]") {
  UploadServer uploads;
  std::atomic<bool> is_waiting{false};
  uploads.on_part = [&](const Asked& asked) -> std::optional<Answer> {
    if (!asked.query.starts_with("partNumber=2&")) return std::nullopt;
    is_waiting = true;
    return Answer{.stall = true};
  };
  HttpServer server([&](const Asked& asked) { return uploads(asked); });
  ScriptedStore store(server, small_parts());  // its patience is half a minute
  std::atomic<bool> was_cancelled{false};
  std::thread worker([&] {
    Text body(letters(3 * static_cast<std::size_t>(kPart)));
    try {
      store->Put("k", body, kSizeUnknown);
    } catch (const Cancelled&) {
      was_cancelled = true;
    } catch (const std::exception&) {
    }
  });
  CHECK(wait_until([&] { return is_waiting.load(); }));
  const auto begin = std::chrono::steady_clock::now();
  store.host().cancel();
  worker.join();
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
  CHECK(was_cancelled);
  CHECK(uploads.is_aborted);
}

TEST_CASE("s3 transfer: stopping ends a download that waits", "[s3][transfer][stop]") {
  const std::string object = letters(100'000);
  HttpServer server([&](const Asked&) {
    Answer answer = piece(object, 0, 50'000);
    answer.stall = true;
    return answer;
  });
  ScriptedStore store(server);
  const auto source = store->Get("k", 0, UINT64_MAX);
  std::thread stopper([&] { store.host().cancel(); });
  CHECK_THROWS_AS((void)source->ReadAll(), Cancelled);
  stopper.join();
}

TEST_CASE("s3 transfer: a small put is not repeated here: its body is with the host", "[s3][transfer]") {
  HttpServer server([](const Asked&) {
    return Answer{.status = 503, .headers = {{"retry-after", "9"}}, .body = s3::error_document("SlowDown", "")};
  });
  ScriptedStore store(server);
  Text body("x");
  const auto error = error_of([&] { store->Put("k", body, 1); });
  REQUIRE(error.has_value());
  CHECK(error->RetryAfter() == 9s);
  CHECK(server.asked().size() == 1);
}

TEST_CASE("s3 transfer: calls one after the other share a connection", "[s3][transfer]") {
  HttpServer server([](const Asked&) { return Answer{}; });
  ScriptedStore store(server);
  for (int i = 0; i < 10; ++i) {
    Text body("x");
    store->Put("k", body, 1);
  }
  CHECK(server.asked().size() == 10);
  CHECK(server.connections() == 1);
}

TEST_CASE("s3 transfer: a put over a connection that the server had closed meanwhile is sent again", "[s3][transfer]") {
  std::atomic<int> count{0};
  HttpServer server([&](const Asked&) { return Answer{.has_size = ++count % 2 == 0}; });  // closes every other time
  ScriptedStore store(server);
  for (int i = 0; i < 6; ++i) {
    Text body("body " + std::to_string(i));
    store->Put("k", body, 6);
  }
  REQUIRE(server.asked().size() == 6);
  CHECK(server.asked().back().body == "body 5");
}

TEST_CASE("s3 transfer: an endless reply is not kept", "[s3][transfer][hostile]") {
  HttpServer server([](const Asked&) { return Answer{.body = std::string(20U << 20U, ' ')}; });
  ScriptedStore store(server);
  const auto error = error_of([&] { store->List("", [](const Blob&) {}); });
  REQUIRE(error.has_value());
  CHECK(std::string(error->what()).find("longer than") != std::string::npos);
}

TEST_CASE("s3 transfer: the storage class and the encryption are asked for, and only where objects are made",
          "[s3][transfer]") {
  HttpServer server([](const Asked& asked) {
    return asked.method == "POST" ? Answer{.body = "<DeleteResult/>"} : Answer{.headers = {{"etag", "\"e\""}}};
  });
  ScriptedStore store(server, {{"storage-class", std::string("STANDARD_IA")}, {"sse-kms-key-id", std::string("key")}});
  Text body("x");
  store->Put("k", body, 1);
  (void)store->Get("k", 0, UINT64_MAX);
  store->Remove(std::vector<std::string>{"a", "b"});
  const auto asked = server.asked();
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].headers.at("x-amz-storage-class") == "STANDARD_IA");
  CHECK(asked[0].headers.at("x-amz-server-side-encryption") == "aws:kms");
  CHECK(asked[0].headers.at("x-amz-server-side-encryption-aws-kms-key-id") == "key");
  CHECK(asked[1].headers.count("x-amz-storage-class") == 0);
  CHECK(asked[2].headers.count("x-amz-server-side-encryption") == 0);
  CHECK(asked[2].headers.count("content-md5") == 1);
}

TEST_CASE("s3 transfer: a removal that the server refuses for one key is an error with that key", "[s3][transfer]") {
  HttpServer server([](const Asked&) {
    return Answer{.body = "<DeleteResult><Error><Key>p/b</Key><Code>AccessDenied</Code></Error></DeleteResult>"};
  });
  ScriptedStore store(server);
  const auto error = error_of([&] { store->Remove(std::vector<std::string>{"a", "b"}); });
  REQUIRE(error.has_value());
  CHECK(error->Code() == LSHOST_E_DENIED);
  CHECK(std::string(error->what()).find("p/b") != std::string::npos);
}

TEST_CASE("s3 transfer: a server without a removal of many removes one by one", "[s3][transfer]") {
  HttpServer server([](const Asked& asked) { return Answer{.status = asked.method == "POST" ? 501 : 204}; });
  ScriptedStore store(server);
  store->Remove(std::vector<std::string>{"a", "b"});
  CHECK(server.asked().size() == 3);
}

TEST_CASE("s3 transfer: no secret is in any sentence or line of the log", "[s3][transfer][secrets]") {
  for (const int status : {301, 400, 403, 404, 429, 500, 503}) {
    HttpServer server([&](const Asked&) { return Answer{.status = status, .hang_up = status == 500}; });
    ScriptedStore store(server, {{"session-token", std::string("the-token")}});
    Text body("x");
    const auto error = error_of([&] { store->Put("k", body, 1); });
    REQUIRE(error.has_value());
    for (const std::string secret : {"the-secret", "the-token"}) {
      CHECK(std::string(error->what()).find(secret) == std::string::npos);
    }
    for (const auto& line : store.host().warnings()) CHECK(line.find("the-") == std::string::npos);
  }
}

TEST_CASE("s3 transfer: an object is recognised by the ETags of its parts", "[s3][multipart]") {
  // md5 of the two md5s of "abc", as S3 forms it.
  const std::vector<std::string> parts(2, "\"900150983cd24fb0d6963f7d28e17f72\"");
  CHECK(s3::is_etag_of("5ba5e0e5c9b6e0b4f1e0d0a0c0b0a090-2", parts) == false);
  CHECK(s3::is_etag_of(kEtagOfTwo, parts));
  CHECK_FALSE(s3::is_etag_of(kEtagOfTwo, std::span(parts).first(1)));
  CHECK(s3::is_etag_of("anything-2", std::vector<std::string>(2, "\"of another kind\"")));
  CHECK_FALSE(s3::is_etag_of("anything", std::vector<std::string>(2, "\"of another kind\"")));
}

TEST_CASE("s3 transfer: uploads are stale when they are old, and nobody's here", "[s3][multipart]") {
  constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1'000'000'000;
  const auto stale = s3::stale_uploads(
      {{"old", "1", kDay}, {"new", "2", 9 * kDay}, {"ours", "3", kDay}, {"odd", "4", 0}}, 10 * kDay, {"3"});
  REQUIRE(stale.size() == 1);
  CHECK(stale[0].key == "old");
}

TEST_CASE("s3 transfer: what a killed process left is aborted by the next upload, below our prefix only",
          "[s3][multipart]") {
  UploadServer uploads;
  std::vector<std::string> aborted;
  std::mutex mutex;
  HttpServer server([&](const Asked& asked) -> Answer {
    if (asked.method == "GET") {
      CHECK(asked.query == "encoding-type=url&prefix=p%2F&uploads=");
      return {.headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"}},
              .body =
                  "<ListMultipartUploadsResult><Upload><Key>p/old</Key><UploadId>o</UploadId>"
                  "<Initiated>2013-05-20T00:00:00Z</Initiated></Upload><Upload><Key>p/new</Key><UploadId>n</UploadId>"
                  "<Initiated>2013-05-23T00:00:00Z</Initiated></Upload></ListMultipartUploadsResult>"};
    }
    if (asked.method == "DELETE") {
      const std::lock_guard hold(mutex);
      aborted.push_back(asked.path + '?' + asked.query);
      return {.status = 204};
    }
    return uploads(asked);
  });
  ScriptedStore store(server, small_parts());
  for (int i = 0; i < 2; ++i) {
    Text body(letters(static_cast<std::size_t>(kPart) + 1));
    store->Put("k", body, kSizeUnknown);
  }
  CHECK(aborted == std::vector<std::string>{"/bkt/p/old?uploadId=o"});
}
