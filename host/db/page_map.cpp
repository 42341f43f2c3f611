#include "db/page_map.hpp"

#include <xxhash.h>

#include <algorithm>

namespace lshost::db {

PageHash hash_page(ByteSpan page) noexcept { return std::max<PageHash>(1, XXH3_64bits(page.data(), page.size())); }

void PageChanges::apply_to(PageMap& map) const {
  if (size_pages == 0) return;
  map.resize(size_pages);
  for (const Entry& entry : entries) {
    if (entry.page <= size_pages) map.set(entry.page, entry.hash);  // others were cut off in the same index
  }
}

}  // namespace lshost::db
