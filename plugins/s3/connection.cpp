#include "connection.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <mutex>
#include <utility>

namespace lshost::s3 {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kErrorBodyMax = std::size_t{64} << 10U;
constexpr std::size_t kHeadersMax = std::size_t{64} << 10U;
constexpr long kBufferSize = 256L << 10;
constexpr int kPollMs = 100;  // how late an interrupt may be noticed

void init_curl() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (::curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
      throw HttpFailure(HttpFailure::Kind::local, "libcurl can not be initialised");
    }
  });
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

HttpFailure::Kind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return HttpFailure::Kind::untrusted;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_FAILED_INIT:
    case CURLE_NOT_BUILT_IN:
      return HttpFailure::Kind::local;
    default:
      return HttpFailure::Kind::unreachable;
  }
}

}  // namespace

/// The two handles. The connection itself is in the cache of the multi handle.
struct Connection::Curl {
  CURLM* multi = ::curl_multi_init();
  CURL* easy = ::curl_easy_init();

  Curl() {
    if (multi == nullptr || easy == nullptr) throw std::bad_alloc();
    (void)::curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 2L);
  }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;
  ~Curl() {
    ::curl_easy_cleanup(easy);
    (void)::curl_multi_cleanup(multi);
  }
};

/// Where an exchange stands, and the callbacks of libcurl, which must not throw.
struct Connection::Exchange {
  Exchange(Interrupt on_wait, std::span<const std::byte> to_send) : interrupt(std::move(on_wait)), body(to_send) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() { ::curl_slist_free_all(headers); }

  Interrupt interrupt;
  std::span<const std::byte> body;
  std::size_t sent = 0;
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> error_text{};

  HttpReply reply;
  std::size_t header_bytes = 0;
  bool is_done = false;
  CURLcode result = CURLE_OK;

  std::span<std::byte> target;   // where read() wants bytes
  std::size_t filled = 0;        // of target
  std::vector<std::byte> spill;  // what came with them and did not fit
  std::size_t spill_begin = 0;
  bool is_paused = false;
  Clock::time_point last_byte = Clock::now();  // counted only while somebody waits

  static Exchange& of(void* self) { return *static_cast<Exchange*>(self); }

  static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* self) noexcept {
    auto& ex = of(self);
    try {
      return ex.take_header({data, one * size}) ? one * size : 0;
    } catch (...) {
      return 0;  // out of memory: the transfer ends
    }
  }

  bool take_header(std::string_view line) {
    last_byte = Clock::now();
    header_bytes += line.size();
    if (header_bytes > kHeadersMax) return false;
    if (line.starts_with("HTTP/")) {  // also of each "100 Continue" before the real one
      reply = {};
      const auto blank = line.find(' ');
      const auto code = blank == std::string_view::npos ? line : line.substr(blank + 1);
      (void)std::from_chars(code.data(), code.data() + code.size(), reply.status);
      return true;
    }
    if (trimmed(line).empty()) return true;
    const auto colon = line.find(':');
    if (colon != std::string_view::npos) {
      reply.headers[lower(trimmed(line.substr(0, colon)))] = std::string(trimmed(line.substr(colon + 1)));
    }
    return true;
  }

  static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* self) noexcept {
    auto& ex = of(self);
    try {
      return ex.take_body({reinterpret_cast<const std::byte*>(data), one * size});
    } catch (...) {
      return 0;
    }
  }

  std::size_t take_body(std::span<const std::byte> bytes) {
    last_byte = Clock::now();
    if (!reply.ok()) {
      const std::size_t room = kErrorBodyMax - std::min(kErrorBodyMax, reply.body.size());
      reply.body.append(reinterpret_cast<const char*>(bytes.data()), std::min(room, bytes.size()));
      return bytes.size();
    }
    if (filled == target.size()) {
      is_paused = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    const std::size_t fits = std::min(bytes.size(), target.size() - filled);
    std::memcpy(&target[filled], bytes.data(), fits);
    filled += fits;
    spill.insert(spill.end(), bytes.begin() + static_cast<std::ptrdiff_t>(fits), bytes.end());
    return bytes.size();
  }

  static std::size_t on_send(char* into, std::size_t one, std::size_t size, void* self) noexcept {
    auto& ex = of(self);
    const std::size_t count = std::min(one * size, ex.body.size() - ex.sent);
    if (count > 0) std::memcpy(into, &ex.body[ex.sent], count);
    ex.sent += count;
    ex.last_byte = Clock::now();
    return count;
  }

  /// libcurl sends again what it had sent over a kept connection that turned out to be closed.
  static int on_seek(void* self, curl_off_t offset, int origin) noexcept {
    auto& ex = of(self);
    if (origin != SEEK_SET || offset < 0 || static_cast<std::size_t>(offset) > ex.body.size()) {
      return CURL_SEEKFUNC_CANTSEEK;
    }
    ex.sent = static_cast<std::size_t>(offset);
    return CURL_SEEKFUNC_OK;
  }

  std::size_t take_spill(std::span<std::byte> into) {
    const std::size_t count = std::min(into.size(), spill.size() - spill_begin);
    if (count == 0) return 0;
    std::memcpy(into.data(), &spill[spill_begin], count);
    spill_begin += count;
    if (spill_begin == spill.size()) {
      spill.clear();
      spill_begin = 0;
    }
    return count;
  }
};

Connection::Connection(const ConnectionOptions& options) : options_(options) {
  init_curl();
  curl_ = std::make_unique<Curl>();
}

