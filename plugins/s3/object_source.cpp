#include "object_source.hpp"

#include <charconv>
#include <utility>

namespace lshost::s3 {
namespace {

constexpr std::uint64_t kToTheEnd = UINT64_MAX;

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) { return a > kToTheEnd - b ? kToTheEnd : a + b; }

/// "bytes=10-", "bytes=10-19".
std::string range_header(std::uint64_t begin, std::uint64_t end) {
  return "bytes=" + std::to_string(begin) + '-' + (end == kToTheEnd ? "" : std::to_string(end - 1));
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<ContentRange> parse_content_range(const std::string& text) {
  const std::string_view all = text;
  const auto dash = all.find('-');
  const auto slash = all.find('/');
  if (!all.starts_with("bytes ") || dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) {
    return std::nullopt;
  }
  const auto first = whole_number(all.substr(6, dash - 6));
  const auto last = whole_number(all.substr(dash + 1, slash - dash - 1));
  if (!first || !last || *last < *first || *last == kToTheEnd) return std::nullopt;
  return ContentRange{*first, *last + 1};
}

ObjectSource::ObjectSource(std::shared_ptr<Client> client, std::string key, std::uint64_t offset, std::uint64_t length)
    : client_(std::move(client)),
      key_(std::move(key)),
      at_(offset),
      end_(saturating_add(offset, length)),
      patience_(client_->context(), client_->settings().retry_for) {
  connect();
}

void ObjectSource::connect() {
  Call call{.key = key_, .verb = "get", .needs = "s3:GetObject"};
  if (at_ == end_) {  // nothing of it: no range has that form, but the object has to be there
    call.method = "HEAD";
    client_->send(call);
    return;
  }
  if (at_ != 0 || end_ != kToTheEnd) call.headers.emplace_back("range", range_header(at_, end_));
  try {
    download_ = client_->open(call);
  } catch (const Error& error) {
    // A range that begins at the very end of the object has no bytes, and some servers call that an error.
    if (is_known_ || error.Code() != LSHOST_E_INVALID) throw;
    const HttpReply head = client_->send({.method = "HEAD", .key = key_, .verb = "get", .needs = "s3:GetObject"});
    if (whole_number(head.header("content-length")) != at_) throw;
    end_ = at_;
    return;
  }
  check_head(download_->head());
}

void ObjectSource::check_head(const HttpReply& head) {
  const auto size = whole_number(head.header("content-length"));
  ContentRange has{0, size.value_or(kToTheEnd)};
  if (head.status == 206) {
    const auto range = parse_content_range(head.header("content-range"));
    if (!range) throw Error::Retryable("cannot get " + key_ + ": the server's reply has no Content-Range");
    has = *range;
  }
  if (has.begin != at_) {
    throw Error::Retryable("cannot get " + key_ + ": the server sent bytes from " + std::to_string(has.begin) +
                           " in place of " + std::to_string(at_));
  }
  if (!is_known_) {
    etag_ = head.header("etag");
    end_ = std::min(end_, has.end);
    is_known_ = true;
  } else if (head.header("etag") != etag_) {
    // Compared here and not with If-Match: a Ceph gateway denies every quoted ETag.
    is_replaced_ = true;
    throw Error::Retryable("cannot get " + key_ + ": it was replaced while it was read");
  }
}

std::size_t ObjectSource::Read(std::span<std::byte> into) {
  while (at_ < end_ && !into.empty()) {
    try {
      if (download_ == nullptr) connect();
      if (const std::size_t count = read_some(into)) {
        at_ += count;
        patience_.reset();
        return count;
      }
      if (end_ == kToTheEnd) end_ = at_;  // the server gave no size: its end is the end
      if (at_ == end_) break;
      throw Error::Retryable("cannot get " + key_ + ": the server's reply ended early");
    } catch (const Error& error) {
      download_.reset();
      if (is_replaced_) throw;  // the rest would belong to other bytes
      patience_.after(error);
    }
  }
  download_.reset();
  return 0;
}

std::size_t ObjectSource::read_some(std::span<std::byte> into) {
  if (end_ != kToTheEnd) into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end_ - at_)));
  return download_->read(into);
}

}  // namespace lshost::s3
