// What an S3 server answers, or a proxy in its place.
//
// Input: the XML.
// Holds: a list is as long as its reply; what is no reply is an error that says so; text goes through our XML and our
// percent-encoding.

#include "s3/replies.hpp"

#include <algorithm>

#include <lshost/cpp/error.hpp>

#include "fuzz/target.hpp"
#include "s3/times.hpp"
#include "s3/uri.hpp"

namespace lshost::fuzz {
namespace {

template <class Parse>
void unless_refused(Parse parse) {
  try {
    parse();
  } catch (const Error& error) {
    expect(error.Code() == LSHOST_E_UNAVAILABLE, "what is no reply may be one the next time");
    expect(std::string_view(error.what()).size() < 400, "what is said of it is short");
  }
}

void check_replies(const std::string& xml) {
  const std::size_t count_max = xml.size() / 8;
  const MemoryPeak peak;
  unless_refused([&] {
    const auto page = s3::parse_list(xml);
    expect(page.objects.size() <= count_max, "a list is no longer than its reply");
    for (const auto& object : page.objects) expect(!object.key.empty(), "an object has a key");
  });
  unless_refused([&] {
    for (const auto& upload : s3::parse_pending_uploads(xml))
      expect(!upload.key.empty() && !upload.id.empty(), "an upload has a key and an id");
  });
  unless_refused([&] { expect(!s3::parse_begun_upload(xml).empty(), "an upload that was begun has an id"); });
  unless_refused([&] { expect(s3::parse_delete_result(xml).size() <= count_max, "neither is what was not deleted"); });
  unless_refused([&] { (void)s3::parse_error(xml); });
  expect(peak.bytes() <= 64 * xml.size() + (std::size_t{256} << 10), "a reply takes no more memory than it can fill");
}

bool is_plain(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
}

void check_texts(const std::string& text) {
  expect(s3::decode(s3::encode(text)) == text, "a text goes through its encoding");
  const auto encoded = s3::encode(text);
  expect(encoded.find_first_of("/ ?&=+#") == std::string::npos, "which leaves nothing that has a meaning");
  expect(s3::decode(text).size() <= text.size(), "decoding makes no text longer");
  (void)s3::parse_iso_time(text);
  (void)s3::parse_http_time(text);
  if (const auto wait = s3::parse_retry_after(text, s3::SystemTime{}))
    expect(wait->count() >= 0 && *wait <= std::chrono::hours(1), "a server lets nobody wait for more than an hour");
  if (!is_plain(text)) return;
  const auto error = s3::parse_error(s3::error_document(text, text));
  expect(error && error->code == text && error->message == text, "a text goes through our XML");
}

}  // namespace

void fuzz_s3_replies(ByteSpan input) {
  const std::string text(Input(input).text());
  check_replies(text);
  check_texts(text);
}

}  // namespace lshost::fuzz