Connection::~Connection() { finish(); }

HttpReply Connection::exchange(const HttpRequest& request, const Interrupt& interrupt, std::size_t body_size_max) {
  begin(request, interrupt);
  HttpReply reply = head();
  if (reply.ok()) {
    std::vector<std::byte> buffer(std::size_t{16} << 10U);
    while (const std::size_t count = read(buffer)) {
      if (reply.body.size() + count > body_size_max) {
        finish();
        throw HttpFailure(HttpFailure::Kind::local,
                          "the reply is longer than " + std::to_string(body_size_max) + " bytes");
      }
      reply.body.append(reinterpret_cast<const char*>(buffer.data()), count);
    }
  }
  finish();
  return reply;
}

void Connection::begin(const HttpRequest& request, Interrupt interrupt) {
  finish();
  exchange_ = std::make_unique<Exchange>(std::move(interrupt), request.body);
  configure(request);
  if (::curl_multi_add_handle(curl_->multi, curl_->easy) != CURLM_OK) {
    throw HttpFailure(HttpFailure::Kind::local, "libcurl takes no more work");
  }
}

void Connection::configure(const HttpRequest& request) {
  CURL* easy = curl_->easy;
  Exchange& ex = *exchange_;
  ::curl_easy_reset(easy);
  const auto set = [&](CURLoption option, auto value) {
    if (::curl_easy_setopt(easy, option, value) != CURLE_OK) {
      throw HttpFailure(HttpFailure::Kind::local, "libcurl refuses option " + std::to_string(option));
    }
  };
  const auto set_headers = [&](const std::string& line) {
    // A line of its own would be a header of its own: keys and tokens come from files and from other machines.
    if (std::any_of(line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; })) {
      throw HttpFailure(HttpFailure::Kind::local, "a header has a control character in it; look at keys and tokens");
    }
    curl_slist* longer = ::curl_slist_append(ex.headers, line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    ex.headers = longer;
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_BUFFERSIZE, kBufferSize);
  set(CURLOPT_UPLOAD_BUFFERSIZE, kBufferSize);
  set(CURLOPT_ERRORBUFFER, ex.error_text.data());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  set(CURLOPT_SSL_VERIFYPEER, 1L);  // always: there is no key that turns it off
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (!options_.ca_file.empty()) {
    set(CURLOPT_CAINFO, options_.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));  // these authorities and no others
  }
  if (request.ignore_proxy) set(CURLOPT_NOPROXY, "*");
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request.method == "PUT" || request.method == "POST") {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  if (request.method != "HEAD") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  set(CURLOPT_READFUNCTION, &Exchange::on_send);
  set(CURLOPT_READDATA, static_cast<void*>(&ex));
  set(CURLOPT_SEEKFUNCTION, &Exchange::on_seek);
  set(CURLOPT_SEEKDATA, static_cast<void*>(&ex));
  set(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&ex));
  set(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&ex));
  for (const auto& [name, value] : request.headers) set_headers(name + ": " + value);
  set_headers("expect:");  // no round trip before the body
  set_headers("user-agent: lshost-s3/1.0");
  set(CURLOPT_HTTPHEADER, ex.headers);
}

const HttpReply& Connection::head() {
  Exchange& ex = *exchange_;
  run_until([&] { return ex.is_paused || ex.is_done; });
  return ex.reply;
}

std::size_t Connection::read(std::span<std::byte> into) {
  Exchange& ex = *exchange_;
  if (const std::size_t count = ex.take_spill(into)) return count;
  ex.target = into;
  ex.filled = 0;
  if (ex.is_paused) {
    ex.is_paused = false;
    (void)::curl_easy_pause(curl_->easy, CURLPAUSE_CONT);
  }
  ex.last_byte = Clock::now();
  run_until([&] { return ex.filled > 0 || ex.is_done; });
  ex.target = {};
  return std::exchange(ex.filled, 0);
}

void Connection::run_until(const std::function<bool()>& enough) {
  Exchange& ex = *exchange_;
  ex.last_byte = Clock::now();
  while (!enough()) {
    if (ex.interrupt) ex.interrupt();
    if (!step() || enough()) break;
    if (Clock::now() - ex.last_byte > options_.stall_timeout) {
      throw HttpFailure(HttpFailure::Kind::unreachable,
                        "nothing moved for " + std::to_string(options_.stall_timeout.count()) + " ms");
    }
    (void)::curl_multi_poll(curl_->multi, nullptr, 0, kPollMs, nullptr);
  }
  if (ex.is_done && ex.result != CURLE_OK) {
    const char* detail = ex.error_text[0] != '\0' ? ex.error_text.data() : ::curl_easy_strerror(ex.result);
    throw HttpFailure(kind_of(ex.result), detail);
  }
}

/// Moves what can be moved now. False: the exchange is over.
bool Connection::step() {
  Exchange& ex = *exchange_;
  if (ex.is_done) return false;
  int running = 0;
  if (::curl_multi_perform(curl_->multi, &running) != CURLM_OK) {
    throw HttpFailure(HttpFailure::Kind::local, "libcurl can not go on");
  }
  int left = 0;
  while (const CURLMsg* message = ::curl_multi_info_read(curl_->multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    ex.is_done = true;
    ex.result = message->data.result;
  }
  return !ex.is_done;
}

void Connection::finish() noexcept {
  if (exchange_ == nullptr) return;
  (void)::curl_multi_remove_handle(curl_->multi, curl_->easy);
  exchange_.reset();
}

}  // namespace lshost::s3
