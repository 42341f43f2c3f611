#include "client.hpp"

#include <utility>

#include "digest.hpp"

namespace lshost::s3 {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMetadataSizeMax = std::size_t{64} << 10U;

ConnectionOptions store_options(const Settings& settings) {
  return {.ca_file = settings.ca_file, .connect_timeout = settings.connect_timeout, .stall_timeout = settings.timeout};
}

// A machine's own endpoint answers at once, or is not there.
ConnectionOptions metadata_options() { return {.ca_file = {}, .connect_timeout = 1s, .stall_timeout = 5s}; }

Credentials configured_keys(const Settings& settings) {
  return {settings.access_key_id, settings.secret_access_key, settings.session_token};
}

const std::string& empty_hash() {
  static const std::string hash = to_hex(sha256({}));
  return hash;
}

}  // namespace

std::size_t Download::read(std::span<std::byte> into) {
  try {
    return connection_->read(into);
  } catch (const HttpFailure& failure) {
    throw to_error(attempt_, failure);
  }
}

Client::Client(Context context, Settings settings, Environment environment)
    : context_(context),
      settings_(std::move(settings)),
      bucket_(settings_.server, settings_.bucket, settings_.path_style),
      interrupt_([context] { context.ThrowIfStopping(); }),
      pool_(store_options(settings_)),
      metadata_pool_(metadata_options()),
      credentials_(configured_keys(settings_), settings_.profile, std::move(environment),
                   [this](const HttpRequest& request) {
                     return metadata_pool_.take()->exchange(request, interrupt_, kMetadataSizeMax);
                   }) {}

HttpRequest Client::request(const Call& call, const Credentials& keys) const {
  const std::string path = bucket_.path(call.key);
  const std::string query = encode_query(call.query);
  const Signable signable{.method = call.method,
                          .path = path,
                          .query = query,
                          .host = bucket_.host(),
                          .payload_hash = call.body.empty() ? empty_hash() : to_hex(sha256(call.body)),
                          .headers = call.headers};
  HttpRequest request;
  request.method = call.method;
  request.url = bucket_.url(path, query);
  request.headers = sign(signable, keys, {.region = settings_.region}, std::chrono::system_clock::now());
  request.body = call.body;
  return request;
}

HttpReply Client::ask(const Call& call, const Interrupt& interrupt) {
  const Credentials keys = credentials_.current();
  try {
    HttpReply reply = pool_.take()->exchange(request(call, keys), interrupt);
    note(reply, keys);
    return reply;
  } catch (const HttpFailure& failure) {
    throw to_error(attempt(call), failure);
  }
}

HttpReply Client::send(const Call& call, const Interrupt& interrupt) {
  HttpReply reply = ask(call, interrupt);
  if (!reply.ok()) throw error(call, reply);
  return reply;
}

std::unique_ptr<Download> Client::open(const Call& call) {
  const Credentials keys = credentials_.current();
  try {
    auto connection = pool_.take();
    connection->begin(request(call, keys), interrupt_);
    HttpReply head = connection->head();
    note(head, keys);
    if (!head.ok()) throw error(call, head);
    return std::make_unique<Download>(std::move(connection), std::move(head), attempt(call));
  } catch (const HttpFailure& failure) {
    throw to_error(attempt(call), failure);
  }
}

void Client::note(const HttpReply& reply, const Credentials& keys) {
  context_.Count("s3_requests_total");
  if (reply.ok()) return;
  const std::string code = error_code(reply);
  if (code == "ExpiredToken" || code == "InvalidToken" || code == "InvalidAccessKeyId") credentials_.refused(keys);
}

Attempt Client::attempt(const Call& call) const {
  return {call.verb + ' ' + bucket_.describe(call.key), call.needs, settings_.region};
}

Error Client::error(const Call& call, const HttpReply& reply) const {
  return to_error(attempt(call), reply, std::chrono::system_clock::now());
}

}  // namespace lshost::s3
