#include "db/page_map_keeper.hpp"

#include <algorithm>
#include <exception>
#include <span>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "db/page_changes.hpp"
#include "obs/log.hpp"
#include "os/publish.hpp"

namespace lshost::db {

namespace {

/// Read at once: what a commit that comes meanwhile has to wait for, about 0.1 to 0.5 ms.
constexpr std::size_t kSliceSize = 512 << 10;
/// A log of this size, or half of its base, is worked into the base.
constexpr std::uint64_t kLogSizeMin = 256 << 10;
constexpr std::size_t kFileSizeMax = std::size_t{1} << 40;

ByteSpan bytes_of(const std::string& text) { return std::as_bytes(std::span(text.data(), text.size())); }

bool is_at_or_behind(const Position& tip, const PageMapHead& head) {
  return std::tie(tip.index, tip.offset) >= std::tie(head.valid_from_index, head.valid_from_offset);
}

}  // namespace

PageMapKeeper::PageMapKeeper(os::Fs& fs, MetaDir meta, const Attachment& attachment, ShadowWal& shadow,
                             std::string database_name)
    : fs_(fs),
      meta_(std::move(meta)),
      attachment_(attachment),
      shadow_(shadow),
      database_name_(std::move(database_name)) {}

std::optional<PageMap> PageMapKeeper::load() noexcept {
  try {
    auto map = load_recorded();
    if (!map) return std::nullopt;
    for (std::uint64_t index = standing_->next_index; index <= shadow_.index(); ++index) {
      const auto frames = shadow_.frames_of(index);
      if (frames == 0) continue;
      read_changes(*shadow_.open_index(index), "pages.load", frames, map->page_size()).apply_to(*map);
    }
    return map;
  } catch (const std::exception& e) {
    failed(e);
    return std::nullopt;
  }
}

std::optional<PageMap> PageMapKeeper::load_recorded() {
  standing_.reset();
  reading_.reset();
  const auto base_text = os::read_small_file(fs_, "pages.load", base_path(), kFileSizeMax);
  const auto log_text = base_text ? os::read_small_file(fs_, "pages.load", log_path(), kFileSizeMax) : std::nullopt;
  auto base = log_text ? parse_base(bytes_of(*base_text)) : std::nullopt;
  if (!base || base->head.generation != shadow_.generation()) return std::nullopt;
  Standing standing{base->head, base->map.size_pages(), 0, 0};
  PageMap map = base->map;
  const auto next = apply_log(bytes_of(*log_text), *base, map, standing.log_size);
  const bool is_complete = next && *next >= shadow_.oldest_index() && *next <= shadow_.index() + 1;
  if (!is_complete || !is_at_or_behind(shadow_.tip(), base->head)) return std::nullopt;
  standing.next_index = *next;
  if (standing.log_size < log_text->size())  // a torn record: the next one goes in its place
    fs_.open_append("pages.load", log_path())->truncate("pages.load", standing.log_size);
  standing_ = std::move(standing);
  return map;
}

void PageMapKeeper::start_over() noexcept {
  standing_.reset();
  reading_.reset();
  try {
    fs_.remove("pages.clean", base_path());
    fs_.remove("pages.clean", log_path());
  } catch (const std::exception& e) {  // they name another generation, or another base: they are not believed
    obs::log(obs::Level::debug, "database", e.what(), {{"db", database_name_}});
  }
}

bool PageMapKeeper::read_some() noexcept {
  try {
    const std::uint32_t page_size = shadow_.end() ? shadow_.end()->header.page_size : attachment_.header_page_size();
    if (!reading_) reading_.emplace(Reading{PageMap(page_size), shadow_.index()});
    const std::uint64_t file_pages = attachment_.database_size() / page_size;
    if (reading_->next_page > file_pages) return true;
    const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(
        std::max<std::size_t>(1, kSliceSize / page_size), file_pages - reading_->next_page + 1));
    std::vector<std::byte> slice(std::size_t{count} * page_size);
    attachment_.read_database(std::uint64_t{reading_->next_page - 1} * page_size, slice);
    for (std::uint32_t i = 0; i < count; ++i) {
      reading_->map.set(reading_->next_page++,
                        hash_page(ByteSpan(slice).subspan(std::size_t{i} * page_size, page_size)));
    }
    return reading_->next_page > file_pages;
  } catch (const std::exception& e) {
    failed(e);
    return false;
  }
}

void PageMapKeeper::finish() noexcept {
  if (!reading_) return;
  try {
    const Position tip = shadow_.tip();
    const PageMap& map = reading_->map;
    store_base({tip.generation, map.page_size(), reading_->fold_from, tip.index, tip.offset}, map);
    reading_.reset();
  } catch (const std::exception& e) {
    failed(e);
  }
}

/// A log is there before its base: a base without its log is not believed.
void PageMapKeeper::store_base(const PageMapHead& head, const PageMap& map) {
  standing_.reset();
  const EncodedBase base = encode_base(head, map);
  os::publish(fs_, "pages.store", meta_.path(), MetaDir::kPageLogName, bytes_of(encode_log_head(base.checksum)));
  os::publish(fs_, "pages.store", meta_.path(), MetaDir::kPageMapName, bytes_of(base.bytes));
  standing_ = Standing{head, map.size_pages(), head.fold_from, kPageLogHeadSize};
}

std::uint64_t PageMapKeeper::let_go(std::uint64_t index) noexcept {
  if (reading_) return std::min(index, reading_->fold_from);
  if (!standing_ || standing_->next_index >= index) return index;
  try {
    record(index);
  } catch (const std::exception& e) {
    failed(e);
  }
  return index;
}

void PageMapKeeper::record(std::uint64_t below) {
  std::string records;
  for (std::uint64_t index = standing_->next_index; index < below; ++index) {
    const auto frames = shadow_.frames_of(index);
    records += encode_record(index, frames == 0 ? PageChanges{}
                                                : read_changes(*shadow_.open_index(index), "pages.record", frames,
                                                               standing_->head.page_size));
  }
  const auto log = fs_.open_append("pages.record", log_path());
  log->append("pages.record", bytes_of(records));
  log->sync("pages.record");  // before the frames go that it was made of
  log->close("pages.record");
  standing_->next_index = below;
  standing_->log_size += records.size();
  const std::uint64_t base_size = kPageMapHeadSize + sizeof(PageHash) * std::uint64_t{standing_->base_pages};
  if (standing_->log_size > std::max(kLogSizeMin, base_size / 2)) compact();
}

void PageMapKeeper::compact() {
  const auto map = load_recorded();
  if (!map) throw Error(ErrorCode::corrupt, "page map: what was written to " + log_path() + " can not be read again");
  PageMapHead head = standing_->head;
  head.fold_from = standing_->next_index;
  if (head.valid_from_index < head.fold_from) {
    head.valid_from_index = head.fold_from;
    head.valid_from_offset = 0;
  }
  store_base(head, *map);
}

void PageMapKeeper::failed(const std::exception& failure) noexcept {
  obs::log(obs::Level::warn, "database",
           "the map of pages is made anew; until then a restart of lshost may need a new generation",
           {{"db", database_name_}, {"error", failure.what()}});
  start_over();
}

}  // namespace lshost::db
