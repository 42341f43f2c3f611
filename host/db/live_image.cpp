#include "db/live_image.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "db/attachment.hpp"
#include "db/snapshot_source.hpp"

namespace lshost::db {
namespace {

constexpr int kAttempts = 500;
constexpr std::chrono::milliseconds kPause(10);

ErrorCode code_of(NotAttachable reason) noexcept {
  switch (reason) {
    case NotAttachable::missing:
    case NotAttachable::empty:
      return ErrorCode::not_found;
    case NotAttachable::not_wal:
      return ErrorCode::unsupported;
    case NotAttachable::locked:
    case NotAttachable::other_host:
      return ErrorCode::transient;
  }
  return ErrorCode::internal;
}

sqlite::IndexHeader read_header(Attachment& attachment) {
  for (int attempt = 1; attempt < kAttempts; ++attempt) {
    if (const auto header = attachment.index().try_read_header()) return *header;
    if (attempt % 10 == 0) attachment.recover_index();  // its writer died in the middle
    pause_for(kPause);
  }
  throw Error(ErrorCode::transient, "its wal-index can not be read");
}

}  // namespace

void with_live_image(os::Fs& fs, const std::string& path, const std::function<void(const LiveImage&)>& use) {
  auto outcome = Attachment::attach(fs, path, /*exclusive_checkpoints=*/false);
  if (!outcome.attachment) {
    throw Error(code_of(outcome.why_not), path + ": " + std::string(to_string(outcome.why_not)) +
                                              (outcome.detail.empty() ? "" : " (" + outcome.detail + ")"));
  }
  Attachment& attachment = *outcome.attachment;
  for (int attempt = 0; !attachment.guard().try_freeze(); ++attempt) {
    if (attempt == kAttempts) throw Error(ErrorCode::transient, path + ": another process keeps checkpointing");
    pause_for(kPause);
  }
  const sqlite::IndexHeader header = with_context(path, [&] { return read_header(attachment); });
  SnapshotGrant grant;
  grant.page_size = header.page_size != 0 ? header.page_size : attachment.header_page_size();
  if (!wal::is_page_size(grant.page_size)) throw Error(ErrorCode::corrupt, path + " has no valid header");
  grant.shadow_frames = header.max_frame;
  if (header.max_frame > 0) grant.shadow = fs.open_read("verify.log", path + "-wal");
  grant.db_size_pages = header.max_frame > 0 ? header.db_size_pages
                                             : static_cast<std::uint32_t>(attachment.database_size() / grant.page_size);
  grant.pin = std::make_shared<SnapshotPin>(attachment);
  const auto pages = grant.pin;
  LiveImage image{grant.page_size, header.max_frame, header.salt, nullptr,
                  [&](std::uint32_t frame) { return attachment.index().page_of_frame(frame); }};
  image.bytes = std::make_unique<SnapshotStream>(std::move(grant), pages, [] {});
  use(image);
}

}  // namespace lshost::db
